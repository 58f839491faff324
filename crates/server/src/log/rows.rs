//! Stored rows of the log. First byte: version of the codec.

use super::LogError;
use crate::catalogue::TableNote;
use bytes::Bytes;
use tls_codec::{DeserializeBytes as _, Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{Domain, Wire as _};
use trefoil_store::Table;
use trefoil_transparency::log::{TilePath, TreeHead};

/// One row: size and root. Who appends compares it and sets it.
pub(super) const HEAD: Table = Table::new("log.head");
/// Entries by index.
pub(super) const ENTRIES: Table = Table::new("log.entries");
/// Hashes by level and place of their tile, as many as there are by now.
pub(super) const TILES: Table = Table::new("log.tiles");
/// Index of each release by its leaf.
pub(super) const RELEASES: Table = Table::new("log.releases");
/// One row: the cosigned checkpoint that is served.
pub(super) const PUBLISHED: Table = Table::new("log.published");
/// By domain: the log of another service as it was cosigned last.
pub(super) const WITNESSED: Table = Table::new("log.witnessed");
/// By domain: two checkpoints of a log that forked.
pub(super) const FORKS: Table = Table::new("log.forks");

/// The key of the tables of one row.
pub(super) const ONLY: &[u8] = b"1";

const VERSION: u8 = 1;

/// What the tables of the log hold.
pub const TABLES: &[TableNote] = &[
    TableNote {
        table: HEAD,
        holds: "size and root of this service's public log",
        kept: "until the next entry",
        discloses: "nothing that is not public",
    },
    TableNote {
        table: ENTRIES,
        holds: "the entries of the public log: roots of the key directory, hashes of releases, heads of the \
                audit trail",
        kept: "for ever",
        discloses: "nothing that is not public",
    },
    TableNote {
        table: TILES,
        holds: "the hashes of the public log's tree",
        kept: "for ever",
        discloses: "nothing that is not public",
    },
    TableNote {
        table: RELEASES,
        holds: "by leaf of a release: its index in the public log",
        kept: "for ever",
        discloses: "nothing that is not public",
    },
    TableNote {
        table: PUBLISHED,
        holds: "the last checkpoint of the public log that other services cosigned",
        kept: "until the next one",
        discloses: "nothing that is not public",
    },
    TableNote {
        table: WITNESSED,
        holds: "by domain of another service: the key of its log, and the last checkpoint that was cosigned for it",
        kept: "for ever, so that nothing is cosigned that contradicts it",
        discloses: "which services' logs this one witnesses",
    },
    TableNote {
        table: FORKS,
        holds: "by domain of another service: two checkpoints that its log signed and that contradict each other",
        kept: "for ever: they are evidence",
        discloses: "which services' logs forked",
    },
];

/// The log of another service.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct WitnessedRow {
    pub key: [u8; 32],
    pub head: TreeHead,
    pub checkpoint: Vec<u8>,
}

/// Two checkpoints of one log.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct ForkRow {
    pub kept: Vec<u8>,
    pub shown: Vec<u8>,
}

macro_rules! row_codec {
    ($($row:ident)*) => {
        $(impl $row {
            pub(super) fn encode(&self) -> Vec<u8> {
                let mut bytes = vec![VERSION];
                self.tls_serialize(&mut bytes).expect("what was bounded when it was read encodes");
                bytes
            }

            pub(super) fn decode(bytes: &[u8]) -> Result<Self, LogError> {
                let rest = versioned(bytes)?;
                Self::tls_deserialize_exact_bytes(rest).map_err(|_| LogError::DamagedRow)
            }
        })*
    };
}
row_codec!(WitnessedRow ForkRow);

pub(super) fn encode_head(head: &TreeHead) -> Vec<u8> {
    with_version(&head.encode())
}

pub(super) fn decode_head(row: &[u8]) -> Result<TreeHead, LogError> {
    TreeHead::decode(versioned(row)?).map_err(|_| LogError::DamagedRow)
}

/// Entries, tiles and the checkpoint are stored as they are served.
pub(super) fn with_version(bytes: &[u8]) -> Vec<u8> {
    [&[VERSION], bytes].concat()
}

pub(super) fn versioned(row: &[u8]) -> Result<&[u8], LogError> {
    match row.split_first() {
        Some((&VERSION, rest)) => Ok(rest),
        _ => Err(LogError::DamagedRow),
    }
}

pub(super) fn encode_index(index: u64) -> Vec<u8> {
    with_version(&index.to_be_bytes())
}

pub(super) fn decode_index(row: &[u8]) -> Result<u64, LogError> {
    versioned(row)?.try_into().map(u64::from_be_bytes).map_err(|_| LogError::DamagedRow)
}

pub(super) fn entry_key(index: u64) -> Bytes {
    Bytes::copy_from_slice(&index.to_be_bytes())
}

pub(super) fn tile_key(path: &TilePath) -> Bytes {
    [&[path.level()][..], &path.index().to_be_bytes()].concat().into()
}

pub(super) fn domain_key(domain: &Domain) -> Bytes {
    Bytes::copy_from_slice(domain.as_str().as_bytes())
}
