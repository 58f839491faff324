//! Rooms as a person knows them: made, shown, joined, left, and who is in them.

use crate::{
    ChangeRefusal, ClientError, Event, JoinedHow, Method,
    account::path,
    boundaries,
    conversation::{self, Line, compose},
    core::Core,
    directory::{Proven, Unproven},
    error::mls,
    left::LeftRow,
    live::{Job, Stream},
    mls::{
        context::{RoomContext, new_context},
        credential,
        suite::{self, Suite},
        wire,
    },
    passes::Pass,
    room::{Room, group_id},
    rows::{ACCOUNT, Answer, Intent, OUTBOX, ROOMS, RoomRow, RoomState, name, room_range},
    verification::Standing,
};
use openmls::prelude::*;
use std::collections::BTreeMap;
use trefoil_proto::{
    DeviceUri, ErrorCode, RoomId, RoomUri, Timestamp, UserUri, Wire as _,
    edge::{CreateRoomRequest, ServiceInfo},
    mimi::{
        KeyMaterialRequest, KeyMaterialResponse, Protocol, UpdateRequest,
        key_material::{ClientKeyMaterialStatus, KeyMaterialRequestTbs, RequiredCapabilities},
        update::RatchetTreeOption,
    },
    minors::Reached,
    mls::Credential as WireCredential,
    passes::{Claim, FirstContact},
    paths,
    room::{Capability, Invitation, ParticipantList, Role, RoomKind, Text},
};
use trefoil_store::KeyRange;

/// Label of the draft (section 5.2).
const MATERIAL_LABEL: &str = "KeyMaterialRequestTBS";

/// A room, to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomView {
    /// The room.
    pub uri: RoomUri,
    /// Where it stands on this device.
    pub state: RoomState,
    /// Its name; empty for none, or while it is not known here.
    pub name: String,
    /// Whether everybody writes in it, or admins alone.
    pub kind: RoomKind,
    /// The epoch of its group on this device.
    pub epoch: u64,
    /// Its ciphersuite.
    pub suite: Option<Suite>,
    /// Who is in it; empty once it was left.
    pub participants: Vec<Participant>,
    /// A change of the room is under way.
    pub changing: bool,
    /// People because of whom nothing is sent here: their account key is not the one that this person verified.
    pub blocked_by: Vec<UserUri>,
    /// People because of whom nothing is sent here: the directories do not prove their devices, or not yet.
    pub unproven: Vec<Unproven>,
    /// The invitations that are open.
    pub invitations: Vec<Invitation>,
    /// It has a list of groups.
    pub community: bool,
    /// The community of this person in whose list it stands, if there is one.
    pub part_of: Option<RoomUri>,
    /// People in it who are no contacts; nobody unless strangers are received otherwise ([`crate::boundaries::Reception`]).
    pub unknown: Vec<UserUri>,
}

/// A person in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// Who.
    pub user: UserUri,
    /// In which role.
    pub role: Role,
    /// With which devices.
    pub devices: Vec<DeviceUri>,
    /// What is known of their account key.
    pub standing: Standing,
}

impl Core {
    pub(crate) fn room_uris(&self) -> Result<Vec<RoomUri>, ClientError> {
        let rows = self.tx().scan(ROOMS, &KeyRange::all(), usize::MAX, false)?;
        let uri = |key: &[u8]| std::str::from_utf8(key).ok().and_then(|text| text.parse().ok());
        Ok(rows.iter().filter_map(|(key, _)| uri(key)).collect())
    }

