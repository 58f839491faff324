//! What arrives: entries of the mailbox and passing events, checked, taken up, and acknowledged once they are durable.

use crate::{
    ClientError, Event, Refusal,
    conversation::{self, By, Incoming, compose},
    core::Core,
    delivery::Placed,
    frank,
    mls::{credential, wire},
    rejoining::Sign,
    room::Room,
    rows::{self, ACCOUNT, HELD, HeldRow, RoomState, Row as _, name, room_key, room_range},
};
use openmls::{
    framing::errors::{MessageDecryptionError, SecretTreeError},
    group::MlsGroup,
    prelude::{ProcessMessageError, ProcessedMessageContent, Sender, ValidationError},
};
use std::collections::{BTreeMap, BTreeSet};
use trefoil_proto::{
    RoomUri, Timestamp, Wire as _,
    content::ReceivedContent,
    defence::Defence,
    frame::{MailboxEntry, MailboxEvent},
    franking::{self, FRANK_AAD, FrankingTag},
    mimi::{FanoutMessage, Frank, fanout::RoomEvent},
    mls::{MessageKind, MlsMessage},
    room::{Role, RoomKind},
};

/// Entries of later epochs that are kept for each room.
const HELD_A_ROOM: u32 = 1024;
/// And their bytes: more than one commit of the largest kind.
const HELD_BYTES: u32 = 48 * 1024 * 1024;
/// How many of them are read at a time.
const HELD_STEP: usize = 64;

/// How an event came in.
#[derive(Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) received: Timestamp,
    /// In the mailbox; zero for passing events.
    pub(crate) position: u64,
    pub(crate) passing: bool,
}

/// What taking an event up came to. A refusal is the sender's or the hub's fault and changes nothing that matters.
pub(crate) type Taken = Result<Result<(), Refusal>, ClientError>;

impl Core {
    /// Entries that came together. `poisoned` are positions whose handling failed inside this program before.
    /// `failing` says at which one it fails now, if it does.
    pub(crate) fn deliver(
        &mut self,
        entries: &[MailboxEntry],
        poisoned: &BTreeSet<u64>,
        failing: &mut Option<u64>,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let mut cursor = self.cursor()?;
        for entry in entries.iter() {
            // Sent again after a break: taken up already.
            if entry.position <= cursor {
                continue;
            }
            cursor = entry.position;
            if poisoned.contains(&entry.position) {
                self.emit(Event::Refused { room: None, reason: Refusal::Internal });
                continue;
            }
            *failing = Some(entry.position);
            let arrival = Arrival { received: now, position: entry.position, passing: false };
            self.take_body(&entry.body, arrival)?;
            *failing = None;
        }
        self.tx().put(ACCOUNT, name::CURSOR, cursor.to_be_bytes());
        self.acknowledge = Some(cursor);
        Ok(())
    }

    /// An event that is stored nowhere.
    pub(crate) fn passing(&mut self, body: &[u8], now: Timestamp) -> Result<(), ClientError> {
        self.take_body(body, Arrival { received: now, position: 0, passing: true })
    }

    fn take_body(&mut self, body: &[u8], arrival: Arrival) -> Result<(), ClientError> {
        match MailboxEvent::decode(body) {
            Ok(MailboxEvent::Room { room, message }) => {
                let taken = self.take_event(&room, &message, arrival)?;
                self.settle_refusal(&room, taken);
            }
            Ok(MailboxEvent::DevicesChanged) => self.live.devices_known = false,
            Ok(MailboxEvent::KeyPackagesLow { .. }) => self.live.counted = false,
            Ok(MailboxEvent::Lapsed { room: Some(room) }) => {
                self.lapsed(&room, arrival.received)?;
                self.stray(&room, Sign::Proof, arrival.received)?;
            }
            Ok(MailboxEvent::Lapsed { room: None }) => {
                self.emit(Event::MailboxLapsed);
                self.live.devices_known = false;
                self.live.counted = false;
                for room in self.room_uris()? {
                    self.lapsed(&room, arrival.received)?;
                    self.stray(&room, Sign::Proof, arrival.received)?;
                }
            }
            Err(_) => self.emit(Event::Refused { room: None, reason: Refusal::Malformed }),
        }
        Ok(())
    }

    fn settle_refusal(&mut self, room: &RoomUri, taken: Result<(), Refusal>) {
        if let Err(reason) = taken {
            tracing::debug!(?reason, "refused an event");
            self.emit(Event::Refused { room: Some(room.clone()), reason });
        }
    }

