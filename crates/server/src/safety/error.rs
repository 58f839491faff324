//! Why a report is not taken, or something cannot be done with a case.

use super::{case::CaseRefusal, evidence::EvidenceError, known::KnownError, tipline::TiplineError};
use crate::{json_row::Damaged, trail::TrailError};
use trefoil_proto::Timestamp;
use trefoil_store::StoreError;

/// Why something of this room failed. Says nothing of what is reported: safe to log.
#[derive(Debug, thiserror::Error)]
pub enum SafetyError {
    /// It names another reporter than the one who asks.
    #[error("a report is made by the person who asks")]
    NotTheReporter,
    /// Whoever is reported is at a service that this one cannot call.
    #[error("no service of that person's domain is known here")]
    Stranger,
    /// More messages, or a longer note, than one report has.
    #[error("the report is too large")]
    TooMuch,
    /// It shows the same message twice.
    #[error("the report shows a message twice")]
    Doubled,
    /// The note is no text.
    #[error("the note is no text")]
    Note,
    /// This hub never stamped such a message of that person in that room.
    #[error("message {index} of the report was not sent so in this room by the person who is reported")]
    Unproven {
        /// Which, counted from 0.
        index: usize,
    },
    /// As many reports of this person as one may have are still being looked at.
    #[error("your earlier reports are still being looked at: report this when some of them are decided")]
    TooManyOpen,
    /// What another service hands on is not of its room, not about somebody here, or not signed by it.
    #[error("the report that was handed on does not prove itself")]
    HandedOn,
    /// There is no such report of this person, or no such case.
    #[error("there is no such case")]
    NoSuchCase,
    /// The case does not allow it.
    #[error(transparent)]
    Case(#[from] CaseRefusal),
    /// Somebody of the team saw enough for now.
    #[error("you opened as much as one person should: go on later, or take a case of another kind")]
    Rest {
        /// From when on there may be more.
        until: Timestamp,
    },
    /// This service reports nowhere.
    #[error(
        "this service has no line to NCMEC: the operator sets it up under `tipline` in the configuration"
    )]
    NoTipline,
    /// A report to NCMEC says that somebody looked at a file that they did not fetch.
    #[error("you say that you looked at an attachment that you neither showed nor saved")]
    NotFetched,
    /// A report to NCMEC cannot be made, or taken further.
    #[error(transparent)]
    Tip(TiplineError),
    /// A list of known material cannot be used.
    #[error(transparent)]
    Known(KnownError),
    /// What a report shows cannot be kept, or forgotten.
    #[error(transparent)]
    Evidence(EvidenceError),
    /// Others changed the same case again and again.
    #[error("others work on this at the same moment: try again")]
    Contended,
    /// What was done could not be entered into the audit trail, and was not done.
    #[error("enter it into the audit trail")]
    Trail(#[source] TrailError),
    /// A stored row cannot be decoded.
    #[error("a stored row of safety is damaged")]
    DamagedRow,
    /// The store could not be read.
    #[error("read what was reported")]
    Read(#[source] StoreError),
    /// The store could not be written.
    #[error("keep what was reported or decided")]
    Write(#[source] StoreError),
}

impl From<TrailError> for SafetyError {
    fn from(error: TrailError) -> Self {
        match error {
            TrailError::Assert { .. } | TrailError::Contended => Self::Contended,
            error => Self::Trail(error),
        }
    }
}

impl From<Damaged> for SafetyError {
    fn from(_: Damaged) -> Self {
        Self::DamagedRow
    }
}
