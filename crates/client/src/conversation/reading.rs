//! Reading: here, or on another device of the same person.

use super::{
    ConversationError, ConversationEvent, Draft, MessageId, MessageStatus, Position, compose, expiry,
    records::{Due, RoomKey, message_row, put_record, schedule},
    rows::{MessageRow, Record, UNREAD},
};
use crate::{
    boundaries::{Stance, stance},
    overlay::Overlay,
};
use trefoil_proto::{RoomUri, Timestamp, content::MimiContent, limits};
use trefoil_store::KeyRange;

/// Whether others hear that a person has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadReceipts {
    /// Senders, and the person's other devices.
    Send,
    /// Nobody.
    Withhold,
}

/// Marks everything up to and including a position as read: starts the timers of disappearing messages, and gives the
/// read statuses to send, none if nothing was unread. In large rooms the core may keep them to itself, at the price
/// that other devices of the same person do not learn of it.
///
/// # Errors
/// Only the store.
pub fn mark_read(
    tx: &mut Overlay,
    room: &RoomUri,
    through: Position,
    now: Timestamp,
) -> Result<Vec<Draft>, ConversationError> {
    let key = RoomKey::of(room);
    let mut end = key.key(&[&through.to_bytes()]);
    end.push(0);
    let range = KeyRange { start: key.key(&[]).into(), end: Some(end.into()) };
    let mut read = Vec::new();
    for (_, id) in tx.scan(UNREAD, &range, usize::MAX, false)? {
        let id = MessageId::from_slice(&id).map_err(|_| ConversationError::Row("unread mark"))?;
        if let Some(row) = message_row(tx, &key, id)? {
            let hears = hears(tx, &row)?;
            read_one(tx, &key, id, row, now)?;
            if hears {
                read.push((id, MessageStatus::Read));
            }
        }
    }
    read.chunks(limits::STATUSES).map(|some| compose::status(some.to_vec())).collect()
}

/// The same of one message.
pub(super) fn mark_read_one(
    tx: &mut Overlay,
    room: &RoomUri,
    id: MessageId,
    now: Timestamp,
) -> Result<Vec<Draft>, ConversationError> {
    let key = RoomKey::of(room);
    match message_row(tx, &key, id)?.filter(|row| !row.mine && row.read.is_none()) {
        Some(row) => {
            let hears = hears(tx, &row)?;
            read_one(tx, &key, id, row, now)?;
            let status = hears.then(|| compose::status(vec![(id, MessageStatus::Read)]));
            status.into_iter().collect()
        }
        None => Ok(Vec::new()),
    }
}

/// Whether whoever sent a message may hear what becomes of it. A status that went to others would tell them as well.
fn hears(tx: &Overlay, row: &MessageRow) -> Result<bool, ConversationError> {
    Ok(stance(tx, &row.sender.parse()?)? == Stance::Normal)
}

/// Another device of the same person says that a message was read.
pub(super) fn read_elsewhere(
    tx: &mut Overlay,
    key: &RoomKey,
    room: &RoomUri,
    id: MessageId,
    row: MessageRow,
    received: Timestamp,
    events: &mut Vec<ConversationEvent>,
) -> Result<(), ConversationError> {
    if row.read.is_none() {
        read_one(tx, key, id, row, received)?;
        events.push(ConversationEvent::Read { room: room.clone(), messages: 1 });
    }
    Ok(())
}

fn read_one(
    tx: &mut Overlay,
    key: &RoomKey,
    id: MessageId,
    mut row: MessageRow,
    now: Timestamp,
) -> Result<(), ConversationError> {
    tx.delete(UNREAD, key.key(&[&row.position().to_bytes()]));
    row.read = Some(now.0);
    if row.expires.is_none()
        && !row.content.is_empty()
        && let Some(at) = expiry::due(MimiContent::decode(&row.content)?.expires, Some(now))
    {
        row.expires = Some(at.0);
        schedule(tx, key, at, Due::Message, id);
    }
    put_record(tx, key, id, &Record::Message(row));
    Ok(())
}
