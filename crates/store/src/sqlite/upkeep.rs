//! The thread that collects garbage when the writer has nothing better to do, or when too much has piled up.

use super::collect;
use super::writer::Job;
use rusqlite::Connection;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc;

/// How often the thread looks whether there is something to do.
const TICK: Duration = Duration::from_millis(500);

/// Entries trimmed before a pass is worth its reads.
const WORTH: u64 = 4096;

/// Entries trimmed before a pass no longer waits for a quiet moment.
const PRESSING: u64 = 256 * 1024;

/// Batches in one tick below which the writer counts as idle.
const IDLE: u64 = 64;

/// What the writer has done, for upkeep to judge by.
#[derive(Default)]
pub(super) struct Load {
    commits: AtomicU64,
    trimmed: AtomicU64,
    closing: AtomicBool,
}

impl Load {
    pub(super) fn committed(&self, batches: u64, trimmed: u64) {
        self.commits.fetch_add(batches, Ordering::Relaxed);
        if trimmed > 0 {
            self.trimmed.fetch_add(trimmed, Ordering::Relaxed);
        }
    }

    pub(super) fn closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}

/// The running thread; dropping it stops it, in the middle of a pass if need be.
pub(super) struct Upkeep {
    load: Arc<Load>,
    bell: Arc<(Mutex<()>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Upkeep {
    pub(super) fn start(
        reader: Connection,
        jobs: mpsc::UnboundedSender<Job>,
        load: Arc<Load>,
    ) -> std::io::Result<Self> {
        // What was trimmed before the last stop was counted only in memory: look once.
        load.trimmed.store(WORTH, Ordering::Relaxed);
        let bell = Arc::new((Mutex::new(()), Condvar::new()));
        let thread = std::thread::Builder::new().name("store-upkeep".to_owned()).spawn({
            let (load, bell) = (Arc::clone(&load), Arc::clone(&bell));
            move || run(&reader, &jobs, &load, &bell)
        })?;
        Ok(Self { load, bell, thread: Some(thread) })
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        let held = self.bell.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.load.closing.store(true, Ordering::Relaxed);
        self.bell.1.notify_all();
        drop(held);
        if let Some(thread) = self.thread.take() {
            // A panic there was already printed; closing goes on.
            let _ = thread.join();
        }
    }
}

fn run(reader: &Connection, jobs: &mpsc::UnboundedSender<Job>, load: &Load, bell: &(Mutex<()>, Condvar)) {
    let mut before = 0;
    while !load.closing() {
        let held = bell.0.lock().unwrap_or_else(PoisonError::into_inner);
        if load.closing() {
            return;
        }
        drop(bell.1.wait_timeout(held, TICK));
        let commits = load.commits.load(Ordering::Relaxed);
        let idle = commits - before < IDLE;
        before = commits;
        let trimmed = load.trimmed.load(Ordering::Relaxed);
        if trimmed >= PRESSING || idle && trimmed >= WORTH {
            let pause = if idle { Duration::ZERO } else { Duration::from_millis(2) };
            match collect::collect(reader, jobs, pause, &|| !load.closing()) {
                Ok(deleted) => {
                    load.trimmed.fetch_sub(trimmed, Ordering::Relaxed);
                    tracing::debug!(deleted, "collected bodies that no queue refers to");
                }
                Err(error) => tracing::warn!(%error, "collecting bodies failed, will try again"),
            }
        }
    }
}