    pub(crate) fn view(&mut self, uri: &RoomUri) -> Result<Option<RoomView>, ClientError> {
        let (blocked, contacts) = (self.blocked(uri)?, self.contacts.clone());
        let unproven = match self.me {
            Some(_) => self.unproven_people(uri)?,
            None => Vec::new(),
        };
        let community = conversation::is_community(&self.tx(), uri)?;
        let mut part_of = None;
        let communities = conversation::part_of(&self.tx(), uri)?;
        for one in communities {
            if part_of.is_none() && self.room(&one)?.is_some_and(|room| room.row.state == RoomState::Open) {
                part_of = Some(one);
            }
        }
        let unknown = match self.me.is_some() && boundaries::reception(&self.tx())?.tells_apart() {
            true => self.unknown_in(uri)?,
            false => Vec::new(),
        };
        let left = LeftRow::load(&self.tx(), uri)?.unwrap_or_default();
        let Some(room) = self.room(uri)? else { return Ok(None) };
        let mut view = RoomView {
            uri: uri.clone(),
            state: room.row.state,
            name: String::new(),
            kind: RoomKind::Discussion,
            epoch: room.epoch().unwrap_or(0),
            suite: room.suite().and_then(Suite::from_code),
            participants: Vec::new(),
            changing: room.row.pending.is_some()
                || room.row.request.is_some()
                || !room.row.intents.is_empty(),
            blocked_by: blocked.people(),
            unproven: unproven.into_iter().map(|(user, reason)| Unproven { user, reason }).collect(),
            invitations: Vec::new(),
            community,
            part_of,
            unknown,
        };
        let mut devices: BTreeMap<UserUri, Vec<DeviceUri>> = BTreeMap::new();
        for member in room.group.iter().flat_map(MlsGroup::members) {
            if let Ok(device) = credential::claimed_device(&member.credential) {
                devices.entry(device.user_uri()).or_default().push(device);
            }
        }
        if let Ok(context) = room.context() {
            view.kind = context.kind;
            view.name = context.metadata.readable_name();
            view.invitations.clone_from(&context.invitations.open);
            view.participants = context
                .participants
                .participants
                .iter()
                .map(|pair| Participant {
                    user: pair.user.clone(),
                    role: pair.role,
                    devices: devices.remove(&pair.user).unwrap_or_default(),
                    standing: contacts.standing(&pair.user),
                })
                .collect();
        } else if view.state == RoomState::Left {
            let were = left.people().map(|user| Participant {
                standing: contacts.standing(&user),
                role: Role::MEMBER,
                devices: Vec::new(),
                user,
            });
            view.participants = were.collect();
            view.name = left.name;
        }
        Ok(Some(view))
    }

    /// Makes a room with this device alone, and asks the hub to open it; `people` are added once it is open.
    pub(crate) fn create_room(
        &mut self,
        title: &str,
        people: &[UserUri],
        (suite, kind): (Suite, RoomKind),
    ) -> Result<RoomUri, ClientError> {
        let me = self.me()?;
        let mut people: Vec<_> = people.iter().filter(|user| **user != me.user).cloned().collect();
        self.decided(&people)?;
        // The person's other devices come in as everybody else's do.
        if self.devices()?.iter().any(|device| *device != me.device) && !people.contains(&me.user) {
            people.push(me.user.clone());
        }
        let title: Text = title
            .parse()
            .map_err(|_| ClientError::TooLarge { limit: trefoil_proto::limits::METADATA_TEXT })?;
        let hub = self.service_info()?.ok_or(ClientError::NoService)?;
        let uri =
            RoomUri { domain: me.user.domain.clone(), id: RoomId::from_random(&self.random::<16>()?[..]) };
        let (group, request) = self.make_group(&uri, title, (suite, kind), &hub)?;
        let mut row = RoomRow::new(RoomState::Creating);
        row.request = Some(request.into());
        if !people.is_empty() {
            row.intents.push(Intent::Add { people });
        }
        self.rooms.insert(uri.clone(), Room::new(uri.clone(), row, Some(group)));
        self.live.busy.insert(uri.clone());
        Ok(uri)
    }

