//! Random batches against SQLite and against memory: both must answer and hold the same at every step.
#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use proptest::prelude::*;
use tempfile::TempDir;
use trefoil_store::{
    Assert, Batch, KeyRange, LocalKey, LocalStore, MemoryStore, Position, QueueKey, ReadLimit, Receipt,
    SqliteLocal, SqliteOptions, SqliteStore, Store, StoreError, Table, Write,
};

const TABLES: [Table; 2] = [Table::new("model.one"), Table::new("model.two")];

/// A position as a batch can know it: some appends back from the last.
#[derive(Clone, Debug)]
enum Step {
    Commit(Batch),
    Trim { queue: QueueKey, back: u64 },
    Collect,
    Reopen,
}

fn key() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(prop::sample::select(vec![0x00_u8, b'a', 0xFF]), 0..3).prop_map(Bytes::from)
}

fn value() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        4 => prop::sample::select(vec!["", "1", "2"]).prop_map(Bytes::from),
        1 => (0..9000_usize).prop_map(|size| Bytes::from(vec![b'x'; size])),
    ]
}

fn table() -> impl Strategy<Value = Table> {
    prop::sample::select(TABLES.to_vec())
}

fn queue() -> impl Strategy<Value = QueueKey> {
    (0..4_u8).prop_map(|n| QueueKey::new(vec![0xFF; usize::from(n)]))
}

fn assert() -> impl Strategy<Value = Assert> {
    prop_oneof![
        (table(), key()).prop_map(|(table, key)| Assert::Absent { table, key }),
        (table(), key(), value()).prop_map(|(table, key, value)| Assert::Equals { table, key, value }),
    ]
}

fn row_write() -> impl Strategy<Value = Write> {
    prop_oneof![
        3 => (table(), key(), value()).prop_map(|(table, key, value)| Write::Put { table, key, value }),
        1 => (table(), key()).prop_map(|(table, key)| Write::Delete { table, key }),
    ]
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        3 => row_write(),
        2 => (prop::collection::btree_set(queue(), 0..4), value())
            .prop_map(|(queues, body)| Write::Append { queues: queues.into_iter().collect(), body }),
    ]
}

fn batch(write: impl Strategy<Value = Write>) -> impl Strategy<Value = Batch> {
    let asserts = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(assert(), 1..3)];
    (asserts, prop::collection::vec(write, 0..5)).prop_map(|(asserts, writes)| Batch { asserts, writes })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => batch(write()).prop_map(Step::Commit),
        4 => (queue(), 0..6_u64).prop_map(|(queue, back)| Step::Trim { queue, back }),
        1 => Just(Step::Collect),
        1 => Just(Step::Reopen),
    ]
}

/// A value's length and beginning: all that its strategy varies, and readable when a test fails.
type Short = (usize, Bytes);

fn short(value: &Bytes) -> Short {
    (value.len(), value.slice(..value.len().min(1)))
}

/// What a caller can tell: bodies, but no positions, which jump at a restart.
async fn observe(store: &dyn Store, limit: ReadLimit) -> (Vec<Vec<(Bytes, Short)>>, Vec<Vec<Short>>) {
    let mut rows = Vec::new();
    for table in TABLES {
        for range in [KeyRange::all(), KeyRange::prefix(&b"\xFF"[..]), KeyRange::prefix("a")] {
            for limit in [1000, 2] {
                let found = store.scan(table, range.clone(), limit).await.unwrap();
                rows.push(found.into_iter().map(|(key, value)| (key, short(&value))).collect());
            }
        }
    }
    let mut queues = Vec::new();
    for n in 0..4 {
        let entries = store.read(QueueKey::new(vec![0xFF; n]), Position(0), limit).await.unwrap();
        queues.push(entries.iter().map(|entry| short(&entry.body)).collect());
    }
    (rows, queues)
}

fn told(result: Result<Receipt, StoreError>) -> Result<usize, usize> {
    match result {
        Ok(receipt) => Ok(receipt.positions.len()),
        Err(StoreError::AssertFailed { index }) => Err(index),
        Err(other) => panic!("a healthy store failed: {other:?}"),
    }
}

/// The position that stands `back` entries before a queue's last.
async fn position(store: &dyn Store, queue: &QueueKey, back: u64) -> Position {
    let ample = ReadLimit { entries: 10_000, bytes: usize::MAX };
    let entries = store.read(queue.clone(), Position(0), ample).await.unwrap();
    entries.iter().rev().nth(back as usize).map_or(Position(0), |entry| entry.position)
}

async fn compare(steps: Vec<Step>, inline: usize) {
    let folder = TempDir::new().unwrap();
    let open =
        || SqliteStore::open(folder.path().join("s"), SqliteOptions { inline, ..SqliteOptions::default() });
    let model = MemoryStore::new();
    let model: &dyn Store = &model;
    let mut sqlite = open().unwrap();
    for step in steps {
        match step {
            Step::Commit(batch) => {
                assert_eq!(told(sqlite.commit(batch.clone()).await), told(model.commit(batch).await));
            }
            Step::Trim { queue, back } => {
                for store in [&sqlite as &dyn Store, model] {
                    let through = position(store, &queue, back).await;
                    let mut trim = Batch::new();
                    trim.trim(queue.clone(), through);
                    store.commit(trim).await.unwrap();
                }
            }
            Step::Collect => drop(sqlite.collect().await.unwrap()),
            Step::Reopen => {
                drop(sqlite);
                sqlite = open().unwrap();
            }
        }
        for limit in [ReadLimit { entries: 1000, bytes: usize::MAX }, ReadLimit { entries: 3, bytes: 4000 }] {
            assert_eq!(observe(&sqlite, limit).await, observe(model, limit).await);
        }
    }
}

fn compare_local(batches: Vec<Batch>) {
    let folder = TempDir::new().unwrap();
    let key = LocalKey::new([9; 32]);
    let sqlite = SqliteLocal::open(folder.path().join("s"), &key).unwrap();
    let model = MemoryStore::new();
    let model: &dyn LocalStore = &model;
    for batch in batches {
        let refused = |result: Result<(), StoreError>| match result {
            Ok(()) => None,
            Err(StoreError::AssertFailed { index }) => Some(index),
            Err(other) => panic!("a healthy store failed: {other:?}"),
        };
        assert_eq!(refused(sqlite.commit(batch.clone())), refused(model.commit(batch)));
        for table in TABLES {
            for range in [KeyRange::all(), KeyRange::prefix(&b"\xFF"[..]), KeyRange::prefix("a")] {
                for (limit, backwards) in [(1000, false), (1000, true), (2, true)] {
                    let found = sqlite.scan(table, &range, limit, backwards).unwrap();
                    assert_eq!(found, model.scan(table, &range, limit, backwards).unwrap());
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_does_what_memory_does(
        steps in prop::collection::vec(step(), 1..30),
        inline in prop::sample::select(vec![0, 600]),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(compare(steps, inline));
    }

    #[test]
    fn the_encrypted_store_does_what_memory_does(batches in prop::collection::vec(batch(row_write()), 1..20)) {
        compare_local(batches);
    }
}
