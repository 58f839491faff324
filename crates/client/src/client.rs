//! The client as a shell sees it: commands and queries. See [`crate`] for how steps work.

use crate::{
    ClientError, Event, Input, Refusal, RoomView, Step, Suite,
    conversation::{self, Draft, MessageId, Position, ReadReceipts, compose},
    core::Core,
    delivery::{AskedFor, NotHere},
    directory::{DirectoryView, KeysRefusal},
    live::{Job, Stream},
    rows::{ACCOUNT, Intent, RoomState, name},
    verification::{Comparison, Proof, Safety, Standing},
};
use std::{collections::BTreeSet, sync::Arc};
use trefoil_proto::{
    DeviceUri, Domain, RoomUri, Timestamp, UserUri,
    edge::{Identifier, ServiceInfo},
    frame::ServerFrame,
    passes::Token,
    room::RoomKind,
};
use trefoil_store::LocalStore;
use trefoil_transparency::gossip::Evidence;
use zeroize::Zeroizing;

/// One account on one device.
pub struct Client {
    core: Core,
}

/// Who this device is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityView {
    /// The person.
    pub user: UserUri,
    /// The device.
    pub device: DeviceUri,
    /// It has the account key: it can link further devices.
    pub primary: bool,
    /// The account's public key, Ed25519.
    pub account_key: [u8; 32],
    /// The device's public signature key, Ed25519.
    pub device_key: [u8; 32],
}

impl Client {
    /// Opens what a device has stored. Nothing is sent before [`Client::go_online`].
    ///
    /// # Errors
    /// [`ClientError::Store`], [`ClientError::Row`].
    pub fn open(store: Arc<dyn LocalStore>) -> Result<Self, ClientError> {
        Ok(Self { core: Core::open(store)? })
    }

    /// The store, for the queries of [`crate::conversation`].
    pub fn store(&self) -> &Arc<dyn LocalStore> {
        &self.core.store
    }

    /// Who this device is, once it has an account.
    pub fn identity(&self) -> Option<IdentityView> {
        self.core.me.as_ref().map(|me| IdentityView {
            user: me.user.clone(),
            device: me.device.clone(),
            primary: me.account.is_some(),
            account_key: me.authorisation.account_key.0,
            device_key: me.key.public(),
        })
    }

    /// The token for `Authorization: Bearer`, base64url. Present whenever an authenticated request was handed out.
    pub fn bearer(&self) -> Option<Zeroizing<String>> {
        let token = self.core.live.token.as_ref()?;
        Some(Zeroizing::new(data_encoding::BASE64URL_NOPAD.encode(&token.bytes)))
    }

    /// The account's devices as last heard from the service; those that the account does not vouch for are left out.
    ///
    /// # Errors
    /// [`ClientError::NoAccount`], [`ClientError::Store`].
    pub fn own_devices(&self) -> Result<Vec<DeviceUri>, ClientError> {
        self.core.devices()
    }

