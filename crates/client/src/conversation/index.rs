//! The index of words for the search. It lies in the encrypted store and never leaves it, and every change of a message
//! changes it in the same commit: what is gone from the timeline is gone from here.
//!
//! A message waits, by its place alone, until there are enough of them for a segment (see [`super::segment`]); until then
//! a search reads it itself. Messages from before there was an index are taken up some at a time, with whatever steps
//! come, in the order of the timelines: one behind the place where that stands is left to it.

use super::{
    ConversationError, MessageId, Position,
    query::current_body,
    records::{RoomKey, clear, get, message_row, put},
    rows::{
        Entry, IndexRow, MessageRow, Row as _, SEARCH_DOCUMENTS, SEARCH_INDEX, SEARCH_PENDING,
        SEARCH_SEGMENTS, SEARCH_WORDS, TIMELINE, message_id,
    },
    segment::{self, Building, Place, place},
};
use crate::overlay::Overlay;
use trefoil_proto::{RoomUri, content::MimiContent};
use trefoil_store::KeyRange;

/// Lines that are looked at in one step.
const AT_ONCE: usize = 128;
/// The one row of [`SEARCH_INDEX`].
const STATE: &[u8] = b"state";

/// Takes up a message that is new here or was accepted just now. Its line stands in the timeline.
pub(super) fn add(
    tx: &mut Overlay,
    room: &RoomKey,
    id: MessageId,
    row: &MessageRow,
) -> Result<(), ConversationError> {
    if is_hidden(row) {
        return Ok(());
    }
    let mut state = state(tx)?;
    if !is_passed(&state, room, row.position()) {
        return Ok(());
    }
    wait(tx, &mut state, room, place(row.position(), id))?;
    put(tx, SEARCH_INDEX, STATE.to_vec(), &state);
    Ok(())
}

/// A message says something else now.
pub(super) fn change(
    tx: &mut Overlay,
    room: &RoomKey,
    id: MessageId,
    row: &MessageRow,
) -> Result<(), ConversationError> {
    forget(tx, room, id, row.position())?;
    add(tx, room, id, row)
}

/// Takes a message out of the index.
pub(super) fn forget(
    tx: &mut Overlay,
    room: &RoomKey,
    id: MessageId,
    position: Position,
) -> Result<(), ConversationError> {
    let mut state = state(tx)?;
    if !is_passed(&state, room, position) {
        return Ok(());
    }
    let place = place(position, id);
    if tx.get(SEARCH_PENDING, &place)?.is_some() {
        tx.delete(SEARCH_PENDING, place);
        state.pending = state.pending.saturating_sub(1);
        put(tx, SEARCH_INDEX, STATE.to_vec(), &state);
        return Ok(());
    }
    for segment in segment::segments(tx)? {
        if segment.remove(tx, &place)? {
            break;
        }
    }
    Ok(())
}

/// Whether nothing of a message is found: it was unsent, or the hub has not accepted it, or it is seen once.
fn is_hidden(row: &MessageRow) -> bool {
    row.accepted.is_none() || row.content.is_empty() || row.once.is_some()
}

/// Whether the index knows of a place: from before there was one, it may not yet.
fn is_passed(state: &IndexRow, room: &RoomKey, position: Position) -> bool {
    state.complete || room.key(&[&position.to_bytes()])[..] < state.next[..]
}

/// Where there is no index, it is complete if there is no message that it could not know of.
fn state(tx: &Overlay) -> Result<IndexRow, ConversationError> {
    if let Some(state) = get(tx, SEARCH_INDEX, STATE)? {
        return Ok(state);
    }
    let complete = tx.scan(TIMELINE, &KeyRange::all(), 2, false)?.len() < 2;
    Ok(IndexRow { complete, ..IndexRow::default() })
}

fn wait(
    tx: &mut Overlay,
    state: &mut IndexRow,
    room: &RoomKey,
    place: Place,
) -> Result<(), ConversationError> {
    // Before this one, whose row may not be written yet.
    if usize::try_from(state.pending).unwrap_or(usize::MAX) >= segment::MESSAGES {
        write_segment(tx, state)?;
    }
    tx.put(SEARCH_PENDING, place, room.room());
    state.pending += 1;
    Ok(())
}

fn write_segment(tx: &mut Overlay, state: &mut IndexRow) -> Result<(), ConversationError> {
    let mut building = Building::new();
    for waiting in pending(tx)? {
        if let Some((row, first)) = waiting.message(tx)? {
            let body = current_body(tx, &waiting.room, waiting.id, &row, &first)?;
            building.add(&waiting.uri, waiting.place, &body);
        }
        tx.delete(SEARCH_PENDING, waiting.place);
    }
    building.write(tx, state.segment);
    state.segment += 1;
    state.pending = 0;
    Ok(())
}

/// A message that waits for a segment.
pub(super) struct Waiting {
    pub place: Place,
    pub uri: String,
    pub room: RoomKey,
    pub id: MessageId,
}

