//! Stored rows of conversations. First byte: version of the codec; then one CBOR item, to whose arrays later versions
//! may add at the end. Keys begin with the room's URI and a zero byte (see [`super::records::RoomKey`]), but for
//! [`EXPIRIES`] and [`ROOMS`].
//!
//! Everything that was said lies in [`MESSAGES`] and [`EDITS`] as content bytes: the index of words ([`SEARCH_WORDS`]) is
//! made from these two, and follows their deletions.

use super::{ConversationError, MessageId};
use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};
use trefoil_store::Table;

/// What a message id stands for, by room and message id.
pub const MESSAGES: Table = Table::new("client.messages");
/// Later versions of messages, by room, first version's id, accepted timestamp, id.
pub const EDITS: Table = Table::new("client.edits");
/// Lines in the hub's order, by room and position (accepted timestamp, arrival).
pub const TIMELINE: Table = Table::new("client.timeline");
/// Unread messages, by room and position.
pub const UNREAD: Table = Table::new("client.unread");
/// Reactions, by room, message, id of the reaction.
pub const REACTIONS: Table = Table::new("client.reactions");
/// What people chose in polls, by room, poll, user URI.
pub const VOTES: Table = Table::new("client.votes");
/// What became of one's own messages, by room, message, user URI.
pub const STATUSES: Table = Table::new("client.statuses");
/// What refers to a message that is not here yet, by room, that message, and its own id.
pub const HELD: Table = Table::new("client.held_changes");
/// What is to be deleted when, by time, room, kind and id.
pub const EXPIRIES: Table = Table::new("client.expiries");
/// Display names, by room and user URI.
pub const PROFILES: Table = Table::new("client.profiles");
/// Rooms that have a timeline, by room URI.
pub const ROOMS: Table = Table::new("client.timelines");
/// Messages of one's own that the hub has not accepted, by room and id.
pub const OUTGOING: Table = Table::new("client.outgoing_messages");

/// Messages whose words are not in a segment of the index yet, by place (position, message id): the room's URI.
pub const SEARCH_PENDING: Table = Table::new("client.search_pending");
/// Segments of the index of words, by number: the places of its first and its last message.
pub const SEARCH_SEGMENTS: Table = Table::new("client.search_segments");
/// Places and rooms of a segment's messages, by the segment's number.
pub const SEARCH_DOCUMENTS: Table = Table::new("client.search_documents");
/// Some words of a segment and which of its messages each is in, by the segment's number and the first of the words.
pub const SEARCH_WORDS: Table = Table::new("client.search_postings");
/// How far the index of words is: one row.
pub const SEARCH_INDEX: Table = Table::new("client.search_state");
/// When messages of a room disappear from now on, by room URI.
pub const TIMERS: Table = Table::new("client.room_timers");
/// Messages that go when their room is closed, by room and id.
pub const VANISHING: Table = Table::new("client.vanishing");
/// Messages of others that are shown no more, for reports alone, by room and id. Never in a backup, never to another device.
pub const KEPT: Table = Table::new("client.kept_for_reports");
/// When each of them is deleted, by time, room and id.
pub const KEPT_UNTIL: Table = Table::new("client.kept_until");
/// What the person set for rooms on this device, by room URI.
pub const MARKS: Table = Table::new("client.room_marks");

/// Pictures of people, by room and user URI, and of rooms, by room alone: which, and since when.
pub const PICTURES: Table = Table::new("client.pictures");
/// Their bytes, under the same keys.
pub const PICTURE_BYTES: Table = Table::new("client.picture_bytes");
/// Groups of communities with the links of their invitations, by the community's room URI.
pub const GROUPS: Table = Table::new("client.groups");
/// In which communities a room is: room URI, zero byte, the community's room URI.
pub const GROUP_OF: Table = Table::new("client.group_of");

const VERSION: u8 = 1;

/// A row with a name for errors.
pub(super) trait Row: Encode<()> + for<'b> Decode<'b, ()> {
    const WHAT: &'static str;

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        minicbor::encode(self, &mut out).expect("writing into memory does not fail");
        out
    }

    fn from_bytes(row: &[u8]) -> Result<Self, ConversationError> {
        match row.split_first() {
            Some((&VERSION, body)) => minicbor::decode(body).map_err(|_| ConversationError::Row(Self::WHAT)),
            _ => Err(ConversationError::Row(Self::WHAT)),
        }
    }
}

