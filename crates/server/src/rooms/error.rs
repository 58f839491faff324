//! What a hub refuses, apart from the outcomes that MIMI has codes for.

use crate::{federation::FederationError, mailbox::MailboxError};
use trefoil_proto::{ErrorBody, ErrorCode};
use trefoil_store::StoreError;

/// Why nothing was done. Safe to log: it names no person and no room.
#[derive(Debug, thiserror::Error)]
pub enum RoomsError {
    /// No such room here.
    #[error("no such room")]
    NotFound,
    /// The room's URI is taken by a room that began otherwise.
    #[error("the room exists and began otherwise")]
    Exists,
    /// The room cannot begin like this.
    #[error("the room cannot begin like this: {0}")]
    BadStart(&'static str),
    /// What was handed in is not what this endpoint takes.
    #[error("{0}")]
    Malformed(&'static str),
    /// The message has no franking tag.
    #[error("the message carries no franking tag")]
    NotFranked,
    /// Whoever handed it in may not speak for its sender.
    #[error("not handed in by its sender's own service")]
    WrongOrigin,
    /// The caller is not entitled to it.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// The room is changed too often.
    #[error("too many changes in too short a time")]
    TooOften {
        /// Try again after so many milliseconds.
        retry_after_ms: u32,
    },
    /// The same message is being stored by another request at this moment: ask again.
    #[error("the same message is being stored")]
    UnderWay,
    /// The room's suite, or the one asked for, is not offered.
    #[error("the ciphersuite is not offered")]
    Unsupported,
    /// The room's stored state cannot be read.
    #[error("the stored state of a room is damaged: {0}")]
    Damaged(&'static str),
    /// A cryptographic operation of our own failed.
    #[error("seal or sign an answer")]
    Crypto,
    /// The work was given up because the service is going down.
    #[error("the work was given up")]
    GivenUp,
    /// The service's own people could not be asked about.
    #[error(transparent)]
    People(#[from] super::PeopleError),
    /// An event is larger than a mailbox takes.
    #[error("append to the mailboxes")]
    Mailbox(#[from] MailboxError),
    /// The outbox could not be written.
    #[error("hand over to federation")]
    Federation(#[from] FederationError),
    /// The store failed; nothing was done.
    #[error("store of the rooms")]
    Store(#[from] StoreError),
}

impl RoomsError {
    /// The body that a device or another service is answered with.
    pub fn to_body(&self) -> ErrorBody {
        let (code, detail) = match self {
            Self::NotFound => (ErrorCode::NotFound, "no such room"),
            Self::Exists => (ErrorCode::Conflict, "the room exists and began otherwise"),
            Self::BadStart(what) => (ErrorCode::InvalidHandshake, *what),
            Self::Malformed(what) => (ErrorCode::Malformed, *what),
            Self::NotFranked => (ErrorCode::NotFranked, "the message carries no franking tag"),
            Self::WrongOrigin => (ErrorCode::WrongDomain, "not handed in by its sender's own service"),
            Self::NotAllowed(what) => (ErrorCode::NotAllowed, *what),
            Self::TooOften { retry_after_ms } => {
                return ErrorBody {
                    code: ErrorCode::RateLimited,
                    retry_after_ms: *retry_after_ms,
                    detail: b"too many changes of a room".to_vec(),
                };
            }
            Self::UnderWay => {
                return ErrorBody {
                    code: ErrorCode::RateLimited,
                    retry_after_ms: 200,
                    detail: b"the same message is being stored".to_vec(),
                };
            }
            Self::Unsupported => (ErrorCode::Unsupported, "the ciphersuite is not offered"),
            Self::Mailbox(MailboxError::EventTooLarge { .. }) => {
                (ErrorCode::TooLarge, "larger than a mailbox takes")
            }
            Self::Federation(error) => return error.to_body(),
            Self::Damaged(_)
            | Self::Crypto
            | Self::GivenUp
            | Self::People(_)
            | Self::Mailbox(_)
            | Self::Store(_) => (ErrorCode::Internal, "the service failed"),
        };
        let retry_after_ms = if code == ErrorCode::Internal { 1000 } else { 0 };
        ErrorBody { code, retry_after_ms, detail: detail.as_bytes().to_vec() }
    }
}
