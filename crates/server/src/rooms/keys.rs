//! The hub's franking keys, given by whoever keeps the secrets.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use std::collections::BTreeMap;
use trefoil_proto::{Domain, franking::FrankingAgentData, mls::Credential};
use zeroize::Zeroizing;

/// The secret keys by which a hub stamps messages and signs. Wiped when dropped, never shown.
pub struct FrankingKeys {
    /// The one that stamps now has the highest id; the others prove what they stamped.
    stamps: BTreeMap<u32, Zeroizing<[u8; 32]>>,
    /// A third of what accepting a message costs is this signature, so the faster implementation makes it.
    signing: Ed25519KeyPair,
    public: [u8; 32],
}

impl FrankingKeys {
    /// A stamp key with its id, and the seed of the Ed25519 key that is the room's franking agent.
    pub fn new(key_id: u32, stamp: &[u8; 32], signing_seed: &[u8; 32]) -> Self {
        let signing =
            Ed25519KeyPair::from_seed_unchecked(signing_seed).expect("32 bytes are an Ed25519 seed");
        let mut public = [0; 32];
        public.copy_from_slice(signing.public_key().as_ref());
        Self { stamps: BTreeMap::from([(key_id, Zeroizing::new(*stamp))]), signing, public }
    }

    /// With another stamp key. What is stamped from now on is stamped by the one with the highest id.
    #[must_use]
    pub fn with_stamp(mut self, key_id: u32, stamp: &[u8; 32]) -> Self {
        self.stamps.insert(key_id, Zeroizing::new(*stamp));
        self
    }

    /// Ed25519 public key of the agent.
    pub fn public_key(&self) -> [u8; 32] {
        self.public
    }

    /// What a room's group context says about its franking agent.
    pub fn agent(&self, domain: &Domain) -> FrankingAgentData {
        FrankingAgentData {
            franking_signature_key: self.public_key().to_vec(),
            credential: Credential::basic(domain.as_str().as_bytes()),
        }
    }

    /// The key that stamps now, with its id.
    pub(super) fn stamp_key(&self) -> (u32, &[u8; 32]) {
        let (id, key) = self.stamps.last_key_value().expect("made with one, and none is ever taken away");
        (*id, key)
    }

    /// The key of an id.
    pub(super) fn stamp_key_of(&self, id: u32) -> Option<&[u8; 32]> {
        self.stamps.get(&id).map(|key| &**key)
    }

    /// The signature at its fixed length.
    pub(super) fn sign_whole(&self, message: &[u8]) -> [u8; 64] {
        self.signing.sign(message).as_ref().try_into().expect("an Ed25519 signature has 64 bytes")
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.signing.sign(message).as_ref().to_vec()
    }
}

impl std::fmt::Debug for FrankingKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FrankingKeys({}, ..)", self.stamp_key().0)
    }
}
