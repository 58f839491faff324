//! The first reading of a file that will be sent: its hashes, and a digest of each chunk.

use super::{
    AttachmentError, Chunker, Descriptor, Digest32, FileCipher, FileKey, Label, Layout, Side, base_name,
};
use sha2::{Digest as _, Sha256};

/// Reads a file once before it is sealed. What it seals on the way leaves only a hash.
pub struct Survey {
    key: FileKey,
    layout: Layout,
    chunker: Chunker,
    tally: Tally,
}

/// Everything about a file that the message names and that sealing needs. Holds the file's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The file's key.
    pub key: FileKey,
    /// Its chunks.
    pub layout: Layout,
    /// SHA-256 of the plaintext.
    pub plaintext_hash: Digest32,
    /// SHA-256 of the ciphertext.
    pub sealed_hash: Digest32,
    /// SHA-256 of each chunk's plaintext. A chunk is sealed again (after a restart) only if it still has this digest:
    /// so no nonce is ever used for two plaintexts, even if the file was changed in between.
    pub chunk_digests: Vec<Digest32>,
}

impl Plan {
    /// The description of a surveyed file, once it is known where it lies.
    pub fn describe(&self, url: String, label: Label) -> Descriptor {
        Descriptor {
            label: Label { filename: base_name(&label.filename), ..label },
            url,
            expires: 0,
            key: self.key.clone(),
            layout: self.layout,
            plaintext_hash: self.plaintext_hash,
            sealed_hash: self.sealed_hash,
        }
    }
}

struct Tally {
    cipher: FileCipher,
    plaintext: Sha256,
    sealed: Sha256,
    digests: Vec<Digest32>,
}

impl Survey {
    /// Begins a file of `size` bytes under a fresh key.
    ///
    /// # Errors
    /// [`OpenError::TooLarge`](super::OpenError::TooLarge).
    pub fn new(key: FileKey, size: u64) -> Result<Self, AttachmentError> {
        let layout = Layout::of(size)?;
        let tally = Tally {
            cipher: FileCipher::new(&key, layout),
            plaintext: Sha256::new(),
            sealed: Sha256::new(),
            digests: Vec::new(),
        };
        Ok(Self { key, layout, chunker: Chunker::new(layout, Side::Plain, 0), tally })
    }

    /// Takes the next bytes of the file, as many as are at hand.
    ///
    /// # Errors
    /// [`AttachmentError::SizeDiffers`] if there are more than announced.
    pub fn feed(&mut self, plaintext: &[u8]) -> Result<(), AttachmentError> {
        let tally = &mut self.tally;
        self.chunker
            .feed(plaintext, |chunk, bytes| tally.add(chunk, bytes))
            .map_err(|_| AttachmentError::SizeDiffers)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`AttachmentError::SizeDiffers`] if there were fewer bytes than announced.
    pub fn finish(self) -> Result<Plan, AttachmentError> {
        let Self { key, layout, chunker, mut tally } = self;
        chunker.finish(|chunk, bytes| tally.add(chunk, bytes)).map_err(|_| AttachmentError::SizeDiffers)?;
        Ok(Plan {
            key,
            layout,
            plaintext_hash: tally.plaintext.finalize().into(),
            sealed_hash: tally.sealed.finalize().into(),
            chunk_digests: tally.digests,
        })
    }
}

impl Tally {
    fn add(&mut self, chunk: u32, plaintext: &[u8]) -> Result<(), AttachmentError> {
        self.plaintext.update(plaintext);
        self.sealed.update(self.cipher.seal(chunk, plaintext));
        self.digests.push(Sha256::digest(plaintext).into());
        Ok(())
    }
}
