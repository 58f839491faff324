//! Tiles and bundles of entries as C2SP tlog-tiles serves them: `tile/<level>/<n>[.p/<width>]` with 256 hashes a
//! tile, `tile/entries/<n>[.p/<width>]` with 256 entries a bundle.

use super::{LogEntry, MerkleLog, TileError};
use std::{fmt, str::FromStr};
use tlog_tiles::Tile;
use trefoil_proto::Wire;

/// Entries of a full bundle, and hashes of a full tile.
pub const ENTRIES_A_BUNDLE: usize = 256;

const HEIGHT: u8 = 8;
/// Levels of a tree of [`super::LOG_SIZE`] entries.
pub(super) const LEVELS: u8 = 7;

/// Where a tile or a bundle of entries is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TilePath(Tile);

/// What to publish when a log grows, in an order in which nothing refers to what is not there yet.
pub fn new_tiles(old: u64, new: u64) -> Vec<TilePath> {
    let hashes = Tile::new_tiles(HEIGHT, old, new);
    let entries = hashes.iter().filter(|tile| tile.level() == 0).map(|tile| {
        let mut entries = *tile;
        entries.set_is_data();
        entries
    });
    entries.chain(hashes.iter().copied()).map(TilePath).collect()
}

/// A bundle: each entry after its length in two bytes.
pub fn bundle<'a>(entries: impl IntoIterator<Item = &'a LogEntry>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        let entry = entry.encode();
        let length = u16::try_from(entry.len()).expect("an entry has at most 1024 bytes");
        bytes.extend(length.to_be_bytes());
        bytes.extend(entry);
    }
    bytes
}

/// The entries of a bundle.
///
/// # Errors
/// [`TileError::BadBundle`], for more than [`ENTRIES_A_BUNDLE`] as well.
pub fn unbundle(mut bytes: &[u8]) -> Result<Vec<LogEntry>, TileError> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let (entry, rest) =
            rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(TileError::BadBundle)?;
        if entries.len() == ENTRIES_A_BUNDLE {
            return Err(TileError::BadBundle);
        }
        entries.push(LogEntry::decode(entry).map_err(|_| TileError::BadBundle)?);
        bytes = rest;
    }
    if bytes.is_empty() { Ok(entries) } else { Err(TileError::BadBundle) }
}

impl TilePath {
    /// The bundle that has an entry, in a log of some size. The entry must be in it.
    pub fn bundle_of(index: u64, size: u64) -> Self {
        debug_assert!(index < size);
        let number = index >> HEIGHT;
        let width = size.saturating_sub(number << HEIGHT).clamp(1, 1 << HEIGHT);
        Self(Tile::new(HEIGHT, 0, number, u32::try_from(width).expect("at most 256"), true))
    }

    /// A tile of hashes.
    pub(super) fn of_hashes(level: u8, index: u64, width: u32) -> Self {
        Self(Tile::new(HEIGHT, level, index, width, false))
    }

    /// Its level, from 0 for the leaves; 0 for a bundle.
    pub fn level(&self) -> u8 {
        self.0.level()
    }

    /// Its place within its level.
    pub fn index(&self) -> u64 {
        self.0.level_index()
    }

    /// Whether it is a bundle of entries and not of hashes.
    pub fn is_entries(&self) -> bool {
        self.0.is_data()
    }

    /// Index of its first entry, for a bundle.
    pub fn first_entry(&self) -> u64 {
        self.0.level_index() << HEIGHT
    }

    /// Entries or hashes in it, 1 to 256.
    pub fn width(&self) -> u32 {
        self.0.width()
    }

    /// The hashes of a tile of this log, 32 bytes each; absent for a bundle, and for what is not in the log yet.
    pub fn hashes(&self, log: &MerkleLog) -> Option<Vec<u8>> {
        if self.is_entries() { None } else { log.read_tile(&self.0) }
    }
}

impl From<Tile> for TilePath {
    /// Only for tiles of our height.
    fn from(tile: Tile) -> Self {
        Self(tile)
    }
}

/// The crate writes the form of Go's checksum database, with the height in it and `data` for entries.
impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0.path();
        let rest = path.strip_prefix("tile/8/").unwrap_or_default();
        match rest.strip_prefix("data/") {
            Some(rest) => write!(f, "tile/entries/{rest}"),
            None => write!(f, "tile/{rest}"),
        }
    }
}

impl FromStr for TilePath {
    type Err = TileError;
    fn from_str(raw: &str) -> Result<Self, TileError> {
        if raw.len() > 64 {
            return Err(TileError::BadPath);
        }
        let rest = raw.strip_prefix("tile/").ok_or(TileError::BadPath)?;
        // The crate panics at what is no tile, instead of refusing it.
        if !looks_like_a_tile(rest) {
            return Err(TileError::BadPath);
        }
        let path = match rest.strip_prefix("entries/") {
            Some(rest) => format!("tile/8/data/{rest}"),
            None if rest.starts_with(|first: char| first.is_ascii_digit()) => format!("tile/8/{rest}"),
            None => return Err(TileError::BadPath),
        };
        let tile = Tile::from_path(&path).map_err(|_| TileError::BadPath)?;
        let real = tile.level() < LEVELS && tile.level_index() < super::LOG_SIZE >> HEIGHT;
        let path = Self(tile);
        if real && path.to_string() == raw { Ok(path) } else { Err(TileError::BadPath) }
    }
}

/// `entries` or a level below [`LEVELS`] in front, and behind, if the tile is not full, a width of 1 to 255.
fn looks_like_a_tile(rest: &str) -> bool {
    let level = rest.split_once('/').map(|(level, _)| level);
    let level_fits = level
        .is_some_and(|level| level == "entries" || level.parse::<u8>().is_ok_and(|number| number < LEVELS));
    let width = rest.split_once(".p/").map(|(_, width)| width);
    level_fits && width.is_none_or(|width| width.parse::<u8>().is_ok_and(|number| number > 0))
}
