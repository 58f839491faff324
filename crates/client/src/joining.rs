//! Coming into a room: by the Welcome that somebody else's commit brings, or by an external commit of one's own.

use crate::{
    ChangeRefusal, ClientError, Event, JoinedHow, Method, Refusal, changes,
    conversation::{self, Line},
    core::Core,
    error::mls,
    inbox::Taken,
    inviting,
    live::Job,
    mls::{context::RoomContext, credential, membership, suite, wire},
    rejoining::Compared,
    room::Room,
    rows::{Answer, CommitMark, Intent, PendingCommit, ROOMS, RoomRow, RoomState},
    verification::SeenKeys,
};
use openmls::prelude::*;
use std::sync::Arc;
use trefoil_proto::{
    DeviceUri, ErrorCode, RoomUri, Timestamp, UserUri, Wire as _,
    credential::AccountKey,
    mimi::{
        GroupInfoRequest, GroupInfoResponse, Protocol, UpdateRequest,
        group_info::{GroupInfoRatchetTreeTbe, GroupInfoRequestTbs, GroupInfoResponseTbs},
        update::{GroupInfoOption, RatchetTreeOption, UpdateOutcome},
    },
    mls::{Credential as WireCredential, MlsMessage},
    paths,
    room::{INVITATIONS, InvitationUse, InvitationsUpdate, PARTICIPANT_LIST, Role},
};
use zeroize::Zeroizing;

/// Labels of the draft (section 5.6).
const REQUEST_LABEL: &str = "GroupInfoRequestTBS";
const RESPONSE_LABEL: &str = "GroupInfoResponseTBS";
const SEAL_LABEL: &str = "GroupInfo and ratchet_tree encryption";

/// How long an own external commit that was overtaken, perhaps by itself, may take to arrive, in milliseconds.
const COMING: u64 = 5_000;

/// Why there is no external commit.
struct NotMade {
    refusal: Refusal,
    /// Account keys that this person has to decide about first.
    contested: Vec<(UserUri, AccountKey)>,
}

impl From<Refusal> for NotMade {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, contested: Vec::new() }
    }
}

impl Core {
    /// A Welcome, with when the hub took it and now. One for a room that this device is in already is ignored.
    pub(crate) fn join_by_welcome(
        &mut self,
        uri: &RoomUri,
        message: &MlsMessage,
        tree: &RatchetTreeOption,
        (accepted, now): (Timestamp, Timestamp),
    ) -> Taken {
        // Whoever was removed while out of step, and is added again, is in the room as far as this device knows.
        let (mut is_in, mut epoch) = (false, None);
        if let Some(room) = self.room(uri)? {
            is_in = match room.row.state {
                RoomState::Open => room.row.astray.due.is_none(),
                RoomState::Leaving | RoomState::Creating => true,
                RoomState::Joining | RoomState::Left => false,
            };
            epoch = room.epoch();
        }
        if is_in {
            return Ok(Ok(()));
        }
        let (welcome, tree) = match (wire::welcome(message), wire::ratchet_tree(tree)) {
            (Ok(welcome), Ok(tree)) => (welcome, tree),
            (Err(refusal), _) | (_, Err(refusal)) => return Ok(Err(refusal)),
        };
        let staged = StagedWelcome::build_from_welcome(&self.provider, &suite::join_config(), welcome)
            .and_then(|builder| {
                builder.with_ratchet_tree(tree).skip_lifetime_validation().replace_old_group().build()
            });
        let staged = match staged {
            Ok(staged) => staged,
            Err(WelcomeError::StorageError(error)) => return Err(mls("open a Welcome")(error)),
            Err(error) => {
                tracing::debug!(%error, "a Welcome is not valid");
                return Ok(Err(Refusal::InvalidHandshake));
            }
        };
        // Before anything is written: a Welcome must not replace another room's group.
        if staged.group_context().group_id().as_slice() != uri.to_string().as_bytes() {
            return Ok(Err(Refusal::InvalidHandshake));
        }
        if epoch.is_some_and(|epoch| staged.group_context().epoch().as_u64() <= epoch) {
            return Ok(Ok(()));
        }
        let adder = match staged.welcome_sender() {
            Ok(leaf) => credential::claimed_device(leaf.credential()),
            Err(_) => Err(Refusal::InvalidHandshake),
        };
        let group = staged.into_group(&self.provider).map_err(mls("join by a Welcome"))?;
        self.admit(uri, group, adder, (accepted, now))
    }

