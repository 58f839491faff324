//! Queues of a [`Store`]: order, limits, trimming, and positions that are never used again.

use super::{AMPLE, TABLE, bodies, commit, get, queue};
use crate::{Position, QueueKey, ReadLimit, Store};
use bytes::Bytes;
use std::sync::Arc;

pub(super) async fn run(make: &impl AsyncFn() -> Arc<dyn Store>) {
    order(&*make().await).await;
    fan_out(&*make().await).await;
    limits(&*make().await).await;
    trims(&*make().await).await;
}

pub(super) async fn restart(open: &impl AsyncFn() -> Arc<dyn Store>) {
    let store = open().await;
    let mut last = Position(0);
    for round in 0..3_u8 {
        let name = QueueKey::new(vec![round]);
        let position = commit(&*store, |batch| {
            batch.append(vec![name.clone(), queue("kept")], vec![round]);
        })
        .await;
        last = last.max(position[0]);
        commit(&*store, |batch| {
            batch.trim(name, position[0]);
        })
        .await;
    }
    commit(&*store, |batch| {
        batch.put(TABLE, "row", "stays");
    })
    .await;
    drop(store);
    let store = open().await;
    assert_eq!(get(&*store, b"row").await, Some("stays".into()), "rows are there after a restart");
    assert_eq!(
        bodies(&*store, "kept").await,
        [vec![0], vec![1], vec![2]],
        "entries are there after a restart"
    );
    commit(&*store, |batch| {
        batch.trim(queue("kept"), last);
    })
    .await;
    drop(store);
    for _ in 0..3 {
        let store = open().await;
        assert!(bodies(&*store, "kept").await.is_empty(), "trimmed entries stay away after a restart");
        let position = commit(&*store, |batch| {
            batch.append(vec![queue("kept")], "again");
        })
        .await[0];
        assert!(position > last, "{position:?} was used before the restart");
        last = position;
        commit(&*store, |batch| {
            batch.trim(queue("kept"), last);
        })
        .await;
    }
}

async fn order(store: &dyn Store) {
    assert!(bodies(store, "q").await.is_empty(), "a queue nobody wrote to is empty");
    let mut positions = Vec::new();
    for n in 0..20_u8 {
        positions.extend(
            commit(store, |batch| {
                batch
                    .append(vec![queue("q")], vec![n, 0])
                    .append(vec![queue("other")], "o")
                    .append(vec![queue("q")], vec![n, 1]);
            })
            .await,
        );
    }
    assert_eq!(positions.len(), 60, "one position for each append");
    let mine: Vec<Position> = positions.chunks(3).flat_map(|three| [three[0], three[2]]).collect();
    assert!(mine.is_sorted_by(|one, two| one < two), "positions rise");
    assert!(mine[0] > Position(0), "zero stands before every entry");
    let entries = store.read(queue("q"), Position(0), AMPLE).await.expect("a queue can be read");
    assert_eq!(
        entries.iter().map(|entry| entry.position).collect::<Vec<_>>(),
        mine,
        "the receipt names the entries"
    );
    let wanted: Vec<Vec<u8>> = (0..20).flat_map(|n| [vec![n, 0], vec![n, 1]]).collect();
    assert_eq!(bodies(store, "q").await, wanted, "entries stand in the order of their appends");
    let rest = store.read(queue("q"), mine[30], AMPLE).await.expect("a queue can be read");
    assert_eq!(rest.len(), 9, "a read begins after its position");
    assert_eq!(
        store.read(queue("q"), Position(u64::MAX), AMPLE).await.expect("a queue can be read").len(),
        0
    );
}

async fn fan_out(store: &dyn Store) {
    let names: Vec<QueueKey> = (0..300_u16).map(|n| QueueKey::new(n.to_be_bytes().to_vec())).collect();
    let body = Bytes::from(vec![7; 1 << 20]);
    let positions = commit(store, |batch| {
        batch
            .append(names.clone(), body.clone())
            .append(vec![], "to nobody")
            .append(vec![QueueKey::new("")], "");
    })
    .await;
    assert_eq!(positions.len(), 3, "one position for each append, however many queues it has");
    for name in &names {
        let entries = store.read(name.clone(), Position(0), AMPLE).await.expect("a queue can be read");
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].body, body, "each queue gets the whole body");
    }
    let last = store.read(names[299].clone(), Position(0), AMPLE).await.expect("a queue can be read");
    assert_eq!(last[0].position, positions[0], "the position is that of the last queue's entry");
    assert_eq!(bodies(store, "").await, [""], "an empty body in a queue with an empty name");
    commit(store, |batch| {
        batch.trim(names[0].clone(), Position(u64::MAX));
    })
    .await;
    let other = store.read(names[1].clone(), Position(0), AMPLE).await.expect("a queue can be read");
    assert_eq!(other[0].body, body, "trimming one queue takes nothing from another");
}

async fn limits(store: &dyn Store) {
    commit(store, |batch| {
        for size in [100, 10, 10, 1000, 1, 0, 0] {
            batch.append(vec![queue("q")], vec![1; size]);
            batch.append(vec![queue("q2"), queue("q3")], vec![1; size]);
        }
    })
    .await;
    for name in ["q", "q2", "q3"] {
        for (entries, bytes, wanted) in [
            (3, 9999, 3),
            (99, 119, 2),
            (99, 120, 3),
            (99, 1119, 3),
            (99, 1120, 4),
            (99, 1121, 7),
            (99, 5, 1),
            (0, 0, 1),
        ] {
            let limit = ReadLimit { entries, bytes };
            let found = store.read(queue(name), Position(0), limit).await.expect("a queue can be read");
            assert_eq!(found.len(), wanted, "entries of {name} within {limit:?}");
        }
    }
    let ends = ReadLimit { entries: usize::MAX, bytes: usize::MAX };
    assert_eq!(store.read(queue("q"), Position(0), ends).await.expect("a queue can be read").len(), 7);
}

async fn trims(store: &dyn Store) {
    let positions = commit(store, |batch| {
        for n in 0..6_u8 {
            batch.append(vec![queue("q"), queue("other")], vec![n]);
        }
    })
    .await;
    commit(store, |batch| {
        batch.trim(queue("q"), positions[2]);
    })
    .await;
    assert_eq!(
        bodies(store, "q").await,
        [vec![3], vec![4], vec![5]],
        "entries up to and including the position are forgotten"
    );
    commit(store, |batch| {
        batch.trim(queue("q"), positions[0]).trim(queue("nobody"), positions[5]);
    })
    .await;
    assert_eq!(bodies(store, "q").await.len(), 3, "trimming again changes nothing");
    assert_eq!(bodies(store, "other").await.len(), 6, "other queues keep theirs");
    let both = commit(store, |batch| {
        batch.trim(queue("q"), Position(u64::MAX)).append(vec![queue("q")], "after the trim");
    })
    .await;
    assert_eq!(bodies(store, "q").await, ["after the trim"], "writes of a batch are applied in order");
    commit(store, |batch| {
        batch.trim(queue("q"), both[0]);
    })
    .await;
    let again = commit(store, |batch| {
        batch.append(vec![queue("q")], "new");
    })
    .await;
    assert!(again[0] > both[0] && both[0] > positions[5], "a position is not used again after a trim");
}
