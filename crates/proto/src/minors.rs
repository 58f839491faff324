//! Accounts of minors and their guardians (`docs/spec/minors.md`): an account that says at its beginning that it is of
//! somebody under age, the proof by which their connections reach it, and the word of a guardian by which it opens.

use crate::{DeviceUri, Month, ProtoError, Timestamp, UserUri, edge::signed_content, passes::Claim};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use tls_codec::{DeserializeBytes, TlsDeserializeBytes, TlsSerialize, TlsSize};
use zeroize::Zeroize;

/// Media type of a reach key on its way to a connection: a [`Reach`].
pub const REACH: &str = "application/vnd.trefoil.reach";
/// Label of a [`ReachProof`].
pub const REACH_LABEL: &str = "Trefoil 1.0 Reach";
/// Label of a guardian's word by their device.
pub const GUARDIAN_LABEL: &str = "Trefoil 1.0 Guardian";
/// Label of a guardian's first word by the key of the minor's link.
pub const GUARDIAN_LINK_LABEL: &str = "Trefoil 1.0 GuardianLink";
/// How far the time of a guardian's word may be from the clock of the minor's service, in milliseconds.
pub const WORD_LIFE: u64 = 5 * 60 * 1000;
/// Longest time for which a guardian opens an account, in milliseconds: a year.
pub const LONGEST_CONSENT: u64 = 366 * 24 * 60 * 60 * 1000;
/// How long the link that a minor shows a guardian is good, in milliseconds: a day.
pub const LINK_LIFE: u64 = 24 * 60 * 60 * 1000;

/// What an account says of itself at its beginning.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Marking {
    /// The month in which the person reaches the age of their place, through which the marking lasts; none: it was not said, and
    /// the marking does not end by itself. A birth date is not said.
    pub ends: Option<Month>,
    /// Ed25519 public key of the account's reach key.
    pub reach: [u8; 32],
}

/// The secret half of a reach key: with it the account of a minor is reached. It is handed to connections, end-to-end
/// encrypted, and never to a service.
#[derive(Clone, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Reach {
    /// Counts the keys of an account: a later one takes the place of an earlier.
    pub serial: u64,
    /// Ed25519 seed.
    pub seed: [u8; 32],
}

impl Drop for Reach {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

impl std::fmt::Debug for Reach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reach({}, ..)", self.serial)
    }
}

impl Reach {
    /// Longest encoding, in bytes.
    pub const LENGTH: usize = 40;

    /// What the service checks proofs with.
    pub fn public(&self) -> [u8; 32] {
        SigningKey::from_bytes(&self.seed).verifying_key().to_bytes()
    }

    /// A proof for reaching somebody once, on a day of the UNIX epoch. The nonce must be random.
    pub fn prove(&self, target: &UserUri, day: u32, nonce: [u8; 32]) -> ReachProof {
        let content = reach_content(target, day, &nonce);
        let signature = SigningKey::from_bytes(&self.seed).sign(&content).to_bytes();
        ReachProof { day, nonce, signature }
    }

    /// As it stands in a message.
    pub fn encode(&self) -> Vec<u8> {
        [&self.serial.to_be_bytes()[..], &self.seed].concat()
    }

    /// From a message.
    ///
    /// # Errors
    /// [`ProtoError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ProtoError> {
        Self::tls_deserialize_exact_bytes(bytes).map_err(|_| ProtoError::Malformed("reach key"))
    }
}

/// Says that who asks holds the reach key of somebody, and not who that is. Good once.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ReachProof {
    /// Days since the UNIX epoch.
    pub day: u32,
    /// Random, and spent with the proof.
    pub nonce: [u8; 32],
    /// Ed25519 by the reach key over `"Trefoil 1.0 Reach"`, target, day and nonce.
    pub signature: [u8; 64],
}

impl ReachProof {
    /// Whether it was made with the key of this person. The day is not looked at.
    pub fn is_of(&self, target: &UserUri, key: &[u8; 32]) -> bool {
        verified(key, &reach_content(target, self.day, &self.nonce), &self.signature)
    }
}

fn reach_content(target: &UserUri, day: u32, nonce: &[u8; 32]) -> Vec<u8> {
    #[derive(TlsSize, TlsSerialize)]
    struct Tbs {
        target: UserUri,
        day: u32,
        nonce: [u8; 32],
    }
    signed_content(REACH_LABEL, &Tbs { target: target.clone(), day, nonce: *nonce })
        .expect("a URI and two numbers always encode")
}

/// `POST reached/{user}`: as `firstContact`, with a proof in the place of a pass.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Reached {
    /// The proof.
    pub proof: ReachProof,
    /// What is asked.
    pub claim: Claim,
}

/// `POST minor/reach`: another reach key in the place of the one before, by a device of the account. Whoever holds the old
/// one reaches it no more.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ReplaceReach {
    /// Ed25519 public key.
    pub reach: [u8; 32],
}

