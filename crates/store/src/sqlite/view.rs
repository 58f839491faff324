//! A service's store read from beside the process that owns it.

use super::reader::{self, Readers};
use super::schema::{self, Kind, TableIds};
use crate::{KeyRange, Pair, StoreError, Table};
use bytes::Bytes;
use std::path::Path;
use std::sync::Arc;

/// A look into a service's store. The service may run: SQLite's log lets others read what is committed while its owner
/// writes. No row is written, and nothing that the owner waits for is held longer than one read.
pub struct SqliteView {
    rows: Readers,
}

impl SqliteView {
    /// Opens a store that was made before. Blocks for some milliseconds.
    ///
    /// # Errors
    /// [`StoreError::Open`] if the file is missing, unreadable or no store of a service; [`StoreError::NewerSchema`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let open = |error: rusqlite::Error| StoreError::Open(error.into());
        let connection = reader::connect(path).map_err(open)?;
        if !schema::is_made(&connection, Kind::Service)? {
            return Err(StoreError::Open("not a store of this kind".into()));
        }
        let tables = Arc::new(TableIds::load(&connection).map_err(open)?);
        Ok(Self { rows: Readers::open(path, 1, tables).map_err(open)? })
    }

    /// One row. A table that got its first row after this view was opened has none here.
    ///
    /// # Errors
    /// [`StoreError::Read`].
    pub fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.rows.get(table, key)
    }

    /// The rows of a table in order of their keys, at most `limit`. A table that got its first row after this view was
    /// opened has none here.
    ///
    /// # Errors
    /// [`StoreError::Read`].
    pub fn scan(&self, table: Table, range: &KeyRange, limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.rows.scan(table, range, limit)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Batch, SqliteLocal, SqliteOptions, SqliteStore, Store as _, sqlite::LocalKey};

    const TABLE: Table = Table::new("test.view");

    fn rows(path: &Path) -> usize {
        SqliteView::open(path).unwrap().scan(TABLE, &KeyRange::all(), 10).unwrap().len()
    }

    #[tokio::test]
    async fn what_is_committed_is_seen_beside_the_running_owner_and_after_it() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("service.db");
        assert!(matches!(SqliteView::open(&path), Err(StoreError::Open(_))), "nothing is there yet");
        assert!(!path.exists(), "looking made a file");
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        assert_eq!(rows(&path), 0);
        for number in 1..=3_u8 {
            let mut batch = Batch::new();
            batch.put(TABLE, vec![number], vec![number]);
            store.commit(batch).await.unwrap();
            assert_eq!(rows(&path), usize::from(number));
        }
        let view = SqliteView::open(&path).unwrap();
        drop(store);
        assert_eq!(rows(&path), 3, "the owner has ended");
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        let mut batch = Batch::new();
        batch.put(TABLE, vec![4], vec![4]);
        store.commit(batch).await.unwrap();
        assert_eq!(
            view.scan(TABLE, &KeyRange::all(), 10).unwrap().len(),
            4,
            "a view that stays sees what comes"
        );
    }

    #[test]
    fn other_files_are_refused() {
        let place = tempfile::tempdir().unwrap();
        let text = place.path().join("text");
        std::fs::write(&text, "no database").unwrap();
        assert!(matches!(SqliteView::open(&text), Err(StoreError::Open(_))));
        let local = place.path().join("store.db");
        drop(SqliteLocal::open(&local, &LocalKey::new([7; 32])).unwrap());
        assert!(matches!(SqliteView::open(&local), Err(StoreError::Open(_))), "a device's store");
    }
}
