//! What the key directory says of a person: which devices they have, under which account key. Each set names the one
//! before it by its hash and is signed, so that a directory cannot make one up, whatever its own proofs are worth.
//!
//! The format is in `docs/spec/device-set.md`.

mod chain;
mod error;
mod sign;
#[cfg(test)]
mod tests;

pub use chain::{Changes, PendingReset, Step, VerifiedSet};
pub use error::{ChainError, LeafError};
pub use sign::{DEVICE_SET_LABEL, DeviceSetChain, SetSigner, SignedDeviceSet};

use sha2::{Digest as _, Sha256};
use std::fmt;
use tls_codec::{Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{
    DeviceId, DeviceUri, Month, UserUri, Wire,
    credential::{AccountKey, DeviceAuthorisation},
    limits,
};

const HASH_LABEL: &[u8] = b"Trefoil 1.0 DeviceSetHash";

/// The devices of one person at one time.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct DeviceSet {
    /// Whose.
    pub user: UserUri,
    /// The month in which the account began; the same in every set. Its service looks at it once, when it begins.
    pub since: Month,
    /// 1 for the first set, then one more each time, account resets included.
    pub sequence: u64,
    /// Hash of the set before; absent in the first.
    pub previous: Option<SetHash>,
    /// The key that authorises devices.
    pub account_key: AccountKey,
    /// By device id, ascending, each id and each key once; at most [`limits::DEVICES`]. Empty: the person has left.
    pub devices: Vec<DeviceEntry>,
    /// What is out of the ordinary about this set.
    pub flags: SetFlags,
}

/// One device of a set.
#[derive(Clone, Debug, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct DeviceEntry {
    /// Its id within the account.
    pub device: DeviceId,
    /// Its MLS signature key: Ed25519.
    pub signature_key: [u8; 32],
    /// SHA-256 of its [`DeviceAuthorisation`] as it stands in the leaf.
    pub credential_hash: [u8; 32],
}

/// What is out of the ordinary about a set. Bits without a meaning are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct SetFlags(pub u16);

/// What the directory holds as the value of a person's label: the hash of their newest set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct SetHash(pub [u8; 32]);

impl SetFlags {
    /// The account key is another than before: the old one is lost, or stolen, or a service lies.
    pub const ACCOUNT_RESET: Self = Self(1);

    /// Whether the account key was replaced.
    pub fn is_reset(self) -> bool {
        self.0 & Self::ACCOUNT_RESET.0 != 0
    }
}

impl DeviceSet {
    /// The first set of a person. Devices may come in any order.
    pub fn first(user: UserUri, since: Month, account_key: AccountKey, devices: Vec<DeviceEntry>) -> Self {
        Self {
            user,
            since,
            sequence: 1,
            previous: None,
            account_key,
            devices: sorted(devices),
            flags: SetFlags::default(),
        }
    }

    /// The set that follows this one, under the same account key.
    pub fn followed_by(&self, devices: Vec<DeviceEntry>) -> Self {
        Self {
            user: self.user.clone(),
            since: self.since,
            sequence: self.sequence + 1,
            previous: Some(self.hash()),
            account_key: self.account_key,
            devices: sorted(devices),
            flags: SetFlags::default(),
        }
    }

    /// The set that follows this one when the account key is lost: everyone who knew the person will be told.
    pub fn reset_to(&self, account_key: AccountKey, devices: Vec<DeviceEntry>) -> Self {
        Self { account_key, flags: SetFlags::ACCOUNT_RESET, ..self.followed_by(devices) }
    }

    /// SHA-256 over a label and the encoding: the directory's value.
    pub fn hash(&self) -> SetHash {
        let encoded = self.tls_serialize_detached().expect("a set of bounded parts always encodes");
        SetHash(Sha256::new().chain_update(HASH_LABEL).chain_update(encoded).finalize().into())
    }

    /// A device of the set.
    pub fn device(&self, device: &DeviceId) -> Option<&DeviceEntry> {
        self.devices.iter().find(|entry| entry.device == *device)
    }

    /// Checks what can be checked without the set before.
    pub(super) fn check_form(&self) -> Result<(), ChainError> {
        let ascending = self.devices.windows(2).all(|pair| pair[0].device < pair[1].device);
        let mut keys: Vec<_> = self.devices.iter().map(|entry| entry.signature_key).collect();
        keys.sort_unstable();
        let distinct = keys.windows(2).all(|pair| pair[0] != pair[1]);
        if self.devices.len() > limits::DEVICES {
            Err(ChainError::TooManyDevices)
        } else if !ascending || !distinct {
            Err(ChainError::UnorderedDevices)
        } else if self.flags.0 & !SetFlags::ACCOUNT_RESET.0 != 0 {
            Err(ChainError::UnknownFlags)
        } else if self.sequence == 0
            || (self.sequence == 1) != self.previous.is_none()
            || (self.sequence == 1 && self.flags.is_reset())
        {
            Err(ChainError::OutOfSequence)
        } else {
            Ok(())
        }
    }
}

impl DeviceEntry {
    /// The entry of a device with the account's word for it.
    pub fn new(device: DeviceId, signature_key: [u8; 32], authorisation: &DeviceAuthorisation) -> Self {
        Self { device, signature_key, credential_hash: Sha256::digest(authorisation.encode()).into() }
    }
}

impl VerifiedSet {
    /// Checks a leaf's credential against the set: its account's word for it, and that the set lists just this device
    /// with just this key.
    ///
    /// # Errors
    /// [`LeafError`], named for what a person should be told.
    pub fn admits(
        &self,
        device: &DeviceUri,
        signature_key: &[u8],
        authorisation: &DeviceAuthorisation,
    ) -> Result<(), LeafError> {
        let set = self.set();
        if device.user_uri() != set.user {
            return Err(LeafError::OtherPerson);
        }
        if authorisation.account_key != set.account_key {
            return Err(LeafError::OtherAccountKey);
        }
        authorisation.verify(device, signature_key).map_err(LeafError::Unauthorised)?;
        let entry = set.device(&device.device).ok_or(LeafError::UnknownDevice)?;
        let credential_hash: [u8; 32] = Sha256::digest(authorisation.encode()).into();
        if entry.signature_key[..] == *signature_key && entry.credential_hash == credential_hash {
            Ok(())
        } else {
            Err(LeafError::OtherKey)
        }
    }
}

impl fmt::Debug for SetHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…")
    }
}

impl Wire for DeviceSet {
    const LIMIT: usize = sign::SIGNED_SET;
    const NAME: &'static str = "device set";
}

fn sorted(mut devices: Vec<DeviceEntry>) -> Vec<DeviceEntry> {
    devices.sort_by(|one, other| one.device.cmp(&other.device));
    devices
}
