//! Pure decisions about key packages: is one good, which may be handed out, is a request signed by who asks.

use super::{KeysError, LOW, rows::PackageRow};
use crate::usable::{all_usable, leaf_key};
use bytes::Bytes;
use ed25519_dalek::{Signature, VerifyingKey};
use openmls::prelude::{KeyPackageIn, LeafNode, ProtocolVersion, SignContent};
use openmls_rust_crypto::RustCrypto;
use tls_codec::{DeserializeBytes as _, Serialize as _};
use trefoil_proto::{
    DeviceUri, Timestamp,
    credential::{DEVICE_AUTHORISATION, DeviceAuthorisation},
    edge::{NewDevice, PublishKeyPackages},
    limits,
    mimi::KeyMaterialRequest,
    mls::KeyPackage,
};
use trefoil_store::Pair;

/// The suites of our rooms: the hybrid one (draft-ietf-mls-pq-ciphersuites), and X25519 with AES-128-GCM.
pub const ALLOWED_SUITES: [u16; 2] = [0x004F, 0x0001];

/// How far the beginning of a life may lie in the past, for clocks that go wrong, in seconds.
const SKEW: u64 = 60 * 60;

/// A package that passed every check.
pub(super) struct Checked {
    pub suite: u16,
    pub row: PackageRow,
}

/// What is to be published.
pub(super) struct CheckedAll {
    pub one_use: Vec<Checked>,
    pub last_resort: Vec<Checked>,
}

/// A stored package that may be handed out.
pub(super) struct Candidate {
    pub key: Bytes,
    pub value: Bytes,
    pub row: PackageRow,
}

/// Checks every package. Costs two signatures each: not for an asynchronous thread.
pub(super) fn check_all(
    device: &NewDevice,
    request: &PublishKeyPackages,
    now: Timestamp,
) -> Result<CheckedAll, KeysError> {
    let crypto = RustCrypto::default();
    let check = |packages: &[KeyPackage], last_resort| {
        packages
            .iter()
            .map(|package| check(&crypto, device, package, last_resort, now))
            .collect::<Result<Vec<_>, _>>()
    };
    let last_resort = check(&request.last_resort, true)?;
    for (at, package) in last_resort.iter().enumerate() {
        if last_resort[..at].iter().any(|other| other.suite == package.suite) {
            return Err(KeysError::Invalid("two last resorts of one suite"));
        }
    }
    Ok(CheckedAll { one_use: check(&request.one_use, false)?, last_resort })
}

fn check(
    crypto: &RustCrypto,
    device: &NewDevice,
    package: &KeyPackage,
    last_resort: bool,
    now: Timestamp,
) -> Result<Checked, KeysError> {
    let bytes = package.as_bytes();
    if bytes.len() > limits::KEY_PACKAGE {
        return Err(KeysError::Invalid("too large"));
    }
    let parsed = KeyPackageIn::tls_deserialize_exact_bytes(bytes)
        .map_err(|_| KeysError::Invalid("does not decode"))?;
    let valid = parsed
        .validate(crypto, ProtocolVersion::Mls10)
        .map_err(|_| KeysError::Invalid("does not validate (signatures, lifetime, extensions)"))?;
    let suite = u16::from(valid.ciphersuite());
    if !ALLOWED_SUITES.contains(&suite) {
        return Err(KeysError::Suite);
    }
    if valid.last_resort() != last_resort {
        return Err(KeysError::Invalid("the last-resort extension stands where it must not, or is missing"));
    }
    let lifetime = valid.life_time();
    if lifetime.not_after().saturating_sub(lifetime.not_before()) > limits::KEY_PACKAGE_LIFE + SKEW {
        return Err(KeysError::Invalid("lives too long"));
    }
    check_leaf(device, valid.leaf_node())?;
    let keys = [valid.hpke_init_key().as_slice().to_vec(), leaf_key(valid.leaf_node())];
    if !all_usable(crypto, valid.ciphersuite(), keys) {
        return Err(KeysError::Invalid("nothing can be sealed to one of its keys"));
    }
    let capabilities = valid.leaf_node().capabilities();
    let row = PackageRow {
        not_after: lifetime.not_after(),
        extensions: capabilities.extensions().iter().map(|one| u16::from(*one)).collect(),
        proposals: capabilities.proposals().iter().map(|one| u16::from(*one)).collect(),
        credentials: capabilities.credentials().iter().map(|one| u16::from(*one)).collect(),
        package: bytes.to_vec(),
    };
    if row.good_at(now) { Ok(Checked { suite, row }) } else { Err(KeysError::Invalid("about to expire")) }
}

