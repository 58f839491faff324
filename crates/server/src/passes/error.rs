//! Why a pass is not issued, or does not count.

use trefoil_store::StoreError;

/// Why a pass is not issued, or does not count. Safe to log.
#[derive(Debug, thiserror::Error)]
pub enum PassesError {
    /// Passes are not asked for here.
    #[error("nobody needs a pass here")]
    NotNeeded,
    /// More than one request may ask for.
    #[error("too many passes at once")]
    TooMany,
    /// Another type of Privacy Pass token.
    #[error("passes are of type 0x0001")]
    OtherType,
    /// The request is for the key of another time or purpose.
    #[error("the key of today is another one: ask for it")]
    OtherKey,
    /// The bytes are no element of the group, or its identity.
    #[error("not an element of P-384")]
    Element,
    /// The pass is not one of this service, or for something else, or of a time that is over.
    #[error("this pass is not good here, or not any more")]
    Bad,
    /// It was spent before.
    #[error("this pass was spent")]
    Spent,
    /// The key could not be derived.
    #[error("derive the key of passes")]
    Derive,
    /// The proof could not be made.
    #[error("prove what was issued")]
    Prove,
    /// The work was broken off.
    #[error("the work on a pass was broken off")]
    Stopped,
    /// Reading rows failed.
    #[error("read spent passes")]
    Read(#[source] StoreError),
    /// Storing rows failed.
    #[error("store a spent pass")]
    Write(#[source] StoreError),
}
