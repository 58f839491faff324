//! What comes in.

use super::{
    ConversationError, ConversationEvent, Draft, MessageId, Refusal, STATUS_PARTICIPANTS,
    apply::{self, Change},
    body::Body,
    classify::Meaning,
    communities,
    compose::{self, LONGEST_TIMER_SECONDS},
    expiry, index,
    marks::{Mark, is_request, set_marks},
    once, outgoing, pictures,
    records::{
        Due, Position, RoomKey, StoredFrank, arrive, get, put, put_line, put_record, record, schedule,
    },
    retelling,
    rows::{MessageRow, PROFILES, ProfileRow, Record, Stamp, UNREAD, VANISHING, row_id},
    timers,
};
use crate::{
    boundaries::{Stance, stance},
    overlay::Overlay,
};
use trefoil_proto::{
    DeviceUri, RoomUri, Timestamp, UserUri,
    content::{Handling, ReceivedContent, status::MessageStatus},
    defence::Defence,
    room::{Capability, Role, RoomKind},
};

/// What a sender is in a room, as the room is when the message comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    /// Their role; [`Role::NONE`] if they are not in the list.
    pub role: Role,
    /// What the room is for.
    pub kind: RoomKind,
}

impl By {
    fn may(self, capability: Capability) -> bool {
        // Somebody who is no longer in a discussion said it while they were.
        let was = self.kind == RoomKind::Discussion && self.role < Role::MEMBER;
        self.role.can(self.kind, capability) || was && Role::MEMBER.can(self.kind, capability)
    }
}

/// A message that was decrypted, and whose sender and stamp were verified.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// Where.
    pub room: &'a RoomUri,
    /// The person who reads it here.
    pub me: &'a UserUri,
    /// Whose leaf it came from.
    pub sender_user: &'a UserUri,
    /// Which of their devices.
    pub sender_device: &'a DeviceUri,
    /// What they are in the room.
    pub by: By,
    /// When the hub accepted it.
    pub accepted: Timestamp,
    /// When it came in here.
    pub received: Timestamp,
    /// What it says.
    pub content: &'a ReceivedContent,
    /// The hub's stamp.
    pub frank: Option<&'a StoredFrank>,
    /// It came as a passing event.
    pub passing: bool,
    /// People in the room: decides whether a delivered status is sent.
    pub participants: usize,
}

/// What a received message leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// What changed.
    pub events: Vec<ConversationEvent>,
    /// What to send in answer: merge them over many messages with [`compose::batch_statuses`].
    pub follow_ups: Vec<Draft>,
}

/// Takes a message in. One that should not have been sent ends in [`ConversationEvent::Refused`] and changes nothing;
/// one that is here already changes nothing.
///
/// # Errors
/// Only the store: [`ConversationError::Store`], [`ConversationError::Row`].
pub fn receive(tx: &mut Overlay, incoming: Incoming<'_>) -> Result<Received, ConversationError> {
    let mut received = Received::default();
    match take(tx, &incoming, &mut received)? {
        Ok(()) => {}
        Err(reason) => received.events.push(ConversationEvent::Refused {
            room: incoming.room.clone(),
            id: incoming.id(),
            sender: incoming.sender_user.clone(),
            reason,
        }),
    }
    Ok(received)
}

impl Incoming<'_> {
    fn id(&self) -> MessageId {
        self.content.id(self.sender_user, self.room)
    }
}

fn take(
    tx: &mut Overlay,
    incoming: &Incoming<'_>,
    received: &mut Received,
) -> Result<Result<(), Refusal>, ConversationError> {
    let meaning = match check(incoming) {
        Ok(meaning) => meaning,
        Err(reason) => return Ok(Err(reason)),
    };
    let (room, id) = (RoomKey::of(incoming.room), incoming.id());
    let stamp = Stamp { accepted: incoming.accepted.0, id: row_id(id) };
    let change = Change {
        room: incoming.room,
        me: incoming.me,
        sender: incoming.sender_user,
        stamp,
        received: incoming.received,
        content: incoming.content,
        frank: incoming.frank.map(StoredFrank::to_bytes),
    };
    let automatic = matches!(
        meaning,
        Meaning::Typing(_) | Meaning::Evidence | Meaning::Again | Meaning::Reach | Meaning::Retold(_)
    );
    if incoming.sender_user == incoming.me && !automatic {
        // The person took the room up on another device.
        received.events.extend(set_marks(tx, incoming.room, &[Mark::Accepted])?);
    }
    match &meaning {
        Meaning::Typing(started) => {
            if incoming.sender_user != incoming.me && stance(tx, incoming.sender_user)? == Stance::Normal {
                let (room, user) = (incoming.room.clone(), incoming.sender_user.clone());
                received.events.push(ConversationEvent::Typing { room, user, started: *started });
            }
        }
        Meaning::Evidence | Meaning::Again | Meaning::Reach => {}
        Meaning::Timer(timer) => {
            let whose = (incoming.room, incoming.sender_user);
            timers::set(tx, &room, (whose.0, Some(whose.1)), stamp, *timer, &mut received.events)?;
        }
        Meaning::Picture(picture) => {
            let whose = (incoming.room, incoming.sender_user);
            pictures::set(tx, &room, whose, stamp, picture.as_ref(), &mut received.events)?;
        }
        Meaning::RoomPicture(picture) => {
            let whose = (incoming.room, Some(incoming.sender_user));
            pictures::set_room(tx, &room, whose, stamp, picture.as_ref(), &mut received.events)?;
        }
        Meaning::Groups(list) => {
            let whose = (incoming.room, Some(incoming.sender_user));
            communities::set(tx, &room, whose, stamp, list, &mut received.events)?;
        }
        Meaning::Retold(retold) => {
            return retelling::take(tx, &room, incoming.room, (stamp, retold), &mut received.events);
        }
        Meaning::Profile(name) => {
            profile(tx, &room, incoming.room, incoming.sender_user, name, stamp, &mut received.events)?;
        }
        Meaning::Message => match record(tx, &room, id)? {
            // This device sent it: the answer was lost, and the message itself says that it was accepted.
            Some(Record::Message(row)) if row.accepted.is_none() => {
                received.events =
                    outgoing::sent(tx, incoming.room, incoming.me, id, incoming.accepted, incoming.frank)?;
            }
            Some(_) if Defence::OpenedOnce.stands() => {}
            _ => {
                let added = add(tx, &room, incoming, id, &mut received.events)?;
                let mine = incoming.sender_user == incoming.me;
                let told = incoming.participants <= STATUS_PARTICIPANTS && !is_request(tx, incoming.room)?;
                if added && !mine && told {
                    received.follow_ups.push(compose::status(vec![(id, MessageStatus::Delivered)])?);
                }
            }
        },
        _ => return apply::change(tx, &room, &change, &meaning, &mut received.events),
    }
    Ok(Ok(()))
}

