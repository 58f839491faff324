//! Sealing a surveyed file, from any chunk on.

use super::{AttachmentError, Chunker, FileCipher, Piece, Plan, Side};
use sha2::{Digest as _, Sha256};

/// Makes ciphertext from a file's plaintext. Every chunk is compared with the survey first.
pub struct Sealer<'p> {
    seal: SealOne<'p>,
    chunker: Chunker,
}

struct SealOne<'p> {
    plan: &'p Plan,
    cipher: FileCipher,
}

impl<'p> Sealer<'p> {
    /// Seals from the start of the file.
    pub fn new(plan: &'p Plan) -> Self {
        Self::from_chunk(plan, 0)
    }

    /// Seals from a chunk on; the first plaintext byte expected is `plan.layout.plain_range(chunk).start`.
    pub fn from_chunk(plan: &'p Plan, chunk: u32) -> Self {
        let seal = SealOne { plan, cipher: FileCipher::new(&plan.key, plan.layout) };
        Self { seal, chunker: Chunker::new(plan.layout, Side::Plain, chunk) }
    }

    /// Takes plaintext and appends the ciphertext of every chunk that is whole to `sealed`.
    ///
    /// # Errors
    /// [`AttachmentError::Changed`], [`OpenError::TrailingBytes`](super::OpenError::TrailingBytes).
    pub fn feed(&mut self, plaintext: &[u8], sealed: &mut Vec<u8>) -> Result<(), AttachmentError> {
        let seal = &self.seal;
        self.chunker.feed(plaintext, |chunk, bytes| {
            sealed.extend_from_slice(&seal.seal(chunk, bytes)?);
            Ok(())
        })
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`OpenError::Truncated`](super::OpenError::Truncated) if plaintext is missing.
    pub fn finish(self, sealed: &mut Vec<u8>) -> Result<(), AttachmentError> {
        let Self { seal, chunker } = self;
        chunker.finish(|chunk, bytes| {
            sealed.extend_from_slice(&seal.seal(chunk, bytes)?);
            Ok(())
        })
    }

    /// The ciphertext of one upload piece from the plaintext bytes `piece.plaintext`.
    ///
    /// # Errors
    /// [`AttachmentError::SizeDiffers`] if `plaintext` has another length; [`AttachmentError::Changed`].
    pub fn piece(plan: &Plan, piece: &Piece, plaintext: &[u8]) -> Result<Vec<u8>, AttachmentError> {
        if plaintext.len() as u64 != piece.plaintext.end - piece.plaintext.start {
            return Err(AttachmentError::SizeDiffers);
        }
        let one = SealOne { plan, cipher: FileCipher::new(&plan.key, plan.layout) };
        let mut sealed = Vec::with_capacity(piece.length + piece.skip);
        for chunk in piece.chunks.clone() {
            let range = plan.layout.plain_range(chunk);
            let at =
                |offset: u64| usize::try_from(offset - piece.plaintext.start).expect("a piece fits memory");
            let bytes = plaintext.get(at(range.start)..at(range.end)).ok_or(AttachmentError::SizeDiffers)?;
            sealed.extend_from_slice(&one.seal(chunk, bytes)?);
        }
        sealed.drain(..piece.skip.min(sealed.len()));
        Ok(sealed)
    }
}

impl SealOne<'_> {
    fn seal(&self, chunk: u32, plaintext: &[u8]) -> Result<Vec<u8>, AttachmentError> {
        let surveyed = self.plan.chunk_digests.get(chunk as usize);
        if surveyed != Some(&Sha256::digest(plaintext).into()) {
            return Err(AttachmentError::Changed { chunk });
        }
        Ok(self.cipher.seal(chunk, plaintext))
    }
}