    /// Checks the group that this device would be in, and keeps it or deletes it.
    fn admit(
        &mut self,
        uri: &RoomUri,
        mut group: MlsGroup,
        adder: Result<DeviceUri, Refusal>,
        (accepted, now): (Timestamp, Timestamp),
    ) -> Taken {
        let me = self.me()?;
        let judged = membership::check_tree(&me, uri, &group).and_then(|(context, seen)| {
            let leaves = group.members().filter_map(|member| group.public_group().leaf(member.index));
            suite::refuse_downgrade(group.ciphersuite(), leaves)?;
            let adder = adder?.user_uri();
            if adder == me.user || context.role_of(&adder) == Role::ADMIN {
                Ok((adder, seen))
            } else {
                Err(Refusal::NotAllowed { by: me.device.clone() })
            }
        });
        let (adder, seen) = match judged {
            Ok(both) => both,
            Err(refusal) => {
                group.delete(self.provider.storage()).map_err(mls("delete a refused group"))?;
                return Ok(Err(refusal));
            }
        };
        let open = RoomState::Open;
        let was_in = self.room(uri)?.is_some_and(|room| room.row.state == open);
        let row = self.room(uri)?.map_or_else(|| RoomRow::new(open), |room| room.row.renewed(open));
        self.rooms.insert(uri.clone(), Room::new(uri.clone(), row, Some(group)));
        self.forget_roster(uri);
        let line = match adder == me.user {
            true => Line::DeviceAdded { device: me.device.clone(), by: Some(adder.clone()) },
            false => Line::Added { user: me.user.clone(), by: adder.clone() },
        };
        self.write_line(uri, &line, accepted)?;
        self.account_keys_seen(seen, now)?;
        if !was_in {
            self.ask_for_consent(uri, &adder)?;
        }
        self.opened(uri, JoinedHow::Welcomed, now)?;
        Ok(Ok(()))
    }

    /// A room is usable.
    pub(crate) fn opened(
        &mut self,
        uri: &RoomUri,
        how: JoinedHow,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        self.live.busy.insert(uri.clone());
        self.emit(Event::RoomJoined { room: uri.clone(), how });
        self.introductions.push(uri.clone());
        self.forget_told(uri)?;
        let since = self.known_room(uri)?.epoch().unwrap_or(0);
        self.listen_anew(uri, since)?;
        self.newcomer(uri)?;
        self.note_missing(uri)?;
        self.release_held(uri, now)
    }

    /// Begins to join by external commit. A group that is there is given up only once the new one is made.
    pub(crate) fn start_joining(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        self.live.busy.insert(uri.clone());
        match self.room(uri)? {
            Some(room) if room.row.state == RoomState::Joining => Ok(()),
            Some(room) if room.group.is_some() => {
                if room.row.state == RoomState::Leaving {
                    // Whoever was about to leave still wants to.
                    room.row.intents.push(Intent::Leave);
                }
                room.row.state = RoomState::Joining;
                room.row.request = None;
                room.row.astray.anew = Some(());
                self.clear_pending(uri)
            }
            room => {
                let joining = RoomState::Joining;
                let row = room.map_or_else(|| RoomRow::new(joining), |room| room.row.renewed(joining));
                self.rooms.insert(uri.clone(), Room::new(uri.clone(), row, None));
                Ok(())
            }
        }
    }

    /// What a room that is being joined has to do.
    pub(crate) fn pump_joining(&mut self, uri: &RoomUri, now: Timestamp) -> Result<(), ClientError> {
        let room = self.known_room(uri)?;
        let path = |what: &str| format!("{}/{what}/{}", paths::CLIENT_ROOT, paths::segment(&uri.to_string()));
        if let Some(pending) = &room.row.pending
            && pending.answer == Answer::Awaited
        {
            let body = pending.request.as_slice().to_vec();
            let job = Job::Update(uri.clone());
            if self.live.may(&job, now) {
                self.ask(job, Method::Post, path("update"), body);
            }
            return Ok(());
        }
        let job = Job::GroupInfo(uri.clone());
        if !self.live.may(&job, now) {
            return Ok(());
        }
        if self.known_room(uri)?.row.pending.is_some() {
            // The own commit should have come by now.
            self.join_lost(uri, now)?;
        }
        let me = self.me()?;
        let suite = suite::Suite::Hybrid.mls();
        let ikm = Zeroizing::new(self.provider.rand().random_array::<32>().map_err(mls("draw a key"))?);
        let pair = self
            .provider
            .crypto()
            .derive_hpke_keypair(suite.hpke_config(), &ikm[..])
            .map_err(mls("derive a key"))?;
        self.live.group_info_keys.insert(uri.clone(), Arc::new(Zeroizing::new(pair.private.to_vec())));
        let tbs = GroupInfoRequestTbs {
            protocol: Protocol::Mls10,
            cipher_suite: suite::Suite::Hybrid.code(),
            requesting_signature_key: me.key.public().to_vec(),
            requesting_credential: WireCredential::basic(me.device.to_string().as_bytes()),
            device_authorisation: me.authorisation.encode(),
            group_info_public_key: pair.public,
            joining_code: self.invitation_use(uri)?.map(|used| used.encode()).unwrap_or_default(),
        };
        let signature = me.key.sign_bytes(&wire::sign_content(REQUEST_LABEL, &wire::encoded(&tbs))).to_vec();
        self.ask(job, Method::Post, path("groupInfo"), GroupInfoRequest { tbs, signature }.encode());
        Ok(())
    }

