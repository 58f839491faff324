//! Decoders of this room, for the fuzzer.

use super::{
    decide,
    rows::{self, PackageRow},
};
use crate::fuzzing::{Target, row};
use trefoil_proto::{
    Timestamp, Wire as _,
    credential::{AccountKey, DeviceAuthorisation},
    edge::{NewDevice, PublishKeyPackages},
    mimi::KeyMaterialRequest,
};

pub(crate) const TARGETS: &[Target] = &[
    ("server_package_row", row!(PackageRow)),
    ("server_spent_row", spent),
    ("server_published_packages", published),
    ("server_claim", claim),
];

fn spent(input: &[u8]) -> bool {
    let Ok(until) = rows::spent_until(input) else { return false };
    assert_eq!(rows::encode_spent(until), input);
    true
}

/// Packages that a device hands in are read by the MLS library. None of them is of this device.
fn published(input: &[u8]) -> bool {
    let Ok(request) = PublishKeyPackages::decode(input) else { return false };
    let device = NewDevice {
        uri: "mimi://a.test/d/nobody/d1".parse().expect("a device"),
        signature_key: [0; 32],
        authorisation: DeviceAuthorisation { account_key: AccountKey([0; 32]), signature: [0; 64] },
    };
    let empty = request.one_use.is_empty() && request.last_resort.is_empty();
    assert_eq!(decide::check_all(&device, &request, Timestamp(0)).is_ok(), empty);
    true
}

/// Who a request for packages is from. Another signature is nobody's.
fn claim(input: &[u8]) -> bool {
    let Ok(mut request) = KeyMaterialRequest::decode(input) else { return false };
    if decide::requester(&request).is_err() {
        return false;
    }
    request.signature[0] ^= 1;
    assert!(decide::requester(&request).is_err());
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use crate::devices::client::{CLASSICAL, HYBRID, Person};
    use openmls::prelude::SignContent;
    use openmls_traits::signatures::Signer as _;
    use tls_codec::Serialize as _;
    use trefoil_proto::{
        mimi::{
            Protocol,
            key_material::{KeyMaterialRequestTbs, RequiredCapabilities},
        },
        mls::{Credential, KeyPackage},
    };
    let device = Person::new("a.test", "ann").device("d1");
    let packages = [HYBRID, CLASSICAL].map(|suite| {
        let encoded = device.key_package(suite).tls_serialize_detached().unwrap();
        KeyPackage::parse(&encoded).unwrap()
    });
    let row = PackageRow {
        not_after: 1,
        extensions: vec![6],
        proposals: vec![8, 9],
        credentials: vec![1],
        package: packages[1].as_bytes().to_vec(),
    };
    let tbs = KeyMaterialRequestTbs {
        protocol: Protocol::Mls10,
        requesting_user: device.uri.user_uri(),
        target_user: "mimi://b.test/u/bob".parse().unwrap(),
        room_id: "mimi://a.test/r/tea".parse().unwrap(),
        acceptable_ciphersuites: vec![0x4f, 1],
        required_capabilities: RequiredCapabilities::default(),
        requester_signature_key: device.signer.public().to_vec(),
        requester_credential: Credential::basic(device.uri.to_string().as_bytes()),
    };
    let content = SignContent::new("KeyMaterialRequestTBS", tbs.tls_serialize_detached().unwrap().into());
    let signature = device.signer.sign(&content.tls_serialize_detached().unwrap()).unwrap();
    let publish = PublishKeyPackages { one_use: packages.to_vec(), last_resort: vec![] };
    vec![
        ("server_package_row", row.encode()),
        ("server_spent_row", rows::encode_spent(77)),
        ("server_published_packages", publish.encode()),
        ("server_claim", KeyMaterialRequest { tbs, signature }.encode()),
    ]
}
