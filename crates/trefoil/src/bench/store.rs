//! The store alone: what it appends durably with many writers, so that the service's figures can be set against it in
//! the same run.

use super::{BenchError, Conditions, Place, machine::Usage, machine::millis, report};
use bytes::Bytes;
use rand::RngCore as _;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use trefoil_store::{Batch, QueueKey, SqliteOptions, SqliteStore, Store};

/// Mailboxes that are appended to.
const QUEUES: u64 = 10_000;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Tasks that each wait for one append before the next.
    pub writers: usize,
    /// Bytes of each body.
    pub payload: usize,
    /// How long.
    pub time: Duration,
}

/// Appends for as long as asked.
///
/// # Errors
/// [`BenchError::Store`], [`BenchError::Kernel`].
pub async fn run(place: &Place, ask: Ask) -> Result<report::Store, BenchError> {
    let conditions = Conditions::look(place.folder())?;
    let store = Arc::new(SqliteStore::open(place.folder().join("store-alone"), SqliteOptions::default())?);
    let next = Arc::new(AtomicU64::new(0));
    let before = Usage::of(std::process::id())?;
    let begun = Instant::now();
    let writers: Vec<_> = (0..ask.writers)
        .map(|_| tokio::spawn(append(Arc::clone(&store), Arc::clone(&next), ask.payload, begun + ask.time)))
        .collect();
    let mut commits = report::histogram();
    for writer in writers {
        let times = writer.await.map_err(|error| BenchError::Thread(error.into()))??;
        for time in times {
            commits.saturating_record(time);
        }
    }
    let spent = begun.elapsed();
    let used = Usage::of(std::process::id())?.processor.saturating_sub(before.processor);
    let appends = commits.len();
    Ok(report::Store {
        kind: "store",
        writers: ask.writers,
        payload: ask.payload,
        appends,
        appends_per_second: appends as f64 / spent.as_secs_f64(),
        commit: report::Times::of(&commits),
        processor_ms_per_append: millis(used) / appends.max(1) as f64,
        conditions,
    })
}

async fn append(
    store: Arc<SqliteStore>,
    next: Arc<AtomicU64>,
    payload: usize,
    until: Instant,
) -> Result<Vec<u64>, BenchError> {
    let mut times = Vec::new();
    let mut noise = vec![0; payload + 4096];
    rand::rng().fill_bytes(&mut noise);
    let noise = Bytes::from(noise);
    while Instant::now() < until {
        let n = next.fetch_add(1, Ordering::Relaxed);
        // Another piece of the noise each time, so that no two bodies are alike.
        let from = usize::try_from(n % 4096).unwrap_or_default();
        let name = n % QUEUES;
        let queue = QueueKey::new(
            [name.wrapping_mul(0x9E37_79B9_7F4A_7C15), name, !name, 7].map(u64::to_be_bytes).concat(),
        );
        let mut batch = Batch::new();
        batch.append(vec![queue], noise.slice(from..from + payload));
        let begun = Instant::now();
        store.commit(batch).await?;
        times.push(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    Ok(times)
}
