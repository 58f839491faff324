//! The store of a person's device: one encrypted file (SQLCipher), one owner, one connection.

use super::apart;
use super::schema::{self, Kind, TableIds};
use crate::memory::refuse_queues;
use crate::{Batch, KeyRange, LocalStore, Pair, StoreError, Table, Write, place};
use bytes::Bytes;
use rusqlite::{Connection, OpenFlags};
use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::{Zeroize, Zeroizing};

/// The key of a device's store: 32 bytes of full strength, used as they are. Wiped when dropped, never shown.
pub struct LocalKey(Zeroizing<[u8; 32]>);

impl LocalKey {
    /// Takes a key; the caller made it from a system keyring or with a password hash such as Argon2id (RFC 9106).
    pub fn new(mut key: [u8; 32]) -> Self {
        let kept = Self(Zeroizing::new(key));
        key.zeroize();
        kept
    }

    /// `PRAGMA key` with the raw key, which SQLCipher then uses without deriving.
    fn pragma(&self) -> Zeroizing<String> {
        let mut sql = Zeroizing::new(String::with_capacity(96));
        sql.push_str("PRAGMA key = \"x'");
        for byte in self.0.iter() {
            // Writing to a string cannot fail.
            let _ = write!(sql, "{byte:02x}");
        }
        sql.push_str("'\"");
        sql
    }
}

/// A device's store in one encrypted SQLite file. One value owns the file; a second open fails.
pub struct SqliteLocal {
    connection: Mutex<Connection>,
    tables: TableIds,
    _lock: File,
}

impl SqliteLocal {
    /// Opens or makes a store; the key of the first opening stays its key. The file has mode 0600, a new folder 0700.
    ///
    /// # Errors
    /// [`StoreError::Open`] if the key is wrong, the file cannot be used or is open elsewhere;
    /// [`StoreError::NewerSchema`].
    pub fn open(path: impl AsRef<Path>, key: &LocalKey) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let open = |error: rusqlite::Error| StoreError::Open(error.into());
        let lock = place::claim(path).map_err(|error| StoreError::Open(error.into()))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(open)?;
        unlock(&connection, key)?;
        connection
            .execute_batch(
                "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; \
                 PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8000;",
            )
            .map_err(open)?;
        connection.set_prepared_statement_cache_capacity(32);
        schema::prepare(&mut connection, Kind::Local)?;
        let tables = TableIds::load(&connection).map_err(open)?;
        Ok(Self { connection: Mutex::new(connection), tables, _lock: lock })
    }

    /// A panic while the lock was held dropped the transaction, which rolled it back.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, batch: &Batch) -> rusqlite::Result<Result<(), usize>> {
        let mut connection = self.connection();
        for write in &batch.writes {
            if let Write::Put { table, .. } = write {
                self.tables.register(&connection, *table)?;
            }
        }
        let transaction = connection.transaction()?;
        match apart::apply(&transaction, batch, &self.tables)? {
            Ok(()) => transaction.commit().map(Ok),
            failed => Ok(failed),
        }
    }
}

impl LocalStore for SqliteLocal {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let Some(table) = self.tables.get(table) else { return Ok(None) };
        apart::get(&self.connection(), table, key).map_err(|error| StoreError::Read(error.into()))
    }

    fn scan(
        &self,
        table: Table,
        range: &KeyRange,
        limit: usize,
        backwards: bool,
    ) -> Result<Vec<Pair>, StoreError> {
        let Some(table) = self.tables.get(table) else { return Ok(Vec::new()) };
        apart::scan(&self.connection(), table, range, limit, backwards)
            .map_err(|error| StoreError::Read(error.into()))
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        refuse_queues(&batch)?;
        self.write(&batch)
            .map_err(|error| StoreError::Write(error.into()))?
            .map_err(|index| StoreError::AssertFailed { index })
    }
}

/// Gives the key, and reads one page to see that it fits: SQLCipher itself says nothing about a wrong one.
fn unlock(connection: &Connection, key: &LocalKey) -> Result<(), StoreError> {
    let open = |error: rusqlite::Error| StoreError::Open(error.into());
    connection.execute_batch(&key.pragma()).map_err(open)?;
    // Processors have instructions for SHA-256; SQLCipher's default, HMAC-SHA512, takes several times as long a page.
    connection.execute_batch("PRAGMA cipher_hmac_algorithm = HMAC_SHA256").map_err(open)?;
    let cipher: Result<String, _> = connection.query_row("PRAGMA cipher_version", [], |row| row.get(0));
    if cipher.is_err() {
        return Err(StoreError::Open("this SQLite was built without encryption".into()));
    }
    match connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(())) {
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            Err(StoreError::Open("the key is wrong, or the file is no store".into()))
        }
        other => other.map_err(open),
    }
}
