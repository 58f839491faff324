//! The bodies of the fuzz targets for this crate's decoders. `fuzz/` runs them under libFuzzer, a test over spoiled
//! samples. They exist in tests and under the feature `fuzzing` only.
//!
//! Beyond not panicking, each checks that an encoding is the only one of its value: what decodes encodes to the same
//! bytes.

use crate::{
    device_set::{DeviceSet, DeviceSetChain, SignedDeviceSet, VerifiedSet},
    directory::{
        AppendOnlyProof, AuditSignature, EpochRecord, HistoryProof, KeyProof, KeyProofRequest, ServiceKeys,
    },
    gossip::{Evidence, SignedRoot, SignedRoots},
    log::{
        ConsistencyProof, InclusionProof, LogEntry, LogKey, LogPolicy, LoggedEntry, OpenCheckpoint,
        Submission, TreeHead, WitnessKey, bundle, unbundle,
    },
};
use std::fmt::Debug;
use trefoil_proto::{
    Wire,
    fuzzing::{Decoder, run_in},
};

const TARGETS: &[(&str, Decoder)] = &[
    ("device_set", wire::<DeviceSet>),
    ("signed_device_set", wire::<SignedDeviceSet>),
    ("device_set_chain", chain),
    ("log_entry", wire::<LogEntry>),
    ("tree_head", wire::<TreeHead>),
    ("inclusion_proof", inclusion),
    ("consistency_proof", consistency),
    ("log_bundle", log_bundle),
    ("log_checkpoint", checkpoint),
    ("log_key", key),
    ("log_policy", policy),
    ("log_proof_file", proof_file),
    ("log_submission", submission),
    ("signed_root", wire::<SignedRoot>),
    ("signed_roots", wire::<SignedRoots>),
    ("evidence", evidence),
    ("history_proof", history),
    ("append_only_proof", append_only),
    ("epoch_record", wire::<EpochRecord>),
    ("audit_signature", wire::<AuditSignature>),
    ("key_proof", wire::<KeyProof>),
    ("key_proof_request", wire::<KeyProofRequest>),
    ("service_keys", wire::<ServiceKeys>),
];

/// Runs the target of a name; says whether the input was taken.
///
/// # Panics
/// If there is none of this name, or the input breaks what the target checks.
pub fn run(name: &str, input: &[u8]) -> bool {
    run_in(TARGETS, name, input)
}

fn wire<T: Wire + PartialEq + Debug>(input: &[u8]) -> bool {
    let Ok(value) = T::decode(input) else { return false };
    assert_eq!(value.encode(), input, "{} has a second encoding", T::NAME);
    true
}

/// A chain is verified from its first set on; what is verified is what was sent.
fn chain(input: &[u8]) -> bool {
    if !wire::<DeviceSetChain>(input) {
        return false;
    }
    let Ok(chain) = DeviceSetChain::decode(input) else { return false };
    if let Some(first) = chain.sets.first()
        && let Ok(verified) = VerifiedSet::first(first.clone())
    {
        assert_eq!(verified.set(), &first.set);
    }
    true
}

/// No proof proves that an entry is in an empty log.
fn inclusion(input: &[u8]) -> bool {
    let Ok(proof) = InclusionProof::decode(input) else { return false };
    assert_eq!(proof.encode(), input);
    assert!(proof.verify_leaf(&TreeHead::EMPTY, [1; 32]).is_err());
    true
}

/// No proof leads from a larger log to a smaller one.
fn consistency(input: &[u8]) -> bool {
    let Ok(proof) = ConsistencyProof::decode(input) else { return false };
    assert_eq!(proof.encode(), input);
    let head = |size| TreeHead { size, root: [size as u8; 32] };
    assert!(proof.verify(&head(5), &head(3)).is_err());
    true
}

fn log_bundle(input: &[u8]) -> bool {
    let Ok(entries) = unbundle(input) else { return false };
    assert_eq!(bundle(&entries), input);
    true
}

/// A checkpoint of this log that opens says the same when it is written again.
fn checkpoint(input: &[u8]) -> bool {
    let Ok(opened) = OpenCheckpoint::open(input, &log_key()) else { return false };
    let again = OpenCheckpoint::open(&opened.to_bytes(), &log_key()).expect("what opened is a checkpoint");
    assert_eq!((again.head(), again.origin()), (opened.head(), opened.origin()));
    true
}

/// The key of a log or of a witness, never of both.
fn key(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    let (log, witness) = (text.parse::<LogKey>(), text.parse::<WitnessKey>());
    assert!(log.is_err() || witness.is_err());
    assert!(log.as_ref().map_or(true, |key| key.to_string() == text));
    assert!(witness.as_ref().map_or(true, |key| key.to_string() == text));
    log.is_ok() || witness.is_ok()
}

/// A policy that is written and read again is the same.
fn policy(input: &[u8]) -> bool {
    let Some(policy) = std::str::from_utf8(input).ok().and_then(|text| text.parse::<LogPolicy>().ok()) else {
        return false;
    };
    let again = policy.to_string().parse::<LogPolicy>().expect("what was written is a policy");
    assert_eq!((again.to_string(), again.quorum()), (policy.to_string(), policy.quorum()));
    true
}

fn proof_file(input: &[u8]) -> bool {
    let Ok(logged) = LoggedEntry::from_file(input) else { return false };
    assert_eq!(logged.to_file(), input);
    true
}

fn submission(input: &[u8]) -> bool {
    let Ok(submission) = Submission::decode(input) else { return false };
    assert_eq!(submission.encode(), input);
    true
}

fn log_key() -> LogKey {
    let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes();
    LogKey::new("a.example/log", &key).expect("a name that a log may have")
}

