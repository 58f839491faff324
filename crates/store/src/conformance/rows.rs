//! Rows of a [`Store`]: values, ranges, and batches that are all or nothing.

use super::{OTHER, TABLE, batch, bodies, commit, failed_at, get, queue};
use crate::{KeyRange, Store, Table};
use bytes::Bytes;
use std::sync::Arc;

pub(super) async fn run(make: &impl AsyncFn() -> Arc<dyn Store>) {
    values(&*make().await).await;
    ranges(&*make().await).await;
    asserts(&*make().await).await;
    order_within_a_batch(&*make().await).await;
}

async fn values(store: &dyn Store) {
    assert_eq!(get(store, b"a").await, None, "an empty store has no rows");
    assert!(store.commit(batch(|_| ())).await.is_ok(), "an empty batch is no error");
    let big = Bytes::from(vec![0xA5; 1 << 20]);
    commit(store, |batch| {
        batch
            .put(TABLE, "a", "1")
            .put(TABLE, "empty", "")
            .put(TABLE, "big", big.clone())
            .put(TABLE, "", "no key");
        batch.put(TABLE, &[0x00, 0xFF, 0x00][..], &[0x00, 0xFF][..]);
    })
    .await;
    assert_eq!(get(store, b"a").await, Some("1".into()));
    assert_eq!(get(store, b"empty").await, Some(Bytes::new()), "an empty value is a value");
    assert_eq!(get(store, b"").await, Some("no key".into()), "an empty key is a key");
    assert_eq!(get(store, b"big").await, Some(big), "a value of 1 MiB comes back whole");
    assert_eq!(
        get(store, &[0x00, 0xFF, 0x00]).await,
        Some(Bytes::from_static(&[0x00, 0xFF])),
        "bytes are bytes"
    );
    assert_eq!(store.get(OTHER, "a".into()).await.ok(), Some(None), "tables are apart");
    commit(store, |batch| {
        batch.put(TABLE, "a", "2").delete(TABLE, "big").delete(TABLE, "never there");
        batch.delete(Table::new("conformance.unknown"), "a");
    })
    .await;
    assert_eq!(get(store, b"a").await, Some("2".into()), "a put replaces");
    assert_eq!(get(store, b"big").await, None, "a delete removes");
}

async fn ranges(store: &dyn Store) {
    let keys: [&[u8]; 9] =
        [b"", b"a", b"a\x00", b"a\xFE", b"a\xFF", b"a\xFF\xFF", b"b", b"\xFF", b"\xFF\xFF\x01"];
    commit(store, |batch| {
        for key in keys.iter().rev() {
            batch.put(TABLE, key.to_vec(), key.to_vec());
        }
        batch.put(OTHER, "a\x01", "");
    })
    .await;
    let expect = async |range: KeyRange, limit: usize, wanted: &[&[u8]]| {
        let rows = store.scan(TABLE, range.clone(), limit).await.expect("a range can be scanned");
        let found: Vec<&[u8]> = rows.iter().map(|(key, _)| &key[..]).collect();
        assert_eq!(found, wanted, "the rows of {range:?}, at most {limit}");
        assert!(rows.iter().all(|(key, value)| key == value), "each value stands by its key");
    };
    expect(KeyRange::all(), 100, &keys).await;
    expect(KeyRange::all(), usize::MAX, &keys).await;
    expect(KeyRange::all(), 2, &keys[..2]).await;
    expect(KeyRange::all(), 0, &[]).await;
    expect(KeyRange::prefix("a"), 100, &keys[1..6]).await;
    expect(KeyRange::prefix(&b"a\xFF"[..]), 100, &keys[4..6]).await;
    expect(KeyRange::prefix(&b"\xFF"[..]), 100, &keys[7..]).await;
    expect(KeyRange::prefix(&b"\xFF\xFF"[..]), 100, &keys[8..]).await;
    expect(KeyRange::prefix(""), 100, &keys).await;
    expect(KeyRange { start: "a".into(), end: Some("b".into()) }, 100, &keys[1..6]).await;
    expect(KeyRange { start: "a".into(), end: Some("a".into()) }, 100, &[]).await;
    expect(KeyRange { start: "b".into(), end: Some("a".into()) }, 100, &[]).await;
    expect(KeyRange { start: "b".into(), end: None }, 100, &keys[6..]).await;
    let none = store.scan(Table::new("conformance.unknown"), KeyRange::all(), 9).await;
    assert!(none.is_ok_and(|rows| rows.is_empty()), "a table that was never written to has no rows");
}

async fn asserts(store: &dyn Store) {
    commit(store, |batch| {
        batch.put(TABLE, "epoch", "7").put(TABLE, "empty", "");
        batch.append(vec![queue("q")], "first");
    })
    .await;
    let wrong = store
        .commit(batch(|batch| {
            batch
                .assert_equals(TABLE, "epoch", "7")
                .assert_absent(TABLE, "new")
                .assert_equals(TABLE, "epoch", "8");
            batch.put(TABLE, "new", "x").delete(TABLE, "empty").append(vec![queue("q")], "second");
            batch.trim(queue("q"), crate::Position(u64::MAX));
        }))
        .await;
    assert_eq!(failed_at(&wrong), Some(2), "the first assert that does not hold is named");
    assert_eq!(get(store, b"new").await, None, "a failed batch puts nothing");
    assert_eq!(get(store, b"empty").await, Some(Bytes::new()), "a failed batch deletes nothing");
    assert_eq!(bodies(store, "q").await, ["first"], "a failed batch neither appends nor trims");
    for (name, fails) in [("epoch", true), ("empty", true), ("missing", false)] {
        let result = store
            .commit(batch(|batch| {
                batch.assert_absent(TABLE, name);
            }))
            .await;
        assert_eq!(failed_at(&result), fails.then_some(0), "whether {name} is absent");
    }
    for (name, value, fails) in
        [("epoch", "7", false), ("epoch", "70", true), ("empty", "", false), ("missing", "", true)]
    {
        let result = store
            .commit(batch(|batch| {
                batch.assert_equals(TABLE, name, value);
            }))
            .await;
        assert_eq!(failed_at(&result), fails.then_some(0), "whether {name} equals {value:?}");
    }
    let unknown = Table::new("conformance.unknown");
    let result = store
        .commit(batch(|batch| {
            batch.assert_absent(unknown, "a");
        }))
        .await;
    assert!(result.is_ok(), "in a table that was never written to every key is absent");
    let result = store
        .commit(batch(|batch| {
            batch.assert_equals(unknown, "a", "");
        }))
        .await;
    assert_eq!(failed_at(&result), Some(0), "and nothing equals anything");
}

async fn order_within_a_batch(store: &dyn Store) {
    store
        .commit(batch(|batch| {
            batch.put(TABLE, "a", "1").delete(TABLE, "a").put(TABLE, "b", "1").put(TABLE, "b", "2");
            batch.delete(TABLE, "c").put(TABLE, "c", "3").assert_absent(TABLE, "b");
        }))
        .await
        .expect("asserts are checked against the state before the batch");
    assert_eq!(get(store, b"a").await, None, "a delete after a put");
    assert_eq!(get(store, b"b").await, Some("2".into()), "the later of two puts");
    assert_eq!(get(store, b"c").await, Some("3".into()), "a put after a delete");
}
