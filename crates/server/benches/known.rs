//! A million PDQ hashes: `cargo bench -p trefoil-server --bench known`. Prints what the index takes of memory, and measures
//! how long it takes to build it, to ask it, and, for comparison, to look at every hash instead; and to make the hash of a
//! photograph.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use std::{hint::black_box, io::Cursor, time::Duration};
use trefoil_server::safety::known::{Near, RADIUS, pdq_of};

const HASHES: usize = 1_000_000;
const QUERIES: usize = 10_000;

/// Hashes as PDQ's are: half of the bits are set. Every tenth query is near to one of them.
fn sample() -> (Vec<[u8; 32]>, Vec<[u8; 32]>) {
    let mut rng = StdRng::seed_from_u64(1);
    let hashes: Vec<[u8; 32]> = (0..HASHES).map(|_| rng.random()).collect();
    let queries = (0..QUERIES).map(|at| {
        let mut query: [u8; 32] = rng.random();
        if at % 10 == 0 {
            query = hashes[rng.random_range(0..HASHES)];
            for _ in 0..20 {
                let bit = rng.random_range(0..256);
                query[bit / 8] ^= 1 << (bit % 8);
            }
        }
        query
    });
    let queries = queries.collect();
    (hashes, queries)
}

fn ask(near: &Near, queries: &[[u8; 32]]) -> usize {
    let mut found = 0;
    for query in queries {
        near.within(black_box(query), RADIUS, |_, _| found += 1);
    }
    found
}

/// Looks at each hash, and stops looking at it once it is too far.
fn look_at_all(hashes: &[[u64; 4]], queries: &[[u64; 4]]) -> usize {
    let near = |one: &[u64; 4], other: &[u64; 4]| {
        let mut distance = 0;
        one.iter().zip(other).all(|(one, other)| {
            distance += (one ^ other).count_ones();
            distance <= RADIUS
        })
    };
    queries.iter().map(|query| hashes.iter().filter(|hash| near(hash, black_box(query))).count()).sum()
}

fn words(hashes: &[[u8; 32]]) -> Vec<[u64; 4]> {
    let words = |hash: &[u8; 32]| std::array::from_fn(|at| u64::from_be_bytes(hash.as_chunks().0[at]));
    hashes.iter().map(words).collect()
}

/// A JPEG of 12 million points, as a telephone takes it.
fn photograph() -> Vec<u8> {
    let mut rng = StdRng::seed_from_u64(2);
    let picture = RgbImage::from_fn(4000, 3000, |x, y| {
        let grain: u8 = rng.random_range(0..24);
        Rgb([x / 20, y / 20, (x * y) / 60_000].map(|colour| (colour as u8).wrapping_add(grain)))
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

fn known(criterion: &mut Criterion) {
    let (hashes, queries) = sample();
    let near = Near::new(hashes.clone()).unwrap();
    let found = ask(&near, &queries);
    println!("{HASHES} hashes take {:.1} MiB; {found} hits", near.memory() as f64 / f64::from(1 << 20));

    let mut group = criterion.benchmark_group("known");
    group.sample_size(10).measurement_time(Duration::from_secs(20));
    group.bench_function("build a million", |bencher| {
        bencher.iter_batched(|| hashes.clone(), |hashes| Near::new(hashes).unwrap(), BatchSize::PerIteration);
    });
    group.throughput(Throughput::Elements(QUERIES as u64));
    group.bench_function("10 000 queries", |bencher| bencher.iter(|| ask(&near, &queries)));
    let (hashes, few) = (words(&hashes), words(&queries[..100]));
    group.throughput(Throughput::Elements(few.len() as u64));
    group.bench_function("100 queries, all looked at", |bencher| bencher.iter(|| look_at_all(&hashes, &few)));
    let photograph = photograph();
    group.throughput(Throughput::Elements(1));
    group.bench_function("decode and hash 12 million points", |bencher| {
        bencher.iter(|| pdq_of(black_box(&photograph)).unwrap());
    });
    group.finish();
}

criterion_group!(benches, known);
criterion_main!(benches);
