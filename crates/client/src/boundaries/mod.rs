//! What a person keeps away from themselves: people whom they blocked or restricted, strangers, words that they do not want
//! to read. All of it is in the encrypted store of the device, and goes to the person's other devices with the history and to
//! the backup, sealed; nobody else is ever told: what is kept away is kept away here, after it has come.

mod around;
mod commands;
mod first;
mod folding;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod people;
mod reception;
mod scams;
mod words;

pub use around::{Away, away};
pub use first::FirstContact;
pub use people::{Kept, STANCES, Stance, kept, stance};
pub use reception::{Reception, reception};
pub use scams::{Suspicion, suspicion};
pub use words::{HIDDEN_WORDS, LONGEST as LONGEST_WORD, MOST as MOST_WORDS, hidden_words};

pub(crate) use folding::Folded as FoldedText;
pub(crate) use people::is_anybody_kept;
pub(crate) use words::hides;

use crate::{
    conversation::{Body, ConversationError},
    overlay::Overlay,
};
use trefoil_proto::UserUri;

/// Why a message is shown only when the person asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folded {
    /// Its sender is blocked.
    Blocked,
    /// It has a word that the person hid.
    Words,
}

/// Why somebody else's message is not shown at once, if it is not.
///
/// # Errors
/// Only the store.
pub(crate) fn folded(
    tx: &Overlay,
    sender: &UserUri,
    body: Option<&Body>,
) -> Result<Option<Folded>, ConversationError> {
    if stance(tx, sender)? == Stance::Blocked {
        return Ok(Some(Folded::Blocked));
    }
    Ok(match body {
        Some(body) if hides(tx, body)? => Some(Folded::Words),
        _ => None,
    })
}
