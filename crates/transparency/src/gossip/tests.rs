//! Two people compare, and a stranger checks what they found.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    log::{DirectoryRoot, LogSigner, TreeHead},
    mutations,
};
use ed25519_dalek::SigningKey;
use trefoil_proto::{Timestamp, Wire as _};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> [u8; 32] {
    key(seed).verifying_key().to_bytes()
}

fn root(epoch: u64, hash: u8) -> DirectoryRoot {
    DirectoryRoot {
        directory: "a.example".parse().unwrap(),
        epoch,
        root: [hash; 32],
        time: Timestamp(1_700_000_000_000),
        vrf_key_hash: [9; 32],
        previous: [7; 32],
    }
}

fn verified(root: DirectoryRoot) -> VerifiedRoot {
    SignedRoot::sign(root, &key(1)).verify(&public(1)).unwrap()
}

#[test]
fn two_people_shown_different_directories_find_out() {
    let known = verified(root(5, 1));
    assert_eq!(compare(&known, &verified(root(5, 1))), Ok(Comparison::Same));
    assert_eq!(compare(&known, &verified(root(3, 2))), Ok(Comparison::Older));
    assert_eq!(compare(&known, &verified(root(7, 2))), Ok(Comparison::Newer));
    // The next one says what it follows: this one, or another history.
    let next = DirectoryRoot { previous: root(5, 1).hash(), ..root(6, 2) };
    assert_eq!(compare(&known, &verified(next.clone())), Ok(Comparison::Newer));
    assert_eq!(compare(&verified(next), &known), Ok(Comparison::Older));
    for (one, other) in [(root(5, 1), root(6, 2)), (root(6, 2), root(5, 1))] {
        let Ok(Comparison::Split(evidence)) = compare(&verified(one), &verified(other)) else {
            panic!("another history")
        };
        assert_eq!(
            evidence.verify().map(|split| (split.at, split.roots[0] == split.roots[1])),
            Ok((5, false))
        );
    }
    let later = DirectoryRoot { time: Timestamp(1_700_000_001_000), ..root(5, 1) };
    assert_eq!(compare(&known, &verified(later)), Ok(Comparison::Same));

    let Comparison::Split(evidence) = compare(&known, &verified(root(5, 2))).unwrap() else {
        panic!("a split view that nobody noticed")
    };
    let evidence = Evidence::from_file(&evidence.to_file()).unwrap();
    let split = evidence.verify().unwrap();
    assert_eq!(split.accused, Accused::Directory("a.example".parse().unwrap()));
    assert_eq!((split.at, split.key, split.roots), (5, public(1), [[1; 32], [2; 32]]));
    let other_vrf = DirectoryRoot { vrf_key_hash: [8; 32], ..root(5, 1) };
    assert!(matches!(compare(&known, &verified(other_vrf)), Ok(Comparison::Split(_))));

    let elsewhere = DirectoryRoot { directory: "b.example".parse().unwrap(), ..root(5, 2) };
    assert_eq!(compare(&known, &verified(elsewhere)), Err(GossipError::OtherDirectory));
    let other_key = SignedRoot::sign(root(5, 2), &key(2)).verify(&public(2)).unwrap();
    assert_eq!(compare(&known, &other_key), Err(GossipError::OtherDirectory));
}

#[test]
fn a_root_is_signed_by_its_service() {
    let signed = SignedRoot::sign(root(5, 1), &key(1));
    assert_eq!(signed.clone().verify(&public(2)), Err(GossipError::Unsigned));
    let sample = signed.encode();
    for at in 0..sample.len() {
        let mut altered = sample.clone();
        altered[at] ^= 1;
        if let Ok(altered) = SignedRoot::decode(&altered) {
            assert_eq!(altered.verify(&public(1)), Err(GossipError::Unsigned), "byte {at}");
        }
    }
}

#[test]
fn nobody_is_framed() {
    let roots = |first: SignedRoot, second: SignedRoot| {
        Evidence::Roots { key: public(1), first, second }.verify().unwrap_err()
    };
    let honest = SignedRoot::sign(root(5, 1), &key(1));
    let made_up = SignedRoot::sign(root(5, 2), &key(2));
    assert_eq!(roots(honest.clone(), made_up.clone()), EvidenceError::Unsigned);
    assert_eq!(roots(made_up, honest.clone()), EvidenceError::Unsigned);
    for harmless in [
        honest.clone(),
        SignedRoot::sign(root(7, 2), &key(1)),
        SignedRoot::sign(DirectoryRoot { directory: "b.example".parse().unwrap(), ..root(5, 2) }, &key(1)),
    ] {
        assert_eq!(roots(honest.clone(), harmless), EvidenceError::NoContradiction);
    }
}

#[test]
fn a_forked_log_is_proven_by_its_own_checkpoints() {
    let note = |seed: u8, name: &str, size: u64, hash: u8| {
        LogSigner::new(name, key(seed)).unwrap().sign(&TreeHead { size, root: [hash; 32] })
    };
    let evidence = |second: Vec<u8>| {
        let (log, first) = (b"a.example/log".to_vec(), note(1, "a.example/log", 7, 1));
        Evidence::Checkpoints { log, key: public(1), first, second }
    };
    let fork = evidence(note(1, "a.example/log", 7, 2));
    let split = Evidence::from_file(&fork.to_file()).unwrap().verify().unwrap();
    assert_eq!((split.accused, split.at), (Accused::Log("a.example/log".into()), 7));
    for (second, refused) in [
        (note(1, "a.example/log", 7, 1), EvidenceError::NoContradiction),
        (note(1, "a.example/log", 8, 2), EvidenceError::NoContradiction),
        (note(2, "a.example/log", 7, 2), EvidenceError::Unsigned),
        (note(1, "b.example/log", 7, 2), EvidenceError::Unsigned),
        (b"no note".to_vec(), EvidenceError::Unsigned),
    ] {
        assert_eq!(evidence(second).verify(), Err(refused));
    }
    mutations::of::<Evidence>(&fork.encode());
}

#[test]
fn encodings_stay_as_they_are() {
    let (first, second) = (SignedRoot::sign(root(5, 1), &key(1)), SignedRoot::sign(root(5, 2), &key(1)));
    let evidence = Evidence::Roots { key: public(1), first: first.clone(), second };
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    insta::assert_snapshot!(format!(
        "signed root: {}\nfile of evidence: {}",
        hex(&first.encode()),
        hex(&evidence.to_file())
    ));
    mutations::of::<SignedRoot>(&first.encode());
    mutations::of::<Evidence>(&evidence.encode());
    for bad in [&b""[..], b"trefoil evidence v2\n", &evidence.encode()] {
        assert!(matches!(Evidence::from_file(bad), Err(EvidenceError::Malformed(_))));
    }
}
