//! The key under which people's labels are: with it the tree shows who is in it.
//!
//! A label and its proof cost a hundred microseconds each, depend on nothing but the key, the person and a number, and a
//! proof for a person needs some eight of them: those that were made lately are kept.

use crate::secrets::SecretKey;
use akd::{
    AkdLabel, Configuration, NodeLabel, VersionFreshness,
    ecvrf::{Proof, VRFKeyStorage, VRFPrivateKey, VRFPublicKey, VrfError},
};
use async_trait::async_trait;
use moka::sync::Cache;

/// Proofs kept, of some 250 bytes each with what goes around them.
const KEPT: u64 = 65_536;

/// The directory's VRF key. Cloned, it is the same.
#[derive(Clone)]
pub(super) struct Vrf {
    key: SecretKey,
    kept: Cache<Vec<u8>, Proof>,
}

impl Vrf {
    pub(super) fn new(key: SecretKey) -> Self {
        Self { key, kept: Cache::new(KEPT) }
    }

    pub(super) fn public(&self) -> [u8; 32] {
        VRFPublicKey::from(&self.private()).to_bytes()
    }

    fn private(&self) -> VRFPrivateKey {
        VRFPrivateKey::try_from(&self.key.bytes()[..]).expect("any 32 bytes are a VRF key")
    }
}

#[async_trait]
impl VRFKeyStorage for Vrf {
    async fn retrieve(&self) -> Result<Vec<u8>, VrfError> {
        Ok(self.key.bytes().to_vec())
    }

    async fn get_label_proof<C: Configuration>(
        &self,
        label: &AkdLabel,
        freshness: VersionFreshness,
        version: u64,
    ) -> Result<Proof, VrfError> {
        let hashed = C::get_hash_from_label_input(label, freshness, version);
        if let Some(kept) = self.kept.get(&hashed) {
            return Ok(kept);
        }
        let proof = self.private().prove(&hashed);
        self.kept.insert(hashed, proof);
        Ok(proof)
    }

    /// From the proof, which is wanted with it.
    async fn get_node_label<C: Configuration>(
        &self,
        label: &AkdLabel,
        freshness: VersionFreshness,
        version: u64,
    ) -> Result<NodeLabel, VrfError> {
        let proof = self.get_label_proof::<C>(label, freshness, version).await?;
        Ok(self.get_node_label_from_vrf_proof(proof).await)
    }
}
