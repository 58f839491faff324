//! Stored rows of people by number. First byte: version of the codec.

use super::DiscoveryError;
use crate::catalogue::TableNote;
use tls_codec::{DeserializeBytes as _, Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::discovery::SEALED;
use trefoil_store::Table;

/// Sealed user ids by tag.
pub(super) const ENTRIES: Table = Table::new("discovery.entries");

const VERSION: u8 = 1;

/// What the table of people by number holds.
pub const TABLES: &[TableNote] = &[TableNote {
    table: ENTRIES,
    holds: "by a tag that a keyed function gives of a phone number: the user id, sealed under a key that it gives as well",
    kept: "as long as the account",
    discloses: "how many people have a number; with the keys file, a number can be tried. The rows are handed out to whoever \
                asks for their bucket, and say as much to them",
}];

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct EntryRow {
    pub sealed: [u8; SEALED],
}

impl EntryRow {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        self.tls_serialize(&mut bytes).expect("rows are far below the encoding's limits");
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DiscoveryError> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => {
                Self::tls_deserialize_exact_bytes(rest).map_err(|_| DiscoveryError::DamagedRow)
            }
            _ => Err(DiscoveryError::DamagedRow),
        }
    }
}
