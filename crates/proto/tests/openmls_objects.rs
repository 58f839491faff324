//! Our walker of MLS objects against the MLS library: every kind of object that it makes, under both suites, ends
//! where we say it ends.
#![allow(clippy::unwrap_used)]

use openmls::{
    component::{ComponentData, ComponentType, ComponentsList},
    framing::SafeAadItem,
    messages::proposals_in::ProposalIn,
    prelude::{
        AppDataDictionary, AppDataDictionaryExtension, AppDataUpdateOperation, AppDataUpdateProposal,
        AppEphemeralProposal, BasicCredential, Capabilities, Ciphersuite, CredentialWithKey, Extension,
        ExtensionType, Extensions, GroupContext, GroupId, KeyPackage as MlsKeyPackage, KeyPackageBundle,
        LeafNodeIndex, LeafNodeParameters, MlsGroup, MlsGroupCreateConfig, MlsMessageBodyIn, MlsMessageIn,
        MlsMessageOut, Proposal, ProposalType,
    },
    schedule::{ExternalPsk, PreSharedKeyId, Psk},
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider as _;
use tls_codec::{DeserializeBytes, Serialize as _};
use trefoil_proto::{
    franking::{self, FRANK_AAD},
    mls::{Credential, GroupInfo, KeyPackage, MessageKind, MlsMessage, RatchetTree, safe_aad_data},
};

const SUITES: [Ciphersuite; 2] = [
    Ciphersuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519,
    Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
];
const ROOM: &[u8] = b"mimi://a.example/r/room";

struct Person {
    provider: OpenMlsRustCrypto,
    signer: SignatureKeyPair,
    credential: CredentialWithKey,
    suite: Ciphersuite,
}

impl Person {
    fn new(identity: &str, suite: Ciphersuite) -> Self {
        let provider = OpenMlsRustCrypto::default();
        let signer = SignatureKeyPair::new(suite.signature_algorithm()).unwrap();
        signer.store(provider.storage()).unwrap();
        let credential = CredentialWithKey {
            credential: BasicCredential::new(identity.into()).into(),
            signature_key: signer.public().into(),
        };
        Self { provider, signer, credential, suite }
    }

    fn key_package(&self) -> KeyPackageBundle {
        MlsKeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .mark_as_last_resort()
            .build(self.suite, &self.provider, &self.signer, self.credential.clone())
            .unwrap()
    }

    fn room(&self) -> MlsGroup {
        let mut dictionary = AppDataDictionary::new();
        let required = ComponentsList::new(vec![FRANK_AAD]).tls_serialize_detached().unwrap();
        dictionary.insert(ComponentType::SafeAad.into(), required);
        let extension = Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary));
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(self.suite)
            .wire_format_policy(openmls::group::MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
            .capabilities(capabilities())
            .use_ratchet_tree_extension(false)
            .with_group_context_extensions(Extensions::<GroupContext>::single(extension).unwrap())
            .build();
        let id = GroupId::from_slice(ROOM);
        MlsGroup::new_with_group_id(&self.provider, &self.signer, &config, id, self.credential.clone())
            .unwrap()
    }

    /// Commits what `proposals` says and everything pending; returns commit, Welcome, group info.
    fn commit(&self, room: &mut MlsGroup, proposals: Vec<Proposal>) -> Bundle {
        let mut stage = room
            .commit_builder()
            .add_proposals(proposals)
            .load_psks(self.provider.storage())
            .unwrap()
            .create_group_info(true);
        let mut updater = stage.app_data_dictionary_updater();
        for proposal in stage.app_data_update_proposals() {
            let component = proposal.component_id();
            match proposal.operation() {
                AppDataUpdateOperation::Update(data) => {
                    updater.set(ComponentData::from_parts(component, data.clone()));
                }
                AppDataUpdateOperation::Remove => updater.remove(&component),
            }
        }
        stage.with_app_data_dictionary_updates(updater.changes());
        let provider = &self.provider;
        let (commit, welcome, group_info) = stage
            .build(provider.rand(), provider.crypto(), &self.signer, |_| true)
            .unwrap()
            .stage_commit(provider)
            .unwrap()
            .into_messages();
        room.merge_pending_commit(provider).unwrap();
        Bundle {
            commit: bytes(&commit),
            welcome: welcome.as_ref().map(bytes),
            group_info: bytes(&group_info.unwrap()),
        }
    }
}

