//! Where two devices of one account meet at their service while one is linked: a slot with two sealed halves, each put
//! once and read by whoever knows the slot. `PUT` and `GET` under [`crate::paths::CLIENT_ROOT`], without a token, since
//! the new device has no account yet; what is sealed, and under what, is in `docs/spec/linking.md`.

use crate::ProtoError;
use std::{fmt, str::FromStr};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Names a slot: 128 bits that follow from a secret which the service never has. In paths as 32 digits of lowercase
/// hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SlotId(pub [u8; 16]);

/// Which half of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Half {
    /// What the new device asks. It opens the slot.
    Request,
    /// What the account's first device answers.
    Answer,
}

/// `PUT rendezvous/{slot}/{half}`: answered 201; repeated byte for byte: 200; with other bytes: `Conflict`. And the answer
/// to `GET` of the same; 204 without a body if the slot has no answer yet.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct SealedHalf {
    /// Its bytes, at most [`Half::limit`], never none.
    #[tls_codec(with = "crate::wire::opaque")]
    pub sealed: Vec<u8>,
}

impl Half {
    /// Most sealed bytes, the request's some kilobytes; an answer names the account's rooms.
    pub const fn limit(self) -> usize {
        match self {
            Self::Request => crate::limits::LINK_REQUEST,
            Self::Answer => crate::limits::LINK_ANSWER,
        }
    }

    /// As it stands in a path.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Answer => "answer",
        }
    }
}

impl FromStr for Half {
    type Err = ProtoError;

    fn from_str(raw: &str) -> Result<Self, ProtoError> {
        [Self::Request, Self::Answer]
            .into_iter()
            .find(|half| half.as_str() == raw)
            .ok_or(ProtoError::Malformed("half of a rendezvous"))
    }
}

impl FromStr for SlotId {
    type Err = ProtoError;

    fn from_str(raw: &str) -> Result<Self, ProtoError> {
        let decoded = data_encoding::HEXLOWER.decode(raw.as_bytes()).ok();
        let bytes = decoded.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(ProtoError::Malformed("slot of a rendezvous"))
    }
}

impl fmt::Display for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Whoever knows a slot can read and fill it: logs get its beginning.
impl fmt::Debug for SlotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..2].iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_slot_is_written_in_one_way(id: [u8; 16], other in "[0-9a-fA-F]{0,40}") {
            let slot = SlotId(id);
            prop_assert_eq!(slot.to_string().len(), 32);
            prop_assert_eq!(slot.to_string().parse::<SlotId>().unwrap(), slot);
            if let Ok(read) = other.parse::<SlotId>() {
                prop_assert_eq!(read.to_string(), other);
            }
        }
    }

    #[test]
    fn halves_have_their_names_and_no_others() {
        for half in [Half::Request, Half::Answer] {
            assert_eq!(half.as_str().parse::<Half>().unwrap(), half);
        }
        assert!("Request".parse::<Half>().is_err() && "".parse::<Half>().is_err());
    }
}
