//! What the timeline looks like to whoever shows it.

use super::{Body, Line, MessageId, MessageStatus, OutgoingState, Position, StoredFrank};
use crate::boundaries::Folded;
use bytes::Bytes;
use trefoil_proto::{DeviceUri, RoomUri, Timestamp, UserUri, content::Expiration};

/// Which part of a timeline to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// The newest lines.
    Newest,
    /// The lines that end before a position.
    Before(Position),
    /// The lines that begin at a position.
    From(Position),
    /// The lines that begin after a position.
    After(Position),
}

/// A part of a timeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Oldest first.
    pub items: Vec<Item>,
    /// There are lines before the first of them.
    pub more_before: bool,
    /// There are lines after the last of them.
    pub more_after: bool,
}

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Someone said something.
    Message(Box<Message>),
    /// Something happened.
    Note(Note),
}

/// A line about people or safety.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where it stands.
    pub position: Position,
    /// When.
    pub at: Timestamp,
    /// What.
    pub line: Line,
}

/// A message as it is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Id of the first version: what edits and unsends replace.
    pub id: MessageId,
    /// Id of the version that is shown: what replies and reactions should name.
    pub version: MessageId,
    /// Where it stands.
    pub position: Position,
    /// Who said it.
    pub sender: UserUri,
    /// On which device.
    pub device: DeviceUri,
    /// It is one's own.
    pub mine: bool,
    /// When the hub accepted it.
    pub accepted: Option<Timestamp>,
    /// When it came in here, or was queued.
    pub received: Timestamp,
    /// For one's own: how far it is.
    pub outgoing: Option<OutgoingState>,
    /// It is seen once: how far that is.
    pub once: Option<Once>,
    /// What it says now; `None` once it was unsent, and if it is seen once: [`crate::Client::open_once`] gives it.
    pub body: Option<Body>,
    /// When the version that is shown was accepted, if it is not the first.
    pub edited: Option<Timestamp>,
    /// When it was unsent.
    pub unsent: Option<Timestamp>,
    /// What it asks, and what was chosen.
    pub poll: Option<Poll>,
    /// Its topic; empty for none.
    pub topic_id: Vec<u8>,
    /// What it answers.
    pub reply: Option<ReplyPreview>,
    /// Reactions, in the order in which each emoji first came.
    pub reactions: Vec<ReactionGroup>,
    /// For one's own: what became of it at each recipient who said so.
    pub statuses: Vec<(UserUri, MessageStatus, Timestamp)>,
    /// It mentions the person who reads here.
    pub mentions_me: bool,
    /// Someone else's that was not read here.
    pub unread: bool,
    /// It goes when the room is closed after it was read.
    pub vanishing: bool,
    /// Why it is shown only when the person asks for it.
    pub folded: Option<Folded>,
    /// How often it was forwarded before it came here.
    pub forwarded: Option<u32>,
    /// When it is to disappear, as its sender said.
    pub timer: Option<Expiration>,
    /// When it disappears, once that is known.
    pub expires: Option<Timestamp>,
}

/// The message that a reply answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyPreview {
    /// As the reply names it.
    pub id: MessageId,
    /// Its first version's id and its sender, if it is here.
    pub message: Option<(MessageId, UserUri)>,
    /// The beginning of its text now. Nothing if it is not here, was unsent, or has no text.
    pub excerpt: Option<String>,
    /// The reply names an earlier version than the one that is shown now.
    pub since_edited: bool,
}

/// Everyone who reacted with the same emoji.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReactionGroup {
    /// The emoji.
    pub emoji: String,
    /// Who, each once, with the id by which they can take it back.
    pub by: Vec<(UserUri, MessageId)>,
}

/// How far a message is that is seen once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Once {
    /// It can be opened here.
    Closed,
    /// It was opened here.
    Opened,
    /// One's own: nobody opens it here.
    Sent,
}

/// A question, and what people chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    /// The question.
    pub question: String,
    /// What can be chosen, in the order of the indices of a vote.
    pub options: Vec<PollOption>,
    /// More than one can be chosen.
    pub several: bool,
    /// People who chose something.
    pub voters: usize,
}

/// An answer of a poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollOption {
    /// What it says.
    pub text: String,
    /// Who chose it, in the order of their votes.
    pub by: Vec<UserUri>,
}

/// One version of a message, with what a report needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its id.
    pub id: MessageId,
    /// When the hub accepted it.
    pub accepted: Option<Timestamp>,
    /// What it says.
    pub body: Body,
    /// Its content, byte for byte.
    pub content: Bytes,
    /// The hub's stamp.
    pub frank: Option<StoredFrank>,
}

/// A room in the list of rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSummary {
    /// The room.
    pub room: RoomUri,
    /// Its last line.
    pub last: Option<Item>,
    /// Unread messages, counted up to a thousand.
    pub unread: usize,
}

impl Item {
    /// Where it stands.
    pub fn position(&self) -> Position {
        match self {
            Self::Message(message) => message.position,
            Self::Note(note) => note.position,
        }
    }
}