macro_rules! row {
    ($name:ident, $what:literal) => {
        impl Row for $name {
            const WHAT: &'static str = $what;
        }
    };
}

pub(super) type Id = ByteArray<32>;

/// When the hub accepted something, then its id: what every "later" is decided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub(super) struct Stamp {
    #[n(0)]
    pub accepted: u64,
    #[n(1)]
    pub id: Id,
}

/// What a message id stands for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[allow(clippy::large_enum_variant, reason = "read and written one at a time, never kept in numbers")]
pub(super) enum Record {
    /// A message of the timeline.
    #[n(0)]
    Message(#[n(0)] MessageRow),
    /// A later version of one.
    #[n(1)]
    Edit(#[n(0)] Id),
    /// A reaction to one.
    #[n(2)]
    Reaction(#[n(0)] Id),
    /// One that disappeared.
    #[n(3)]
    Gone,
    /// What made a line about the room.
    #[n(4)]
    Line,
}
row!(Record, "message");

/// A message of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct MessageRow {
    #[n(0)]
    pub sender: String,
    #[n(1)]
    pub device: String,
    /// None until the hub accepted it (one's own only).
    #[n(2)]
    pub accepted: Option<u64>,
    #[n(3)]
    pub arrival: u64,
    #[n(4)]
    pub received: u64,
    #[n(5)]
    pub mine: bool,
    /// Content bytes of the first version, as received; empty once unsent, or opened if it is seen once.
    #[n(6)]
    pub content: ByteVec,
    #[n(7)]
    pub frank: Option<ByteVec>,
    /// The version to show, if it is not the first.
    #[n(8)]
    pub current: Option<Stamp>,
    #[n(9)]
    pub mentions_me: bool,
    #[n(10)]
    pub unsent: Option<Stamp>,
    #[n(11)]
    pub read: Option<u64>,
    #[n(12)]
    pub expires: Option<u64>,
    #[n(13)]
    pub failure: Option<String>,
    /// It is seen once: how far that is.
    #[n(14)]
    pub once: Option<OnceRow>,
}

/// How far a message is that is seen once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(super) enum OnceRow {
    /// Not opened here.
    #[n(1)]
    Closed,
    /// Opened here: its content is gone.
    #[n(2)]
    Opened,
    /// One's own: its content is gone.
    #[n(3)]
    Sent,
}

/// A later version.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct EditRow {
    #[n(0)]
    pub content: ByteVec,
    #[n(1)]
    pub frank: Option<ByteVec>,
}
row!(EditRow, "edit");

/// A message that is shown no more.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct KeptRow {
    #[n(0)]
    pub sender: String,
    #[n(1)]
    pub accepted: u64,
    #[n(2)]
    pub gone: GoneRow,
    /// When it is deleted.
    #[n(3)]
    pub until: u64,
    /// The first one first; each has its stamp.
    #[n(4)]
    pub versions: Vec<EditRow>,
}
row!(KeptRow, "kept message");

/// Why a message is shown no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(super) enum GoneRow {
    #[n(1)]
    Unsent,
    #[n(2)]
    SeenOnce,
    #[n(3)]
    Disappeared,
}

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) enum Entry {
    #[n(0)]
    Message(#[n(0)] Id),
    #[n(1)]
    Note(#[n(0)] NoteRow),
}
row!(Entry, "timeline entry");

/// A line about people or safety.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct NoteRow {
    #[n(0)]
    pub kind: u8,
    #[n(1)]
    pub user: Option<String>,
    #[n(2)]
    pub by: Option<String>,
    #[n(3)]
    pub text: Option<String>,
    #[n(4)]
    pub at: u64,
}

/// A reaction.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct ReactionRow {
    #[n(0)]
    pub sender: String,
    #[n(1)]
    pub emoji: String,
    #[n(2)]
    pub added: Stamp,
    #[n(3)]
    pub removed: Option<Stamp>,
}
row!(ReactionRow, "reaction");

/// What became of a message at one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct StatusRow {
    #[n(0)]
    pub status: u8,
    #[n(1)]
    pub accepted: u64,
}
row!(StatusRow, "message status");

