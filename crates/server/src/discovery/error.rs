//! What finding by number refuses.

use trefoil_store::StoreError;

/// Why a question by number failed. Safe to log: it never holds a number.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// People of this service have no numbers.
    #[error("people of this service are not found by number")]
    OtherProfile,
    /// Too much, too little, or a prefix that is longer than it says.
    #[error("not a question by number")]
    Malformed,
    /// The bytes are no element of the group, or its identity.
    #[error("not an element of ristretto255")]
    Element,
    /// Buckets are of another size by now.
    #[error("buckets have another size by now: ask anew")]
    OtherBits,
    /// The function's key could not be derived, or a number is none of its inputs.
    #[error("compute the function over a number")]
    Derive,
    /// The proof could not be made.
    #[error("prove what was evaluated")]
    Prove,
    /// A user id could not be sealed.
    #[error("seal a user id")]
    Seal,
    /// A stored row does not decode.
    #[error("a stored row of people by number does not decode")]
    DamagedRow,
    /// Reading rows failed.
    #[error("read people by number")]
    Read(#[source] StoreError),
}
