//! Messages of one's own on their way: queued, accepted by the hub, or given up.
//!
//! A message stands in the timeline, after everything else, from the moment it is queued. An edit, unsend or reaction
//! takes effect when the hub accepts it, because its timestamp decides which of two wins.

use super::{
    ConversationError, ConversationEvent, Draft, MessageId, OutgoingState,
    apply::{self, Change},
    body::Body,
    classify::Meaning,
    communities, expiry, index, once, pictures,
    receive::profile,
    records::{
        Due, RoomKey, StoredFrank, all, arrive, delete_line, get, message_row, put, put_line, put_record,
        record, schedule,
    },
    rows::{MESSAGES, MessageRow, OUTGOING, OutgoingRow, Record, Stamp, VANISHING, row_id},
    timers,
};
use crate::overlay::Overlay;
use trefoil_proto::{
    DeviceUri, RoomUri, Timestamp, UserUri,
    content::{Handling, ReceivedContent},
};

/// A message of one's own that is about to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Where.
    pub room: &'a RoomUri,
    /// Who sends.
    pub me: &'a UserUri,
    /// From this device.
    pub device: &'a DeviceUri,
    /// What it says, complete with salt, sender and room, encoded.
    pub content: &'a ReceivedContent,
    /// Now.
    pub queued: Timestamp,
}

/// Keeps a message until the hub accepts it. Queueing the same message again clears a failure. Typing notices are not
/// kept.
///
/// # Errors
/// [`ConversationError::Unusable`] for content that means nothing; the store.
pub fn queued(
    tx: &mut Overlay,
    outgoing: Outgoing<'_>,
) -> Result<(MessageId, Vec<ConversationEvent>), ConversationError> {
    let Outgoing { room, me, device, content, queued } = outgoing;
    let (key, id) = (RoomKey::of(room), content.id(me, room));
    let meaning = Meaning::of(&content.content).map_err(|_| ConversationError::Unusable("message"))?;
    let mut events = Vec::new();
    if matches!(meaning, Meaning::Typing(_)) {
        return Ok((id, events));
    }
    let known = record(tx, &key, id)?;
    if let (Meaning::Message, None) = (&meaning, &known) {
        let once = once::begins(&content.content, true);
        if Handling::of(&content.content.extensions).vanishing {
            tx.put(VANISHING, key.key(&[&id.0]), Vec::new());
        }
        let row = MessageRow {
            sender: me.to_string(),
            device: device.to_string(),
            accepted: None,
            arrival: arrive(tx, &key)?,
            received: queued.0,
            mine: true,
            content: once::kept(content, once),
            frank: None,
            current: None,
            mentions_me: Body::of(&content.content).mentions(me),
            unsent: None,
            read: None,
            expires: None,
            failure: None,
            once,
        };
        put_line(tx, &key, id, &row);
        put_record(tx, &key, id, &Record::Message(row));
        events.push(ConversationEvent::Added { room: room.clone(), id, mine: true, mentions_me: false });
    }
    match known {
        Some(Record::Message(mut row)) if row.accepted.is_none() => {
            row.failure = None;
            put_record(tx, &key, id, &Record::Message(row));
        }
        Some(_) => return Ok((id, events)),
        None => {}
    }
    // Where the timeline has it, it is not kept twice.
    let there = message_row(tx, &key, id)?.is_some_and(|row| !row.content.is_empty());
    let row = OutgoingRow {
        device: device.to_string(),
        sender: me.to_string(),
        queued: queued.0,
        content: if there { Vec::new() } else { content.bytes.to_vec() }.into(),
        failure: None,
    };
    put(tx, OUTGOING, key.key(&[&id.0]), &row);
    events.push(ConversationEvent::Outgoing { room: room.clone(), id, state: OutgoingState::Queued });
    Ok((id, events))
}

/// The hub accepted a message: it gets its place in the hub's order, and what it changes takes effect. Changes nothing
/// for a message that is not waiting.
///
/// # Errors
/// Only the store.
pub fn sent(
    tx: &mut Overlay,
    room: &RoomUri,
    me: &UserUri,
    id: MessageId,
    accepted: Timestamp,
    frank: Option<&StoredFrank>,
) -> Result<Vec<ConversationEvent>, ConversationError> {
    let key = RoomKey::of(room);
    let mut events = Vec::new();
    let Some(waiting) = get::<OutgoingRow>(tx, OUTGOING, &key.key(&[&id.0]))? else { return Ok(events) };
    tx.delete(OUTGOING, key.key(&[&id.0]));
    let Some(content) = said(tx, &key, id, &waiting)? else {
        // It disappeared before it was accepted.
        events.push(ConversationEvent::Outgoing { room: room.clone(), id, state: OutgoingState::Sent });
        return Ok(events);
    };
    let meaning = Meaning::of(&content.content).map_err(|_| ConversationError::Row("outgoing message"))?;
    let frank = frank.map(StoredFrank::to_bytes);
    let stamp = Stamp { accepted: accepted.0, id: row_id(id) };
    match &meaning {
        Meaning::Message => {
            if let Some(mut row) = message_row(tx, &key, id)? {
                delete_line(tx, &key, &row);
                row.accepted = Some(accepted.0);
                row.frank = frank.map(Into::into);
                row.failure = None;
                if let Some(at) = expiry::due(content.content.expires, Some(accepted)) {
                    row.expires = Some(at.0);
                    schedule(tx, &key, at, Due::Message, id);
                }
                put_line(tx, &key, id, &row);
                index::add(tx, &key, id, &row)?;
                put_record(tx, &key, id, &Record::Message(row));
            }
        }
        Meaning::Profile(name) => profile(tx, &key, room, me, name, stamp, &mut events)?,
        Meaning::Picture(picture) => {
            pictures::set(tx, &key, (room, me), stamp, picture.as_ref(), &mut events)?;
        }
        Meaning::RoomPicture(picture) => {
            pictures::set_room(tx, &key, (room, Some(me)), stamp, picture.as_ref(), &mut events)?;
        }
        Meaning::Groups(list) => communities::set(tx, &key, (room, Some(me)), stamp, list, &mut events)?,
        Meaning::Timer(timer) => timers::set(tx, &key, (room, Some(me)), stamp, *timer, &mut events)?,
        // What became of others' messages here was applied when it was composed.
        Meaning::Typing(_)
        | Meaning::Statuses(_)
        | Meaning::Evidence
        | Meaning::Again
        | Meaning::Reach
        | Meaning::Retold(_) => {}
        Meaning::Edit(_) | Meaning::Unsend(_) | Meaning::Reaction(..) | Meaning::Vote(..) => {
            let change = Change { room, me, sender: me, stamp, received: accepted, content: &content, frank };
            if let Err(reason) = apply::change(tx, &key, &change, &meaning, &mut events)? {
                events.push(ConversationEvent::Refused {
                    room: room.clone(),
                    id,
                    sender: me.clone(),
                    reason,
                });
            }
        }
    }
    events.push(ConversationEvent::Outgoing { room: room.clone(), id, state: OutgoingState::Sent });
    Ok(events)
}

