//! The key under which people's labels are: with it the tree shows who is in it.

use crate::secrets::SecretKey;
use akd::ecvrf::{VRFKeyStorage, VRFPrivateKey, VRFPublicKey, VrfError};
use async_trait::async_trait;

/// The directory's VRF key.
#[derive(Clone)]
pub(super) struct Vrf(pub(super) SecretKey);

impl Vrf {
    pub(super) fn public(&self) -> [u8; 32] {
        let private = VRFPrivateKey::try_from(&self.0.bytes()[..]).expect("any 32 bytes are a VRF key");
        VRFPublicKey::from(&private).to_bytes()
    }
}

#[async_trait]
impl VRFKeyStorage for Vrf {
    async fn retrieve(&self) -> Result<Vec<u8>, VrfError> {
        Ok(self.0.bytes().to_vec())
    }
}
