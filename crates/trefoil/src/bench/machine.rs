//! What the kernel says: of a process, of the machine, and of the disk.

use super::BenchError;
use serde::Serialize;
use std::{
    fmt, fs, io,
    io::{Seek as _, Write as _},
    path::Path,
    time::{Duration, Instant},
};

/// Writes that are timed to know the disk.
const SYNCS: usize = 200;
/// Bytes of each.
const SYNC_BYTES: usize = 512;

/// Under which conditions something was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Conditions {
    /// Processors that this program may use.
    pub processors: usize,
    /// Memory of the machine, in MiB.
    pub memory_mib: u64,
    /// Load average of the last minute before the run.
    pub load_average: f64,
    /// Median time of a 512-byte write with `fdatasync` in the service's folder, in milliseconds.
    pub sync_p50_ms: f64,
    /// The 99th percentile of the same.
    pub sync_p99_ms: f64,
}

impl Conditions {
    /// Looks around, and times the disk under `folder`.
    ///
    /// # Errors
    /// [`BenchError::Folder`], [`BenchError::Kernel`].
    pub fn look(folder: &Path) -> Result<Self, BenchError> {
        let load = fs::read_to_string("/proc/loadavg").map_err(BenchError::Kernel)?;
        let memory = fs::read_to_string("/proc/meminfo").map_err(BenchError::Kernel)?;
        let mut syncs =
            time_syncs(folder).map_err(|source| BenchError::Folder { path: folder.to_owned(), source })?;
        syncs.sort_unstable();
        Ok(Self {
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mib: kibibytes(&memory, "MemTotal:") / 1024,
            load_average: load.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or_default(),
            sync_p50_ms: millis(syncs[syncs.len() / 2]),
            sync_p99_ms: millis(syncs[syncs.len() * 99 / 100]),
        })
    }
}

impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "machine: {} processors, {} MiB, load average {:.2} before the run; disk: 512 bytes and fdatasync {:.3} ms \
             (p99 {:.3} ms)",
            self.processors, self.memory_mib, self.load_average, self.sync_p50_ms, self.sync_p99_ms
        )
    }
}

/// What a process has used so far, and holds now.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Usage {
    /// Processor time, user and system.
    pub processor: Duration,
    /// Bytes that it caused to be written to disk.
    pub written: u64,
    /// Resident memory, in bytes.
    pub resident: u64,
    /// The part of it that is not backed by files.
    pub anonymous: u64,
}

impl Usage {
    /// Reads what the kernel counts for a process of the same user.
    pub(super) fn of(pid: u32) -> Result<Self, BenchError> {
        let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).map_err(BenchError::Kernel);
        let (stat, status, io) = (read("stat")?, read("status")?, read("io")?);
        let damaged = || BenchError::Kernel(io::ErrorKind::InvalidData.into());
        // The name of the program may hold blanks and brackets: what counts stands after the last bracket.
        let (_, fields) = stat.rsplit_once(") ").ok_or_else(damaged)?;
        let ticks =
            fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum::<u64>();
        let written = io.lines().find_map(|line| line.strip_prefix("write_bytes: ")?.parse().ok());
        Ok(Self {
            processor: Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second().max(1)),
            written: written.ok_or_else(damaged)?,
            resident: kibibytes(&status, "VmRSS:") * 1024,
            anonymous: kibibytes(&status, "RssAnon:") * 1024,
        })
    }
}

/// Raises the limit of open files, of this process and of those it starts, as far as it may. Returns what it is now.
pub(super) fn raise_open_files() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum || setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_err() {
        return current.unwrap_or(u64::MAX);
    }
    maximum.unwrap_or(u64::MAX)
}

/// A duration in milliseconds.
pub(super) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn kibibytes(text: &str, name: &str) -> u64 {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.trim().strip_suffix("kB")?.trim().parse().ok())
        .unwrap_or_default()
}

fn time_syncs(folder: &Path) -> io::Result<Vec<Duration>> {
    let path = folder.join("sync-probe");
    let mut file = fs::File::create(&path)?;
    // As a write-ahead log does after its first checkpoint: over what is there, so that no new block is needed.
    file.write_all(&vec![0; SYNC_BYTES * SYNCS])?;
    file.sync_all()?;
    file.rewind()?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let begun = Instant::now();
        file.write_all(&[0x5a; SYNC_BYTES])?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    fs::remove_file(path)?;
    Ok(times)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_kernel_counts_this_process() {
        let before = Usage::of(std::process::id()).unwrap();
        let mut sum = 0_u64;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(60) {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(1));
        }
        let after = Usage::of(std::process::id()).unwrap();
        assert!(after.processor > before.processor);
        assert!(after.resident > 1024 * 1024 && after.resident >= after.anonymous);
    }
}