    fn make_group(
        &self,
        uri: &RoomUri,
        title: Text,
        (suite, kind): (Suite, RoomKind),
        hub: &ServiceInfo,
    ) -> Result<(MlsGroup, Vec<u8>), ClientError> {
        const ACT: &str = "make a group";
        let me = self.me()?;
        let context = new_context(uri, title, kind, &me.user, hub);
        let config = suite::create_config(suite, &me, context);
        let group =
            MlsGroup::new_with_group_id(&self.provider, &me.key, &config, group_id(uri), me.credential())
                .map_err(mls(ACT))?;
        let info = group.export_group_info(self.provider.crypto(), &me.key, false).map_err(mls(ACT))?;
        let request = CreateRoomRequest {
            room: uri.clone(),
            group_info: wire::group_info(&info)?,
            ratchet_tree: RatchetTreeOption::Full(wire::object(&group.export_ratchet_tree())?),
        };
        Ok((group, request.encode()))
    }

    /// What a room has to do. False if nothing is left.
    pub(crate) fn pump_room(&mut self, uri: &RoomUri, now: Timestamp) -> Result<bool, ClientError> {
        let Some(state) = self.room(uri)?.map(|room| room.row.state) else { return Ok(false) };
        match state {
            RoomState::Left => Ok(false),
            RoomState::Joining => {
                self.pump_joining(uri, now)?;
                Ok(true)
            }
            RoomState::Creating => {
                let room = self.known_room(uri)?;
                let body = room.row.request.as_ref().map(|body| body.as_slice().to_vec()).unwrap_or_default();
                let job = Job::CreateRoom(uri.clone());
                if self.live.may(&job, now) {
                    self.ask(job, Method::Post, path("rooms"), body);
                }
                Ok(true)
            }
            RoomState::Open | RoomState::Leaving if self.rejoin_if_due(uri, now)? => {
                self.pump_joining(uri, now)?;
                Ok(true)
            }
            RoomState::Open | RoomState::Leaving => {
                let changing = self.pump_change(uri, now)?;
                // Messages wait for a change that is on its way: it would make their epoch old.
                let room = self.known_room(uri)?;
                if room.row.pending.is_some() || room.row.state != RoomState::Open {
                    return Ok(changing);
                }
                // And for the first others: what is sent before they are in, none of them could ever read.
                let alone = room.context().is_ok_and(|context| context.participants.members().count() < 2);
                if alone && room.row.intents.iter().any(|intent| matches!(intent, Intent::Add { .. })) {
                    return Ok(true);
                }
                // Nobody's device reads what is sent before the directories prove it to be theirs.
                match self.prove_members(uri, now)? {
                    Proven::All => Ok(self.pump_outbox(uri, now)? || changing),
                    Proven::Waiting => Ok(true),
                    Proven::Refused => Ok(changing),
                }
            }
        }
    }

    pub(crate) fn room_created(&mut self, uri: &RoomUri, now: Timestamp) -> Result<(), ClientError> {
        let Some(room) = self.room(uri)? else { return Ok(()) };
        if room.row.state != RoomState::Creating {
            return Ok(());
        }
        room.row.state = RoomState::Open;
        room.row.request = None;
        let by = self.me()?.user.clone();
        self.write_line(uri, &Line::Opened { by }, now)?;
        self.opened(uri, JoinedHow::Created, now)
    }

    pub(crate) fn creation_refused(&mut self, uri: &RoomUri, code: ErrorCode) -> Result<(), ClientError> {
        self.drop_group(uri)?;
        self.rooms.remove(uri);
        self.tx().delete(ROOMS, uri.to_string());
        self.live.busy.remove(uri);
        self.emit(Event::ChangeRefused { room: uri.clone(), reason: ChangeRefusal::Service(code) });
        Ok(())
    }

    /// Checks that a room is open and, for what only admins do, that this person is one.
    pub(crate) fn open_room(&mut self, uri: &RoomUri, admin: bool) -> Result<(), ClientError> {
        let me = self.me()?;
        let room = self.known_room(uri)?;
        match room.row.state {
            RoomState::Creating | RoomState::Open => {}
            _ => return Err(ClientError::RoomNotOpen(uri.clone())),
        }
        let role = room.context().map_or(Role::NONE, |context| context.role_of(&me.user));
        if admin && role != Role::ADMIN { Err(ClientError::NotAllowed) } else { Ok(()) }
    }

