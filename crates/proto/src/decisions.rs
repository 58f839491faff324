//! What a service tells a person of decisions about their account, and how they appeal (`docs/spec/decisions.md`).

use crate::{ProtoError, Timestamp, wire::Reader};
use data_encoding::BASE32_NOPAD;
use std::{fmt, str::FromStr};
use tls_codec::{DeserializeBytes, Error, TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Words of a person, UTF-8, 1 to [`Words::LIMIT`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize)]
pub struct Words(#[tls_codec(with = "crate::wire::opaque")] Vec<u8>);

impl Words {
    /// Longest, in bytes.
    pub const LIMIT: usize = 4096;

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("checked when it was made")
    }
}

impl FromStr for Words {
    type Err = ProtoError;

    fn from_str(text: &str) -> Result<Self, ProtoError> {
        if text.len() > Self::LIMIT {
            return Err(ProtoError::TooLarge { what: "text", limit: Self::LIMIT });
        }
        if text.trim().is_empty() {
            return Err(ProtoError::Malformed("text"));
        }
        Ok(Self(text.as_bytes().to_vec()))
    }
}

impl DeserializeBytes for Words {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let (raw, rest) = Reader::new(bytes).text()?;
        let words = raw.parse().map_err(|_| Error::DecodingError("no words".into()))?;
        Ok((words, rest))
    }
}

/// Which case a decision belongs to: the first bytes of the SHA-256 of the report that opened it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, TlsSize, TlsSerialize, TlsDeserializeBytes,
)]
pub struct CaseId(pub [u8; 10]);

/// 16 small letters and digits.
impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32_NOPAD.encode(&self.0).to_ascii_lowercase())
    }
}

impl FromStr for CaseId {
    type Err = ProtoError;

    fn from_str(text: &str) -> Result<Self, ProtoError> {
        const REFUSED: ProtoError = ProtoError::Malformed("case");
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(REFUSED);
        }
        let bytes = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).map_err(|_| REFUSED)?;
        bytes.try_into().map(Self).map_err(|_| REFUSED)
    }
}

/// What was done about an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum Measure {
    /// A warning; nothing is taken away.
    Warned = 1,
    /// No new conversations, for a time.
    Limited = 2,
    /// Nothing is taken from the account, for a time.
    Suspended = 3,
    /// Nothing is taken from the account any more.
    Banned = 4,
    /// The members of a room were asked to remove the person.
    RemovalAsked = 5,
}

/// Where a decision stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum DecisionStage {
    /// It stands.
    Made = 1,
    /// The person appealed; somebody else looks at it.
    Appealed = 2,
    /// Somebody else looked at it, and it stands.
    Upheld = 3,
    /// It was taken back.
    Undone = 4,
}

/// Whether an appeal is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum Appeal {
    /// Nothing to appeal against, or it was done, or its time is over.
    Closed = 0,
    /// It is.
    Open = 1,
}

/// One decision about the caller's account. Who reported, and what they showed, is not in it: it would say who they are.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct DecisionNotice {
    /// Its case.
    pub case: CaseId,
    /// When it was made.
    pub at: Timestamp,
    /// What was done.
    pub measure: Measure,
    /// The rule it rests on, by its name in the service's policy.
    pub rule: Words,
    /// Why, written by the safety team for this person.
    pub explanation: Words,
    /// When it ends; `None`: never, or it is over at once.
    pub until: Option<Timestamp>,
    /// Where it stands.
    pub stage: DecisionStage,
    /// Whether an appeal is taken now.
    pub appeal: Appeal,
}

/// The decisions about the caller's account, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct DecisionList {
    /// At most [`DecisionList::MOST`].
    pub decisions: Vec<DecisionNotice>,
}

impl DecisionList {
    /// So many are told.
    pub const MOST: usize = 50;
}

/// An appeal of the person whom a decision is about. Taken once a case.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct AppealDecision {
    /// The decision's case.
    pub case: CaseId,
    /// Why it is wrong.
    pub words: Words,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_case_reads_as_it_is_written() {
        let case = CaseId(*b"0123456789");
        assert_eq!(case.to_string().parse::<CaseId>().unwrap(), case);
        for bad in ["", "a", "0123", &case.to_string().to_uppercase(), &format!("{case}a")] {
            assert!(bad.parse::<CaseId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn words_are_said_and_bounded() {
        assert_eq!("no".parse::<Words>().unwrap().as_str(), "no");
        assert!("  ".parse::<Words>().is_err());
        assert!("x".repeat(Words::LIMIT + 1).parse::<Words>().is_err());
    }
}
