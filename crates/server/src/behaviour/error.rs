//! Why an account may not turn to somebody.

use trefoil_proto::Timestamp;
use trefoil_store::StoreError;

/// Why an account may not turn to somebody, or could not be counted. Names nobody: safe to log.
#[derive(Debug, thiserror::Error)]
pub enum BehaviourError {
    /// It turned to as many new people as it may today.
    #[error("this account has begun as many conversations with new people as it may for now")]
    Enough {
        /// From when on it may again.
        until: Timestamp,
    },
    /// It gave as many passes for registrations as it may, is too young, or was reported.
    #[error("this account gives no registration pass for now")]
    GivesNone {
        /// From when on it may.
        until: Timestamp,
    },
    /// Others counted at the same moment, again and again.
    #[error("the counts of an account changed again and again")]
    Contended,
    /// A stored row does not decode.
    #[error("a stored row of counts does not decode")]
    DamagedRow,
    /// Reading counts failed.
    #[error("read the counts of an account")]
    Read(#[source] StoreError),
    /// Storing counts failed.
    #[error("store the counts of an account")]
    Write(#[source] StoreError),
}
