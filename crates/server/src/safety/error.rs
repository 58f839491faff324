//! Why a report is not taken.

use trefoil_store::StoreError;

/// Why a report is not taken, or could not be read. Says nothing of what is reported: safe to log.
#[derive(Debug, thiserror::Error)]
pub enum SafetyError {
    /// It names another reporter than the one who asks.
    #[error("a report is made by the person who asks")]
    NotTheReporter,
    /// More messages, or a longer note, than one report has.
    #[error("the report is too large")]
    TooMuch,
    /// The note is no text.
    #[error("the note is no text")]
    Note,
    /// This hub never stamped such a message of that person in that room.
    #[error("message {index} of the report was not sent so in this room by the person who is reported")]
    Unproven {
        /// Which, counted from 0.
        index: usize,
    },
    /// A stored report cannot be decoded.
    #[error("a stored report is damaged")]
    DamagedRow,
    /// The store could not be read.
    #[error("read the reports")]
    Read(#[source] StoreError),
    /// The store could not be written.
    #[error("keep a report")]
    Write(#[source] StoreError),
}
