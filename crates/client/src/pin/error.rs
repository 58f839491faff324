//! What setting a PIN and restoring by it can fail with.

use super::Seat;
use trefoil_proto::ErrorCode;

/// Why a PIN could not be set or tried. Safe to log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// What was typed cannot be a PIN.
    #[error("{0}")]
    Unusable(&'static str),
    /// It is too short to be one.
    #[error("a PIN has {least} characters at least")]
    TooShort {
        /// How many characters there must be.
        least: usize,
    },
    /// The machine could not stretch the PIN: too little memory.
    #[error("stretch the PIN")]
    Stretch,
    /// The address of a service cannot stand in a note, or stands there twice.
    #[error("not the addresses of three services")]
    Addresses,
    /// What the person's own service gave is no note, or one of a later version.
    #[error("what the service keeps of the PIN is not understood by this version")]
    Note,
    /// The secret could not be split.
    #[error("split the secret")]
    Split,
    /// The PIN could not be blinded.
    #[error("blind the PIN")]
    Blind,
    /// A service refused what setting a PIN needs of it.
    #[error("service {} refused to keep a part ({code:?})", seat.index() + 1)]
    Refused {
        /// Which.
        seat: Seat,
        /// With what.
        code: ErrorCode,
    },
    /// A service did not answer; setting a PIN needs all three.
    #[error("service {} did not answer", .0.index() + 1)]
    Silent(Seat),
    /// A service answered what is not of the protocol.
    #[error("service {} answered something that is not of the protocol", .0.index() + 1)]
    Garbled(Seat),
}
