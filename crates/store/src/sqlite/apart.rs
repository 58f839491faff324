//! Rows of a device's store. Keys are many and come in any order, so the tree of keys is kept small: a large value lies
//! apart from its key, behind those that came before it. A batch of messages then adds to a few pages at the end, however
//! many there are already, and changes small entries in the tree of keys alone.

use super::rows;
use super::schema::TableIds;
use crate::{Assert, Batch, KeyRange, Pair, Write};
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Statement, ToSql, Transaction, params};

/// A value of more bytes lies apart. A smaller one would gain nothing: its key is as long.
const LARGE: usize = 256;

/// The tables. `v` is null where the value lies apart.
pub(super) const LAYOUT: &str = "
CREATE TABLE table_name (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE kv (
    tbl INTEGER NOT NULL,
    k BLOB NOT NULL,
    v BLOB,
    apart INTEGER,
    PRIMARY KEY (tbl, k)
) STRICT, WITHOUT ROWID;
CREATE TABLE apart (
    id INTEGER PRIMARY KEY,
    v BLOB NOT NULL
) STRICT;
";

const GET: &str = "SELECT coalesce(kv.v, apart.v) FROM kv LEFT JOIN apart ON apart.id = kv.apart \
     WHERE tbl = ?1 AND k = ?2";
const WHERE: &str = "SELECT apart FROM kv WHERE tbl = ?1 AND k = ?2";
const PUT: &str = "INSERT INTO kv (tbl, k, v, apart) VALUES (?1, ?2, ?3, ?4) \
     ON CONFLICT (tbl, k) DO UPDATE SET v = excluded.v, apart = excluded.apart";
const ADD: &str = "INSERT INTO apart (v) VALUES (?1)";
const REPLACE: &str = "UPDATE apart SET v = ?2 WHERE id = ?1";
const REMOVE: &str = "DELETE FROM apart WHERE id = ?1";

const SCAN: &str = "SELECT k, coalesce(kv.v, apart.v) FROM kv LEFT JOIN apart ON apart.id = kv.apart \
     WHERE tbl = ?1 AND k >= ?2 ORDER BY k LIMIT ?3";
const SCAN_TO: &str = "SELECT k, coalesce(kv.v, apart.v) FROM kv LEFT JOIN apart ON apart.id = kv.apart \
     WHERE tbl = ?1 AND k >= ?2 AND k < ?4 ORDER BY k LIMIT ?3";
const SCAN_BACK: &str = "SELECT k, coalesce(kv.v, apart.v) FROM kv LEFT JOIN apart ON apart.id = kv.apart \
     WHERE tbl = ?1 AND k >= ?2 ORDER BY k DESC LIMIT ?3";
const SCAN_BACK_FROM: &str = "SELECT k, coalesce(kv.v, apart.v) FROM kv LEFT JOIN apart ON apart.id = kv.apart \
     WHERE tbl = ?1 AND k >= ?2 AND k < ?4 ORDER BY k DESC LIMIT ?3";

pub(super) fn get(connection: &Connection, table: i64, key: &[u8]) -> rusqlite::Result<Option<Bytes>> {
    connection.prepare_cached(GET)?.query_row(params![table, key], |row| rows::bytes(row, 0)).optional()
}

pub(super) fn scan(
    connection: &Connection,
    table: i64,
    range: &KeyRange,
    limit: usize,
    backwards: bool,
) -> rusqlite::Result<Vec<Pair>> {
    let sql = match (backwards, &range.end) {
        (false, None) => SCAN,
        (false, Some(_)) => SCAN_TO,
        (true, None) => SCAN_BACK,
        (true, Some(_)) => SCAN_BACK_FROM,
    };
    let (start, end) = (&range.start[..], range.end.as_deref());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let all: [&dyn ToSql; 4] = [&table, &start, &limit, &end];
    let given = if end.is_some() { 4 } else { 3 };
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map(&all[..given], |row| Ok((rows::bytes(row, 0)?, rows::bytes(row, 1)?)))?.collect()
}

/// Applies a batch whose tables have their numbers, or gives the index of the first assert that does not hold.
pub(super) fn apply(
    transaction: &Transaction<'_>,
    batch: &Batch,
    tables: &TableIds,
) -> rusqlite::Result<Result<(), usize>> {
    if !batch.asserts.is_empty() {
        let mut get = transaction.prepare_cached(GET)?;
        for (index, assert) in batch.asserts.iter().enumerate() {
            let (Assert::Absent { table, .. } | Assert::Equals { table, .. }) = assert;
            if !rows::holds(&mut get, tables.get(*table), assert)? {
                return Ok(Err(index));
            }
        }
    }
    let mut changes = Changes::prepare(transaction)?;
    for write in &batch.writes {
        match write {
            Write::Put { table, key, value } => {
                let table = tables.get(*table).ok_or(rusqlite::Error::InvalidQuery)?;
                changes.put(transaction, table, key, value)?;
            }
            Write::Delete { table, key } => {
                if let Some(table) = tables.get(*table) {
                    changes.delete(table, key)?;
                }
            }
            // Refused before the transaction began.
            Write::Append { .. } | Write::Trim { .. } => return Err(rusqlite::Error::InvalidQuery),
        }
    }
    Ok(Ok(()))
}

struct Changes<'c> {
    place: rusqlite::CachedStatement<'c>,
    put: rusqlite::CachedStatement<'c>,
    delete: rusqlite::CachedStatement<'c>,
    add: rusqlite::CachedStatement<'c>,
    replace: rusqlite::CachedStatement<'c>,
    remove: rusqlite::CachedStatement<'c>,
}

