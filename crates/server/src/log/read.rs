//! What anyone may read: the checkpoint, tiles, bundles of entries; and proofs out of the stored tiles.

use super::{Log, LogError, rows};
use bytes::{BufMut as _, Bytes, BytesMut};
use std::sync::PoisonError;
use trefoil_store::KeyRange;
use trefoil_transparency::log::{ConsistencyProof, ENTRIES_A_BUNDLE, Proving, TilePath, TiledLog};

/// Rounds in which a proof asks for tiles: it knows after the first which it needs.
const ROUNDS: usize = 4;

impl Log {
    /// The checkpoint that is published: signed by the log, cosigned by the witnesses that did.
    ///
    /// # Errors
    /// [`LogError::DamagedRow`], [`LogError::Store`].
    pub async fn checkpoint(&self) -> Result<Bytes, LogError> {
        let served = self.served.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match served {
            Some((_, note)) => Ok(note),
            // Before the first round: at the very start of the service.
            None => match self.get(rows::PUBLISHED, Bytes::from_static(rows::ONLY)).await? {
                Some(row) => Ok(Bytes::copy_from_slice(rows::versioned(&row)?)),
                None => Ok(self.signer.sign(&self.head().await?).into()),
            },
        }
    }

    /// A tile of hashes, or a bundle of entries. One that is not full is served as long as it has as many as its path
    /// says, whatever was added since.
    ///
    /// # Errors
    /// [`LogError::NoSuchTile`], [`LogError::DamagedRow`], [`LogError::Store`].
    pub async fn tile(&self, path: &TilePath) -> Result<Bytes, LogError> {
        if path.is_entries() { self.bundle(path).await } else { self.hashes(path).await }
    }

    async fn hashes(&self, path: &TilePath) -> Result<Bytes, LogError> {
        let row = self.get(rows::TILES, rows::tile_key(path)).await?.ok_or(LogError::NoSuchTile)?;
        let hashes = rows::versioned(&row)?.get(..path.width() as usize * 32).ok_or(LogError::NoSuchTile)?;
        Ok(Bytes::copy_from_slice(hashes))
    }

    async fn bundle(&self, path: &TilePath) -> Result<Bytes, LogError> {
        let (first, width) = (path.first_entry(), path.width() as usize);
        let end = first.saturating_add(width as u64);
        let range = KeyRange { start: rows::entry_key(first), end: Some(rows::entry_key(end)) };
        let found = self.store.scan(rows::ENTRIES, range, ENTRIES_A_BUNDLE).await?;
        if found.len() < width {
            return Err(LogError::NoSuchTile);
        }
        let mut bundle = BytesMut::new();
        for (_, row) in found {
            let entry = rows::versioned(&row)?;
            bundle.put_u16(u16::try_from(entry.len()).map_err(|_| LogError::DamagedRow)?);
            bundle.put_slice(entry);
        }
        Ok(bundle.freeze())
    }

    /// Proves that the log of one size begins with all of the log of another.
    pub(super) async fn prove_consistency(&self, old: u64, new: u64) -> Result<ConsistencyProof, LogError> {
        let mut log = TiledLog::new(new).map_err(|_| LogError::DamagedRow)?;
        for _ in 0..ROUNDS {
            match log.prove_consistency(old).map_err(|_| LogError::DamagedRow)? {
                Proving::Made(proof) => return Ok(proof),
                Proving::Needs(paths) => {
                    for path in paths {
                        let hashes = self.hashes(&path).await?;
                        log.put(path, &hashes).map_err(|_| LogError::DamagedRow)?;
                    }
                }
            }
        }
        Err(LogError::DamagedRow)
    }
}
