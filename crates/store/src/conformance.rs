//! One suite for each trait: what a backend must do to be used here. Tests of every backend call these.
//!
//! A suite panics at the first thing that is wrong, and says which. The suites for what runs at the same time spawn
//! tasks, so they need a Tokio runtime, best one with several threads.

mod blobs;
mod local;
mod queues;
mod race;
mod rows;
mod wakes;

use crate::{Batch, Blobs, LocalStore, Position, QueueKey, ReadLimit, Store, StoreError, Table, Wakes};
use bytes::Bytes;
use std::sync::Arc;

/// What every [`Store`] must do. `make` returns an empty store each time.
///
/// # Panics
/// Where the store does otherwise.
pub async fn store_suite(make: impl AsyncFn() -> Arc<dyn Store>) {
    rows::run(&make).await;
    queues::run(&make).await;
    race::run(&make).await;
}

/// What every durable [`Store`] must do. `open` opens the same store each time, empty at first, after the last
/// handle to it was dropped.
///
/// # Panics
/// Where the store does otherwise.
pub async fn store_restart_suite(open: impl AsyncFn() -> Arc<dyn Store>) {
    queues::restart(&open).await;
}

/// What every [`LocalStore`] must do. `make` returns an empty store each time.
///
/// # Panics
/// Where the store does otherwise.
pub fn local_suite(make: impl Fn() -> Arc<dyn LocalStore>) {
    local::run(&make);
}

/// What every durable [`LocalStore`] must do. `open` opens the same store each time, empty at first, after the last
/// handle to it was dropped.
///
/// # Panics
/// Where the store does otherwise.
pub fn local_restart_suite(open: impl Fn() -> Arc<dyn LocalStore>) {
    local::restart(&open);
}

/// What every [`Blobs`] must do. `make` returns an empty one each time.
///
/// # Panics
/// Where it does otherwise.
pub async fn blobs_suite(make: impl AsyncFn() -> Arc<dyn Blobs>) {
    blobs::run(&make).await;
}

/// What every [`Wakes`] must do. `make` returns a bus that nobody watches each time.
///
/// # Panics
/// Where it does otherwise.
pub async fn wakes_suite(make: impl AsyncFn() -> Arc<dyn Wakes>) {
    wakes::run(&make).await;
}

const TABLE: Table = Table::new("conformance.rows");
const OTHER: Table = Table::new("conformance.other");

/// A limit that no test reaches.
const AMPLE: ReadLimit = ReadLimit { entries: 1 << 20, bytes: 1 << 30 };

fn queue(name: &str) -> QueueKey {
    QueueKey::new(name.as_bytes().to_vec())
}

fn batch(fill: impl FnOnce(&mut Batch)) -> Batch {
    let mut batch = Batch::new();
    fill(&mut batch);
    batch
}

async fn commit(store: &dyn Store, fill: impl FnOnce(&mut Batch)) -> Vec<Position> {
    store.commit(batch(fill)).await.expect("a batch without asserts is committed").positions
}

async fn get(store: &dyn Store, key: &'static [u8]) -> Option<Bytes> {
    store.get(TABLE, Bytes::from_static(key)).await.expect("a row can be read")
}

async fn bodies(store: &dyn Store, name: &str) -> Vec<Bytes> {
    let entries = store.read(queue(name), Position(0), AMPLE).await.expect("a queue can be read");
    assert!(entries.is_sorted_by(|one, two| one.position < two.position), "entries come oldest first");
    entries.into_iter().map(|entry| entry.body).collect()
}

fn failed_at<T>(result: &Result<T, StoreError>) -> Option<usize> {
    match result {
        Err(StoreError::AssertFailed { index }) => Some(*index),
        _ => None,
    }
}
