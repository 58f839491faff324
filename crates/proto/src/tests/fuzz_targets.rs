//! The fuzz targets, driven here with samples and a bounded number of mutations of them.

use super::samples;
use crate::fuzzing::{TARGETS, built, run};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use std::collections::BTreeSet;

#[test]
fn every_target_has_a_sample() {
    let targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| *name).collect();
    let sampled: BTreeSet<_> = samples::all().into_iter().map(|(name, _)| name).collect();
    assert_eq!(targets, sampled);
    assert_eq!(targets.len(), TARGETS.len());
}

#[test]
fn every_target_is_built_for_the_fuzzer() {
    let built = built(include_str!("../../../../fuzz/Cargo.toml"), "proto.rs");
    assert_eq!(built, TARGETS.iter().map(|(name, _)| *name).collect());
}

#[test]
fn targets_pass_over_samples() {
    for (name, sample) in samples::all() {
        run(name, &sample);
        run(name, &[]);
    }
}

/// One change of a sample: where, and what.
#[derive(Clone, Debug)]
enum Mutation {
    Set(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
    Cut(prop::sample::Index),
    Repeat(prop::sample::Index, prop::sample::Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = || any::<prop::sample::Index>();
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        1 => at().prop_map(Mutation::Remove),
        1 => (at(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        1 => at().prop_map(Mutation::Cut),
        1 => (at(), at()).prop_map(|(a, b)| Mutation::Repeat(a, b)),
    ]
}

fn mutate(input: &mut Vec<u8>, mutation: &Mutation) {
    let length = input.len();
    if length == 0 {
        return;
    }
    match mutation {
        Mutation::Set(at, byte) => input[at.index(length)] = *byte,
        Mutation::Remove(at) => {
            input.remove(at.index(length));
        }
        Mutation::Insert(at, bytes) => {
            let at = at.index(length);
            input.splice(at..at, bytes.iter().copied());
        }
        Mutation::Cut(at) => input.truncate(at.index(length)),
        Mutation::Repeat(a, b) => {
            let (a, b) = (a.index(length), b.index(length));
            let piece = input[a.min(b)..a.max(b)].to_vec();
            input.splice(a..a, piece);
        }
    }
}

#[test]
fn targets_pass_over_mutations() {
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    for (name, sample) in samples::all() {
        let mutations = prop::collection::vec(mutation(), 1..5);
        runner
            .run(&mutations, |mutations| {
                let mut input = sample.clone();
                mutations.iter().for_each(|mutation| mutate(&mut input, mutation));
                run(name, &input);
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn targets_pass_over_noise() {
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    for (name, _) in TARGETS {
        let noise = prop::collection::vec(any::<u8>(), 0..200);
        runner
            .run(&noise, |noise| {
                run(name, &noise);
                Ok(())
            })
            .unwrap();
    }
}