/// A message was given up, with a sentence why. It stays until it is queued again or discarded.
///
/// # Errors
/// [`ConversationError::NoSuchMessage`] if it does not wait; the store.
pub fn failed(
    tx: &mut Overlay,
    room: &RoomUri,
    id: MessageId,
    why: &str,
) -> Result<Vec<ConversationEvent>, ConversationError> {
    let key = RoomKey::of(room);
    let at = key.key(&[&id.0]);
    let mut waiting: OutgoingRow = get(tx, OUTGOING, &at)?.ok_or(ConversationError::NoSuchMessage)?;
    waiting.failure = Some(why.to_owned());
    put(tx, OUTGOING, at, &waiting);
    if let Some(mut row) = message_row(tx, &key, id)? {
        row.failure = Some(why.to_owned());
        put_record(tx, &key, id, &Record::Message(row));
    }
    let state = OutgoingState::Failed(why.to_owned());
    Ok(vec![ConversationEvent::Outgoing { room: room.clone(), id, state }])
}

/// What a message says that was given up, to be said once more: its place among the others was given up with it.
///
/// # Errors
/// [`ConversationError::NoSuchMessage`], [`ConversationError::NotFailed`]; the store.
pub(crate) fn once_more(tx: &Overlay, room: &RoomUri, id: MessageId) -> Result<Draft, ConversationError> {
    let waiting: Option<OutgoingRow> = get(tx, OUTGOING, &RoomKey::of(room).key(&[&id.0]))?;
    let Some(waiting) = waiting else {
        let known = message_row(tx, &RoomKey::of(room), id)?.is_some_and(|row| row.mine);
        return Err(if known { ConversationError::NotFailed } else { ConversationError::NoSuchMessage });
    };
    if waiting.failure.is_none() {
        return Err(ConversationError::NotFailed);
    }
    let content = said(tx, &RoomKey::of(room), id, &waiting)?.ok_or(ConversationError::NoSuchMessage)?;
    Ok(Draft::again(content.content))
}

/// What a message says that waits. `None` if that has disappeared.
fn said(
    tx: &Overlay,
    room: &RoomKey,
    id: MessageId,
    waiting: &OutgoingRow,
) -> Result<Option<ReceivedContent>, ConversationError> {
    let bytes = match &waiting.content {
        own if !own.is_empty() => Some(own.to_vec()),
        _ => message_row(tx, room, id)?.map(|row| row.content.to_vec()).filter(|there| !there.is_empty()),
    };
    Ok(bytes.map(ReceivedContent::decode).transpose()?)
}

/// Forgets a message that the hub has not accepted.
///
/// # Errors
/// [`ConversationError::NoSuchMessage`] if it does not wait; the store.
pub fn discard(
    tx: &mut Overlay,
    room: &RoomUri,
    id: MessageId,
) -> Result<Vec<ConversationEvent>, ConversationError> {
    let key = RoomKey::of(room);
    let at = key.key(&[&id.0]);
    get::<OutgoingRow>(tx, OUTGOING, &at)?.ok_or(ConversationError::NoSuchMessage)?;
    tx.delete(OUTGOING, at.clone());
    if let Some(row) = message_row(tx, &key, id)? {
        delete_line(tx, &key, &row);
        tx.delete(VANISHING, at.clone());
        tx.delete(MESSAGES, at);
    }
    Ok(vec![ConversationEvent::Discarded { room: room.clone(), id }])
}

/// The messages of a room that wait for the hub, oldest first, with how far they are and their content bytes.
///
/// # Errors
/// Only the store.
pub fn outgoing(
    tx: &Overlay,
    room: &RoomUri,
) -> Result<Vec<(MessageId, OutgoingState, ReceivedContent)>, ConversationError> {
    let key = RoomKey::of(room);
    let mut waiting = all::<OutgoingRow>(tx, OUTGOING, &key, &[])?;
    waiting.sort_by_key(|(_, row)| row.queued);
    let mut outgoing = Vec::with_capacity(waiting.len());
    for (id, row) in waiting {
        let id = MessageId::from_slice(&id).map_err(|_| ConversationError::Row("outgoing message"))?;
        if let Some(content) = said(tx, &key, id, &row)? {
            let state = row.failure.map_or(OutgoingState::Queued, OutgoingState::Failed);
            outgoing.push((id, state, content));
        }
    }
    Ok(outgoing)
}
