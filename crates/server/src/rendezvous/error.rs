//! What a rendezvous refuses.

/// Why a half of a slot was not put or read. Safe to log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RendezvousError {
    /// It was never opened, or its time is over.
    #[error("there is no such slot, or its time is over")]
    NoSuchSlot,
    /// Something else was put there.
    #[error("something else was put there")]
    Other,
    /// Empty, or more than is taken.
    #[error("the length is not acceptable")]
    Length,
    /// There are as many slots, or bytes in them, as may be; the milliseconds until one ends.
    #[error("too many devices wait to be linked")]
    Full(u32),
    /// As many wait for this answer already as may.
    #[error("too many wait for this answer")]
    Waiting,
}
