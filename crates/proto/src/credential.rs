//! A device's credential: an MLS basic credential whose identity is the device's URI, and in the leaf's application
//! data dictionary, under [`DEVICE_AUTHORISATION`], the account's signature over the device's key and URI.

use crate::{DeviceUri, ProtoError, UserUri, defence::Defence};
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use tls_codec::{DeserializeBytes as _, Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Leaf-node component that carries a [`DeviceAuthorisation`] (private range of component ids).
pub const DEVICE_AUTHORISATION: u16 = 0xF001;

const LABEL: &[u8] = b"Trefoil 1.0 DeviceAuthorisation";

/// An account's public key: Ed25519. What binds it to the person is the service's key directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct AccountKey(pub [u8; 32]);

/// The account's word that a device is its own.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct DeviceAuthorisation {
    /// The account's key.
    pub account_key: AccountKey,
    /// Ed25519 over the authorisation's content.
    pub signature: [u8; 64],
}

#[derive(TlsSize, TlsSerialize)]
struct AuthorisationTbs<'a> {
    label: &'a [u8],
    account_key: AccountKey,
    user: UserUri,
    device: DeviceUri,
    signature_key: &'a [u8],
}

impl DeviceAuthorisation {
    /// Signs for a device of `account`'s owner.
    pub fn sign(account: &SigningKey, device: &DeviceUri, signature_key: &[u8]) -> Self {
        use ed25519_dalek::Signer as _;
        let account_key = AccountKey(account.verifying_key().to_bytes());
        let signature = account.sign(&Self::tbs(&account_key, device, signature_key)).to_bytes();
        Self { account_key, signature }
    }

    /// Checks that the account signed for exactly this device and key.
    ///
    /// # Errors
    /// [`ProtoError::Unverified`].
    pub fn verify(&self, device: &DeviceUri, signature_key: &[u8]) -> Result<(), ProtoError> {
        if !Defence::AccountSignature.stands() {
            return Ok(());
        }
        let refused = ProtoError::Unverified("device authorisation");
        let key = VerifyingKey::from_bytes(&self.account_key.0).map_err(|_| refused.clone())?;
        let message = Self::tbs(&self.account_key, device, signature_key);
        key.verify_strict(&message, &Signature::from_bytes(&self.signature)).map_err(|_| refused)
    }

    /// Decodes, refusing trailing bytes.
    ///
    /// # Errors
    /// [`ProtoError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ProtoError> {
        Self::tls_deserialize_exact_bytes(bytes).map_err(|_| ProtoError::Malformed("device authorisation"))
    }

    /// Encodes, as it stands in the leaf.
    pub fn encode(&self) -> Vec<u8> {
        self.tls_serialize_detached().expect("fixed-size structures always serialise")
    }

    fn tbs(account_key: &AccountKey, device: &DeviceUri, signature_key: &[u8]) -> Vec<u8> {
        AuthorisationTbs {
            label: LABEL,
            account_key: *account_key,
            user: device.user_uri(),
            device: device.clone(),
            signature_key,
        }
        .tls_serialize_detached()
        .expect("bounded structures always serialise")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_authorisation_is_for_one_device_and_one_key() {
        let account = SigningKey::from_bytes(&[1; 32]);
        let device: DeviceUri = "mimi://a.example/d/u1/d1".parse().unwrap();
        let authorisation = DeviceAuthorisation::sign(&account, &device, &[2; 32]);
        assert_eq!(authorisation.verify(&device, &[2; 32]), Ok(()));
        assert_eq!(DeviceAuthorisation::decode(&authorisation.encode()), Ok(authorisation.clone()));

        let refused = Err(ProtoError::Unverified("device authorisation"));
        assert_eq!(authorisation.verify(&device, &[3; 32]), refused);
        for other in ["mimi://a.example/d/u1/d2", "mimi://a.example/d/u2/d1", "mimi://b.example/d/u1/d1"] {
            assert_eq!(authorisation.verify(&other.parse().unwrap(), &[2; 32]), refused);
        }
        let other_account = AccountKey(SigningKey::from_bytes(&[9; 32]).verifying_key().to_bytes());
        let swapped = DeviceAuthorisation { account_key: other_account, ..authorisation.clone() };
        assert_eq!(swapped.verify(&device, &[2; 32]), refused);
        for bit in 0..512 {
            let mut altered = authorisation.clone();
            altered.signature[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(altered.verify(&device, &[2; 32]), refused, "bit {bit}");
        }
        let encoded = authorisation.encode();
        assert!(DeviceAuthorisation::decode(&encoded[1..]).is_err());
        assert!(DeviceAuthorisation::decode(&[&encoded[..], &[0]].concat()).is_err());
    }
}
