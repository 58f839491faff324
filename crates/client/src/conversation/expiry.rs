//! Disappearing messages: deleted when they fall due, and only a report can still be made of them ([`super::kept`]).
//!
//! A relative timer starts when a reader reads the message (`mark_read`, or a read status from another device of the
//! same person), and for its sender when the hub accepts it. An absolute time holds for everyone, read or not.

use super::{
    ConversationError, ConversationEvent, Gone, MessageId,
    apply::{drop_held, strip},
    index, kept,
    records::{Due, RoomKey, clear, delete_line, put_record, record, schedule, scheduled},
    rows::{EDITS, EXPIRIES, MESSAGES, REACTIONS, Record, VANISHING},
};
use crate::overlay::Overlay;
use trefoil_proto::{Timestamp, content::Expiration};
use trefoil_store::KeyRange;

/// How long a mark without content stays in a disappeared message's place, so that what refers to it is dropped
/// rather than held: 30 days.
const TOMBSTONE_MILLIS: u64 = 30 * 24 * 60 * 60 * 1000;
const AT_ONCE: usize = 64;

/// Deletes what has fallen due, and says when to come again.
///
/// # Errors
/// Only the store.
pub fn expire(
    tx: &mut Overlay,
    now: Timestamp,
) -> Result<(Vec<ConversationEvent>, Option<Timestamp>), ConversationError> {
    kept::forget(tx, now)?;
    let mut events = Vec::new();
    let end = now.0.saturating_add(1).to_be_bytes().to_vec();
    let range = KeyRange { start: Vec::new().into(), end: Some(end.into()) };
    loop {
        let due = tx.scan(EXPIRIES, &range, AT_ONCE, false)?;
        if due.is_empty() {
            return Ok((events, next_expiry(tx)?));
        }
        for (key, _) in due {
            let (_, room, kind, id) = scheduled(&key).ok_or(ConversationError::Row("expiry"))?;
            let at = RoomKey::of(&room);
            match kind {
                Due::Message => {
                    if delete(tx, &at, id, now)? {
                        events.push(ConversationEvent::Expired { room, id });
                    }
                }
                Due::Tombstone => {
                    if record(tx, &at, id)? == Some(Record::Gone) {
                        tx.delete(MESSAGES, at.key(&[&id.0]));
                    }
                }
                Due::Held => drop_held(tx, &at, id)?,
            }
            tx.delete(EXPIRIES, key);
        }
    }
}

/// When something next falls due.
///
/// # Errors
/// Only the store.
pub fn next_expiry(tx: &Overlay) -> Result<Option<Timestamp>, ConversationError> {
    let first = tx.scan(EXPIRIES, &KeyRange::all(), 1, false)?;
    let first = first.first().map(|(key, _)| scheduled(key).ok_or(ConversationError::Row("expiry")));
    let first = first.transpose()?.map(|(at, ..)| at);
    Ok(first.into_iter().chain(kept::next_due(tx)?).min())
}

/// When a message disappears; `started` is when it was read, or accepted for its sender.
pub(super) fn due(expires: Option<Expiration>, started: Option<Timestamp>) -> Option<Timestamp> {
    let expires = expires?;
    let millis = u64::from(expires.time) * 1000;
    if expires.relative {
        started.map(|started| started.plus_millis(millis))
    } else {
        Some(Timestamp(millis))
    }
}

/// Leaves a mark without content.
pub(super) fn bury(tx: &mut Overlay, room: &RoomKey, id: MessageId, now: Timestamp) {
    put_record(tx, room, id, &Record::Gone);
    schedule(tx, room, now.plus_millis(TOMBSTONE_MILLIS), Due::Tombstone, id);
}

pub(super) fn delete(
    tx: &mut Overlay,
    room: &RoomKey,
    id: MessageId,
    now: Timestamp,
) -> Result<bool, ConversationError> {
    let Some(Record::Message(row)) = record(tx, room, id)? else { return Ok(false) };
    kept::keep(tx, room, id, &row, Gone::Disappeared, now)?;
    // Versions and reactions have records of their own, which would say that they once were.
    for (table, at) in [(EDITS, 8), (REACTIONS, 0)] {
        for (key, _) in tx.scan(table, &room.range(&[&id.0]), usize::MAX, false)? {
            let own_id = room.tail(&key).get(32 + at..).ok_or(ConversationError::Row("message"))?;
            tx.delete(MESSAGES, room.key(&[own_id]));
        }
    }
    strip(tx, room, id, &row)?;
    index::forget(tx, room, id, row.position())?;
    tx.delete(VANISHING, room.key(&[&id.0]));
    clear(tx, REACTIONS, &room.range(&[&id.0]))?;
    drop_held(tx, room, id)?;
    delete_line(tx, room, &row);
    bury(tx, room, id, now);
    Ok(true)
}
