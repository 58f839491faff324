//! The short code by which two devices meet at their service, and the seals of what they leave for each other there
//! (`docs/spec/linking.md`). The code holds a secret; slot and keys follow from it, so the service sees sealed bytes only.
//! What is sealed are the long codes, which are safe to be seen: the seal keeps from the service who is linked and the
//! rooms in the answer, and keeps it from exchanging either. Who sees the short code can do both, and is seen by the
//! number that both devices compare ([`super::compare`]).

use super::{ANSWER, LinkRequest, REQUEST, code, compare, parse};
use crate::{
    Client, ClientError,
    backup::mac,
    core::Core,
    rows::{ACCOUNT, LinkRow, Row as _, Secret, name},
};
use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use data_encoding::BASE64URL_NOPAD;
use std::{fmt, str::FromStr};
use subtle::ConstantTimeEq as _;
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{
    Domain,
    rendezvous::{Half, SlotId},
};
use zeroize::Zeroizing;

/// First byte of what a short code carries. No long code begins with it: there the length of a domain stands first, and no
/// length of this protocol has both upper bits set.
const FORM: u8 = 0xc1;
/// Longest short code that is looked at, in characters.
const LONGEST: usize = 512;
const SALT: &[u8] = b"Trefoil 1.0 LinkRendezvous";
/// One block of HKDF's second step is what is needed.
const BLOCK: u8 = 1;
/// In front of what is sealed: what names it.
const NAME: usize = 32;

#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct Carried {
    form: u8,
    domain: Domain,
    secret: Secret,
}

/// A short code: `trefoil-link-…`. Whoever sees it can read and fill the slot, so it is shown to the first device only.
#[derive(Clone)]
pub struct LinkCode {
    domain: Domain,
    secret: Secret,
}

/// What a device that waits to be linked shows, and what it leaves at its service.
#[derive(Clone, Debug)]
pub struct LinkOffer {
    /// For the account's first device.
    pub code: LinkCode,
    /// The request's half of the code's slot. It is the same however often it is asked for.
    pub sealed: Vec<u8>,
}

impl LinkCode {
    /// The service at which the devices meet.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The slot there.
    pub fn slot(&self) -> SlotId {
        let id = self.derived(&[b"slot"]);
        SlotId(*id.first_chunk().expect("a hash is longer than a slot's id"))
    }

    /// On the first device: the long code that the new one left in the slot, for [`Client::link_approve`].
    ///
    /// # Errors
    /// [`ClientError::RendezvousAltered`] if that is not what it left.
    pub fn open_request(&self, sealed: &[u8]) -> Result<String, ClientError> {
        self.open(Half::Request, sealed)
    }

    /// On the first device: the answer of [`crate::Event::LinkApproved`] as it is left in the slot.
    ///
    /// # Errors
    /// [`ClientError::BadCode`] if it is none; [`ClientError::TooLarge`] for an account of very many rooms.
    pub fn seal_answer(&self, answer: &str) -> Result<Vec<u8>, ClientError> {
        let sealed = self.seal(Half::Answer, answer)?;
        let limit = Half::Answer.limit();
        if sealed.len() > limit { Err(ClientError::TooLarge { limit }) } else { Ok(sealed) }
    }

    /// On the new device: the answer that the first one left, for [`Client::link_finish`].
    ///
    /// # Errors
    /// [`ClientError::RendezvousAltered`] if that is not what it left.
    pub fn open_answer(&self, sealed: &[u8]) -> Result<String, ClientError> {
        self.open(Half::Answer, sealed)
    }

