//! How strangers are received.

use crate::{
    conversation::ConversationError,
    overlay::Overlay,
    rows::{ACCOUNT, name},
};

const VERSION: u8 = 1;
const SILENT: u8 = 1;
const STRICT: u8 = 2;

/// What holds for whoever is no contact. Somebody is one whom the person verified, or with whom alone they have a
/// conversation that they opened or took up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reception {
    /// What strangers do makes no noise: no notification, and requests are not counted.
    pub silence_unknown: bool,
    /// Contacts only: requests of strangers are out of the way, their pictures are not loaded before they are asked for, and
    /// nobody hears that something came or was read, or that somebody writes, where a stranger would.
    pub strict: bool,
}

impl Reception {
    /// Whether it matters who is a contact.
    pub fn tells_apart(self) -> bool {
        self.silence_unknown || self.strict
    }
}

/// How strangers are received.
///
/// # Errors
/// Only the store.
pub fn reception(tx: &Overlay) -> Result<Reception, ConversationError> {
    match tx.get(ACCOUNT, name::RECEPTION)?.as_deref() {
        None => Ok(Reception::default()),
        Some([VERSION, flags]) => {
            Ok(Reception { silence_unknown: flags & SILENT != 0, strict: flags & STRICT != 0 })
        }
        Some(_) => Err(ConversationError::Row("reception of strangers")),
    }
}

/// Receives strangers so from now on.
pub(super) fn set(tx: &mut Overlay, wanted: Reception) {
    let flag = |on: bool, flag: u8| if on { flag } else { 0 };
    let flags = flag(wanted.silence_unknown, SILENT) | flag(wanted.strict, STRICT);
    tx.put(ACCOUNT, name::RECEPTION, [VERSION, flags]);
}
