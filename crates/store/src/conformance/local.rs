//! A [`LocalStore`]: rows, ranges in both directions, and batches that are all or nothing.

use super::{OTHER, TABLE, batch, failed_at, queue};
use crate::{KeyRange, LocalStore, Position, StoreError};
use bytes::Bytes;
use std::sync::Arc;

pub(super) fn run(make: &impl Fn() -> Arc<dyn LocalStore>) {
    values(&*make());
    sizes(&*make());
    ranges(&*make());
    asserts(&*make());
    counter(&make());
}

pub(super) fn restart(open: &impl Fn() -> Arc<dyn LocalStore>) {
    let store = open();
    let write = batch(|batch| {
        batch.put(TABLE, "a", "1").put(OTHER, "a", "2").put(TABLE, "gone", "");
    });
    store.commit(write).expect("a batch is committed");
    store
        .commit(batch(|batch| {
            batch.delete(TABLE, "gone");
        }))
        .expect("a batch is committed");
    drop(store);
    let store = open();
    assert_eq!(get(&*store, b"a"), Some("1".into()), "rows are there after a restart");
    assert_eq!(store.get(OTHER, b"a").ok(), Some(Some("2".into())), "tables are apart after a restart");
    assert_eq!(get(&*store, b"gone"), None, "a deleted row stays away after a restart");
}

fn values(store: &dyn LocalStore) {
    assert_eq!(get(store, b"a"), None, "an empty store has no rows");
    store.commit(batch(|_| ())).expect("an empty batch is no error");
    let big = Bytes::from(vec![0xA5; 1 << 20]);
    let write = batch(|batch| {
        batch.put(TABLE, "a", "0").put(TABLE, "a", "1").put(TABLE, "empty", "").put(
            TABLE,
            "big",
            big.clone(),
        );
        batch.put(TABLE, "", "no key").delete(TABLE, "never there").put(TABLE, "x", "").delete(TABLE, "x");
    });
    store.commit(write).expect("a batch is committed");
    assert_eq!(get(store, b"a"), Some("1".into()), "writes are applied in order");
    assert_eq!(get(store, b"x"), None, "writes are applied in order");
    assert_eq!(get(store, b"empty"), Some(Bytes::new()), "an empty value is a value");
    assert_eq!(get(store, b""), Some("no key".into()), "an empty key is a key");
    assert_eq!(get(store, b"big"), Some(big), "a value of 1 MiB comes back whole");
    assert_eq!(store.get(OTHER, b"a").ok(), Some(None), "tables are apart");
}

/// A backend may keep large values elsewhere than small ones: whatever replaces what, a row has the last one alone.
fn sizes(store: &dyn LocalStore) {
    let sizes = [0, 1, 100, 255, 256, 257, 300, 4096, 100_000];
    let value = |size: usize, of: u8| Bytes::from(vec![of; size]);
    for (first, one) in sizes.into_iter().zip(0..) {
        for (second, other) in sizes.into_iter().zip(100..) {
            let key = vec![one, other];
            store
                .commit(batch(|batch| {
                    batch.put(TABLE, key.clone(), value(first, one));
                }))
                .expect("a batch is committed");
            store
                .commit(batch(|batch| {
                    batch.assert_equals(TABLE, key.clone(), value(first, one));
                    batch.put(TABLE, key.clone(), value(second, other));
                }))
                .expect("the row has the first value");
            let all = store.scan(TABLE, &KeyRange::prefix(key.clone()), 9, one % 2 == 0);
            assert_eq!(all.ok(), Some(vec![(key.clone().into(), value(second, other))]), "{first}, {second}");
            store
                .commit(batch(|batch| {
                    batch.delete(TABLE, key.clone());
                }))
                .expect("a batch is committed");
            assert_eq!(get(store, &key), None, "a row of any size is deleted");
        }
    }
}

