//! Opening a sealed file, from any chunk on.

use super::{
    Descriptor, Digest32, Layout, OpenError,
    chunker::{Chunker, Side},
    cipher::FileCipher,
};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Opens a file chunk by chunk. What it hands out is authentic chunk by chunk, but the file is good only once
/// [`Opener::finish`] says so: until then keep it out of sight.
pub struct Opener {
    layout: Layout,
    cipher: FileCipher,
    replayed: Chunker,
    fetched: Option<Chunker>,
    plaintext: Sha256,
    sealed: Sha256,
    want: (Digest32, Digest32),
}

impl Opener {
    /// Begins a file that a message describes.
    pub fn new(file: &Descriptor) -> Self {
        Self {
            layout: file.layout,
            cipher: FileCipher::new(&file.key, file.layout),
            replayed: Chunker::new(file.layout, Side::Plain, 0),
            fetched: None,
            plaintext: Sha256::new(),
            sealed: Sha256::new(),
            want: (file.plaintext_hash, file.sealed_hash),
        }
    }

    /// Takes plaintext that an earlier run already opened and kept, from the start of the file, so that the hashes
    /// cover the whole. It must end at the end of a chunk. To be called before any [`Opener::feed`].
    ///
    /// # Errors
    /// [`OpenError::OutOfTurn`] after a `feed`; [`OpenError::TrailingBytes`].
    pub fn replay(&mut self, plaintext: &[u8]) -> Result<(), OpenError> {
        if self.fetched.is_some() {
            return Err(OpenError::OutOfTurn("replay"));
        }
        let Self { cipher, plaintext: plain_hash, sealed: sealed_hash, .. } = self;
        self.replayed.feed(plaintext, |chunk, bytes| {
            plain_hash.update(bytes);
            sealed_hash.update(cipher.seal(chunk, bytes));
            Ok(())
        })
    }

    /// Takes ciphertext, from where the replay ended, and appends the plaintext of every chunk that is whole.
    ///
    /// # Errors
    /// [`OpenError::Forged`], [`OpenError::TrailingBytes`]; the opener is then of no more use.
    /// [`OpenError::OutOfTurn`] if a replay ended within a chunk.
    pub fn feed(&mut self, sealed: &[u8], opened: &mut Vec<u8>) -> Result<(), OpenError> {
        if self.replayed.is_amid() {
            return Err(OpenError::OutOfTurn("download"));
        }
        let Self { cipher, plaintext: plain_hash, sealed: sealed_hash, .. } = self;
        let (layout, next) = (self.layout, self.replayed.next());
        self.fetched.get_or_insert_with(|| Chunker::new(layout, Side::Sealed, next)).feed(
            sealed,
            |chunk, bytes| {
                let plaintext = cipher.open(chunk, bytes)?;
                sealed_hash.update(bytes);
                plain_hash.update(&plaintext);
                opened.extend_from_slice(&plaintext);
                Ok(())
            },
        )
    }

    /// Chunks that are opened or replayed whole: where a restart goes on.
    pub fn chunks_done(&self) -> u32 {
        self.fetched.as_ref().unwrap_or(&self.replayed).next()
    }

    /// Ends the file and says whether it is good.
    ///
    /// # Errors
    /// [`OpenError::Truncated`]; [`OpenError::HashDiffers`]: throw away what was handed out.
    pub fn finish(self) -> Result<(), OpenError> {
        if self.replayed.is_amid() || self.chunks_done() != self.layout.chunks() {
            return Err(OpenError::Truncated);
        }
        if self.fetched.is_some_and(|fetched| fetched.is_amid()) {
            return Err(OpenError::TrailingBytes);
        }
        let same = |hash: Sha256, want: &Digest32| bool::from(hash.finalize().as_slice().ct_eq(&want[..]));
        if !same(self.sealed, &self.want.1) {
            return Err(OpenError::HashDiffers("ciphertext"));
        }
        if !same(self.plaintext, &self.want.0) {
            return Err(OpenError::HashDiffers("plaintext"));
        }
        Ok(())
    }
}
