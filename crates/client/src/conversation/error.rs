//! What can go wrong in a conversation.

use trefoil_proto::ProtoError;
use trefoil_store::StoreError;

/// Why something was not composed, kept or read. A message that a peer should not have sent is no error but a
/// [`super::ConversationEvent::Refused`]. Safe to log: it holds no content.
#[derive(Debug, thiserror::Error)]
pub enum ConversationError {
    /// A text, name or list is longer than it may be.
    #[error("{what} is longer than {limit}")]
    TooLong {
        /// What.
        what: &'static str,
        /// In bytes or items.
        limit: usize,
    },
    /// A text, name or list is empty.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// A reaction, name or timer that cannot be sent as it is.
    #[error("not a usable {0}")]
    Unusable(&'static str),
    /// The text does not contain `@` and the name of someone it is said to mention.
    #[error("the text does not mention @{0}")]
    NotMentioned(String),
    /// The content does not encode or decode.
    #[error("encode or decode message content")]
    Content(#[from] ProtoError),
    /// There is no such message of one's own.
    #[error("no such message of yours")]
    NoSuchMessage,
    /// The message did not fail: it is on its way, or there.
    #[error("the message did not fail")]
    NotFailed,
    /// The message cannot be forwarded.
    #[error("the message cannot be forwarded: {0}")]
    NotForwardable(&'static str),
    /// A message is forwarded to so many rooms at a time, and to fewer once it was forwarded often.
    #[error("this message can be forwarded to at most {limit} at a time")]
    TooManyRooms {
        /// How many.
        limit: usize,
    },
    /// It is not seen once, or was opened here, or is one's own.
    #[error("there is nothing to open in this message")]
    NotToBeOpened,
    /// A stored row cannot be decoded.
    #[error("read a stored {0}")]
    Row(&'static str),
    /// The local store could not be read.
    #[error("read the local store")]
    Store(#[from] StoreError),
}
