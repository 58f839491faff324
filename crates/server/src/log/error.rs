//! What can go wrong with the public log and with cosigning.

use crate::federation::FederationError;
use trefoil_proto::Domain;
use trefoil_store::StoreError;
use trefoil_transparency::log::{CheckpointError, WitnessError};

/// Why the log does not grow, is not read, or another one is not cosigned.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// There is no such tile or bundle, or not yet.
    #[error("the log has no such tile")]
    NoSuchTile,
    /// An assert of the caller's own batch did not hold; nothing was written.
    #[error("assert {index} of what was to be stored with the entry did not hold")]
    Assert {
        /// Index into the asserts of the caller's batch.
        index: usize,
    },
    /// Others appended at the same time again and again; nothing was written.
    #[error("the log is being appended to by others: try again")]
    Contended,
    /// A stored row cannot be read, or the tiles are not those of the log's head.
    #[error("a stored row of the log is damaged")]
    DamagedRow,
    /// The checkpoint is of a log that this service does not witness.
    #[error("the log {0} is not that of the service that asks")]
    UnknownLog(String),
    /// The service that asks publishes no key of a log.
    #[error("{0} publishes no key of a log")]
    NoKey(Domain),
    /// The checkpoint is not the log's.
    #[error("the checkpoint is refused")]
    Checkpoint(#[from] CheckpointError),
    /// The size that the log believes to be known here is larger than that of its checkpoint.
    #[error("the old size is larger than the checkpoint's")]
    OldSize,
    /// Another size was cosigned last.
    #[error("the log was cosigned at size {0}")]
    OtherSize(u64),
    /// What was shown does not follow from what was cosigned before.
    #[error("the log does not follow from what was cosigned before")]
    Refused(#[source] WitnessError),
    /// The other service cannot be asked, or answered what it must not.
    #[error("another service")]
    Peer(#[from] FederationError),
    /// The store failed; nothing was done.
    #[error("store of the log")]
    Store(#[from] StoreError),
}
