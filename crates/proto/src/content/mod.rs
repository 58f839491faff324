//! What people say to each other: MIMI content (draft-ietf-mimi-content-09), deterministic CBOR.
//!
//! A message's id is a hash over the bytes as received, so [`ReceivedContent`] keeps them; nothing is ever encoded
//! again to compute one.

mod decode;
mod deterministic;
mod encode;
mod extensions;
pub mod groups;
mod handling;
mod part;
pub mod picture;
pub mod poll;
pub mod retold;
pub mod status;
#[cfg(test)]
mod tests;
pub mod timer;

pub use extensions::{ExtensionKey, Extensions};
pub use handling::{FORWARDED, Handling, VANISHING, VIEW_ONCE};
pub use part::{Disposition, ExternalPart, NestedPart, Part, PartSemantics};

use crate::{ProtoError, RoomUri, UserUri, limits};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// The media type of [`MimiContent`].
pub const MEDIA_TYPE: &str = "application/mimi-content";
/// The media type of the texts that everyone must support (section 7.1).
pub const MARKDOWN: &str = "text/markdown;variant=GFM-MIMI";
/// Plain text.
pub const PLAIN_TEXT: &str = "text/plain;charset=utf-8";

/// Names a message: 0x01, then 31 bytes of SHA-256 (section 3.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub [u8; 32]);

impl MessageId {
    /// SHA-256 in the IANA registry of named information hash algorithms.
    const SHA_256: u8 = 1;

    /// From bytes that someone sent.
    ///
    /// # Errors
    /// [`ProtoError::Malformed`] if it is not 32 bytes, or of a hash that nobody uses.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, ProtoError> {
        match <[u8; 32]>::try_from(bytes) {
            Ok(id) if id[0] == Self::SHA_256 => Ok(Self(id)),
            _ => Err(ProtoError::Malformed("message id")),
        }
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageId({self})")
    }
}

/// The id of a message (section 3.3), from the bytes as received and the salt in them.
///
/// # Errors
/// [`ProtoError::TooLarge`] if a URI is longer than [`limits::URI`].
pub fn message_id(
    sender: &str,
    room: &str,
    received: &[u8],
    salt: &[u8; 16],
) -> Result<MessageId, ProtoError> {
    let mut hash = Sha256::new();
    for uri in [sender, room] {
        let length = u16::try_from(uri.len()).ok().filter(|length| usize::from(*length) <= limits::URI);
        let length = length.ok_or(ProtoError::TooLarge { what: "URI", limit: limits::URI })?;
        hash.update(length.to_be_bytes());
        hash.update(uri);
    }
    hash.update(received);
    hash.update(salt);
    let digest: [u8; 32] = hash.finalize().into();
    let mut id = [MessageId::SHA_256; 32];
    id[1..].copy_from_slice(&digest[..31]);
    Ok(MessageId(id))
}

/// When a message disappears (section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiration {
    /// Whether the time counts from reading.
    pub relative: bool,
    /// Seconds after reading, or since the UNIX epoch.
    pub time: u32,
}

/// One message (section 4). An edit `replaces` the first version; deleting and unliking replace with a null part; a
/// reaction is a reply of disposition [`Disposition::REACTION`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MimiContent {
    /// 16 random bytes, fresh for each message; also the key of the franking tag.
    pub salt: [u8; 16],
    /// The message this one takes the place of.
    pub replaces: Option<MessageId>,
    /// Groups messages by topic; empty for none. At most [`limits::TOPIC`] bytes.
    pub topic_id: Vec<u8>,
    /// When it disappears.
    pub expires: Option<Expiration>,
    /// The message it answers.
    pub in_reply_to: Option<MessageId>,
    /// Sender, room, and what later versions add.
    pub extensions: Extensions,
    /// The body.
    pub part: NestedPart,
}

impl MimiContent {
    /// Decodes deterministic CBOR, and nothing else.
    ///
    /// # Errors
    /// [`ProtoError::TooLarge`] beyond [`limits::MESSAGE`], [`limits::PARTS`], [`limits::PART_DEPTH`] or
    /// [`limits::TOPIC`]; [`ProtoError::Malformed`] for CBOR that is not deterministic or not of this form.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProtoError> {
        decode::content(bytes)
    }

    /// Encodes.
    ///
    /// # Errors
    /// [`ProtoError::TooLarge`] or [`ProtoError::Malformed`] for what [`MimiContent::decode`] would refuse.
    pub fn encode(&self) -> Result<Vec<u8>, ProtoError> {
        encode::content(self)
    }
}

/// A message with the bytes it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedContent {
    /// As received, byte for byte.
    pub bytes: Bytes,
    /// What they say.
    pub content: MimiContent,
}

impl ReceivedContent {
    /// Decodes, and keeps the bytes.
    ///
    /// # Errors
    /// As [`MimiContent::decode`].
    pub fn decode(bytes: impl Into<Bytes>) -> Result<Self, ProtoError> {
        let bytes = bytes.into();
        let content = MimiContent::decode(&bytes)?;
        Ok(Self { bytes, content })
    }

    /// The message's id, given who sent it (its leaf's user) and where.
    pub fn id(&self, sender: &UserUri, room: &RoomUri) -> MessageId {
        message_id(&sender.to_string(), &room.to_string(), &self.bytes, &self.content.salt)
            .expect("a URI's parts have limits that keep it under limits::URI")
    }
}
