//! [`Wakes`]: a look is never lost, and reaches only who watches.

use super::queue;
use crate::wake::{Signal, Wakes, Watch};
use bytes::Bytes;
use futures_util::FutureExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Long beyond any delay of a healthy bus; reached only by a lost signal.
const LOST: Duration = Duration::from_secs(30);

pub(super) async fn run(make: &impl AsyncFn() -> Arc<dyn Wakes>) {
    looks(&*make().await).await;
    passing(&*make().await).await;
    dropped(&*make().await).await;
    race(make().await).await;
}

async fn looks(wakes: &dyn Wakes) {
    wakes.look(&queue("a"));
    let mut watch = wakes.watch(&queue("a"));
    let mut second = wakes.watch(&queue("a"));
    let mut other = wakes.watch(&queue("b"));
    wakes.look(&queue("a"));
    wakes.look(&queue("a"));
    assert_eq!(next(&mut *watch).await, Signal::Look, "a look before the call is kept");
    assert_eq!(next(&mut *second).await, Signal::Look, "a second watcher is served as well");
    wakes.look(&queue("b"));
    assert_eq!(next(&mut *other).await, Signal::Look);
    // A wait that was given up takes no signal with it.
    drop(watch.next());
    let _ = watch.next().now_or_never();
    wakes.look(&queue("a"));
    drop(watch.next());
    assert_eq!(next(&mut *watch).await, Signal::Look, "a look after a wait that was given up is kept");
}

async fn passing(wakes: &dyn Wakes) {
    wakes.pass(&queue("a"), Bytes::from_static(b"nobody hears this"));
    let mut watch = wakes.watch(&queue("a"));
    wakes.pass(&queue("a"), Bytes::from_static(b"typing"));
    assert_eq!(next(&mut *watch).await, Signal::Passing("typing".into()));
    // A flood of passing bodies neither hides a look nor grows without end.
    for _ in 0..10_000 {
        wakes.pass(&queue("a"), Bytes::from_static(b"flood"));
    }
    wakes.look(&queue("a"));
    let mut bodies = 0;
    while next(&mut *watch).await != Signal::Look {
        bodies += 1;
        assert!(bodies < 10_000, "passing bodies are bounded, and a look comes through");
    }
}

async fn dropped(wakes: &dyn Wakes) {
    let watch = wakes.watch(&queue("a"));
    let mut second = wakes.watch(&queue("a"));
    drop(watch);
    wakes.look(&queue("a"));
    assert_eq!(next(&mut *second).await, Signal::Look, "a watcher that left takes nobody along");
    drop(second);
    wakes.look(&queue("a"));
    let mut third = wakes.watch(&queue("a"));
    wakes.look(&queue("a"));
    assert_eq!(next(&mut *third).await, Signal::Look);
}

/// A watcher that reads the truth after each signal always gets to the end of it.
async fn race(wakes: Arc<dyn Wakes>) {
    const ROUNDS: u64 = 2_000;
    let truth: Arc<[AtomicU64]> = (0..8).map(|_| AtomicU64::new(0)).collect();
    let mut tasks = Vec::new();
    for (index, _) in truth.iter().enumerate() {
        let name = queue(&index.to_string());
        let mut watch = wakes.watch(&name);
        tasks.push(tokio::spawn({
            let truth = Arc::clone(&truth);
            async move {
                while truth[index].load(Ordering::Acquire) < ROUNDS {
                    next(&mut *watch).await;
                }
            }
        }));
        let (wakes, truth) = (Arc::clone(&wakes), Arc::clone(&truth));
        tasks.push(tokio::spawn(async move {
            for round in 0..ROUNDS {
                truth[index].fetch_add(1, Ordering::Release);
                wakes.look(&name);
                if round % 7 == 0 {
                    tokio::task::yield_now().await;
                }
            }
        }));
    }
    for task in tasks {
        task.await.expect("a task ends without a panic");
    }
}

async fn next(watch: &mut dyn Watch) -> Signal {
    tokio::time::timeout(LOST, watch.next()).await.expect("a signal was lost")
}
