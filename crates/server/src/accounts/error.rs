//! What accounts refuse.

use crate::{directory::DirectoryError, discovery::DiscoveryError, minors::MinorsError, rate::Wait};
use trefoil_store::StoreError;

/// Why an act on accounts failed. Safe to log: it never holds an identifier.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The identifier is of another kind than this service's people have.
    #[error("people of this service have another kind of identifier")]
    OtherProfile,
    /// The identifier is not acceptable.
    #[error("{0}")]
    BadIdentifier(&'static str),
    /// The identifier is in use, or too like one that is.
    #[error("the identifier is taken, or too like one that is")]
    Taken,
    /// The one-time code is wrong, used up or too old.
    #[error("the one-time code is wrong or has expired")]
    WrongCode,
    /// The service makes no more accounts, or sends no more codes, at this time.
    #[error("as many as this service takes in an hour")]
    TooMany(Wait),
    /// A signature does not verify.
    #[error("the signature does not verify")]
    BadSignature,
    /// The URI is not of this service or not of the caller's account.
    #[error("the device does not belong to this account and service")]
    OtherAccount,
    /// The user id, device id or device key is in use with other content.
    #[error("the ids are in use")]
    IdsInUse,
    /// As many devices as an account may have.
    #[error("the account has as many devices as it may have")]
    TooManyDevices,
    /// No such device in the account.
    #[error("no such device")]
    NoSuchDevice,
    /// An account keeps one device at least.
    #[error("the last device of an account cannot be removed")]
    LastDevice,
    /// No such person.
    #[error("no such person")]
    NoSuchPerson,
    /// The device set that came with it is refused, or the key directory failed.
    #[error("enter the device set into the key directory")]
    Directory(#[source] DirectoryError),
    /// The person could not be made to be found by number.
    #[error("enter the number among those that are found")]
    Discovery(#[source] DiscoveryError),
    /// The account cannot be marked as a minor's.
    #[error("{0}")]
    Minors(MinorsError),
    /// Others changed the same rows again and again.
    #[error("too many changes at the same time")]
    Contended,
    /// A stored row does not decode.
    #[error("a stored row of accounts does not decode")]
    DamagedRow,
    /// Reading rows failed.
    #[error("read an account")]
    ReadAccount(#[source] StoreError),
    /// Writing an account failed.
    #[error("store an account")]
    StoreAccount(#[source] StoreError),
    /// Writing a one-time code failed.
    #[error("store a one-time code")]
    StoreCode(#[source] StoreError),
}
