//! Tests that span the crate: properties of every codec, snapshots of every encoding, the fuzz targets over mutated
//! samples, and the documents that describe the wire.

#![allow(clippy::unwrap_used)]

mod codecs;
mod documents;
mod errata;
mod fuzz_targets;
mod objects;
mod samples;
mod snapshots;
mod strategies;