struct Bundle {
    commit: Vec<u8>,
    welcome: Option<Vec<u8>>,
    group_info: Vec<u8>,
}

fn capabilities() -> Capabilities {
    Capabilities::new(
        None,
        Some(&SUITES),
        Some(&[ExtensionType::AppDataDictionary]),
        Some(&[ProposalType::AppDataUpdate, ProposalType::AppEphemeral, ProposalType::SelfRemove]),
        None,
    )
}

fn bytes(message: &MlsMessageOut) -> Vec<u8> {
    message.tls_serialize_detached().unwrap()
}

/// Decoding takes exactly the object and leaves what follows; nothing shorter is an object.
fn delimits<T: DeserializeBytes + AsBytes>(object: &[u8]) -> T {
    for tail in [&[][..], &[0], &[0xff; 40]] {
        let with_tail = [object, tail].concat();
        let (decoded, rest) = T::tls_deserialize_bytes(&with_tail).unwrap();
        assert_eq!(rest, tail);
        assert_eq!(decoded.bytes(), object);
    }
    for length in 0..object.len() {
        assert!(T::tls_deserialize_bytes(&object[..length]).is_err(), "cut at {length} of {}", object.len());
    }
    T::tls_deserialize_bytes(object).unwrap().0
}

trait AsBytes {
    fn bytes(&self) -> &[u8];
}

macro_rules! as_bytes {
    ($($type:ty)*) => { $(impl AsBytes for $type { fn bytes(&self) -> &[u8] { self.as_bytes() } })* };
}
as_bytes!(MlsMessage KeyPackage GroupInfo RatchetTree Credential);

fn message(kind: MessageKind, encoded: &[u8]) -> MlsMessage {
    let message: MlsMessage = delimits(encoded);
    assert_eq!(message.kind(), kind);
    let trailing = [encoded, &[0]].concat();
    assert!(MlsMessage::parse(&trailing).is_err());
    message
}

fn framed(kind: MessageKind, encoded: &[u8], epoch: u64) -> MlsMessage {
    let message = message(kind, encoded);
    assert_eq!(message.group_id(), Some(ROOM));
    assert_eq!(message.epoch(), Some(epoch));
    message
}

/// What stands inside an `MLSMessage` after version and wire format.
fn body(message: &[u8]) -> &[u8] {
    &message[4..]
}

#[test]
fn credentials_and_key_packages() {
    for suite in SUITES {
        let alice = Person::new("mimi://a.example/d/alice/1", suite);
        let credential: Credential = delimits(&alice.credential.credential.tls_serialize_detached().unwrap());
        assert_eq!(credential.identity(), Some(&b"mimi://a.example/d/alice/1"[..]));
        assert_eq!(credential, Credential::basic(b"mimi://a.example/d/alice/1"));

        let bundle = alice.key_package();
        let raw = bundle.key_package().tls_serialize_detached().unwrap();
        assert_eq!(delimits::<KeyPackage>(&raw).ciphersuite(), u16::from(suite));
        let wrapped = bytes(&MlsMessageOut::from(bundle.key_package().clone()));
        message(MessageKind::KeyPackage, &wrapped);
        assert_eq!(body(&wrapped), raw);
    }
}

