//! What media refuse.

use trefoil_store::StoreError;

/// Why an act on media failed. Safe to log.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// No such upload, or not whole yet.
    #[error("no such media")]
    NotFound,
    /// Zero, more than is taken, or past the length that was announced.
    #[error("the length is not acceptable")]
    Length,
    /// Today's quota is used up.
    #[error("today's quota of uploads is used up")]
    Quota,
    /// The offset is not the length so far.
    #[error("the upload has {0} bytes so far")]
    Offset(u64),
    /// No such range in it.
    #[error("no such range")]
    Range,
    /// Others changed the same rows again and again.
    #[error("too many uploads at the same time")]
    Contended,
    /// A stored row does not decode.
    #[error("a stored row of media does not decode")]
    DamagedRow,
    /// Reading failed.
    #[error("read media")]
    Read(#[source] StoreError),
    /// Writing failed.
    #[error("store media")]
    Write(#[source] StoreError),
}