    /// Checks that this person's role in a room lets them do something. One whose rules are not known here yet stops nothing:
    /// what waits for it is looked at again before it goes out.
    pub(crate) fn allowed(&mut self, uri: &RoomUri, capability: Capability) -> Result<(), ClientError> {
        let me = self.me()?;
        let room = self.known_room(uri)?;
        let may = |context: &RoomContext| context.role_of(&me.user).can(context.kind, capability);
        if room.context().is_ok_and(|context| !may(context)) { Err(ClientError::NotAllowed) } else { Ok(()) }
    }

    /// Makes a member of an admin, unless nobody else is one.
    pub(crate) fn take_admin(&mut self, uri: &RoomUri, user: &UserUri) -> Result<(), ClientError> {
        let participants = self.known_room(uri)?.context().map(|context| context.participants.clone());
        let others = participants.unwrap_or_default();
        if !others.members().any(|pair| pair.user != *user && pair.role == Role::ADMIN) {
            return Err(ClientError::NotAllowed);
        }
        self.intend(uri, Intent::TakeAdmin { user: user.clone() })
    }

    /// Leaves: other own devices first, the last admin names another, then this device proposes to be removed.
    pub(crate) fn leave(&mut self, uri: &RoomUri, now: Timestamp) -> Result<(), ClientError> {
        self.open_room(uri, false)?;
        let me = self.me()?;
        let room = self.known_room(uri)?;
        let participants = room.context().map(|context| context.participants.clone()).unwrap_or_default();
        let others: Vec<_> = participants.members().filter(|pair| pair.user != me.user).cloned().collect();
        let blocked = self.blocked(uri)?;
        if !blocked.foreign.is_empty() && !others.is_empty() {
            // The proposal is encrypted to nobody; a commit would be.
            return match blocked.error(uri) {
                Some(error) if self.leaving_takes_a_commit(uri, &participants)? => Err(error),
                _ => self.intend(uri, Intent::Leave),
            };
        }
        if others.is_empty() {
            self.leave_behind(uri)?;
            self.drop_group(uri)?;
            let room = self.known_room(uri)?;
            room.row = room.row.renewed(RoomState::Left);
            self.write_line(uri, &Line::Left { user: me.user.clone() }, now)?;
            self.emit(Event::RoomLeft { room: uri.clone(), by: me.device.clone() });
            return Ok(());
        }
        if participants.role_of(&me.user) == Role::ADMIN
            && !others.iter().any(|pair| pair.role == Role::ADMIN)
        {
            self.intend(uri, Intent::MakeAdmin { user: others[0].user.clone() })?;
        }
        self.intend(uri, Intent::RemoveOwnOthers)?;
        self.intend(uri, Intent::Leave)
    }

    /// Whether somebody who leaves has something to do first: take out the other own devices, or name an admin.
    fn leaving_takes_a_commit(
        &mut self,
        uri: &RoomUri,
        participants: &ParticipantList,
    ) -> Result<bool, ClientError> {
        let me = self.me()?;
        let last_admin = participants.role_of(&me.user) == Role::ADMIN
            && !participants.members().any(|pair| pair.user != me.user && pair.role == Role::ADMIN);
        let members = self.known_room(uri)?.group.iter().flat_map(MlsGroup::members);
        let own = members.filter_map(|member| credential::claimed_device(&member.credential).ok());
        Ok(last_admin || own.filter(|device| device.user_uri() == me.user).count() > 1)
    }

    /// Makes the proposal to remove this device.
    pub(crate) fn propose_leaving(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        let me = self.me()?;
        self.give_up_all(uri)?;
        self.live.forget_updates(uri);
        self.room(uri)?;
        let Self { rooms, provider, .. } = self;
        let Some(room) = rooms.get_mut(uri) else { return Ok(()) };
        room.touch();
        let Some(group) = room.group.as_mut() else { return Ok(()) };
        let proposal =
            group.leave_group_via_self_remove(provider, &me.key).map_err(mls("propose to leave"))?;
        group.clear_pending_proposals(provider.storage()).map_err(mls("forget proposals"))?;
        let request = UpdateRequest::Proposals { first: wire::message(&proposal)?, more: Vec::new() };
        room.row.state = RoomState::Leaving;
        room.row.request = Some(request.encode().into());
        self.live.busy.insert(uri.clone());
        Ok(())
    }

