//! What a service answers to a question by number, and the row of its key, for the fuzzer.

use super::{Buckets, KnownKey, Lookup, Sought};
use crate::fuzzing::Target;
use trefoil_proto::{
    Domain,
    discovery::{DiscoveryRequest, Tag},
};
use zeroize::Zeroizing;

pub(crate) const TARGETS: &[Target] =
    &[("client_discovery_answers", answers), ("client_discovery_key_row", key_row)];

fn domain() -> Domain {
    "phone.example".parse().expect("a domain")
}

/// The same bytes as both answers. Evaluations are never taken without a proof that fits the blind.
fn answers(input: &[u8]) -> bool {
    let number = "+15550100".parse().expect("a number");
    let (lookup, _) = Lookup::begin(domain(), &[number]).expect("one number is looked for");
    assert!(lookup.evaluated(input, None).is_err(), "taken without a proof");
    let number = "+15550100".parse().expect("a number");
    let sought = Sought { number, tag: Tag([5; 16]), key: Zeroizing::new([1; 32]), found: None };
    let asked = DiscoveryRequest::Buckets { bits: 0, prefixes: vec![0] };
    let buckets = Buckets { domain: domain(), bits: 0, sought: vec![sought], left: Vec::new(), asked };
    buckets.answered(input).is_ok()
}

fn key_row(input: &[u8]) -> bool {
    let Ok(key) = KnownKey::decode(input) else { return false };
    assert_eq!(key.encode(), input, "a second encoding");
    true
}

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use trefoil_proto::{
        Wire as _,
        discovery::{Bucket, DiscoveryResponse, Entry, SEALED},
        pin::Element,
    };
    let entry = |tag| Entry { tag: Tag([tag; 16]), sealed: [6; SEALED] };
    let bucket = Bucket { entries: vec![entry(4), entry(5)] };
    vec![
        ("client_discovery_answers", DiscoveryResponse::Buckets(vec![bucket]).encode()),
        ("client_discovery_key_row", KnownKey(Element([3; 32])).encode()),
    ]
}
