//! Stored rows of key packages. First byte: version of the codec.

use super::KeysError;
use crate::catalogue::TableNote;
use sha2::{Digest as _, Sha256};
use tls_codec::{DeserializeBytes, Serialize, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{DeviceUri, Timestamp, limits, mimi::key_material::RequiredCapabilities};
use trefoil_store::Table;

/// One-use packages: `user/device/`, suite, hash.
pub(super) const PACKAGES: Table = Table::new("keys.packages");
/// Last-resort packages: `user/device/`, suite.
pub(super) const LAST_RESORT: Table = Table::new("keys.last_resort");
/// Names of claimed packages, with keys as in [`PACKAGES`].
pub(super) const SPENT: Table = Table::new("keys.spent");

const VERSION: u8 = 1;

/// What the tables of key packages hold.
pub const TABLES: &[TableNote] = &[
    TableNote {
        table: PACKAGES,
        holds: "by device and suite: a key package for one use, public keys only",
        kept: "until it is claimed, expires, or the device is removed",
        discloses: "the public keys of each device, how many packages are left",
    },
    TableNote {
        table: LAST_RESORT,
        holds: "by device and suite: the key package that is used when no other is left",
        kept: "until it is replaced or the device is removed",
        discloses: "the public keys of each device",
    },
    TableNote {
        table: SPENT,
        holds: "by device and suite: the hash of a claimed key package and when it would have expired",
        kept: "until it would have expired",
        discloses: "how often each device was added to a room lately; not by whom, nor to which",
    },
];

/// A key package, with what a claim must know of it.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct PackageRow {
    /// Seconds since the UNIX epoch.
    pub not_after: u64,
    pub extensions: Vec<u16>,
    pub proposals: Vec<u16>,
    pub credentials: Vec<u16>,
    pub package: Vec<u8>,
}

impl PackageRow {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        self.tls_serialize(&mut bytes).expect("rows are far below the encoding's limits");
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, KeysError> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => {
                Self::tls_deserialize_exact_bytes(rest).map_err(|_| KeysError::DamagedRow)
            }
            _ => Err(KeysError::DamagedRow),
        }
    }

    /// It has the life that rooms ask for, with two days to spare for the way there.
    pub(super) fn good_at(&self, now: Timestamp) -> bool {
        const WAY: u64 = 2 * 24 * 60 * 60;
        self.not_after > now.0 / 1000 + limits::KEY_PACKAGE_LEFT + WAY
    }

    /// The leaf supports everything that the room demands.
    pub(super) fn supports(&self, required: &RequiredCapabilities) -> bool {
        let all = |have: &[u16], want: &[u16]| want.iter().all(|one| have.contains(one));
        all(&self.extensions, &required.extension_types)
            && all(&self.proposals, &required.proposal_types)
            && all(&self.credentials, &required.credential_types)
    }
}

pub(super) fn encode_spent(not_after: u64) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&not_after.to_be_bytes());
    bytes
}

pub(super) fn spent_until(bytes: &[u8]) -> Result<u64, KeysError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => rest.try_into().map(u64::from_be_bytes).map_err(|_| KeysError::DamagedRow),
        _ => Err(KeysError::DamagedRow),
    }
}

/// Ids hold no slash, so no device's prefix begins another's.
pub(super) fn device_prefix(device: &DeviceUri) -> Vec<u8> {
    format!("{}/{}/", device.user, device.device).into_bytes()
}

pub(super) fn suite_prefix(device: &DeviceUri, suite: u16) -> Vec<u8> {
    let mut key = device_prefix(device);
    key.extend_from_slice(&suite.to_be_bytes());
    key
}

pub(super) fn package_key(device: &DeviceUri, suite: u16, package: &[u8]) -> bytes::Bytes {
    let mut key = suite_prefix(device, suite);
    key.extend_from_slice(&Sha256::digest(package)[..16]);
    key.into()
}
