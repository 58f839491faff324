//! What the embedded store does a second: appends at several numbers of writers, fan-out, draining, and the server's
//! hot path (one assert, one append). Every measured commit waits for its sync, so the disk is part of the figure.
#![allow(missing_docs, clippy::unwrap_used)]

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use trefoil_store::{
    Batch, LocalKey, LocalStore, Position, QueueKey, ReadLimit, SqliteLocal, SqliteOptions, SqliteStore,
    Store, Table,
};

const QUEUES: u64 = 10_000;
const EPOCHS: Table = Table::new("bench.epochs");

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
    targets = appends, hot_path, fan_out, fan_out_and_trim, drain, point_get, local
}
criterion_main!(benches);

fn appends(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    group.throughput(Throughput::Elements(1));
    for (writers, size, inline) in [(16, 512, 0), (64, 512, 0), (64, 512, 600), (512, 512, 0), (64, 1024, 0)]
    {
        let place = Place::with(SqliteOptions { inline, ..SqliteOptions::default() });
        let kind = if size <= inline { "inline" } else { "apart" };
        group.bench_function(BenchmarkId::new(format!("{size} bytes {kind}"), writers), |bencher| {
            bencher.iter_custom(|count| {
                place.run(writers, count, move |n| {
                    let mut batch = Batch::new();
                    batch.append(vec![queue(n % QUEUES)], noise(n, size));
                    batch
                })
            });
        });
    }
}

fn hot_path(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("assert and append to 3");
    group.throughput(Throughput::Elements(1));
    let place = Place::new();
    let mut rooms = Batch::new();
    for room in 0..1000_u64 {
        rooms.put(EPOCHS, room.to_be_bytes().to_vec(), "epoch 1");
    }
    place.runtime.block_on(place.store.commit(rooms)).unwrap();
    for writers in [1, 64] {
        group.bench_function(BenchmarkId::new("512 bytes", writers), |bencher| {
            bencher.iter_custom(|count| {
                place.run(writers, count, |n| {
                    let mut batch = Batch::new();
                    batch.assert_equals(EPOCHS, (n % 1000).to_be_bytes().to_vec(), "epoch 1");
                    let queues = (0..3).map(|member| queue((n * 7 + member * 3_331) % QUEUES)).collect();
                    batch.append(queues, noise(n, 512));
                    batch
                })
            });
        });
    }
}

fn fan_out(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("deliveries");
    for fan in [100, 1000] {
        let place = Place::new();
        group.throughput(Throughput::Elements(fan));
        group.bench_function(BenchmarkId::new("1024 bytes to", fan), |bencher| {
            bencher.iter_custom(|count| {
                place.run(16, count, move |n| {
                    let mut batch = Batch::new();
                    batch.append(
                        (0..fan).map(|member| queue((n * 37 + member * 9) % QUEUES)).collect(),
                        noise(n, 1024),
                    );
                    batch
                })
            });
        });
    }
}

/// Fan-out while the receivers keep up: what was delivered 200 batches ago is trimmed, so the inbox stays small.
fn fan_out_and_trim(criterion: &mut Criterion) {
    const FAN: u64 = 100;
    let mut group = criterion.benchmark_group("deliveries and trims");
    group.throughput(Throughput::Elements(FAN));
    let place = Place::new();
    let members = |n: u64| (0..FAN).map(move |member| queue((n * 37 + member * 9) % QUEUES));
    group.bench_function(BenchmarkId::new("1024 bytes to", FAN), |bencher| {
        bencher.iter_custom(|count| {
            place.run(64, count, move |n| {
                let mut batch = Batch::new();
                batch.append(members(n).collect(), noise(n, 1024));
                for queue in members(n.saturating_sub(200)) {
                    batch.trim(queue, Position(u64::MAX));
                }
                batch
            })
        });
    });
}

/// Reads and trims queues of 50 entries each, as devices that come back do.
fn drain(criterion: &mut Criterion) {
    const EACH: u64 = 50;
    let mut group = criterion.benchmark_group("drain");
    group.throughput(Throughput::Elements(EACH));
    let place = Place::new();
    group.bench_function("queues of 50", |bencher| {
        bencher.iter_custom(|count| {
            let mut spent = Duration::ZERO;
            let mut left = count;
            // As many queues at a time as are there, so that a long run does not need a large disk.
            while left > 0 {
                let queues = left.min(2000);
                left -= queues;
                place.fill(queues, EACH);
                spent += place.drain(queues, EACH);
            }
            spent
        });
    });
}

