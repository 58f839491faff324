//! One service in memory: accounts, key packages, mailboxes, and a hub that orders rooms with a `PublicGroup`.

use super::directory::KeyDirectory;
use ed25519_dalek::{Signer as _, SigningKey};
use openmls::{
    component::ComponentData,
    group::{ProposalStore, PublicGroup},
    prelude::*,
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use std::collections::{BTreeMap, BTreeSet};
use tls_codec::Serialize as _;
use trefoil_client::{HttpRequest, HttpResponse, Method};
use trefoil_proto::{
    DeviceUri, Domain, ErrorBody, ErrorCode, RoomUri, Timestamp, UserUri, Wire as _,
    edge::*,
    frame::{MailboxEntry, MailboxEvent, ServerFrame},
    franking::{self, FrankingIntegrityTbs, INTEGRITY_LABEL, ServerFrankingContext},
    mimi::{
        FanoutMessage, Frank, GroupInfoRequest, GroupInfoResponse, KeyMaterialRequest, KeyMaterialResponse,
        Protocol, SubmitMessageRequest, SubmitMessageResponse, UpdateRequest, UpdateRoomResponse,
        fanout::RoomEvent,
        group_info::{GroupInfoRatchetTreeTbe, GroupInfoResponseTbs},
        key_material::{ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialUserCode},
        submit::Delivery,
        update::{GroupInfoOption, RatchetTreeOption, UpdateOutcome},
    },
    mls::{self, MlsMessage},
    recovery::{BeginRecoveryRequest, RecoverRequest, RecoveryBegun},
    room::{
        INVITATIONS, Invitations, InvitationsUpdate, MembershipChange, PARTICIPANT_LIST, ParticipantList,
        ParticipantListUpdate, ROLES_LIST, authorise,
    },
};
use trefoil_transparency::{directory::KeyProofRequest, gossip::SignedRoots};

pub struct HubRoom {
    pub group: PublicGroup,
    pub group_info: mls::GroupInfo,
    created: Vec<u8>,
}

pub struct Hub {
    pub domain: Domain,
    pub clock: u64,
    pub franking: SigningKey,
    stamp_key: [u8; 32],
    provider: OpenMlsRustCrypto,
    pub rooms: BTreeMap<RoomUri, HubRoom>,
    pub accounts: BTreeMap<UserUri, Vec<NewDevice>>,
    pub mailboxes: BTreeMap<DeviceUri, Vec<MailboxEntry>>,
    pub passing: Vec<(DeviceUri, Vec<u8>)>,
    pub keys: BTreeMap<DeviceUri, PublishKeyPackages>,
    pub tokens: BTreeMap<Vec<u8>, DeviceUri>,
    /// What an honest hub would refuse goes through.
    pub lenient: bool,
    /// State of a room that is given out in the place of its present one.
    pub stale: Option<(mls::GroupInfo, Vec<u8>)>,
    /// Answers to messages: one that is handed in again gets the same.
    accepted: BTreeMap<Vec<u8>, SubmitMessageResponse>,
    /// Every change of a room is refused for good.
    pub refuse_updates: bool,
    /// No request comes through.
    pub deaf: bool,
    pub directory: KeyDirectory,
    /// Proofs come along with key packages, as honest services send them.
    pub along: bool,
    /// The last byte of such a proof is another.
    pub spoiled: bool,
    /// Key packages of this suite are handed out, whatever was asked for.
    pub gives_suite: Option<u16>,
    /// About whom proofs were asked for.
    pub proofs_asked: Vec<UserUri>,
    /// The clients' time.
    pub now: Timestamp,
    /// People from whom no room takes messages.
    pub muted: BTreeSet<UserUri>,
    /// Services that cannot be reached.
    pub away: Vec<Domain>,
    /// People to whom nobody may turn before another minute is over.
    pub enough: Vec<UserUri>,
    next_token: u8,
}

fn labelled(label: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    tls_codec::VLByteSlice(format!("MLS 1.0 {label}").as_bytes()).tls_serialize(&mut bytes).unwrap();
    tls_codec::VLByteSlice(content).tls_serialize(&mut bytes).unwrap();
    bytes
}

fn device_of(credential: &Credential) -> DeviceUri {
    std::str::from_utf8(credential.serialized_content()).unwrap().parse().unwrap()
}

fn ok(body: Vec<u8>) -> HttpResponse {
    HttpResponse { status: 200, body }
}

fn refusal(code: ErrorCode) -> HttpResponse {
    let status = if code == ErrorCode::Unauthenticated { 401 } else { 400 };
    HttpResponse { status, body: ErrorBody { code, retry_after_ms: 0, detail: Vec::new() }.encode() }
}

impl Hub {
    pub fn new(domain: &str) -> Self {
        Self {
            directory: KeyDirectory::new(&domain.parse().unwrap()),
            along: true,
            spoiled: false,
            gives_suite: None,
            proofs_asked: Vec::new(),
            now: Timestamp(0),
            domain: domain.parse().unwrap(),
            clock: 1_000,
            franking: SigningKey::from_bytes(&[7; 32]),
            stamp_key: [9; 32],
            provider: OpenMlsRustCrypto::default(),
            rooms: BTreeMap::new(),
            accounts: BTreeMap::new(),
            mailboxes: BTreeMap::new(),
            passing: Vec::new(),
            keys: BTreeMap::new(),
            tokens: BTreeMap::new(),
            lenient: false,
            stale: None,
            refuse_updates: false,
            accepted: BTreeMap::new(),
            deaf: false,
            muted: BTreeSet::new(),
            away: Vec::new(),
            enough: Vec::new(),
            next_token: 0,
        }
    }

    pub fn tick(&mut self) -> Timestamp {
        self.clock += 1;
        Timestamp(self.clock)
    }

    pub fn http(&mut self, bearer: Option<Vec<u8>>, request: &HttpRequest) -> HttpResponse {
        if self.deaf {
            return refusal(ErrorCode::Internal);
        }
        let device = bearer.and_then(|token| self.tokens.get(&token).cloned());
        let parts: Vec<&str> = request.path.trim_start_matches("/v1/").split('/').collect();
        if request.authenticated && device.is_none() {
            return refusal(ErrorCode::Unauthenticated);
        }
        match (request.method, &parts[..]) {
            (Method::Get, ["service"]) => ok(ServiceInfo {
                domain: self.domain.clone(),
                profile: Profile::Account,
                franking_signature_key: self.franking.verifying_key().to_bytes(),
                franking_credential: mls::Credential::basic(self.domain.as_str().as_bytes()),
                now: Timestamp(self.clock),
            }
            .encode()),
            (Method::Post, ["accounts"]) => {
                let request = RegisterRequest::decode(&request.body).unwrap();
                if request.tbs.identifier == Identifier::AccountName(b"taken".to_vec()) {
                    return refusal(ErrorCode::IdentifierTaken);
                }
                let device = request.tbs.device;
                self.directory.enter(&request.tbs.device_set);
                self.accounts.insert(device.uri.user_uri(), vec![device]);
                ok(Vec::new())
            }
            (Method::Post, ["auth", "challenge"]) => {
                ok(ChallengeResponse { challenge: vec![1; 16] }.encode())
            }
            (Method::Post, ["auth", "token"]) => {
                let request = TokenRequest::decode(&request.body).unwrap();
                let known = self.accounts.get(&request.tbs.device.user_uri());
                if !known.into_iter().flatten().any(|device| device.uri == request.tbs.device) {
                    return refusal(ErrorCode::Unauthenticated);
                }
                self.next_token += 1;
                let token = vec![self.next_token; 32];
                self.tokens.insert(token.clone(), request.tbs.device);
                ok(TokenResponse { token, expires: Timestamp(u64::MAX) }.encode())
            }
            (Method::Post, ["accounts", "devices"]) => {
                let request = AddDeviceRequest::decode(&request.body).unwrap();
                self.directory.enter(&request.device_set);
                let device = request.device;
                self.accounts.get_mut(&device.uri.user_uri()).unwrap().push(device);
                ok(Vec::new())
            }
            (Method::Get, ["accounts", "devices"]) => {
                let devices = self.accounts[&device.unwrap().user_uri()].clone();
                ok(DeviceList { devices }.encode())
            }
            (Method::Delete, ["accounts", "devices", _]) => {
                let request = RemoveDeviceRequest::decode(&request.body).unwrap();
                let removed = request.tbs.device.clone();
                let devices = self.accounts.get_mut(&removed.user_uri()).unwrap();
                let key = devices[0].authorisation.account_key;
                if request.verify(&key, request.tbs.at).is_err() {
                    return refusal(ErrorCode::BadSignature);
                }
                devices.retain(|device| device.uri != removed);
                self.directory.enter(&request.device_set);
                self.tokens.retain(|_, device| *device != removed);
                self.mailboxes.remove(&removed);
                self.tell_others(&removed);
                ok(Vec::new())
            }
            (Method::Post, ["accounts", "recover", "begin"]) => {
                let request = BeginRecoveryRequest::decode(&request.body).unwrap();
                let user = request.tbs.device.user_uri();
                let Some(devices) = self.accounts.get(&user) else {
                    return refusal(ErrorCode::BadSignature);
                };
                if request.verify(&devices[0].authorisation.account_key).is_err() {
                    return refusal(ErrorCode::BadSignature);
                }
                let set = self.directory.sets[&user].last().unwrap().encode();
                ok(RecoveryBegun { device_set: set }.encode())
            }
            (Method::Post, ["accounts", "recover"]) => {
                let request = RecoverRequest::decode(&request.body).unwrap();
                let device = request.tbs.device.clone();
                let devices = self.accounts.get_mut(&device.uri.user_uri()).unwrap();
                if request.verify(&devices[0].authorisation.account_key).is_err() {
                    return refusal(ErrorCode::BadSignature);
                }
                let lost = std::mem::replace(devices, vec![device.clone()]);
                self.directory.enter(&request.tbs.device_set);
                for lost in lost.into_iter().filter(|lost| *lost != device) {
                    self.tokens.retain(|_, device| *device != lost.uri);
                    self.mailboxes.remove(&lost.uri);
                }
                ok(Vec::new())
            }
            (Method::Get, ["keyPackages"]) => {
                let mut counts: BTreeMap<u16, u32> = BTreeMap::new();
                for package in self.keys.get(&device.unwrap()).iter().flat_map(|keys| &keys.one_use) {
                    *counts.entry(package.ciphersuite()).or_default() += 1;
                }
                let one_use = counts
                    .into_iter()
                    .map(|(ciphersuite, left)| KeyPackageCount { ciphersuite, left })
                    .collect();
                ok(KeyPackageCounts { one_use }.encode())
            }
            (Method::Post, ["keyPackages"]) => {
                let device = device.unwrap();
                let keys = PublishKeyPackages::decode(&request.body).unwrap();
                if self.keys.insert(device.clone(), keys).is_none() {
                    self.tell_others(&device);
                }
                ok(Vec::new())
            }
            (Method::Get, ["directory", "services"]) => ok(self.directory.services().encode()),
            (Method::Post, ["directory", "proof"]) => {
                let request = KeyProofRequest::decode(&request.body).unwrap();
                self.proofs_asked.push(request.user.clone());
                match self.directory.prove(&request, self.now) {
                    Some(proof) => ok(proof.encode()),
                    None => refusal(ErrorCode::NotFound),
                }
            }
            (Method::Get, ["directory", "root", _, epoch]) => {
                let at = epoch.parse::<usize>().unwrap() - 1;
                let roots: Vec<_> =
                    self.directory.shown().skip(at).take(SignedRoots::MOST).cloned().collect();
                if roots.is_empty() {
                    refusal(ErrorCode::NotFound)
                } else {
                    ok(SignedRoots { roots }.encode())
                }
            }
            (Method::Post, ["rooms"]) => self.create(&request.body),
            (Method::Post, ["keyMaterial", _]) => self.key_material(&request.body),
            (Method::Post, ["passes", domain]) => {
                let away = self.away.contains(&decode_segment(domain).parse().unwrap());
                refusal(if away { ErrorCode::PeerUnavailable } else { ErrorCode::Unsupported })
            }
            (Method::Post, ["groupInfo", _]) => self.group_info(&request.body, &parts),
            (Method::Post, ["update", _]) if self.refuse_updates => refusal(ErrorCode::NotFound),
            (Method::Post, ["update", room]) => {
                let room = decode_segment(room).parse().unwrap();
                ok(self.update(&room, &UpdateRequest::decode(&request.body).unwrap()).encode())
            }
            _ => refusal(ErrorCode::NotFound),
        }
    }

    /// Tells a device's fellows that the list, or what its devices can be added with, changed.
    fn tell_others(&mut self, device: &DeviceUri) {
        let all = self.accounts[&device.user_uri()].iter().map(|fellow| fellow.uri.clone());
        let others: Vec<_> = all.filter(|fellow| fellow != device).collect();
        for other in others {
            self.post(&other, MailboxEvent::DevicesChanged.encode());
        }
    }

    fn create(&mut self, body: &[u8]) -> HttpResponse {
        let request = CreateRoomRequest::decode(body).unwrap();
        if let Some(room) = self.rooms.get(&request.room) {
            return if room.created == body { ok(Vec::new()) } else { refusal(ErrorCode::Conflict) };
        }
        let info =
            group_info::VerifiableGroupInfo::tls_deserialize_exact_bytes(request.group_info.as_bytes())
                .unwrap();
        let RatchetTreeOption::Full(tree) = &request.ratchet_tree else { panic!() };
        let tree = RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes()).unwrap();
        let (group, _) = PublicGroup::from_external(
            self.provider.crypto(),
            self.provider.storage(),
            tree,
            info,
            ProposalStore::new(),
        )
        .unwrap();
        let room = HubRoom { group, group_info: request.group_info, created: body.to_vec() };
        self.rooms.insert(request.room, room);
        ok(Vec::new())
    }

    fn key_material(&mut self, body: &[u8]) -> HttpResponse {
        let request = KeyMaterialRequest::decode(body).unwrap();
        let user = request.tbs.target_user;
        let suite = self.gives_suite.unwrap_or(request.tbs.acceptable_ciphersuites[0]);
        if self.away.contains(&user.domain) {
            return refusal(ErrorCode::PeerUnavailable);
        }
        if self.enough.contains(&user) {
            let code = ErrorCode::TooManyFirstContacts;
            let body = ErrorBody { code, retry_after_ms: 60_000, detail: Vec::new() }.encode();
            return HttpResponse { status: 429, body };
        }
        let Some(devices) = self.accounts.get(&user) else { return refusal(ErrorCode::NotFound) };
        let mut clients = Vec::new();
        for device in devices {
            let keys = self.keys.get_mut(&device.uri);
            let package = keys.and_then(|keys| {
                let at = keys.one_use.iter().position(|package| package.ciphersuite() == suite);
                at.map(|at| keys.one_use.remove(at))
            });
            let status = package
                .map_or(ClientKeyMaterialStatus::KeyMaterialExhausted, ClientKeyMaterialStatus::Success);
            clients.push(ClientKeyMaterial { status, client_uri: device.uri.clone() });
        }
        let user_status = KeyMaterialUserCode::Success;
        let asked = KeyProofRequest { user: user.clone(), known: None };
        let proof = self.along.then(|| self.directory.prove(&asked, self.now)).flatten();
        let mut proof = proof.map(|proof| proof.encode()).unwrap_or_default();
        if self.spoiled
            && let Some(last) = proof.last_mut()
        {
            *last ^= 1;
        }
        ok(KeyMaterialResponse { protocol: Protocol::Mls10, user_status, user_uri: user, clients, proof }
            .encode())
    }

    fn group_info(&mut self, body: &[u8], parts: &[&str]) -> HttpResponse {
        let uri: RoomUri = decode_segment(parts[1]).parse().unwrap();
        let request = GroupInfoRequest::decode(body).unwrap();
        let (group_info, tree) = self.stale.clone().unwrap_or_else(|| self.state(&uri));
        let sealed = GroupInfoRatchetTreeTbe {
            group_info,
            ratchet_tree: RatchetTreeOption::Full(mls::RatchetTree::parse(&tree).unwrap()),
            pending_proposals: Vec::new(),
        };
        let suite = Ciphersuite::try_from(request.tbs.cipher_suite).unwrap();
        let info = labelled("GroupInfo and ratchet_tree encryption", uri.to_string().as_bytes());
        let sealed = self
            .provider
            .crypto()
            .hpke_seal(suite.hpke_config(), &request.tbs.group_info_public_key, &info, &[], &sealed.encode())
            .unwrap();
        let tbs = GroupInfoResponseTbs {
            room_id: uri,
            cipher_suite: request.tbs.cipher_suite,
            kem_output: sealed.kem_output.as_slice().to_vec(),
            ciphertext: sealed.ciphertext.as_slice().to_vec(),
        };
        let signed = labelled("GroupInfoResponseTBS", &tbs.tls_serialize_detached().unwrap());
        let signature = self.franking.sign(&signed).to_bytes().to_vec();
        ok(GroupInfoResponse::Success {
            cipher_suite: tbs.cipher_suite,
            kem_output: tbs.kem_output,
            ciphertext: tbs.ciphertext,
            signature,
        }
        .encode())
    }

    /// What the hub gives to whoever joins by external commit: group info and tree.
    pub fn state(&self, uri: &RoomUri) -> (mls::GroupInfo, Vec<u8>) {
        let room = &self.rooms[uri];
        (room.group_info.clone(), room.group.export_ratchet_tree().tls_serialize_detached().unwrap())
    }

    /// As if nobody had proposed anything.
    pub fn forget_proposals(&mut self, uri: &RoomUri) {
        let group = &mut self.rooms.get_mut(uri).unwrap().group;
        for (reference, _) in group.queued_proposals(self.provider.storage()).unwrap() {
            group.remove_proposal(self.provider.storage(), &reference).unwrap();
        }
    }

    pub fn epoch(&self, uri: &RoomUri) -> u64 {
        self.rooms[uri].group.group_context().epoch().as_u64()
    }

    pub fn members(&self, room: &RoomUri) -> BTreeSet<DeviceUri> {
        self.rooms[room].group.members().map(|member| device_of(&member.credential)).collect()
    }

    pub fn update(&mut self, uri: &RoomUri, request: &UpdateRequest) -> UpdateRoomResponse {
        let outcome = match request {
            UpdateRequest::Commit { commit, welcome, group_info, .. } => {
                self.commit(uri, commit, welcome, group_info)
            }
            UpdateRequest::Proposals { first, .. } => self.propose(uri, first),
        };
        UpdateRoomResponse { outcome, error_description: Vec::new() }
    }

    fn propose(&mut self, uri: &RoomUri, message: &MlsMessage) -> UpdateOutcome {
        let accepted_timestamp = self.tick();
        let room = self.rooms.get_mut(uri).unwrap();
        let current_epoch = room.group.group_context().epoch().as_u64();
        if message.epoch() != Some(current_epoch) {
            return UpdateOutcome::WrongEpoch { current_epoch };
        }
        let parsed = MlsMessageIn::tls_deserialize_exact_bytes(message.as_bytes()).unwrap();
        let processed = room
            .group
            .process_message(self.provider.crypto(), parsed.try_into_protocol_message().unwrap())
            .unwrap();
        let ProcessedMessageContent::ProposalMessage(queued) = processed.into_content() else { panic!() };
        room.group.add_proposal(self.provider.storage(), *queued).unwrap();
        let event = RoomEvent::Proposal { message: message.clone(), more: Vec::new() };
        let to = self.members(uri);
        self.fan_out(uri, event, accepted_timestamp, &to);
        UpdateOutcome::Success { accepted_timestamp }
    }

    fn commit(
        &mut self,
        uri: &RoomUri,
        commit: &MlsMessage,
        welcome: &Option<MlsMessage>,
        group_info: &GroupInfoOption,
    ) -> UpdateOutcome {
        let before = self.members(uri);
        let accepted_timestamp = self.tick();
        let room = self.rooms.get_mut(uri).unwrap();
        let current_epoch = room.group.group_context().epoch().as_u64();
        if commit.epoch() != Some(current_epoch) {
            return UpdateOutcome::WrongEpoch { current_epoch };
        }
        let parsed = MlsMessageIn::tls_deserialize_exact_bytes(commit.as_bytes()).unwrap();
        let crypto = self.provider.crypto();
        let processed =
            room.group.process_message(crypto, parsed.try_into_protocol_message().unwrap()).unwrap();
        let actor = device_of(processed.credential()).user_uri();
        let external = matches!(processed.sender(), Sender::NewMemberCommit);
        let old = room
            .group
            .group_context()
            .extensions()
            .app_data_dictionary()
            .unwrap()
            .dictionary()
            .get(&PARTICIPANT_LIST)
            .unwrap();
        let old = ParticipantList::decode(old).unwrap();
        let mut change = MembershipChange { external_join: external, ..Default::default() };
        let staged = match processed.into_content() {
            ProcessedMessageContent::StagedCommitMessage(staged) => *staged,
            ProcessedMessageContent::UnresolvedAppDataCommit(unresolved) => {
                let mut updater = room.group.app_data_dictionary_updater();
                for proposal in unresolved.app_data_update_proposals() {
                    let AppDataUpdateOperation::Update(data) = proposal.operation() else { panic!() };
                    let value = if proposal.component_id() == PARTICIPANT_LIST {
                        let update = ParticipantListUpdate::decode(data.as_slice()).unwrap();
                        change.update = Some(update.clone());
                        old.apply(&update).unwrap().encode()
                    } else if proposal.component_id() == INVITATIONS {
                        let update = InvitationsUpdate::decode(data.as_slice()).unwrap();
                        let uses = matches!(update, InvitationsUpdate::Use(_));
                        (change.invited, change.invitations_changed) = (uses, !uses);
                        let old = updater.old_value(INVITATIONS).map(|old| Invitations::decode(old).unwrap());
                        let Ok(new) = old.unwrap_or_default().apply(&update) else {
                            return UpdateOutcome::NotAllowed;
                        };
                        new.encode()
                    } else if proposal.component_id() == ROLES_LIST {
                        change.roles_changed = true;
                        data.as_slice().to_vec()
                    } else {
                        change.metadata_changed = true;
                        data.as_slice().to_vec()
                    };
                    updater.set(ComponentData::from_parts(proposal.component_id(), value.into()));
                }
                let changes = updater.changes();
                room.group.stage_app_data_commit(crypto, *unresolved, changes).unwrap()
            }
            _ => panic!(),
        };
        let mut added = BTreeSet::new();
        for queued in staged.queued_proposals() {
            match queued.proposal() {
                Proposal::Add(add) => {
                    added.insert(device_of(add.key_package().leaf_node().credential()));
                }
                Proposal::Remove(remove) => {
                    let leaf = room.group.leaf(remove.removed()).unwrap();
                    change.devices_removed.insert(device_of(leaf.credential()).user_uri());
                }
                Proposal::SelfRemove => {
                    let Sender::Member(index) = queued.sender() else { panic!() };
                    change
                        .self_removals
                        .insert(device_of(room.group.leaf(*index).unwrap().credential()).user_uri());
                }
                _ => {}
            }
        }
        change.devices_added = added.iter().map(DeviceUri::user_uri).collect();
        change.devices_added.extend(external.then(|| actor.clone()));
        if !self.lenient && authorise(&old, Some(&actor), &change).is_err() {
            return UpdateOutcome::NotAllowed;
        }
        room.group.merge_commit(self.provider.storage(), staged).unwrap();
        let GroupInfoOption::Full(info) = group_info;
        room.group_info = info.clone();
        let tree = room.group.export_ratchet_tree().tls_serialize_detached().unwrap();
        let after = self.members(uri);
        let joined: BTreeSet<_> =
            after.difference(&before).filter(|device| !added.contains(device)).cloned().collect();
        let to: BTreeSet<_> = before.union(&joined).cloned().collect();
        let event = RoomEvent::Commit { message: commit.clone(), external_proposals: Vec::new() };
        self.fan_out(uri, event, accepted_timestamp, &to);
        if let Some(welcome) = welcome {
            let tree = RatchetTreeOption::Full(mls::RatchetTree::parse(&tree).unwrap());
            let event = RoomEvent::Welcome { message: welcome.clone(), ratchet_tree: tree };
            self.fan_out(uri, event, accepted_timestamp, &added);
        }
        UpdateOutcome::Success { accepted_timestamp }
    }

    pub fn frank(
        &self,
        room: &RoomUri,
        sender: &UserUri,
        tag: &franking::FrankingTag,
        at: Timestamp,
    ) -> Frank {
        // Of each sender's service, as far as devices can tell.
        let marked = sender.domain != room.domain;
        let sender_frank = marked.then_some(franking::SenderFrank { key_id: 1, mac: [5; 32] });
        let context = ServerFrankingContext {
            sender_uri: sender.clone(),
            room_uri: room.clone(),
            accepted_timestamp: at,
            key_id: 1,
            sender_frank,
        };
        let server_frank = franking::stamp(&self.stamp_key, tag, &context);
        let signature_ciphersuite: u16 = self.rooms[room].group.ciphersuite().into();
        let tbs = FrankingIntegrityTbs { server_frank, signature_ciphersuite, context };
        let signed = labelled(INTEGRITY_LABEL, &tbs.tls_serialize_detached().unwrap());
        let integrity_signature = self.franking.sign(&signed).to_bytes().to_vec();
        Frank { key_id: 1, server_frank, signature_ciphersuite, integrity_signature, sender_frank }
    }

    pub fn submit(
        &mut self,
        from: &DeviceUri,
        tag: u32,
        uri: &RoomUri,
        request: &SubmitMessageRequest,
    ) -> ServerFrame {
        let again = request.app_message.as_bytes().to_vec();
        if let Some(response) = self.accepted.get(&again) {
            return ServerFrame::Submitted { tag, response: response.clone() };
        }
        let accepted_timestamp = self.tick();
        let current_epoch = self.rooms[uri].group.group_context().epoch().as_u64();
        let mut to = self.members(uri);
        if !to.remove(from) || self.muted.contains(&request.sending_uri) {
            return ServerFrame::Submitted { tag, response: SubmitMessageResponse::NotAllowed };
        }
        if request.app_message.epoch() != Some(current_epoch) {
            return ServerFrame::Submitted {
                tag,
                response: SubmitMessageResponse::EpochTooOld { current_epoch },
            };
        }
        let franking_tag = request.app_message.franking_tag().unwrap();
        let frank = Some(self.frank(uri, &request.sending_uri, &franking_tag, accepted_timestamp));
        let event = RoomEvent::Application { message: request.app_message.clone(), frank: frank.clone() };
        if request.delivery == Delivery::Passing {
            let message = FanoutMessage { protocol: Protocol::Mls10, timestamp: accepted_timestamp, event };
            let body = MailboxEvent::Room { room: uri.clone(), message }.encode();
            self.passing.extend(to.into_iter().map(|device| (device, body.clone())));
        } else {
            self.fan_out(uri, event, accepted_timestamp, &to);
        }
        let response = SubmitMessageResponse::Accepted { accepted_timestamp, frank };
        self.accepted.insert(again, response.clone());
        ServerFrame::Submitted { tag, response }
    }

    pub fn fan_out(
        &mut self,
        uri: &RoomUri,
        event: RoomEvent,
        timestamp: Timestamp,
        to: &BTreeSet<DeviceUri>,
    ) {
        let message = FanoutMessage { protocol: Protocol::Mls10, timestamp, event };
        let body = MailboxEvent::Room { room: uri.clone(), message }.encode();
        for device in to {
            self.post(device, body.clone());
        }
    }

    pub fn post(&mut self, device: &DeviceUri, body: Vec<u8>) {
        let mailbox = self.mailboxes.entry(device.clone()).or_default();
        let position = mailbox.last().map_or(0, |entry| entry.position) + 1;
        mailbox.push(MailboxEntry { position, body });
    }
}

pub fn decode_segment(segment: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = segment.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'%' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}
