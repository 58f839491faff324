//! Devices for tests and benches: openmls used directly, with the group configuration of our rooms.

use ed25519_dalek::SigningKey;
use openmls::{
    component::{ComponentData, ComponentType, ComponentsList},
    prelude::*,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::{OpenMlsRustCrypto, RustCrypto};
use openmls_traits::{crypto::OpenMlsCrypto, types::Ciphersuite};
use tls_codec::Serialize as _;
use trefoil_proto::{
    DeviceUri, RoomUri, UserUri, Wire as _,
    credential::{DEVICE_AUTHORISATION, DeviceAuthorisation},
    edge::CreateRoomRequest,
    franking::{self, FRANK_AAD, FRANKING_AGENT, FrankingAgentData, SenderFrank},
    mimi::{
        FanoutMessage, Protocol, SubmitMessageRequest, UpdateRequest,
        fanout::RoomEvent,
        submit::Delivery,
        update::{GroupInfoOption, RatchetTreeOption},
    },
    mls::{GroupInfo as RawGroupInfo, MlsMessage, RatchetTree as RawTree},
    room::{
        INVITATIONS, Invitations, InvitationsUpdate, PARTICIPANT_LIST, ParticipantList,
        ParticipantListUpdate, ROLES_LIST, ROOM_METADATA, Role, RolesList, RoomKind, RoomMetadata,
        UserRolePair,
    },
};

/// The fallback suite: as good as the hybrid one for what the hub decides, and faster.
pub const CLASSICAL: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
/// The default suite.
pub const HYBRID: Ciphersuite = Ciphersuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519;

/// A person with their account key.
pub struct Person {
    pub user: UserUri,
    pub key: SigningKey,
}

impl Person {
    /// A person at a domain. The name decides id and key.
    pub fn new(domain: &str, name: &str) -> Self {
        let mut seed = [7; 32];
        seed[..name.len()].copy_from_slice(name.as_bytes());
        Self {
            user: format!("mimi://{domain}/u/{name}").parse().unwrap(),
            key: SigningKey::from_bytes(&seed),
        }
    }

    /// A device of theirs.
    pub fn device(&self, name: &str) -> Device {
        let uri: DeviceUri =
            format!("mimi://{}/d/{}/{name}", self.user.domain, self.user.id).parse().unwrap();
        Device::authorised_by(&self.key, uri)
    }
}

/// A device with its state of one group.
pub struct Device {
    pub uri: DeviceUri,
    pub provider: OpenMlsRustCrypto,
    pub signer: SignatureKeyPair,
    pub authorisation: DeviceAuthorisation,
    pub group: Option<MlsGroup>,
}

impl Device {
    /// A device with someone's word for it, not necessarily its owner's.
    pub fn authorised_by(key: &SigningKey, uri: DeviceUri) -> Self {
        let signer = SignatureKeyPair::new(SignatureScheme::ED25519).unwrap();
        let authorisation = DeviceAuthorisation::sign(key, &uri, signer.public());
        Self { uri, provider: OpenMlsRustCrypto::default(), signer, authorisation, group: None }
    }

    pub fn group(&self) -> &MlsGroup {
        self.group.as_ref().unwrap()
    }

    fn credential(&self) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(self.uri.to_string().into_bytes()).into(),
            signature_key: self.signer.public().into(),
        }
    }

    fn leaf_extensions(&self) -> Extensions<LeafNode> {
        let mut dictionary = AppDataDictionary::new();
        dictionary.insert(ComponentType::SafeAad.into(), safe_aad_components());
        dictionary.insert(DEVICE_AUTHORISATION, self.authorisation.encode());
        Extensions::single(Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary))).unwrap()
    }

    /// Begins a room as our clients do; `change` may spoil the components.
    pub fn begin(
        &mut self,
        room: &RoomUri,
        agent: &FrankingAgentData,
        suite: Ciphersuite,
        change: impl FnOnce(&mut AppDataDictionary),
    ) -> CreateRoomRequest {
        let list = ParticipantList {
            participants: vec![UserRolePair { user: self.uri.user_uri(), role: Role::ADMIN }],
        };
        let mut dictionary = AppDataDictionary::new();
        dictionary.insert(ComponentType::SafeAad.into(), safe_aad_components());
        dictionary.insert(FRANKING_AGENT, agent.encode());
        dictionary.insert(PARTICIPANT_LIST, list.encode());
        let metadata = RoomMetadata::named(room.clone(), "Tea".parse().unwrap());
        dictionary.insert(ROOM_METADATA, metadata.tls_serialize_detached().unwrap());
        dictionary.insert(ROLES_LIST, RolesList::of(RoomKind::Discussion).tls_serialize_detached().unwrap());
        change(&mut dictionary);
        let extensions = Extensions::from_vec(vec![
            Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(
                &[ExtensionType::AppDataDictionary],
                &[ProposalType::AppDataUpdate, ProposalType::SelfRemove],
                &[CredentialType::Basic],
            )),
            Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary)),
        ]);
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(suite)
            .capabilities(capabilities())
            .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(false)
            .max_past_epochs(1)
            .with_group_context_extensions(extensions.unwrap())
            .with_leaf_node_extensions(self.leaf_extensions())
            .unwrap()
            .build();
        let id = GroupId::from_slice(room.to_string().as_bytes());
        let group = MlsGroup::new_with_group_id(&self.provider, &self.signer, &config, id, self.credential())
            .unwrap();
        let info = group.export_group_info(self.provider.crypto(), &self.signer, false).unwrap();
        let tree = group.export_ratchet_tree().tls_serialize_detached().unwrap();
        self.group = Some(group);
        CreateRoomRequest {
            room: room.clone(),
            group_info: raw_group_info(&info),
            ratchet_tree: RatchetTreeOption::Full(RawTree::parse(&tree).unwrap()),
        }
    }

    /// A fresh key package.
    pub fn key_package(&self, suite: Ciphersuite) -> KeyPackage {
        self.key_package_by(&self.provider, suite)
    }

    /// The same, made by other cryptography than an honest client's.
    pub fn key_package_by(&self, provider: &impl OpenMlsProvider, suite: Ciphersuite) -> KeyPackage {
        KeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .leaf_node_extensions(self.leaf_extensions())
            .build(suite, provider, &self.signer, self.credential())
            .unwrap()
            .key_package()
            .clone()
    }

    /// What the device knows of the participants.
    pub fn participants(&self) -> ParticipantList {
        let dictionary = self.group().extensions().app_data_dictionary().unwrap().dictionary();
        ParticipantList::decode(dictionary.get(&PARTICIPANT_LIST).unwrap()).unwrap()
    }

    /// The place of a device in the tree.
    pub fn index_of(&self, device: &DeviceUri) -> LeafNodeIndex {
        let identity = device.to_string().into_bytes();
        let is = |member: &Member| member.credential.serialized_content() == identity;
        self.group().members().find(is).unwrap().index
    }

    /// Commits, and waits for the hub's word: the commit is pending.
    pub fn commit(
        &mut self,
        add: Vec<KeyPackage>,
        remove: Vec<LeafNodeIndex>,
        update: Option<ParticipantListUpdate>,
    ) -> UpdateRequest {
        let after = update.as_ref().map(|update| self.participants().apply(update).unwrap());
        let update = update.map(|update| (PARTICIPANT_LIST, update.encode(), after.unwrap().encode()));
        self.commit_components(add, remove, update.into_iter().collect())
    }

    /// As [`Self::commit`], with any components: id, operation, value afterwards.
    pub fn commit_components(
        &mut self,
        add: Vec<KeyPackage>,
        remove: Vec<LeafNodeIndex>,
        components: Vec<(u16, Vec<u8>, Vec<u8>)>,
    ) -> UpdateRequest {
        self.commit_by(&RustCrypto::default(), add, remove, components)
    }

    /// As [`Self::commit_components`], computed by other cryptography than an honest client's.
    pub fn commit_by(
        &mut self,
        crypto: &impl OpenMlsCrypto,
        add: Vec<KeyPackage>,
        remove: Vec<LeafNodeIndex>,
        components: Vec<(u16, Vec<u8>, Vec<u8>)>,
    ) -> UpdateRequest {
        let group = self.group.as_mut().unwrap();
        let updates = components.iter().map(|(id, operation, _)| {
            Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::update(*id, operation.clone())))
        });
        let mut stage = group
            .commit_builder()
            .force_self_update(true)
            .propose_adds(add)
            .propose_removals(remove)
            .add_proposals(updates)
            .load_psks(self.provider.storage())
            .unwrap();
        let mut updater = stage.app_data_dictionary_updater();
        for (id, _, value) in components {
            updater.set(ComponentData::from_parts(id, value.into()));
        }
        let changes = updater.changes();
        stage.with_app_data_dictionary_updates(changes);
        let bundle = stage
            .create_group_info(true)
            .use_ratchet_tree_extension(false)
            .build(self.provider.rand(), crypto, &self.signer, |_| true)
            .unwrap()
            .stage_commit(&self.provider)
            .unwrap();
        let (commit, welcome, info) = bundle.into_messages();
        UpdateRequest::Commit {
            commit: raw(&commit),
            welcome: welcome.map(|welcome| raw(&welcome)),
            group_info: GroupInfoOption::Full(raw_group_info(&info.unwrap())),
            ratchet_tree: RatchetTreeOption::DistributionService,
        }
    }

    /// The hub took the pending commit.
    pub fn merge(&mut self) {
        self.group.as_mut().unwrap().merge_pending_commit(&self.provider).unwrap();
    }

    /// The hub refused the pending commit.
    pub fn give_up(&mut self) {
        self.group.as_mut().unwrap().clear_pending_commit(self.provider.storage()).unwrap();
    }

    /// A proposal to leave.
    pub fn leave(&mut self) -> UpdateRequest {
        let proposal =
            self.group.as_mut().unwrap().leave_group_via_self_remove(&self.provider, &self.signer).unwrap();
        UpdateRequest::Proposals { first: raw(&proposal), more: Vec::new() }
    }

    /// A proposal to remove somebody.
    pub fn propose_removal(&mut self, index: LeafNodeIndex) -> UpdateRequest {
        let group = self.group.as_mut().unwrap();
        let (proposal, _) = group.propose_remove_member(&self.provider, &self.signer, index).unwrap();
        UpdateRequest::Proposals { first: raw(&proposal), more: Vec::new() }
    }

    /// Joins by external commit.
    pub fn join(&mut self, info: &RawGroupInfo, tree: &RawTree) -> UpdateRequest {
        self.join_with(info, tree, vec![])
    }

    /// As [`Self::join`], with components: id, operation, value afterwards.
    pub fn join_with(
        &mut self,
        info: &RawGroupInfo,
        tree: &RawTree,
        components: Vec<(u16, Vec<u8>, Vec<u8>)>,
    ) -> UpdateRequest {
        let mut header = vec![0, 1, 0, 4];
        header.extend_from_slice(info.as_bytes());
        let MlsMessageBodyIn::GroupInfo(info) =
            MlsMessageIn::tls_deserialize_exact_bytes(&header).unwrap().extract()
        else {
            panic!("not a group info");
        };
        let tree = RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes()).unwrap();
        let leaf = LeafNodeParameters::builder()
            .with_capabilities(capabilities())
            .with_extensions(self.leaf_extensions())
            .build();
        let mut builder = MlsGroup::external_commit_builder()
            .with_ratchet_tree(tree)
            .with_config(join_config())
            .build_group(&self.provider, info, self.credential())
            .unwrap();
        for (id, operation, _) in &components {
            builder =
                builder.add_app_data_update_proposal(AppDataUpdateProposal::update(*id, operation.clone()));
        }
        let mut stage = builder.leaf_node_parameters(leaf).load_psks(self.provider.storage()).unwrap();
        let mut updater = stage.app_data_dictionary_updater();
        for (id, _, value) in components {
            updater.set(ComponentData::from_parts(id, value.into()));
        }
        let changes = updater.changes();
        stage.with_app_data_dictionary_updates(changes);
        let (group, bundle) = stage
            .create_group_info(true)
            .use_ratchet_tree_extension(false)
            .build(self.provider.rand(), self.provider.crypto(), &self.signer, |_| true)
            .unwrap()
            .finalize(&self.provider)
            .unwrap();
        self.group = Some(group);
        let (commit, _, info) = bundle.into_messages();
        UpdateRequest::Commit {
            commit: raw(&commit),
            welcome: None,
            group_info: GroupInfoOption::Full(raw_group_info(&info.unwrap())),
            ratchet_tree: RatchetTreeOption::DistributionService,
        }
    }

    /// Encrypts a message with its franking tag.
    pub fn message(&mut self, text: &[u8]) -> SubmitMessageRequest {
        let tag = franking::tag(&[5; 16], text);
        self.message_with(text, vec![SafeAadItem::new(FRANK_AAD, franking::safe_aad_item(&tag))])
    }

    /// Encrypts a message with the given Safe AAD.
    pub fn message_with(&mut self, text: &[u8], aad: Vec<SafeAadItem>) -> SubmitMessageRequest {
        let group = self.group.as_mut().unwrap();
        group.set_safe_aad(aad).unwrap();
        let message = group.create_message(&self.provider, &self.signer, text).unwrap();
        SubmitMessageRequest {
            protocol: Protocol::Mls10,
            app_message: raw(&message),
            sending_uri: self.uri.user_uri(),
            delivery: Delivery::Durable,
            // A hub looks at it only if another service hands the message in.
            sender_frank: Some(SenderFrank { key_id: 1, mac: [5; 32] }),
        }
    }

    /// Takes in an event from the mailbox; returns the text of an application message.
    pub fn receive(&mut self, event: &FanoutMessage) -> Option<Vec<u8>> {
        match &event.event {
            RoomEvent::Welcome { message, ratchet_tree } => {
                self.welcome(message, ratchet_tree);
                None
            }
            RoomEvent::Application { message, .. }
            | RoomEvent::Proposal { message, .. }
            | RoomEvent::Commit { message, .. } => self.process(message),
            RoomEvent::Removal(_) => None,
        }
    }

    fn welcome(&mut self, message: &MlsMessage, tree: &RatchetTreeOption) {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(message.as_bytes()).unwrap();
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else { panic!("not a Welcome") };
        let RatchetTreeOption::Full(tree) = tree else { panic!("no tree") };
        let tree = RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes()).unwrap();
        let staged =
            StagedWelcome::new_from_welcome(&self.provider, &join_config(), welcome, Some(tree)).unwrap();
        self.group = Some(staged.into_group(&self.provider).unwrap());
    }

    fn process(&mut self, message: &MlsMessage) -> Option<Vec<u8>> {
        let group = self.group.as_mut().unwrap();
        let message = MlsMessageIn::tls_deserialize_exact_bytes(message.as_bytes()).unwrap();
        let processed =
            group.process_message(&self.provider, message.try_into_protocol_message().unwrap()).unwrap();
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(message) => return Some(message.into_bytes()),
            ProcessedMessageContent::ProposalMessage(proposal) => {
                group.store_pending_proposal(self.provider.storage(), *proposal).unwrap();
            }
            ProcessedMessageContent::StagedCommitMessage(commit) => {
                group.merge_staged_commit(&self.provider, *commit).unwrap();
            }
            ProcessedMessageContent::UnresolvedAppDataCommit(commit) => {
                let mut updater = group.app_data_dictionary_updater();
                for proposal in commit.app_data_update_proposals() {
                    let AppDataUpdateOperation::Update(data) = proposal.operation() else {
                        panic!("removal")
                    };
                    let value = match proposal.component_id() {
                        PARTICIPANT_LIST => {
                            let before = updater.old_value(PARTICIPANT_LIST).unwrap();
                            let update = ParticipantListUpdate::decode(data.as_slice()).unwrap();
                            ParticipantList::decode(before).unwrap().apply(&update).unwrap().encode()
                        }
                        INVITATIONS => {
                            let before =
                                updater.old_value(INVITATIONS).map(|old| Invitations::decode(old).unwrap());
                            let update = InvitationsUpdate::decode(data.as_slice()).unwrap();
                            before.unwrap_or_default().apply(&update).unwrap().encode()
                        }
                        _ => data.as_slice().to_vec(),
                    };
                    updater.set(ComponentData::from_parts(proposal.component_id(), value.into()));
                }
                let changes = updater.changes();
                let staged = group.stage_app_data_commit(&self.provider, *commit, changes).unwrap();
                group.merge_staged_commit(&self.provider, staged).unwrap();
            }
            other => panic!("{other:?}"),
        }
        None
    }
}

/// People who come in as members.
pub fn adding(users: &[&Person]) -> ParticipantListUpdate {
    let added =
        users.iter().map(|person| UserRolePair { user: person.user.clone(), role: Role::MEMBER }).collect();
    ParticipantListUpdate { added, ..Default::default() }
}

fn capabilities() -> Capabilities {
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&[HYBRID, CLASSICAL]),
        Some(&[ExtensionType::AppDataDictionary, ExtensionType::LastResort]),
        Some(&[ProposalType::AppDataUpdate, ProposalType::SelfRemove]),
        Some(&[CredentialType::Basic]),
    )
}

fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(false)
        .max_past_epochs(1)
        .build()
}

fn safe_aad_components() -> Vec<u8> {
    ComponentsList::new(vec![FRANK_AAD]).tls_serialize_detached().unwrap()
}

fn raw(message: &MlsMessageOut) -> MlsMessage {
    MlsMessage::parse(&message.tls_serialize_detached().unwrap()).unwrap()
}

fn raw_group_info(message: &MlsMessageOut) -> RawGroupInfo {
    let encoded = message.tls_serialize_detached().unwrap();
    RawGroupInfo::parse(encoded.strip_prefix(&[0, 1, 0, 4]).unwrap()).unwrap()
}
