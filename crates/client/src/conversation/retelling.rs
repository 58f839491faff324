//! What a room was told before somebody came in: gathered by an admin's device, and taken up by theirs.

use super::{
    ConversationError, ConversationEvent, Refusal, communities, pictures,
    records::{RoomKey, get, record},
    rows::{Stamp, TIMERS, TimerRow, message_id, row_id},
    timers,
};
use crate::overlay::Overlay;
use trefoil_proto::{
    RoomUri, Timestamp,
    content::{
        retold::{Retelling, Retold, Told},
        timer::RoomTimer,
    },
};

/// What there is to tell of a room: messages' bodies, since a long list of groups fills one alone.
///
/// # Errors
/// Only the store.
pub(crate) fn retold(tx: &Overlay, room: &RoomUri) -> Result<Vec<Retold>, ConversationError> {
    let key = RoomKey::of(room);
    let mut first = Vec::new();
    if let Some(row) = get::<TimerRow>(tx, TIMERS, key.room())? {
        let timer = RoomTimer { seconds: row.seconds, vanishing: row.vanishing };
        first.push(retelling(Told::Timer(timer), row.stamp, row.by)?);
    }
    if let Some((picture, stamp, by)) = pictures::room_picture_told(tx, &key)? {
        first.push(retelling(Told::Picture(picture), stamp, by)?);
    }
    let mut all = Vec::new();
    if !first.is_empty() {
        all.push(Retold { entries: first });
    }
    if let Some((list, stamp, by)) = communities::told(tx, &key)? {
        all.push(Retold { entries: vec![retelling(Told::Groups(list), stamp, by)?] });
    }
    Ok(all)
}

fn retelling(told: Told, stamp: Stamp, by: Option<String>) -> Result<Retelling, ConversationError> {
    let by = by.as_deref().map(str::parse).transpose()?;
    Ok(Retelling { told, accepted: Timestamp(stamp.accepted), id: message_id(&stamp.id), by })
}

/// Takes up what an admin's device retells: each as if it had come with its own stamp, if it is later than what is here.
pub(super) fn take(
    tx: &mut Overlay,
    key: &RoomKey,
    room: &RoomUri,
    (at, retold): (Stamp, &Retold),
    events: &mut Vec<ConversationEvent>,
) -> Result<Result<(), Refusal>, ConversationError> {
    let stamp = |entry: &Retelling| Stamp { accepted: entry.accepted.0, id: row_id(entry.id) };
    if retold.entries.iter().any(|entry| stamp(entry).accepted > at.accepted) {
        return Ok(Err(Refusal::Meaningless));
    }
    for entry in &retold.entries {
        let (stamp, by) = (stamp(entry), entry.by.as_ref());
        let held = match &entry.told {
            Told::Timer(_) => get::<TimerRow>(tx, TIMERS, key.room())?.map(|row| row.stamp),
            Told::Picture(_) => pictures::room_stamp(tx, key)?,
            Told::Groups(_) => communities::stamp(tx, key)?,
        };
        if held >= Some(stamp) || record(tx, key, entry.id)?.is_some() {
            continue;
        }
        match &entry.told {
            Told::Timer(timer) => timers::set(tx, key, (room, by), stamp, *timer, events)?,
            Told::Picture(picture) => {
                pictures::set_room(tx, key, (room, by), stamp, picture.as_ref(), events)?;
            }
            Told::Groups(list) => communities::set(tx, key, (room, by), stamp, list, events)?,
        }
    }
    Ok(Ok(()))
}
