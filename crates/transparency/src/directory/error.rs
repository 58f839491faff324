//! Why a proof proves nothing, and why an answer about a person's keys is refused.

use crate::{
    device_set::ChainError,
    gossip::{Evidence, GossipError},
};

/// Why a proof of a directory does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// A path that does not lead from the root to the node it is for.
    #[error("a path that does not lead from the root to the node")]
    Path,
    /// A version or an epoch that cannot be.
    #[error("a version or an epoch that cannot be")]
    Version,
    /// The proof does not verify.
    #[error("proof does not verify: {0}")]
    Directory(String),
    /// A node above another one.
    #[error("a node above another one")]
    Overlap,
    /// Something inserted that is no leaf.
    #[error("something was inserted that is no leaf")]
    NoLeaf,
    /// An epoch without a change.
    #[error("an epoch without a change")]
    Nothing,
    /// It leads from another root than the one before: something was altered or taken out.
    #[error("the directory does not hold what it held the epoch before")]
    OtherStart,
    /// It leads to another root than the one that was signed.
    #[error("the directory is not the one that was signed")]
    OtherEnd,
}

/// Why an answer about a person's keys is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// The root is not signed by the directory's service, or is of another directory.
    #[error("the root of the key directory is not its service's")]
    Root(#[source] GossipError),
    /// The VRF key is not the one that the root names.
    #[error("another VRF key than the one that the root names")]
    OtherVrfKey,
    /// The proof does not hold.
    #[error("the key directory's proof does not hold")]
    Proof(#[source] ProofError),
    /// The sets do not lead from what was known to what is proven.
    #[error("device sets that do not follow from what was known")]
    Chain(#[source] ChainError),
    /// The directory as it was in an earlier epoch than one that was seen.
    #[error("the key directory was rolled back: epoch {told} after epoch {known}")]
    RolledBack {
        /// The newest epoch that was seen.
        known: u64,
        /// The one that was told.
        told: u64,
    },
    /// Another root than the one that was seen of the same epoch. The evidence convinces anyone.
    #[error("the key directory shows different people different contents")]
    Split(Box<Evidence>),
    /// The directory key of the person's service is not known.
    #[error("the directory key of that service is not known")]
    UnknownService,
    /// The sets are somebody else's.
    #[error("device sets of another person")]
    OtherPerson,
    /// Enough independent services signed the root, but not lately.
    #[error("no independent service has looked at the key directory for a day")]
    Stale,
    /// Too few independent services signed the root.
    #[error("{found} of {needed} independent services vouch for the key directory")]
    Unaudited {
        /// How many signed it lately.
        found: usize,
        /// How many must have.
        needed: usize,
    },
    /// An auditor's signature that does not verify, or is over another root.
    #[error("an auditor's signature that does not verify")]
    BadAudit,
}
