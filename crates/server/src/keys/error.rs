//! What key packages refuse.

use trefoil_store::StoreError;

/// Why an act on key packages failed. Safe to log.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A key package is not what it must be.
    #[error("key package: {0}")]
    Invalid(&'static str),
    /// It is for a suite that is not offered here.
    #[error("the ciphersuite is not offered here")]
    Suite,
    /// More than may be kept.
    #[error("more key packages than may be kept")]
    TooMany,
    /// The request's signature does not verify, or its credential is not the asking person's.
    #[error("the request is not signed by a device of the person who asks")]
    BadSignature,
    /// Others changed the same rows again and again.
    #[error("too many claims at the same time")]
    Contended,
    /// The check of key packages was stopped.
    #[error("the check of key packages was stopped")]
    CheckStopped,
    /// A stored row does not decode.
    #[error("a stored key package does not decode")]
    DamagedRow,
    /// Reading rows failed.
    #[error("read key packages")]
    Read(#[source] StoreError),
    /// Writing rows failed.
    #[error("store key packages")]
    Write(#[source] StoreError),
}
