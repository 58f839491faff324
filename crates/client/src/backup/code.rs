//! The recovery code: 160 random bits, as a person writes them down.

use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use std::{fmt, str::FromStr};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

/// Random bytes in a code.
const SEED: usize = 20;
/// Characters of the seed, and of the checksum behind it.
const LETTERS: usize = 32;
const CHECK: usize = 4;
const GROUP: usize = 4;
/// Crockford's base 32: no I, L, O or U, which look like others or make words.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Longest text that is looked at, in bytes.
const LONGEST: usize = 256;
const TAIL_LABEL: &[u8] = b"Trefoil 1.0 RecoverySecret";
const CHECK_LABEL: &[u8] = b"Trefoil 1.0 RecoveryCode";

/// What everything of a backup is derived from: 20 random bytes, and 12 that follow from them. So 32 bytes that are
/// kept in another way (behind a PIN) lead to the same backup, and give the code again.
#[derive(Clone, ZeroizeOnDrop)]
pub struct RecoverySecret([u8; 32]);

/// A [`RecoverySecret`] to be written down: nine groups of four characters. Upper and lower case, spaces and hyphens do
/// not matter, and O, I and L are read as what they look like. The last group is a checksum.
#[derive(Clone)]
pub struct RecoveryCode(RecoverySecret);

/// The text is no recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRecoveryCode {
    /// Characters are missing, or there are too many.
    #[error("a recovery code has 36 letters and digits, and this has {0}")]
    Length(usize),
    /// A character that no code has.
    #[error("a recovery code has letters and digits only, and no U")]
    Character,
    /// The checksum does not fit: a slip of the pen.
    #[error("that is not quite the code: at least one character is wrong, compare it group by group")]
    Checksum,
}

impl RecoverySecret {
    /// The secret of a seed.
    pub fn from_seed(seed: &[u8; SEED]) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(seed).expect("HMAC takes keys of any length");
        mac.update(TAIL_LABEL);
        let mut tail: [u8; 32] = mac.finalize().into_bytes().into();
        let mut secret = [0; 32];
        secret[..SEED].copy_from_slice(seed);
        secret[SEED..].copy_from_slice(&tail[..32 - SEED]);
        tail.zeroize();
        Self(secret)
    }

    /// Takes 32 bytes that were kept elsewhere. `None` if they were never a recovery secret.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let mut seed = Zeroizing::new([0; SEED]);
        seed.copy_from_slice(&bytes[..SEED]);
        let secret = Self::from_seed(&seed);
        bool::from(secret.0.ct_eq(bytes)).then_some(secret)
    }

    /// Its 32 bytes, to be kept elsewhere.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its readable form.
    pub fn code(&self) -> RecoveryCode {
        RecoveryCode(self.clone())
    }

    fn seed(&self) -> &[u8] {
        &self.0[..SEED]
    }
}

impl RecoveryCode {
    /// What it stands for.
    pub fn secret(&self) -> &RecoverySecret {
        &self.0
    }

    fn letters(&self) -> Zeroizing<Vec<u8>> {
        let mut letters = Zeroizing::new(Vec::with_capacity(LETTERS + CHECK));
        for five in self.0.seed().chunks(5) {
            push(&mut letters, five);
        }
        let check = checksum(self.0.seed());
        let mut group = Zeroizing::new(Vec::with_capacity(8));
        push(&mut group, &check[..5]);
        letters.extend_from_slice(&group[..CHECK]);
        letters
    }
}

/// Eight characters for five bytes.
fn push(letters: &mut Vec<u8>, five: &[u8]) {
    let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    letters.extend((0..8).rev().map(|place| ALPHABET[(bits >> (5 * place) & 31) as usize]));
}

fn checksum(seed: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(CHECK_LABEL).chain_update(seed).finalize().into()
}

/// With hyphens between the groups. This is the secret itself: for the person's eyes, never for a log.
impl fmt::Display for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, letter) in self.letters().iter().enumerate() {
            if place > 0 && place % GROUP == 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*letter))?;
        }
        Ok(())
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

impl fmt::Debug for RecoverySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoverySecret(..)")
    }
}

impl PartialEq for RecoverySecret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl FromStr for RecoveryCode {
    type Err = BadRecoveryCode;