fn point_get(criterion: &mut Criterion) {
    let place = Place::new();
    let mut rows = Batch::new();
    for row in 0..10_000_u64 {
        rows.put(EPOCHS, row.to_be_bytes().to_vec(), vec![1; 100]);
    }
    place.runtime.block_on(place.store.commit(rows)).unwrap();
    let next = AtomicU64::new(0);
    criterion.bench_function("point get", |bencher| {
        bencher.iter(|| {
            let row = next.fetch_add(7919, Ordering::Relaxed) % 10_000;
            let get = place.store.get(EPOCHS, row.to_be_bytes().to_vec().into());
            place.runtime.block_on(get).unwrap().unwrap()
        });
    });
}

fn local(criterion: &mut Criterion) {
    let folder = TempDir::new().unwrap();
    let store = SqliteLocal::open(folder.path().join("store"), &LocalKey::new([1; 32])).unwrap();
    let next = AtomicU64::new(0);
    criterion.bench_function("device: commit of 10 puts", |bencher| {
        bencher.iter(|| {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let mut batch = Batch::new();
            for row in 0..10_u64 {
                batch.put(EPOCHS, [n % 100, row].map(u64::to_be_bytes).concat(), noise(n, 300));
            }
            store.commit(batch).unwrap();
        });
    });
    criterion.bench_function("device: point get", |bencher| {
        bencher.iter(|| {
            store.get(EPOCHS, &[next.fetch_add(1, Ordering::Relaxed) % 100, 3].map(u64::to_be_bytes).concat())
        });
    });
}

struct Place {
    store: Arc<SqliteStore>,
    runtime: Runtime,
    next: AtomicU64,
    _folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self::with(SqliteOptions::default())
    }

    fn with(options: SqliteOptions) -> Self {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(folder.path().join("store"), options).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { store: Arc::new(store), runtime, next: AtomicU64::new(0), _folder: folder }
    }

    /// Commits `count` batches from `writers` tasks, each waiting for its answer before the next.
    fn run(&self, writers: u64, count: u64, make: impl Fn(u64) -> Batch + Send + Sync + 'static) -> Duration {
        let make = Arc::new(make);
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        let next = Arc::new(AtomicU64::new(first));
        let begun = Instant::now();
        self.runtime.block_on(async {
            let tasks: Vec<_> = (0..writers.min(count))
                .map(|_| {
                    let (store, next, make) = (Arc::clone(&self.store), Arc::clone(&next), Arc::clone(&make));
                    tokio::spawn(async move {
                        loop {
                            let n = next.fetch_add(1, Ordering::Relaxed);
                            if n >= first + count {
                                return;
                            }
                            store.commit(make(n)).await.unwrap();
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        begun.elapsed()
    }

    fn fill(&self, queues: u64, each: u64) {
        self.run(32, each * queues.div_ceil(100), move |n| {
            let mut batch = Batch::new();
            let page = n / each * 100;
            for member in page..page + 100 {
                batch.append(vec![queue(member % queues)], noise(n, 512));
            }
            batch
        });
    }

    fn drain(&self, queues: u64, each: u64) -> Duration {
        let next = Arc::new(AtomicU64::new(0));
        let begun = Instant::now();
        self.runtime.block_on(async {
            let tasks: Vec<_> = (0..64)
                .map(|_| {
                    let (store, next) = (Arc::clone(&self.store), Arc::clone(&next));
                    tokio::spawn(async move {
                        loop {
                            let n = next.fetch_add(1, Ordering::Relaxed);
                            if n >= queues {
                                return;
                            }
                            drain_one(&store, queue(n), each).await;
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        begun.elapsed()
    }
}

async fn drain_one(store: &SqliteStore, queue: QueueKey, each: u64) {
    let limit = ReadLimit { entries: 64, bytes: 256 * 1024 };
    let mut after = Position(0);
    let mut seen = 0;
    loop {
        let entries = store.read(queue.clone(), after, limit).await.unwrap();
        let Some(last) = entries.last() else { break };
        seen += entries.len() as u64;
        after = last.position;
        let mut batch = Batch::new();
        batch.trim(queue.clone(), after);
        store.commit(batch).await.unwrap();
    }
    assert!(seen >= each, "a queue held {seen} entries");
}

/// A queue's name as long as a hash.
fn queue(n: u64) -> QueueKey {
    QueueKey::new([n.wrapping_mul(0x9E37_79B9_7F4A_7C15), n, !n, 7].map(u64::to_be_bytes).concat())
}

/// Bytes that do not compress (xorshift).
fn noise(seed: u64, size: usize) -> Bytes {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(size);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes.into()
}
