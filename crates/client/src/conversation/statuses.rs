//! What became of messages: at others for one's own, at one's own other devices for others'.

use super::{
    ConversationError, ConversationEvent, MessageId, MessageStatus,
    apply::{Change, HELD_MILLIS, resolve},
    reading,
    records::{Due, RoomKey, all, get, message_row, put, schedule},
    rows::{HELD, Held, HeldStatus, Row as _, STATUSES, StatusRow},
};
use crate::overlay::Overlay;
use trefoil_proto::{RoomUri, Timestamp, UserUri};

/// Applies a status, or holds it until its message comes.
pub(super) fn take(
    tx: &mut Overlay,
    room: &RoomKey,
    change: &Change<'_>,
    id: MessageId,
    status: HeldStatus,
    events: &mut Vec<ConversationEvent>,
) -> Result<(), ConversationError> {
    if resolve(tx, room, id)?.is_some() {
        let people = (change.room, change.me, change.sender);
        return apply(tx, room, people, id, status, events);
    }
    let key = room.key(&[&id.0, &change.stamp.id[..]]);
    let before = match tx.get(HELD, &key)?.map(|row| Held::from_bytes(&row)).transpose()? {
        Some(Held::Status(before)) => rank(before.status),
        _ => 0,
    };
    if rank(status.status) >= before {
        put(tx, HELD, key, &Held::Status(status));
        schedule(tx, room, change.received.plus_millis(HELD_MILLIS), Due::Held, id);
    }
    Ok(())
}

/// Applies a status to a message that is here: `sender` told it to `me` in `room`.
pub(super) fn apply(
    tx: &mut Overlay,
    key: &RoomKey,
    (room, me, sender): (&RoomUri, &UserUri, &UserUri),
    id: MessageId,
    status: HeldStatus,
    events: &mut Vec<ConversationEvent>,
) -> Result<(), ConversationError> {
    let Some((id, _)) = resolve(tx, key, id)? else { return Ok(()) };
    let Some(row) = message_row(tx, key, id)? else { return Ok(()) };
    if sender == me {
        if !row.mine && MessageStatus::from(status.status) == MessageStatus::Read {
            return reading::read_elsewhere(tx, key, room, id, row, Timestamp(status.received), events);
        }
        return Ok(());
    }
    if !row.mine || row.unsent.is_some() || rank(status.status) == 0 {
        return Ok(());
    }
    let at = key.key(&[&id.0, sender.to_string().as_bytes()]);
    let known: Option<StatusRow> = get(tx, STATUSES, &at)?;
    let new = (rank(status.status), std::cmp::Reverse(status.accepted));
    if known.is_none_or(|known| (rank(known.status), std::cmp::Reverse(known.accepted)) < new) {
        put(tx, STATUSES, at, &StatusRow { status: status.status, accepted: status.accepted });
        if known.is_none_or(|known| rank(known.status) < rank(status.status)) {
            let (room, user, status) = (room.clone(), sender.clone(), status.status.into());
            events.push(ConversationEvent::Status { room, id, user, status });
        }
    }
    Ok(())
}

/// Whether somebody read a message of one's own.
pub(super) fn is_read(tx: &Overlay, room: &RoomKey, id: MessageId) -> Result<bool, ConversationError> {
    let statuses = all::<StatusRow>(tx, STATUSES, room, &[&id.0])?;
    Ok(statuses.iter().any(|(_, row)| rank(row.status) >= rank(MessageStatus::Read.into())))
}

/// The order in which statuses move forward; zero for those that say nothing here.
fn rank(status: u8) -> u8 {
    match MessageStatus::from(status) {
        MessageStatus::Unread | MessageStatus::Unknown(_) => 0,
        MessageStatus::Error => 1,
        MessageStatus::Delivered => 2,
        MessageStatus::Read => 3,
        MessageStatus::Hidden => 4,
        MessageStatus::Expired => 5,
        MessageStatus::Deleted => 6,
    }
}
