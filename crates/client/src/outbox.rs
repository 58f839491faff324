//! Messages to send: content once, ciphertext once for each epoch, in order within a room, until the hub has answered.
//!
//! A message is encrypted only when it is about to leave. The ciphertext is stored in the same commit as the MLS state
//! that it used up, and is sent again byte for byte if the answer was lost. Only when the hub says that its epoch is
//! over is the same content encrypted again; receivers know it by its message id.
//!
//! A room's messages are submitted in order, many at a time. If one of them fails for a passing reason, the rest of
//! that room goes one by one until one succeeds again.

use crate::{
    ClientError, Effect, Event, SendRefusal,
    conversation::{self, Draft, MessageId, Outgoing},
    core::Core,
    delivery::Fate,
    error::mls,
    frank,
    live::{Job, Stream},
    mls::wire,
    rejoining::Sign,
    rows::{self, OUTBOX, OutboxRow, RoomState, Row as _, Sealed, room_key, room_range},
};
use openmls::prelude::SafeAadItem;
use openmls_traits::{OpenMlsProvider as _, random::OpenMlsRand as _};
use std::collections::BTreeSet;
use trefoil_proto::{
    ErrorBody, ErrorCode, RoomUri, Timestamp,
    content::ReceivedContent,
    frame::ClientFrame,
    franking::{self, FRANK_AAD},
    limits,
    mimi::{Protocol, SubmitMessageRequest, SubmitMessageResponse, submit::Delivery},
    mls::MlsMessage,
    room::RoomKind,
};

/// Submissions of one room that may be unanswered. After a break those that failed are sent again behind later ones
/// that did not, so receivers must open what comes up to this much too late: see `mls::suite`.
pub(crate) const WINDOW: u32 = 64;
/// What MLS puts around a message, generously.
const OVERHEAD: usize = 1024;

impl Core {
    /// What the person says in a room. It takes up a request, unless it passes, and disappears as the room has it.
    pub(crate) fn say(
        &mut self,
        uri: &RoomUri,
        draft: Draft,
        now: Timestamp,
    ) -> Result<MessageId, ClientError> {
        if let Some(capability) = draft.needs() {
            self.allowed(uri, capability)?;
        }
        if !draft.passing {
            self.known_room(uri)?;
            self.accept(uri, now)?;
            if self.connect(uri, now)? {
                self.hand_reach(uri, now)?;
            }
        }
        let timer = conversation::room_timer(&self.tx(), uri)?;
        self.queue(uri, draft.under(timer), now)
    }

    /// Completes a draft and puts it into the room's outbox; a passing one leaves now or not at all.
    pub(crate) fn queue(
        &mut self,
        uri: &RoomUri,
        draft: Draft,
        now: Timestamp,
    ) -> Result<MessageId, ClientError> {
        let me = self.me()?;
        self.known_room(uri)?;
        if !self.takes_messages(uri)? {
            return Err(ClientError::RoomNotOpen(uri.clone()));
        }
        let salt = self.provider.rand().random_array().map_err(mls("draw a salt"))?;
        let passing = draft.passing;
        let mut content = draft.into_content(salt, &me.user, uri)?;
        if !passing {
            self.tell_roots(uri, &mut content.extensions)?;
        }
        // What passes may get lost, and is not counted.
        let order = if passing { None } else { Some(self.place(uri, &mut content)?) };
        let bytes = content.encode().map_err(|_| ClientError::TooLarge { limit: limits::MESSAGE })?;
        if bytes.len() + OVERHEAD > limits::MESSAGE {
            return Err(ClientError::TooLarge { limit: limits::MESSAGE - OVERHEAD });
        }
        let content = ReceivedContent { bytes: bytes.into(), content };
        let Some(order) = order else {
            let id = content.id(&me.user, uri);
            self.pass(uri, &content)?;
            return Ok(id);
        };
        let outgoing =
            Outgoing { room: uri, me: &me.user, device: &me.device, content: &content, queued: now };
        let (id, events) = conversation::queued(&mut self.tx(), outgoing)?;
        for event in events {
            self.emit(Event::Conversation(event));
        }
        self.placed(uri, &order, id)?;
        let room = self.known_room(uri)?;
        let place = room.row.next_outbox;
        room.row.next_outbox += 1;
        let row = OutboxRow { message: id.0, content: content.bytes.to_vec().into(), sealed: None };
        row.write(&mut self.tx(), OUTBOX, room_key(uri, &[place]));
        self.live.busy.insert(uri.clone());
        Ok(id)
    }

    /// Whether what is queued in a room will be sent, at once or once the room is open.
    pub(crate) fn takes_messages(&mut self, uri: &RoomUri) -> Result<bool, ClientError> {
        let state = self.room(uri)?.map(|room| room.row.state);
        Ok(matches!(state, Some(RoomState::Creating | RoomState::Joining | RoomState::Open)))
    }