    /// Makes ids and keys and asks the service for an account, with a pass for a registration there if there is one. Ends in
    /// [`Event::Registered`] or [`Event::RegistrationRefused`].
    ///
    /// # Errors
    /// [`ClientError::AccountExists`].
    pub fn register(
        &mut self,
        domain: Domain,
        identifier: Identifier,
        pass: Option<Token>,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.register(domain, identifier, None, pass, now)).map(|((), step)| step)
    }

    /// After everything was restored from a backup: makes keys for this device and has the service let it in on the
    /// account key alone, in the place of every other device. Ends in [`Event::Recovered`], rooms follow as
    /// [`Event::RoomJoined`]; or in [`Event::RecoveryRefused`].
    ///
    /// # Errors
    /// [`ClientError::NothingRestored`], [`ClientError::AccountExists`].
    pub fn recover(&mut self, now: Timestamp) -> Result<Step<'_>, ClientError> {
        self.step(now, Core::recover).map(|((), step)| step)
    }

    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    pub(crate) fn core_mut(&mut self) -> &mut Core {
        &mut self.core
    }

    /// On a new device: makes its keys, and the long code of its request ([`Client::link_approve`]). What is shown to people
    /// is the short one of [`Client::link_offer`].
    ///
    /// # Errors
    /// [`ClientError::AccountExists`].
    pub fn link_request(
        &mut self,
        domain: Domain,
        now: Timestamp,
    ) -> Result<(String, Step<'_>), ClientError> {
        self.link_request_named(domain, "", now)
    }

    /// The same, with a name for the device. It goes along in the code, and is told to no service.
    ///
    /// # Errors
    /// [`ClientError::AccountExists`]; [`ClientError::BadName`].
    pub fn link_request_named(
        &mut self,
        domain: Domain,
        name: &str,
        now: Timestamp,
    ) -> Result<(String, Step<'_>), ClientError> {
        self.step(now, |core| core.link_request(domain, name))
    }

    /// The device that showed `code`, as it is called once [`Client::link_approve`] has let it in.
    ///
    /// # Errors
    /// [`ClientError::NoAccount`], [`ClientError::BadCode`].
    pub fn link_requested(&self, code: &str) -> Result<DeviceUri, ClientError> {
        self.core().link_requested(code)
    }

    /// On the account's first device: vouches for the device that showed `code`. Ends in [`Event::LinkApproved`], whose
    /// answer is for [`Client::link_finish`] there, or in [`Event::LinkRefused`].
    ///
    /// # Errors
    /// [`ClientError::NotPrimary`], [`ClientError::BadCode`].
    pub fn link_approve(&mut self, code: &str, now: Timestamp) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.link_approve(code)).map(|((), step)| step)
    }

    /// On the new device: takes the answer in. Rooms follow as [`Event::RoomJoined`].
    ///
    /// # Errors
    /// [`ClientError::BadCode`], [`ClientError::AccountExists`].
    pub fn link_finish(&mut self, answer: &str, now: Timestamp) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.link_finish(answer)).map(|((), step)| step)
    }

    /// On the account's first device: takes another device off the account. The service forgets it, and the account's
    /// other devices take it out of their rooms. Ends in [`Event::OwnDeviceRemoved`] or [`Event::UnlinkRefused`].
    ///
    /// # Errors
    /// [`ClientError::NotPrimary`]; [`ClientError::ThisDevice`]; [`ClientError::UnknownDevice`] for one that is not
    /// among [`Client::own_devices`].
    pub fn remove_device(&mut self, device: &DeviceUri, now: Timestamp) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.unlink(device)).map(|((), step)| step)
    }

    /// The name that is sent, end-to-end encrypted, into every room that this device opens from now on and into those
    /// that are open. At most `trefoil_proto::limits::DISPLAY_NAME` bytes.
    ///
    /// # Errors
    /// [`ClientError::Conversation`] for a name that cannot be sent.
    pub fn set_display_name(&mut self, display_name: &str, now: Timestamp) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| {
            let draft = compose::profile(display_name)?;
            core.tx().put(ACCOUNT, name::DISPLAY_NAME, display_name);
            for room in core.room_uris()? {
                let open = core.room(&room)?.is_some_and(|room| room.row.state == RoomState::Open);
                if open && !core.is_shut(&room)? {
                    core.queue(&room, draft.clone(), now)?;
                }
            }
            Ok(())
        })
        .map(|((), step)| step)
    }

    /// The name that was chosen with [`Client::set_display_name`].
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn display_name(&self) -> Result<Option<String>, ClientError> {
        let name = self.core.tx().get(ACCOUNT, name::DISPLAY_NAME)?;
        Ok(name.map(|name| String::from_utf8_lossy(&name).into_owned()))
    }

    /// What the account's service said of itself, once it was heard of.
    ///
    /// # Errors
    /// [`ClientError::Store`], [`ClientError::Row`].
    pub fn service(&self) -> Result<Option<ServiceInfo>, ClientError> {
        self.core.service_info()
    }

    /// Starts to talk to the service: everything that is left to do is asked for, and the stream opened. From then on
    /// the core tries again by itself.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn go_online(&mut self, now: Timestamp) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| {
            core.live.online = true;
            core.live.backoff.remove(&Job::Stream);
            Ok(())
        })
        .map(|((), step)| step)
    }

    /// Takes up one input.
    ///
    /// # Errors
    /// [`ClientError::Store`]: what arrives never fails a call otherwise, it becomes an event.
    pub fn handle(&mut self, input: Input, now: Timestamp) -> Result<Step<'_>, ClientError> {
        self.handle_all([input], now)
    }

    /// Takes up inputs that are there together, in one step: one commit, and each room's keys written once.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn handle_all(
        &mut self,
        inputs: impl IntoIterator<Item = Input>,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        let inputs: Vec<Input> = inputs.into_iter().collect();
        let mut poisoned = BTreeSet::new();
        loop {
            let mut failing = None;
            let done = self.attempt(&inputs, &poisoned, &mut failing, now);
            match (done, failing) {
                (Ok(()), _) => return Ok(Step::new(&mut self.core)),
                // An entry that this program fails on must not stop those behind it.
                (Err(error), Some(position)) if !matches!(error, ClientError::Store(_)) => {
                    tracing::warn!(%error, position, "an entry could not be handled");
                    self.core.roll_back();
                    poisoned.insert(position);
                }
                (Err(error), _) => {
                    self.core.roll_back();
                    return Err(error);
                }
            }
        }
    }

    fn attempt(
        &mut self,
        inputs: &[Input],
        poisoned: &BTreeSet<u64>,
        failing: &mut Option<u64>,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        self.core.begin();
        for input in inputs {
            self.core.input(input, poisoned, failing, now)?;
        }
        self.core.seal(now)
    }

    /// Every room of this device.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn rooms(&mut self) -> Result<Vec<RoomView>, ClientError> {
        let uris = self.core.room_uris()?;
        uris.iter().filter_map(|uri| self.core.view(uri).transpose()).collect()
    }

    /// One room.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn room(&mut self, room: &RoomUri) -> Result<Option<RoomView>, ClientError> {
        self.core.view(room)
    }

    /// Makes a room under the hybrid suite and adds people to it.
    ///
    /// # Errors
    /// As [`Client::create_room_with`].
    pub fn create_room(
        &mut self,
        title: &str,
        people: &[UserUri],
        now: Timestamp,
    ) -> Result<(RoomUri, Step<'_>), ClientError> {
        self.create_room_with(title, people, Suite::Hybrid, now)
    }

    /// Makes a room at this account's service. It is usable at [`Event::RoomJoined`]; people follow as
    /// [`Event::MemberAdded`], or [`Event::ChangeRefused`] names who cannot be added.
    ///
    /// # Errors
    /// [`ClientError::NoAccount`]; [`ClientError::NoService`] before the service was heard of; [`ClientError::TooLarge`]
    /// for the title; [`ClientError::KeyChanged`] for somebody whose new account key is not decided about.
    pub fn create_room_with(
        &mut self,
        title: &str,
        people: &[UserUri],
        suite: Suite,
        now: Timestamp,
    ) -> Result<(RoomUri, Step<'_>), ClientError> {
        self.step(now, |core| core.create_room(title, people, (suite, RoomKind::Discussion)))
    }

    /// Adds people with all their devices.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] unless this person is an admin; [`ClientError::UnknownRoom`],
    /// [`ClientError::RoomNotOpen`]; [`ClientError::KeyChanged`] and [`ClientError::OtherKeyInRoom`] as
    /// [`Client::send`], and [`ClientError::KeyChanged`] for those to be added.
    pub fn add_people(
        &mut self,
        room: &RoomUri,
        people: &[UserUri],
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        let people = people.to_vec();
        self.step(now, |core| {
            core.open_room(room, true)?;
            core.decided(&people)?;
            core.unblocked(room)?;
            core.intend(room, Intent::Add { people })
        })
        .map(|((), step)| step)
    }

    /// Removes people with all their devices. From a room that is blocked by some, these can be removed, all of them at
    /// once.
    ///
    /// # Errors
    /// As [`Client::add_people`].
    pub fn remove_people(
        &mut self,
        room: &RoomUri,
        people: &[UserUri],
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        let people = people.to_vec();
        self.step(now, |core| {
            core.open_room(room, true)?;
            let blocked = core.blocked(room)?;
            if !blocked.foreign.iter().all(|user| people.contains(user)) {
                core.unblocked(room)?;
            }
            core.intend(room, Intent::Remove { people })
        })
        .map(|((), step)| step)
    }

    /// Makes an invitation into a room for so many people, good until a time, and returns its link. The link is a
    /// secret: whoever has it can come in. It holds once the change is through, and for as long as this person is an
    /// admin.
    ///
    /// # Errors
    /// As [`Client::add_people`].
    pub fn invite(
        &mut self,
        room: &RoomUri,
        people: u32,
        not_after: Timestamp,
        now: Timestamp,
    ) -> Result<(String, Step<'_>), ClientError> {
        self.step(now, |core| {
            core.open_room(room, true)?;
            core.unblocked(room)?;
            core.invite(room, people, not_after)
        })
    }

    /// Takes invitations back, by their keys.
    ///
    /// # Errors
    /// As [`Client::add_people`].
    pub fn take_back_invitations(
        &mut self,
        room: &RoomUri,
        keys: Vec<[u8; 32]>,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| {
            core.open_room(room, true)?;
            core.unblocked(room)?;
            core.take_back(room, keys)
        })
        .map(|((), step)| step)
    }

    /// Comes into a room by the link of an invitation. Ends in [`Event::RoomJoined`] or [`Event::ChangeRefused`].
    ///
    /// # Errors
    /// [`ClientError::BadInvitation`] if it is no link; [`ClientError::InRoomAlready`]; [`ClientError::NoAccount`].
    pub fn accept_invitation(
        &mut self,
        link: &str,
        now: Timestamp,
    ) -> Result<(RoomUri, Step<'_>), ClientError> {
        self.step(now, |core| core.accept_invitation(link))
    }

    /// Gives the room another name.
    ///
    /// # Errors
    /// As [`Client::add_people`].
    pub fn rename_room(
        &mut self,
        room: &RoomUri,
        title: &str,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        if title.len() > trefoil_proto::limits::METADATA_TEXT {
            return Err(ClientError::TooLarge { limit: trefoil_proto::limits::METADATA_TEXT });
        }
        self.change(room, Intent::Rename { name: title.as_bytes().to_vec().into() }, now)
    }

    /// Leaves with all of this person's devices. Ends in [`Event::RoomLeft`], once another member has committed it.
    ///
    /// # Errors
    /// [`ClientError::UnknownRoom`], [`ClientError::RoomNotOpen`]; [`ClientError::OtherKeyInRoom`] if other own devices
    /// are to leave too, or another admin is to be named, which somebody's device with another key would see.
    pub fn leave(&mut self, room: &RoomUri, now: Timestamp) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.leave(room, now)).map(|((), step)| step)
    }

    /// Joins a room of this person by external commit: on a new device, or after the room's keys were lost.
    ///
    /// # Errors
    /// [`ClientError::NoAccount`], [`ClientError::Store`].
    pub fn join(&mut self, room: &RoomUri, now: Timestamp) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| {
            core.me()?;
            core.start_joining(room)
        })
        .map(|((), step)| step)
    }

    /// Sends a message: it is kept until the hub has accepted it. A passing one (typing) leaves now or not at all.
    ///
    /// # Errors
    /// [`ClientError::UnknownRoom`], [`ClientError::RoomNotOpen`], [`ClientError::TooLarge`]; [`ClientError::NotAllowed`]
    /// where only admins write, and this person is none, or for what only admins do; nothing is sent to a room
    /// with somebody whose account key is not the one that was verified: [`ClientError::KeyChanged`] until it is
    /// decided ([`Client::verify`], [`Client::accept_new_key`]), [`ClientError::OtherKeyInRoom`] as long as they are in
    /// that room so.
    pub fn send(
        &mut self,
        room: &RoomUri,
        draft: Draft,
        now: Timestamp,
    ) -> Result<(MessageId, Step<'_>), ClientError> {
        self.step(now, |core| {
            core.unblocked(room)?;
            core.say(room, draft, now)
        })
    }

    /// Sends messages in one step: one commit, and each room's keys written once.
    ///
    /// # Errors
    /// As [`Client::send`]; then none is sent.
    pub fn send_all(
        &mut self,
        drafts: impl IntoIterator<Item = (RoomUri, Draft)>,
        now: Timestamp,
    ) -> Result<(Vec<MessageId>, Step<'_>), ClientError> {
        self.step(now, |core| {
            let queue = |(room, draft)| {
                core.unblocked(&room)?;
                core.say(&room, draft, now)
            };
            drafts.into_iter().map(queue).collect()
        })
    }

    /// Marks everything in a room up to and including a position as read: timers of disappearing messages start, and
    /// with [`ReadReceipts::Send`] the senders and the person's other devices hear of it. In rooms of more than
    /// [`crate::conversation::STATUS_PARTICIPANTS`] people, and in those that are not open, nobody does.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn mark_read(
        &mut self,
        room: &RoomUri,
        through: Position,
        receipts: ReadReceipts,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| {
            let drafts = conversation::mark_read(&mut core.tx(), room, through, now)?;
            core.tell_read(room, drafts, receipts, now)
        })
        .map(|((), step)| step)
    }

    /// What this person and another compare: the digits, and the code that this device shows.
    ///
    /// # Errors
    /// [`ClientError::NoAccount`]; [`ClientError::UnknownPerson`] of whom no account key was seen;
    /// [`ClientError::Oneself`].
    pub fn safety(&self, person: &UserUri) -> Result<Safety, ClientError> {
        self.core.safety(person)
    }

    /// How a person stands.
    pub fn standing(&self, person: &UserUri) -> Standing {
        self.core.contacts.standing(person)
    }

    /// Compares what the other's device showed with what is known here. On [`Comparison::Match`] the person is verified;
    /// on anything else the step changes nothing.
    ///
    /// # Errors
    /// As [`Client::safety`].
    pub fn verify(
        &mut self,
        person: &UserUri,
        proof: &Proof,
        now: Timestamp,
    ) -> Result<(Comparison, Step<'_>), ClientError> {
        self.step(now, |core| core.verify(person, proof, now))
    }

    /// Takes the new account key of a verified person without comparing it: they are not verified any more, and what
    /// waited for the decision goes out.
    ///
    /// # Errors
    /// [`ClientError::NoNewKey`].
    pub fn accept_new_key(&mut self, person: &UserUri, now: Timestamp) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.accept_new_key(person, now)).map(|((), step)| step)
    }

    /// The key directories of the services that this device knows.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn directories(&self) -> Result<Vec<DirectoryView>, ClientError> {
        self.core.directories()
    }

    /// How many services other than a directory's own must vouch for it before its proofs are believed.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn auditors_needed(&self) -> Result<usize, ClientError> {
        self.core.needed()
    }

    /// Chooses how many. With 0 a directory is believed that nobody but its service has looked at.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn set_auditors_needed(&mut self, needed: usize, now: Timestamp) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.choose_needed(needed)).map(|((), step)| step)
    }

    /// Names the services whose word on the directories of others counts, under the keys that this device keeps of them
    /// now; with none, that of all services that it knows or hears of. The own service then cannot bring in others.
    ///
    /// # Errors
    /// [`ClientError::UnknownService`]; [`ClientError::TooFewAuditors`]; [`ClientError::Store`].
    pub fn name_auditors(
        &mut self,
        named: &BTreeSet<Domain>,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.name_auditors(named)).map(|((), step)| step)
    }

    /// Believes a directory again that was caught: the person's decision. New evidence counts anew.
    ///
    /// # Errors
    /// [`ClientError::NotCaught`]; [`ClientError::Store`].
    pub fn believe_again(&mut self, directory: &Domain, now: Timestamp) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.believe_again(directory, now)).map(|((), step)| step)
    }

    /// Evidence against directories that showed two faces.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn evidence(&self) -> Result<Vec<Evidence>, ClientError> {
        self.core.evidence()
    }

    /// Why the directory's word on this person's own devices is not believed, if it was looked at.
    ///
    /// # Errors
    /// [`ClientError::NoAccount`].
    pub fn own_entry_refused(&self) -> Result<Option<KeysRefusal>, ClientError> {
        self.core.own_entry_refused()
    }

    /// The devices of whose messages some did not come to this room, and how many.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn missing(&self, room: &RoomUri) -> Result<Vec<NotHere>, ClientError> {
        self.core.missing(room)
    }

    /// Asks the senders of what is missing in a room to send it again; who asks is seen by the whole room. What comes is
    /// told with [`crate::delivery::Finding::Restored`] or [`crate::delivery::Finding::Unavailable`].
    ///
    /// # Errors
    /// [`ClientError::UnknownRoom`], [`ClientError::RoomNotOpen`], [`ClientError::Store`].
    pub fn ask_again(&mut self, room: &RoomUri, now: Timestamp) -> Result<(AskedFor, Step<'_>), ClientError> {
        self.step(now, |core| core.ask_again(room, now))
    }

    /// Whether [`crate::conversation::search`] finds all that was said. After an update of the program it takes some
    /// steps, which come by themselves; [`Client::handle_all`] without inputs is one.
    pub fn is_searchable(&self) -> bool {
        !self.core.live.indexing
    }

    /// How many messages of a room wait for the hub.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn outbox_len(&self, room: &RoomUri) -> Result<usize, ClientError> {
        self.core.outbox_len(room)
    }

    /// True if the stream is open and nothing waits: no message, no change of a room, no request.
    pub fn is_idle(&self) -> bool {
        self.core.is_idle()
    }

    pub(crate) fn change(
        &mut self,
        room: &RoomUri,
        intent: Intent,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| {
            core.open_room(room, true)?;
            core.unblocked(room)?;
            core.intend(room, intent)
        })
        .map(|((), step)| step)
    }

    pub(crate) fn step<T>(
        &mut self,
        now: Timestamp,
        act: impl FnOnce(&mut Core) -> Result<T, ClientError>,
    ) -> Result<(T, Step<'_>), ClientError> {
        self.core.begin();
        let done = act(&mut self.core).and_then(|value| self.core.seal(now).map(|()| value));
        match done {
            Ok(value) => Ok((value, Step::new(&mut self.core))),
            Err(error) => {
                self.core.roll_back();
                Err(error)
            }
        }
    }
}

