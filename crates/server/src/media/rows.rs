//! Stored rows of media. First byte: version of the codec.

use super::MediaError;
use crate::catalogue::TableNote;
use tls_codec::{DeserializeBytes, Serialize, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{Timestamp, UserId};
use trefoil_store::Table;

/// Unfinished uploads by id.
pub(super) const UPLOADS: Table = Table::new("media.uploads");
/// Whole media by id.
pub(super) const BLOBS: Table = Table::new("media.blobs");
/// Ids whose bytes are to go, each an [`UploadRow`] without length: written in the commit that takes the row of the upload
/// or of the whole medium away, so that no end of the program leaves bytes that nothing knows of.
pub(super) const DOOMED: Table = Table::new("media.doomed");
/// Bytes opened by day and person.
pub(super) const QUOTAS: Table = Table::new("media.quotas");

const VERSION: u8 = 1;

/// What the tables of media hold.
pub const TABLES: &[TableNote] = &[
    TableNote {
        table: UPLOADS,
        holds: "by random id: length announced, end of the upload",
        kept: "a day at most",
        discloses: "sizes and times of unfinished uploads; not whose they are",
    },
    TableNote {
        table: BLOBS,
        holds: "by random id: length, day of the upload; the bytes, encrypted by the sender, in the blob store",
        kept: "as many days as the configuration says",
        discloses: "sizes and days of attachments; not whose they are, nor who read them",
    },
    TableNote {
        table: DOOMED,
        holds: "by random id: what was removed a moment ago",
        kept: "an hour",
        discloses: "when attachments ended; not whose they were",
    },
    TableNote {
        table: QUOTAS,
        holds: "by day and user id: bytes of uploads opened",
        kept: "until the day is over",
        discloses: "who uploads how much today",
    },
];

/// An unfinished upload.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct UploadRow {
    pub length: u64,
    pub expires: Timestamp,
}

/// Something whole.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct BlobRow {
    pub length: u64,
    pub day: u32,
}

macro_rules! row_codec {
    ($($row:ident)*) => {
        $(impl $row {
            pub(super) fn encode(&self) -> Vec<u8> {
                let mut bytes = vec![VERSION];
                self.tls_serialize(&mut bytes).expect("fixed-size rows always encode");
                bytes
            }

            pub(super) fn decode(bytes: &[u8]) -> Result<Self, MediaError> {
                match bytes.split_first() {
                    Some((&VERSION, rest)) => {
                        Self::tls_deserialize_exact_bytes(rest).map_err(|_| MediaError::DamagedRow)
                    }
                    _ => Err(MediaError::DamagedRow),
                }
            }
        })*
    };
}
row_codec!(UploadRow BlobRow);

/// Day first, so that past days are one range.
pub(super) fn quota_key(user: &UserId, day: u32) -> Vec<u8> {
    let mut key = day.to_be_bytes().to_vec();
    key.extend_from_slice(user.as_str().as_bytes());
    key
}

pub(super) fn encode_quota(bytes: u64) -> Vec<u8> {
    let mut row = vec![VERSION];
    row.extend_from_slice(&bytes.to_be_bytes());
    row
}

pub(super) fn decode_quota(bytes: &[u8]) -> Result<u64, MediaError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => rest.try_into().map(u64::from_be_bytes).map_err(|_| MediaError::DamagedRow),
        _ => Err(MediaError::DamagedRow),
    }
}
