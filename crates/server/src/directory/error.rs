//! Why the directory could not do something.

use crate::log::LogError;
use trefoil_store::StoreError;
use trefoil_transparency::{
    device_set::ChainError,
    directory::{AuditError, ProofError},
};

/// Why a set is refused, or an epoch, a proof or an audit could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A device set that cannot be decoded.
    #[error("the device set cannot be read")]
    Malformed,
    /// A device set that does not follow from the one before, or is not signed by whom it must.
    #[error("the device set is refused")]
    Set(#[source] ChainError),
    /// A device set that says something else than the account.
    #[error("the device set does not list exactly the account's devices")]
    OtherDevices,
    /// A first device set that does not begin in this month.
    #[error("the account does not begin in this month: is the device's clock right?")]
    OtherMonth,
    /// A person that the directory does not have.
    #[error("the key directory has no such person")]
    NoSuchPerson,
    /// An epoch that is not there.
    #[error("the key directory has no such epoch")]
    NoSuchEpoch,
    /// A directory that calls itself another's, or another key than it first had.
    #[error("another directory key than the one that is known")]
    OtherKey,
    /// What another service published does not hold.
    #[error("the other service's key directory does not hold")]
    Audit(#[source] AuditError),
    /// Two roots of one epoch, both signed.
    #[error("the other service signed two different roots of one epoch")]
    Forked,
    /// The person's set did not come into an epoch in time.
    #[error("the next epoch of the key directory is late")]
    Late,
    /// The tree failed.
    #[error("the key directory's tree failed: {0}")]
    Tree(String),
    /// The tree made a proof that does not hold: nothing is signed.
    #[error("the key directory made a proof that does not hold")]
    OwnProof(#[source] ProofError),
    /// The tree made what has no form.
    #[error("the key directory made a proof that cannot be written down")]
    NoForm,
    /// The root could not be entered into the public log, so there is no epoch.
    #[error("enter the root into the public log")]
    Log(#[source] LogError),
    /// Others changed it all the time.
    #[error("the key directory kept changing")]
    Contended,
    /// A stored row cannot be read.
    #[error("a row of the key directory is damaged")]
    DamagedRow,
    /// The store could not be read.
    #[error("read the key directory")]
    Read(#[source] StoreError),
    /// The store could not be written.
    #[error("write the key directory")]
    Write(#[source] StoreError),
}

impl DirectoryError {
    pub(super) fn tree(error: akd::errors::AkdError) -> Self {
        Self::Tree(error.to_string())
    }
}
