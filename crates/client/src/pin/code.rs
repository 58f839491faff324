//! The PIN as it was typed, and what is made of it.

use super::{PinError, keys::SecretBytes};
use argon2::{Algorithm, Argon2, Params, Version};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::{Zeroize as _, Zeroizing};

/// Fewest characters of a PIN that is set.
pub const SHORTEST: usize = 6;
/// Fewest of one that is tried: PINs were set when so many were enough, and restore.
const SHORTEST_EVER: usize = 4;
/// Most bytes of a PIN, in UTF-8.
pub const LONGEST: usize = 128;

/// RFC 9106, section 4, the second recommended option: 64 MiB, 3 passes, 4 lanes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;

/// A PIN or passphrase in the form in which it is used; wiped when dropped, never shown.
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// Takes a PIN that is to be set, as it was typed: compatible forms of a character count as one (NFKC), blanks around it
    /// do not count.
    ///
    /// # Errors
    /// [`PinError::TooShort`], in characters; [`PinError::Unusable`] says why: longer than [`LONGEST`] bytes, or with control
    /// characters.
    pub fn new(typed: &str) -> Result<Self, PinError> {
        Self::of(typed, SHORTEST)
    }

    /// Takes a PIN that was set before, when fewer characters may have been enough.
    ///
    /// # Errors
    /// As [`Pin::new`]; no PIN was ever so short.
    pub fn to_try(typed: &str) -> Result<Self, PinError> {
        Self::of(typed, SHORTEST_EVER)
    }

    fn of(typed: &str, shortest: usize) -> Result<Self, PinError> {
        // The longest that NFKC makes of a byte is bounded; what is far too long is not looked at.
        if typed.len() > LONGEST * 4 {
            return Err(PinError::Unusable("a PIN has 128 bytes at most"));
        }
        let mut composed: String = typed.trim().nfkc().collect();
        let pin = Zeroizing::new(composed.trim().to_owned());
        composed.zeroize();
        if pin.chars().any(char::is_control) {
            return Err(PinError::Unusable("a PIN has no control characters"));
        }
        if pin.chars().count() < shortest {
            return Err(PinError::TooShort { least: shortest });
        }
        if pin.len() > LONGEST {
            return Err(PinError::Unusable("a PIN has 128 bytes at most"));
        }
        Ok(Self(pin))
    }

    /// Argon2id. It slows down nobody but two services that guess together: one alone has nothing to guess against.
    pub(super) fn stretch(&self, salt: &[u8; 32]) -> Result<SecretBytes, PinError> {
        let mut stretched = SecretBytes::zero();
        let parameters = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).map_err(|_| PinError::Stretch)?;
        let labelled = [b"Trefoil 1.0 PinStretch".as_slice(), &[0], salt].concat();
        Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
            .hash_password_into(self.0.as_bytes(), &labelled, stretched.as_mut())
            .map_err(|_| PinError::Stretch)?;
        Ok(stretched)
    }
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn taken(typed: &str) -> Option<String> {
        Pin::to_try(typed).ok().map(|pin| pin.0.to_string())
    }

    #[test]
    fn what_looks_the_same_is_the_same() {
        assert_eq!(taken(" 1234\n").unwrap(), "1234");
        assert_eq!(taken("１２３４").unwrap(), "1234");
        assert_eq!(taken("cafe\u{301}").unwrap(), taken("caf\u{e9}").unwrap());
        assert_ne!(taken("Cafe").unwrap(), taken("cafe").unwrap());
        assert_eq!(taken("correct horse").unwrap(), "correct horse");
    }

    #[test]
    fn a_new_pin_has_six_characters_and_one_that_was_set_before_four() {
        for (typed, to_set, to_try) in [
            ("12345", false, true),
            ("123456", true, true),
            ("  12345 ", false, true),
            ("１２３４５６", true, true),
        ] {
            assert_eq!((Pin::new(typed).is_ok(), Pin::to_try(typed).is_ok()), (to_set, to_try), "{typed:?}");
        }
        assert!(matches!(Pin::new("12345"), Err(PinError::TooShort { least: SHORTEST })));
        assert_eq!(Pin::new("123").unwrap_err().to_string(), "a PIN has 6 characters at least");
    }

    #[test]
    fn a_pin_has_128_bytes_at_most() {
        for (typed, fits) in [
            ("123".to_owned(), false),
            ("   1   ".to_owned(), false),
            ("12\u{0}34".to_owned(), false),
            ("x".repeat(128), true),
            ("x".repeat(129), false),
            ("\u{e9}".repeat(64), true),
            ("\u{e9}".repeat(65), false),
            (" ".repeat(100_000), false),
            // One character that becomes eighteen.
            ("\u{fdfa}".repeat(5), false),
        ] {
            assert_eq!(taken(&typed).is_some(), fits, "{} bytes", typed.len());
        }
    }

    #[test]
    fn nothing_is_shown_and_the_salt_matters() {
        let pin = Pin::new("123456").unwrap();
        assert_eq!(format!("{pin:?}"), "Pin(..)");
        let stretched = pin.stretch(&[1; 32]).unwrap();
        assert!(stretched.same(&pin.stretch(&[1; 32]).unwrap()));
        assert!(!stretched.same(&pin.stretch(&[2; 32]).unwrap()));
        assert!(!stretched.same(&Pin::new("123457").unwrap().stretch(&[1; 32]).unwrap()));
    }
}
