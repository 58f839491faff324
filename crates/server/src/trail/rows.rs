//! Stored rows of the trail, JSON behind a version: there are few, and in an emergency people read them.

use super::{Anchor, AuditEntry};
use crate::{catalogue::TableNote, json_row::JsonRow};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use trefoil_store::Table;

/// Entries, by number.
pub(super) const AUDIT: Table = Table::new("safety.audit");
/// One row: the number and the hash of the last entry.
pub(super) const AUDIT_HEAD: Table = Table::new("safety.audit_head");
/// Heads that stand in the public log, by number.
pub(super) const ANCHORS: Table = Table::new("trail.anchors");

/// The key of [`AUDIT_HEAD`].
pub(super) const HEAD: &[u8] = b"head";

/// What the tables of the trail hold.
pub const TABLES: &[TableNote] = &[
    TableNote {
        table: AUDIT,
        holds: "who of the team did what with which case, when; each entry with the hash of the one before",
        kept: "for two years; the last one until there is another",
        discloses: "the work of the team, and which accounts they looked up; no content",
    },
    TableNote {
        table: AUDIT_HEAD,
        holds: "number and hash of the last entry of the trail",
        kept: "as long as the trail",
        discloses: "how much was done",
    },
    TableNote {
        table: ANCHORS,
        holds: "number and hash of the entries of the trail that were its last when that was said in the public log, and when",
        kept: "for two years; the last one until there is another",
        discloses: "nothing that is not public",
    },
];

/// Number and hash of the last entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AuditHead {
    pub number: u64,
    pub hash: String,
}

impl JsonRow for AuditEntry {}
impl JsonRow for AuditHead {}
impl JsonRow for Anchor {}

pub(super) fn key(number: u64) -> Bytes {
    Bytes::copy_from_slice(&number.to_be_bytes())
}
