//! Blobs in memory.

use crate::blob::check_id;
use crate::{Blobs, StoreError};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Blobs that live as long as the process.
#[derive(Default)]
pub struct MemoryBlobs {
    blobs: Mutex<HashMap<String, Vec<u8>>>,
}

impl MemoryBlobs {
    /// No blobs.
    pub fn new() -> Self {
        Self::default()
    }

    fn blobs(&self) -> MutexGuard<'_, HashMap<String, Vec<u8>>> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append_now(&self, id: &str, offset: u64, piece: &[u8]) -> Result<u64, StoreError> {
        check_id(id)?;
        let mut blobs = self.blobs();
        let length = blobs.get(id).map_or(0, |blob| blob.len() as u64);
        if length != offset {
            return Err(StoreError::AssertFailed { index: 0 });
        }
        blobs.entry(id.to_owned()).or_default().extend_from_slice(piece);
        Ok(length + piece.len() as u64)
    }

    fn read_now(&self, id: &str, offset: u64, length: usize) -> Result<Option<Bytes>, StoreError> {
        check_id(id)?;
        let blobs = self.blobs();
        let Some(blob) = blobs.get(id) else { return Ok(None) };
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(blob.len());
        let end = start.saturating_add(length).min(blob.len());
        Ok(Some(Bytes::copy_from_slice(&blob[start..end])))
    }
}

impl Blobs for MemoryBlobs {
    fn append(&self, id: &str, offset: u64, piece: Bytes) -> BoxFuture<'_, Result<u64, StoreError>> {
        let id = id.to_owned();
        Box::pin(async move { self.append_now(&id, offset, &piece) })
    }

    fn length(&self, id: &str) -> BoxFuture<'_, Result<Option<u64>, StoreError>> {
        let length = check_id(id).map(|()| self.blobs().get(id).map(|blob| blob.len() as u64));
        Box::pin(async move { length })
    }

    fn read(&self, id: &str, offset: u64, length: usize) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        let piece = self.read_now(id, offset, length);
        Box::pin(async move { piece })
    }

    fn delete(&self, id: &str) -> BoxFuture<'_, Result<(), StoreError>> {
        let done = check_id(id).map(|()| drop(self.blobs().remove(id)));
        Box::pin(async move { done })
    }
}
