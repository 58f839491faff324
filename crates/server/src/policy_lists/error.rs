//! Why a list is not taken, or not published.

use crate::federation::FederationError;
use std::io;
use trefoil_proto::ProtoError;
use trefoil_store::StoreError;

/// Why a list is not taken, or not published.
#[derive(Debug, thiserror::Error)]
pub enum PolicyListError {
    /// This service publishes none.
    #[error("this service publishes no policy list")]
    None,
    /// What the operator wrote cannot be read.
    #[error("read the policy list to publish")]
    File(#[source] io::Error),
    /// What the operator wrote is no list.
    #[error("the policy list to publish: {0}")]
    Written(String),
    /// It does not decode, or its signature is not by the key that the operator configured.
    #[error("not a list of this publisher")]
    List(#[source] ProtoError),
    /// It is signed by the right key, for another domain.
    #[error("the list is of another publisher")]
    OtherPublisher,
    /// A newer one is known.
    #[error("a newer list is known: the publisher, or who answers for it, shows an old one")]
    Older,
    /// Two lists have the same number.
    #[error("another list with the same number is known")]
    TwoOfOneSequence,
    /// The publisher could not be asked.
    #[error("ask the publisher")]
    Peer(#[source] FederationError),
    /// The publisher has none.
    #[error("the publisher answers {0}")]
    Status(u16),
    /// A stored list does not decode.
    #[error("a stored policy list does not decode")]
    DamagedRow,
    /// Reading rows failed.
    #[error("read policy lists")]
    Read(#[source] StoreError),
    /// Storing rows failed.
    #[error("store a policy list")]
    Write(#[source] StoreError),
}
