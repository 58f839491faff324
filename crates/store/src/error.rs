//! What can go wrong in a store.

/// A storage failure. Safe to log: it names tables and operations, never keys or values.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A precondition of a batch did not hold; nothing was written.
    #[error("assert {index} of the batch did not hold")]
    AssertFailed {
        /// Index into `Batch::asserts`.
        index: usize,
    },
    /// The file cannot be opened: missing, unreadable, or the key is wrong.
    #[error("open the store")]
    Open(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The file was written by a newer version of this program.
    #[error("the store has schema {found}, this program knows {known}: use a newer program")]
    NewerSchema {
        /// In the file.
        found: u32,
        /// The newest this program can read.
        known: u32,
    },
    /// Reading failed.
    #[error("read from the store")]
    Read(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Writing failed; nothing of the batch was written.
    #[error("write to the store")]
    Write(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A blob's id is not 1 to 128 characters of `[A-Za-z0-9_-]`.
    #[error("not a blob id")]
    InvalidBlobId,
    /// This backend does not offer the operation.
    #[error("this store does not offer {0}")]
    Unsupported(&'static str),
    /// The store is closing.
    #[error("the store is closed")]
    Closed,
}
