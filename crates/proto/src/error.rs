//! Errors: what decoding can refuse, and the stable codes that a service answers with.

use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Why bytes or text are not what they should be. Safe to log: it never holds the input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtoError {
    /// Bytes ended early, went on too long, or a length or tag is impossible.
    #[error("malformed {0}")]
    Malformed(&'static str),
    /// Larger than a limit allows.
    #[error("{what} is larger than {limit}")]
    TooLarge {
        /// What.
        what: &'static str,
        /// In bytes or items.
        limit: usize,
    },
    /// A URI that is not of our form.
    #[error("not a valid {0}")]
    Uri(&'static str),
    /// A signature or authentication tag does not verify.
    #[error("{0} does not verify")]
    Unverified(&'static str),
}

/// The code of a refusal, stable across versions. `docs/errors.md` says what each means and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u16)]
pub enum ErrorCode {
    /// The body or frame cannot be decoded.
    Malformed = 1,
    /// The body is larger than the limit of its endpoint.
    TooLarge = 2,
    /// No valid token, or it has expired: authenticate again.
    Unauthenticated = 3,
    /// Authenticated, but not allowed to do this.
    NotAllowed = 4,
    /// No such thing, or not for you.
    NotFound = 5,
    /// It exists already with other content.
    Conflict = 6,
    /// Too many requests; `retry_after_ms` says how long to wait.
    RateLimited = 7,
    /// A quota of the account is used up.
    QuotaExceeded = 8,
    /// The identifier (handle, number, name) is not acceptable.
    BadIdentifier = 9,
    /// The identifier is taken, or too like one that is.
    IdentifierTaken = 10,
    /// The one-time code is wrong or has expired.
    BadCode = 11,
    /// The signature over the request does not verify.
    BadSignature = 12,
    /// The epoch is not the room's current one.
    WrongEpoch = 13,
    /// The commit or proposal is not valid MLS for this room.
    InvalidHandshake = 14,
    /// The message lacks a franking tag, or it is malformed.
    NotFranked = 15,
    /// Another service cannot be reached now; nothing was done.
    PeerUnavailable = 16,
    /// Another service answered what it must not, and was refused.
    PeerMisbehaved = 17,
    /// The requesting service may not speak for this domain or room.
    WrongDomain = 18,
    /// The upload's offset is not the current length; `detail` is the length in decimal.
    WrongOffset = 19,
    /// The protocol version or ciphersuite is not offered here.
    Unsupported = 20,
    /// The service failed; nothing was done. Try again later.
    Internal = 21,
    /// The service is shutting down; connect again.
    Draining = 22,
    /// A decision of the service's safety team: this account begins no conversations for a time; `retry_after_ms` is the time.
    Limited = 23,
    /// A decision of the service's safety team: nothing is taken from this account, for a time or, if `retry_after_ms` is zero, for good.
    Suspended = 24,
    /// The account has begun as many conversations with new people as it may; `retry_after_ms` says for how long.
    TooManyFirstContacts = 31,
    /// Somebody of another service is asked for by a pass of theirs only, and this is none that is good.
    PassNeeded = 32,
    /// Earlier reports of this person are still being looked at, as many as one person may have.
    TooManyReports = 33,
}

impl ErrorCode {
    /// Every code, in order.
    pub const ALL: &'static [Self] = &[
        Self::Malformed,
        Self::TooLarge,
        Self::Unauthenticated,
        Self::NotAllowed,
        Self::NotFound,
        Self::Conflict,
        Self::RateLimited,
        Self::QuotaExceeded,
        Self::BadIdentifier,
        Self::IdentifierTaken,
        Self::BadCode,
        Self::BadSignature,
        Self::WrongEpoch,
        Self::InvalidHandshake,
        Self::NotFranked,
        Self::PeerUnavailable,
        Self::PeerMisbehaved,
        Self::WrongDomain,
        Self::WrongOffset,
        Self::Unsupported,
        Self::Internal,
        Self::Draining,
        Self::Limited,
        Self::Suspended,
        Self::TooManyFirstContacts,
        Self::PassNeeded,
        Self::TooManyReports,
    ];
}

/// The body of every refusal.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ErrorBody {
    /// What kind of refusal.
    pub code: ErrorCode,
    /// When to try again, in milliseconds; zero if waiting does not help.
    pub retry_after_ms: u32,
    /// A sentence for a log or a developer, UTF-8, never personal data.
    #[tls_codec(with = "crate::wire::opaque")]
    pub detail: Vec<u8>,
}