    /// Seals a long code. An answer may be given twice and say more the second time, so the key is made for what is
    /// sealed: its name is a keyed hash of that, the key follows from the name, and seals nothing else. So the nonce is
    /// always zero.
    fn seal(&self, half: Half, long: &str) -> Result<Vec<u8>, ClientError> {
        let text = long.trim().strip_prefix(prefix(half)).ok_or(ClientError::BadCode)?;
        let plain = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| ClientError::BadCode)?;
        let name = self.name(half, &plain);
        let payload = Payload { msg: &plain, aad: half.as_str().as_bytes() };
        let sealed = self.cipher(half, &name[..]).encrypt(&Nonce::default(), payload);
        Ok([&name[..], &sealed.expect("GCM takes what a code may hold")].concat())
    }

    fn open(&self, half: Half, sealed: &[u8]) -> Result<String, ClientError> {
        let (name, rest) = sealed.split_at_checked(NAME).ok_or(ClientError::RendezvousAltered)?;
        let payload = Payload { msg: rest, aad: half.as_str().as_bytes() };
        let plain = self
            .cipher(half, name)
            .decrypt(&Nonce::default(), payload)
            .map_err(|_| ClientError::RendezvousAltered)?;
        if !bool::from(self.name(half, &plain)[..].ct_eq(name)) {
            return Err(ClientError::RendezvousAltered);
        }
        Ok(format!("{}{}", prefix(half), BASE64URL_NOPAD.encode(&plain)))
    }

    fn name(&self, half: Half, plain: &[u8]) -> Zeroizing<[u8; 32]> {
        let key = self.derived(&[half.as_str().as_bytes(), b" name"]);
        mac(&key[..], &[plain])
    }

    fn cipher(&self, half: Half, name: &[u8]) -> Aes256Gcm {
        let root = self.derived(&[half.as_str().as_bytes(), b" key"]);
        let key = mac(&root[..], &[name, &[BLOCK]]);
        Aes256Gcm::new((&*key).into())
    }

    /// HKDF-SHA256 (RFC 5869) of the secret, for one purpose.
    fn derived(&self, purpose: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let root = mac(SALT, &[&self.secret.bytes()[..]]);
        mac(&root[..], &[purpose, &[&[BLOCK]]].concat())
    }

    #[cfg(test)]
    pub(super) fn new(domain: Domain, secret: [u8; 32]) -> Self {
        Self { domain, secret: Secret(secret) }
    }
}

const fn prefix(half: Half) -> &'static str {
    match half {
        Half::Request => REQUEST,
        Half::Answer => ANSWER,
    }
}

impl FromStr for LinkCode {
    type Err = ClientError;

    /// A code as it was scanned, typed or pasted.
    fn from_str(raw: &str) -> Result<Self, ClientError> {
        if raw.trim().len() > LONGEST {
            return Err(ClientError::BadCode);
        }
        let carried: Carried = parse(REQUEST, raw)?;
        if carried.form == FORM {
            Ok(Self { domain: carried.domain, secret: carried.secret })
        } else {
            Err(ClientError::BadCode)
        }
    }
}

impl fmt::Display for LinkCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let carried = Carried { form: FORM, domain: self.domain.clone(), secret: self.secret.clone() };
        f.write_str(&code(REQUEST, &carried))
    }
}

impl fmt::Debug for LinkCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkCode({}, ..)", self.domain)
    }
}

impl Core {
    /// The code and the request follow from what the device keeps of its request, so that it can show the same again
    /// after a restart, and put the same again where the service has forgotten it.
    fn link_offer(&self) -> Result<Option<LinkOffer>, ClientError> {
        let Some(row) = LinkRow::read(&self.tx(), ACCOUNT, name::LINK)? else { return Ok(None) };
        let request: LinkRequest = self.request_of(&row)?;
        // Made by a version that made other keys: nobody could answer it.
        if compare::request_hash(&request) != row.request_hash {
            return Ok(None);
        }
        let root = mac(SALT, &[&row.seal_secret.bytes()[..]]);
        let secret = Secret(*mac(&root[..], &[b"code", &[BLOCK]]));
        let meeting = LinkCode { domain: row.domain, secret };
        let sealed = meeting.seal(Half::Request, &code(REQUEST, &request))?;
        Ok(Some(LinkOffer { code: meeting, sealed }))
    }

    fn link_code(&self, pasted: &str) -> Result<LinkCode, ClientError> {
        let me = self.me()?;
        if me.account.is_none() {
            return Err(ClientError::NotPrimary);
        }
        let code: LinkCode = pasted.parse()?;
        if code.domain == me.user.domain { Ok(code) } else { Err(ClientError::BadCode) }
    }
}

impl Client {
    /// On a new device that asked to be linked ([`Client::link_request_named`]) and has no answer yet: the short code to
    /// show, and what to put into its slot. `None` on any other device.
    ///
    /// # Errors
    /// [`ClientError::Store`], [`ClientError::Row`].
    pub fn link_offer(&self) -> Result<Option<LinkOffer>, ClientError> {
        self.core().link_offer()
    }

