//! The conversation as data: what was said in a room, in the hub's order, with edits, reactions, statuses and the
//! lines that say who came and went. Pure over [`crate::overlay::Overlay`]; the rules are in
//! `docs/spec/conversation.md`.
//!
//! Every set of messages ends in the same timeline, in whatever order and however often they arrive: what refers to a
//! message that is not here yet is held until it is, and every rule that picks a winner compares hub timestamps and
//! then message ids.

mod apply;
mod body;
mod classify;
pub(crate) mod communities;
pub mod compose;
mod error;
mod event;
mod expiry;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod index;
mod kept;
mod marks;
mod merge;
mod note;
mod once;
mod outgoing;
mod pictures;
mod polls;
mod query;
mod reading;
mod receive;
mod records;
mod retelling;
mod rows;
mod search;
mod segment;
mod statuses;
mod text;
mod timers;
mod view;
mod words;

#[cfg(test)]
mod tests;

pub use body::{Attached, Body};
pub use classify::TYPING;
pub(crate) use classify::{Keeping, again, evidence, groups_in, keeping, needs, reach_in};
pub use communities::{groups, is_community, part_of};
pub use compose::{Draft, Mention};
pub use error::ConversationError;
pub use event::{ConversationEvent, OutgoingState, Refusal};
pub use expiry::{expire, next_expiry};
pub(crate) use index::{
    begin_anew as begin_index_anew, catch_up as catch_up_index, is_complete as is_index_complete,
};
pub use kept::{Gone, KEPT_MILLIS};
pub(crate) use kept::{Kept, kept, kept_of};
pub use marks::{FOR_EVER, Mark, Marks, is_request, marks};
pub(crate) use marks::{set_marks, set_request};
pub(crate) use merge::{Merge, is_carried, is_forgotten, take_row};
pub use note::{Line, note};
pub(crate) use once::{Opened, open_once};
pub(crate) use outgoing::once_more;
pub use outgoing::{Outgoing, discard, failed, outgoing, queued, sent};
pub use pictures::{
    PictureVersion, picture, picture_version, room_picture, room_picture_version, version_of,
};
pub use query::{
    history, message, profile, rooms, summary, timeline, timeline_around, timeline_page, unread,
};
pub(crate) use query::{of_others, original, stands};
pub use reading::{ReadReceipts, mark_read};
pub use receive::{By, Incoming, Received, receive};
pub use records::{BadPosition, Position, StoredFrank};
pub(crate) use retelling::retold;
pub use rows::{
    EDITS, EXPIRIES, GROUP_OF, GROUPS, HELD, KEPT, KEPT_UNTIL, MARKS, MESSAGES, OUTGOING, PICTURE_BYTES,
    PICTURES, PROFILES, REACTIONS, ROOMS, SEARCH_DOCUMENTS, SEARCH_INDEX, SEARCH_PENDING, SEARCH_SEGMENTS,
    SEARCH_WORDS, STATUSES, TIMELINE, TIMERS, UNREAD, VANISHING, VOTES,
};
pub use search::{Found, Hit, SearchCursor, search};
pub use text::plain;
pub(crate) use timers::close as close_room;
pub use timers::room_timer;
pub use view::{
    Cursor, Item, Message, Note, Once, Page, Poll, PollOption, ReactionGroup, ReplyPreview, RoomSummary,
    Version,
};

pub use trefoil_proto::content::{MessageId, status::MessageStatus};

/// Delivered statuses are sent only in rooms of at most this many people: in larger ones they would outnumber the
/// messages.
pub const STATUS_PARTICIPANTS: usize = 32;
