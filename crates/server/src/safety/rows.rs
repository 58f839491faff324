//! Stored reports. First byte: version of the codec.

use super::SafetyError;
use crate::catalogue::TableNote;
use tls_codec::{DeserializeBytes as _, Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{RoomUri, Timestamp, mimi::report::AbuseReport};
use trefoil_store::Table;

/// Reports, by the SHA-256 of their bytes.
pub(super) const REPORTS: Table = Table::new("safety.reports");

const VERSION: u8 = 1;

/// What the table of reports holds.
pub const TABLES: &[TableNote] = &[TableNote {
    table: REPORTS,
    holds: "reports that people made: who reports whom, why, in which room, their note, and the messages that they chose to \
            show, in clear, with this hub's stamps",
    kept: "for 180 days",
    discloses: "all of that: it is what was reported, and nothing beside it",
}];

/// A report that was taken.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct ReportRow {
    pub at: Timestamp,
    pub room: RoomUri,
    pub report: AbuseReport,
}

impl ReportRow {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        self.tls_serialize(&mut bytes).expect("a report that was taken is within the encoding's limits");
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, SafetyError> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => {
                Self::tls_deserialize_exact_bytes(rest).map_err(|_| SafetyError::DamagedRow)
            }
            _ => Err(SafetyError::DamagedRow),
        }
    }
}
