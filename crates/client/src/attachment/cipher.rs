//! AES-256-GCM in the STREAM construction, through `aead::stream`: nonce = 7-byte prefix, 32-bit chunk number
//! (big endian), one byte that is 1 for the last chunk and 0 otherwise. No associated data.

use super::{AttachmentError, FileKey, Layout};
use aes_gcm::{
    Aes256Gcm,
    aead::stream::{NewStream as _, StreamBE32, StreamPrimitive as _},
};

/// Seals and opens single chunks of one file, in any order.
pub(super) struct FileCipher {
    stream: StreamBE32<Aes256Gcm>,
    layout: Layout,
}

impl FileCipher {
    pub(super) fn new(key: &FileKey, layout: Layout) -> Self {
        Self { stream: StreamBE32::new((&key.key).into(), (&key.prefix).into()), layout }
    }

    /// Seals a chunk. Calling it twice with other plaintext would use a nonce twice: callers make sure of that.
    pub(super) fn seal(&self, chunk: u32, plaintext: &[u8]) -> Vec<u8> {
        self.stream
            .encrypt(chunk, self.layout.is_last(chunk), plaintext)
            .expect("GCM takes chunks of 64 KiB, and the layout has fewer chunks than the counter counts")
    }

    /// Opens a chunk.
    pub(super) fn open(&self, chunk: u32, sealed: &[u8]) -> Result<Vec<u8>, AttachmentError> {
        let range = self.layout.sealed_range(chunk);
        if sealed.len() as u64 != range.end - range.start || sealed.is_empty() {
            return Err(AttachmentError::Forged { chunk });
        }
        self.stream
            .decrypt(chunk, self.layout.is_last(chunk), sealed)
            .map_err(|_| AttachmentError::Forged { chunk })
    }
}
