//! What can go wrong between services.

use trefoil_proto::{Domain, ErrorBody, ErrorCode};
use trefoil_store::StoreError;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a call to another service, or a call from one, came to nothing. Safe to log: it names services, never people
/// or rooms.
#[derive(Debug, thiserror::Error)]
pub enum FederationError {
    /// The client for other services could not be built.
    #[error("set up the connection to other services")]
    SetUp(#[source] Source),
    /// The configured address of a peer is not an `https` URL of a host.
    #[error("the address configured for {0} is not an https URL")]
    BadRoute(Domain),
    /// No connection, no answer in time, or the answer broke off: it is not known whether the peer acted.
    #[error("{domain} cannot be reached")]
    Unavailable {
        /// Which peer.
        domain: Domain,
        /// Why.
        #[source]
        source: Source,
    },
    /// The peer answered with a refusal, passed on as it came.
    #[error("{domain} refused with status {status}, code {:?}", .body.code)]
    Refused {
        /// Which peer.
        domain: Domain,
        /// HTTP status.
        status: u16,
        /// The peer's error body; made from the status if it sent none.
        body: ErrorBody,
        /// True if the peer itself sent the body. Otherwise the answer may be that of a proxy, or of a service that
        /// is just being replaced.
        decoded: bool,
    },
    /// The peer answered what it must not.
    #[error("{domain} misbehaved: {what}")]
    Misbehaved {
        /// Which peer.
        domain: Domain,
        /// What it did.
        what: &'static str,
    },
    /// The peer's directory is not one, or says of an endpoint what it must not: nothing can be sent there, whatever it
    /// is about.
    #[error("{domain} misbehaved: {what}")]
    Directory {
        /// Which peer.
        domain: Domain,
        /// What is wrong with it.
        what: &'static str,
    },
    /// What another service sent is refused, and recorded.
    #[error("refused from {from}: {reason}")]
    Inbound {
        /// Who sent it.
        from: Domain,
        /// Why.
        reason: super::IncidentReason,
    },
    /// The same bytes are being stored by another request at this moment: ask again.
    #[error("the same notification is being stored")]
    Busy,
    /// What the peer sent does not fit a mailbox.
    #[error("append to the mailboxes")]
    Mailbox(#[from] crate::mailbox::MailboxError),
    /// The store failed; nothing was done.
    #[error("store of the federation")]
    Store(#[from] StoreError),
}

impl FederationError {
    /// True if this service failed, so that its operator must know; else it is a peer that did, or nobody.
    pub(crate) fn is_our_own(&self) -> bool {
        match self {
            Self::SetUp(_) | Self::BadRoute(_) | Self::Store(_) => true,
            Self::Mailbox(error) => !matches!(error, crate::mailbox::MailboxError::EventTooLarge { .. }),
            Self::Unavailable { .. }
            | Self::Refused { .. }
            | Self::Misbehaved { .. }
            | Self::Directory { .. }
            | Self::Inbound { .. }
            | Self::Busy => false,
        }
    }

    /// The body a client or peer is answered with.
    pub fn to_body(&self) -> ErrorBody {
        let (code, retry_after_ms, detail) = match self {
            Self::Refused { body, .. } => return body.clone(),
            Self::Unavailable { .. } => {
                (ErrorCode::PeerUnavailable, 1000, "the other service cannot be reached")
            }
            Self::Misbehaved { .. } | Self::Directory { .. } => {
                (ErrorCode::PeerMisbehaved, 0, "the other service answered what it must not")
            }
            Self::Inbound { reason, .. } => (reason.code(), 0, reason.text()),
            Self::Busy => (ErrorCode::Internal, 200, "the same notification is being stored"),
            Self::Mailbox(crate::mailbox::MailboxError::EventTooLarge { .. }) => {
                (ErrorCode::TooLarge, 0, "an event is larger than a mailbox takes")
            }
            Self::SetUp(_) | Self::BadRoute(_) | Self::Mailbox(_) | Self::Store(_) => {
                (ErrorCode::Internal, 1000, "the service failed")
            }
        };
        ErrorBody { code, retry_after_ms, detail: detail.as_bytes().to_vec() }
    }

    /// True if the same request can never succeed: a refusal in the peer's own words whose reason lies in the request.
    /// `NotFound` and `Unsupported` are what a peer of another version says of an endpoint, so they do not end anything.
    pub(crate) fn is_final(&self) -> bool {
        let Self::Refused { status, body, decoded, .. } = self else { return false };
        let for_good = matches!(
            body.code,
            ErrorCode::Malformed
                | ErrorCode::TooLarge
                | ErrorCode::NotAllowed
                | ErrorCode::WrongDomain
                | ErrorCode::BadSignature
                | ErrorCode::InvalidHandshake
                | ErrorCode::NotFranked
                | ErrorCode::Conflict
        );
        *decoded && (400..500).contains(status) && !matches!(status, 408 | 429) && for_good
    }

    /// True if the peer as a whole cannot take anything now, and not only what was sent.
    pub(crate) fn is_of_the_peer(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::Directory { .. } => true,
            Self::Refused { status, body, .. } => {
                matches!(status, 429 | 503)
                    || matches!(body.code, ErrorCode::RateLimited | ErrorCode::Draining)
            }
            _ => false,
        }
    }

    /// How long the peer asks to be left alone, in milliseconds.
    pub(super) fn retry_after_ms(&self) -> u64 {
        match self {
            Self::Refused { body, .. } => body.retry_after_ms.into(),
            _ => 0,
        }
    }
}
