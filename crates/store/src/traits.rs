//! The traits every backend implements.

use crate::{Batch, Position, QueueKey, Receipt, StoreError, Table};
use bytes::Bytes;
use futures_util::future::BoxFuture;

/// One row: key and value.
pub type Pair = (Bytes, Bytes);

/// Keys `start <= key < end`, in byte order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// First key, included.
    pub start: Bytes,
    /// End, excluded; `None` for no end.
    pub end: Option<Bytes>,
}

impl KeyRange {
    /// Every key.
    pub fn all() -> Self {
        Self { start: Bytes::new(), end: None }
    }

    /// Every key that begins with `prefix`.
    pub fn prefix(prefix: impl Into<Bytes>) -> Self {
        let start: Bytes = prefix.into();
        let mut end = start.to_vec();
        while let Some(last) = end.last_mut() {
            if *last < u8::MAX {
                *last += 1;
                return Self { start, end: Some(end.into()) };
            }
            end.pop();
        }
        Self { start, end: None }
    }
}

/// How much one read of a queue may return. At least one entry comes back if there is one, whatever its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimit {
    /// Entries at most.
    pub entries: usize,
    /// Bytes of bodies at most.
    pub bytes: usize,
}

/// One entry of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its position.
    pub position: Position,
    /// Its body, as appended.
    pub body: Bytes,
}

/// Storage of a service: asynchronous, shared, durable before it answers.
pub trait Store: Send + Sync + 'static {
    /// The value of a row.
    fn get(&self, table: Table, key: Bytes) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>>;

    /// Up to `limit` rows of a range, in key order.
    fn scan(
        &self,
        table: Table,
        range: KeyRange,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Pair>, StoreError>>;

    /// The entries of a queue after a position, oldest first.
    fn read(
        &self,
        queue: QueueKey,
        after: Position,
        limit: ReadLimit,
    ) -> BoxFuture<'_, Result<Vec<Entry>, StoreError>>;

    /// Applies a batch. Resolves only when it is durable. Callers at the same time share one fsync. Batches take
    /// effect in the order in which their futures are first polled, where one poll happens before the other.
    ///
    /// # Errors
    /// [`StoreError::AssertFailed`] names the first assert that did not hold; nothing was written.
    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Receipt, StoreError>>;
}

/// Storage of one person's device: synchronous, one owner.
pub trait LocalStore: Send + Sync {
    /// The value of a row.
    ///
    /// # Errors
    /// The backend could not read.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError>;

    /// Up to `limit` rows of a range, in key order; in descending order from its end if `backwards`.
    ///
    /// # Errors
    /// The backend could not read.
    fn scan(
        &self,
        table: Table,
        range: &KeyRange,
        limit: usize,
        backwards: bool,
    ) -> Result<Vec<Pair>, StoreError>;

    /// Applies a batch of asserts, puts and deletes; returns when it is durable.
    /// Queues are not offered here: a batch with `Append` or `Trim` is refused.
    ///
    /// # Errors
    /// [`StoreError::AssertFailed`], [`StoreError::Unsupported`], or the backend could not write.
    fn commit(&self, batch: Batch) -> Result<(), StoreError>;
}
