//! Who devices are: this one's keys, and the check of every leaf before it is believed.

use crate::{Refusal, verification::Identity};
use ed25519_dalek::{Signer as _, SigningKey};
use openmls::prelude::*;
use openmls_traits::signatures::{Signer, SignerError};
use trefoil_proto::{
    DeviceUri, UserUri,
    credential::{AccountKey, DEVICE_AUTHORISATION, DeviceAuthorisation},
    room::Leaf,
};
use trefoil_transparency::device_set::DeviceEntry;

/// A signature key. Wiped when dropped, never shown.
pub(crate) struct DeviceKey(SigningKey);

impl DeviceKey {
    pub(crate) fn from_secret(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    pub(crate) fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    pub(crate) fn sign_bytes(&self, payload: &[u8]) -> [u8; 64] {
        self.0.sign(payload).to_bytes()
    }
}

impl Signer for DeviceKey {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.sign_bytes(payload).to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// This device.
pub(crate) struct Me {
    pub(crate) user: UserUri,
    pub(crate) device: DeviceUri,
    pub(crate) key: DeviceKey,
    pub(crate) authorisation: DeviceAuthorisation,
    /// Only on the device that made the account.
    pub(crate) account: Option<SigningKey>,
}

impl Me {
    /// The person, with the account key.
    pub(crate) fn identity(&self) -> Identity {
        Identity { user: self.user.clone(), key: self.authorisation.account_key }
    }

    pub(crate) fn credential(&self) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(self.device.to_string().into_bytes()).into(),
            signature_key: self.key.public().to_vec().into(),
        }
    }
}

/// What a credential says, without any check.
pub(crate) fn claimed_device(credential: &Credential) -> Result<DeviceUri, Refusal> {
    let untrusted = || Refusal::UntrustedDevice {
        device: String::from_utf8_lossy(credential.serialized_content()).into_owned(),
    };
    if credential.credential_type() != CredentialType::Basic {
        return Err(untrusted());
    }
    std::str::from_utf8(credential.serialized_content())
        .ok()
        .and_then(|identity| identity.parse().ok())
        .ok_or_else(untrusted)
}

/// Checks that the account vouches for a leaf's key and URI.
pub(crate) fn check_leaf(leaf: &LeafNode) -> Result<Leaf, Refusal> {
    let device = claimed_device(leaf.credential())?;
    let untrusted = || Refusal::UntrustedDevice { device: device.to_string() };
    let authorisation = authorisation(leaf)
        .filter(|authorisation| authorisation.verify(&device, leaf.signature_key().as_slice()).is_ok())
        .ok_or_else(untrusted)?;
    Ok(Leaf { account_key: authorisation.account_key, device })
}

/// A leaf of a group that this device is in, which was checked when it came in.
pub(crate) fn claimed_leaf(leaf: &LeafNode) -> Result<Leaf, Refusal> {
    let device = claimed_device(leaf.credential())?;
    let word = authorisation(leaf).ok_or_else(|| Refusal::UntrustedDevice { device: device.to_string() })?;
    Ok(Leaf { account_key: word.account_key, device })
}

/// A device as a key directory would list it: whose account vouches for it, and with which key.
pub(crate) type Published = (DeviceUri, AccountKey, DeviceEntry);

/// What a directory would list of a leaf or a key package.
pub(crate) fn published(leaf: &LeafNode) -> Result<Published, Refusal> {
    let device = claimed_device(leaf.credential())?;
    let untrusted = || Refusal::UntrustedDevice { device: device.to_string() };
    let word = authorisation(leaf).ok_or_else(untrusted)?;
    let key = leaf.signature_key().as_slice().try_into().map_err(|_| untrusted())?;
    let entry = DeviceEntry::new(device.device.clone(), key, &word);
    Ok((device, word.account_key, entry))
}

fn authorisation(leaf: &LeafNode) -> Option<DeviceAuthorisation> {
    let dictionary = leaf.extensions().app_data_dictionary()?;
    DeviceAuthorisation::decode(dictionary.dictionary().get(&DEVICE_AUTHORISATION)?).ok()
}
