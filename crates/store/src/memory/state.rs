//! Rows and queues as ordered maps, and the plainest reading of what a batch means.

use crate::{
    Assert, Batch, Entry, KeyRange, Pair, Position, QueueKey, ReadLimit, Receipt, StoreError, Table, Write,
};
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

#[derive(Default)]
pub(super) struct State {
    tables: HashMap<Table, BTreeMap<Bytes, Bytes>>,
    queues: HashMap<QueueKey, BTreeMap<Position, Bytes>>,
    last: u64,
}

impl State {
    pub(super) fn get(&self, table: Table, key: &[u8]) -> Option<Bytes> {
        self.tables.get(&table)?.get(key).cloned()
    }

    pub(super) fn scan(&self, table: Table, range: &KeyRange, limit: usize, backwards: bool) -> Vec<Pair> {
        let Some(rows) = self.tables.get(&table) else { return Vec::new() };
        if range.end.as_ref().is_some_and(|end| *end <= range.start) {
            return Vec::new();
        }
        let end = range.end.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let rows = rows
            .range::<Bytes, _>((Bound::Included(&range.start), end))
            .map(|(key, value)| (key.clone(), value.clone()));
        if backwards { rows.rev().take(limit).collect() } else { rows.take(limit).collect() }
    }

    pub(super) fn read(&self, queue: &QueueKey, after: Position, limit: ReadLimit) -> Vec<Entry> {
        let Some(entries) = self.queues.get(queue) else { return Vec::new() };
        let mut found = Vec::new();
        let mut bytes = 0_usize;
        for (&position, body) in entries.range((Bound::Excluded(after), Bound::Unbounded)) {
            bytes = bytes.saturating_add(body.len());
            if !found.is_empty() && (found.len() >= limit.entries || bytes > limit.bytes) {
                break;
            }
            found.push(Entry { position, body: body.clone() });
        }
        found
    }

    pub(super) fn queues(&self) -> Vec<QueueKey> {
        let mut queues: Vec<_> = self.queues.keys().cloned().collect();
        queues.sort_unstable();
        queues
    }

    pub(super) fn commit(&mut self, batch: Batch) -> Result<Receipt, StoreError> {
        if let Some(index) = batch.asserts.iter().position(|assert| !self.holds(assert)) {
            return Err(StoreError::AssertFailed { index });
        }
        let mut receipt = Receipt::default();
        for write in batch.writes {
            self.apply(write, &mut receipt);
        }
        Ok(receipt)
    }

    fn holds(&self, assert: &Assert) -> bool {
        match assert {
            Assert::Absent { table, key } => self.get(*table, key).is_none(),
            Assert::Equals { table, key, value } => {
                self.get(*table, key).is_some_and(|found| found == *value)
            }
        }
    }

    fn apply(&mut self, write: Write, receipt: &mut Receipt) {
        match write {
            Write::Put { table, key, value } => {
                self.tables.entry(table).or_default().insert(key, value);
            }
            Write::Delete { table, key } => {
                if let Some(rows) = self.tables.get_mut(&table) {
                    rows.remove(&key);
                }
            }
            Write::Append { queues, body } => {
                self.last += 1;
                let position = Position(self.last);
                receipt.positions.push(position);
                for queue in queues {
                    self.queues.entry(queue).or_default().insert(position, body.clone());
                }
            }
            Write::Trim { queue, through } => {
                if let Some(entries) = self.queues.get_mut(&queue) {
                    entries.retain(|position, _| *position > through);
                    if entries.is_empty() {
                        self.queues.remove(&queue);
                    }
                }
            }
        }
    }
}