#[test]
fn commits_welcomes_group_infos_and_trees() {
    for suite in SUITES {
        let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| Person::new(name, suite));
        let mut room = alice.room();

        let add = |person: &Person| {
            let added =
                openmls::messages::proposals::AddProposal::from(person.key_package().key_package().clone());
            Proposal::Add(Box::new(added))
        };
        let update =
            Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::update(0x0022, b"list".to_vec())));
        room.set_safe_aad(vec![SafeAadItem::new(FRANK_AAD, vec![7; 32])]).unwrap();
        let added = alice.commit(&mut room, vec![add(&bob), add(&carol), update]);
        let commit = framed(MessageKind::Commit, &added.commit, 0);
        assert_eq!(safe_aad_data(commit.authenticated_data().unwrap(), FRANK_AAD), Some(&[7u8; 32][..]));
        message(MessageKind::Welcome, added.welcome.as_ref().unwrap());
        framed(MessageKind::GroupInfo, &added.group_info, 1);
        let info: GroupInfo = delimits(body(&added.group_info));
        assert_eq!((info.group_id(), info.epoch(), info.ciphersuite()), (ROOM, 1, suite.into()));

        let tree = room.export_ratchet_tree().tls_serialize_detached().unwrap();
        delimits::<RatchetTree>(&tree);

        let ephemeral = Proposal::AppEphemeral(Box::new(AppEphemeralProposal::new(1, b"data".to_vec())));
        let remove = Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::remove(0x0022)));
        for (epoch, proposals) in [(1, vec![]), (2, vec![ephemeral]), (3, vec![remove])] {
            framed(MessageKind::Commit, &alice.commit(&mut room, proposals).commit, epoch);
        }
        let removed = room
            .commit_builder()
            .propose_removals([LeafNodeIndex::new(2)])
            .load_psks(alice.provider.storage())
            .unwrap()
            .build(alice.provider.rand(), alice.provider.crypto(), &alice.signer, |_| true)
            .unwrap()
            .stage_commit(&alice.provider)
            .unwrap()
            .into_commit();
        framed(MessageKind::Commit, &bytes(&removed), 4);
    }
}

#[test]
fn an_external_commit() {
    for suite in SUITES {
        let [alice, bob] = ["alice", "bob"].map(|name| Person::new(name, suite));
        let room = alice.room();
        let info = room.export_group_info(alice.provider.crypto(), &alice.signer, true).unwrap();
        let info = MlsMessageIn::tls_deserialize_exact_bytes(&bytes(&info)).unwrap();
        let MlsMessageBodyIn::GroupInfo(info) = info.extract() else { panic!("a group info was exported") };
        let (_, bundle) = MlsGroup::external_commit_builder()
            .with_config(room.configuration().clone())
            .build_group(&bob.provider, info, bob.credential.clone())
            .unwrap()
            .leaf_node_parameters(LeafNodeParameters::builder().with_capabilities(capabilities()).build())
            .load_psks(bob.provider.storage())
            .unwrap()
            .build(bob.provider.rand(), bob.provider.crypto(), &bob.signer, |_| true)
            .unwrap()
            .finalize(&bob.provider)
            .unwrap();
        framed(MessageKind::Commit, &bytes(bundle.commit()), 0);
    }
}

#[test]
fn messages_and_their_franking_tags() {
    for suite in SUITES {
        let [alice, bob] = ["alice", "bob"].map(|name| Person::new(name, suite));
        let mut room = alice.room();
        let (_, _, _) = room
            .add_members(&alice.provider, &alice.signer, &[bob.key_package().key_package().clone()])
            .unwrap();
        room.merge_pending_commit(&alice.provider).unwrap();

        let tag = franking::tag(&[1; 16], b"content");
        let items = vec![
            SafeAadItem::new(FRANK_AAD, franking::safe_aad_item(&tag)),
            SafeAadItem::new(0x0030, vec![]),
        ];
        room.set_safe_aad(items).unwrap();
        let sent = room.create_message(&alice.provider, &alice.signer, b"content").unwrap();
        let sent = framed(MessageKind::Application, &bytes(&sent), 1);
        assert_eq!(sent.franking_tag(), Some(tag));

        let bare = room.create_message(&alice.provider, &alice.signer, b"content").unwrap();
        assert_eq!(framed(MessageKind::Application, &bytes(&bare), 1).franking_tag(), None);
    }
}

