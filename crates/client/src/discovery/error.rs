//! What finding by number can fail with.

use trefoil_proto::Domain;

/// Why nobody could be looked for. Safe to log: no number is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// Not a phone number.
    #[error("a phone number is written in international form: + and 7 to 15 digits")]
    Number,
    /// No number, or too many at once.
    #[error("1 to 128 numbers are looked for at once")]
    Batch,
    /// A number could not be blinded.
    #[error("blind a phone number")]
    Blind,
    /// The service shows another key than this device knows of it.
    #[error(
        "{0} shows this device another key for finding people by number than before. Nothing more was asked: a service has one \
         key for everybody, and who shows each their own could tell them apart"
    )]
    OtherKey(Domain),
    /// The evaluations were not made under the key that came with them.
    #[error("the service does not prove that it answers everybody under one key")]
    Unproven,
    /// What came is no answer.
    #[error("the service answered something that is not of the protocol")]
    Garbled,
    /// A stored key does not decode.
    #[error("the key that is kept of a service does not decode")]
    DamagedRow,
}
