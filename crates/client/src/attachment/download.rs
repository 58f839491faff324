//! The plan of a download: which range comes next, whatever happened before. Survives restarts.

use super::{AttachmentError, Descriptor, Digest32, rows};
use crate::overlay::Overlay;
use std::ops::Range;

/// Names a download on this device: the attachment's `contentHash`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DownloadId(pub Digest32);

/// Chunks asked for at once: about 1 MiB.
const RANGE_CHUNKS: u32 = 16;

/// A download on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// What is fetched.
    pub file: Descriptor,
    /// Where the shell keeps what it has: opaque to the core.
    pub target: Vec<u8>,
    pub(super) chunks_done: u32,
    pub(super) good: bool,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownloadStep {
    /// Fetch these ciphertext bytes of the URL, feed them to the [`super::Opener`], write what it opens, then
    /// [`Download::advanced`]. After a restart first replay what was written, up to [`Download::plaintext_done`].
    Fetch {
        /// Offsets in the ciphertext, end excluded.
        range: Range<u64>,
    },
    /// Every chunk is written: ask [`super::Opener::finish`], then [`Download::verified`] or [`Download::spoilt`].
    Verify,
    /// The file is good.
    Done,
}

impl Download {
    /// A download that has not begun.
    pub fn new(file: Descriptor, target: Vec<u8>) -> Self {
        Self { file, target, chunks_done: 0, good: false }
    }

    /// Its name.
    pub fn id(&self) -> DownloadId {
        DownloadId(self.file.sealed_hash)
    }

    /// What to do next.
    pub fn next(&self) -> DownloadStep {
        let layout = self.file.layout;
        if self.chunks_done < layout.chunks() {
            let end = self.chunks_done.saturating_add(RANGE_CHUNKS).min(layout.chunks());
            return DownloadStep::Fetch {
                range: layout.sealed_range(self.chunks_done).start..layout.sealed_range(end - 1).end,
            };
        }
        if self.good { DownloadStep::Done } else { DownloadStep::Verify }
    }

    /// Plaintext bytes that are written, from the start of the file. A restart truncates to it: a chunk that was
    /// written but not saved here is fetched again.
    pub fn plaintext_done(&self) -> u64 {
        self.file.layout.plain_range(self.chunks_done).start
    }

    /// All chunks before this one are opened and durably written.
    ///
    /// # Errors
    /// [`AttachmentError::OutOfTurn`] if that goes back, or past the end.
    pub fn advanced(&mut self, chunks_done: u32) -> Result<(), AttachmentError> {
        if chunks_done < self.chunks_done || chunks_done > self.file.layout.chunks() {
            return Err(AttachmentError::OutOfTurn("advance"));
        }
        self.chunks_done = chunks_done;
        Ok(())
    }

    /// The whole is what the message names.
    ///
    /// # Errors
    /// [`AttachmentError::OutOfTurn`] if chunks are missing.
    pub fn verified(&mut self) -> Result<(), AttachmentError> {
        if self.chunks_done != self.file.layout.chunks() {
            return Err(AttachmentError::OutOfTurn("be verified"));
        }
        self.good = true;
        Ok(())
    }

    /// A chunk or the whole was not what the message names, or what was written is gone: begin again.
    pub fn spoilt(&mut self) {
        self.chunks_done = 0;
        self.good = false;
    }

    /// Keeps the download.
    pub fn save(&self, tx: &mut Overlay) {
        tx.put(rows::DOWNLOADS, self.id().0, rows::encode_download(self));
    }

    /// A download that was kept.
    ///
    /// # Errors
    /// The store could not be read, or the row not be decoded.
    pub fn load(tx: &Overlay, id: DownloadId) -> Result<Option<Self>, AttachmentError> {
        tx.get(rows::DOWNLOADS, &id.0)?.map(|row| rows::decode_download(&row)).transpose()
    }

    /// Every download that was kept.
    ///
    /// # Errors
    /// The store could not be read.
    pub fn pending(tx: &Overlay) -> Result<Vec<DownloadId>, AttachmentError> {
        rows::download_ids(tx)
    }

    /// Forgets a download, its key with it.
    pub fn forget(tx: &mut Overlay, id: DownloadId) {
        tx.delete(rows::DOWNLOADS, id.0);
    }
}