    fn take_event(&mut self, uri: &RoomUri, event: &FanoutMessage, arrival: Arrival) -> Taken {
        if let RoomEvent::Welcome { message, ratchet_tree } = &event.event {
            let times = (event.timestamp, arrival.received);
            return self.join_by_welcome(uri, message, ratchet_tree, times);
        }
        let message = match &event.event {
            RoomEvent::Removal(asked) => {
                return match self.room(uri)?.map(|room| room.row.state) {
                    None => Ok(Err(Refusal::UnknownRoom)),
                    Some(RoomState::Left) => Ok(Ok(())),
                    // It is durable or nothing.
                    Some(_) if arrival.passing => Ok(Err(Refusal::RemovalUnasked)),
                    Some(_) => self.removal_asked(uri, asked, event.timestamp),
                };
            }
            RoomEvent::Application { message, .. }
            | RoomEvent::Proposal { message, .. }
            | RoomEvent::Commit { message, .. }
            | RoomEvent::Welcome { message, .. } => message,
        };
        let Some(room) = self.room(uri)? else { return Ok(Err(Refusal::UnknownRoom)) };
        if room.row.state == RoomState::Left {
            return Ok(Ok(()));
        }
        let Some(current) = room.epoch() else { return Ok(Err(Refusal::UnknownRoom)) };
        let (Some(epoch), true) = (message.epoch(), message.group_id() == Some(uri.to_string().as_bytes()))
        else {
            return Ok(Err(Refusal::Malformed));
        };
        if room.row.state == RoomState::Joining && room.row.pending.is_some() {
            // Whether the group is the room's is not known yet, and what is older was said before.
            let own = matches!(message.kind(), MessageKind::Commit) && epoch + 1 == current;
            if !own {
                return if epoch < current { Ok(Ok(())) } else { self.hold(uri, epoch, event, arrival) };
            }
        }
        if epoch > current {
            return self.hold(uri, epoch, event, arrival);
        }
        match (&event.event, message.kind()) {
            (RoomEvent::Application { message, frank }, MessageKind::Application) => {
                self.take_message(uri, message, frank.as_ref(), event.timestamp, arrival)
            }
            (RoomEvent::Commit { message, .. }, MessageKind::Commit) => {
                self.take_commit(uri, message, event.timestamp, arrival.received)
            }
            (RoomEvent::Proposal { message, more }, MessageKind::Proposal) => {
                for proposal in std::iter::once(message).chain(more) {
                    let taken = self.take_proposal(uri, proposal, arrival.received)?;
                    self.settle_refusal(uri, taken);
                }
                Ok(Ok(()))
            }
            _ => Ok(Err(Refusal::Malformed)),
        }
    }

    /// Keeps what belongs to an epoch that this device has not reached.
    fn hold(&mut self, uri: &RoomUri, epoch: u64, event: &FanoutMessage, arrival: Arrival) -> Taken {
        if arrival.passing {
            return Ok(Ok(()));
        }
        let row = HeldRow { received: arrival.received, event: event.encode().into() }.to_row();
        let length = u32::try_from(row.len()).unwrap_or(u32::MAX);
        let astray = &mut self.known_room(uri)?.row.astray;
        let bytes = astray.held_bytes.saturating_add(length);
        if astray.held >= HELD_A_ROOM || bytes > HELD_BYTES {
            self.stray(uri, Sign::Proof, arrival.received)?;
            return Ok(Err(Refusal::TooFarAhead));
        }
        astray.held += 1;
        astray.held_bytes = bytes;
        self.tx().put(HELD, room_key(uri, &[epoch, arrival.position]), row);
        self.stray(uri, Sign::Ahead, arrival.received)?;
        Ok(Ok(()))
    }

    /// Takes up what was held for the epoch that a room has reached.
    pub(crate) fn release_held(&mut self, uri: &RoomUri, now: Timestamp) -> Result<(), ClientError> {
        let Some(current) = self.room(uri)?.and_then(|room| room.epoch()) else { return Ok(()) };
        let held = self.tx().scan(HELD, &room_range(uri), HELD_STEP, false)?;
        let more = held.len() == HELD_STEP;
        for (key, row) in held {
            let prefix = room_key(uri, &[]).len();
            let epoch = rows::last_number(key.get(..prefix + 8).unwrap_or_default()).unwrap_or(0);
            if epoch > current {
                return self.stray(uri, Sign::Ahead, now);
            }
            self.tx().delete(HELD, key.clone());
            self.no_longer_held(uri, row.len())?;
            let row = HeldRow::from_row(&row)?;
            let Ok(event) = FanoutMessage::decode(row.event.as_slice()) else { continue };
            let position = rows::last_number(&key).unwrap_or(0);
            let arrival = Arrival { received: row.received, position, passing: false };
            let taken = self.take_event(uri, &event, arrival)?;
            self.settle_refusal(uri, taken);
            // A commit among them released what comes after it.
            if self.room(uri)?.and_then(|room| room.epoch()) != Some(current) {
                return Ok(());
            }
        }
        if more { self.release_held(uri, now) } else { Ok(()) }
    }

