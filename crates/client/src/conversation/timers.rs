//! The timer of a room: who set it last, and that everybody sees it. And what goes when a room is closed.

use super::{
    ConversationError, ConversationEvent, Line,
    apply::drop_held,
    expiry,
    note::note,
    records::{RoomKey, get, message_row, put, put_record, record},
    rows::{Record, Stamp, TIMERS, TimerRow, VANISHING, message_id},
    statuses,
};
use crate::overlay::Overlay;
use trefoil_proto::{RoomUri, Timestamp, UserUri, content::MessageId, content::timer::RoomTimer};

/// The timer of a room: for messages that name none themselves.
///
/// # Errors
/// Only the store.
pub fn room_timer(tx: &Overlay, room: &RoomUri) -> Result<RoomTimer, ConversationError> {
    let row: Option<TimerRow> = get(tx, TIMERS, RoomKey::of(room).room())?;
    Ok(row.map(|row| RoomTimer { seconds: row.seconds, vanishing: row.vanishing }).unwrap_or_default())
}

/// Somebody set the timer: it makes a line, and holds if nobody set it later.
pub(super) fn set(
    tx: &mut Overlay,
    key: &RoomKey,
    (room, by): (&RoomUri, Option<&UserUri>),
    stamp: Stamp,
    timer: RoomTimer,
    events: &mut Vec<ConversationEvent>,
) -> Result<(), ConversationError> {
    let id = message_id(&stamp.id);
    if record(tx, key, id)?.is_some() {
        return Ok(());
    }
    put_record(tx, key, id, &Record::Line);
    drop_held(tx, key, id)?;
    if let Some(by) = by {
        let line = Line::TimerSet { by: by.clone(), seconds: timer.seconds, vanishing: timer.vanishing };
        events.extend(note(tx, room, &line, Timestamp(stamp.accepted))?);
    }
    let before: Option<TimerRow> = get(tx, TIMERS, key.room())?;
    if before.is_none_or(|before| before.stamp < stamp) {
        let by = by.map(ToString::to_string);
        let row = TimerRow { seconds: timer.seconds, vanishing: timer.vanishing, stamp, by };
        put(tx, TIMERS, key.room().to_vec(), &row);
        events.push(ConversationEvent::Timer { room: room.clone() });
    }
    Ok(())
}

/// A room is closed on this device: what vanishes and was read is deleted. One's own goes when somebody read it.
pub(crate) fn close(
    tx: &mut Overlay,
    room: &RoomUri,
    now: Timestamp,
) -> Result<Vec<ConversationEvent>, ConversationError> {
    let key = RoomKey::of(room);
    let mut events = Vec::new();
    for (at, _) in tx.scan(VANISHING, &key.range(&[]), usize::MAX, false)? {
        let id =
            MessageId::from_slice(key.tail(&at)).map_err(|_| ConversationError::Row("vanishing message"))?;
        let read = match message_row(tx, &key, id)? {
            Some(row) if row.mine => statuses::is_read(tx, &key, id)?,
            Some(row) => row.read.is_some(),
            None => false,
        };
        if read && expiry::delete(tx, &key, id, now)? {
            events.push(ConversationEvent::Expired { room: room.clone(), id });
        }
    }
    Ok(events)
}
