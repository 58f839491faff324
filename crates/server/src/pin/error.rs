//! What the PIN vault refuses.

use trefoil_store::StoreError;

/// Why an act on the PIN vault failed. Safe to log: it never names a record or a person.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// The bytes are no element of the group, or its identity.
    #[error("not an element of ristretto255")]
    Element,
    /// The record's name did not sign this.
    #[error("the signature by the record's name does not verify")]
    Signature,
    /// The ticket is not of this service and name, or too old.
    #[error("the ticket is not good for this record, or no longer")]
    Ticket,
    /// There is a record of this name with other content, or there was.
    #[error("there is another record of this name, or there was")]
    InUse,
    /// There are as many records as this service keeps.
    #[error("this service keeps no more PIN records")]
    Full,
    /// There is no record of this name.
    #[error("there is no such record")]
    NoSuchRecord,
    /// The record was locked; nothing unlocks it.
    #[error("the record is locked")]
    Locked,
    /// The record was never tried so often.
    #[error("there was no such try")]
    NoSuchTry,
    /// The note is not one that can be.
    #[error("not a note of three records on three services")]
    NoNote,
    /// Somebody else's note is found by this name.
    #[error("somebody else is found by this name: choose another")]
    Taken,
    /// There is no note.
    #[error("there is no PIN for this")]
    NotKept,
    /// Others changed the same rows again and again.
    #[error("too many requests for the same record")]
    Contended,
    /// A key could not be derived.
    #[error("derive the key of a PIN record")]
    Derive,
    /// A stored row does not decode.
    #[error("a stored row of the PIN vault does not decode")]
    DamagedRow,
    /// Reading rows failed.
    #[error("read the PIN vault")]
    Read(#[source] StoreError),
    /// Writing rows failed.
    #[error("write the PIN vault")]
    Write(#[source] StoreError),
}