    pub(crate) fn no_longer_held(&mut self, uri: &RoomUri, length: usize) -> Result<(), ClientError> {
        let astray = &mut self.known_room(uri)?.row.astray;
        astray.held = astray.held.saturating_sub(1);
        astray.held_bytes = astray.held_bytes.saturating_sub(u32::try_from(length).unwrap_or(u32::MAX));
        Ok(())
    }

    fn take_message(
        &mut self,
        uri: &RoomUri,
        message: &MlsMessage,
        frank: Option<&Frank>,
        accepted: Timestamp,
        arrival: Arrival,
    ) -> Taken {
        let me = self.me()?;
        self.room(uri)?;
        let Self { rooms, provider, .. } = self;
        let Some(room) = rooms.get_mut(uri) else { return Ok(Err(Refusal::UnknownRoom)) };
        let opened = match open(room, provider, message)? {
            Ok(Opening::Message(opened)) => *opened,
            Ok(Opening::Own) => return Ok(Ok(())),
            Ok(Opening::Known) => {
                self.emit(Event::Replayed { room: uri.clone() });
                return Ok(Ok(()));
            }
            Err(refusal) => return Ok(Err(refusal)),
        };
        let checked = check(room, &opened, frank, accepted, arrival.passing);
        let stored = match checked {
            Ok(stored) => stored,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let is_evidence = conversation::evidence(&opened.content.content);
        if !arrival.passing {
            self.roots_heard(&opened.content.content.extensions, &opened.sender, arrival.received)?;
        }
        if self.is_ghost(uri, &opened.sender)? {
            return Ok(Err(Refusal::UntrustedDevice { device: opened.sender.to_string() }));
        }
        if let Some(file) = is_evidence {
            self.evidence_heard(file, arrival.received)?;
        }
        let Self { rooms, provider, .. } = self;
        let Some(room) = rooms.get_mut(uri) else { return Ok(Err(Refusal::UnknownRoom)) };
        let sender_user = opened.sender.user_uri();
        let participants =
            room.context().map_or(usize::MAX, |context| context.participants.participants.len());
        let by = room.context().map_or(By { role: Role::NONE, kind: RoomKind::Announcement }, |context| By {
            role: context.role_of(&sender_user),
            kind: context.kind,
        });
        let received = conversation::receive(
            &mut provider.storage.overlay(),
            Incoming {
                room: uri,
                me: &me.user,
                sender_user: &sender_user,
                sender_device: &opened.sender,
                by,
                accepted,
                received: arrival.received,
                content: &opened.content,
                frank: stored.as_ref(),
                passing: arrival.passing,
                participants,
            },
        )?;
        for event in received.events {
            self.emit(Event::Conversation(event));
        }
        if !received.follow_ups.is_empty() && self.is_answered(uri, &sender_user)? {
            self.follow_ups.entry(uri.clone()).or_default().extend(received.follow_ups);
        }
        if !arrival.passing {
            if let Some(reach) = conversation::reach_in(&opened.content.content) {
                self.reach_heard(uri, &sender_user, reach, accepted)?;
            }
            let id = opened.content.id(&sender_user, uri);
            let (sender, content) = (&opened.sender, &opened.content.content);
            let placed = Placed { room: uri, sender, content, id, accepted, asked: false };
            self.hear(placed)?;
            self.again_heard(placed, arrival.received, (by, participants))?;
        }
        Ok(Ok(()))
    }

    /// Queues the answers that what was received calls for, a batch for each room.
    pub(crate) fn queue_follow_ups(&mut self, now: Timestamp) -> Result<(), ClientError> {
        let follow_ups: BTreeMap<_, _> = std::mem::take(&mut self.follow_ups);
        for (room, drafts) in follow_ups {
            // Whoever left, or asked to, owes no answer: what asks for one may have come just before.
            if !self.takes_messages(&room)? {
                continue;
            }
            for draft in compose::batch_statuses(drafts)? {
                self.queue(&room, draft, now)?;
            }
        }
        Ok(())
    }
}

/// A decrypted message.
struct Opened {
    sender: trefoil_proto::DeviceUri,
    tag: Option<FrankingTag>,
    content: ReceivedContent,
}

/// What a message turns out to be.
enum Opening {
    Message(Box<Opened>),
    /// This device sent it.
    Own,
    /// It was opened before.
    Known,
}

/// Decrypts a message.
fn open(
    room: &mut Room,
    provider: &crate::mls::provider::Provider,
    message: &MlsMessage,
) -> Result<Result<Opening, Refusal>, ClientError> {
    room.touch();
    let Some(group) = room.group.as_mut() else { return Ok(Err(Refusal::UnknownRoom)) };
    let group_id = group.group_id().clone();
    let (epoch, current) = (message.epoch().unwrap_or(0), group.epoch().as_u64());
    // The keys of one past epoch are kept: the hub's order leaves nothing older.
    if epoch + 1 < current {
        return Ok(Err(Refusal::EpochGone { epoch, current }));
    }
    let protocol_message = match wire::protocol_message(message) {
        Ok(message) => message,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let before = (!Defence::OpenedOnce.stands()).then(|| provider.storage.savepoint());
    let processed = group.process_message(provider, protocol_message);
    if let Some(before) = before {
        // As if its key had not been used: the same message opens again.
        provider.storage.return_to(before);
        room.group =
            MlsGroup::load(&provider.storage, &group_id).map_err(crate::error::mls("load a group"))?;
    }
    let processed = match processed {
        Ok(processed) => processed,
        Err(ProcessMessageError::StorageError(error)) => {
            return Err(crate::error::mls("open a message")(error));
        }
        Err(ProcessMessageError::ValidationError(ValidationError::UnableToDecrypt(
            MessageDecryptionError::SecretTreeError(SecretTreeError::SecretReuseError),
        ))) => return Ok(Ok(Opening::Known)),
        Err(error) => {
            tracing::debug!(%error, "a message does not open");
            return Ok(Err(Refusal::Undecryptable));
        }
    };
    if !matches!(processed.sender(), Sender::Member(_)) {
        return Ok(Err(Refusal::Undecryptable));
    }
    let sender = match credential::claimed_device(processed.credential()) {
        Ok(sender) => sender,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let tag = processed.safe_aad_item(FRANK_AAD).and_then(|tag| tag.try_into().ok()).map(FrankingTag);
    Ok(match processed.into_content() {
        ProcessedMessageContent::ApplicationMessage(data) => match ReceivedContent::decode(data.into_bytes())
        {
            Ok(content) => Ok(Opening::Message(Box::new(Opened { sender, tag, content }))),
            Err(_) => Err(Refusal::Content),
        },
        ProcessedMessageContent::OwnPrivateMessage => Ok(Opening::Own),
        _ => Err(Refusal::Malformed),
    })
}

/// Checks tag, stamp and attribution. A passing event may come without a stamp: nothing is kept of it.
fn check(
    room: &mut Room,
    opened: &Opened,
    frank: Option<&Frank>,
    accepted: Timestamp,
    passing: bool,
) -> Result<Option<conversation::StoredFrank>, Refusal> {
    let tag = opened.tag.as_ref().ok_or(Refusal::Frank)?;
    let tagged = franking::verify_tag(tag, &opened.content.content.salt, &opened.content.bytes);
    if tagged.is_err() && Defence::FrankingTag.stands() {
        return Err(Refusal::Frank);
    }
    let user = opened.sender.user_uri();
    let extensions = &opened.content.content.extensions;
    let named = |uri: &Option<String>, is: &dyn std::fmt::Display| uri.as_ref() == Some(&is.to_string());
    if !named(&extensions.sender_uri, &user) || !named(&extensions.room_uri, &room.uri) {
        return Err(Refusal::Misattributed);
    }
    let suite = room.suite().ok_or(Refusal::UnknownRoom)?;
    let uri = room.uri.clone();
    match frank {
        Some(frank) if !Defence::Stamp.stands() => Ok(Some(frank::unchecked(&user, &uri, accepted, frank))),
        Some(frank) => {
            let hub = room.context()?.franking_key;
            frank::verify(&hub, &user, &uri, accepted, suite, frank).map(Some)
        }
        None if passing => Ok(None),
        None => Err(Refusal::Frank),
    }
}
