//! How long a service takes from being started until it answers, on a store that is there already.

use super::{BenchError, Conditions, Place, Server, machine::millis, raw, report, server::Prepared};
use std::{fs, path::Path, time::Duration};
use tokio::time::sleep;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// How often.
    pub runs: usize,
    /// Accounts in the store.
    pub accounts: usize,
    /// Wait before resident memory is read.
    pub settle: Duration,
}

/// Fills a store, then starts and ends the service as often as asked.
///
/// # Errors
/// [`BenchError`].
pub async fn run(place: &Place, ask: Ask) -> Result<report::Start, BenchError> {
    let conditions = Conditions::look(place.folder())?;
    let prepared = Prepared::make(place)?;
    let first = Server::start(&prepared, false).await?;
    raw::register(&raw::client(&first)?, &first.url(), ask.accounts).await?;
    first.stop().await;
    let store = size(place.folder());

    let (mut times, mut resident) = (Vec::new(), Vec::new());
    for _ in 0..ask.runs.max(1) {
        let server = Server::start(&prepared, false).await?;
        times.push(server.started_in);
        sleep(ask.settle).await;
        resident.push(server.usage()?.resident);
        server.stop().await;
    }
    times.sort_unstable();
    resident.sort_unstable();
    let mib = |bytes: u64| bytes as f64 / (1024.0 * 1024.0);
    Ok(report::Start {
        kind: "start",
        runs: times.len(),
        accounts: ask.accounts,
        store_mib: mib(store),
        healthy_ms_median: millis(times[times.len() / 2]),
        healthy_ms_max: millis(times[times.len() - 1]),
        resident_mib: mib(resident[resident.len() / 2]),
        conditions,
    })
}

/// Bytes of all files in a folder; what cannot be read counts as nothing.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => size(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    };
    entries.flatten().map(of).sum()
}
