//! Messages that are seen once: whoever opens one has what it says, and no store has it any more, but for a report
//! ([`super::kept`]).

use super::{
    Body, ConversationError, ConversationEvent, Draft, Gone, MessageId,
    apply::forget_files,
    kept::keep,
    reading,
    records::{RoomKey, message_row, put_record},
    rows::{OnceRow, Record},
};
use crate::overlay::Overlay;
use minicbor::bytes::ByteVec;
use trefoil_proto::{
    RoomUri, Timestamp,
    content::{Handling, MimiContent, ReceivedContent},
};

/// How a message begins here, if it is seen once.
pub(super) fn begins(content: &MimiContent, mine: bool) -> Option<OnceRow> {
    let once = Handling::of(&content.extensions).view_once;
    once.then_some(if mine { OnceRow::Sent } else { OnceRow::Closed })
}

/// What of it is kept: of one's own that is seen once, nothing but what waits to be sent.
pub(super) fn kept(content: &ReceivedContent, once: Option<OnceRow>) -> ByteVec {
    if once == Some(OnceRow::Sent) { Vec::new().into() } else { content.bytes.to_vec().into() }
}

/// What somebody opened, and the read statuses that it leads to.
pub(crate) struct Opened {
    pub body: Body,
    pub statuses: Vec<Draft>,
    pub events: Vec<ConversationEvent>,
}

/// Opens a message that is seen once: gives what it says, and forgets it.
///
/// # Errors
/// [`ConversationError::NoSuchMessage`]; [`ConversationError::NotToBeOpened`]; the store.
pub(crate) fn open_once(
    tx: &mut Overlay,
    room: &RoomUri,
    id: MessageId,
    now: Timestamp,
) -> Result<Opened, ConversationError> {
    let key = RoomKey::of(room);
    let row = message_row(tx, &key, id)?.ok_or(ConversationError::NoSuchMessage)?;
    if row.once != Some(OnceRow::Closed) || row.content.is_empty() {
        return Err(ConversationError::NotToBeOpened);
    }
    let body = Body::of(&MimiContent::decode(&row.content)?);
    let statuses = reading::mark_read_one(tx, room, id, now)?;
    // Its timer runs now.
    let mut row = message_row(tx, &key, id)?.ok_or(ConversationError::NoSuchMessage)?;
    forget_files(tx, &row.content)?;
    row.once = Some(OnceRow::Opened);
    keep(tx, &key, id, &row, Gone::SeenOnce, now)?;
    row.content = Vec::new().into();
    row.frank = None;
    put_record(tx, &key, id, &Record::Message(row));
    Ok(Opened { body, statuses, events: vec![ConversationEvent::Opened { room: room.clone(), id }] })
}