/// No proof proves anything of a directory whose root is made up.
fn history(input: &[u8]) -> bool {
    if !wire::<HistoryProof>(input) {
        return false;
    }
    let Ok(proof) = HistoryProof::decode(input) else { return false };
    let user = "mimi://a.example/u/u1".parse().expect("a user's URI");
    assert!(proof.verify(&[2; 32], &[1; 32], u64::MAX, &user).is_err());
    true
}

/// No proof leads from one made-up root to another.
fn append_only(input: &[u8]) -> bool {
    if !wire::<AppendOnlyProof>(input) {
        return false;
    }
    let Ok(proof) = AppendOnlyProof::decode(input) else { return false };
    assert!(proof.verify(&[1; 32], &[2; 32], 1).is_err());
    true
}

fn evidence(input: &[u8]) -> bool {
    let Ok(evidence) = Evidence::from_file(input) else { return false };
    assert_eq!(evidence.to_file(), input);
    // Whoever it accuses, it says it twice in the same way.
    assert_eq!(evidence.verify(), evidence.verify());
    true
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{
        device_set::DeviceEntry,
        gossip::{Comparison, compare},
        log::{DirectoryRoot, LogSigner, MerkleLog, TrailHead, WitnessSigner},
    };
    use ed25519_dalek::SigningKey;
    use trefoil_proto::{
        Timestamp,
        credential::{AccountKey, DeviceAuthorisation},
        fuzzing::exercise,
    };

    fn root(hash: u8) -> DirectoryRoot {
        DirectoryRoot {
            directory: "a.example".parse().unwrap(),
            epoch: 3,
            root: [hash; 32],
            time: Timestamp(1_700_000_000_000),
            vrf_key_hash: [2; 32],
            previous: [5; 32],
        }
    }

    fn device_sets() -> (DeviceSet, SignedDeviceSet, DeviceSetChain) {
        let (account, device) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
        let uri = "mimi://a.example/d/u1/d1".parse().unwrap();
        let key = device.verifying_key().to_bytes();
        let authorisation = DeviceAuthorisation::sign(&account, &uri, &key);
        let entry = DeviceEntry::new(uri.device.clone(), key, &authorisation);
        let account_key = AccountKey(account.verifying_key().to_bytes());
        let first = DeviceSet::first(uri.user_uri(), trefoil_proto::Month(600), account_key, vec![entry]);
        let second = first.followed_by(vec![]);
        let sets =
            vec![SignedDeviceSet::by_account(first, &account), SignedDeviceSet::by_account(second, &account)];
        (sets[1].set.clone(), sets[1].clone(), DeviceSetChain { sets })
    }

    #[test]
    fn decoders_bear_what_is_made_of_their_samples() {
        let (set, signed_set, chain) = device_sets();
        let mut log = MerkleLog::new();
        let entries: Vec<_> = (0..7).map(|number| LogEntry::Directory(root(number))).collect();
        for entry in &entries {
            log.append(entry);
        }
        let key = SigningKey::from_bytes(&[1; 32]);
        let signed = |hash| SignedRoot::sign(root(hash), &key);
        let verified = |hash| signed(hash).verify(&key.verifying_key().to_bytes()).unwrap();
        let Comparison::Split(evidence) = compare(&verified(1), &verified(2)).unwrap() else {
            panic!("two roots of one epoch")
        };
        let (key_proof, record, keys) = crate::directory::samples();
        let request = KeyProofRequest { user: "mimi://a.example/u/u1".parse().unwrap(), known: Some(3) };
        let signer = LogSigner::new("a.example/log", key.clone()).unwrap();
        let witness =
            WitnessSigner::new("b.example/witness", SigningKey::from_bytes(&[3; 32])).unwrap().public();
        let policy = LogPolicy::new(log_key(), vec![witness], 1).unwrap();
        let checkpoint = signer.sign(&log.head());
        let opened = OpenCheckpoint::open(&checkpoint, &log_key()).unwrap();
        let logged = LoggedEntry {
            entry: entries[3].clone(),
            index: 3,
            hashes: log.prove_inclusion(3, 7).unwrap().hashes,
            checkpoint: checkpoint.clone(),
        };
        let samples = [
            ("device_set", set.encode()),
            ("signed_device_set", signed_set.encode()),
            ("device_set_chain", chain.encode()),
            ("log_entry", entries[0].encode()),
            ("log_entry", LogEntry::Trail(TrailHead { number: 7, hash: [8; 32] }).encode()),
            ("tree_head", log.head().encode()),
            ("inclusion_proof", log.prove_inclusion(3, 7).unwrap().encode()),
            ("consistency_proof", log.prove_consistency(3, 7).unwrap().encode()),
            ("log_bundle", bundle(&entries)),
            ("log_checkpoint", checkpoint),
            ("log_key", log_key().to_string().into_bytes()),
            ("log_policy", policy.to_string().into_bytes()),
            ("log_proof_file", logged.to_file()),
            ("log_submission", Submission::new(&log.prove_consistency(3, 7).unwrap(), &opened).encode()),
            ("signed_root", signed(1).encode()),
            ("signed_roots", SignedRoots { roots: vec![signed(1), signed(2)] }.encode()),
            ("evidence", evidence.to_file()),
            ("history_proof", key_proof.proof.encode()),
            ("append_only_proof", record.proof.encode()),
            ("epoch_record", record.encode()),
            ("audit_signature", key_proof.audits[0].encode()),
            ("key_proof", key_proof.encode()),
            ("key_proof_request", request.encode()),
            ("service_keys", keys.encode()),
        ];
        exercise(TARGETS, &samples, include_str!("../../../fuzz/Cargo.toml"), "transparency.rs");
    }
}
