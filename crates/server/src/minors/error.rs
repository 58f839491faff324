//! Why something about a minor's account is refused.

use crate::{discovery::DiscoveryError, trail::TrailError};
use trefoil_store::StoreError;

/// Why something about a minor's account is refused. Safe to log.
#[derive(Debug, thiserror::Error)]
pub enum MinorsError {
    /// The month in which the marking would end is over, or further away than any childhood is long.
    #[error("the month in which the person comes of age cannot be")]
    Ends,
    /// The account is not marked, or no more; who asks about another's hears the same when they are not the guardian.
    #[error("there is no such account of a minor, or you are not its guardian")]
    NotTheGuardian,
    /// There is a guardian already: only they can give the account to somebody else. For the account itself to hear.
    #[error("the account has a guardian: they have to release it first")]
    Guarded,
    /// The link was not made by this account, was taken up, or is too old; or the account has a guardian, is of nobody under age, or is
    /// not there. Whoever takes up what was never shown to them hears no more.
    #[error("the link is not good, or not any more: the minor makes another")]
    Link,
    /// A word that is not later than the one before.
    #[error("this was said before, or something later was")]
    Replayed,
    /// What is to be opened would be over already, or open for too long.
    #[error("an account is opened for a year at most, and not for the past")]
    Until,
    /// The signature is not that of a device of the guardian, or too old.
    #[error("the word is not signed by a device of the guardian, or not lately")]
    Unsigned,
    /// Others changed the same row again and again.
    #[error("others change this account at the same moment")]
    Contended,
    /// The entry of finding by number could not be used.
    #[error("let a minor be found")]
    Discovery(#[source] DiscoveryError),
    /// The trail could not be written.
    #[error("enter the release of a guardian in the trail")]
    Trail(#[source] TrailError),
    /// A stored row does not decode.
    #[error("a stored row of a minor does not decode")]
    DamagedRow,
    /// Reading rows failed.
    #[error("read about minors")]
    Read(#[source] StoreError),
    /// Storing rows failed.
    #[error("store about minors")]
    Write(#[source] StoreError),
}