    /// Key packages of everyone who is to be added. True once they are here; else asks for them.
    pub(crate) fn gather(
        &mut self,
        uri: &RoomUri,
        people: &[UserUri],
        now: Timestamp,
    ) -> Result<bool, ClientError> {
        let me = self.me()?;
        let suite = self.known_room(uri)?.suite().unwrap_or_default();
        let mut complete = true;
        for user in people {
            if self.live.material.get(uri).is_some_and(|material| material.contains_key(user)) {
                continue;
            }
            complete = false;
            let job = Job::KeyMaterial(uri.clone(), user.clone());
            if !self.live.may(&job, now) {
                continue;
            }
            // Whoever is a connection needs no pass.
            let proof = self.reach_proof(uri, user, now)?;
            let pass = if proof.is_some() { Pass::Unneeded } else { self.pass_for(uri, user, now)? };
            let token = match pass {
                Pass::Unneeded => None,
                Pass::Ready(token) => Some(*token),
                Pass::Awaited => continue,
            };
            let tbs = KeyMaterialRequestTbs {
                protocol: Protocol::Mls10,
                requesting_user: me.user.clone(),
                target_user: user.clone(),
                room_id: uri.clone(),
                acceptable_ciphersuites: vec![suite],
                required_capabilities: required(),
                requester_signature_key: me.key.public().to_vec(),
                requester_credential: WireCredential::basic(me.device.to_string().as_bytes()),
            };
            let signature =
                me.key.sign_bytes(&wire::sign_content(MATERIAL_LABEL, &wire::encoded(&tbs))).to_vec();
            let request = KeyMaterialRequest { tbs, signature };
            let (endpoint, body) = match (proof, token) {
                (Some(proof), _) => ("reached", Reached { proof, claim: Claim::Named(request) }.encode()),
                (None, None) => ("keyMaterial", request.encode()),
                (None, Some(token)) => {
                    ("firstContact", FirstContact { token, claim: Claim::Named(request) }.encode())
                }
            };
            let path = format!("{}/{endpoint}/{}", paths::CLIENT_ROOT, paths::segment(&user.to_string()));
            self.ask(job, Method::Post, path, body);
        }
        Ok(complete)
    }

    pub(crate) fn material(
        &mut self,
        uri: &RoomUri,
        user: &UserUri,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let Ok(response) = KeyMaterialResponse::decode(body) else {
            self.live.pause(Job::KeyMaterial(uri.clone(), user.clone()), 0, now);
            return Ok(());
        };
        let packages: Vec<_> = response
            .clients
            .into_iter()
            .filter_map(|client| match client.status {
                ClientKeyMaterialStatus::Success(package) => Some(package),
                _ => None,
            })
            .collect();
        if response.user_uri != *user || packages.is_empty() {
            return if self.not_reached(uri, user) { Ok(()) } else { self.unavailable(uri, user) };
        }
        self.was_reached(uri, user);
        self.live.material.entry(uri.clone()).or_default().insert(user.clone(), packages);
        self.live.pass_was_good(uri, user);
        self.packages_came(user);
        if !response.proof.is_empty() {
            self.proof_came_along(user, &response.proof, now)?;
        }
        self.live.busy.insert(uri.clone());
        Ok(())
    }

    pub(crate) fn material_refused(
        &mut self,
        uri: &RoomUri,
        user: &UserUri,
        code: ErrorCode,
    ) -> Result<(), ClientError> {
        match code {
            _ if self.not_reached(uri, user) => Ok(()),
            ErrorCode::NotFound | ErrorCode::NotAllowed => self.unavailable(uri, user),
            code => {
                let waits = self.waits_for(uri, user)?;
                if waits { self.refuse_intent(uri, ChangeRefusal::Service(code)) } else { Ok(()) }
            }
        }
    }

