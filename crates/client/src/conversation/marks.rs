//! What a person set for a room on this device alone: pinned, archived, muted, a draft. And whether they took the room
//! up at all: one into which a stranger brought them is a *request* until then, and nothing that would tell the stranger
//! of them leaves the device. None of this is ever sent.

use super::{
    ConversationError, ConversationEvent,
    records::{get, put},
    rows::{MARKS, MarksRow},
};
use crate::overlay::Overlay;
use trefoil_proto::{RoomUri, Timestamp, UserUri, limits};

/// Until when something is muted that is muted for ever.
pub const FOR_EVER: Timestamp = Timestamp(u64::MAX);

/// One mark of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It stands above the others.
    Pinned(bool),
    /// It is put away.
    Archived(bool),
    /// Nothing of it makes a noise until then ([`FOR_EVER`]), or not any more.
    MutedUntil(Option<Timestamp>),
    /// What was written and not sent; empty for nothing. At most [`limits::TEXT`] bytes.
    Draft(String),
    /// The person takes up a room into which a stranger brought them.
    Accepted,
    /// The person has seen what a stranger may be up to there ([`crate::boundaries::FirstContact`]).
    HintSeen,
}

/// The marks of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// It stands above the others.
    pub pinned: bool,
    /// It is put away.
    pub archived: bool,
    /// Nothing of it makes a noise until then.
    pub muted_until: Option<Timestamp>,
    /// What was written and not sent.
    pub draft: String,
    /// The stranger who brought this person into the room, while the person has not taken it up.
    pub request: Option<UserUri>,
    /// They have seen what a stranger may be up to.
    pub hint_seen: bool,
}

impl Marks {
    /// The person took the room up, or nobody had to ask.
    pub fn is_accepted(&self) -> bool {
        self.request.is_none()
    }

    /// Nothing of the room makes a noise now.
    pub fn is_muted(&self, now: Timestamp) -> bool {
        self.muted_until.is_some_and(|until| until > now)
    }
}

/// The marks of a room. One that was never marked has none, and is taken up.
///
/// # Errors
/// Only the store.
pub fn marks(tx: &Overlay, room: &RoomUri) -> Result<Marks, ConversationError> {
    let row = row(tx, room)?;
    Ok(Marks {
        pinned: row.pinned,
        archived: row.archived,
        muted_until: row.muted_until.map(Timestamp),
        draft: row.draft,
        request: row.request.as_deref().map(str::parse).transpose()?,
        hint_seen: row.hint_seen.unwrap_or_default(),
    })
}

/// Whether a stranger brought this person into the room and they have not taken it up.
///
/// # Errors
/// Only the store.
pub fn is_request(tx: &Overlay, room: &RoomUri) -> Result<bool, ConversationError> {
    Ok(row(tx, room)?.request.is_some())
}

/// Sets marks, all or none.
///
/// # Errors
/// A draft of more than [`limits::TEXT`] bytes; the store.
pub(crate) fn set_marks(
    tx: &mut Overlay,
    room: &RoomUri,
    marks: &[Mark],
) -> Result<Vec<ConversationEvent>, ConversationError> {
    let before = row(tx, room)?;
    let mut row = before.clone();
    for mark in marks {
        match mark {
            Mark::Pinned(pinned) => row.pinned = *pinned,
            Mark::Archived(archived) => row.archived = *archived,
            Mark::MutedUntil(until) => row.muted_until = until.map(|until| until.0),
            Mark::Draft(draft) if draft.len() > limits::TEXT => {
                return Err(ConversationError::TooLong { what: "the draft", limit: limits::TEXT });
            }
            Mark::Draft(draft) => row.draft.clone_from(draft),
            Mark::Accepted => row.request = None,
            Mark::HintSeen => row.hint_seen = Some(true),
        }
    }
    if row == before {
        return Ok(Vec::new());
    }
    put(tx, MARKS, key(room), &row);
    Ok(vec![ConversationEvent::Marked { room: room.clone() }])
}

/// Says who brought this person into a room that has to be taken up; `None` if none has to.
pub(crate) fn set_request(
    tx: &mut Overlay,
    room: &RoomUri,
    by: Option<&UserUri>,
) -> Result<(), ConversationError> {
    let mut row = row(tx, room)?;
    let request = by.map(ToString::to_string);
    if row.request != request {
        row.request = request;
        put(tx, MARKS, key(room), &row);
    }
    Ok(())
}

fn row(tx: &Overlay, room: &RoomUri) -> Result<MarksRow, ConversationError> {
    Ok(get(tx, MARKS, &key(room))?.unwrap_or_default())
}

fn key(room: &RoomUri) -> Vec<u8> {
    room.to_string().into_bytes()
}
