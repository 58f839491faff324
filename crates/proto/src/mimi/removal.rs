//! A hub asks a room's members to take somebody out: it takes nothing from that person any more, and cannot remove
//! anybody itself (`docs/spec/removal.md`). Profile addition.

use crate::{ProtoError, RoomUri, Timestamp, UserUri, edge::signed_content, limits};
use ed25519_dalek::{Signature, VerifyingKey};
use std::{fmt, str::FromStr};
use tls_codec::{DeserializeBytes, Error, TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Label of a hub's signature over a removal that it asks for.
const REMOVAL_LABEL: &str = "Trefoil 1.0 RemovalRequest";

/// What a hub asks of a room's members, who can check that it did and show it to others.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RemovalRequest {
    /// What is signed.
    pub tbs: RemovalRequestTbs,
    /// Ed25519 by the room's franking agent over `"Trefoil 1.0 RemovalRequest"` and `tbs` ([`signed_content`]).
    pub signature: [u8; 64],
}

/// The signed part of it.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RemovalRequestTbs {
    /// From which room.
    pub room: RoomUri,
    /// Who is to go, with all devices.
    pub user: UserUri,
    /// When it was asked.
    pub at: Timestamp,
    /// Why, for people to read.
    pub reason: RemovalReason,
}

/// Why somebody is to go: UTF-8 of 1 to [`limits::REASON`] bytes, without control characters.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize)]
pub struct RemovalReason(#[tls_codec(with = "crate::wire::opaque")] Vec<u8>);

impl RemovalRequest {
    /// Makes one with the signature that `sign` gives over the content: the key is the hub's and stays there.
    pub fn sign(tbs: RemovalRequestTbs, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Self {
        let signature = sign(&content(&tbs).expect("two URIs, a time and a short text always encode"));
        Self { tbs, signature }
    }

    /// Checks that the hub with this key asked for exactly this.
    ///
    /// # Errors
    /// [`ProtoError::Unverified`].
    pub fn verify(&self, hub: &VerifyingKey) -> Result<(), ProtoError> {
        hub.verify_strict(&content(&self.tbs)?, &Signature::from_bytes(&self.signature))
            .map_err(|_| ProtoError::Unverified("request to remove somebody"))
    }
}

impl RemovalReason {
    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("checked when it was made")
    }
}

impl FromStr for RemovalReason {
    type Err = ProtoError;

    fn from_str(text: &str) -> Result<Self, ProtoError> {
        if text.len() > limits::REASON {
            return Err(ProtoError::TooLarge { what: "reason", limit: limits::REASON });
        }
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            return Err(ProtoError::Malformed("reason"));
        }
        Ok(Self(text.as_bytes().to_vec()))
    }
}

impl fmt::Display for RemovalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl DeserializeBytes for RemovalReason {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let (raw, rest) = crate::wire::Reader::new(bytes).text()?;
        let reason = raw.parse().map_err(|_| Error::DecodingError("not a reason".into()))?;
        Ok((reason, rest))
    }
}

fn content(tbs: &RemovalRequestTbs) -> Result<Vec<u8>, ProtoError> {
    signed_content(REMOVAL_LABEL, tbs)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use ed25519_dalek::{Signer as _, SigningKey};

    #[test]
    fn a_request_is_the_hubs_and_says_exactly_this() {
        let hub = SigningKey::from_bytes(&[1; 32]);
        let tbs = RemovalRequestTbs {
            room: "mimi://a.example/r/r1".parse().unwrap(),
            user: "mimi://b.example/u/u1".parse().unwrap(),
            at: Timestamp(1_700_000_000_000),
            reason: "spam".parse().unwrap(),
        };
        let asked = RemovalRequest::sign(tbs, |content| hub.sign(content).to_bytes());
        let refused = Err(ProtoError::Unverified("request to remove somebody"));
        assert_eq!(asked.verify(&hub.verifying_key()), Ok(()));
        assert_eq!(asked.verify(&SigningKey::from_bytes(&[2; 32]).verifying_key()), refused);
        let alterations: [fn(&mut RemovalRequestTbs); 4] = [
            |tbs| tbs.room = "mimi://a.example/r/r2".parse().unwrap(),
            |tbs| tbs.user = "mimi://b.example/u/u2".parse().unwrap(),
            |tbs| tbs.at = Timestamp(0),
            |tbs| tbs.reason = "span".parse().unwrap(),
        ];
        for alter in alterations {
            let mut altered = asked.clone();
            alter(&mut altered.tbs);
            assert_eq!(altered.verify(&hub.verifying_key()), refused);
        }
    }

    #[test]
    fn a_reason_is_a_line_of_text() {
        let longest = "é".repeat(limits::REASON / 2);
        for good in ["spam", "he said “go”", &longest] {
            assert_eq!(good.parse::<RemovalReason>().unwrap().as_str(), good);
        }
        for bad in ["", "  ", "two\nlines", "\u{1b}[2J", &format!("{longest}x")] {
            assert!(bad.parse::<RemovalReason>().is_err(), "{bad:?}");
        }
    }
}
