//! Everything in memory: for tests, for simulations, and as the model the other backends are compared with.

mod blobs;
mod state;

pub use blobs::MemoryBlobs;

use crate::{
    Batch, Entry, KeyRange, LocalStore, Pair, Position, QueueKey, ReadLimit, Receipt, Store, StoreError,
    Table, Write,
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use state::State;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A store that lives as long as the process. Offers both traits; they share its rows.
#[derive(Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The queues that hold something, in order.
    pub fn queues(&self) -> Vec<QueueKey> {
        self.state().queues()
    }

    /// A commit happens under one lock and cannot fail halfway, so a panic elsewhere leaves the state usable.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn get(&self, table: Table, key: Bytes) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        Box::pin(async move { Ok(self.state().get(table, &key)) })
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Pair>, StoreError>> {
        Box::pin(async move { Ok(self.state().scan(table, &range, limit, false)) })
    }

    fn read(
        &self,
        queue: QueueKey,
        after: Position,
        limit: ReadLimit,
    ) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>> {
        Box::pin(async move { Ok(self.state().read(&queue, after, limit)) })
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Receipt, StoreError>> {
        Box::pin(async move { self.state().commit(batch) })
    }
}

impl LocalStore for MemoryStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        Ok(self.state().get(table, key))
    }

    fn scan(
        &self,
        table: Table,
        range: &KeyRange,
        limit: usize,
        backwards: bool,
    ) -> Result<Vec<Pair>, StoreError> {
        Ok(self.state().scan(table, range, limit, backwards))
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        refuse_queues(&batch)?;
        self.state().commit(batch).map(drop)
    }
}

/// Refuses a batch that a [`LocalStore`] does not offer.
pub(crate) fn refuse_queues(batch: &Batch) -> Result<(), StoreError> {
    let queues = |write: &Write| matches!(write, Write::Append { .. } | Write::Trim { .. });
    if batch.writes.iter().any(queues) { Err(StoreError::Unsupported("queues")) } else { Ok(()) }
}
