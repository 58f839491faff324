#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    device_set::{
        ChainError, DeviceEntry, DeviceSet, DeviceSetChain, SetHash, SignedDeviceSet, Step, VerifiedSet,
    },
    gossip::{GossipError, SignedRoot},
    log::DirectoryRoot,
};
use akd::{
    AkdLabel, AkdValue, AzksParallelismConfig, Directory, WhatsAppV1Configuration,
    ecvrf::{HardCodedAkdVRF, VRFKeyStorage as _},
    storage::{StorageManager, memory::AsyncInMemoryDatabase},
};
use akd_core::verify::history::HistoryParams;
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use trefoil_proto::{
    DeviceUri, Domain, Month, Timestamp, UserUri, Wire as _,
    credential::{AccountKey, DeviceAuthorisation},
};

type Akd = Directory<WhatsAppV1Configuration, AsyncInMemoryDatabase, HardCodedAkdVRF>;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A directory of a service, as `akd` builds it.
struct World {
    runtime: tokio::runtime::Runtime,
    directory: Akd,
    vrf_key: [u8; 32],
    roots: Vec<[u8; 32]>,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let manager = StorageManager::new_no_cache(AsyncInMemoryDatabase::new());
        let directory = Akd::new(manager, HardCodedAkdVRF, AzksParallelismConfig::disabled());
        let directory = runtime.block_on(directory).unwrap();
        let vrf_key = runtime.block_on(HardCodedAkdVRF.get_vrf_public_key()).unwrap().to_bytes();
        Self { runtime, directory, vrf_key, roots: vec![EMPTY_ROOT] }
    }

    fn publish(&mut self, values: &[(&str, [u8; 32])]) {
        let label = |user: &str| AkdLabel(user_uri(user).to_string().into_bytes());
        let updates = values.iter().map(|(user, value)| (label(user), AkdValue(value.to_vec()))).collect();
        let epoch = self.runtime.block_on(self.directory.publish(updates)).unwrap();
        assert_eq!(epoch.0, self.roots.len() as u64);
        self.roots.push(epoch.1);
    }

    fn history(&self, user: &str) -> HistoryProof {
        let label = AkdLabel(user_uri(user).to_string().into_bytes());
        let made = self.directory.key_history(&label, HistoryParams::MostRecent(1));
        HistoryProof::from_akd(&self.runtime.block_on(made).unwrap().0).unwrap()
    }

    fn append_only(&self, epoch: u64) -> (AppendOnlyProof, akd::AppendOnlyProof) {
        let made = self.runtime.block_on(self.directory.audit(epoch - 1, epoch)).unwrap();
        (AppendOnlyProof::from_akd(&made.proofs[0]).unwrap(), made)
    }

    fn epoch(&self) -> u64 {
        self.roots.len() as u64 - 1
    }

    fn root(&self) -> DirectoryRoot {
        self.root_at(self.epoch())
    }

    fn root_at(&self, epoch: u64) -> DirectoryRoot {
        DirectoryRoot {
            directory: domain("a.example"),
            epoch,
            root: self.roots[usize::try_from(epoch).unwrap()],
            time: NOW,
            vrf_key_hash: DirectoryRoot::hash_of_vrf_key(&self.vrf_key),
            previous: if epoch > 1 { self.root_at(epoch - 1).hash() } else { [0; 32] },
        }
    }

    fn verify(&self, proof: &HistoryProof, user: &str) -> Result<Proven, ProofError> {
        proof.verify(&self.vrf_key, self.roots.last().unwrap(), self.epoch(), &user_uri(user))
    }
}

fn domain(name: &str) -> Domain {
    name.parse().unwrap()
}