    fn pass(&mut self, uri: &RoomUri, content: &ReceivedContent) -> Result<(), ClientError> {
        let room = self.known_room(uri)?;
        let ready = room.row.state == RoomState::Open && room.row.pending.is_none() && room.group.is_some();
        let held = !self.blocked(uri)?.is_empty()
            || !self.unproven_devices(uri)?.is_empty()
            || self.is_quiet(uri)?;
        if !ready || self.live.stream != Stream::Open || held {
            return Ok(());
        }
        let sealed = self.seal_message(uri, &content.bytes, &content.content.salt)?;
        let tag = self.next_tag();
        self.submit(uri, tag, &sealed, Delivery::Passing)
    }

    /// Submits what waits in a room. True while something waits.
    pub(crate) fn pump_outbox(&mut self, uri: &RoomUri, now: Timestamp) -> Result<bool, ClientError> {
        let waiting = self.tx().scan(OUTBOX, &room_range(uri), WINDOW as usize, false)?;
        // What is there already may have been encrypted before anybody's key changed. It waits with the rest: whether
        // this room still is what its messages were meant for is what the person decides.
        if waiting.is_empty() || !self.blocked(uri)?.is_empty() {
            return Ok(false);
        }
        let Some(epoch) = self.known_room(uri)?.epoch() else { return Ok(true) };
        let not_yet = self.live.stream != Stream::Open
            || self.live.await_epoch.get(uri).is_some_and(|awaited| *awaited > epoch)
            || !self.live.may(&Job::Submit(uri.clone()), now);
        if self.live.await_epoch.get(uri).is_some_and(|awaited| *awaited > epoch) {
            self.stray(uri, Sign::Silence, now)?;
        }
        if not_yet {
            return Ok(true);
        }
        let under_way: BTreeSet<u64> =
            self.live.submissions.values().filter(|(room, _)| room == uri).map(|(_, place)| *place).collect();
        let window = if self.live.careful.contains(uri) { 1 } else { WINDOW };
        let oldest = waiting.first().and_then(|(key, _)| rows::last_number(key)).unwrap_or(0);
        for (key, row) in waiting {
            let place = rows::last_number(&key).unwrap_or(0);
            if place >= oldest + u64::from(window) {
                break;
            }
            if under_way.contains(&place) {
                continue;
            }
            let mut row = OutboxRow::from_row(&row)?;
            let sealed = match row.sealed.take() {
                Some(sealed) => sealed,
                None => {
                    let content = row.content.as_slice().to_vec();
                    // The room's rules may be others than when it was written.
                    if self.is_forbidden(uri, &content)? {
                        self.give_up(uri, place, SendRefusal::NotAllowed)?;
                        continue;
                    }
                    let salt = salt_of(&content)?;
                    let message = self.seal_message(uri, &content, &salt)?;
                    Sealed { epoch, message: message.as_bytes().to_vec().into() }
                }
            };
            let message =
                MlsMessage::parse(sealed.message.as_slice()).map_err(mls("read a sealed message"))?;
            row.sealed = Some(sealed);
            row.write(&mut self.tx(), OUTBOX, key.to_vec());
            let tag = self.next_tag();
            self.live.submissions.insert(tag, (uri.clone(), place));
            self.submit(uri, tag, &message, Delivery::Durable)?;
        }
        Ok(true)
    }

    /// Whether the room, as it is now, does not let this person say something.
    fn is_forbidden(&mut self, uri: &RoomUri, content: &[u8]) -> Result<bool, ClientError> {
        let kind = self.known_room(uri)?.context().map(|context| context.kind);
        if kind != Ok(RoomKind::Announcement) {
            return Ok(false);
        }
        let content = ReceivedContent::decode(content.to_vec()).map_err(mls("read a message to be sent"))?;
        let needs = conversation::needs(&content.content);
        Ok(needs.is_some_and(|capability| self.allowed(uri, capability).is_err()))
    }

    fn next_tag(&mut self) -> u32 {
        self.live.next_tag = self.live.next_tag.wrapping_add(1);
        self.live.next_tag
    }

    fn submit(
        &mut self,
        uri: &RoomUri,
        tag: u32,
        message: &MlsMessage,
        delivery: Delivery,
    ) -> Result<(), ClientError> {
        let request = SubmitMessageRequest {
            protocol: Protocol::Mls10,
            app_message: message.clone(),
            sending_uri: self.me()?.user.clone(),
            delivery,
            sender_frank: None,
        };
        self.effect(Effect::Frame(ClientFrame::Submit { tag, room: uri.clone(), request }));
        Ok(())
    }

    /// Tags and encrypts. The group's new state is part of the step.
    fn seal_message(
        &mut self,
        uri: &RoomUri,
        content: &[u8],
        salt: &[u8; 16],
    ) -> Result<MlsMessage, ClientError> {
        const ACT: &str = "encrypt a message";
        let me = self.me()?;
        self.room(uri)?;
        let Self { rooms, provider, .. } = self;
        let room = rooms.get_mut(uri).ok_or_else(|| ClientError::UnknownRoom(uri.clone()))?;
        room.touch();
        let group = room.group.as_mut().ok_or_else(|| ClientError::RoomNotOpen(uri.clone()))?;
        let tag = franking::safe_aad_item(&franking::tag(salt, content));
        group.set_safe_aad(vec![SafeAadItem::new(FRANK_AAD, tag)]).map_err(mls(ACT))?;
        let message = group.create_message(provider, &me.key, content).map_err(mls(ACT))?;
        wire::message(&message)
    }

