//! What became of messages at a receiver: `application/mimi-message-status` (draft-mahy-mimi-message-status-01).

use super::{MessageId, decode, deterministic};
use crate::{ProtoError, limits};
use minicbor::{Decoder, Encoder};

/// The media type of a [`StatusReport`], as content of a part.
pub const MEDIA_TYPE: &str = "application/mimi-message-status";

/// The state of a message at the reporting person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageStatus {
    /// Not read, or no longer marked as read.
    Unread,
    /// A device has it.
    Delivered,
    /// Read.
    Read,
    /// Gone by its expiry.
    Expired,
    /// Deleted.
    Deleted,
    /// Put out of sight.
    Hidden,
    /// Known, but could not be received.
    Error,
    /// A state that we do not know (7 to 255).
    Unknown(u8),
}

impl From<u8> for MessageStatus {
    fn from(code: u8) -> Self {
        match code {
            0 => Self::Unread,
            1 => Self::Delivered,
            2 => Self::Read,
            3 => Self::Expired,
            4 => Self::Deleted,
            5 => Self::Hidden,
            6 => Self::Error,
            other => Self::Unknown(other),
        }
    }
}

impl From<MessageStatus> for u8 {
    fn from(status: MessageStatus) -> Self {
        match status {
            MessageStatus::Unread => 0,
            MessageStatus::Delivered => 1,
            MessageStatus::Read => 2,
            MessageStatus::Expired => 3,
            MessageStatus::Deleted => 4,
            MessageStatus::Hidden => 5,
            MessageStatus::Error => 6,
            MessageStatus::Unknown(other) => other,
        }
    }
}

/// States of messages in the room in which the report is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusReport {
    /// At most [`limits::STATUSES`].
    pub statuses: Vec<(MessageId, MessageStatus)>,
}

impl StatusReport {
    /// Decodes deterministic CBOR: `[* [messageId, status]]`.
    ///
    /// # Errors
    /// [`ProtoError::TooLarge`] for more than [`limits::STATUSES`]; [`ProtoError::Malformed`] for any other form.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProtoError> {
        const REFUSED: ProtoError = ProtoError::Malformed("status report");
        if bytes.len() > limits::MESSAGE {
            return Err(ProtoError::TooLarge { what: "status report", limit: limits::MESSAGE });
        }
        deterministic::check(bytes)?;
        let mut d = Decoder::new(bytes);
        let count = d.array()?.ok_or(REFUSED)?;
        if count > limits::STATUSES as u64 {
            return Err(ProtoError::TooLarge { what: "status report", limit: limits::STATUSES });
        }
        let mut statuses = Vec::new();
        for _ in 0..count {
            if d.array()? != Some(2) {
                return Err(REFUSED);
            }
            statuses.push((decode::message_id(&mut d)?, d.u8()?.into()));
        }
        Ok(Self { statuses })
    }

    /// Encodes.
    ///
    /// # Errors
    /// [`ProtoError::TooLarge`] for more than [`limits::STATUSES`].
    pub fn encode(&self) -> Result<Vec<u8>, ProtoError> {
        if self.statuses.len() > limits::STATUSES {
            return Err(ProtoError::TooLarge { what: "status report", limit: limits::STATUSES });
        }
        let mut e = Encoder::new(Vec::new());
        let written = e.array(self.statuses.len() as u64).and_then(|e| {
            self.statuses
                .iter()
                .try_for_each(|(id, status)| e.array(2)?.bytes(&id.0)?.u8((*status).into())?.ok())
        });
        written.map_err(|_| ProtoError::Malformed("status report"))?;
        Ok(e.into_writer())
    }
}
