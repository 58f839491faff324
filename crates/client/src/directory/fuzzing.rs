//! Stored rows of directories, for the fuzzer.

use super::rows::{NextSetRow, OwnSetRow};
use crate::{fuzzing::Target, rows::fuzzing::row};

pub(crate) const TARGETS: &[Target] =
    &[("client_own_set_row", row::<OwnSetRow>), ("client_next_set_row", row::<NextSetRow>)];

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use crate::rows::Row as _;
    let signed = signed_set();
    let next = NextSetRow {
        device: "mimi://a.test/d/ann/d1".parse().expect("a device's URI"),
        signed: signed.clone(),
    };
    vec![("client_own_set_row", OwnSetRow { signed }.to_row()), ("client_next_set_row", next.to_row())]
}

/// A set of one device, under keys that are no secret.
#[cfg(test)]
pub(crate) fn signed_set() -> trefoil_transparency::device_set::SignedDeviceSet {
    use trefoil_proto::{
        DeviceUri,
        credential::{AccountKey, DeviceAuthorisation},
    };
    use trefoil_transparency::device_set::{DeviceEntry, DeviceSet, SignedDeviceSet};
    let account = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
    let device: DeviceUri = "mimi://a.test/d/ann/d1".parse().expect("a device's URI");
    let authorisation = DeviceAuthorisation::sign(&account, &device, &[2; 32]);
    let entry = DeviceEntry::new(device.device.clone(), [2; 32], &authorisation);
    let key = AccountKey(account.verifying_key().to_bytes());
    SignedDeviceSet::by_account(DeviceSet::first(device.user_uri(), key, vec![entry]), &account)
}
