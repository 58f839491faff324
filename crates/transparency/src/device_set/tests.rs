//! Chains of sets: what follows, what does not, and the encodings.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::mutations;
use ed25519_dalek::SigningKey;
use proptest::{collection::vec, prelude::*};
use std::collections::{BTreeMap, BTreeSet};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn account_key(key: &SigningKey) -> AccountKey {
    AccountKey(key.verifying_key().to_bytes())
}

fn user() -> UserUri {
    "mimi://a.example/u/u1".parse().unwrap()
}

fn id(device: u8) -> DeviceId {
    format!("d{device}").parse().unwrap()
}

fn uri(device: u8) -> DeviceUri {
    DeviceUri { domain: user().domain, user: user().id, device: id(device) }
}

/// The key of a device is that of its number plus 100.
fn device_key(device: u8) -> SigningKey {
    key(device.wrapping_add(100))
}

fn authorisation(account: &SigningKey, device: u8) -> DeviceAuthorisation {
    DeviceAuthorisation::sign(account, &uri(device), device_key(device).verifying_key().as_bytes())
}

fn entry(account: &SigningKey, device: u8) -> DeviceEntry {
    let signature_key = device_key(device).verifying_key().to_bytes();
    DeviceEntry::new(id(device), signature_key, &authorisation(account, device))
}

fn entries(account: &SigningKey, devices: &[u8]) -> Vec<DeviceEntry> {
    devices.iter().map(|device| entry(account, *device)).collect()
}

/// A verified first set of these devices under account key 1.
fn start(devices: &[u8]) -> VerifiedSet {
    let set = DeviceSet::first(user(), Month(600), account_key(&key(1)), entries(&key(1), devices));
    VerifiedSet::first(SignedDeviceSet::by_account(set, &key(1))).unwrap()
}

fn follow(known: &VerifiedSet, signed: SignedDeviceSet) -> Result<(VerifiedSet, Changes), ChainError> {
    match known.follow(signed)? {
        Step::Changed(set, changes) => Ok((set, changes)),
        Step::Reset(_) => panic!("a reset that was not expected"),
    }
}

fn with_devices(known: &VerifiedSet, devices: &[u8]) -> SignedDeviceSet {
    SignedDeviceSet::by_account(known.set().followed_by(entries(&key(1), devices)), &key(1))
}

#[test]
fn the_account_adds_and_removes_devices() {
    let known = start(&[1]);
    let (known, changes) = follow(&known, with_devices(&known, &[3, 1, 2])).unwrap();
    assert_eq!(changes, Changes { added: vec![id(2), id(3)], removed: vec![] });
    let (known, changes) = follow(&known, with_devices(&known, &[2])).unwrap();
    assert_eq!(changes, Changes { added: vec![], removed: vec![id(1), id(3)] });
    let (known, _) = follow(&known, with_devices(&known, &[])).unwrap();
    assert_eq!((known.set().sequence, known.set().devices.len()), (4, 0));
}

#[test]
fn a_device_takes_out_itself_and_nothing_else() {
    let known = start(&[1, 2, 3]);
    let by = |device: u8, signing: &SigningKey, left: &[u8]| {
        let set = known.set().followed_by(entries(&key(1), left));
        known.follow(SignedDeviceSet::by_device(set, id(device), signing))
    };
    assert!(matches!(by(2, &device_key(2), &[1, 3]), Ok(Step::Changed(..))));
    for left in [&[1, 2, 3, 4][..], &[1, 3, 4], &[2, 3], &[3], &[1, 2, 3], &[]] {
        assert_eq!(by(2, &device_key(2), left), Err(ChainError::WrongSigner), "{left:?}");
    }
    assert_eq!(by(2, &device_key(3), &[1, 3]), Err(ChainError::BadSignature));
    assert_eq!(by(9, &device_key(9), &[1, 2, 3]), Err(ChainError::WrongSigner));
}

