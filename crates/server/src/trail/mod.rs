//! The audit trail: who of the teams did what. Each entry holds the hash of the one before, and is written in the commit of what it
//! records: neither is there without the other. Whoever changes one entry, or leaves one out, is found by going through the trail;
//! whoever writes all of it anew is found by its heads, which stand in the service's public log ([`anchor`]).

mod anchor;
mod entry;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod rows;
#[cfg(test)]
mod tests;
mod walk;

pub use anchor::Anchor;
pub use entry::{Act, AuditEntry, Note, OPERATOR, SERVICE};
pub use error::TrailError;
pub use rows::TABLES;
pub use walk::{Held, Untrue, Walk};

use crate::json_row::JsonRow as _;
use bytes::Bytes;
use rows::{AUDIT, AUDIT_HEAD, AuditHead, HEAD};
use std::sync::Arc;
use tokio::sync::{Mutex, Notify};
use trefoil_proto::Timestamp;
use trefoil_store::{Batch, KeyRange, Store, StoreError};

/// How long an entry is kept, in milliseconds: two years.
pub const KEPT: u64 = 2 * 365 * Timestamp::DAY;
/// How often an entry is made again because another process made one meanwhile.
const ATTEMPTS: usize = 8;

/// The trail of one service.
pub struct Trail {
    store: Arc<dyn Store>,
    /// Entries follow each other: what is done at the same moment waits here instead of being tried again.
    turn: Mutex<()>,
    /// Rung when the trail grew.
    grown: Notify,
}

impl Trail {
    /// The trail in a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, turn: Mutex::default(), grown: Notify::new() }
    }

    /// Enters something, in one commit with what it is about: both take effect, or neither. The batch may be empty, where what was
    /// done changed nothing that is stored.
    ///
    /// # Errors
    /// [`TrailError::Assert`] if an assert of `batch` did not hold; [`TrailError::Contended`]; the store failed. Nothing was written
    /// then, unless the store does not know that.
    pub async fn enter(&self, note: Note, batch: Batch, now: Timestamp) -> Result<(), TrailError> {
        let _turn = self.turn.lock().await;
        for _ in 0..ATTEMPTS {
            let mut commit = batch.clone();
            self.add(&mut commit, note.clone(), now).await?;
            match self.store.commit(commit).await {
                Ok(_) => {
                    self.grown.notify_one();
                    return Ok(());
                }
                Err(StoreError::AssertFailed { index }) if index < batch.asserts.len() => {
                    return Err(TrailError::Assert { index });
                }
                // Another process made an entry.
                Err(StoreError::AssertFailed { .. }) => {}
                Err(error) => return Err(TrailError::Write(error)),
            }
        }
        Err(TrailError::Contended)
    }

    /// The entries after a number, the oldest first, so many of them.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn after(&self, number: u64, limit: usize) -> Result<Vec<AuditEntry>, TrailError> {
        let range = KeyRange { start: rows::key(number.saturating_add(1)), end: None };
        let rows = self.store.scan(AUDIT, range, limit).await.map_err(TrailError::Read)?;
        rows.iter().map(|(_, row)| Ok(AuditEntry::decode(row)?)).collect()
    }

    /// Forgets entries and heads that are older than two years, but the last of each: the trail goes on from it.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), TrailError> {
        let is_over = |at: Timestamp| at.0.saturating_add(KEPT) <= now.0;
        let mut batch = Batch::new();
        let entries = self.all(AUDIT).await?;
        for (key, row) in entries.iter().take(entries.len().saturating_sub(1)) {
            if is_over(AuditEntry::decode(row)?.at) {
                batch.delete(AUDIT, key.clone());
            }
        }
        let anchors = self.all(rows::ANCHORS).await?;
        for (key, row) in anchors.iter().take(anchors.len().saturating_sub(1)) {
            if is_over(Anchor::decode(row)?.at) {
                batch.delete(rows::ANCHORS, key.clone());
            }
        }
        self.store.commit(batch).await.map_err(TrailError::Write)?;
        Ok(())
    }

    async fn add(&self, batch: &mut Batch, note: Note, now: Timestamp) -> Result<(), TrailError> {
        let (row, head) = self.head().await?;
        let Note { who, act, case, detail } = note;
        let number = head.number + 1;
        let entry = AuditEntry { number, at: now, who, act, case, detail, before: head.hash };
        match row {
            Some(row) => batch.assert_equals(AUDIT_HEAD, HEAD, row),
            None => batch.assert_absent(AUDIT_HEAD, HEAD),
        };
        batch.put(AUDIT_HEAD, HEAD, AuditHead { number, hash: entry.hash() }.encode());
        batch.put(AUDIT, rows::key(number), entry.encode());
        Ok(())
    }

    async fn head(&self) -> Result<(Option<Bytes>, AuditHead), TrailError> {
        let row = self.store.get(AUDIT_HEAD, HEAD.into()).await.map_err(TrailError::Read)?;
        let head = row.as_ref().map(|row| AuditHead::decode(row)).transpose()?.unwrap_or_default();
        Ok((row, head))
    }

    async fn all(&self, table: trefoil_store::Table) -> Result<Vec<trefoil_store::Pair>, TrailError> {
        self.store.scan(table, KeyRange::all(), usize::MAX).await.map_err(TrailError::Read)
    }
}