    /// Takes out of an add whoever was verified under another account key than their devices have now: no Welcome is
    /// made for those.
    pub(crate) fn leave_out_contested(
        &mut self,
        uri: &RoomUri,
        people: &mut Vec<UserUri>,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        for user in people.clone() {
            let packages = self.live.material.get(uri).and_then(|material| material.get(&user));
            let keys: Vec<_> = packages
                .into_iter()
                .flatten()
                .filter_map(|package| wire::key_package(self.provider.crypto(), package).ok())
                .filter_map(|package| credential::check_leaf(package.leaf_node()).ok())
                .filter(|leaf| leaf.device.user_uri() == user)
                .map(|leaf| leaf.account_key)
                .collect();
            for key in keys.into_iter().filter(|key| self.contacts.refutes(&user, key)).collect::<Vec<_>>() {
                self.account_key_seen(&user, &key, now)?;
            }
            if self.contacts.standing(&user) == Standing::Changed {
                self.not_added(uri, ChangeRefusal::KeyChanged(user.clone()), &user)?;
                people.retain(|person| *person != user);
                self.live.material.get_mut(uri).map(|material| material.remove(&user));
            }
        }
        Ok(())
    }

    fn unavailable(&mut self, uri: &RoomUri, user: &UserUri) -> Result<(), ClientError> {
        self.not_added(uri, ChangeRefusal::Unavailable(user.clone()), user)
    }

    /// Somebody cannot be added: says why, and goes on with the others.
    pub(crate) fn not_added(
        &mut self,
        uri: &RoomUri,
        reason: ChangeRefusal,
        user: &UserUri,
    ) -> Result<(), ClientError> {
        if !self.waits_for(uri, user)? {
            return Ok(());
        }
        self.emit(Event::ChangeRefused { room: uri.clone(), reason });
        let room = self.known_room(uri)?;
        if let Some(Intent::Add { people }) = room.row.intents.first_mut() {
            people.retain(|person| person != user);
            if people.is_empty() {
                room.row.intents.remove(0);
            }
        }
        Ok(())
    }

    fn waits_for(&mut self, uri: &RoomUri, user: &UserUri) -> Result<bool, ClientError> {
        let intent = self.room(uri)?.and_then(|room| room.row.intents.first());
        Ok(matches!(intent, Some(Intent::Add { people }) if people.contains(user)))
    }

    pub(crate) fn answered_elsewhere(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        let room = self.known_room(uri)?;
        if let Some(pending) = &mut room.row.pending {
            pending.answer = Answer::Given;
        }
        room.row.request = None;
        Ok(())
    }

    /// Sends the own name and picture into rooms that this step opened.
    pub(crate) fn introduce(&mut self, now: Timestamp) -> Result<(), ClientError> {
        let rooms = std::mem::take(&mut self.introductions);
        if rooms.is_empty() {
            return Ok(());
        }
        let display_name = self.tx().get(ACCOUNT, name::DISPLAY_NAME)?;
        let display_name =
            display_name.map(|display_name| String::from_utf8_lossy(&display_name).into_owned());
        let picture = self.own_picture()?;
        for room in rooms {
            // It may be left by now: what came in one delivery is taken up in one step.
            if !self.takes_messages(&room)? || self.is_shut(&room)? {
                continue;
            }
            if let Some(display_name) = &display_name {
                self.queue(&room, compose::profile(display_name)?, now)?;
            }
            if picture.is_some() {
                self.queue(&room, compose::picture(picture.as_ref()), now)?;
            }
            self.hand_reach(&room, now)?;
        }
        Ok(())
    }

    /// Has the own name sent to a room for someone who just came in. Not in large rooms, where the greetings would
    /// outnumber the messages: there a newcomer learns names when they change.
    fn greet(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        let people =
            self.room(uri)?.and_then(|room| Some(room.context().ok()?.participants.participants.len()));
        let small = people.is_some_and(|people| people <= conversation::STATUS_PARTICIPANTS);
        if small && !self.introductions.contains(uri) {
            self.introductions.push(uri.clone());
        }
        Ok(())
    }

