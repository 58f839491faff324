//! Many callers of a [`Store`] at the same time.

use super::{AMPLE, TABLE, batch, failed_at, get, queue};
use crate::{Position, QueueKey, ReadLimit, Store};
use bytes::Bytes;
use std::sync::Arc;

const TASKS: u32 = 16;
const ROUNDS: u32 = 25;

pub(super) async fn run(make: &impl AsyncFn() -> Arc<dyn Store>) {
    counter(make().await).await;
    own_keys(make().await).await;
    one_winner(make().await).await;
    reader_beside_writers(make().await).await;
}

/// A counter raised by compare-and-set ends exact.
async fn counter(store: Arc<dyn Store>) {
    super::commit(&*store, |batch| {
        batch.put(TABLE, "counter", "0");
    })
    .await;
    all(&store, |store, _| async move {
        for _ in 0..ROUNDS {
            loop {
                let seen = get(&*store, b"counter").await.expect("the counter is there");
                let count: u32 =
                    std::str::from_utf8(&seen).ok().and_then(|text| text.parse().ok()).expect("a number");
                let raise = batch(|batch| {
                    batch.assert_equals(TABLE, "counter", seen.clone()).put(
                        TABLE,
                        "counter",
                        (count + 1).to_string(),
                    );
                    batch.append(vec![queue("log")], seen.clone());
                });
                match store.commit(raise).await {
                    Ok(_) => break,
                    other => assert_eq!(failed_at(&other), Some(0), "the only failure is the assert"),
                }
            }
        }
    })
    .await;
    assert_eq!(
        get(&*store, b"counter").await,
        Some((TASKS * ROUNDS).to_string().into()),
        "no raise was lost"
    );
    let wanted: Vec<String> = (0..TASKS * ROUNDS).map(|n| n.to_string()).collect();
    assert_eq!(super::bodies(&*store, "log").await, wanted, "appends stand in the order of their commits");
}

/// Callers with keys of their own do not disturb each other, and read what they were told is written.
async fn own_keys(store: Arc<dyn Store>) {
    all(&store, |store, task| async move {
        for round in 0..ROUNDS {
            let key = Bytes::from(format!("{task}/{round}"));
            let write = batch(|batch| {
                batch.assert_absent(TABLE, key.clone()).put(TABLE, key.clone(), key.clone());
            });
            store.commit(write).await.expect("nobody else writes this key");
            assert_eq!(
                store.get(TABLE, key.clone()).await.ok(),
                Some(Some(key)),
                "an answered commit is seen"
            );
        }
    })
    .await;
}

/// Of many that claim an absent row, one wins.
async fn one_winner(store: Arc<dyn Store>) {
    all(&store, |store, task| async move {
        for round in 0..ROUNDS {
            let claim = batch(|batch| {
                batch.assert_absent(TABLE, round.to_string()).put(TABLE, round.to_string(), task.to_string());
                batch.append(vec![queue("winners")], round.to_string());
            });
            let claimed = store.commit(claim).await;
            assert!(claimed.is_ok() || failed_at(&claimed) == Some(0), "the only failure is the assert");
        }
    })
    .await;
    let mut winners = super::bodies(&*store, "winners").await;
    winners.sort();
    winners.dedup();
    assert_eq!(winners.len(), ROUNDS as usize, "each row was claimed");
    assert_eq!(super::bodies(&*store, "winners").await.len(), ROUNDS as usize, "each row was claimed once");
}

/// A reader that goes on from the last position it saw gets every entry, once.
async fn reader_beside_writers(store: Arc<dyn Store>) {
    let total = (TASKS * ROUNDS) as usize;
    let reader = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            let mut seen = Vec::new();
            let mut after = Position(0);
            while seen.len() < total {
                let limit = ReadLimit { entries: 7, ..AMPLE };
                let entries = store.read(queue("busy"), after, limit).await.expect("a queue can be read");
                after = entries.last().map_or(after, |entry| entry.position);
                seen.extend(entries.into_iter().map(|entry| entry.body));
                tokio::task::yield_now().await;
            }
            seen
        }
    });
    all(&store, |store, task| async move {
        for round in 0..ROUNDS {
            let queues = vec![queue("busy"), QueueKey::new(task.to_be_bytes().to_vec())];
            let append = batch(|batch| {
                batch.append(queues, format!("{task}/{round}"));
            });
            store.commit(append).await.expect("an append without asserts is committed");
        }
    })
    .await;
    let mut seen = reader.await.expect("the reader ends");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), total, "the reader missed entries or saw some twice");
}

async fn all<F, Act>(store: &Arc<dyn Store>, act: Act)
where
    Act: Fn(Arc<dyn Store>, u32) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let tasks: Vec<_> = (0..TASKS).map(|task| tokio::spawn(act(Arc::clone(store), task))).collect();
    for task in tasks {
        task.await.expect("a task ends without a panic");
    }
}