/// `POST minor/guardian`: whoever signs with this key becomes the guardian, if there is none. By a device of the account.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct InviteGuardian {
    /// Ed25519 public key of the link that the minor shows.
    pub key: [u8; 32],
}

/// How far an account is open, beyond its connections.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, TlsSize, TlsSerialize, TlsDeserializeBytes,
)]
#[repr(u8)]
pub enum Openness {
    /// To connections only.
    #[default]
    Connections = 0,
    /// Whoever has its address may write to it and add it to rooms.
    Address = 1,
    /// As well, and it is found by its handle or number.
    Found = 2,
}

/// What a guardian opens, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Opening {
    /// How far.
    pub how: Openness,
    /// Until when; at most [`LONGEST_CONSENT`] from the time of the word.
    pub until: Timestamp,
}

/// What a guardian says.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum Act {
    /// They take the minor's link up: Ed25519 by the link's key over `"Trefoil 1.0 GuardianLink"`, minor and device.
    #[tls_codec(discriminant = 1)]
    Accept([u8; 64]),
    /// They open the account, or open it otherwise than before.
    #[tls_codec(discriminant = 2)]
    Open(Opening),
    /// They take back what they opened.
    #[tls_codec(discriminant = 3)]
    Close,
    /// They are no longer the guardian; what they opened is closed.
    #[tls_codec(discriminant = 4)]
    Release,
    /// Nothing: they ask how it stands.
    #[tls_codec(discriminant = 5)]
    Look,
}

/// The signed part of a guardian's word.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct WordTbs {
    /// About whose account.
    pub minor: UserUri,
    /// The guardian's device; its person is the guardian.
    pub device: DeviceUri,
    /// When it was said. Each word of a guardian is later than the one before; good for [`WORD_LIFE`].
    pub at: Timestamp,
    /// What is said.
    pub act: Act,
}

/// `POST guardian/{user}`: a guardian's word, through their own service to that of the minor.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct GuardianWord {
    /// What is signed.
    pub tbs: WordTbs,
    /// Ed25519 by the guardian's device over `"Trefoil 1.0 Guardian"` and `tbs`.
    pub signature: [u8; 64],
}

impl GuardianWord {
    /// The bytes that the device signs.
    pub fn content(tbs: &WordTbs) -> Vec<u8> {
        signed_content(GUARDIAN_LABEL, tbs).expect("URIs and a time always encode")
    }

    /// The act by which a guardian's device takes a link up.
    pub fn acceptance(link: &SigningKey, minor: &UserUri, device: &DeviceUri) -> Act {
        Act::Accept(link.sign(&link_content(minor, device)).to_bytes())
    }

    /// Whether the device with this key said it, and not long ago.
    ///
    /// # Errors
    /// [`ProtoError::Unverified`].
    pub fn verify(&self, device_key: &[u8; 32], now: Timestamp) -> Result<(), ProtoError> {
        let fresh = self.tbs.at.0.abs_diff(now.0) <= WORD_LIFE;
        match fresh && verified(device_key, &Self::content(&self.tbs), &self.signature) {
            true => Ok(()),
            false => Err(ProtoError::Unverified("guardian's word")),
        }
    }

    /// Whether it takes up the link with this key.
    pub fn takes_up(&self, link: &[u8; 32]) -> bool {
        let Act::Accept(signature) = &self.tbs.act else { return false };
        verified(link, &link_content(&self.tbs.minor, &self.tbs.device), signature)
    }
}

fn link_content(minor: &UserUri, device: &DeviceUri) -> Vec<u8> {
    #[derive(TlsSize, TlsSerialize)]
    struct Tbs {
        minor: UserUri,
        device: DeviceUri,
    }
    signed_content(GUARDIAN_LINK_LABEL, &Tbs { minor: minor.clone(), device: device.clone() })
        .expect("URIs always encode")
}

fn verified(key: &[u8; 32], content: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(key)
        .and_then(|key| key.verify_strict(content, &Signature::from_bytes(signature)))
        .is_ok()
}

/// How a minor's account stands: what their guardian is told, and all of it.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Guarded {
    /// When the marking ends by itself, if it does.
    pub ends: Option<Month>,
    /// What is open beyond connections, if anything.
    pub open: Option<Opening>,
}

/// `GET minor`: how the caller's own account stands.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct MinorStanding {
    /// As the guardian is told; none for an account that is not marked, or no more.
    pub guarded: Option<Guarded>,
    /// Who the guardian is.
    pub guardian: Option<UserUri>,
    /// The reach key that the service checks with.
    pub reach: Option<[u8; 32]>,
}

/// Two capital letters, as ISO 3166-1 has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, TlsSize, TlsSerialize)]
pub struct Country([u8; 2]);

impl std::str::FromStr for Country {
    type Err = ProtoError;

