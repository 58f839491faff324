//! A transaction over the local store: reads see its own writes; nothing is durable before the step commits.

use crate::backup;
use std::{collections::BTreeMap, sync::Arc};
use trefoil_store::{Batch, KeyRange, LocalStore, Pair, StoreError, Table};

/// Pending writes over a store.
pub struct Overlay {
    store: Arc<dyn LocalStore>,
    pending: Pending,
    /// Whether there is a backup to note changes for, once that was looked up.
    kept: Option<bool>,
}

/// Rows to write; `None` for those to delete.
type Pending = BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>;

/// What was pending at some point of a step.
pub struct Savepoint(Pending);

impl Overlay {
    /// An overlay with nothing pending.
    pub fn new(store: Arc<dyn LocalStore>) -> Self {
        Self { store, pending: BTreeMap::new(), kept: None }
    }

    /// The value of a row, pending writes included.
    ///
    /// # Errors
    /// The store could not read.
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.pending.get(&(table, key.to_vec())) {
            Some(pending) => Ok(pending.clone()),
            None => Ok(self.store.get(table, key)?.map(Into::into)),
        }
    }

    /// Inserts or replaces a row.
    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.pending.insert((table, key.into()), Some(value.into()));
    }

    /// Removes a row.
    pub fn delete(&mut self, table: Table, key: impl Into<Vec<u8>>) {
        self.pending.insert((table, key.into()), None);
    }

    /// Up to `limit` rows of a range in key order (descending if `backwards`), pending writes included.
    ///
    /// # Errors
    /// The store could not read.
    pub fn scan(
        &self,
        table: Table,
        range: &KeyRange,
        limit: usize,
        backwards: bool,
    ) -> Result<Vec<Pair>, StoreError> {
        let in_range =
            |key: &[u8]| key >= &range.start[..] && range.end.as_ref().is_none_or(|end| key < &end[..]);
        let pending: Vec<_> = self
            .pending
            .range((table, range.start.to_vec())..)
            .take_while(|((name, key), _)| *name == table && in_range(key))
            .collect();
        let stored = self.store.scan(table, range, limit.saturating_add(pending.len()), backwards)?;
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> =
            stored.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        for ((_, key), value) in pending {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        let pair = |(key, value): (Vec<u8>, Vec<u8>)| (key.into(), value.into());
        Ok(if backwards {
            rows.into_iter().rev().take(limit).map(pair).collect()
        } else {
            rows.into_iter().take(limit).map(pair).collect()
        })
    }

    /// Commits everything pending in one batch and leaves the overlay empty.
    ///
    /// # Errors
    /// The store could not write; what was pending is gone and nothing of it was written.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        let pending = std::mem::take(&mut self.pending);
        let written = pending.keys().map(|(table, key)| (*table, &key[..]));
        backup::note_changes(&*self.store, &mut self.kept, written, &mut batch)?;
        for ((table, key), value) in pending {
            match value {
                Some(value) => batch.put(table, key, value),
                None => batch.delete(table, key),
            };
        }
        self.store.commit(batch)
    }

    /// What is pending now.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint(self.pending.clone())
    }

    /// Makes pending what was so then.
    pub fn return_to(&mut self, savepoint: Savepoint) {
        self.pending = savepoint.0;
    }

    /// Forgets everything pending.
    pub fn discard(&mut self) {
        self.pending.clear();
    }
}
