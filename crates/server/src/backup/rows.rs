//! Stored rows of backups. First byte: version of the codec.

use super::BackupError;
use crate::catalogue::TableNote;
use tls_codec::{DeserializeBytes, Serialize, TlsDeserializeBytes, TlsSerialize, TlsSize, VLBytes};
use trefoil_proto::{
    Timestamp, UserId,
    backup::{BackupId, SegmentName},
};
use trefoil_store::Table;

/// Backups by id.
pub(super) const RECORDS: Table = Table::new("backup.records");
/// Manifests by the id of their backup, as they came.
pub(super) const MANIFESTS: Table = Table::new("backup.manifests");
/// Segments by the id of their backup and their name.
pub(super) const SEGMENTS: Table = Table::new("backup.segments");
/// What each person holds in all.
pub(super) const HOLDINGS: Table = Table::new("backup.holdings");
/// Names of bytes that are to go: written before the bytes are, and with the commit that takes their segment away, so
/// that no end of the program leaves bytes that nothing knows of.
pub(super) const DOOMED: Table = Table::new("backup.doomed");

const VERSION: u8 = 1;

/// What the tables of backups hold.
pub const TABLES: &[TableNote] = &[
    TableNote {
        table: RECORDS,
        holds: "by an id that the person's recovery secret gives: whose it is, SHA-256 of its token, its end if it is \
                history on its way to another device, how often it changed, bytes and segments",
        kept: "until the person makes another recovery code; history on its way for a day",
        discloses: "who has a backup, how large it is and how often it changed",
    },
    TableNote {
        table: MANIFESTS,
        holds: "by id: the list of a backup's segments, sealed under a key that only the recovery secret gives",
        kept: "as its backup",
        discloses: "about how many segments there are",
    },
    TableNote {
        table: SEGMENTS,
        holds: "by id and random name: length and SHA-256 of a sealed segment; the segment in the blob store",
        kept: "until a manifest no longer needs it, and as its backup",
        discloses: "how much a backup grew from one time to the next, in steps of a quarter",
    },
    TableNote {
        table: HOLDINGS,
        holds: "by user id: number and bytes of the person's backups",
        kept: "as long as there is one",
        discloses: "as the table of backups",
    },
    TableNote {
        table: DOOMED,
        holds: "by random name: bytes of a segment that were removed, or are being written, a moment ago",
        kept: "an hour",
        discloses: "that a backup changed lately; not whose",
    },
];

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct RecordRow {
    pub owner: UserId,
    pub token_hash: [u8; 32],
    /// None: as long as the account.
    pub ends: Option<Timestamp>,
    /// Of the manifest.
    pub counter: u64,
    /// Of segments and manifest.
    pub bytes: u64,
    pub segments: u32,
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct SegmentRow {
    /// Its name in the blob store.
    pub blob: VLBytes,
    pub length: u64,
    pub hash: [u8; 32],
}

/// What a person holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct HoldingsRow {
    pub records: u32,
    pub bytes: u64,
}

/// Bytes that are to go.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct DoomedRow {
    pub ends: Timestamp,
}

impl RecordRow {
    pub(super) fn has_ended(&self, now: Timestamp) -> bool {
        self.ends.is_some_and(|ends| ends <= now)
    }
}

macro_rules! row_codec {
    ($($row:ident)*) => {
        $(impl $row {
            pub(super) fn encode(&self) -> Vec<u8> {
                let mut bytes = vec![VERSION];
                self.tls_serialize(&mut bytes).expect("rows of bounded parts always encode");
                bytes
            }

            pub(super) fn decode(bytes: &[u8]) -> Result<Self, BackupError> {
                match bytes.split_first() {
                    Some((&VERSION, rest)) => {
                        Self::tls_deserialize_exact_bytes(rest).map_err(|_| BackupError::DamagedRow)
                    }
                    _ => Err(BackupError::DamagedRow),
                }
            }
        })*
    };
}
row_codec!(RecordRow SegmentRow HoldingsRow DoomedRow);

/// A backup's segments lie together.
pub(super) fn segment_key(id: &BackupId, name: SegmentName) -> Vec<u8> {
    [&id.0[..], &name.0].concat()
}