    /// On the account's first device: the short code that a new one shows, if it is one for this account's service.
    ///
    /// # Errors
    /// [`ClientError::NotPrimary`], [`ClientError::NoAccount`], [`ClientError::BadCode`].
    pub fn link_code(&self, pasted: &str) -> Result<LinkCode, ClientError> {
        self.core().link_code(pasted)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn sample() -> LinkCode {
        LinkCode::new("account.example.org".parse().unwrap(), [7; 32])
    }

    #[test]
    fn purposes_stay_as_they_are() {
        assert_eq!(sample().slot().to_string(), SLOT);
        assert_eq!(sample().to_string(), CODE);
        let sealed = sample().seal(Half::Request, "trefoil-link-AAAA").unwrap();
        assert_eq!(data_encoding::HEXLOWER.encode(&sealed), SEALED);
    }

    /// Computed by another implementation.
    const SLOT: &str = "07cee53638d3063b6e3edfad18d508ab";
    const CODE: &str = "trefoil-link-wRNhY2NvdW50LmV4YW1wbGUub3JnBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
    const SEALED: &str = "f6703c90ab5ad1bcfabeacd5819be8641d07bc399736c59270bf09a012024272\
                          e1d0e7685f8dd2ff279b4666c66baab234abc2";

    #[test]
    fn what_is_sealed_opens_in_its_half_with_its_code_and_unaltered() {
        let (code, other) = (sample(), LinkCode::new("account.example.org".parse().unwrap(), [8; 32]));
        let sealed = code.seal_answer("trefoil-answer-AAAA").unwrap();
        assert_eq!(code.open_answer(&sealed).unwrap(), "trefoil-answer-AAAA");
        assert!(matches!(code.open_request(&sealed), Err(ClientError::RendezvousAltered)));
        assert!(matches!(other.open_answer(&sealed), Err(ClientError::RendezvousAltered)));
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(code.open_answer(&altered).is_err(), "{at}");
            assert!(code.open_answer(&sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn two_answers_never_share_a_key() {
        let code = sample();
        let [one, two] =
            ["AAAAAAAA", "AAAAAAAB"].map(|text| code.seal_answer(&format!("{ANSWER}{text}")).unwrap());
        assert_ne!(one[..NAME], two[..NAME]);
        // Under one key and nonce the first bytes, which are the same in both, would be.
        assert_ne!(one[NAME..NAME + 4], two[NAME..NAME + 4]);
        assert_eq!(one, code.seal_answer("trefoil-answer-AAAAAAAA").unwrap(), "the same is sealed the same");
    }

    #[test]
    fn what_is_too_large_for_the_slot_is_said_before_it_is_sent() {
        let long = |bytes: usize| format!("{ANSWER}{}", BASE64URL_NOPAD.encode(&vec![1; bytes]));
        let most = Half::Answer.limit() - NAME - 16;
        assert!(sample().seal_answer(&long(most)).is_ok());
        assert!(matches!(sample().seal_answer(&long(most + 1)), Err(ClientError::TooLarge { .. })));
        assert!(matches!(sample().seal_answer("trefoil-link-AAAA"), Err(ClientError::BadCode)));
    }

    proptest! {
        #[test]
        fn a_code_is_written_in_one_way_and_small(domain in "[a-z]{1,40}\\.[a-z]{2,20}", secret: [u8; 32]) {
            let code = LinkCode::new(domain.parse().unwrap(), secret);
            let text = code.to_string();
            // A QR code of 49 modules holds 192 characters at its lowest level of correction.
            prop_assert!(text.len() <= 192);
            let read: LinkCode = format!(" {text}\n").parse().unwrap();
            prop_assert_eq!(read.to_string(), text);
            prop_assert_eq!(read.slot(), code.slot());
        }

        #[test]
        fn other_texts_are_no_codes(text in "(trefoil-link-)?[A-Za-z0-9_-]{0,200}") {
            if let Ok(code) = text.parse::<LinkCode>() {
                prop_assert_eq!(code.to_string(), text);
            }
        }
    }
}