    /// Lines of the timeline for what happened to a room.
    pub(crate) fn note(&mut self, events: &[Event], accepted: Timestamp) -> Result<(), ClientError> {
        for event in events {
            let (room, line) = match event {
                Event::MemberAdded { room, user, by } => {
                    if by.user_uri() == self.me()?.user {
                        self.connect(room, accepted)?;
                    }
                    self.greet(room)?;
                    self.newcomer(room)?;
                    self.tell_newcomer(room, by, None, None)?;
                    (room, Line::Added { user: user.clone(), by: by.user_uri() })
                }
                Event::MemberJoined { room, user, invited_by, by } => {
                    self.greet(room)?;
                    self.newcomer(room)?;
                    self.tell_newcomer(room, by, Some(invited_by), Some(by))?;
                    (room, Line::Invited { user: user.clone(), by: invited_by.clone() })
                }
                Event::InvitationMade { room, by, people, not_after } => {
                    let (by, people, not_after) = (by.clone(), *people, *not_after);
                    (room, Line::InvitationMade { by, people, not_after })
                }
                Event::InvitationTakenBack { room, by } => {
                    (room, Line::InvitationTakenBack { by: by.clone() })
                }
                Event::MemberRemoved { room, user, by } => {
                    (room, Line::Removed { user: user.clone(), by: by.user_uri() })
                }
                Event::MemberLeft { room, user } => (room, Line::Left { user: user.clone() }),
                Event::DeviceAdded { room, device, by } => {
                    self.greet(room)?;
                    self.newcomer(room)?;
                    self.tell_newcomer(room, by, None, Some(device))?;
                    (room, Line::DeviceAdded { device: device.clone(), by: Some(by.user_uri()) })
                }
                Event::DeviceRejoined { room, device } => {
                    // It may have missed names.
                    self.greet(room)?;
                    self.tell_newcomer(room, device, None, Some(device))?;
                    (room, Line::Rejoined { device: device.clone() })
                }
                Event::DeviceRemoved { room, device, by } => {
                    (room, Line::DeviceRemoved { device: device.clone(), by: Some(by.user_uri()) })
                }
                Event::RoleChanged { room, user, role, by } => {
                    (room, Line::RoleChanged { user: user.clone(), by: by.user_uri(), role: role.0 })
                }
                Event::RoomKindChanged { room, kind, by } => {
                    let admins_only = *kind == RoomKind::Announcement;
                    (room, Line::WritersChanged { by: by.user_uri(), admins_only })
                }
                Event::RoomRenamed { room, name, by } => {
                    (room, Line::Renamed { by: by.user_uri(), name: name.clone() })
                }
                _ => continue,
            };
            self.write_line(room, &line, accepted)?;
        }
        Ok(())
    }

    /// One line of the timeline.
    pub(crate) fn write_line(
        &mut self,
        uri: &RoomUri,
        line: &Line,
        at: Timestamp,
    ) -> Result<(), ClientError> {
        let noted = conversation::note(&mut self.tx(), uri, line, at)?;
        for event in noted {
            self.emit(Event::Conversation(event));
        }
        Ok(())
    }

    pub(crate) fn outbox_len(&self, uri: &RoomUri) -> Result<usize, ClientError> {
        Ok(self.tx().scan(OUTBOX, &room_range(uri), usize::MAX, false)?.len())
    }

    pub(crate) fn is_idle(&self) -> bool {
        let waiting = self.live.under_way.len() + self.live.submissions.len() + self.live.busy.len();
        waiting == 0 && self.live.stream == Stream::Open
    }
}

fn required() -> RequiredCapabilities {
    let required = suite::required_capabilities();
    RequiredCapabilities {
        extension_types: required.extension_types().iter().map(|kind| u16::from(*kind)).collect(),
        proposal_types: required.proposal_types().iter().map(|kind| u16::from(*kind)).collect(),
        credential_types: required.credential_types().iter().map(|kind| u16::from(*kind)).collect(),
    }
}
