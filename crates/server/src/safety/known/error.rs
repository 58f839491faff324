//! Why a list was not taken in, or nothing could be compared.

use crate::trail::TrailError;
use trefoil_store::StoreError;

/// What can go wrong with lists of known material. Safe to log: it says nothing of what was compared.
#[derive(Debug, thiserror::Error)]
pub enum KnownError {
    /// A line of the file is no hash.
    #[error("line {0} is no hash: it has to be `pdq` or `sha256`, and 64 hexadecimal digits")]
    Line(u64),
    /// The file has no hash that is used here.
    #[error("the file has no hash of an algorithm that is used here (pdq, sha256)")]
    Empty,
    /// More hashes than are compared with.
    #[error("more hashes than are compared with")]
    TooMany,
    /// The list's name or giver cannot be used.
    #[error("a list is named by 1 to 64 of a-z, 0-9 and -, and its giver in 1 to 200 bytes")]
    Provenance,
    /// The file could not be read.
    #[error("read the file of hashes")]
    File(#[source] std::io::Error),
    /// What was done could not be entered into the audit trail, and was not done.
    #[error("enter it into the audit trail")]
    Trail(#[source] TrailError),
    /// A stored row cannot be decoded.
    #[error("a stored list of hashes is damaged")]
    DamagedRow,
    /// The comparison ended with the service, or by a fault in a decoder of pictures.
    #[error("the comparison was broken off")]
    Ended,
    /// The store could not be read.
    #[error("read the lists of hashes")]
    Read(#[source] StoreError),
    /// The store could not be written.
    #[error("keep a list of hashes")]
    Write(#[source] StoreError),
}

/// Why a picture has no PDQ hash.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// It is no picture of a format that is read here, or malformed.
    #[error("it is no picture that can be read")]
    Unreadable(#[source] image::ImageError),
    /// It is larger than pictures that are decoded.
    #[error("it is larger than pictures that are decoded")]
    TooLarge,
}
