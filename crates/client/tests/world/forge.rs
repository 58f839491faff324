//! Devices made by hand: strangers to fill a room, and impostors.

use openmls::{component::*, prelude::*};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;
use tls_codec::Serialize as _;
use trefoil_proto::{
    DeviceUri, Month, Wire as _,
    credential::{DEVICE_AUTHORISATION, DeviceAuthorisation},
    edge::{NewDevice, PublishKeyPackages},
};
use trefoil_transparency::device_set::{DeviceEntry, DeviceSet, SignedDeviceSet};

/// What today's program can do.
const TODAY: &[Ciphersuite] = &[Ciphersuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519, CLASSICAL];
const CLASSICAL: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// A seed that differs for each number.
pub fn seed(number: usize) -> [u8; 32] {
    let mut seed = [1; 32];
    seed[..8].copy_from_slice(&number.to_be_bytes());
    seed
}

/// The device set that a person's first device signs.
pub fn first_set(device: &NewDevice, account: &ed25519_dalek::SigningKey) -> Vec<u8> {
    let entry = DeviceEntry::new(device.uri.device.clone(), device.signature_key, &device.authorisation);
    let key = device.authorisation.account_key;
    SignedDeviceSet::by_account(
        DeviceSet::first(device.uri.user_uri(), Month(600), key, vec![entry]),
        account,
    )
    .encode()
}

/// A device with one key package, vouched for by `account`, whoever that is.
pub fn device(uri: &DeviceUri, account: &ed25519_dalek::SigningKey) -> (NewDevice, PublishKeyPackages) {
    device_with(uri, account, TODAY)
}

/// The same with a program that knows nothing but the classical suite.
pub fn older_device(uri: &DeviceUri, account: &ed25519_dalek::SigningKey) -> (NewDevice, PublishKeyPackages) {
    device_with(uri, account, &[CLASSICAL])
}

fn device_with(
    uri: &DeviceUri,
    account: &ed25519_dalek::SigningKey,
    suites: &[Ciphersuite],
) -> (NewDevice, PublishKeyPackages) {
    let provider = OpenMlsRustCrypto::default();
    let signer = SignatureKeyPair::new(SignatureScheme::ED25519).unwrap();
    let authorisation = DeviceAuthorisation::sign(account, uri, signer.public());
    let mut dictionary = AppDataDictionary::new();
    let components = ComponentsList::new(vec![0x20]).tls_serialize_detached().unwrap();
    dictionary.insert(ComponentType::SafeAad.into(), components);
    dictionary.insert(DEVICE_AUTHORISATION, authorisation.encode());
    let extensions =
        Extensions::single(Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary)))
            .unwrap();
    let capabilities = Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(suites),
        Some(&[ExtensionType::AppDataDictionary]),
        Some(&[ProposalType::AppDataUpdate, ProposalType::SelfRemove]),
        Some(&[CredentialType::Basic]),
    );
    let credential = CredentialWithKey {
        credential: BasicCredential::new(uri.to_string().into_bytes()).into(),
        signature_key: signer.public().into(),
    };
    let bundle = KeyPackage::builder()
        .leaf_node_capabilities(capabilities)
        .leaf_node_extensions(extensions)
        .build(suites[0], &provider, &signer, credential)
        .unwrap();
    let package = bundle.key_package().tls_serialize_detached().unwrap();
    let keys = PublishKeyPackages {
        one_use: vec![trefoil_proto::mls::KeyPackage::parse(&package).unwrap()],
        last_resort: Vec::new(),
    };
    let signature_key = signer.public().try_into().unwrap();
    (NewDevice { uri: uri.clone(), signature_key, authorisation }, keys)
}