#[test]
fn a_set_by_anyone_else_is_refused() {
    let known = start(&[1]);
    let next = known.set().followed_by(entries(&key(1), &[1, 2]));
    for stranger in [key(2), device_key(1), device_key(2)] {
        let signed = SignedDeviceSet::by_account(next.clone(), &stranger);
        assert_eq!(known.follow(signed), Err(ChainError::BadSignature));
    }
    let signed = SignedDeviceSet::by_account(next, &key(1));
    for bit in 0..512 {
        let mut altered = signed.clone();
        altered.signature[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(known.follow(altered), Err(ChainError::BadSignature), "bit {bit}");
    }
    let mut moved = signed;
    moved.signer = SetSigner::Device(id(1));
    assert_eq!(known.follow(moved), Err(ChainError::WrongSigner));
}

#[test]
fn a_new_account_key_is_loud_or_refused() {
    let known = start(&[1]);
    let new_key = key(7);
    let reset = known.set().reset_to(account_key(&new_key), entries(&new_key, &[1, 2]));

    let Step::Reset(pending) = known.follow(SignedDeviceSet::by_account(reset.clone(), &new_key)).unwrap()
    else {
        panic!("a reset that nobody is told of")
    };
    assert_eq!(pending.changes().added, [id(2)]);
    let accepted = pending.accept();
    assert_eq!(accepted.set(), &reset);

    let silent = DeviceSet { flags: SetFlags::default(), ..reset.clone() };
    let silent = SignedDeviceSet::by_account(silent, &new_key);
    assert_eq!(known.follow(silent), Err(ChainError::SilentReset));
    let by_old = SignedDeviceSet::by_account(reset.clone(), &key(1));
    assert_eq!(known.follow(by_old), Err(ChainError::BadSignature));
    let by_device = SignedDeviceSet::by_device(reset, id(1), &device_key(1));
    assert_eq!(known.follow(by_device), Err(ChainError::WrongSigner));
    let empty = known.set().reset_to(account_key(&key(1)), entries(&key(1), &[1]));
    let empty = SignedDeviceSet::by_account(empty, &key(1));
    assert_eq!(known.follow(empty), Err(ChainError::EmptyReset));
}

#[test]
fn an_account_does_not_grow_older_by_itself() {
    let known = start(&[1]);
    let older = DeviceSet { since: Month(500), ..known.set().followed_by(entries(&key(1), &[1, 2])) };
    let older = SignedDeviceSet::by_account(older, &key(1));
    assert_eq!(known.follow(older), Err(ChainError::OtherBeginning));
    let reset = known.set().reset_to(account_key(&key(7)), entries(&key(7), &[1]));
    let reset = DeviceSet { since: Month(500), ..reset };
    assert_eq!(known.follow(SignedDeviceSet::by_account(reset, &key(7))), Err(ChainError::OtherBeginning));
}

#[test]
fn another_history_is_refused() {
    let known = start(&[1]);
    let altered = |change: fn(&mut DeviceSet)| {
        let mut set = known.set().followed_by(entries(&key(1), &[1, 2]));
        change(&mut set);
        known.follow(SignedDeviceSet::by_account(set, &key(1)))
    };
    assert!(altered(|_| ()).is_ok());
    assert_eq!(altered(|set| set.sequence = 3), Err(ChainError::OutOfSequence));
    assert_eq!(altered(|set| set.sequence = 1), Err(ChainError::OutOfSequence));
    assert_eq!(altered(|set| set.sequence = 0), Err(ChainError::OutOfSequence));
    assert_eq!(altered(|set| set.previous = None), Err(ChainError::OutOfSequence));
    assert_eq!(altered(|set| set.previous = Some(SetHash([0; 32]))), Err(ChainError::OtherHistory));
    assert_eq!(altered(|set| set.user.id = "u2".parse().unwrap()), Err(ChainError::OtherPerson));
    assert_eq!(altered(|set| set.flags = SetFlags(2)), Err(ChainError::UnknownFlags));
    assert_eq!(altered(|set| set.devices.reverse()), Err(ChainError::UnorderedDevices));
    assert_eq!(altered(|set| set.devices.push(set.devices[1].clone())), Err(ChainError::UnorderedDevices));
    assert_eq!(
        altered(|set| set.devices[1].signature_key = set.devices[0].signature_key),
        Err(ChainError::UnorderedDevices)
    );
    assert_eq!(altered(|set| set.devices[0].signature_key[0] ^= 1), Err(ChainError::DeviceKeyChanged));
    assert_eq!(altered(|set| set.devices[0].credential_hash[0] ^= 1), Err(ChainError::DeviceKeyChanged));

    let many: Vec<u8> = (1..=u8::try_from(limits::DEVICES).unwrap() + 1).collect();
    assert!(follow(&known, with_devices(&known, &many[..limits::DEVICES])).is_ok());
    assert_eq!(known.follow(with_devices(&known, &many)), Err(ChainError::TooManyDevices));
}

#[test]
fn a_newcomer_takes_only_what_the_directory_proves() {
    let first = start(&[1, 2]);
    let added = with_devices(&first, &[1, 2, 3]);
    let (second, _) = follow(&first, added.clone()).unwrap();
    let left = SignedDeviceSet::by_device(
        second.set().followed_by(entries(&key(1), &[1, 3])),
        id(2),
        &device_key(2),
    );
    let (third, _) = follow(&second, left.clone()).unwrap();
    let chain = |sets: &[&SignedDeviceSet]| DeviceSetChain { sets: sets.iter().copied().cloned().collect() };

    assert_eq!(VerifiedSet::anchored(chain(&[&added, &left]), &third.hash()), Ok(third.clone()));
    assert_eq!(VerifiedSet::anchored(chain(&[&added]), &second.hash()), Ok(second.clone()));
    let refused =
        |sets: &[&SignedDeviceSet], proven: SetHash| VerifiedSet::anchored(chain(sets), &proven).unwrap_err();
    assert_eq!(refused(&[&added], third.hash()), ChainError::NotProven);
    assert_eq!(refused(&[&left], third.hash()), ChainError::WrongSigner);
    assert_eq!(refused(&[&left, &added], third.hash()), ChainError::WrongSigner);
    assert_eq!(refused(&[], third.hash()), ChainError::BadLength);
    assert_eq!(refused(&[&added; DeviceSetChain::LONGEST + 1], third.hash()), ChainError::BadLength);
    let reset = third.set().reset_to(account_key(&key(7)), vec![]);
    let reset = SignedDeviceSet::by_account(reset, &key(7));
    assert_eq!(refused(&[&added, &left, &reset], reset.set.hash()), ChainError::ResetAmidChain);
    assert!(VerifiedSet::anchored(chain(&[&reset]), &reset.set.hash()).is_ok());
    assert_eq!(VerifiedSet::first(added), Err(ChainError::OutOfSequence));
}

#[test]
fn a_leaf_that_its_owner_did_not_publish_is_a_ghost() {
    let known = start(&[1, 2]);
    let admits = |device: u8, key: &SigningKey, word: &DeviceAuthorisation| {
        known.admits(&uri(device), key.verifying_key().as_bytes(), word)
    };
    let honest = authorisation(&key(1), 1);
    assert_eq!(admits(1, &device_key(1), &honest), Ok(()));
    assert!(matches!(admits(1, &device_key(2), &honest), Err(LeafError::Unauthorised(_))));
    assert!(matches!(admits(2, &device_key(1), &honest), Err(LeafError::Unauthorised(_))));
    // The account signed for it, but it is not in the set: added by whoever has the key, unseen.
    assert_eq!(admits(3, &device_key(3), &authorisation(&key(1), 3)), Err(LeafError::UnknownDevice));
    assert_eq!(admits(1, &device_key(1), &authorisation(&key(2), 1)), Err(LeafError::OtherAccountKey));
    let swapped = DeviceAuthorisation::sign(&key(1), &uri(1), key(9).verifying_key().as_bytes());
    assert_eq!(admits(1, &key(9), &swapped), Err(LeafError::OtherKey));
    let other: DeviceUri = "mimi://b.example/d/u1/d1".parse().unwrap();
    let word = DeviceAuthorisation::sign(&key(1), &other, device_key(1).verifying_key().as_bytes());
    assert_eq!(
        known.admits(&other, device_key(1).verifying_key().as_bytes(), &word),
        Err(LeafError::OtherPerson)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any sequence of device lists that the account signs verifies, and its changes add up.
    #[test]
    fn honest_chains_verify(lists in vec(prop::collection::btree_set(0u8..40, 0..=limits::DEVICES), 1..6)) {
        let list = |set: &BTreeSet<u8>| set.iter().copied().collect::<Vec<_>>();
        let mut known = start(&list(&lists[0]));
        let mut present: BTreeSet<DeviceId> = lists[0].iter().map(|device| id(*device)).collect();
        for devices in &lists[1..] {
            let signed = with_devices(&known, &list(devices));
            prop_assert_eq!(SignedDeviceSet::decode(&signed.encode()), Ok(signed.clone()));
            let (next, changes) = follow(&known, signed).unwrap();
            for device in changes.added {
                prop_assert!(present.insert(device));
            }
            for device in changes.removed {
                prop_assert!(present.remove(&device));
            }
            prop_assert_eq!(&present, &devices.iter().map(|device| id(*device)).collect());
            known = next;
        }
    }

    /// A signed set with any byte changed does not decode, or does not follow.
    #[test]
    fn altered_sets_do_not_follow(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let known = start(&[1, 2]);
        let mut encoded = with_devices(&known, &[1, 2, 3]).encode();
        let at = at.index(encoded.len());
        encoded[at] ^= 1 << bit;
        if let Ok(signed) = SignedDeviceSet::decode(&encoded) {
            prop_assert!(known.follow(signed).is_err());
        }
    }
}

#[test]
fn encodings_stay_as_they_are() {
    let first = start(&[2, 1]);
    let signed = with_devices(&first, &[1]);
    let reset = first.set().reset_to(account_key(&key(7)), entries(&key(7), &[1]));
    let left = SignedDeviceSet::by_device(signed.set.clone(), id(2), &device_key(2));
    let samples = BTreeMap::from([
        ("first set", first.set().encode()),
        ("hash of the first set", first.hash().0.to_vec()),
        ("signed by the account", signed.encode()),
        ("signed by a device", left.encode()),
        ("account reset", reset.encode()),
        ("chain", DeviceSetChain { sets: vec![signed.clone()] }.encode()),
    ]);
    let lines =
        samples.iter().map(|(name, bytes)| format!("{name}: {}\n", data_encoding::HEXLOWER.encode(bytes)));
    insta::assert_snapshot!(lines.collect::<String>());
    mutations::of::<DeviceSet>(&samples["first set"]);
    mutations::of::<SignedDeviceSet>(&samples["signed by a device"]);
    mutations::of::<DeviceSetChain>(&samples["chain"]);
}
