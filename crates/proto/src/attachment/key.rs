//! The secret of one file.

use std::fmt;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, ZeroizeOnDrop};

/// An AES-256 key and a nonce prefix, made fresh for each file and used for nothing else.
#[derive(Clone, ZeroizeOnDrop)]
pub struct FileKey {
    pub(super) key: [u8; 32],
    pub(super) prefix: [u8; 7],
}

impl FileKey {
    /// A key of bytes that were drawn for it.
    pub fn new(key: [u8; 32], prefix: [u8; 7]) -> Self {
        Self { key, prefix }
    }

    /// A key as it stands in a message: 32 bytes of key, 7 of nonce prefix. `None` if a length is another.
    pub fn from_parts(key: &[u8], prefix: &[u8]) -> Option<Self> {
        let mut copied: [u8; 32] = key.try_into().ok()?;
        let made = Self { key: copied, prefix: prefix.try_into().ok()? };
        copied.zeroize();
        Some(made)
    }

    /// The key's 32 bytes, for the message.
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The nonce prefix's 7 bytes, for the message.
    pub fn prefix(&self) -> &[u8; 7] {
        &self.prefix
    }
}

impl PartialEq for FileKey {
    fn eq(&self, other: &Self) -> bool {
        bool::from(self.key.ct_eq(&other.key) & self.prefix.ct_eq(&other.prefix))
    }
}

impl Eq for FileKey {}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey(..)")
    }
}
