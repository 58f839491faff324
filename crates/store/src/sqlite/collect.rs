//! Collecting bodies that no queue refers to any more, by mark and sweep.
//!
//! Marking needs no lock: a body's references are written in the same commit as the body and only ever get fewer,
//! so what no pass over the inbox has found for an id below the newest at the start is garbage for good.

use super::writer::{Job, Swept};
use crate::StoreError;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Inbox rows looked at in one read, so that no read holds back a checkpoint for long.
const MARK_STEP: i64 = 4096;

/// Gaps handed to the writer at once.
const GAPS: usize = 256;

/// Payloads deleted in one transaction: a few milliseconds of the writer's time.
const SWEEP_STEP: u64 = 512;

/// One whole pass. Between steps it asks `go_on` and lets the writer work for `pause`. Returns the rows deleted.
pub(super) fn collect(
    reader: &Connection,
    jobs: &mpsc::UnboundedSender<Job>,
    pause: Duration,
    go_on: &dyn Fn() -> bool,
) -> Result<u64, StoreError> {
    let Some(marks) = mark(reader, go_on).map_err(|error| StoreError::Read(error.into()))? else {
        return Ok(0);
    };
    let mut gaps = marks.gaps();
    let mut pending: Vec<(i64, i64)> = gaps.by_ref().take(GAPS).collect();
    let mut deleted = 0;
    while !pending.is_empty() && go_on() {
        let swept = sweep(jobs, pending)?;
        deleted += swept.deleted;
        pending = swept.left;
        if pending.is_empty() {
            pending = gaps.by_ref().take(GAPS).collect();
        }
        std::thread::sleep(pause);
    }
    Ok(deleted)
}

fn sweep(jobs: &mpsc::UnboundedSender<Job>, gaps: Vec<(i64, i64)>) -> Result<Swept, StoreError> {
    let (answer, swept) = oneshot::channel();
    let job = Job::Sweep { gaps, budget: SWEEP_STEP, answer };
    jobs.send(job).map_err(|_| StoreError::Closed)?;
    swept.blocking_recv().map_err(|_| StoreError::Closed)?
}

/// The ids that are referenced, among those from the oldest payload to the newest; `None` if there are no payloads.
fn mark(reader: &Connection, go_on: &dyn Fn() -> bool) -> rusqlite::Result<Option<Marks>> {
    let bounds = reader
        .query_row("SELECT (SELECT min(id) FROM payload), (SELECT max(id) FROM payload)", [], |row| {
            Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?))
        })
        .optional()?;
    let Some((Some(oldest), Some(newest))) = bounds else { return Ok(None) };
    let mut marks = Marks { oldest, newest, words: BTreeMap::new() };
    let mut step = reader.prepare_cached(
        "SELECT queue, seq, body IS NULL FROM inbox WHERE (queue, seq) > (?1, ?2) ORDER BY queue, seq LIMIT ?3",
    )?;
    // Blobs sort after every other value but before none of their own kind: the empty one is the least queue name.
    let mut from: (Vec<u8>, i64) = (Vec::new(), -1);
    loop {
        if !go_on() {
            return Ok(None);
        }
        let mut rows = step.query(params![&from.0[..], from.1, MARK_STEP])?;
        let mut seen = 0;
        let mut last = None;
        while let Some(row) = rows.next()? {
            let id = row.get(1)?;
            if row.get(2)? {
                marks.set(id);
            }
            seen += 1;
            if seen == MARK_STEP {
                last = Some((row.get(0)?, id));
            }
        }
        match last {
            Some(last) => from = last,
            None => return Ok(Some(marks)),
        }
    }
}

/// Marked ids, a bit each, 64 to a word; words without a mark are not there.
struct Marks {
    oldest: i64,
    newest: i64,
    words: BTreeMap<i64, u64>,
}

impl Marks {
    fn set(&mut self, id: i64) {
        if (self.oldest..=self.newest).contains(&id) {
            *self.words.entry(id / 64).or_default() |= 1 << (id % 64);
        }
    }

    fn marked(&self) -> impl Iterator<Item = i64> + '_ {
        self.words.iter().flat_map(|(word, bits)| {
            (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit)
        })
    }

    /// Open intervals between marked ids, from the oldest payload to the newest.
    fn gaps(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        let ends = self.marked().chain(std::iter::once(self.newest + 1));
        ends.scan(self.oldest - 1, |after, before| Some((std::mem::replace(after, before), before)))
            .filter(|(after, before)| before - after > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_what_is_not_marked() {
        let mut marks = Marks { oldest: 3, newest: 200, words: BTreeMap::new() };
        for id in [1, 3, 4, 9, 63, 64, 128, 200, 201] {
            marks.set(id);
        }
        let gaps: Vec<_> = marks.gaps().collect();
        assert_eq!(gaps, [(4, 9), (9, 63), (64, 128), (128, 200)]);
        let none = Marks { oldest: 3, newest: 5, words: BTreeMap::new() };
        assert_eq!(none.gaps().collect::<Vec<_>>(), [(2, 6)]);
    }
}
