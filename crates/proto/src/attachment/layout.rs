//! Where each chunk of a file lies, in plaintext and in ciphertext. Follows from the file's size alone.

use super::OpenError;
use crate::limits;
use std::ops::Range;

/// Plaintext bytes of every chunk but the last.
pub const CHUNK: usize = 64 * 1024;
/// Bytes that sealing adds to a chunk: the GCM tag.
pub const TAG: usize = 16;
/// Ciphertext bytes of every chunk but the last.
pub const SEALED_CHUNK: usize = CHUNK + TAG;
/// `encAlg` of the format, from the private range (32768 to 65535) of the IANA AEAD registry.
pub const ENC_ALG: u16 = 0xF0A1;
/// Largest file, in bytes of plaintext: what seals to at most [`limits::MEDIA`].
pub const MAX_SIZE: u64 = {
    let whole = limits::MEDIA / SEALED_CHUNK as u64;
    let rest = limits::MEDIA % SEALED_CHUNK as u64;
    whole * CHUNK as u64 + rest.saturating_sub(TAG as u64)
};

/// The chunks of a file of a certain size. A file has at least one chunk: an empty file's is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    size: u64,
}

impl Layout {
    /// The layout of a file of `size` plaintext bytes.
    ///
    /// # Errors
    /// [`OpenError::TooLarge`].
    pub fn of(size: u64) -> Result<Self, OpenError> {
        if size <= MAX_SIZE { Ok(Self { size }) } else { Err(OpenError::TooLarge { limit: MAX_SIZE }) }
    }

    /// Plaintext bytes in all.
    pub fn size(self) -> u64 {
        self.size
    }

    /// Ciphertext bytes in all.
    pub fn sealed_size(self) -> u64 {
        self.size + u64::from(self.chunks()) * TAG as u64
    }

    /// Number of chunks.
    pub fn chunks(self) -> u32 {
        u32::try_from(self.size.div_ceil(CHUNK as u64).max(1))
            .expect("a size within the limit has few chunks")
    }

    /// Whether a chunk is the last one.
    pub fn is_last(self, chunk: u32) -> bool {
        chunk + 1 == self.chunks()
    }

    /// Plaintext bytes of a chunk, as offsets in the file.
    pub fn plain_range(self, chunk: u32) -> Range<u64> {
        let at = |chunk: u32| (u64::from(chunk) * CHUNK as u64).min(self.size);
        at(chunk)..at(chunk.saturating_add(1))
    }

    /// Ciphertext bytes of a chunk, as offsets in the sealed file.
    pub fn sealed_range(self, chunk: u32) -> Range<u64> {
        let at = |chunk: u32| (u64::from(chunk) * SEALED_CHUNK as u64).min(self.sealed_size());
        at(chunk)..at(chunk.saturating_add(1))
    }

    /// The chunk that holds the ciphertext byte at `offset`; the number of chunks if it lies at or after the end.
    pub fn chunk_at(self, offset: u64) -> u32 {
        if offset >= self.sealed_size() {
            return self.chunks();
        }
        u32::try_from(offset / SEALED_CHUNK as u64)
            .expect("an offset within the file lies in one of its chunks")
    }
}
