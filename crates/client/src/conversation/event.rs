//! What changed, for whoever shows the conversation.

use super::{MessageId, MessageStatus, Position};
use trefoil_proto::{RoomUri, UserUri};

/// One change of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "room, id, user mean the same in every variant")]
pub enum ConversationEvent {
    /// A message came into the timeline.
    Added { room: RoomUri, id: MessageId, mine: bool, mentions_me: bool },
    /// A message of the timeline reads differently.
    Edited { room: RoomUri, id: MessageId },
    /// Its sender took a message back.
    Unsent { room: RoomUri, id: MessageId },
    /// The reactions to a message changed.
    Reactions { room: RoomUri, id: MessageId },
    /// Somebody chose otherwise in a poll.
    Votes { room: RoomUri, id: MessageId },
    /// A recipient has one's own message, or read it, and so on.
    Status { room: RoomUri, id: MessageId, user: UserUri, status: MessageStatus },
    /// Someone began or stopped writing. Stored nowhere; forget it after some seconds.
    Typing { room: RoomUri, user: UserUri, started: bool },
    /// Someone's display name changed.
    Profile { room: RoomUri, user: UserUri, name: String },
    /// A message of one's own went another step.
    Outgoing { room: RoomUri, id: MessageId, state: OutgoingState },
    /// A message of one's own that could not be sent was discarded.
    Discarded { room: RoomUri, id: MessageId },
    /// Messages were read, here or on another device of one's own.
    Read { room: RoomUri, messages: usize },
    /// A message disappeared; it is no longer stored.
    Expired { room: RoomUri, id: MessageId },
    /// Messages of the room disappear otherwise from now on.
    Timer { room: RoomUri },
    /// Somebody's picture changed, or the room's (no user).
    Picture { room: RoomUri, user: Option<UserUri> },
    /// The groups of a community changed, or in which community a group stands.
    Groups { room: RoomUri },
    /// A message that is seen once was opened here: its content is gone.
    Opened { room: RoomUri, id: MessageId },
    /// The person's own marks of a room changed, or whether they took it up.
    Marked { room: RoomUri },
    /// A line about people or safety came into the timeline.
    Noted { room: RoomUri, position: Position },
    /// A message was not accepted; nothing of it is kept.
    Refused { room: RoomUri, id: MessageId, sender: UserUri, reason: Refusal },
}

/// How far a message of one's own is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutgoingState {
    /// Waiting for the hub.
    Queued,
    /// Accepted by the hub.
    Sent,
    /// Given up, with a sentence why; it can be queued again or discarded.
    Failed(String),
}

/// Why a received message was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The content names another sender or room, or none.
    Misaddressed,
    /// Its expiry is more than a year away, either way (draft-ietf-mimi-content-09, section 9.1).
    ExpiryOutOfRange,
    /// It edits or takes back what someone else sent.
    NotTheSender,
    /// It changes or reacts to what cannot be changed or reacted to.
    WrongTarget,
    /// It says nothing: an empty body that replaces nothing, a status or name that cannot be read.
    Meaningless,
    /// The sender's role in the room does not allow it: only admins write there, or do this.
    NotAllowed,
    /// It came as a passing event, which only typing notices may.
    NotPassing,
}
