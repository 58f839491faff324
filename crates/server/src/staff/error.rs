//! Why somebody of a team is not let in, or not made.

use super::role::BadName;
use crate::{json_row::Damaged, trail::TrailError};
use trefoil_store::StoreError;

/// Why something about the team failed. Safe to log.
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    /// The code is wrong, was used, or is too old.
    #[error("this invitation is not good (any more): ask a lead or the operator for a new one")]
    BadInvitation,
    /// The name is none.
    #[error(transparent)]
    Name(#[from] BadName),
    /// Somebody has this name, or had it: names stand in the trail for good.
    #[error("somebody of the team has this name, or had it")]
    Taken,
    /// Nobody of the team has this name.
    #[error("nobody of the team has this name")]
    Nobody,
    /// The passkey or the signature is not true.
    #[error("that did not prove who you are: try again, or ask for a new invitation")]
    NotProven,
    /// Somebody of the team has this key or passkey, or had it.
    #[error("this key is somebody's of the team, or was: come in with one of your own")]
    KnownKey,
    /// The console has no name that passkeys can be bound to.
    #[error(
        "this console has no passkeys: sign in with a key of the command line (trefoil moderate), or ask the operator to give console.origin the name of a host"
    )]
    NoPasskeys,
    /// What a browser is given, or made, cannot be encoded.
    #[error("encode a passkey")]
    Encode,
    /// No session, or it has ended.
    #[error("sign in: a session ends after half an hour without use, and after twelve hours")]
    NoSession,
    /// Others changed the same at the same moment.
    #[error("somebody changed this at the same moment: try again")]
    Contended,
    /// What was done could not be entered into the audit trail, and was not done.
    #[error("enter it into the audit trail")]
    Trail(#[source] TrailError),
    /// A stored row cannot be decoded.
    #[error("a stored row of the team is damaged")]
    DamagedRow,
    /// The store could not be read.
    #[error("read the team")]
    Read(#[source] StoreError),
    /// The store could not be written.
    #[error("keep the team")]
    Write(#[source] StoreError),
}

impl From<Damaged> for StaffError {
    fn from(_: Damaged) -> Self {
        Self::DamagedRow
    }
}
