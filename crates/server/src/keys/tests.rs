//! Rows keep their form. What the room does is tested over HTTP in `tests/edge`.

#![allow(clippy::unwrap_used)]

use super::{rows::*, *};
use crate::devices::{
    client::{HYBRID, Person},
    keys::SpoilingProvider,
};
use tls_codec::Serialize as _;
use trefoil_proto::mls::KeyPackage;

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[test]
fn rows_keep_their_form() {
    let row = PackageRow {
        not_after: 258,
        extensions: vec![6],
        proposals: vec![],
        credentials: vec![1],
        package: vec![7, 8],
    };
    assert_eq!(hex(&row.encode()), "0100000000000001020200060002000102".to_owned() + "0708");
    assert_eq!(PackageRow::decode(&row.encode()).unwrap(), row);
    assert_eq!(hex(&encode_spent(258)), "010000000000000102");
    assert_eq!(spent_until(&encode_spent(258)).unwrap(), 258);
    let device = "mimi://a.test/d/u/d".parse().unwrap();
    assert_eq!(suite_prefix(&device, 0x4f), b"u/d/\0\x4f");
    assert_eq!(package_key(&device, 1, b"x").len(), 6 + 16);
    assert!(matches!(PackageRow::decode(&[2]), Err(KeysError::DamagedRow)));
}

#[test]
fn a_device_hears_of_it_three_times_and_not_at_every_claim() {
    let told: Vec<_> = (0..=20).rev().filter_map(decide::worth_telling).collect();
    assert_eq!(told, [10, 5, 0]);
}

#[test]
fn what_a_room_demands_must_all_be_there() {
    let row = PackageRow {
        not_after: 0,
        extensions: vec![6, 10],
        proposals: vec![8],
        credentials: vec![1],
        package: vec![],
    };
    let demand = |extension_types: Vec<u16>, proposal_types: Vec<u16>| RequiredCapabilities {
        extension_types,
        proposal_types,
        credential_types: vec![1],
    };
    assert!(row.supports(&demand(vec![6], vec![8])));
    assert!(!row.supports(&demand(vec![6, 7], vec![])));
    assert!(!row.supports(&demand(vec![], vec![9])));
}

#[test]
fn a_key_package_that_nobody_can_seal_to_is_not_published() {
    let device = Person::new("a.test", "ann").device("one");
    let registered = NewDevice {
        uri: device.uri.clone(),
        signature_key: device.signer.public().try_into().unwrap(),
        authorisation: device.authorisation.clone(),
    };
    let publish = |package: openmls::prelude::KeyPackage| {
        let raw = KeyPackage::parse(&package.tls_serialize_detached().unwrap()).unwrap();
        let request = PublishKeyPackages { one_use: vec![raw], last_resort: vec![] };
        let now = Timestamp(1000 * (package.life_time().not_before() + 7200));
        decide::check_all(&registered, &request, now).map(|checked| checked.one_use.len())
    };
    assert_eq!(publish(device.key_package(HYBRID)).unwrap(), 1);
    let spoilt = device.key_package_by(&SpoilingProvider::default(), HYBRID);
    let refused = publish(spoilt).unwrap_err().to_string();
    assert!(refused.contains("nothing can be sealed"), "{refused}");
}
