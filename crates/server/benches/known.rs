//! A million PDQ hashes: `cargo bench -p trefoil-server --bench known`. Prints what the index takes of memory and at which rate
//! 10 000 images are decoded, hashed and matched; and measures how long it takes to build the index, to ask it, and, for
//! comparison, to look at every hash instead; and to make the hash of a photograph.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use std::{
    hint::black_box,
    io::Cursor,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};
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
    jpeg(2, 4000, 3000)
}

/// Colours that run into each other, with grain; another picture for each seed.
fn jpeg(seed: u64, width: u32, height: u32) -> Vec<u8> {
    let mut rng = StdRng::seed_from_u64(seed);
    let [a, b, c]: [u32; 3] = std::array::from_fn(|_| rng.random_range(10..40));
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let grain: u8 = rng.random_range(0..24);
        Rgb([x / a, y / b, (x * y) / (c * 3000)].map(|colour| (colour as u8).wrapping_add(grain)))
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// As many images as queries, of the size at which conversations carry them, each decoded, hashed and matched on as many
/// threads as there are cores. A hundred are different; each is done a hundred times, as if it were another.
fn match_images(near: &Near) {
    let images: Vec<Vec<u8>> = (0..100).map(|seed| jpeg(seed, 1280, 960)).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let started = Instant::now();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(at) = Some(next.fetch_add(1, Relaxed)).filter(|at| *at < QUERIES) {
                    let pdq = pdq_of(black_box(&images[at % images.len()])).unwrap();
                    near.within(&pdq.unwrap().hash, RADIUS, |_, distance| _ = black_box(distance));
                }
            });
        }
    });
    let took = started.elapsed().as_secs_f64();
    let peak = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| {
        status.lines().find_map(|line| line.strip_prefix("VmHWM:").map(|most| most.trim().to_owned()))
    });
    println!(
        "{QUERIES} images of 1280 × 960 decoded, hashed and matched in {took:.1} s on {threads} threads: {:.0}/s; the \
         process took at most {} of memory",
        QUERIES as f64 / took,
        peak.as_deref().unwrap_or("?")
    );
}

fn known(criterion: &mut Criterion) {
    let (hashes, queries) = sample();
    let near = Near::new(hashes.clone()).unwrap();
    let found = ask(&near, &queries);
    println!("{HASHES} hashes take {:.1} MiB; {found} hits", near.memory() as f64 / f64::from(1 << 20));
    match_images(&near);

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
