//! The one thread that writes: it takes what waits, commits it together, then answers everyone.

use super::schema::TableIds;
use super::statements::Statements;
use super::upkeep::Load;
use crate::{Batch, Receipt, StoreError, Write};
use rusqlite::Connection;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// What the writer is asked to do.
pub(super) enum Job {
    /// Commit a batch.
    Commit(Waiting),
    /// Delete payloads in these gaps (both ends excluded), `budget` rows at most.
    Sweep { gaps: Vec<(i64, i64)>, budget: u64, answer: oneshot::Sender<Result<Swept, StoreError>> },
}

/// A batch and whoever waits for it.
pub(super) struct Waiting {
    pub(super) batch: Batch,
    pub(super) bytes: usize,
    pub(super) answer: oneshot::Sender<Result<Receipt, StoreError>>,
}

/// What a sweep did.
pub(super) struct Swept {
    /// Rows deleted.
    pub(super) deleted: u64,
    /// Gaps left, the first of them perhaps begun.
    pub(super) left: Vec<(i64, i64)>,
}

/// How much one transaction may hold.
#[derive(Clone, Copy)]
pub(super) struct GroupLimit {
    pub(super) batches: usize,
    pub(super) bytes: usize,
}

pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) tables: Arc<TableIds>,
    pub(super) load: Arc<Load>,
    pub(super) limit: GroupLimit,
    pub(super) inline: usize,
}

impl Writer {
    /// Runs until every sender is gone and the channel is empty. Says through `ready` whether it could begin.
    pub(super) fn run(
        self,
        mut jobs: mpsc::UnboundedReceiver<Job>,
        ready: &std::sync::mpsc::SyncSender<rusqlite::Result<()>>,
    ) {
        let mut statements = match Statements::prepare(&self.connection, self.inline) {
            Ok(statements) => statements,
            Err(error) => {
                // The opener waits for this; if it is gone there is nobody to tell.
                let _ = ready.send(Err(error));
                return;
            }
        };
        let _ = ready.send(Ok(()));
        let mut group = Vec::with_capacity(self.limit.batches);
        let mut next = jobs.blocking_recv();
        while let Some(job) = next.take() {
            match job {
                Job::Sweep { gaps, budget, answer } => {
                    let swept = self.sweep(&mut statements, gaps, budget);
                    let _ = answer.send(swept.map_err(|error| StoreError::Write(error.into())));
                }
                Job::Commit(first) => {
                    let mut bytes = first.bytes;
                    group.push(first);
                    while group.len() < self.limit.batches && bytes < self.limit.bytes {
                        match jobs.try_recv() {
                            Ok(Job::Commit(waiting)) => {
                                bytes += waiting.bytes;
                                group.push(waiting);
                            }
                            Ok(other) => {
                                next = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.commit(&mut statements, &mut group);
                }
            }
            if next.is_none() {
                next = jobs.blocking_recv();
            }
        }
    }

    /// Commits a group and answers each of its batches; a failure to write fails them all.
    fn commit(&self, statements: &mut Statements<'_>, group: &mut Vec<Waiting>) {
        match self.write(statements, group) {
            Ok(outcomes) => {
                self.load.committed(group.len() as u64, statements.trimmed);
                for (waiting, outcome) in group.drain(..).zip(outcomes) {
                    // Whoever dropped the future no longer wants the answer.
                    let _ = waiting.answer.send(outcome.map_err(|index| StoreError::AssertFailed { index }));
                }
            }
            Err(error) => {
                tracing::error!(%error, batches = group.len(), "a group of batches was not written");
                let error = GroupFailed(Arc::new(error));
                for waiting in group.drain(..) {
                    let _ = waiting.answer.send(Err(StoreError::Write(Box::new(error.clone()))));
                }
            }
        }
    }

    fn write(
        &self,
        statements: &mut Statements<'_>,
        group: &[Waiting],
    ) -> rusqlite::Result<Vec<Result<Receipt, usize>>> {
        for write in group.iter().flat_map(|waiting| &waiting.batch.writes) {
            if let Write::Put { table, .. } = write {
                self.tables.register(&self.connection, *table)?;
            }
        }
        self.transact(statements, |statements| {
            group.iter().map(|waiting| statements.apply(&waiting.batch, &self.tables)).collect()
        })
    }

    fn sweep(
        &self,
        statements: &mut Statements<'_>,
        mut gaps: Vec<(i64, i64)>,
        budget: u64,
    ) -> rusqlite::Result<Swept> {
        gaps.reverse();
        let mut deleted = 0;
        self.transact(statements, |statements| {
            while let Some((after, before)) = gaps.pop() {
                deleted += statements.sweep(after, before, budget - deleted)?;
                if deleted >= budget {
                    gaps.push((after, before));
                    break;
                }
            }
            Ok(())
        })?;
        gaps.reverse();
        Ok(Swept { deleted, left: gaps })
    }

    fn transact<'c, T>(
        &self,
        statements: &mut Statements<'c>,
        act: impl FnOnce(&mut Statements<'c>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        statements.begin()?;
        let done = act(statements).and_then(|value| statements.commit().map(|()| value));
        if done.is_err() {
            // SQLite may have rolled back on its own; the first error is the one to tell.
            let _ = statements.rollback(!self.connection.is_autocommit());
        }
        done
    }
}

/// Several callers hear of the same failure.
#[derive(Clone, Debug, thiserror::Error)]
#[error("commit a group of batches")]
struct GroupFailed(#[source] Arc<rusqlite::Error>);
