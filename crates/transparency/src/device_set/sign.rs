//! Signed sets, as they travel, and what a signature covers.

use super::{ChainError, DeviceSet};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use tls_codec::{Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{DeviceId, Wire, credential::AccountKey, defence::Defence, limits};

/// What every signature over a set begins with.
pub const DEVICE_SET_LABEL: &str = "Trefoil 1.0 DeviceSet";

/// Largest encoding of a signed set: two URIs at most, and for each device an id and two times 32 bytes.
pub(super) const SIGNED_SET: usize = 2 * limits::URI + 1024 + limits::DEVICES * 160;

/// A set with the signature of who made it.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct SignedDeviceSet {
    /// The set.
    pub set: DeviceSet,
    /// Who signed.
    pub signer: SetSigner,
    /// Ed25519 over [`DEVICE_SET_LABEL`], the signer and the set.
    pub signature: [u8; 64],
}

/// Who made a set.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum SetSigner {
    /// The account key that stands in the set: may change anything.
    #[tls_codec(discriminant = 1)]
    Account,
    /// A device of the set before: may take out itself and nothing else.
    #[tls_codec(discriminant = 2)]
    Device(DeviceId),
}

/// Sets one after the other, the oldest first: what a service hands over beside a proof of the newest.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct DeviceSetChain {
    /// At most [`DeviceSetChain::LONGEST`].
    pub sets: Vec<SignedDeviceSet>,
}

#[derive(TlsSize, TlsSerialize)]
struct DeviceSetTbs<'a> {
    label: &'a [u8],
    signer: &'a SetSigner,
    set: &'a DeviceSet,
}

impl SignedDeviceSet {
    /// Signs with the account key that stands in the set.
    pub fn by_account(set: DeviceSet, account: &SigningKey) -> Self {
        Self::sign(set, SetSigner::Account, account)
    }

    /// Signs with a device's MLS signature key.
    pub fn by_device(set: DeviceSet, device: DeviceId, key: &SigningKey) -> Self {
        Self::sign(set, SetSigner::Device(device), key)
    }

    fn sign(set: DeviceSet, signer: SetSigner, key: &SigningKey) -> Self {
        let signature = key.sign(&Self::tbs(&set, &signer)).to_bytes();
        Self { set, signer, signature }
    }

    /// Checks the signature under a key; whether that key may sign is the chain's to say.
    pub(super) fn verify_under(&self, key: &[u8; 32]) -> Result<(), ChainError> {
        if !Defence::AccountSignature.stands() {
            return Ok(());
        }
        let key = VerifyingKey::from_bytes(key).map_err(|_| ChainError::BadSignature)?;
        let message = Self::tbs(&self.set, &self.signer);
        key.verify_strict(&message, &Signature::from_bytes(&self.signature))
            .map_err(|_| ChainError::BadSignature)
    }

    /// Checks that the account key in the set itself signed it.
    pub(super) fn verify_account(&self) -> Result<(), ChainError> {
        let AccountKey(key) = self.set.account_key;
        if self.signer == SetSigner::Account { self.verify_under(&key) } else { Err(ChainError::WrongSigner) }
    }

    fn tbs(set: &DeviceSet, signer: &SetSigner) -> Vec<u8> {
        DeviceSetTbs { label: DEVICE_SET_LABEL.as_bytes(), signer, set }
            .tls_serialize_detached()
            .expect("a set of bounded parts always encodes")
    }
}

impl DeviceSetChain {
    /// Most sets that travel together; who is further behind begins anew from one that the account key signed.
    pub const LONGEST: usize = 64;
}

impl Wire for SignedDeviceSet {
    const LIMIT: usize = SIGNED_SET;
    const NAME: &'static str = "signed device set";
}

impl Wire for DeviceSetChain {
    const LIMIT: usize = Self::LONGEST * SIGNED_SET;
    const NAME: &'static str = "chain of device sets";
}