/// What can be judged from the message alone.
fn check(incoming: &Incoming<'_>) -> Result<Meaning, Refusal> {
    let content = &incoming.content.content;
    let named = |uri: &Option<String>, is: String| uri.as_ref() == Some(&is);
    if !named(&content.extensions.sender_uri, incoming.sender_user.to_string())
        || !named(&content.extensions.room_uri, incoming.room.to_string())
    {
        return Err(Refusal::Misaddressed);
    }
    if let Some(expires) = content.expires {
        let off = if expires.relative {
            u64::from(expires.time)
        } else {
            u64::from(expires.time).abs_diff(incoming.accepted.0 / 1000)
        };
        if off > u64::from(LONGEST_TIMER_SECONDS) {
            return Err(Refusal::ExpiryOutOfRange);
        }
    }
    let meaning = Meaning::of(content)?;
    if incoming.passing && !matches!(meaning, Meaning::Typing(_)) {
        return Err(Refusal::NotPassing);
    }
    if meaning.needs().is_some_and(|capability| !incoming.by.may(capability)) {
        return Err(Refusal::NotAllowed);
    }
    Ok(meaning)
}

/// Puts a new message into the timeline. False if it has disappeared before it came.
fn add(
    tx: &mut Overlay,
    room: &RoomKey,
    incoming: &Incoming<'_>,
    id: MessageId,
    events: &mut Vec<ConversationEvent>,
) -> Result<bool, ConversationError> {
    let content = &incoming.content.content;
    let mine = incoming.sender_user == incoming.me;
    let expires = expiry::due(content.expires, mine.then_some(incoming.accepted));
    if expires.is_some_and(|at| at <= incoming.received) {
        expiry::bury(tx, room, id, incoming.received);
        apply::drop_held(tx, room, id)?;
        return Ok(false);
    }
    let once = once::begins(content, mine);
    // Nothing of whoever is blocked waits to be read.
    let unheard = !mine && stance(tx, incoming.sender_user)? == Stance::Blocked;
    let row = MessageRow {
        sender: incoming.sender_user.to_string(),
        device: incoming.sender_device.to_string(),
        accepted: Some(incoming.accepted.0),
        arrival: arrive(tx, room)?,
        received: incoming.received.0,
        mine,
        content: once::kept(incoming.content, once),
        frank: incoming.frank.map(|frank| frank.to_bytes().into()),
        current: None,
        mentions_me: !unheard && Body::of(content).mentions(incoming.me),
        unsent: None,
        read: unheard.then_some(incoming.received.0),
        expires: expires.map(|at| at.0),
        failure: None,
        once,
    };
    if Handling::of(&content.extensions).vanishing {
        tx.put(VANISHING, room.key(&[&id.0]), Vec::new());
    }
    if let Some(at) = expires {
        schedule(tx, room, at, Due::Message, id);
    }
    put_line(tx, room, id, &row);
    if !mine && !unheard {
        tx.put(UNREAD, room.key(&[&Position::new(row.accepted, row.arrival).to_bytes()]), id.0);
    }
    let mentions_me = row.mentions_me;
    index::add(tx, room, id, &row)?;
    put_record(tx, room, id, &Record::Message(row));
    events.push(ConversationEvent::Added { room: incoming.room.clone(), id, mine, mentions_me });
    apply::release(tx, room, incoming.room, incoming.me, id, events)?;
    Ok(true)
}

pub(super) fn profile(
    tx: &mut Overlay,
    key: &RoomKey,
    room: &RoomUri,
    user: &UserUri,
    name: &str,
    stamp: Stamp,
    events: &mut Vec<ConversationEvent>,
) -> Result<(), ConversationError> {
    let at = key.key(&[user.to_string().as_bytes()]);
    let known: Option<ProfileRow> = get(tx, PROFILES, &at)?;
    if known.as_ref().is_some_and(|known| known.stamp >= stamp) {
        return Ok(());
    }
    put(tx, PROFILES, at, &ProfileRow { name: name.to_owned(), stamp });
    if known.is_none_or(|known| known.name != name) {
        events.push(ConversationEvent::Profile {
            room: room.clone(),
            user: user.clone(),
            name: name.to_owned(),
        });
    }
    Ok(())
}
