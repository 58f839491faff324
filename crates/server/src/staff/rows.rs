//! Stored rows of the team, JSON behind a version: there are few.

use super::{
    pairs::Inviter,
    role::{Role, StaffName},
};
use crate::{catalogue::TableNote, json_row::JsonRow};
use serde::{Deserialize, Serialize};
use trefoil_proto::Timestamp;
use trefoil_store::Table;

/// The team, by name.
pub(super) const MEMBERS: Table = Table::new("staff.members");
/// Open invitations, by the SHA-256 of their code.
pub(super) const INVITATIONS: Table = Table::new("staff.invitations");

/// What the tables of the team hold.
pub const TABLES: &[TableNote] = &[
    TableNote {
        table: MEMBERS,
        holds: "the service's own team: name, role, public keys of their passkeys, who let them in",
        kept: "as long as the service: names stand in the audit trail",
        discloses: "who works here, under the names that they were given; no key that opens anything",
    },
    TableNote {
        table: INVITATIONS,
        holds: "SHA-256 of a code with the name and role that it is for, and who invited",
        kept: "until it is used, for three days at most",
        discloses: "who is invited, and by whom",
    },
];

/// Somebody of the team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MemberRow {
    pub role: Role,
    pub since: Timestamp,
    pub removed: Option<Timestamp>,
    /// Random, 64 bytes, base64url: what an authenticator knows them by.
    pub handle: String,
    pub passkeys: Vec<PasskeyRow>,
    /// Ed25519 public keys of the command line, base64url.
    pub keys: Vec<String>,
    /// Who let them in; `None` in rows of earlier versions.
    #[serde(default)]
    pub invited_by: Option<Inviter>,
}

/// A passkey, as the library encodes it, base64url.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PasskeyRow {
    pub id: String,
    pub fixed: String,
    pub changing: String,
}

/// An open invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct InvitationRow {
    pub name: StaffName,
    pub role: Role,
    pub until: Timestamp,
    /// `None` in rows of earlier versions.
    #[serde(default)]
    pub by: Option<Inviter>,
}

impl JsonRow for MemberRow {}
impl JsonRow for InvitationRow {}