    fn from_str(text: &str) -> Result<Self, BadRecoveryCode> {
        if text.len() > LONGEST {
            return Err(BadRecoveryCode::Length(text.len()));
        }
        let mut values = Zeroizing::new(Vec::with_capacity(LETTERS + CHECK));
        for letter in text.chars().filter(|letter| !letter.is_whitespace() && !"-–—".contains(*letter)) {
            values.push(value(letter).ok_or(BadRecoveryCode::Character)?);
        }
        if values.len() != LETTERS + CHECK {
            return Err(BadRecoveryCode::Length(values.len()));
        }
        let mut seed = Zeroizing::new([0; SEED]);
        for (eight, five) in values.chunks_exact(8).zip(seed.chunks_exact_mut(5)) {
            let bits = eight.iter().fold(0_u64, |bits, value| bits << 5 | u64::from(*value));
            five.copy_from_slice(&bits.to_be_bytes()[3..]);
        }
        let code = RecoverySecret::from_seed(&seed).code();
        let written = code.letters();
        let given = values[LETTERS..].iter().map(|value| ALPHABET[usize::from(*value)]);
        if given.eq(written[LETTERS..].iter().copied()) { Ok(code) } else { Err(BadRecoveryCode::Checksum) }
    }
}

fn value(letter: char) -> Option<u8> {
    let letter = match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let place = ALPHABET.iter().position(|known| char::from(*known) == letter)?;
    u8::try_from(place).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_has_one_form_and_is_read_in_many() {
        let secret = RecoverySecret::from_seed(&[0xa5; SEED]);
        let code = secret.code().to_string();
        assert_eq!(code.len(), 9 * 4 + 8);
        assert_eq!(code, "MPJT-B9D5-MPJT-B9D5-MPJT-B9D5-MPJT-B9D5-HXER");
        for written in [
            code.to_lowercase(),
            code.replace('-', " "),
            code.replace('-', ""),
            format!("  {}\n", code.replace('-', " – ")),
        ] {
            assert!(*written.parse::<RecoveryCode>().unwrap().secret() == secret, "{written}");
        }
        let zero = RecoverySecret::from_seed(&[0; SEED]).code().to_string();
        assert!(
            *zero.replace('0', "o").parse::<RecoveryCode>().unwrap().secret()
                == RecoverySecret::from_seed(&[0; SEED])
        );
        let read = |text: &str| text.parse::<RecoveryCode>().err();
        assert_eq!(read(""), Some(BadRecoveryCode::Length(0)));
        assert_eq!(read(&code[..40]), Some(BadRecoveryCode::Length(32)));
        assert_eq!(read(&code.replacen(char::is_alphanumeric, "U", 1)), Some(BadRecoveryCode::Character));
        assert_eq!(read(&"A".repeat(999)), Some(BadRecoveryCode::Length(999)));
        assert_eq!(format!("{:?} {:?}", secret.code(), secret), "RecoveryCode(..) RecoverySecret(..)");
    }

    proptest! {
        #[test]
        fn a_slip_of_the_pen_is_told(seed in any::<[u8; SEED]>(), at in 0_usize..36, by in 1_usize..32, other in 0_usize..35) {
            let code = RecoverySecret::from_seed(&seed).code();
            let letters = code.letters().to_vec();
            let text = |letters: &[u8]| String::from_utf8(letters.to_vec()).unwrap();
            let read = text(&letters).parse::<RecoveryCode>().unwrap();
            prop_assert_eq!(read.secret().bytes(), code.secret().bytes());
            let mut wrong = letters.clone();
            let place = ALPHABET.iter().position(|known| *known == wrong[at]).unwrap();
            wrong[at] = ALPHABET[(place + by) % 32];
            prop_assert_eq!(text(&wrong).parse::<RecoveryCode>().err(), Some(BadRecoveryCode::Checksum));
            let mut swapped = letters.clone();
            swapped.swap(other, other + 1);
            let read = text(&swapped).parse::<RecoveryCode>();
            prop_assert_eq!(read.is_ok(), swapped == letters);
        }

        #[test]
        fn bytes_that_were_kept_lead_back(seed in any::<[u8; SEED]>(), at in 0_usize..32, bit in 0_u8..8) {
            let secret = RecoverySecret::from_seed(&seed);
            prop_assert!(RecoverySecret::from_bytes(secret.bytes()).unwrap() == secret);
            let mut spoilt = *secret.bytes();
            spoilt[at] ^= 1 << bit;
            prop_assert!(RecoverySecret::from_bytes(&spoilt).is_none());
        }
    }
}
