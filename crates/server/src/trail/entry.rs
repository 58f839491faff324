//! One entry: who of the teams did what.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use trefoil_proto::{Timestamp, decisions::CaseId};

/// Who it says, where it was whoever runs the service, beside it.
pub const OPERATOR: &str = "operator";
/// Who it says, where the service did something by itself.
pub const SERVICE: &str = "service";

/// Something that somebody of the team did, or that was done to the team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Counted from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who: a name of the team, [`OPERATOR`] or [`SERVICE`].
    pub who: String,
    /// What.
    pub act: Act,
    /// With which case.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::json_text::option")]
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
    /// The service found what is reported on lists; `detail` names them.
    Matched,
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
    /// Let one go on that NCMEC had refused.
    TipResumed,
    ListTaken,
    ListRemoved,
    Invited,
    Enrolled,
    SignedIn,
    SignInFailed,
    Removed,
    /// Took the guardian off a minor's account; `detail` says whose, and why.
    GuardianReleased,
}

impl AuditEntry {
    /// What the next entry holds of this one.
    pub fn hash(&self) -> String {
        let bytes = serde_json::to_vec(self).expect("structures of text and numbers always encode");
        data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
    }
}

/// What goes into the trail, before it has a number and a place.
#[derive(Clone, Debug)]
pub struct Note {
    pub(super) who: String,
    pub(super) act: Act,
    pub(super) case: Option<CaseId>,
    pub(super) detail: String,
}

impl Note {
    /// Somebody did something: a name of the team, [`OPERATOR`] or [`SERVICE`].
    pub fn new(who: impl Into<String>, act: Act) -> Self {
        Self { who: who.into(), act, case: None, detail: String::new() }
    }

    /// With a case.
    #[must_use]
    pub fn of(self, case: CaseId) -> Self {
        Self { case: Some(case), ..self }
    }

    /// What else is to be known, without content.
    #[must_use]
    pub fn saying(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }
}
