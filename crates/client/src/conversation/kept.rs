//! What can still be reported although it is shown no more: messages of others that were shown and then unsent, seen once, or that
//! disappeared. For seven days, and for nothing but a report: a sender cannot make a message that is shown and cannot be reported.
//!
//! No view, no search, no export, no backup and no other device has them. They are deleted when they are due, with whatever step comes
//! first, as everything in [`super::expiry`].

use super::{
    Body, ConversationError, MessageId, Version,
    records::{RoomKey, StoredFrank, all, get, put},
    rows::{EDITS, EditRow, GoneRow, KEPT, KEPT_UNTIL, KeptRow, MessageRow, OnceRow},
};
use crate::overlay::Overlay;
use trefoil_proto::{RoomUri, Timestamp, UserUri, content::ReceivedContent};
use trefoil_store::KeyRange;

/// How long, in milliseconds: seven days.
pub const KEPT_MILLIS: u64 = 7 * 24 * 60 * 60 * 1000;
const AT_ONCE: usize = 64;

/// Why a message is shown no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// Its sender took it back.
    Unsent,
    /// It was to be seen once, and was opened.
    SeenOnce,
    /// Its time was up, or the room was closed.
    Disappeared,
}

/// A message that is shown no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub id: MessageId,
    pub sender: UserUri,
    pub accepted: Timestamp,
    pub gone: Gone,
    /// Each with the stamp that proves it; the first one first, at least one.
    pub versions: Vec<Version>,
}

/// Keeps a message that is about to lose its content, with its versions, if it was shown here and can be proven. One's own and what
/// was never opened are not kept.
pub(super) fn keep(
    tx: &mut Overlay,
    room: &RoomKey,
    id: MessageId,
    row: &MessageRow,
    gone: Gone,
    now: Timestamp,
) -> Result<(), ConversationError> {
    let Some(accepted) = row.accepted.filter(|_| !row.mine && row.once != Some(OnceRow::Closed)) else {
        return Ok(());
    };
    let first = EditRow { content: row.content.clone(), frank: row.frank.clone() };
    let later = all::<EditRow>(tx, EDITS, room, &[&id.0])?.into_iter().map(|(_, edit)| edit);
    let versions: Vec<_> = std::iter::once(first)
        .chain(later)
        .filter(|version| !version.content.is_empty() && version.frank.is_some())
        .collect();
    if versions.is_empty() {
        return Ok(());
    }
    let until = now.plus_millis(KEPT_MILLIS);
    let gone = match gone {
        Gone::Unsent => GoneRow::Unsent,
        Gone::SeenOnce => GoneRow::SeenOnce,
        Gone::Disappeared => GoneRow::Disappeared,
    };
    let at = room.key(&[&id.0]);
    tx.put(KEPT_UNTIL, [&until.0.to_be_bytes()[..], &at].concat(), Vec::new());
    put(tx, KEPT, at, &KeptRow { sender: row.sender.clone(), accepted, gone, until: until.0, versions });
    Ok(())
}

/// One that is kept.
pub(crate) fn kept(
    tx: &Overlay,
    room: &RoomUri,
    id: MessageId,
    now: Timestamp,
) -> Result<Option<Kept>, ConversationError> {
    let row: Option<KeptRow> = get(tx, KEPT, &RoomKey::of(room).key(&[&id.0]))?;
    row.filter(|row| row.until > now.0).map(|row| read(room, id, row)).transpose()
}

/// Everything of somebody in a room that is kept, in no order.
pub(crate) fn kept_of(
    tx: &Overlay,
    room: &RoomUri,
    person: &UserUri,
    now: Timestamp,
) -> Result<Vec<Kept>, ConversationError> {
    let person = person.to_string();
    let rows = all::<KeptRow>(tx, KEPT, &RoomKey::of(room), &[])?.into_iter();
    rows.filter(|(_, row)| row.until > now.0 && row.sender == person)
        .map(|(id, row)| {
            let id = MessageId::from_slice(&id).map_err(|_| ConversationError::Row("kept message"))?;
            read(room, id, row)
        })
        .collect()
}

/// Deletes what is due.
pub(super) fn forget(tx: &mut Overlay, now: Timestamp) -> Result<(), ConversationError> {
    let end = now.0.saturating_add(1).to_be_bytes().to_vec();
    let range = KeyRange { start: Vec::new().into(), end: Some(end.into()) };
    loop {
        let due = tx.scan(KEPT_UNTIL, &range, AT_ONCE, false)?;
        if due.is_empty() {
            return Ok(());
        }
        for (key, _) in due {
            let (_, at) = key.split_first_chunk::<8>().ok_or(ConversationError::Row("kept message"))?;
            tx.delete(KEPT, at.to_vec());
            tx.delete(KEPT_UNTIL, key);
        }
    }
}

/// When the next is due.
pub(super) fn next_due(tx: &Overlay) -> Result<Option<Timestamp>, ConversationError> {
    let first = tx.scan(KEPT_UNTIL, &KeyRange::all(), 1, false)?;
    let Some((key, _)) = first.first() else { return Ok(None) };
    let (at, _) = key.split_first_chunk::<8>().ok_or(ConversationError::Row("kept message"))?;
    Ok(Some(Timestamp(u64::from_be_bytes(*at))))
}

fn read(room: &RoomUri, id: MessageId, row: KeptRow) -> Result<Kept, ConversationError> {
    let sender: UserUri = row.sender.parse()?;
    let version = |version: EditRow| {
        let content = ReceivedContent::decode(version.content.to_vec())?;
        let frank = version.frank.map(|frank| StoredFrank::from_bytes(&frank)).transpose()?;
        Ok(Version {
            id: content.id(&sender, room),
            accepted: frank.as_ref().map(|frank| frank.context.accepted_timestamp),
            body: Body::of(&content.content),
            content: content.bytes,
            frank,
        })
    };
    let versions = row.versions.into_iter().map(version).collect::<Result<Vec<_>, ConversationError>>()?;
    let gone = match row.gone {
        GoneRow::Unsent => Gone::Unsent,
        GoneRow::SeenOnce => Gone::SeenOnce,
        GoneRow::Disappeared => Gone::Disappeared,
    };
    Ok(Kept { id, accepted: Timestamp(row.accepted), gone, versions, sender })
}