    /// The hub's group info: makes the external commit, or says why not.
    pub(crate) fn group_info(
        &mut self,
        uri: &RoomUri,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), ClientError> {
        if self
            .room(uri)?
            .is_none_or(|room| room.row.state != RoomState::Joining || room.row.pending.is_some())
        {
            return Ok(());
        }
        let key = self.live.group_info_keys.remove(uri);
        let (response, key) = match (GroupInfoResponse::decode(body), key) {
            (Ok(response), Some(key)) => (response, key),
            _ => {
                self.live.pause(Job::GroupInfo(uri.clone()), 0, now);
                return Ok(());
            }
        };
        let tbs = match response {
            GroupInfoResponse::Success { cipher_suite, kem_output, ciphertext, signature } => {
                let tbs = GroupInfoResponseTbs { room_id: uri.clone(), cipher_suite, kem_output, ciphertext };
                (tbs, signature)
            }
            GroupInfoResponse::NotAuthorized => return self.join_refused(uri, ChangeRefusal::NotAllowed),
            GroupInfoResponse::NoSuchRoom => {
                return self.join_refused(uri, ChangeRefusal::Service(ErrorCode::NotFound));
            }
        };
        match self.join_externally(uri, &tbs.0, &tbs.1, &key, now)? {
            Ok(()) if self.known_room(uri)?.row.state == RoomState::Joining => self.pump_joining(uri, now),
            Ok(()) => Ok(()),
            Err(Refusal::NotAllowed { by }) if by == self.me()?.device => {
                self.join_refused(uri, ChangeRefusal::NotAllowed)
            }
            Err(refusal) => self.join_refused(uri, ChangeRefusal::Untrusted(refusal)),
        }
    }

    fn join_refused(&mut self, uri: &RoomUri, mut reason: ChangeRefusal) -> Result<(), ClientError> {
        if self.forget_invitation(uri)? && reason == ChangeRefusal::NotAllowed {
            reason = ChangeRefusal::NotInvited;
        }
        self.emit(Event::ChangeRefused { room: uri.clone(), reason });
        let row = &self.known_room(uri)?.row;
        let (made, again) = (row.pending.is_some(), row.astray.anew.is_some());
        if again && !made {
            return self.stay(uri);
        }
        self.live.busy.remove(uri);
        if again {
            self.drop_group(uri)?;
            self.forget_roster(uri);
            let row = &mut self.known_room(uri)?.row;
            *row = row.renewed(RoomState::Left);
            return Ok(());
        }
        // What waited there will never be sent, and the others would wait for it.
        self.give_up_all(uri)?;
        self.forget_sent(uri)?;
        self.forget_keys(uri)?;
        self.rooms.remove(uri);
        self.tx().delete(ROOMS, uri.to_string());
        Ok(())
    }

