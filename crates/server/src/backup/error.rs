//! What backups refuse.

use trefoil_store::StoreError;

/// Why an act on a backup failed. Safe to log.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// No such backup, or not with this token; or it has no such part.
    #[error("no such backup, or not with this token")]
    NotFound,
    /// Another backup has this id.
    #[error("there is another backup of this name")]
    Taken,
    /// The person has as many backups as may be.
    #[error("there are too many backups: delete one")]
    TooMany,
    /// Empty, or more than is taken.
    #[error("the length is not acceptable")]
    Length,
    /// The person's quota is used up.
    #[error("the quota of backups is used up")]
    Quota,
    /// Another segment has this name.
    #[error("there is another segment of this name")]
    Other,
    /// The manifest was replaced meanwhile.
    #[error("{0}")]
    Counter(u64),
    /// Others changed the same rows again and again.
    #[error("too many changes of a backup at the same time")]
    Contended,
    /// A stored row does not decode.
    #[error("a stored row of a backup does not decode")]
    DamagedRow,
    /// Reading failed.
    #[error("read a backup")]
    Read(#[source] StoreError),
    /// Writing failed.
    #[error("store a backup")]
    Write(#[source] StoreError),
}
