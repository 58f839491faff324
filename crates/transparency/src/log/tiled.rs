//! Proofs out of tiles that somebody serves. Which tiles a proof needs is said, so that the caller, who may have to ask a
//! network or a store for them, gives just those.
//!
//! Tiles are not believed: a proof that comes of wrong ones does not verify.

use super::{ConsistencyProof, InclusionProof, LOG_SIZE, ProofError, TileError, TilePath};
use std::{cell::RefCell, collections::HashMap};
use tlog_tiles::{Hash, HashReader, Tile};

/// A log of some size, as far as its tiles are here.
#[derive(Debug)]
pub struct TiledLog {
    size: u64,
    tiles: HashMap<TilePath, Vec<u8>>,
}

/// A proof, or what it still needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proving<P> {
    /// The proof. It is good if it verifies.
    Made(P),
    /// These tiles are needed: [`TiledLog::put`] them and ask again.
    Needs(Vec<TilePath>),
}

impl TiledLog {
    /// A log of this size of which no tile is here yet.
    ///
    /// # Errors
    /// [`ProofError::OutOfRange`] for a size that no log has.
    pub fn new(size: u64) -> Result<Self, ProofError> {
        if size > LOG_SIZE { Err(ProofError::OutOfRange) } else { Ok(Self { size, tiles: HashMap::new() }) }
    }

    /// Takes the hashes of a tile. Of a tile that grew since the log had this size, the first hashes are taken.
    ///
    /// # Errors
    /// [`TileError::BadTile`] if they are fewer than the path says.
    pub fn put(&mut self, path: TilePath, hashes: &[u8]) -> Result<(), TileError> {
        let hashes = hashes.get(..path.width() as usize * 32).ok_or(TileError::BadTile)?;
        self.tiles.insert(path, hashes.to_vec());
        Ok(())
    }

    /// Proves that the log has an entry at an index.
    ///
    /// # Errors
    /// [`ProofError::OutOfRange`].
    pub fn prove_inclusion(&self, index: u64) -> Result<Proving<InclusionProof>, ProofError> {
        if index >= self.size {
            return Err(ProofError::OutOfRange);
        }
        self.reading(|reader| tlog_tiles::prove_record(self.size, index, reader))
            .map(|proving| proving.map(|hashes| InclusionProof { index, size: self.size, hashes }))
    }

    /// Proves that the log begins with all of the log of a smaller or equal size.
    ///
    /// # Errors
    /// [`ProofError::OutOfRange`].
    pub fn prove_consistency(&self, old: u64) -> Result<Proving<ConsistencyProof>, ProofError> {
        if old > self.size {
            return Err(ProofError::OutOfRange);
        }
        let new = self.size;
        if old == 0 || old == new {
            return Ok(Proving::Made(ConsistencyProof { old, new, hashes: Vec::new() }));
        }
        self.reading(|reader| tlog_tiles::prove_tree(new, old, reader))
            .map(|proving| proving.map(|hashes| ConsistencyProof { old, new, hashes }))
    }

    fn reading(
        &self,
        prove: impl Fn(&Reader<'_>) -> Result<Vec<Hash>, tlog_tiles::Error>,
    ) -> Result<Proving<Vec<[u8; 32]>>, ProofError> {
        let reader = Reader { log: self, missing: RefCell::default() };
        match prove(&reader) {
            Ok(hashes) => Ok(Proving::Made(hashes.into_iter().map(|hash| hash.0).collect())),
            Err(_) => {
                let missing = reader.missing.into_inner();
                if missing.is_empty() { Err(ProofError::OutOfRange) } else { Ok(Proving::Needs(missing)) }
            }
        }
    }
}

impl<P> Proving<P> {
    fn map<Q>(self, change: impl FnOnce(P) -> Q) -> Proving<Q> {
        match self {
            Self::Made(proof) => Proving::Made(change(proof)),
            Self::Needs(tiles) => Proving::Needs(tiles),
        }
    }
}

/// What `tlog_tiles` reads from; remembers what was not there.
struct Reader<'a> {
    log: &'a TiledLog,
    missing: RefCell<Vec<TilePath>>,
}

impl HashReader for Reader<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        let mut hashes = Vec::with_capacity(indexes.len());
        let mut missing = self.missing.borrow_mut();
        for index in indexes {
            let tile = Tile::from_index(8, *index)
                .parent(0, self.log.size)
                .ok_or(tlog_tiles::Error::IndexesNotInTree)?;
            let path = TilePath::from(tile);
            match self.log.tiles.get(&path) {
                Some(data) => hashes.push(tile.hash_at_index(data, *index)?),
                None if missing.contains(&path) => {}
                None => missing.push(path),
            }
        }
        if missing.is_empty() { Ok(hashes) } else { Err(tlog_tiles::Error::IndexesNotInTree) }
    }
}
