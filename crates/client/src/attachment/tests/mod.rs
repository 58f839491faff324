//! Tests of the format, its attacks, the transfers and the cleaning of pictures.
#![allow(clippy::unwrap_used)]

mod attack;
mod format;
mod pictures;
mod transfers;

use super::*;
use rand::{SeedableRng as _, rngs::StdRng};

/// Deterministic bytes that do not repeat from chunk to chunk.
pub(super) fn file(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at.wrapping_mul(31) ^ (at >> 8) ^ (at >> 16)) as u8).collect()
}

pub(super) fn key(seed: u64) -> FileKey {
    fresh_key(&mut StdRng::seed_from_u64(seed))
}

pub(super) fn survey(plaintext: &[u8], key: FileKey) -> Plan {
    let mut survey = Survey::new(key, plaintext.len() as u64).unwrap();
    survey.feed(plaintext).unwrap();
    survey.finish().unwrap()
}

pub(super) fn seal(plan: &Plan, plaintext: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::new();
    let mut sealer = Sealer::new(plan);
    sealer.feed(plaintext, &mut sealed).unwrap();
    sealer.finish(&mut sealed).unwrap();
    sealed
}

pub(super) fn describe(plan: &Plan) -> Descriptor {
    plan.describe("https://a.example/v1/media/x".into(), Label::default())
}

fn open(file: &Descriptor, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let (mut opener, mut opened) = (Opener::new(file), Vec::new());
    opener.feed(sealed, &mut opened)?;
    opener.finish()?;
    Ok(opened)
}