impl<'c> Changes<'c> {
    fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            place: connection.prepare_cached(WHERE)?,
            put: connection.prepare_cached(PUT)?,
            delete: connection.prepare_cached(rows::DELETE)?,
            add: connection.prepare_cached(ADD)?,
            replace: connection.prepare_cached(REPLACE)?,
            remove: connection.prepare_cached(REMOVE)?,
        })
    }

    fn put(&mut self, connection: &Connection, table: i64, key: &[u8], value: &[u8]) -> rusqlite::Result<()> {
        let before = apart(&mut self.place, table, key)?;
        match (before, value.len() > LARGE) {
            (Some(before), true) => self.replace.execute(params![before, value])?,
            (None, true) => {
                self.add.execute([value])?;
                let new = connection.last_insert_rowid();
                self.put.execute(params![table, key, None::<&[u8]>, new])?
            }
            (before, false) => {
                if let Some(before) = before {
                    self.remove.execute([before])?;
                }
                self.put.execute(params![table, key, value, None::<i64>])?
            }
        };
        Ok(())
    }

    fn delete(&mut self, table: i64, key: &[u8]) -> rusqlite::Result<()> {
        if let Some(before) = apart(&mut self.place, table, key)? {
            self.remove.execute([before])?;
        }
        self.delete.execute(params![table, key]).map(drop)
    }
}

/// Where the value of a row lies, if it is not with its key.
fn apart(place: &mut Statement<'_>, table: i64, key: &[u8]) -> rusqlite::Result<Option<i64>> {
    Ok(place.query_row(params![table, key], |row| row.get(0)).optional()?.flatten())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::Table;

    const TABLE: Table = Table::new("apart.rows");

    /// What is deleted or replaced leaves nothing behind that no key leads to.
    #[test]
    fn nothing_lies_apart_without_its_key() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(LAYOUT).unwrap();
        let tables = TableIds::load(&connection).unwrap();
        tables.register(&connection, TABLE).unwrap();
        let sizes = [LARGE, LARGE + 1, 0, LARGE + 1, 9000, 1, 300];
        for (step, size) in sizes.into_iter().cycle().take(100).enumerate() {
            let mut batch = Batch::new();
            batch.put(TABLE, vec![(step % 5) as u8], vec![step as u8; size]);
            if step % 3 == 0 {
                batch.delete(TABLE, vec![(step % 4) as u8]);
            }
            let transaction = connection.transaction().unwrap();
            apply(&transaction, &batch, &tables).unwrap().unwrap();
            transaction.commit().unwrap();
            let count = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
            let led_to =
                count("SELECT count(*) FROM kv JOIN apart ON apart.id = kv.apart WHERE kv.v IS NULL");
            assert_eq!(count("SELECT count(*) FROM apart"), led_to);
            assert_eq!(count("SELECT count(*) FROM kv WHERE apart IS NOT NULL"), led_to);
        }
    }
}