#[test]
fn proposals_sent_by_themselves() {
    for suite in SUITES {
        let [alice, bob] = ["alice", "bob"].map(|name| Person::new(name, suite));
        let mut room = alice.room();
        let bob_package = bob.key_package();
        let (_, _, _) =
            room.add_members(&alice.provider, &alice.signer, &[bob_package.key_package().clone()]).unwrap();
        room.merge_pending_commit(&alice.provider).unwrap();
        let (provider, signer) = (&alice.provider, &alice.signer);

        let added = Person::new("carol", suite).key_package();
        let (add, _) = room.propose_add_member(provider, signer, added.key_package()).unwrap();
        let (remove, _) = room.propose_remove_member(provider, signer, LeafNodeIndex::new(1)).unwrap();
        let (update, _) = room.propose_self_update(provider, signer, LeafNodeParameters::default()).unwrap();
        let operation = AppDataUpdateOperation::Update(b"list".to_vec().into());
        let (data, _) = room.propose_app_data_update(provider, signer, 0x0022, operation).unwrap();
        let psk = Psk::External(ExternalPsk::new(b"psk".to_vec()));
        let psk = PreSharedKeyId::new(suite, provider.rand(), psk).unwrap();
        psk.store(provider, b"secret").unwrap();
        let (psk, _) = room.propose_pre_shared_key(provider, signer, psk).unwrap();
        let extensions = room.extensions().clone();
        let (context, _) = room.propose_group_context_extensions(provider, extensions, signer).unwrap();
        let leave = room.leave_group_via_self_remove(provider, signer).unwrap();
        for proposal in [add, remove, update, data, psk, context, leave] {
            framed(MessageKind::Proposal, &bytes(&proposal), 1);
        }
    }
}

/// Kinds of proposal that the library reads but does not send by itself, in a frame of our own.
#[test]
fn proposals_that_the_library_only_reads() {
    let reinit = [&[0, 5, 3][..], b"new", &[0, 1, 0, 1, 0]].concat();
    let external_init = [&[0, 6, 4][..], b"seal"].concat();
    let ephemeral = [&[0, 9, 0x80, 1, 4][..], b"data"].concat();
    let resumption = [&[0, 4, 2, 1, 2][..], b"id", &[0, 0, 0, 0, 0, 0, 0, 9, 3], b"abc"].concat();
    let application = [&[0, 4, 3, 0x80, 1, 2][..], b"id", &[3], b"abc"].concat();
    let self_remove = vec![0, 10];
    for proposal in [reinit, external_init, ephemeral, resumption, application, self_remove] {
        ProposalIn::tls_deserialize_exact_bytes(&proposal).unwrap();
        let head = [&[0, 1, 0, 1, 23][..], ROOM, &[0, 0, 0, 0, 0, 0, 0, 5, 2, 0, 0, 0, 0, 0, 2]].concat();
        let framed_by_hand = [&head[..], &proposal, &[2, 0xaa, 0xbb]].concat();
        framed(MessageKind::Proposal, &framed_by_hand, 5);
    }
}

/// A room whose handshakes are private is none of ours, but its messages must be told apart.
#[test]
fn private_handshakes_are_told_apart() {
    for suite in SUITES {
        let alice = Person::new("alice", suite);
        let config = MlsGroupCreateConfig::builder().ciphersuite(suite).build();
        let id = GroupId::from_slice(ROOM);
        let mut room = MlsGroup::new_with_group_id(
            &alice.provider,
            &alice.signer,
            &config,
            id,
            alice.credential.clone(),
        )
        .unwrap();
        let bundle = room
            .self_update(&alice.provider, &alice.signer, LeafNodeParameters::default())
            .unwrap()
            .into_commit();
        framed(MessageKind::PrivateHandshake, &bytes(&bundle), 0);
    }
}
