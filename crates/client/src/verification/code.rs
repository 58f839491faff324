//! What a QR code holds, as text: who shows it, whom they show it to, and the account keys that the one who shows it
//! knows of both. Public: it proves nothing unless it is read off the other person's own device.

use super::Identity;
use std::{fmt, str::FromStr};
use tls_codec::{DeserializeBytes as _, Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{UserUri, credential::AccountKey};

/// In front of every code, so that a wrong paste is told apart.
/// In front of every code, so that a wrong paste is told apart.
pub const PREFIX: &str = "trefoil-verify-";
const VERSION: u8 = 1;
/// Longest code that is looked at, in characters: two of the longest URIs fit.
const LONGEST: usize = 2048;

/// A QR code's content.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct SafetyCode {
    /// Who shows it, with their own key.
    pub by: Identity,
    /// Whom they show it to, with the key that they know of them.
    pub to: Identity,
}

/// The text is no code, or one of a later version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a code of `trefoil verify`, or cut short: give it whole")]
pub struct BadCode;

/// What comparing came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Both know each other's true keys.
    Match,
    /// At least one of the two knows a key that is not the other's.
    Mismatch {
        /// The key that this device knows is not theirs.
        theirs: bool,
        /// The key that they know is not this person's.
        mine: bool,
    },
    /// The code is for or by somebody else: nothing was compared.
    OtherPerson {
        /// Who shows it.
        by: UserUri,
        /// Whom it is for.
        to: UserUri,
    },
}

impl SafetyCode {
    /// Compares a scanned code with what this device knows: `me`, and `key` of the person `user`.
    pub fn compare(&self, me: &Identity, user: &UserUri, key: &AccountKey) -> Comparison {
        if self.by.user != *user || self.to.user != me.user {
            return Comparison::OtherPerson { by: self.by.user.clone(), to: self.to.user.clone() };
        }
        match (self.by.key != *key, self.to.key != me.key) {
            (false, false) => Comparison::Match,
            (theirs, mine) => Comparison::Mismatch { theirs, mine },
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        self.tls_serialize(&mut bytes).expect("bounded structures always serialise");
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, BadCode> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => Self::tls_deserialize_exact_bytes(rest).map_err(|_| BadCode),
            _ => Err(BadCode),
        }
    }
}

impl fmt::Display for SafetyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", data_encoding::BASE64URL_NOPAD.encode(&self.to_bytes()))
    }
}

impl FromStr for SafetyCode {
    type Err = BadCode;

    fn from_str(text: &str) -> Result<Self, BadCode> {
        let text = text.trim().strip_prefix(PREFIX).filter(|text| text.len() <= LONGEST).ok_or(BadCode)?;
        let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| BadCode)?;
        Self::from_bytes(&bytes)
    }
}
