//! Stored rows of directories and the roots in messages, for the fuzzer.

use super::{
    roots::read_roots,
    rows::{EvidenceRow, NextSetRow, OwnSetRow, RootRow, ServicesRow, SetRow},
};
use crate::{fuzzing::Target, rows::fuzzing::row};

pub(crate) const TARGETS: &[Target] = &[
    ("client_own_set_row", row::<OwnSetRow>),
    ("client_next_set_row", row::<NextSetRow>),
    ("client_proven_set_row", row::<SetRow>),
    ("client_root_row", row::<RootRow>),
    ("client_services_row", row::<ServicesRow>),
    ("client_evidence_row", row::<EvidenceRow>),
    ("client_roots_extension", |input| read_roots(input).is_some()),
];

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use crate::rows::Row as _;
    use tls_codec::Serialize as _;
    use trefoil_proto::Timestamp;
    use trefoil_transparency::{directory::ServiceKey, gossip::Evidence};
    let signed = signed_set();
    let next = NextSetRow {
        device: "mimi://a.test/d/ann/d1".parse().expect("a device's URI"),
        signed: signed.clone(),
    };
    let set = SetRow::new(signed.set.clone(), None, 1, 7, Timestamp(5));
    let (first, second) = (signed_root(1), signed_root(2));
    let service = "a.test".parse().expect("a domain");
    let roots = vec![first.clone()].tls_serialize_detached().expect("roots encode");
    let mut extension = Vec::new();
    minicbor::Encoder::new(&mut extension).bytes(&roots).expect("memory");
    let evidence = Evidence::Roots { key: [9; 32], first: first.clone(), second };
    vec![
        ("client_own_set_row", OwnSetRow { signed }.to_row()),
        ("client_next_set_row", next.to_row()),
        ("client_proven_set_row", set.to_row()),
        ("client_root_row", RootRow { signed: first }.to_row()),
        ("client_services_row", ServicesRow { keys: vec![ServiceKey { service, key: [3; 32] }] }.to_row()),
        ("client_evidence_row", EvidenceRow { evidence, settled: Some(Timestamp(6)) }.to_row()),
        ("client_roots_extension", extension),
    ]
}

/// A root under a key that is no secret.
#[cfg(test)]
fn signed_root(hash: u8) -> trefoil_transparency::gossip::SignedRoot {
    use trefoil_transparency::{gossip::SignedRoot, log::DirectoryRoot};
    let root = DirectoryRoot {
        directory: "a.test".parse().expect("a domain"),
        epoch: 3,
        root: [hash; 32],
        time: trefoil_proto::Timestamp(5),
        vrf_key_hash: [4; 32],
        previous: [6; 32],
    };
    SignedRoot::sign(root, &ed25519_dalek::SigningKey::from_bytes(&[8; 32]))
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
    SignedDeviceSet::by_account(
        DeviceSet::first(device.user_uri(), trefoil_proto::Month(600), key, vec![entry]),
        &account,
    )
}