    /// The hub's answer to a submission.
    pub(crate) fn submitted(
        &mut self,
        tag: u32,
        response: &SubmitMessageResponse,
    ) -> Result<(), ClientError> {
        let Some((uri, place)) = self.live.submissions.remove(&tag) else { return Ok(()) };
        let key = room_key(&uri, &[place]);
        let Some(mut row) = OutboxRow::read(&self.tx(), OUTBOX, &key)? else { return Ok(()) };
        match response {
            SubmitMessageResponse::Accepted { accepted_timestamp, frank } => {
                self.live.careful.remove(&uri);
                self.live.backoff.remove(&Job::Submit(uri.clone()));
                let me = self.me()?;
                let room = self.known_room(&uri)?;
                let suite = room.suite();
                let hub = room.context().ok().map(|context| context.franking_key);
                // A stamp that does not verify proves nothing, but the message is out: it is kept without one.
                let stored = frank.as_ref().zip(hub.zip(suite)).and_then(|(frank, (hub, suite))| {
                    frank::verify(&hub, &me.user, &uri, *accepted_timestamp, suite, frank).ok()
                });
                let id = MessageId(row.message);
                let events = conversation::sent(
                    &mut self.tx(),
                    &uri,
                    &me.user,
                    id,
                    *accepted_timestamp,
                    stored.as_ref(),
                )?;
                for event in events {
                    self.emit(Event::Conversation(event));
                }
                self.tx().delete(OUTBOX, key);
                let epoch = row.sealed.as_ref().map_or(0, |sealed| sealed.epoch);
                let fate = Fate::Accepted { epoch, at: *accepted_timestamp };
                self.settled(&uri, row.content.as_slice(), fate)?;
            }
            SubmitMessageResponse::NotAllowed => self.give_up(&uri, place, SendRefusal::NotAllowed)?,
            SubmitMessageResponse::EpochTooOld { current_epoch } => {
                // Encrypted again once the commits in between are here.
                let of = row.sealed.take().map_or(0, |sealed| sealed.epoch);
                row.write(&mut self.tx(), OUTBOX, key);
                // A hub that says so of its own epoch gets the message no sooner than another epoch begins.
                self.live.await_epoch.insert(uri.clone(), (*current_epoch).max(of + 1));
            }
        }
        self.live.busy.insert(uri);
        Ok(())
    }

    /// A submission failed before the hub could answer.
    pub(crate) fn submission_refused(
        &mut self,
        tag: u32,
        error: &ErrorBody,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let Some((uri, place)) = self.live.submissions.remove(&tag) else { return Ok(()) };
        self.live.busy.insert(uri.clone());
        match error.code {
            ErrorCode::NotAllowed => self.give_up(&uri, place, SendRefusal::NotAllowed),
            ErrorCode::TooLarge
            | ErrorCode::Malformed
            | ErrorCode::NotFranked
            | ErrorCode::NotFound
            | ErrorCode::Limited
            | ErrorCode::Suspended => self.give_up(&uri, place, SendRefusal::Service(error.code)),
            _ => {
                self.live.careful.insert(uri.clone());
                self.live.pause(Job::Submit(uri), error.retry_after_ms.into(), now);
                Ok(())
            }
        }
    }

    fn give_up(&mut self, uri: &RoomUri, place: u64, reason: SendRefusal) -> Result<(), ClientError> {
        let key = room_key(uri, &[place]);
        let Some(row) = OutboxRow::read(&self.tx(), OUTBOX, &key)? else { return Ok(()) };
        self.tx().delete(OUTBOX, key);
        self.settled(uri, row.content.as_slice(), Fate::GivenUp)?;
        let message = MessageId(row.message);
        let events = conversation::failed(&mut self.tx(), uri, message, &reason.to_string())?;
        for event in events {
            self.emit(Event::Conversation(event));
        }
        self.emit(Event::SendRefused { room: uri.clone(), message, reason });
        Ok(())
    }

    /// Gives up everything that waits in a room.
    pub(crate) fn give_up_all(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        let waiting = self.tx().scan(OUTBOX, &room_range(uri), usize::MAX, false)?;
        for (key, _) in waiting {
            self.give_up(uri, rows::last_number(&key).unwrap_or(0), SendRefusal::NoLongerMember)?;
        }
        Ok(())
    }
}

/// The salt stands at the start of the content: array(7), bytes(16).
fn salt_of(content: &[u8]) -> Result<[u8; 16], ClientError> {
    const START: [u8; 2] = [0x87, 0x50];
    content.strip_prefix(&START).and_then(|rest| rest.first_chunk::<16>().copied()).ok_or(ClientError::Row {
        what: "outbox entry",
        source: trefoil_proto::ProtoError::Malformed("content"),
    })
}

impl std::fmt::Display for SendRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotAllowed => f.write_str("the room does not allow it"),
            Self::NoLongerMember => f.write_str("no longer in the room"),
            Self::Service(code) => write!(f, "the service refused it: {code:?}"),
        }
    }
}
