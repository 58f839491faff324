//! Passes: Privacy Pass tokens for first contacts and for registrations (`docs/spec/passes.md`). A service issues them for
//! contacting its own people, and for joining them; a person gets them through their own service, which knows the person
//! and does not see the pass; whoever is turned to is protected by a count of passes, which name nobody.
//!
//! Challenge, request, response and token are those of RFC 9577 and RFC 9578, byte for byte, token type 0x0001:
//! VOPRF(P-384, SHA-384). What goes around them is ours.

mod registration;

pub use registration::RegistrationPass;

use crate::{
    Domain, UserUri,
    mimi::{KeyMaterialRequest, key_material::RequiredCapabilities},
};
use sha2::{Digest as _, Sha256};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// VOPRF(P-384, SHA-384), RFC 9578, section 8.2.1.
pub const TOKEN_TYPE: u16 = 0x0001;
/// Passes in one request.
pub const BATCH: usize = 8;
/// A compressed point of P-384.
pub const ELEMENT: usize = 49;
/// `Nk`: the output of SHA-384.
pub const AUTHENTICATOR: usize = 48;
/// Two scalars of P-384.
pub const PROOF: usize = 96;

/// Opens the redemption context of passes for registrations.
const REGISTRATION_CONTEXT: &[u8] = b"Trefoil 1.0 Registration";

/// What a pass is good for. One for the one is never good for the other: challenge and key differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum Purpose {
    /// Turning to a person of the service.
    FirstContact = 1,
    /// Making an account at the service.
    Registration = 2,
}

/// The public key of an issuer for one time, as RFC 9497 serialises an element.
#[derive(Clone, Copy, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct IssuerKey(pub [u8; ELEMENT]);

impl std::fmt::Debug for IssuerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IssuerKey({:02x}{:02x}..)", self.0[1], self.0[2])
    }
}

impl IssuerKey {
    /// `token_key_id`: RFC 9578, section 5.1.
    pub fn id(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// `truncated_token_key_id`: its last byte.
    pub fn truncated_id(&self) -> u8 {
        let [.., last] = self.id();
        last
    }
}

/// `TokenRequest`: RFC 9578, section 5.1.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct TokenRequest {
    /// [`TOKEN_TYPE`].
    pub token_type: u16,
    /// [`IssuerKey::truncated_id`] of the key that is to issue.
    pub truncated_key_id: u8,
    /// RFC 9497, `blindedElement`.
    pub blinded: [u8; ELEMENT],
}

/// `TokenResponse`: RFC 9578, section 5.2.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct TokenResponse {
    /// RFC 9497, `evaluatedElement`.
    pub evaluated: [u8; ELEMENT],
    /// RFC 9497, `proof`.
    pub proof: [u8; PROOF],
}

/// `Token`: RFC 9577, section 2.2.
#[derive(Clone, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Token {
    /// [`TOKEN_TYPE`].
    pub token_type: u16,
    /// Random, and spent with the token.
    pub nonce: [u8; 32],
    /// [`challenge_digest`] of the service where it is good.
    pub challenge_digest: [u8; 32],
    /// [`IssuerKey::id`].
    pub key_id: [u8; 32],
    /// What only the issuer's key can make.
    pub authenticator: [u8; AUTHENTICATOR],
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Token {
    /// What is blinded and evaluated: RFC 9578, section 5.1.
    pub fn input(nonce: &[u8; 32], challenge_digest: &[u8; 32], key_id: &[u8; 32]) -> Vec<u8> {
        [&TOKEN_TYPE.to_be_bytes()[..], nonce, challenge_digest, key_id].concat()
    }
}

/// `TokenChallenge`: RFC 9577, section 2.1. The issuer and the origin are the service where the pass is good. First contacts
/// have no redemption context, since the day is in the key; registrations have one of their own, which is the same at all
/// times.
pub fn challenge(domain: &Domain, purpose: Purpose) -> Vec<u8> {
    let name = domain.as_str().as_bytes();
    // A domain is far below 65 536 bytes.
    let length = u16::try_from(name.len()).unwrap_or(u16::MAX).to_be_bytes();
    let context = match purpose {
        Purpose::FirstContact => vec![0],
        Purpose::Registration => [&[32][..], &Sha256::digest(REGISTRATION_CONTEXT)].concat(),
    };
    [&TOKEN_TYPE.to_be_bytes()[..], &length, name, &context, &length, name].concat()
}

/// The digest of a service's [`challenge`].
pub fn challenge_digest(domain: &Domain, purpose: Purpose) -> [u8; 32] {
    Sha256::digest(challenge(domain, purpose)).into()
}

/// `POST passes/{domain}`, by a device to its own service and from there to the one that issues. Without requests it asks for
/// the key.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct IssueRequest {
    /// What the passes are to be good for.
    pub purpose: Purpose,
    /// At most [`BATCH`].
    pub requests: Vec<TokenRequest>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Issued {
    /// The issuer's key for the purpose at this time.
    pub key: IssuerKey,
    /// In the order of the requests.
    pub responses: Vec<TokenResponse>,
}

/// `POST firstContact/{user}`: asks for somebody's key packages with a pass.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct FirstContact {
    /// The pass.
    pub token: Token,
    /// What is asked.
    pub claim: Claim,
}

/// What is asked for with a pass.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum Claim {
    /// By a device, as far as the hub of the room, which has to know who is in it.
    #[tls_codec(discriminant = 1)]
    Named(KeyMaterialRequest),
    /// By the hub, to the service of the person: without who asks, and for which room.
    #[tls_codec(discriminant = 2)]
    Nameless(NamelessClaim),
}

/// Asks for one key package of each device of a person.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct NamelessClaim {
    /// Whose key packages.
    pub target_user: UserUri,
    /// In order of preference.
    pub acceptable_ciphersuites: Vec<u16>,
    /// What the room demands.
    pub required_capabilities: RequiredCapabilities,
}

impl NamelessClaim {
    /// A request without who asks.
    pub fn of(request: &KeyMaterialRequest) -> Self {
        Self {
            target_user: request.tbs.target_user.clone(),
            acceptable_ciphersuites: request.tbs.acceptable_ciphersuites.clone(),
            required_capabilities: request.tbs.required_capabilities.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_challenge_is_that_of_the_rfc() {
        // The second test vector of RFC 9578, appendix A.1, with another name: no redemption context.
        let expected = [&[0, 1, 0, 6][..], b"a.test", &[0, 0, 6], b"a.test"].concat();
        let domain = "a.test".parse().unwrap();
        assert_eq!(challenge(&domain, Purpose::FirstContact), expected);
        // The first one has a context.
        let context = Sha256::digest(b"Trefoil 1.0 Registration");
        let expected = [&[0, 1, 0, 6][..], b"a.test", &[32], &context, &[0, 6], b"a.test"].concat();
        assert_eq!(challenge(&domain, Purpose::Registration), expected);
    }
}
