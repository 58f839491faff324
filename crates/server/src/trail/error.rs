//! Why something is not in the trail.

use crate::{json_row::Damaged, log::LogError};
use trefoil_store::StoreError;

/// Why something could not be entered, read, or said in the public log. Safe to log.
#[derive(Debug, thiserror::Error)]
pub enum TrailError {
    /// An assert of what was to be recorded did not hold; nothing was written.
    #[error("assert {index} of what was to be recorded did not hold")]
    Assert {
        /// Index into the asserts of the caller's batch.
        index: usize,
    },
    /// Another process enters again and again; nothing was written.
    #[error("others write into the trail at the same moment: try again")]
    Contended,
    /// A stored row cannot be decoded.
    #[error("a stored row of the trail is damaged")]
    DamagedRow,
    /// The store could not be read.
    #[error("read the trail")]
    Read(#[source] StoreError),
    /// The store could not be written.
    #[error("write into the trail")]
    Write(#[source] StoreError),
    /// The head could not be said in the public log.
    #[error("say the trail's head in the public log")]
    Anchor(#[source] LogError),
}

impl From<Damaged> for TrailError {
    fn from(_: Damaged) -> Self {
        Self::DamagedRow
    }
}
