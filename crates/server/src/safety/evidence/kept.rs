//! Ciphertext of what a report shows, kept as long as the report: where it lies is the sender's choice, or their service's, who could
//! take it away from the team and leave it to everybody else. What opens it stands in the report alone.

use super::{EvidenceError, Pieces, Reach, Sealed};
use crate::{catalogue::TableNote, media::MediaUrl};
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream};
use std::sync::Arc;
use trefoil_proto::{
    attachment::{Descriptor, Digest32, Opener},
    decisions::CaseId,
};
use trefoil_store::{Batch, KeyRange, Store, Table};

/// Ciphertext by case, SHA-256 of the ciphertext, and number of the piece (big-endian). Under the number [`WHOLE`] stands that all
/// of it is there.
pub(super) const PIECES: Table = Table::new("safety.evidence");

/// Bytes of a piece.
const PIECE: usize = 256 * 1024;
/// No file has as many pieces.
const WHOLE: u32 = u32::MAX;
/// Pieces that are removed at once.
const PAGE: usize = 64;
/// Most ciphertext that is kept of one report, in bytes; the small files first.
pub const A_REPORT: u64 = 64 * 1024 * 1024;

/// What the table holds.
pub const TABLES: &[TableNote] = &[TableNote {
    table: PIECES,
    holds: "the encrypted attachments of what was reported, 64 MiB of each report at most, the small ones first",
    kept: "as the report",
    discloses: "their sizes; with the report's row, which has their keys, the attachments",
}];

/// The attachments that are kept.
pub struct Kept {
    pub(super) store: Arc<dyn Store>,
}

/// The way to the attachments of one case: those that are kept, and the others where they lie.
pub struct OfCase<'a> {
    /// Those that are kept.
    pub kept: &'a Kept,
    /// Whose.
    pub case: CaseId,
    /// The way to the others.
    pub reach: &'a Reach,
}

impl Kept {
    /// Those in a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Fetches the ciphertext of a file and keeps it, if it is what the message names. What is kept already is not fetched.
    ///
    /// # Errors
    /// It cannot be fetched, is not what the message names, or the store failed; nothing of it counts as kept.
    pub async fn keep(
        &self,
        case: CaseId,
        file: &Descriptor,
        from: &dyn Sealed,
    ) -> Result<(), EvidenceError> {
        if self.has(case, &file.sealed_hash).await? {
            return Ok(());
        }
        let url = MediaUrl::parse(&file.url).ok_or(EvidenceError::NoMedia)?;
        let mut pieces = from.read(file, &url).await?;
        let (mut opener, mut opened) = (Opener::new(file), Vec::new());
        let (mut gathered, mut number) = (BytesMut::new(), 0);
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            // Refuses the first byte past the size that the content names.
            opener.feed(&piece, &mut opened)?;
            opened.clear();
            gathered.extend_from_slice(&piece);
            while gathered.len() >= PIECE {
                self.put(case, file, number, gathered.split_to(PIECE).freeze()).await?;
                number += 1;
            }
        }
        opener.finish()?;
        self.put(case, file, number, gathered.freeze()).await?;
        self.put(case, file, WHOLE, Bytes::new()).await
    }

    /// Forgets all of a case.
    ///
    /// # Errors
    /// The store failed.
    pub async fn forget(&self, case: CaseId) -> Result<(), EvidenceError> {
        loop {
            let range = KeyRange::prefix(case.0.to_vec());
            let page = self.store.scan(PIECES, range, PAGE).await.map_err(EvidenceError::Kept)?;
            if page.is_empty() {
                return Ok(());
            }
            let mut batch = Batch::new();
            for (key, _) in page {
                batch.delete(PIECES, key);
            }
            self.store.commit(batch).await.map_err(EvidenceError::Kept)?;
        }
    }

    pub(super) async fn has(&self, case: CaseId, file: &Digest32) -> Result<bool, EvidenceError> {
        let whole = self.store.get(PIECES, key(case, file, WHOLE).into()).await;
        Ok(whole.map_err(EvidenceError::Kept)?.is_some())
    }

    async fn put(
        &self,
        case: CaseId,
        file: &Descriptor,
        number: u32,
        piece: Bytes,
    ) -> Result<(), EvidenceError> {
        let mut batch = Batch::new();
        batch.put(PIECES, key(case, &file.sealed_hash, number), piece);
        self.store.commit(batch).await.map_err(EvidenceError::Kept)?;
        Ok(())
    }

    pub(super) fn read(&self, case: CaseId, file: Digest32) -> Pieces {
        let store = Arc::clone(&self.store);
        stream::try_unfold((store, 0), move |(store, number)| async move {
            let piece = store.get(PIECES, key(case, &file, number).into()).await;
            Ok(piece.map_err(EvidenceError::Kept)?.map(|piece| (piece, (store, number + 1))))
        })
        .boxed()
    }
}

impl Sealed for OfCase<'_> {
    fn read<'a>(
        &'a self,
        file: &'a Descriptor,
        url: &'a MediaUrl,
    ) -> BoxFuture<'a, Result<Pieces, EvidenceError>> {
        async move {
            if self.kept.has(self.case, &file.sealed_hash).await? {
                return Ok(self.kept.read(self.case, file.sealed_hash));
            }
            self.reach.read(file, url).await
        }
        .boxed()
    }
}

fn key(case: CaseId, file: &Digest32, number: u32) -> Vec<u8> {
    [&case.0[..], file, &number.to_be_bytes()].concat()
}
