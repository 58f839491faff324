//! Why a package was not kept, released or sent.

use crate::{json_row::Damaged, trail::TrailError};
use trefoil_store::StoreError;

/// What NCMEC means by a response code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// 1000 to 1999: a fault there. Worth another try.
    Fault,
    /// 2000 to 2999: name or password are not right.
    Unknown,
    /// 3000 to 3999: this account may not do it.
    NotAllowed,
    /// 4000 to 4999: what was sent is not of the form that it has to have.
    Invalid,
    /// 5001 and 5002: no such report or file, not any more.
    Gone,
    /// 5101: it was retracted before.
    AlreadyRetracted,
    /// 5102: it was finished before.
    AlreadyFinished,
    /// A code that was not there when this was written.
    Other,
}

impl Meaning {
    /// Of a code that is not 0.
    pub fn of(code: u32) -> Self {
        match code {
            1000..=1999 => Self::Fault,
            2000..=2999 => Self::Unknown,
            3000..=3999 => Self::NotAllowed,
            4000..=4999 => Self::Invalid,
            5001 | 5002 => Self::Gone,
            5101 => Self::AlreadyRetracted,
            5102 => Self::AlreadyFinished,
            _ => Self::Other,
        }
    }
}

/// Why a step with NCMEC failed. Safe to log: it says nothing of what is reported but what NCMEC answered.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The endpoint is no `https` URL (or `http` on this machine).
    #[error("{0} is no https URL")]
    Endpoint(String),
    /// The file with name and password cannot be used.
    #[error("the file {path} cannot be used: {why}")]
    Credentials {
        /// Which file.
        path: std::path::PathBuf,
        /// Why.
        why: String,
    },
    /// NCMEC cannot be reached, or the answer did not come: it is not known whether it arrived.
    #[error("NCMEC cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// What came back is no answer of the API.
    #[error("the answer, with status {0}, is none of the reporting API's")]
    NoAnswer(u16),
    /// NCMEC refused.
    #[error("NCMEC refused with code {code}: {description}")]
    Refused {
        /// The code.
        code: u32,
        /// What it means.
        meaning: Meaning,
        /// In NCMEC's words.
        description: String,
    },
}

/// Why something could not be done with a package. Safe to log.
#[derive(Debug, thiserror::Error)]
pub enum TiplineError {
    /// The package is not one that could be sent.
    #[error("{0}")]
    Package(&'static str),
    /// There is no such package.
    #[error("no such package")]
    NotFound,
    /// Two people release a package.
    #[error("whoever prepared a package cannot approve it")]
    SamePerson,
    /// It has come too far for that, or not far enough.
    #[error("that cannot be done with the package now")]
    NotNow,
    /// A step with NCMEC failed.
    #[error(transparent)]
    Line(#[from] LineError),
    /// What was done could not be entered into the audit trail, and was not done.
    #[error("enter it into the audit trail")]
    Trail(#[source] TrailError),
    /// A stored package or file is damaged.
    #[error("a stored package is damaged")]
    DamagedRow,
    /// The store could not be read.
    #[error("read the packages")]
    Read(#[source] StoreError),
    /// The store could not be written.
    #[error("keep a package")]
    Write(#[source] StoreError),
}

impl From<Damaged> for TiplineError {
    fn from(_: Damaged) -> Self {
        Self::DamagedRow
    }
}
