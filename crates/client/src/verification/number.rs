//! Safety numbers: sixty digits that two people compare, read aloud or side by side.

use sha2::{Digest as _, Sha512};
use std::{fmt, str::FromStr};
use tls_codec::{Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{UserUri, credential::AccountKey};

const LABEL: &[u8] = b"Trefoil 1.0 SafetyNumber";
/// How often SHA-512 is applied: what whoever looks for a key with the same digits pays for each try.
const ITERATIONS: usize = 5200;
/// Groups of five digits for each of the two.
const GROUPS: usize = 6;

/// A person with an account key, as one device knows them.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Identity {
    /// The person.
    pub user: UserUri,
    /// Their account key.
    pub key: AccountKey,
}

#[derive(TlsSize, TlsSerialize)]
struct HalfTbs<'a> {
    label: &'a [u8],
    user: UserUri,
    key: AccountKey,
}

/// One person's thirty digits.
type Half = [u32; GROUPS];

/// What two people compare. The same for both, whoever computes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SafetyNumber([Half; 2]);

/// Not sixty digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a safety number: it has sixty digits")]
pub struct BadNumber;

impl SafetyNumber {
    /// The number of two people.
    pub fn of(one: &Identity, other: &Identity) -> Self {
        let mut halves = [half(one), half(other)];
        halves.sort_unstable();
        Self(halves)
    }

    /// The twelve groups of five digits, in the order in which they are read.
    pub fn groups(&self) -> impl Iterator<Item = String> {
        self.0.into_iter().flatten().map(|group| format!("{group:05}"))
    }
}

impl Identity {
    /// This person's half of every safety number: thirty digits in groups of five.
    pub fn fingerprint(&self) -> String {
        half(self).map(|group| format!("{group:05}")).join(" ")
    }
}

/// Thirty bytes of the hash become six groups of five digits.
fn half(identity: &Identity) -> Half {
    let tbs = HalfTbs { label: LABEL, user: identity.user.clone(), key: identity.key };
    let mut hash = Sha512::digest(tbs.tls_serialize_detached().expect("bounded structures always serialise"));
    for _ in 1..ITERATIONS {
        hash = Sha512::new().chain_update(hash).chain_update(identity.key.0).finalize();
    }
    let mut half = Half::default();
    for (group, bytes) in half.iter_mut().zip(hash.chunks_exact(5)) {
        let number = bytes.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        // Less than 100 000 fits.
        *group = (number % 100_000) as u32;
    }
    half
}

/// One line; with `{:#}` four lines of three groups.
impl fmt::Display for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, group) in self.groups().enumerate() {
            let before = match place {
                0 => "",
                place if f.alternate() && place % 3 == 0 => "\n",
                _ => " ",
            };
            write!(f, "{before}{group}")?;
        }
        Ok(())
    }
}

/// Sixty digits, with white space wherever it is.
impl FromStr for SafetyNumber {
    type Err = BadNumber;

    fn from_str(text: &str) -> Result<Self, BadNumber> {
        let mut digits = text.chars().filter(|letter| !letter.is_whitespace());
        let mut halves = [Half::default(); 2];
        for group in halves.iter_mut().flatten() {
            for _ in 0..5 {
                let digit = digits.next().and_then(|letter| letter.to_digit(10)).ok_or(BadNumber)?;
                *group = *group * 10 + digit;
            }
        }
        if digits.next().is_none() { Ok(Self(halves)) } else { Err(BadNumber) }
    }
}