    fn from_str(text: &str) -> Result<Self, ProtoError> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Self([*a, *b])),
            _ => Err(ProtoError::Malformed("country")),
        }
    }
}

impl std::fmt::Display for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl DeserializeBytes for Country {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), tls_codec::Error> {
        let (raw, rest) = <[u8; 2]>::tls_deserialize_bytes(bytes)?;
        let text = std::str::from_utf8(&raw).unwrap_or_default();
        let country = text.parse().map_err(|_| tls_codec::Error::DecodingError("no country".into()))?;
        Ok((country, rest))
    }
}

/// From which age on somebody is of age in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct AgeThere {
    /// Where.
    pub place: Country,
    /// In years.
    pub age: u8,
}

/// `GET minors/ages`: from which age on somebody is of age, before there is an account. No authentication.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Ages {
    /// Where nothing else is said, in years.
    pub age: u8,
    /// Places with another one.
    pub places: Vec<AgeThere>,
}

impl Ages {
    /// The age of a place.
    pub fn of(&self, place: Option<Country>) -> u8 {
        let other = self.places.iter().find(|there| Some(there.place) == place);
        other.map_or(self.age, |there| there.age)
    }
}

/// The month in which somebody born in a month reaches an age, if it is not over: on which of its days is not said.
pub fn comes_of_age(born: Month, age: u8, now: Timestamp) -> Option<Month> {
    let at = Month(born.0.saturating_add(u16::from(age) * 12));
    (at >= now.month()).then_some(at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn user(id: &str) -> UserUri {
        format!("mimi://a.test/u/{id}").parse().unwrap()
    }

    #[test]
    fn a_proof_is_of_one_person_and_one_key() {
        let key = Reach { serial: 1, seed: [1; 32] };
        let proof = key.prove(&user("kim"), 7, [2; 32]);
        assert!(proof.is_of(&user("kim"), &key.public()));
        assert!(!proof.is_of(&user("kai"), &key.public()));
        assert!(!proof.is_of(&user("kim"), &Reach { serial: 1, seed: [3; 32] }.public()));
        for other in [ReachProof { day: 8, ..proof.clone() }, ReachProof { nonce: [3; 32], ..proof.clone() }]
        {
            assert!(!other.is_of(&user("kim"), &key.public()));
        }
        assert!(!format!("{key:?}").contains("1, 1"), "a key is not shown");
        assert!(Reach::decode(&key.encode()[1..]).is_err());
    }

    #[test]
    fn a_word_is_of_one_device_about_one_minor_and_for_minutes() {
        let (device, link) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
        let uri: DeviceUri = "mimi://b.test/d/mum/d1".parse().unwrap();
        let key = device.verifying_key().to_bytes();
        let act = GuardianWord::acceptance(&link, &user("kim"), &uri);
        let tbs = WordTbs { minor: user("kim"), device: uri, at: NOW, act };
        let word = GuardianWord { signature: device.sign(&GuardianWord::content(&tbs)).to_bytes(), tbs };
        assert_eq!(word.verify(&key, NOW.plus_millis(WORD_LIFE)), Ok(()));
        assert!(word.takes_up(&link.verifying_key().to_bytes()) && !word.takes_up(&key));
        let refused = Err(ProtoError::Unverified("guardian's word"));
        assert_eq!(word.verify(&key, NOW.plus_millis(WORD_LIFE + 1)), refused);
        assert_eq!(word.verify(&link.verifying_key().to_bytes(), NOW), refused);
        let mut other = word.clone();
        other.tbs.minor = user("kai");
        assert_eq!(other.verify(&key, NOW), refused);
        assert!(!other.takes_up(&link.verifying_key().to_bytes()));
        let mut other = word;
        other.tbs.act = Act::Look;
        assert_eq!(other.verify(&key, NOW), refused);
    }

    #[test]
    fn of_age_is_who_reached_the_age_of_their_place_by_the_month() {
        let there = AgeThere { place: "KR".parse().unwrap(), age: 19 };
        let ages = Ages { age: 18, places: vec![there] };
        assert_eq!((ages.of(None), ages.of("KR".parse().ok()), ages.of("DE".parse().ok())), (18, 19, 18));
        for bad in ["", "K", "kr", "KOR", "K1"] {
            assert!(bad.parse::<Country>().is_err());
        }
        // November 2023.
        let now = NOW.month();
        assert_eq!(comes_of_age("2005-10".parse().unwrap(), 18, NOW), None);
        assert_eq!(comes_of_age("2005-11".parse().unwrap(), 18, NOW), Some(now), "it may be the last day");
        assert_eq!(comes_of_age("2005-12".parse().unwrap(), 18, NOW), Some(Month(now.0 + 1)));
        assert_eq!(comes_of_age("2005-11".parse().unwrap(), 19, NOW), Some(Month(now.0 + 12)));
    }
}
