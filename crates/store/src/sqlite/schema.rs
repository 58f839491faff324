//! The tables, and the check that this program knows them.

use super::apart;
use crate::StoreError;
use rusqlite::Connection;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// The newest layout this program reads and writes.
pub(super) const SCHEMA: u32 = 1;

/// Rows of every `Table` of a service's store, the table named by number.
const ROWS: &str = "
CREATE TABLE table_name (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE kv (
    tbl INTEGER NOT NULL,
    k BLOB NOT NULL,
    v BLOB NOT NULL,
    PRIMARY KEY (tbl, k)
) STRICT, WITHOUT ROWID;
";

/// Queues. A body is in `inbox` itself or, if `body` is null, in `payload` under the same number.
/// `counter.position` is a bound that no position in use has passed; after a restart counting goes on from it.
const QUEUES: &str = "
CREATE TABLE payload (
    id INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;
CREATE TABLE inbox (
    queue BLOB NOT NULL,
    seq INTEGER NOT NULL,
    body BLOB,
    PRIMARY KEY (queue, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE counter (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counter (name, value) VALUES ('position', 0);
";

/// What a file is for; a file of one kind is not opened as the other.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// A service's store.
    Service = 0x5472_6653,
    /// A device's store.
    Local = 0x5472_664c,
}

/// Makes the tables of a new file, or checks those of an old one.
pub(super) fn prepare(connection: &mut Connection, kind: Kind) -> Result<(), StoreError> {
    if is_made(connection, kind)? {
        return Ok(());
    }
    let open = |error: rusqlite::Error| StoreError::Open(error.into());
    let create = connection.transaction().map_err(open)?;
    match kind {
        Kind::Service => create.execute_batch(ROWS).and_then(|()| create.execute_batch(QUEUES)),
        Kind::Local => create.execute_batch(apart::LAYOUT),
    }
    .map_err(open)?;
    create.pragma_update(None, "application_id", kind as u32).map_err(open)?;
    create.pragma_update(None, "user_version", SCHEMA).map_err(open)?;
    create.commit().map_err(open)
}

/// Whether the tables of a file are there, and are those of this kind of store.
pub(super) fn is_made(connection: &Connection, kind: Kind) -> Result<bool, StoreError> {
    let open = |error: rusqlite::Error| StoreError::Open(error.into());
    let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(open)?;
    let mark: u32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(open)?;
    if found > SCHEMA {
        return Err(StoreError::NewerSchema { found, known: SCHEMA });
    }
    if found != 0 {
        return if mark == kind as u32 {
            Ok(true)
        } else {
            Err(StoreError::Open("not a store of this kind".into()))
        };
    }
    Ok(false)
}

/// The numbers of the tables that were ever written to. A table that has none has no rows.
#[derive(Default)]
pub(super) struct TableIds(RwLock<HashMap<Box<str>, i64>>);

impl TableIds {
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut names = connection.prepare("SELECT name, id FROM table_name")?;
        let ids: rusqlite::Result<_> = names.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect();
        Ok(Self(RwLock::new(ids?)))
    }

    pub(super) fn get(&self, table: crate::Table) -> Option<i64> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(table.name()).copied()
    }

    /// Gives a table its number, in a transaction of its own: a number must not vanish with a batch that fails.
    pub(super) fn register(&self, connection: &Connection, table: crate::Table) -> rusqlite::Result<i64> {
        if let Some(id) = self.get(table) {
            return Ok(id);
        }
        let id = connection.query_row(
            "INSERT INTO table_name (name) VALUES (?1) RETURNING id",
            [table.name()],
            |row| row.get(0),
        )?;
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(table.name().into(), id);
        Ok(id)
    }
}
