//! Rows of a conversation as a backup, or another device of the same person, has them.
//!
//! Lines of messages and unread marks are not carried: the messages say both.

use super::{
    ConversationError, apply,
    records::{self, Position, RoomKey, arrive, delete_line, get, put, put_line, put_record},
    rows::{Entry, MESSAGES, MessageRow, ROOMS, Record, RoomRow, Row as _, TIMELINE, UNREAD},
};
use crate::overlay::Overlay;
use trefoil_proto::{RoomUri, UserUri, content::MessageId};
use trefoil_store::Table;

/// What becomes of what is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Merge<'a> {
    /// It gives way: the archive is newer.
    Replace,
    /// It stays: this device of this person heard of it since.
    Keep(&'a UserUri),
}

/// Whether a row is carried at all. What waits to be sent is not: it has not happened.
pub(crate) fn is_carried(table: Table, value: &[u8]) -> bool {
    if table == TIMELINE {
        return matches!(Entry::from_bytes(value), Ok(Entry::Note(_)));
    }
    if table == MESSAGES
        && let Ok(Record::Message(row)) = Record::from_bytes(value)
    {
        return row.accepted.is_some() || row.unsent.is_some();
    }
    true
}

/// Whether the row says that something it once said is to be forgotten.
pub(crate) fn is_forgotten(table: Table, value: Option<&[u8]>) -> bool {
    if table != MESSAGES {
        return false;
    }
    match value.map(Record::from_bytes) {
        Some(Ok(Record::Message(row))) => row.unsent.is_some(),
        Some(Ok(Record::Gone)) | None => true,
        _ => false,
    }
}

/// Takes a row in; `None` for one that is gone.
///
/// # Errors
/// The store could not be read, or a row does not decode.
pub(crate) fn take_row(
    tx: &mut Overlay,
    table: Table,
    key: &[u8],
    value: Option<&[u8]>,
    merge: Merge<'_>,
) -> Result<(), ConversationError> {
    if table == MESSAGES {
        return take_message(tx, key, value, merge);
    }
    if table == TIMELINE {
        return take_line(tx, key, value, merge);
    }
    if table == ROOMS {
        let Some(value) = value else { return Ok(()) };
        let given = RoomRow::from_bytes(value)?;
        let known: Option<RoomRow> = get(tx, ROOMS, key)?;
        let arrivals = known.map_or(0, |known| known.arrivals).max(given.arrivals);
        put(tx, ROOMS, key.to_vec(), &RoomRow { arrivals });
        return Ok(());
    }
    if merge != Merge::Replace && tx.get(table, key)?.is_some() {
        return Ok(());
    }
    match value {
        Some(value) => tx.put(table, key, value),
        None if merge == Merge::Replace => tx.delete(table, key),
        None => {}
    }
    Ok(())
}

fn take_message(
    tx: &mut Overlay,
    key: &[u8],
    value: Option<&[u8]>,
    merge: Merge<'_>,
) -> Result<(), ConversationError> {
    let (room, uri, id) = read_key(key)?;
    let old = records::record(tx, &room, id)?;
    if merge != Merge::Replace && old.is_some() {
        return Ok(());
    }
    if let Some(Record::Message(old)) = &old {
        delete_line(tx, &room, old);
    }
    let Some(value) = value else {
        tx.delete(MESSAGES, key);
        return Ok(());
    };
    let mut record = Record::from_bytes(value)?;
    if let Record::Message(row) = &mut record {
        if old.is_none() {
            free_place(tx, &room, row)?;
        }
        put_line(tx, &room, id, row);
        if !row.mine && row.read.is_none() && row.unsent.is_none() {
            tx.put(UNREAD, room.key(&[&row.position().to_bytes()]), id.0);
        }
    }
    put_record(tx, &room, id, &record);
    if let Merge::Keep(me) = merge {
        // What came here meanwhile and refers to it has waited for it.
        apply::release(tx, &room, &uri, me, id, &mut Vec::new())?;
    }
    Ok(())
}

/// Another line may stand where this one stood on the other device.
fn free_place(tx: &mut Overlay, room: &RoomKey, row: &mut MessageRow) -> Result<(), ConversationError> {
    while tx.get(TIMELINE, &room.key(&[&row.position().to_bytes()]))?.is_some() {
        row.arrival = arrive(tx, room)?;
    }
    Ok(())
}

fn take_line(
    tx: &mut Overlay,
    key: &[u8],
    value: Option<&[u8]>,
    merge: Merge<'_>,
) -> Result<(), ConversationError> {
    let Some(value) = value else { return Ok(()) };
    let entry = Entry::from_bytes(value)?;
    let Entry::Note(note) = &entry else { return Ok(()) };
    if merge == Merge::Replace {
        tx.put(TIMELINE, key, value);
        return Ok(());
    }
    let (room, _) = split_room(key)?;
    let same_time = tx.scan(TIMELINE, &room.range(&[&note.at.to_be_bytes()]), usize::MAX, false)?;
    if same_time.iter().any(|(_, line)| line[..] == *value) {
        return Ok(());
    }
    let free = tx.get(TIMELINE, key)?.is_none();
    let key = match free {
        true => key.to_vec(),
        false => room.key(&[&Position::new(Some(note.at), arrive(tx, &room)?).to_bytes()]),
    };
    put(tx, TIMELINE, key, &entry);
    Ok(())
}

fn read_key(key: &[u8]) -> Result<(RoomKey, RoomUri, MessageId), ConversationError> {
    let (room, uri) = split_room(key)?;
    let id = MessageId::from_slice(room.tail(key)).map_err(|_| ConversationError::Row("message"))?;
    Ok((room, uri, id))
}

fn split_room(key: &[u8]) -> Result<(RoomKey, RoomUri), ConversationError> {
    let end = key.iter().position(|byte| *byte == 0).ok_or(ConversationError::Row("room"))?;
    let uri: RoomUri = std::str::from_utf8(&key[..end])
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(ConversationError::Row("room"))?;
    Ok((RoomKey::of(&uri), uri))
}
