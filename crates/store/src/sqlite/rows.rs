//! Reading and writing rows of a service's tables. A device's are in [`super::apart`].

use crate::{Assert, KeyRange, Pair};
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Statement, ToSql, params};

pub(super) const GET: &str = "SELECT v FROM kv WHERE tbl = ?1 AND k = ?2";
pub(super) const PUT: &str = "INSERT INTO kv (tbl, k, v) VALUES (?1, ?2, ?3) \
     ON CONFLICT (tbl, k) DO UPDATE SET v = excluded.v";
pub(super) const DELETE: &str = "DELETE FROM kv WHERE tbl = ?1 AND k = ?2";

const SCAN: &str = "SELECT k, v FROM kv WHERE tbl = ?1 AND k >= ?2 ORDER BY k LIMIT ?3";
const SCAN_TO: &str = "SELECT k, v FROM kv WHERE tbl = ?1 AND k >= ?2 AND k < ?4 ORDER BY k LIMIT ?3";
pub(super) fn get(connection: &Connection, table: i64, key: &[u8]) -> rusqlite::Result<Option<Bytes>> {
    let mut statement = connection.prepare_cached(GET)?;
    statement.query_row(params![table, key], |row| bytes(row, 0)).optional()
}

pub(super) fn scan(
    connection: &Connection,
    table: i64,
    range: &KeyRange,
    limit: usize,
) -> rusqlite::Result<Vec<Pair>> {
    let sql = if range.end.is_some() { SCAN_TO } else { SCAN };
    let mut statement = connection.prepare_cached(sql)?;
    let (start, end) = (&range.start[..], range.end.as_deref());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let all: [&dyn ToSql; 4] = [&table, &start, &limit, &end];
    let given = if end.is_some() { 4 } else { 3 };
    statement.query_map(&all[..given], |row| Ok((bytes(row, 0)?, bytes(row, 1)?)))?.collect()
}

/// Whether an assert holds, without copying the row. `table` is `None` if the table has no rows at all.
pub(super) fn holds(get: &mut Statement<'_>, table: Option<i64>, assert: &Assert) -> rusqlite::Result<bool> {
    let (key, wanted) = match assert {
        Assert::Absent { key, .. } => (key, None),
        Assert::Equals { key, value, .. } => (key, Some(value)),
    };
    let Some(table) = table else { return Ok(wanted.is_none()) };
    let mut rows = get.query(params![table, &key[..]])?;
    Ok(match (rows.next()?, wanted) {
        (None, wanted) => wanted.is_none(),
        (Some(_), None) => false,
        (Some(row), Some(wanted)) => row.get_ref(0)?.as_blob()? == &wanted[..],
    })
}

pub(super) fn bytes(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Bytes> {
    Ok(Bytes::copy_from_slice(row.get_ref(column)?.as_blob()?))
}
