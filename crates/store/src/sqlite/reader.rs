//! Reading beside the writer: connections of their own, each read sees every answered commit.

use super::rows;
use super::schema::TableIds;
use crate::{Entry, KeyRange, Pair, Position, QueueKey, ReadLimit, StoreError, Table};
use bytes::Bytes;
use rusqlite::{CachedStatement, Connection, OpenFlags, params};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

const ENTRIES: &str = "SELECT seq, body FROM inbox WHERE queue = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
const PAYLOAD: &str = "SELECT body FROM payload WHERE id = ?1";

/// Read-only connections to one file.
pub(super) struct Readers {
    connections: Box<[Mutex<Connection>]>,
    turn: AtomicUsize,
    tables: Arc<TableIds>,
}

impl Readers {
    pub(super) fn open(path: &Path, count: usize, tables: Arc<TableIds>) -> rusqlite::Result<Self> {
        let connections: rusqlite::Result<_> =
            (0..count.max(1)).map(|_| connect(path).map(Mutex::new)).collect();
        Ok(Self { connections: connections?, turn: AtomicUsize::new(0), tables })
    }

    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let Some(table) = self.tables.get(table) else { return Ok(None) };
        rows::get(&self.connection(), table, key).map_err(failed)
    }

    pub(super) fn scan(&self, table: Table, range: &KeyRange, limit: usize) -> Result<Vec<Pair>, StoreError> {
        let Some(table) = self.tables.get(table) else { return Ok(Vec::new()) };
        rows::scan(&self.connection(), table, range, limit).map_err(failed)
    }

    pub(super) fn read(
        &self,
        queue: &QueueKey,
        after: Position,
        limit: ReadLimit,
    ) -> Result<Vec<Entry>, StoreError> {
        read(&self.connection(), queue, after, limit).map_err(failed)
    }

    /// A free connection, or the next in turn once it is free.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        let count = self.connections.len();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        for offset in 0..count {
            match self.connections[turn.wrapping_add(offset) % count].try_lock() {
                Ok(connection) => return connection,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        self.connections[turn % count].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A read-only connection.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch("PRAGMA query_only = ON")?;
    Ok(connection)
}

fn read(
    connection: &Connection,
    queue: &QueueKey,
    after: Position,
    limit: ReadLimit,
) -> rusqlite::Result<Vec<Entry>> {
    let Ok(after) = i64::try_from(after.0) else { return Ok(Vec::new()) };
    let most = i64::try_from(limit.entries.max(1)).unwrap_or(i64::MAX);
    let mut entries = connection.prepare_cached(ENTRIES)?;
    // Prepared only for the first reference. While `entries` is being stepped both read the same snapshot.
    let mut payload: Option<CachedStatement<'_>> = None;
    let mut rows = entries.query(params![&queue.0[..], after, most])?;
    let mut found = Vec::new();
    let mut room = Room { limit: limit.bytes, used: None };
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let body = match row.get_ref(1)?.as_blob_or_null()? {
            Some(body) => room.take(body),
            None => {
                let payload = match &mut payload {
                    Some(payload) => payload,
                    none => none.insert(connection.prepare_cached(PAYLOAD)?),
                };
                payload.query_row([id], |row| Ok(room.take(row.get_ref(0)?.as_blob()?)))?
            }
        };
        let Some(body) = body else { break };
        found.push(Entry { position: Position(id.unsigned_abs()), body });
    }
    Ok(found)
}

/// How many bytes of bodies a read may still return.
struct Room {
    limit: usize,
    /// `None` before the first body, which is taken whatever its size.
    used: Option<usize>,
}

impl Room {
    /// Copies a body if it may be returned.
    fn take(&mut self, body: &[u8]) -> Option<Bytes> {
        let sum = self.used.unwrap_or(0).saturating_add(body.len());
        if self.used.is_some() && sum > self.limit {
            return None;
        }
        self.used = Some(sum);
        Some(Bytes::copy_from_slice(body))
    }
}

fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::Read(error.into())
}
