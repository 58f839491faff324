//! A pass for making an account, as one person gives it to another: a line of text that says where it is good. Nothing in
//! it says who gave it.

use super::Token;
use crate::{Domain, ProtoError, Wire};
use data_encoding::BASE64URL_NOPAD;
use std::{fmt, str::FromStr};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// What the text begins with, so that a person sees what it is.
const PREFIX: &str = "trefoil-pass-";
/// What it is, in errors.
const NAME: &str = "registration pass";

/// A pass for making an account, and where. Whoever holds it can spend it, so it is shown only when it is asked for.
#[derive(Clone, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RegistrationPass {
    /// The service that takes it.
    pub domain: Domain,
    /// What it takes.
    pub token: Token,
}

impl fmt::Debug for RegistrationPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegistrationPass({}, ..)", self.domain)
    }
}

impl fmt::Display for RegistrationPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", BASE64URL_NOPAD.encode(&self.encode()))
    }
}

impl FromStr for RegistrationPass {
    type Err = ProtoError;

    /// Reads the text form. White space around it is the caller's to cut off.
    fn from_str(text: &str) -> Result<Self, ProtoError> {
        if text.len() > PREFIX.len() + BASE64URL_NOPAD.encode_len(Self::LIMIT) {
            return Err(ProtoError::TooLarge { what: NAME, limit: Self::LIMIT });
        }
        let coded = text.strip_prefix(PREFIX).ok_or(ProtoError::Malformed(NAME))?;
        let bytes = BASE64URL_NOPAD.decode(coded.as_bytes()).map_err(|_| ProtoError::Malformed(NAME))?;
        Self::decode(&bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::passes::AUTHENTICATOR;

    #[test]
    fn a_pass_is_one_line_that_is_read_as_it_was_written() {
        let token = Token {
            token_type: 1,
            nonce: [1; 32],
            challenge_digest: [2; 32],
            key_id: [3; 32],
            authenticator: [4; AUTHENTICATOR],
        };
        let pass = RegistrationPass { domain: "a.example".parse().unwrap(), token };
        let text = pass.to_string();
        assert!(text.starts_with("trefoil-pass-CWEuZXhhbXBsZQAB"), "{text}");
        assert_eq!(text.parse::<RegistrationPass>().unwrap(), pass);
        assert!(!format!("{pass:?}").contains("0101"));
        let long = format!("{text}{}", "A".repeat(2000));
        for bad in ["", "trefoil-pass-", &text[1..], &text[..text.len() - 4], &format!("{text}AAAA"), &long] {
            assert!(bad.parse::<RegistrationPass>().is_err(), "{bad}");
        }
    }
}