impl Waiting {
    fn read(key: &[u8], room: &[u8]) -> Result<Self, ConversationError> {
        let wrong = || ConversationError::Row("message to be indexed");
        let place: Place = key.try_into().map_err(|_| wrong())?;
        let uri: RoomUri = std::str::from_utf8(room).map_err(|_| wrong())?.parse()?;
        let id = MessageId::from_slice(&place[16..]).map_err(|_| wrong())?;
        Ok(Self { place, room: RoomKey::of(&uri), uri: uri.to_string(), id })
    }

    /// Its row and its first version, if it can be found.
    pub(super) fn message(
        &self,
        tx: &Overlay,
    ) -> Result<Option<(MessageRow, MimiContent)>, ConversationError> {
        let row = message_row(tx, &self.room, self.id)?.filter(|row| !is_hidden(row));
        row.map(|row| MimiContent::decode(&row.content).map(|first| (row, first)))
            .transpose()
            .map_err(Into::into)
    }
}

/// Messages that wait for a segment, oldest first.
pub(super) fn pending(tx: &Overlay) -> Result<Vec<Waiting>, ConversationError> {
    let rows = tx.scan(SEARCH_PENDING, &KeyRange::all(), usize::MAX, false)?;
    rows.iter().map(|(place, room)| Waiting::read(place, room)).collect()
}

/// Whether every message can be found.
///
/// # Errors
/// Only the store.
pub(crate) fn is_complete(tx: &Overlay) -> Result<bool, ConversationError> {
    Ok(get::<IndexRow>(tx, SEARCH_INDEX, STATE)?.is_some_and(|row| row.complete))
}

/// Takes up some messages from before there was an index. True once there are none left.
///
/// # Errors
/// Only the store.
pub(crate) fn catch_up(tx: &mut Overlay) -> Result<bool, ConversationError> {
    let known: Option<IndexRow> = get(tx, SEARCH_INDEX, STATE)?;
    let mut state = known.unwrap_or_default();
    if state.complete {
        return Ok(true);
    }
    let range = KeyRange { start: state.next.to_vec().into(), end: None };
    let lines = tx.scan(TIMELINE, &range, AT_ONCE, false)?;
    state.complete = lines.len() < AT_ONCE;
    if let Some((key, _)) = lines.last() {
        state.next = [&key[..], &[0]].concat().into();
    }
    for (key, line) in lines {
        let Entry::Message(id) = Entry::from_bytes(&line)? else { continue };
        let (room, id) = (room_of(&key).ok_or(ConversationError::Row("timeline entry"))?, message_id(&id));
        let room = RoomKey::of(&room);
        if let Some(row) = message_row(tx, &room, id)?.filter(|row| !is_hidden(row)) {
            wait(tx, &mut state, &room, place(row.position(), id))?;
        }
    }
    put(tx, SEARCH_INDEX, STATE.to_vec(), &state);
    Ok(state.complete)
}

/// Has every message looked at again, some at a time: rows came in beside the messages' own way.
///
/// # Errors
/// Only the store.
pub(crate) fn begin_anew(tx: &mut Overlay) -> Result<(), ConversationError> {
    for table in [SEARCH_PENDING, SEARCH_SEGMENTS, SEARCH_DOCUMENTS, SEARCH_WORDS] {
        clear(tx, table, &KeyRange::all())?;
    }
    put(tx, SEARCH_INDEX, STATE.to_vec(), &IndexRow::default());
    Ok(())
}

fn room_of(key: &[u8]) -> Option<RoomUri> {
    let (room, _) = key.split_last_chunk::<16>()?;
    std::str::from_utf8(room.strip_suffix(&[0])?).ok()?.parse().ok()
}

/// Everything that can be found: words, places and rooms, whatever segments they are in.
#[cfg(test)]
pub(super) fn everything(
    tx: &Overlay,
) -> Result<std::collections::BTreeSet<(String, Place, String)>, ConversationError> {
    let mut all = std::collections::BTreeSet::new();
    for waiting in pending(tx)? {
        if let Some((row, first)) = waiting.message(tx)? {
            let body = current_body(tx, &waiting.room, waiting.id, &row, &first)?;
            let words = super::words::of_body(&body).into_iter();
            all.extend(words.map(|word| (word, waiting.place, waiting.uri.clone())));
        }
    }
    for segment in segment::segments(tx)? {
        let documents = segment.documents(tx)?;
        for (_, row) in tx.scan(
            SEARCH_WORDS,
            &KeyRange::prefix(segment.number.to_be_bytes().to_vec()),
            usize::MAX,
            false,
        )? {
            segment::each_word(&row, |word, messages| {
                for message in messages {
                    let (room, place) = documents.get(*message).expect("words of messages that are here");
                    all.insert((word.to_owned(), place, room.to_owned()));
                }
            })?;
        }
    }
    Ok(all)
}
