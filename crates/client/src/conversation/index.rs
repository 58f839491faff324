//! The index of words for the search. It lies in the encrypted store and never leaves it, and every change of a message
//! changes it in the same commit: what is gone from the timeline is gone from here.
//!
//! Messages from before there was an index are taken up some at a time, with whatever steps come.

use super::{
    ConversationError, MessageId,
    query::current_body,
    records::{RoomKey, get, put},
    rows::{FOUND_BY, IndexRow, IndexedRow, MESSAGES, MessageRow, Record, Row as _, SEARCH_INDEX, WORDS},
    words,
};
use crate::overlay::Overlay;
use trefoil_proto::{RoomUri, content::MimiContent};
use trefoil_store::KeyRange;

/// Records that are looked at in one step.
const AT_ONCE: usize = 128;
/// The one row of [`SEARCH_INDEX`].
const STATE: &[u8] = b"state";

/// Brings the index to what a message says now: nothing, once it was unsent, before the hub accepted it, or if it is seen
/// once.
pub(super) fn index(
    tx: &mut Overlay,
    room: &RoomKey,
    id: MessageId,
    row: &MessageRow,
) -> Result<(), ConversationError> {
    let hidden = row.accepted.is_none() || row.content.is_empty() || row.once.is_some();
    let words: Vec<String> = if hidden {
        Vec::new()
    } else {
        let first = MimiContent::decode(&row.content)?;
        words::of_body(&current_body(tx, room, id, row, &first)?).into_iter().collect()
    };
    let now = IndexedRow { position: row.position().to_bytes().into(), words };
    let at = room.key(&[&id.0]);
    let before: Option<IndexedRow> = get(tx, FOUND_BY, &at)?;
    if before.as_ref() == Some(&now) {
        return Ok(());
    }
    if let Some(before) = &before {
        for word in &before.words {
            tx.delete(WORDS, posting(word, &before.position, id));
        }
    }
    if now.words.is_empty() {
        tx.delete(FOUND_BY, at);
        return Ok(());
    }
    for word in &now.words {
        tx.put(WORDS, posting(word, &now.position, id), room.room());
    }
    put(tx, FOUND_BY, at, &now);
    Ok(())
}

/// Takes a message out of the index.
pub(super) fn forget(tx: &mut Overlay, room: &RoomKey, id: MessageId) -> Result<(), ConversationError> {
    let at = room.key(&[&id.0]);
    let Some(row) = get::<IndexedRow>(tx, FOUND_BY, &at)? else { return Ok(()) };
    for word in &row.words {
        tx.delete(WORDS, posting(word, &row.position, id));
    }
    tx.delete(FOUND_BY, at);
    Ok(())
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
    let state: IndexRow = get(tx, SEARCH_INDEX, STATE)?.unwrap_or_default();
    if state.complete {
        return Ok(true);
    }
    let range = KeyRange { start: state.next.to_vec().into(), end: None };
    let rows = tx.scan(MESSAGES, &range, AT_ONCE, false)?;
    let complete = rows.len() < AT_ONCE;
    let next = rows.last().map(|(key, _)| [&key[..], &[0]].concat()).unwrap_or_default();
    for (key, row) in rows {
        let Record::Message(row) = Record::from_bytes(&row)? else { continue };
        let (room, id) = named(&key).ok_or(ConversationError::Row("message"))?;
        index(tx, &RoomKey::of(&room), id, &row)?;
    }
    put(tx, SEARCH_INDEX, STATE.to_vec(), &IndexRow { complete, next: next.into() });
    Ok(complete)
}

/// Has every message looked at again, some at a time: rows came in beside the messages' own way.
pub(crate) fn begin_anew(tx: &mut Overlay) {
    tx.delete(SEARCH_INDEX, STATE);
}

/// The key of a word's entry for a message: entries of a word stand in the order of the timeline, over all rooms.
fn posting(word: &str, position: &[u8; 16], id: MessageId) -> Vec<u8> {
    [word.as_bytes(), &[0], position, &id.0].concat()
}

fn named(key: &[u8]) -> Option<(RoomUri, MessageId)> {
    let (room, id) = key.split_last_chunk::<32>()?;
    let room = std::str::from_utf8(room.strip_suffix(&[0])?).ok()?.parse().ok()?;
    Some((room, MessageId(*id)))
}
