//! The hub's franking keys, given by whoever keeps the secrets.

use ed25519_dalek::{Signer as _, SigningKey};
use trefoil_proto::{Domain, franking::FrankingAgentData, mls::Credential};
use zeroize::Zeroizing;

/// The secret keys by which a hub stamps messages and signs. Wiped when dropped, never shown.
pub struct FrankingKeys {
    key_id: u32,
    stamp: Zeroizing<[u8; 32]>,
    signing: SigningKey,
}

impl FrankingKeys {
    /// The current stamp key with its id, and the seed of the Ed25519 key that is the room's franking agent.
    pub fn new(key_id: u32, stamp: &[u8; 32], signing_seed: &[u8; 32]) -> Self {
        Self { key_id, stamp: Zeroizing::new(*stamp), signing: SigningKey::from_bytes(signing_seed) }
    }

    /// Ed25519 public key of the agent.
    pub fn public_key(&self) -> [u8; 32] {
        self.signing.verifying_key().to_bytes()
    }

    /// What a room's group context says about its franking agent.
    pub fn agent(&self, domain: &Domain) -> FrankingAgentData {
        FrankingAgentData {
            franking_signature_key: self.public_key().to_vec(),
            credential: Credential::basic(domain.as_str().as_bytes()),
        }
    }

    pub(super) fn key_id(&self) -> u32 {
        self.key_id
    }

    pub(super) fn stamp_key(&self) -> &[u8; 32] {
        &self.stamp
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.signing.sign(message).to_bytes().to_vec()
    }
}

impl std::fmt::Debug for FrankingKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FrankingKeys({}, ..)", self.key_id)
    }
}