fn ranges(store: &dyn LocalStore) {
    let keys: [&[u8]; 8] = [b"", b"a", b"a\x00", b"a\xFF", b"a\xFF\xFF", b"b", b"\xFF", b"\xFF\xFF\x01"];
    let write = batch(|batch| {
        for key in keys.iter().rev() {
            batch.put(TABLE, key.to_vec(), key.to_vec());
        }
    });
    store.commit(write).expect("a batch is committed");
    let expect = |range: KeyRange, limit: usize, wanted: &[&[u8]]| {
        for backwards in [false, true] {
            let all = store.scan(TABLE, &range, usize::MAX, backwards).expect("a range can be scanned");
            let mut whole = wanted.to_vec();
            if backwards {
                whole.reverse();
            }
            assert_eq!(
                all.iter().map(|(key, _)| &key[..]).collect::<Vec<_>>(),
                whole,
                "{range:?}, {backwards}"
            );
            let some = store.scan(TABLE, &range, limit, backwards).expect("a range can be scanned");
            assert_eq!(some, all[..limit.min(all.len())], "the first {limit} of {range:?}, {backwards}");
        }
    };
    for limit in [0, 1, 3, 100] {
        expect(KeyRange::all(), limit, &keys);
        expect(KeyRange::prefix("a"), limit, &keys[1..5]);
        expect(KeyRange::prefix(&b"a\xFF"[..]), limit, &keys[3..5]);
        expect(KeyRange::prefix(&b"\xFF"[..]), limit, &keys[6..]);
        expect(KeyRange { start: "a".into(), end: Some("b".into()) }, limit, &keys[1..5]);
        expect(KeyRange { start: "b".into(), end: Some("a".into()) }, limit, &[]);
    }
    assert!(store.scan(OTHER, &KeyRange::all(), 9, true).is_ok_and(|rows| rows.is_empty()));
}

fn asserts(store: &dyn LocalStore) {
    store
        .commit(batch(|batch| {
            batch.put(TABLE, "epoch", "7");
        }))
        .expect("a batch is committed");
    let wrong = store.commit(batch(|batch| {
        batch
            .assert_equals(TABLE, "epoch", "7")
            .assert_absent(TABLE, "epoch")
            .put(TABLE, "new", "")
            .delete(TABLE, "epoch");
    }));
    assert_eq!(failed_at(&wrong), Some(1), "the first assert that does not hold is named");
    assert_eq!(get(store, b"new"), None, "a failed batch puts nothing");
    assert_eq!(get(store, b"epoch"), Some("7".into()), "a failed batch deletes nothing");
    let right = store.commit(batch(|batch| {
        batch.put(TABLE, "epoch", "8").assert_equals(TABLE, "epoch", "7").assert_absent(OTHER, "epoch");
    }));
    right.expect("asserts are checked against the state before the batch");
    for queues in [
        batch(|batch| {
            batch.put(TABLE, "q", "").append(vec![queue("q")], "");
        }),
        batch(|batch| {
            batch.put(TABLE, "q", "").trim(queue("q"), Position(1));
        }),
    ] {
        assert!(matches!(store.commit(queues), Err(StoreError::Unsupported(_))), "queues are refused");
    }
    assert_eq!(get(store, b"q"), None, "a refused batch puts nothing");
}

/// A counter raised by compare-and-set from several threads ends exact.
fn counter(store: &Arc<dyn LocalStore>) {
    store
        .commit(batch(|batch| {
            batch.put(TABLE, "counter", vec![0]);
        }))
        .expect("a batch is committed");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    raise(&**store);
                }
            });
        }
    });
    assert_eq!(get(&**store, b"counter"), Some(vec![100].into()), "no raise was lost");
}

fn raise(store: &dyn LocalStore) {
    loop {
        let seen = get(store, b"counter").expect("the counter is there");
        let next = vec![seen[0] + 1];
        let write = batch(|batch| {
            batch.assert_equals(TABLE, "counter", seen).put(TABLE, "counter", next);
        });
        match store.commit(write) {
            Ok(()) => return,
            other => assert_eq!(failed_at(&other), Some(0), "the only failure is the assert"),
        }
    }
}

fn get(store: &dyn LocalStore, key: &[u8]) -> Option<Bytes> {
    store.get(TABLE, key).expect("a row can be read")
}
