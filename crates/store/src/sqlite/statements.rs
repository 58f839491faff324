//! The writer's prepared statements, and what each write of a batch does with them.

use super::rows;
use super::schema::TableIds;
use crate::{Assert, Batch, Position, QueueKey, Receipt, Write};
use bytes::Bytes;
use rusqlite::{Connection, Statement, params};

/// Positions are reserved this many at a time, so that the bound on disk is rarely written.
/// A crash leaves at most that many unused.
const RESERVE: u64 = 1 << 16;

/// Everything the writer does between `BEGIN` and `COMMIT`.
pub(super) struct Statements<'c> {
    begin: Statement<'c>,
    commit: Statement<'c>,
    rollback: Statement<'c>,
    get: Statement<'c>,
    put: Statement<'c>,
    delete: Statement<'c>,
    payload: Statement<'c>,
    inbox: Statement<'c>,
    trim: Statement<'c>,
    reserve: Statement<'c>,
    sweep: Statement<'c>,
    /// Bodies up to this size, for one queue, stand in the inbox itself.
    inline: usize,
    /// The last position given out.
    last: u64,
    /// The bound on disk: `last` never passes it without raising it in the same transaction.
    bound: u64,
    /// The bound before this transaction raised it.
    bound_before: u64,
    /// Entries trimmed in this transaction.
    pub(super) trimmed: u64,
}

impl<'c> Statements<'c> {
    pub(super) fn prepare(connection: &'c Connection, inline: usize) -> rusqlite::Result<Self> {
        let last: i64 =
            connection
                .query_row("SELECT value FROM counter WHERE name = 'position'", [], |row| row.get(0))?;
        let last = last.unsigned_abs();
        Ok(Self {
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            commit: connection.prepare("COMMIT")?,
            rollback: connection.prepare("ROLLBACK")?,
            get: connection.prepare(rows::GET)?,
            put: connection.prepare(rows::PUT)?,
            delete: connection.prepare(rows::DELETE)?,
            payload: connection.prepare("INSERT INTO payload (id, body) VALUES (?1, ?2)")?,
            inbox: connection
                .prepare("INSERT OR IGNORE INTO inbox (queue, seq, body) VALUES (?1, ?2, ?3)")?,
            trim: connection.prepare("DELETE FROM inbox WHERE queue = ?1 AND seq <= ?2")?,
            reserve: connection.prepare("UPDATE counter SET value = ?1 WHERE name = 'position'")?,
            sweep: connection.prepare(
                "DELETE FROM payload WHERE id IN \
                 (SELECT id FROM payload WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3)",
            )?,
            inline,
            last,
            bound: last,
            bound_before: last,
            trimmed: 0,
        })
    }

    pub(super) fn begin(&mut self) -> rusqlite::Result<()> {
        self.bound_before = self.bound;
        self.trimmed = 0;
        self.begin.execute([]).map(drop)
    }

    pub(super) fn commit(&mut self) -> rusqlite::Result<()> {
        self.commit.execute([]).map(drop)
    }

    /// Takes a transaction back, if it is still `open`.
    /// Positions that were given out stay used; only the bound on disk is what it was.
    pub(super) fn rollback(&mut self, open: bool) -> rusqlite::Result<()> {
        self.bound = self.bound_before;
        if open { self.rollback.execute([]).map(drop) } else { Ok(()) }
    }

    /// Applies a batch, or returns the index of the first assert that does not hold and has changed nothing.
    pub(super) fn apply(
        &mut self,
        batch: &Batch,
        tables: &TableIds,
    ) -> rusqlite::Result<Result<Receipt, usize>> {
        for (index, assert) in batch.asserts.iter().enumerate() {
            let (Assert::Absent { table, .. } | Assert::Equals { table, .. }) = assert;
            if !rows::holds(&mut self.get, tables.get(*table), assert)? {
                return Ok(Err(index));
            }
        }
        let mut receipt = Receipt::default();
        for write in &batch.writes {
            match write {
                Write::Put { table, key, value } => {
                    // The writer registers the tables of a group before it begins.
                    let table = tables.get(*table).ok_or(rusqlite::Error::InvalidQuery)?;
                    self.put.execute(params![table, &key[..], &value[..]])?;
                }
                Write::Delete { table, key } => {
                    if let Some(table) = tables.get(*table) {
                        self.delete.execute(params![table, &key[..]])?;
                    }
                }
                Write::Append { queues, body } => receipt.positions.push(self.append(queues, body)?),
                Write::Trim { queue, through } => {
                    let through = i64::try_from(through.0).unwrap_or(i64::MAX);
                    self.trimmed += self.trim.execute(params![&queue.0[..], through])? as u64;
                }
            }
        }
        Ok(Ok(receipt))
    }

    /// Deletes up to `budget` payloads strictly between two ids that the caller knows to be referenced by nothing.
    pub(super) fn sweep(&mut self, after: i64, before: i64, budget: u64) -> rusqlite::Result<u64> {
        let budget = i64::try_from(budget).unwrap_or(i64::MAX);
        self.sweep.execute([after, before, budget]).map(|count| count as u64)
    }

    fn append(&mut self, queues: &[QueueKey], body: &Bytes) -> rusqlite::Result<Position> {
        let position = self.last + 1;
        if position > self.bound {
            self.bound = position + RESERVE;
            self.reserve.execute([number(self.bound)])?;
        }
        self.last = position;
        let id = number(position);
        if let [queue] = queues
            && body.len() <= self.inline
        {
            self.inbox.execute(params![&queue.0[..], id, &body[..]])?;
            return Ok(Position(position));
        }
        if !queues.is_empty() {
            self.payload.execute(params![id, &body[..]])?;
        }
        for queue in queues {
            self.inbox.execute(params![&queue.0[..], id, None::<&[u8]>])?;
        }
        Ok(Position(position))
    }
}

/// At a million entries a second the counter would reach this after 290 000 years.
fn number(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}
