//! AES-256-GCM in the STREAM construction, through `aead::stream`: nonce = 7-byte prefix, 32-bit chunk number
//! (big endian), one byte that is 1 for the last chunk and 0 otherwise. No associated data.

use super::{FileKey, Layout, OpenError};
use aes_gcm::{
    Aes256Gcm,
    aead::stream::{NewStream as _, StreamBE32, StreamPrimitive as _},
};

/// Seals and opens single chunks of one file, in any order.
pub struct FileCipher {
    stream: StreamBE32<Aes256Gcm>,
    layout: Layout,
}

impl FileCipher {
    /// For the file with this key and layout.
    pub fn new(key: &FileKey, layout: Layout) -> Self {
        Self { stream: StreamBE32::new((&key.key).into(), (&key.prefix).into()), layout }
    }

    /// Seals a chunk. Calling it twice with other plaintext would use a nonce twice: callers make sure of that.
    pub fn seal(&self, chunk: u32, plaintext: &[u8]) -> Vec<u8> {
        self.stream
            .encrypt(chunk, self.layout.is_last(chunk), plaintext)
            .expect("GCM takes chunks of 64 KiB, and the layout has fewer chunks than the counter counts")
    }

    /// Opens a chunk.
    ///
    /// # Errors
    /// [`OpenError::Forged`].
    pub fn open(&self, chunk: u32, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let range = self.layout.sealed_range(chunk);
        if sealed.len() as u64 != range.end - range.start || sealed.is_empty() {
            return Err(OpenError::Forged { chunk });
        }
        self.stream
            .decrypt(chunk, self.layout.is_last(chunk), sealed)
            .map_err(|_| OpenError::Forged { chunk })
    }
}
