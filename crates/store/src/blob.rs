//! Blobs: large opaque bytes, written in pieces, read in ranges.

mod folder;

pub use folder::FolderBlobs;

use crate::StoreError;
use bytes::Bytes;
use futures_util::future::BoxFuture;

/// Large objects. An id is 1 to 128 characters of `[A-Za-z0-9_-]` that the caller chose and that is not used twice;
/// every operation refuses any other id with [`StoreError::InvalidBlobId`].
pub trait Blobs: Send + Sync + 'static {
    /// Appends bytes at exactly `offset` and returns the new length; durable when it resolves.
    ///
    /// # Errors
    /// [`StoreError::AssertFailed`] (index 0) if the blob's length is not `offset`; nothing changed.
    fn append(&self, id: &str, offset: u64, piece: Bytes) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// The length, or `None` if there is no such blob.
    fn length(&self, id: &str) -> BoxFuture<'_, Result<Option<u64>, StoreError>>;

    /// Up to `length` bytes from `offset`; shorter at the end, `None` if there is no such blob.
    fn read(&self, id: &str, offset: u64, length: usize) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>>;

    /// Removes a blob; removing what is not there is no error.
    fn delete(&self, id: &str) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// Longest id, in bytes.
const MAX_ID: usize = 128;

/// Accepts 1 to 128 characters of `[A-Za-z0-9_-]`, so that no id can name another folder or a hidden file.
pub(crate) fn check_id(id: &str) -> Result<(), StoreError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(plain) {
        return Err(StoreError::InvalidBlobId);
    }
    Ok(())
}
