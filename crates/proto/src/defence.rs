//! The defences that the drill takes away, one at a time, to show that its attacks are real: an attack that fails
//! against every defence and succeeds without it was stopped by it.
//!
//! In every build that people get, [`Defence::stands`] is the constant `true` and costs nothing: without the feature
//! `undefended` no switch is compiled in. The binary refuses to be built with that feature (`crates/trefoil/src/main.rs`).

#[cfg(feature = "undefended")]
mod switches;
#[cfg(feature = "undefended")]
pub use switches::{Away, take_away};

/// True only in a build for the drill.
pub const SWITCHABLE: bool = cfg!(feature = "undefended");

/// A check that stands between an adversary and a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
pub enum Defence {
    /// The account's signature over its devices: in credentials and in device sets.
    AccountSignature,
    /// Nothing is encrypted to a device that the key directory does not prove.
    KeyDirectory,
    /// A directory's root counts only with the signature of another service.
    Auditors,
    /// A root that is older than one that was seen is refused.
    NewestRoot,
    /// A directory has no more versions of a person's devices than the person signed.
    Versions,
    /// Roots that others saw are compared with one's own.
    RootsCompared,
    /// Members judge every commit themselves.
    RoomRules,
    /// A message is opened once: its key is gone afterwards.
    OpenedOnce,
    /// A key package admits once: its private key is gone afterwards.
    KeyUsedOnce,
    /// Counters and transcripts of what each device sent.
    Order,
    /// The hub's stamp over sender, room and time.
    Stamp,
    /// A device shows no message whose tag is not that of its content.
    FrankingTag,
    /// A service speaks for its own people only.
    PeerForItsOwn,
    /// A room has the best suite that all its devices can do.
    Suite,
    /// A binary has the hash that the public log has.
    ReleaseHash,
    /// A report is taken only with the hub's own stamp over what it shows.
    ReportStamp,
    /// A report is handed on by the hub in whose room it was, and by nobody else.
    HandedOnByHub,
    /// A message that another hub shows counts only with the mark that the sender's own service put on it.
    SenderFrank,
}

impl Defence {
    /// Whether the check is made.
    #[cfg(not(feature = "undefended"))]
    #[inline]
    pub const fn stands(self) -> bool {
        true
    }

    /// Whether the check is made.
    #[cfg(feature = "undefended")]
    pub fn stands(self) -> bool {
        switches::stands(self)
    }
}