fn user_uri(user: &str) -> UserUri {
    format!("mimi://a.example/u/{user}").parse().unwrap()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> [u8; 32] {
    key(seed).verifying_key().to_bytes()
}

#[test]
fn the_empty_directory_has_its_root() {
    let world = World::new();
    assert_eq!(trie::root(vec![]), Ok(EMPTY_ROOT));
    let azks = world.runtime.block_on(async {
        let manager = StorageManager::new_no_cache(AsyncInMemoryDatabase::new());
        let azks = akd::Azks::new::<WhatsAppV1Configuration, _>(&manager).await.unwrap();
        azks.get_root_hash::<WhatsAppV1Configuration, _>(&manager).await.unwrap()
    });
    assert_eq!(azks, EMPTY_ROOT);
}

#[test]
fn the_newest_value_is_proven_at_any_size_and_nothing_else_is() {
    let mut world = World::new();
    for round in 0..40_u8 {
        let fresh = format!("u{round}");
        world.publish(&[("ana", [round; 32]), (&fresh, [7; 32])]);
        let proof = world.history("ana");
        let proven = world.verify(&proof, "ana").unwrap();
        let epoch = u64::from(round) + 1;
        assert_eq!(proven, Proven { version: epoch, since: epoch, value: SetHash([round; 32]) });
        assert_eq!(HistoryProof::decode(&proof.encode()), Ok(proof.clone()));
        assert!(world.verify(&proof, &fresh).is_err());
        let elder = world.history("u0");
        assert_eq!(world.verify(&elder, "u0").unwrap().version, 1);
        // Under the root before, and at another epoch, it proves nothing.
        let before = &world.roots[world.roots.len() - 2];
        assert!(proof.verify(&world.vrf_key, before, epoch, &user_uri("ana")).is_err());
        if round > 0 {
            assert!(
                proof
                    .verify(&world.vrf_key, &world.roots[epoch as usize], epoch - 1, &user_uri("ana"))
                    .is_err()
            );
        }
    }
}

#[test]
fn no_altered_byte_of_a_proof_proves_something_else() {
    let mut world = World::new();
    for round in 0..6_u8 {
        world.publish(&[("ana", [round; 32]), ("ben", [round ^ 1; 32]), (&format!("u{round}"), [9; 32])]);
    }
    let proof = world.history("ana");
    let honest = world.verify(&proof, "ana").unwrap();
    let bytes = proof.encode();
    let mut taken = 0;
    for place in 0..bytes.len() {
        for flip in [0x01, 0x80] {
            let mut altered = bytes.clone();
            altered[place] ^= flip;
            if let Ok(altered) = HistoryProof::decode(&altered)
                && let Ok(proven) = world.verify(&altered, "ana")
            {
                assert_eq!(proven, honest, "byte {place}");
                taken += 1;
            }
        }
    }
    assert_eq!(taken, 0, "a second form of the same proof");
}

#[test]
fn an_absent_version_is_not_shown_by_a_node_on_the_way_to_it() {
    let mut world = World::new();
    for round in 0..20_u8 {
        world.publish(&[
            ("ana", [round; 32]),
            (&format!("u{round}"), [9; 32]),
            (&format!("v{round}"), [9; 32]),
        ]);
    }
    // The path to a leaf that is there, told as the absence of that leaf from each node on the way.
    let label = AkdLabel(user_uri("ana").to_string().into_bytes());
    let honest =
        world.runtime.block_on(world.directory.key_history(&label, HistoryParams::MostRecent(1))).unwrap().0;
    let present = honest.update_proofs[0].existence_proof.clone();
    let mut tried = 0;
    for (depth, step) in present.sibling_proofs.iter().enumerate() {
        let below = present.sibling_proofs.get(depth + 1).map_or(present.label, |next| next.label);
        let on_the_way = akd_core::AzksElement { label: below, value: present.hash_val };
        let children = if step.direction == akd_core::Direction::Left {
            [on_the_way, step.siblings[0]]
        } else {
            [step.siblings[0], on_the_way]
        };
        let claimed = akd_core::NonMembershipProof {
            label: present.label,
            longest_prefix: step.label,
            longest_prefix_children: children,
            longest_prefix_membership_proof: akd_core::MembershipProof {
                label: step.label,
                hash_val: present.hash_val,
                sibling_proofs: present.sibling_proofs[..depth].to_vec(),
            },
        };
        let path = path::AbsentPath::from_akd(&claimed).unwrap();
        assert_eq!(path.to_akd(present.label).unwrap_err(), ProofError::Path);
        tried += 1;
    }
    assert!(tried >= 2);
}

#[test]
fn each_epoch_follows_from_the_one_before_as_akd_finds_too() {
    let mut world = World::new();
    for round in 0..20_u8 {
        let fresh: Vec<String> = (0..round % 4 + 1).map(|number| format!("u{round}x{number}")).collect();
        let mut values: Vec<(&str, [u8; 32])> = fresh.iter().map(|user| (&user[..], [round; 32])).collect();
        values.push(("ana", [round; 32]));
        world.publish(&values);
    }
    for epoch in 1..=world.epoch() {
        let (proof, theirs) = world.append_only(epoch);
        let (before, after) = (world.roots[epoch as usize - 1], world.roots[epoch as usize]);
        assert_eq!(proof.verify(&before, &after, epoch), Ok(()), "epoch {epoch}");
        let verified = akd::auditor::audit_verify::<WhatsAppV1Configuration>(vec![before, after], theirs);
        world.runtime.block_on(verified).unwrap();
        assert_eq!(AppendOnlyProof::decode(&proof.encode()), Ok(proof.clone()));
        assert_eq!(proof.verify(&[1; 32], &after, epoch), Err(ProofError::OtherStart));
        assert_eq!(proof.verify(&before, &[1; 32], epoch), Err(ProofError::OtherEnd));
        assert_eq!(proof.verify(&before, &after, epoch + 1), Err(ProofError::OtherEnd));
    }
}

#[test]
fn a_node_above_an_inserted_leaf_is_refused() {
    // As in akd's own regression test: an unchanged node that stands above an inserted leaf would hide what was there.
    let node = |length| label::Node {
        label: label::Label::new(akd_core::NodeLabel::new([0; 32], length)).unwrap(),
        value: [length as u8; 32],
    };
    assert_eq!(trie::root(vec![node(1), node(256)]), Err(ProofError::Overlap));
    assert_eq!(trie::root(vec![node(256), node(256)]), Err(ProofError::Overlap));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_trie_is_hashed_as_akd_hashes_it(leaves in proptest::collection::btree_set(any::<[u8; 2]>(), 1..40)) {
        let elements: Vec<_> = leaves.iter().map(|bytes| {
            let mut value = [0; 32];
            value[..2].copy_from_slice(bytes);
            akd_core::AzksElement { label: akd_core::NodeLabel::new(value, 256), value: akd_core::AzksValue([bytes[0]; 32]) }
        }).collect();
        let ours = trie::root(elements.iter().map(|element| label::Node::from_akd(element).unwrap()).collect());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let theirs = runtime.block_on(async {
            let manager = StorageManager::new_no_cache(AsyncInMemoryDatabase::new());
            let mut azks = akd::Azks::new::<WhatsAppV1Configuration, _>(&manager).await.unwrap();
            let mode = akd::append_only_zks::InsertMode::Auditor;
            azks.batch_insert_nodes::<WhatsAppV1Configuration, _>(&manager, elements, mode, AzksParallelismConfig::disabled()).await.unwrap();
            azks.get_root_hash::<WhatsAppV1Configuration, _>(&manager).await.unwrap()
        });
        prop_assert_eq!(ours, Ok(theirs));
    }
}

/// A person with devices, and the sets that their account signed.
struct Person {
    account: SigningKey,
    sets: Vec<SignedDeviceSet>,
}

impl Person {
    fn new() -> Self {
        let account = key(1);
        let set = DeviceSet::first(user_uri("ana"), Month(600), AccountKey(public(1)), vec![entry(1)]);
        Self { sets: vec![SignedDeviceSet::by_account(set, &account)], account }
    }

    fn link(&mut self, device: u8) {
        let newest = &self.sets.last().unwrap().set;
        let devices = [newest.devices.clone(), vec![entry(device)]].concat();
        self.sets.push(SignedDeviceSet::by_account(newest.followed_by(devices), &self.account));
    }

    fn hash(&self) -> [u8; 32] {
        self.sets.last().unwrap().set.hash().0
    }
}

fn entry(device: u8) -> DeviceEntry {
    let uri: DeviceUri = format!("mimi://a.example/d/ana/d{device}").parse().unwrap();
    let authorisation = DeviceAuthorisation::sign(&key(1), &uri, &public(100 + device));
    DeviceEntry::new(uri.device, public(100 + device), &authorisation)
}

/// A proof under the newest root, signed by the service (key 50) and audited by two others (keys 51 and 52).
fn answer(world: &World, sets: &[SignedDeviceSet]) -> KeyProof {
    let root = world.root();
    let audit = |name, seed| AuditSignature::sign(&root, domain(name), NOW, &key(seed));
    KeyProof {
        audits: vec![audit("b.example", 51), audit("c.example", 52)],
        root: SignedRoot::sign(root.clone(), &key(50)),
        vrf_key: world.vrf_key,
        proof: world.history("ana"),
        chain: DeviceSetChain { sets: sets.to_vec() },
    }
}

fn keys() -> Vec<ServiceKey> {
    [("a.example", 50), ("b.example", 51), ("c.example", 52)]
        .map(|(name, seed)| ServiceKey { service: domain(name), key: public(seed) })
        .to_vec()
}

/// One of each structure, for the fuzz targets.
pub(crate) fn samples() -> (KeyProof, EpochRecord, ServiceKeys) {
    let (mut world, ana) = (World::new(), Person::new());
    for round in 0..5_u8 {
        world.publish(&[("ana", [round; 32]), (&format!("u{round}"), [7; 32])]);
    }
    let root = SignedRoot::sign(world.root(), &key(50));
    let record = EpochRecord { root, proof: world.append_only(world.epoch()).0 };
    (answer(&world, &ana.sets), record, ServiceKeys { keys: keys() })
}

#[test]
fn an_answer_is_taken_whole_or_not_at_all() {
    let (mut world, mut ana) = (World::new(), Person::new());
    world.publish(&[("ana", ana.hash()), ("ben", [1; 32])]);
    let keys = keys();
    let policy = Policy { keys: &keys, needed: 1, newest: None };
    let user = user_uri("ana");
    let first = answer(&world, &ana.sets);
    assert_eq!(KeyProof::decode(&first.encode()), Ok(first.clone()));
    let checked = first.clone().verify(&user, None, policy, NOW).unwrap();
    assert_eq!(checked.auditors, [domain("b.example"), domain("c.example")]);
    let Step::Changed(known, _) = checked.set else { panic!("no reset") };

    // A linked device leads on from what is known.
    ana.link(2);
    world.publish(&[("ana", ana.hash())]);
    let second = answer(&world, &ana.sets[1..]);
    let seen = Policy { newest: Some(&checked.root), ..policy };
    let next = second.clone().verify(&user, Some(&known), seen, NOW).unwrap();
    let Step::Changed(set, changes) = next.set else { panic!("no reset") };
    assert_eq!((set.set().devices.len(), changes.added.len()), (2, 1));

    // The directory as it was, once it was seen as it is.
    let later = Policy { newest: Some(&next.root), ..policy };
    let refused = first.clone().verify(&user, Some(&set), later, NOW).unwrap_err();
    assert_eq!(refused, DirectoryError::RolledBack { known: 2, told: 1 });

    // The same epoch with another root is evidence against the service.
    let mut forked = World::new();
    forked.publish(&[("ana", ana.hash())]);
    let refused = answer(&forked, &ana.sets).verify(&user, Some(&known), seen, NOW).unwrap_err();
    let DirectoryError::Split(evidence) = refused else { panic!("{refused}") };
    assert_eq!(evidence.verify().unwrap().at, 1);
    // A set that the directory does not prove, a chain that does not lead on.
    let swapped = answer(&world, &ana.sets[..1]).verify(&user, None, policy, NOW).unwrap_err();
    assert_eq!(swapped, DirectoryError::Chain(ChainError::NotProven));

    // Who signs, and when.
    let with = |audits: Vec<AuditSignature>| KeyProof { audits, ..second.clone() };
    let check = |proof: KeyProof, needed, now| {
        proof
            .verify(&user, Some(&known), Policy { needed, ..seen }, now)
            .map(|checked| checked.auditors.len())
    };
    let audit = |name, seed, time| AuditSignature::sign(&world.root(), domain(name), time, &key(seed));
    assert_eq!(check(with(vec![]), 1, NOW), Err(DirectoryError::Unaudited { found: 0, needed: 1 }));
    assert_eq!(check(with(vec![]), 0, NOW), Ok(0));
    let own = audit("a.example", 50, NOW);
    assert_eq!(check(with(vec![own]), 1, NOW), Err(DirectoryError::Unaudited { found: 0, needed: 1 }));
    let b = audit("b.example", 51, NOW);
    let twice = with(vec![b.clone(), b.clone()]);
    assert_eq!(check(twice, 2, NOW), Err(DirectoryError::Unaudited { found: 1, needed: 2 }));
    assert_eq!(check(second.clone(), 2, NOW), Ok(2));
    let late = NOW.plus_millis(KeyProof::MAX_AGE + 1);
    assert_eq!(check(second.clone(), 1, late), Err(DirectoryError::Stale));
    let ahead = with(vec![audit("b.example", 51, NOW.plus_millis(KeyProof::AHEAD + 1))]);
    assert_eq!(check(ahead, 1, NOW), Err(DirectoryError::Stale));
    let of_another = audit("b.example", 52, NOW);
    let none = Err(DirectoryError::Unaudited { found: 0, needed: 1 });
    assert_eq!(check(with(vec![of_another.clone()]), 1, NOW), none);
    assert_eq!(check(with(vec![of_another, audit("c.example", 52, NOW)]), 1, NOW), Ok(1));
    let too_many = vec![audit("c.example", 52, NOW); KeyProof::AUDITS + 1];
    assert_eq!(check(with(too_many), 1, NOW), Err(DirectoryError::BadAudit));
    // Two names with one key are one auditor, whose old signature is one as well.
    let two_names: Vec<_> =
        keys.iter().cloned().chain([ServiceKey { service: domain("d.example"), key: public(51) }]).collect();
    let under_two_names = |time| with(vec![audit("b.example", 51, time), audit("d.example", 51, time)]);
    let check_names = |time| {
        let policy = Policy { keys: &two_names, needed: 2, newest: seen.newest };
        under_two_names(time).verify(&user, Some(&known), policy, NOW).map(|checked| checked.auditors.len())
    };
    let alone = Err(DirectoryError::Unaudited { found: 1, needed: 2 });
    assert_eq!(check_names(NOW), alone);
    let long_ago = Timestamp(NOW.0 - KeyProof::MAX_AGE - 1);
    assert_eq!(check_names(long_ago), Err(DirectoryError::Unaudited { found: 0, needed: 2 }));
    let stranger = with(vec![audit("z.example", 60, NOW)]);
    assert_eq!(check(stranger, 1, NOW), Err(DirectoryError::Unaudited { found: 0, needed: 1 }));

    // Who signed the root, and under which VRF key.
    let unsigned = KeyProof { root: SignedRoot::sign(world.root(), &key(51)), ..second.clone() };
    assert_eq!(check(unsigned, 1, NOW), Err(DirectoryError::Root(GossipError::Unsigned)));
    let other_vrf = KeyProof { vrf_key: public(9), ..second.clone() };
    assert_eq!(check(other_vrf, 1, NOW), Err(DirectoryError::OtherVrfKey));
    let nobody = Policy { keys: &keys[1..], ..seen };
    let refused = second.clone().verify(&user, Some(&known), nobody, NOW).unwrap_err();
    assert_eq!(refused, DirectoryError::UnknownService);
    let ben = second.verify(&user_uri("ben"), None, policy, NOW).unwrap_err();
    assert!(matches!(ben, DirectoryError::Proof(_)), "{ben}");
}

#[test]
fn an_account_reset_waits_for_the_person() {
    let (mut world, ana) = (World::new(), Person::new());
    let known = VerifiedSet::first(ana.sets[0].clone()).unwrap();
    let reset = ana.sets[0].set.reset_to(AccountKey(public(2)), vec![]);
    let reset = SignedDeviceSet::by_account(reset, &key(2));
    let after = SignedDeviceSet::by_account(reset.set.followed_by(vec![]), &key(2));
    world.publish(&[("ana", after.set.hash().0)]);
    let keys = keys();
    let policy = Policy { keys: &keys, needed: 1, newest: None };
    let proof = answer(&world, &[reset, after.clone()]);
    let checked = proof.verify(&user_uri("ana"), Some(&known), policy, NOW).unwrap();
    let Step::Reset(pending) = checked.set else { panic!("a reset") };
    assert_eq!(pending.set(), &after.set);
}

#[test]
fn an_auditor_takes_epochs_in_order_from_the_first() {
    let mut world = World::new();
    let mut records = Vec::new();
    for round in 0..3_u8 {
        world.publish(&[("ana", [round; 32])]);
        let root = SignedRoot::sign(world.root(), &key(50));
        records.push(EpochRecord { root, proof: world.append_only(world.epoch()).0 });
    }
    let (a, public_key) = (domain("a.example"), public(50));
    let mut before: Option<DirectoryRoot> = None;
    for record in &records {
        assert_eq!(record.verify(&a, &public_key, before.as_ref()), Ok(()));
        assert_eq!(EpochRecord::decode(&record.encode()), Ok(record.clone()));
        before = Some(record.root.root.clone());
    }
    let verify =
        |record: &EpochRecord, before: Option<&DirectoryRoot>| record.verify(&a, &public_key, before);
    assert_eq!(verify(&records[1], None), Err(AuditError::OutOfOrder { expected: 1, told: 2 }));
    assert_eq!(
        verify(&records[2], Some(&records[0].root.root)),
        Err(AuditError::OutOfOrder { expected: 2, told: 3 })
    );
    assert!(matches!(records[0].verify(&a, &public(51), None), Err(AuditError::Root(_))));
    assert!(matches!(records[0].verify(&domain("b.example"), &public_key, None), Err(AuditError::Root(_))));
    // An epoch that takes something back: ana's history is made anew under the same number.
    let mut rewritten = World::new();
    rewritten.publish(&[("ana", [9; 32])]);
    rewritten.publish(&[("ana", [8; 32])]);
    let root = DirectoryRoot { previous: records[0].root.root.hash(), ..rewritten.root() };
    let root = SignedRoot::sign(root, &key(50));
    let forged = EpochRecord { root, proof: rewritten.append_only(2).0 };
    assert_eq!(verify(&forged, Some(&records[0].root.root)), Err(AuditError::Proof(ProofError::OtherStart)));
    // An epoch that nothing came into, under another VRF key, or with something that is no leaf.
    let nothing = AppendOnlyProof::decode(&[0, 0]).unwrap();
    let empty = EpochRecord { proof: nothing, ..records[1].clone() };
    assert_eq!(verify(&empty, Some(&records[0].root.root)), Err(AuditError::Proof(ProofError::Nothing)));
    let root = DirectoryRoot { previous: [1; 32], ..records[1].root.root.clone() };
    let unlinked = EpochRecord { root: SignedRoot::sign(root, &key(50)), ..records[1].clone() };
    assert_eq!(verify(&unlinked, Some(&records[0].root.root)), Err(AuditError::OtherHistory));
    let other_vrf = DirectoryRoot { vrf_key_hash: [1; 32], ..records[0].root.root.clone() };
    assert_eq!(verify(&records[1], Some(&other_vrf)), Err(AuditError::OtherVrfKey));
}
