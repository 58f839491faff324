//! The tree and its proofs.

use super::{LogEntry, ProofError};
use tlog_tiles::{Hash, HashReader};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::Wire;

/// Most entries of a log that we look at: more than one a microsecond for 30 years.
pub const LOG_SIZE: u64 = 1 << 50;

/// Hashes in the longest proof: one for each level, and one more for consistency.
const PROOF_HASHES: usize = 52;

/// Size and root of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct TreeHead {
    /// Entries.
    pub size: u64,
    /// Root hash.
    pub root: [u8; 32],
}

/// Shows that a log of some size has an entry at an index.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct InclusionProof {
    /// Of the entry, from 0.
    pub index: u64,
    /// Of the log.
    pub size: u64,
    /// From the leaf up.
    pub hashes: Vec<[u8; 32]>,
}

/// Shows that a log begins with all of an older state of it.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ConsistencyProof {
    /// Size of the older state.
    pub old: u64,
    /// Size of the newer state.
    pub new: u64,
    /// RFC 6962, section 2.1.2.
    pub hashes: Vec<[u8; 32]>,
}

/// A log held in memory: the hash of every leaf and every complete subtree, about 64 bytes an entry.
#[derive(Clone, Debug, Default)]
pub struct MerkleLog {
    hashes: Vec<Hash>,
    size: u64,
}

/// The leaf of an encoded entry.
pub fn leaf_hash(entry: &[u8]) -> [u8; 32] {
    tlog_tiles::record_hash(entry).0
}

impl TreeHead {
    /// The log before its first entry.
    pub const EMPTY: Self = Self { size: 0, root: tlog_tiles::EMPTY_HASH.0 };
}

impl MerkleLog {
    /// A log without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an entry; its index.
    pub fn append(&mut self, entry: &LogEntry) -> u64 {
        self.append_bytes(&entry.encode())
    }

    /// Appends the encoding of an entry, as read back from a bundle.
    pub fn append_bytes(&mut self, entry: &[u8]) -> u64 {
        let index = self.size;
        let new = tlog_tiles::stored_hashes(index, entry, &Stored(&self.hashes))
            .expect("all subtrees of the entries before are in memory");
        self.hashes.extend(new);
        self.size += 1;
        index
    }

    /// Entries.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The newest head.
    pub fn head(&self) -> TreeHead {
        self.head_at(self.size).expect("a log has its own size")
    }

    /// The head that the log had at a size.
    ///
    /// # Errors
    /// [`ProofError::OutOfRange`] if it was never as large.
    pub fn head_at(&self, size: u64) -> Result<TreeHead, ProofError> {
        if size > self.size {
            return Err(ProofError::OutOfRange);
        }
        let root = tlog_tiles::tree_hash(size, &Stored(&self.hashes))
            .expect("all subtrees of a log that is in memory are in memory");
        Ok(TreeHead { size, root: root.0 })
    }

    /// Proves that an entry is in the log at a size.
    ///
    /// # Errors
    /// [`ProofError::OutOfRange`].
    pub fn prove_inclusion(&self, index: u64, size: u64) -> Result<InclusionProof, ProofError> {
        if index >= size || size > self.size {
            return Err(ProofError::OutOfRange);
        }
        let hashes = tlog_tiles::prove_record(size, index, &Stored(&self.hashes))
            .map_err(|_| ProofError::OutOfRange)?;
        Ok(InclusionProof { index, size, hashes: bare(hashes) })
    }

    /// Proves that the log at one size begins with the log at a smaller or equal size.
    ///
    /// # Errors
    /// [`ProofError::OutOfRange`].
    pub fn prove_consistency(&self, old: u64, new: u64) -> Result<ConsistencyProof, ProofError> {
        if old > new || new > self.size {
            return Err(ProofError::OutOfRange);
        }
        let hashes = if old == 0 {
            Vec::new()
        } else {
            let hashes = tlog_tiles::prove_tree(new, old, &Stored(&self.hashes));
            bare(hashes.map_err(|_| ProofError::OutOfRange)?)
        };
        Ok(ConsistencyProof { old, new, hashes })
    }

    /// The hashes of a tile, for who serves it.
    pub(super) fn read_tile(&self, tile: &tlog_tiles::Tile) -> Option<Vec<u8>> {
        tile.read_data(&Stored(&self.hashes)).ok()
    }
}

impl InclusionProof {
    /// Checks that `entry` is what the log with this head has at the index.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn verify(&self, head: &TreeHead, entry: &LogEntry) -> Result<(), ProofError> {
        self.verify_leaf(head, leaf_hash(&entry.encode()))
    }

    /// The same for an entry known by its hash.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn verify_leaf(&self, head: &TreeHead, leaf: [u8; 32]) -> Result<(), ProofError> {
        if head.size > LOG_SIZE || self.size != head.size || self.index >= self.size {
            return Err(ProofError::OutOfRange);
        }
        if self.hashes.len() > PROOF_HASHES {
            return Err(ProofError::DoesNotHold);
        }
        let hashes: Vec<_> = self.hashes.iter().copied().map(Hash).collect();
        tlog_tiles::check_record(&hashes, head.size, Hash(head.root), self.index, Hash(leaf))
            .map_err(|_| ProofError::DoesNotHold)
    }
}

impl ConsistencyProof {
    /// Checks that the log with head `new` begins with all of the log with head `old`.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn verify(&self, old: &TreeHead, new: &TreeHead) -> Result<(), ProofError> {
        if new.size > LOG_SIZE || old.size > new.size || (self.old, self.new) != (old.size, new.size) {
            return Err(ProofError::OutOfRange);
        }
        if self.hashes.len() > PROOF_HASHES {
            return Err(ProofError::DoesNotHold);
        }
        let holds = if old.size == 0 {
            self.hashes.is_empty() && *old == TreeHead::EMPTY && (new.size != 0 || old == new)
        } else if old.size == new.size {
            self.hashes.is_empty() && old == new
        } else {
            let hashes: Vec<_> = self.hashes.iter().copied().map(Hash).collect();
            tlog_tiles::check_tree(&hashes, new.size, Hash(new.root), old.size, Hash(old.root)).is_ok()
        };
        if holds { Ok(()) } else { Err(ProofError::DoesNotHold) }
    }
}

/// What `tlog_tiles` reads from.
struct Stored<'a>(&'a [Hash]);

impl HashReader for Stored<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        let at = |index: &u64| usize::try_from(*index).ok().and_then(|index| self.0.get(index)).copied();
        indexes.iter().map(at).collect::<Option<_>>().ok_or(tlog_tiles::Error::IndexesNotInTree)
    }
}

fn bare(hashes: Vec<Hash>) -> Vec<[u8; 32]> {
    hashes.into_iter().map(|hash| hash.0).collect()
}

impl Wire for InclusionProof {
    const LIMIT: usize = 32 + PROOF_HASHES * 32;
    const NAME: &'static str = "inclusion proof";
}

impl Wire for ConsistencyProof {
    const LIMIT: usize = 32 + PROOF_HASHES * 32;
    const NAME: &'static str = "consistency proof";
}

impl Wire for TreeHead {
    const LIMIT: usize = 40;
    const NAME: &'static str = "tree head";
}