    fn join_externally(
        &mut self,
        uri: &RoomUri,
        sealed: &GroupInfoResponseTbs,
        signature: &[u8],
        key: &[u8],
        now: Timestamp,
    ) -> Result<Result<(), Refusal>, ClientError> {
        let suite_of_seal = suite::Suite::Hybrid;
        let info = wire::encrypt_context(SEAL_LABEL, uri.to_string().as_bytes());
        let input = HpkeCiphertext {
            kem_output: sealed.kem_output.clone().into(),
            ciphertext: sealed.ciphertext.clone().into(),
        };
        let opened =
            self.provider.crypto().hpke_open(suite_of_seal.mls().hpke_config(), &input, key, &info, &[]);
        let Some(opened) = opened.ok().and_then(|bytes| GroupInfoRatchetTreeTbe::decode(&bytes).ok()) else {
            return Ok(Err(Refusal::Undecryptable));
        };
        let parts = wire::verifiable_group_info(&opened.group_info)
            .and_then(|info| Ok((info, wire::ratchet_tree(&opened.ratchet_tree)?)));
        let (group_info, tree) = match parts {
            Ok(parts) => parts,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if opened.group_info.group_id() != uri.to_string().as_bytes() {
            return Ok(Err(Refusal::InvalidHandshake));
        }
        match self.compare(uri, group_info.group_context())? {
            Compared::Newer => {}
            Compared::Same => return self.still_in_step(uri).map(Ok),
            Compared::Older => return Ok(Err(Refusal::Forked)),
        }
        let aside = self.set_aside(uri)?;
        let seen = match self.make_external_commit(uri, group_info, tree, sealed, signature)? {
            Ok(seen) => seen,
            Err(NotMade { refusal, contested }) => {
                self.take_up_again(uri, aside)?;
                for (user, key) in &contested {
                    self.account_key_seen(user, key, now)?;
                }
                return Ok(Err(refusal));
            }
        };
        self.account_keys_seen(seen, now)?;
        Ok(Ok(()))
    }

    /// Makes the external commit and the group that it leads to. What is refused has changed the store: the caller
    /// goes back.
    fn make_external_commit(
        &mut self,
        uri: &RoomUri,
        group_info: group_info::VerifiableGroupInfo,
        tree: RatchetTreeIn,
        sealed: &GroupInfoResponseTbs,
        signature: &[u8],
    ) -> Result<Result<SeenKeys, NotMade>, ClientError> {
        const ACT: &str = "make an external commit";
        let me = self.me()?;
        // Whoever is on the list came in by it already, and the answer was lost.
        let invitation = match RoomContext::read(uri, group_info.group_context()) {
            Ok(context) if context.role_of(&me.user) == Role::NONE => {
                let used = self.invitation_use(uri)?;
                if used.as_ref().is_some_and(|used| !inviting::holds(&me, uri, &context, used)) {
                    return Ok(Err(Refusal::NotAllowed { by: me.device.clone() }.into()));
                }
                used
            }
            _ => None,
        };
        let built = MlsGroup::external_commit_builder()
            .with_ratchet_tree(tree)
            .with_config(suite::join_config())
            .skip_lifetime_validation()
            .build_group(&self.provider, group_info, me.credential());
        let invited = invitation.is_some();
        let builder = match built {
            Ok(builder) => builder,
            Err(error) => {
                tracing::debug!(%error, "a group info is not valid");
                return Ok(Err(Refusal::InvalidHandshake.into()));
            }
        };
        let leaf = LeafNodeParameters::builder()
            .with_capabilities(suite::capabilities())
            .with_extensions(suite::leaf_extensions(&me))
            .build();
        let update = |id: u16, bytes: Vec<u8>| AppDataUpdateProposal::update(id, bytes);
        let builder = match invitation {
            Some(used) => {
                let used = InvitationsUpdate::Use(used);
                let list = InvitationUse::list_update(me.user.clone());
                builder
                    .add_app_data_update_proposal(update(PARTICIPANT_LIST, list.encode()))
                    .add_app_data_update_proposal(update(INVITATIONS, used.encode()))
            }
            None => builder,
        };
        let mut stage =
            builder.leaf_node_parameters(leaf).load_psks(self.provider.storage()).map_err(mls(ACT))?;
        let updates = stage.app_data_update_proposals();
        let changes = match membership::resolve(uri, stage.app_data_dictionary_updater(), updates) {
            Ok((_, changes)) => changes,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        stage.with_app_data_dictionary_updates(changes);
        let built = stage.create_group_info(true).use_ratchet_tree_extension(false).build(
            self.provider.rand(),
            self.provider.crypto(),
            &me.key,
            |_| true,
        );
        let Ok(built) = built else { return Ok(Err(Refusal::InvalidHandshake.into())) };
        let (group, bundle) = built.finalize(&self.provider).map_err(mls(ACT))?;
        let mut checked = membership::check_tree(&me, uri, &group);
        if invited {
            let leaves = group.members().filter_map(|member| group.public_group().leaf(member.index));
            let lesser = suite::refuse_downgrade(group.ciphersuite(), leaves);
            checked = checked.and_then(|checked| lesser.map(|()| checked));
        }
        let hub_signed = |context: &RoomContext| {
            let signed = wire::sign_content(RESPONSE_LABEL, &wire::encoded(sealed));
            ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| context.franking_key.verify_strict(&signed, &signature).is_ok())
        };
        let seen = match checked {
            Ok((context, seen)) if hub_signed(&context) => seen,
            Ok(_) => return Ok(Err(Refusal::InvalidHandshake.into())),
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        // The commit is encrypted to everybody in the tree.
        let contested = seen.contested(&self.contacts);
        if let Some((user, _)) = contested.first() {
            let refusal = Refusal::AccountKeyChanged { user: user.clone() };
            return Ok(Err(NotMade { refusal, contested }));
        }
        let epoch = group.epoch().as_u64();
        let (commit, _, group_info) = bundle.into_messages();
        let group_info = group_info.ok_or("no group info").map_err(mls(ACT))?;
        let commit = wire::message(&commit)?;
        let mark = CommitMark { epoch: epoch.saturating_sub(1), hash: changes::hash(&commit) };
        let request = UpdateRequest::Commit {
            commit,
            welcome: None,
            group_info: GroupInfoOption::Full(wire::group_info(&group_info)?),
            ratchet_tree: RatchetTreeOption::DistributionService,
        };
        let room = self.known_room(uri)?;
        room.replace(Some(group));
        room.row.proposals.clear();
        room.row.pending =
            Some(PendingCommit { mark, request: request.encode().into(), answer: Answer::Awaited });
        self.drop_held_before(uri, epoch)?;
        Ok(Ok(seen))
    }

    /// The hub's answer to an external commit.
    pub(crate) fn join_answered(
        &mut self,
        uri: &RoomUri,
        outcome: UpdateOutcome,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        match outcome {
            UpdateOutcome::Success { .. } => self.joined_externally(uri, now),
            UpdateOutcome::WrongEpoch { .. } => self.join_overtaken(uri, now),
            UpdateOutcome::NotAllowed => self.join_refused(uri, ChangeRefusal::NotAllowed),
            UpdateOutcome::InvalidProposal { .. } => self.join_refused(uri, ChangeRefusal::Invalid),
        }
    }

    /// The hub has a later epoch. Another commit came first, or this one did and the answer was lost: if it did, it is
    /// in the mailbox or on its way there.
    fn join_overtaken(&mut self, uri: &RoomUri, now: Timestamp) -> Result<(), ClientError> {
        if let Some(pending) = &mut self.known_room(uri)?.row.pending {
            pending.answer = Answer::Given;
            self.live.pause(Job::GroupInfo(uri.clone()), COMING, now);
        }
        Ok(())
    }

    /// Another commit came first: the group that was made is none, and another has to be.
    pub(crate) fn join_lost(&mut self, uri: &RoomUri, now: Timestamp) -> Result<(), ClientError> {
        self.forget_group(uri)?;
        self.known_room(uri)?.row.pending = None;
        self.live.forget_updates(uri);
        self.live.pause(Job::GroupInfo(uri.clone()), 0, now);
        self.live.busy.insert(uri.clone());
        Ok(())
    }

    pub(crate) fn join_error(
        &mut self,
        uri: &RoomUri,
        code: ErrorCode,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        // A hub may say it as an error too.
        if code == ErrorCode::WrongEpoch {
            return self.join_overtaken(uri, now);
        }
        self.join_refused(uri, ChangeRefusal::Service(code))
    }

    /// The external commit is in the room's history.
    pub(crate) fn joined_externally(&mut self, uri: &RoomUri, now: Timestamp) -> Result<(), ClientError> {
        let room = self.known_room(uri)?;
        if let Some(pending) = room.row.pending.take() {
            room.row.merged = Some(pending.mark);
        }
        room.row.state = RoomState::Open;
        self.live.forget_updates(uri);
        self.live.backoff.remove(&Job::GroupInfo(uri.clone()));
        if self.known_room(uri)?.row.astray.anew.is_some() {
            return self.back_in_step(uri, now);
        }
        let me = self.me()?;
        // Whoever comes in by themselves has taken the room up.
        conversation::set_request(&mut self.tx(), uri, None)?;
        if self.forget_invitation(uri)? {
            self.write_line(uri, &Line::Joined { user: me.user.clone() }, now)?;
            self.opened(uri, JoinedHow::Invited, now)?;
            return self.add_missing();
        }
        let line = Line::DeviceAdded { device: me.device.clone(), by: Some(me.user.clone()) };
        self.write_line(uri, &line, now)?;
        self.opened(uri, JoinedHow::External, now)
    }
}
