//! How an account goes on whose devices are all lost: a new device is let in on the word of the account key alone, and
//! takes the place of every other one. `POST` bodies under [`crate::paths::CLIENT_ROOT`].
//!
//! Three requests: `auth/challenge` for the new device's URI, `accounts/recover/begin` for the newest device set, which
//! the new one must follow, and `accounts/recover`. Both of the latter are signed by the account key over the
//! challenge, which is good for a minute, for this device, and for one recovery.

use crate::{
    DeviceUri, ProtoError,
    credential::AccountKey,
    edge::{NewDevice, signed_content},
};
use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Label of the account key's signature over a [`BeginRecoveryTbs`].
pub const BEGIN_RECOVERY_LABEL: &str = "Trefoil 1.0 BeginRecovery";
/// Label of the account key's signature over a [`RecoverTbs`].
pub const RECOVER_LABEL: &str = "Trefoil 1.0 Recover";

/// `POST accounts/recover/begin`: asks for the newest device set of an account whose key one has.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct BeginRecoveryRequest {
    /// What is signed.
    pub tbs: BeginRecoveryTbs,
    /// Ed25519 by the account's key.
    pub signature: [u8; 64],
}

/// The signed part of it.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct BeginRecoveryTbs {
    /// The new device.
    pub device: DeviceUri,
    /// A challenge for it, as received.
    #[tls_codec(with = "crate::wire::opaque")]
    pub challenge: Vec<u8>,
}

/// The answer: what the account has now.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RecoveryBegun {
    /// The newest device set: a `SignedDeviceSet` of `docs/spec/device-set.md`, opaque here.
    #[tls_codec(with = "crate::wire::opaque")]
    pub device_set: Vec<u8>,
}

/// `POST accounts/recover`: the account has this device from now on, and no other. Answered 201, empty body; repeated
/// byte for byte: 200.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RecoverRequest {
    /// What is signed.
    pub tbs: RecoverTbs,
    /// Ed25519 by the account's key.
    pub signature: [u8; 64],
}

/// The signed part of it.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RecoverTbs {
    /// The new device.
    pub device: NewDevice,
    /// A challenge for it, as received.
    #[tls_codec(with = "crate::wire::opaque")]
    pub challenge: Vec<u8>,
    /// The set with this device alone, which follows the account's newest one: a `SignedDeviceSet`, opaque here.
    #[tls_codec(with = "crate::wire::opaque")]
    pub device_set: Vec<u8>,
}

impl BeginRecoveryRequest {
    /// Signs the question with the account's key.
    pub fn sign(account: &SigningKey, device: DeviceUri, challenge: Vec<u8>) -> Self {
        let tbs = BeginRecoveryTbs { device, challenge };
        Self { signature: sign(account, BEGIN_RECOVERY_LABEL, &tbs), tbs }
    }

    /// Checks that the account asks.
    ///
    /// # Errors
    /// [`ProtoError::Unverified`].
    pub fn verify(&self, account: &AccountKey) -> Result<(), ProtoError> {
        verify(account, BEGIN_RECOVERY_LABEL, &self.tbs, &self.signature)
    }
}

impl RecoverRequest {
    /// Signs the recovery with the account's key. The device set is signed by itself as well.
    pub fn sign(account: &SigningKey, tbs: RecoverTbs) -> Self {
        Self { signature: sign(account, RECOVER_LABEL, &tbs), tbs }
    }

    /// Checks that the account wants exactly this.
    ///
    /// # Errors
    /// [`ProtoError::Unverified`].
    pub fn verify(&self, account: &AccountKey) -> Result<(), ProtoError> {
        verify(account, RECOVER_LABEL, &self.tbs, &self.signature)
    }
}

fn sign(account: &SigningKey, label: &str, tbs: &impl tls_codec::Serialize) -> [u8; 64] {
    use ed25519_dalek::Signer as _;
    let content = signed_content(label, tbs).expect("bounded structures always encode");
    account.sign(&content).to_bytes()
}

fn verify(
    account: &AccountKey,
    label: &str,
    tbs: &impl tls_codec::Serialize,
    signature: &[u8; 64],
) -> Result<(), ProtoError> {
    let refused = || ProtoError::Unverified("recovery of an account");
    let key = VerifyingKey::from_bytes(&account.0).map_err(|_| refused())?;
    let content = signed_content(label, tbs)?;
    key.verify_strict(&content, &Signature::from_bytes(signature)).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::credential::DeviceAuthorisation;

    #[test]
    fn a_recovery_is_by_one_account_of_one_device_with_one_challenge() {
        let account = SigningKey::from_bytes(&[1; 32]);
        let key = AccountKey(account.verifying_key().to_bytes());
        let other = AccountKey(SigningKey::from_bytes(&[2; 32]).verifying_key().to_bytes());
        let uri: DeviceUri = "mimi://a.example/d/u1/d1".parse().unwrap();
        let begin = BeginRecoveryRequest::sign(&account, uri.clone(), vec![1; 9]);
        assert_eq!(begin.verify(&key), Ok(()));
        assert!(begin.verify(&other).is_err());
        let authorisation = DeviceAuthorisation::sign(&account, &uri, &[3; 32]);
        let device = NewDevice { uri: uri.clone(), signature_key: [3; 32], authorisation };
        let tbs = RecoverTbs { device, challenge: vec![1; 9], device_set: vec![4] };
        let good = RecoverRequest::sign(&account, tbs);
        assert_eq!(good.verify(&key), Ok(()));
        assert!(good.verify(&other).is_err());
        let alter = |change: fn(&mut RecoverTbs)| {
            let mut altered = good.clone();
            change(&mut altered.tbs);
            altered.verify(&key)
        };
        assert!(alter(|tbs| tbs.challenge[0] ^= 1).is_err());
        assert!(alter(|tbs| tbs.device_set[0] ^= 1).is_err());
        assert!(alter(|tbs| tbs.device.signature_key[0] ^= 1).is_err());
        // The signature of one request is none of the other.
        let asked = RecoverRequest { signature: begin.signature, ..good.clone() };
        assert!(asked.verify(&key).is_err());
    }
}
