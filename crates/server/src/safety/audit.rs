//! Who of the team did what. Each entry holds the hash of the one before: whoever changes the past, or leaves something out, is
//! found by going through it.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use trefoil_proto::{Timestamp, decisions::CaseId};

/// Something that somebody of the team did, or that was done to the team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Counted from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who: a name of the team, or `operator`.
    pub who: String,
    /// What.
    pub act: Act,
    /// With which case.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "super::text::option")]
    pub case: Option<CaseId>,
    /// What else is to be known, without content: an action, a name, a reason of the team.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// SHA-256 of the entry before, in hexadecimal; empty for the first.
    pub before: String,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // They say it.
pub enum Act {
    Claimed,
    Released,
    Opened,
    Escalated,
    Decided,
    Proposed,
    Confirmed,
    SentBack,
    Undone,
    AppealUpheld,
    AppealGranted,
    LookedUp,
    TipPrepared,
    TipReleased,
    TipWithdrawn,
    ListTaken,
    ListRemoved,
    Invited,
    Enrolled,
    SignedIn,
    SignInFailed,
    Removed,
}

impl AuditEntry {
    /// What the next entry holds of this one.
    pub fn hash(&self) -> String {
        let bytes = serde_json::to_vec(self).expect("structures of text and numbers always encode");
        data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
    }
}

/// The first entry that does not follow from the one before, if there is one. The trail may begin later than with 1: what is older
/// than two years is gone.
pub fn broken(trail: &[AuditEntry]) -> Option<u64> {
    trail.windows(2).find_map(|pair| {
        let follows = pair[1].number == pair[0].number + 1 && pair[1].before == pair[0].hash();
        (!follows).then_some(pair[1].number)
    })
}
