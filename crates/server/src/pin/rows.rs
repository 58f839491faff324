//! Stored rows of the PIN vault. First byte: version of the codec.

use super::PinError;
use crate::catalogue::TableNote;
use tls_codec::{DeserializeBytes, Serialize, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{
    UserId,
    pin::{Note, RecordName},
};
use trefoil_store::Table;

/// Records by name.
pub(super) const RECORDS: Table = Table::new("pin.records");
/// How many records there are.
pub(super) const COUNT: Table = Table::new("pin.count");
/// Notes by locator.
pub(super) const NOTES: Table = Table::new("pin.notes");
/// Locators by user id.
pub(super) const OWNERS: Table = Table::new("pin.owners");

/// The only key of [`COUNT`].
pub(super) const COUNT_KEY: &[u8] = b"records";

const VERSION: u8 = 1;

/// What the tables of the PIN vault hold.
pub const TABLES: &[TableNote] = &[
    TableNote {
        table: RECORDS,
        holds: "by random name, for people of any service: the random part of a key, a share under a mask, how often it \
                was tried; or that it is locked, and nothing else",
        kept: "until whoever made it removes it; that it is locked, for ever",
        discloses: "how many PINs there are, how often each was tried; not whose, and not a PIN: with the keys file every \
                    PIN gives a share, and none is told from another without a second service's row and keys",
    },
    TableNote {
        table: COUNT,
        holds: "the number of rows in `pin.records`",
        kept: "for the life of the service",
        discloses: "nothing more",
    },
    TableNote {
        table: NOTES,
        holds: "by HMAC of the handle, number or account name: user id, addresses and names of the person's three records, \
                a salt",
        kept: "until the person sets another PIN or takes it back",
        discloses: "who of this service has a PIN, with which three services, and which record of `pin.records` is theirs",
    },
    TableNote {
        table: OWNERS,
        holds: "by user id: the key of the row in `pin.notes`",
        kept: "as that row",
        discloses: "who has a PIN",
    },
];

/// A record.
#[derive(Clone, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[cfg_attr(test, derive(Debug))]
#[repr(u8)]
pub(super) enum RecordRow {
    #[tls_codec(discriminant = 1)]
    Open(OpenRecord),
    /// Its key is destroyed; the name is never used again.
    #[tls_codec(discriminant = 2)]
    Locked,
}

/// A record that can be tried.
#[derive(Clone, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct OpenRecord {
    /// The random part of its key.
    pub nonce: [u8; 32],
    pub masked: [u8; 32],
    /// Tries since it was made.
    pub serial: u32,
    /// Tries that are forgiven.
    pub cleared: u32,
}

/// How many records there are.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct CountRow {
    pub records: u64,
}

/// A person's note.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct NoteRow {
    pub user: UserId,
    pub note: Note,
}

/// Where a person's note is.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct OwnerRow {
    pub locator: [u8; 32],
}

impl RecordRow {
    /// True if it was made with the content of `new`, whatever happened to it since.
    pub(super) fn is_made_as(&self, new: &OpenRecord) -> bool {
        matches!(self, Self::Open(open) if open.nonce == new.nonce && open.masked == new.masked)
    }
}

macro_rules! row_codec {
    ($($row:ident)*) => {
        $(impl $row {
            pub(super) fn encode(&self) -> Vec<u8> {
                let mut bytes = vec![VERSION];
                self.tls_serialize(&mut bytes).expect("rows are far below the encoding's limits");
                bytes
            }

            pub(super) fn decode(bytes: &[u8]) -> Result<Self, PinError> {
                match bytes.split_first() {
                    Some((&VERSION, rest)) => {
                        Self::tls_deserialize_exact_bytes(rest).map_err(|_| PinError::DamagedRow)
                    }
                    _ => Err(PinError::DamagedRow),
                }
            }
        })*
    };
}
row_codec!(RecordRow CountRow NoteRow OwnerRow);

pub(super) fn record_key(name: &RecordName) -> Vec<u8> {
    name.0.to_vec()
}