/// The leaf is the device's own: its URI in the credential, its registered key, the word of its own account.
fn check_leaf(device: &NewDevice, leaf: &LeafNode) -> Result<(), KeysError> {
    if leaf.credential().serialized_content() != device.uri.to_string().as_bytes() {
        return Err(KeysError::Invalid("the credential is not the device's URI"));
    }
    if leaf.signature_key().as_slice() != device.signature_key {
        return Err(KeysError::Invalid("the signature key is not the one the device registered"));
    }
    let encoded = leaf
        .extensions()
        .app_data_dictionary()
        .and_then(|extension| extension.dictionary().get(&DEVICE_AUTHORISATION))
        .ok_or(KeysError::Invalid("no device authorisation in the leaf"))?;
    let authorisation = DeviceAuthorisation::decode(encoded)
        .map_err(|_| KeysError::Invalid("the device authorisation does not decode"))?;
    if authorisation.account_key != device.authorisation.account_key {
        return Err(KeysError::Invalid("the device authorisation is another account's"));
    }
    authorisation
        .verify(&device.uri, &device.signature_key)
        .map_err(|_| KeysError::Invalid("the device authorisation does not verify"))
}

/// Who signed a request for key material: a device of the person it names.
///
/// # Errors
/// [`KeysError::BadSignature`].
pub fn requester(request: &KeyMaterialRequest) -> Result<DeviceUri, KeysError> {
    let tbs = &request.tbs;
    let identity = tbs.requester_credential.identity().ok_or(KeysError::BadSignature)?;
    let device: DeviceUri = std::str::from_utf8(identity)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(KeysError::BadSignature)?;
    if device.user_uri() != tbs.requesting_user {
        return Err(KeysError::BadSignature);
    }
    let content = tbs.tls_serialize_detached().map_err(|_| KeysError::BadSignature)?;
    let content = SignContent::new("KeyMaterialRequestTBS", content.into())
        .tls_serialize_detached()
        .map_err(|_| KeysError::BadSignature)?;
    let key: [u8; 32] =
        tbs.requester_signature_key.as_slice().try_into().map_err(|_| KeysError::BadSignature)?;
    let signature = Signature::from_slice(&request.signature).map_err(|_| KeysError::BadSignature)?;
    VerifyingKey::from_bytes(&key)
        .and_then(|key| key.verify_strict(&content, &signature))
        .map_err(|_| KeysError::BadSignature)?;
    Ok(device)
}

/// Those that may be handed out, and the keys of those that have expired.
pub(super) fn sort_out(found: Vec<Pair>, now: Timestamp) -> Result<(Vec<Candidate>, Vec<Bytes>), KeysError> {
    let (mut good, mut expired) = (Vec::new(), Vec::new());
    for (key, value) in found {
        let row = PackageRow::decode(&value)?;
        if row.good_at(now) {
            good.push(Candidate { key, value, row });
        } else {
            expired.push(key);
        }
    }
    Ok((good, expired))
}

/// Tells a device at [`LOW`], at half of it, and when the last one went: not at every claim.
pub(super) fn worth_telling(left: usize) -> Option<u32> {
    let told = left == LOW || left == LOW / 2 || left == 0;
    if told { u32::try_from(left).ok() } else { None }
}