/// What somebody chose in a poll.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct VoteRow {
    /// Indices of options; none if the person took their choice back.
    #[n(0)]
    pub choices: Vec<u8>,
    #[n(1)]
    pub stamp: Stamp,
}
row!(VoteRow, "vote");

/// What waits for the message that it refers to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) enum Held {
    /// An edit, unsend or reaction: its content bytes say which.
    #[n(0)]
    Change(#[n(0)] HeldChange),
    #[n(1)]
    Status(#[n(0)] HeldStatus),
}
row!(Held, "held message");

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct HeldChange {
    #[n(0)]
    pub sender: String,
    #[n(1)]
    pub accepted: u64,
    #[n(2)]
    pub content: ByteVec,
    #[n(3)]
    pub frank: Option<ByteVec>,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct HeldStatus {
    #[n(0)]
    pub user: String,
    #[n(1)]
    pub status: u8,
    #[n(2)]
    pub accepted: u64,
    #[n(3)]
    pub received: u64,
}

/// A display name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct ProfileRow {
    #[n(0)]
    pub name: String,
    #[n(1)]
    pub stamp: Stamp,
}
row!(ProfileRow, "profile");

/// A room's counter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct RoomRow {
    #[n(0)]
    pub arrivals: u64,
}
row!(RoomRow, "room");

/// A message of one's own that the hub has not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct OutgoingRow {
    #[n(0)]
    pub device: String,
    #[n(1)]
    pub sender: String,
    #[n(2)]
    pub queued: u64,
    /// Empty if its row in [`MESSAGES`] has it.
    #[n(3)]
    pub content: ByteVec,
    #[n(4)]
    pub failure: Option<String>,
}
row!(OutgoingRow, "outgoing message");

/// When messages of a room disappear from now on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct TimerRow {
    #[n(0)]
    pub seconds: u32,
    #[n(1)]
    pub vanishing: bool,
    #[n(2)]
    pub stamp: Stamp,
    /// Who set it; none in rows of earlier versions.
    #[n(3)]
    pub by: Option<String>,
}
row!(TimerRow, "timer of a room");

/// A picture of a person or of a room, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct PictureRow {
    /// None if it was taken away.
    #[n(0)]
    pub media_type: Option<String>,
    #[n(1)]
    pub version: String,
    #[n(2)]
    pub stamp: Stamp,
    /// Who set a room's.
    #[n(3)]
    pub by: Option<String>,
}
row!(PictureRow, "picture");

/// The groups of a community. Links are in it: secrets.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub(super) struct GroupsRow {
    #[n(0)]
    pub list: ByteVec,
    #[n(1)]
    pub stamp: Stamp,
    #[n(2)]
    pub by: Option<String>,
}
row!(GroupsRow, "list of groups");

impl std::fmt::Debug for GroupsRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GroupsRow").field("stamp", &self.stamp).finish_non_exhaustive()
    }
}

/// What a person set for a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(super) struct MarksRow {
    #[n(0)]
    pub pinned: bool,
    #[n(1)]
    pub archived: bool,
    #[n(2)]
    pub muted_until: Option<u64>,
    #[n(3)]
    pub draft: String,
    /// Who brought the person in; none once they took the room up.
    #[n(4)]
    pub request: Option<String>,
    #[n(5)]
    pub hint_seen: Option<bool>,
}
row!(MarksRow, "marks of a room");

/// How far the index of words is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct IndexRow {
    /// Messages from before there was an index are in it.
    #[n(0)]
    pub complete: bool,
    /// Until then: the next key of [`TIMELINE`].
    #[n(1)]
    pub next: ByteVec,
    /// Rows of [`SEARCH_PENDING`].
    #[n(2)]
    pub pending: u32,
    /// The number of the next segment.
    #[n(3)]
    pub segment: u64,
}
row!(IndexRow, "state of the search index");

impl Default for IndexRow {
    fn default() -> Self {
        Self { complete: false, next: Vec::new().into(), pending: 0, segment: 0 }
    }
}

pub(super) fn row_id(id: MessageId) -> Id {
    id.0.into()
}

pub(super) fn message_id(id: &Id) -> MessageId {
    MessageId(**id)
}
