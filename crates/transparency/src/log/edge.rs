//! The right edge of a log: its tiles that are not full. Whoever appends needs no more of a log than this, a few
//! kilobytes however large the log is.

use super::{LEVELS, ProofError, TilePath, TreeHead, leaf_hash};
use tlog_tiles::{Hash, Tile, node_hash};

const HASH: usize = 32;
const TILE: usize = 256 * HASH;

/// The tiles of a log that are not full, by level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RightEdge {
    size: u64,
    /// Hashes of the last tile of each level, one after the other; fewer than 256 each.
    levels: Vec<Vec<u8>>,
}

impl RightEdge {
    /// Of a log without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which tiles are the edge of a log of this size.
    pub fn tiles(size: u64) -> Vec<TilePath> {
        let last = |level: u8| {
            let hashes = size >> (8 * level);
            let width = u32::try_from(hashes % 256).expect("below 256");
            (width > 0).then(|| TilePath::of_hashes(level, hashes >> 8, width))
        };
        (0..LEVELS).filter_map(last).collect()
    }

    /// Puts together again what was stored. `read` gives the hashes of a tile, as many as its width says or more: of a
    /// tile that grew since, the first ones are those that it had.
    ///
    /// # Errors
    /// [`ProofError::DoesNotHold`] if a tile is missing, or they are not those of the log with this head.
    pub fn read(
        head: &TreeHead,
        mut read: impl FnMut(&TilePath) -> Option<Vec<u8>>,
    ) -> Result<Self, ProofError> {
        if head.size > super::LOG_SIZE {
            return Err(ProofError::OutOfRange);
        }
        let mut edge = Self { size: head.size, levels: Vec::new() };
        for path in Self::tiles(head.size) {
            let mut hashes = read(&path).ok_or(ProofError::DoesNotHold)?;
            let length = path.width() as usize * HASH;
            if hashes.len() < length {
                return Err(ProofError::DoesNotHold);
            }
            hashes.truncate(length);
            edge.levels.resize(usize::from(path.level()), Vec::new());
            edge.levels.push(hashes);
        }
        if edge.head() == *head { Ok(edge) } else { Err(ProofError::DoesNotHold) }
    }

    /// Appends an encoded entry. Returns the tiles that it changed, lowest level first, each with all its hashes.
    pub fn append(&mut self, entry: &[u8]) -> Vec<(TilePath, Vec<u8>)> {
        let mut changed = Vec::new();
        let mut hash = leaf_hash(entry);
        for level in 0..LEVELS {
            let at = usize::from(level);
            if self.levels.len() == at {
                self.levels.push(Vec::new());
            }
            let tile = &mut self.levels[at];
            tile.extend(hash);
            let width = u32::try_from(tile.len() / HASH).expect("at most 256");
            let index = (self.size >> (8 * level)) >> 8;
            changed.push((TilePath::of_hashes(level, index, width), tile.clone()));
            if tile.len() < TILE {
                break;
            }
            hash = Tile::subtree_hash(tile).0;
            tile.clear();
        }
        self.size += 1;
        changed
    }

    /// Size and root of the log.
    pub fn head(&self) -> TreeHead {
        // The largest complete subtrees from left to right: of each level, from the highest, those whose sizes are the
        // powers of two in the tile's width.
        let mut subtrees = Vec::new();
        for tile in self.levels.iter().rev() {
            let (mut rest, mut left) = (tile.as_slice(), tile.len() / HASH);
            while left > 0 {
                let size = 1 << left.ilog2();
                let (first, others) = rest.split_at(size * HASH);
                subtrees.push(Tile::subtree_hash(first));
                (rest, left) = (others, left - size);
            }
        }
        let root = subtrees.into_iter().rev().reduce(|right, left| node_hash(left, right));
        TreeHead { size: self.size, root: root.map_or(TreeHead::EMPTY.root, |Hash(root)| root) }
    }
}