impl Core {
    fn input(
        &mut self,
        input: &Input,
        poisoned: &BTreeSet<u64>,
        failing: &mut Option<u64>,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        match input {
            Input::Response { request, response } => match self.live.under_way.remove(request) {
                Some(job) => self.answered(&job, response, now),
                None => Ok(()),
            },
            Input::Failed { request } => {
                if let Some(job) = self.live.under_way.remove(request) {
                    self.live.pause(job, 0, now);
                }
                Ok(())
            }
            Input::Connected => {
                self.live.stream_closed();
                self.live.stream = Stream::Open;
                self.live.backoff.remove(&Job::Stream);
                self.live.backoff.retain(|job, _| !matches!(job, Job::Submit(_)));
                Ok(())
            }
            Input::Disconnected { unauthenticated } => {
                self.live.stream_closed();
                if *unauthenticated {
                    self.unauthenticated(trefoil_proto::ErrorCode::Unauthenticated, now);
                }
                self.live.pause(Job::Stream, 0, now);
                Ok(())
            }
            Input::Frame(frame) => self.frame(frame, poisoned, failing, now),
            Input::Time => Ok(()),
        }
    }

    fn frame(
        &mut self,
        frame: &ServerFrame,
        poisoned: &BTreeSet<u64>,
        failing: &mut Option<u64>,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        match frame {
            ServerFrame::Deliver { entries } => self.deliver(entries, poisoned, failing, now),
            ServerFrame::CaughtUp => {
                self.live.caught_up = true;
                self.emit(Event::CaughtUp);
                Ok(())
            }
            ServerFrame::Passing { body } => match self.passing(body, now) {
                Err(error) if !matches!(error, ClientError::Store(_)) => {
                    // Nothing of a passing event is worth a step.
                    tracing::warn!(%error, "a passing event could not be handled");
                    self.emit(Event::Refused { room: None, reason: Refusal::Internal });
                    Ok(())
                }
                other => other,
            },
            ServerFrame::Submitted { tag, response } => self.submitted(*tag, response),
            ServerFrame::Refused { tag, error } => self.submission_refused(*tag, error, now),
            // The service closes the stream by itself.
            ServerFrame::Draining => Ok(()),
        }
    }
}
