//! An account that is made anew under its old URI, with another key: by a service that forgot whom it had, for a real
//! client that registers there. No service that plays by the rules does this.

use ed25519_dalek::{Signer as _, SigningKey};
use std::path::Path;
use tls_codec::{Serialize as _, TlsSerialize, TlsSize, VLBytes};
use trefoil::{
    clock,
    home::Home,
    person::{self, PATIENCE, Place},
};
use trefoil_client::{Event, rows::ACCOUNT};
use trefoil_proto::{
    DeviceUri, UserUri, Wire as _,
    credential::DeviceAuthorisation,
    edge::{Identifier, NewDevice, REGISTER_LABEL, RegisterRequest, RegisterTbs, signed_content},
};
use trefoil_store::{Batch, LocalStore as _, SqliteOptions, SqliteStore, Store as _, Table};
use trefoil_transparency::device_set::{DeviceEntry, DeviceSet, SignedDeviceSet};

/// A registration under way, as the client stores it.
#[derive(TlsSize, TlsSerialize)]
struct Candidate {
    device: DeviceUri,
    device_secret: [u8; 32],
    authorisation: DeviceAuthorisation,
    account_secret: Option<[u8; 32]>,
    request: VLBytes,
}

/// Takes somebody out of the store of a service that does not run.
pub async fn forget(database: &Path, user: &UserUri) {
    let store = SqliteStore::open(database, SqliteOptions::default()).unwrap();
    let mut batch = Batch::new();
    // A service that plays by the rules would take a new key as a reset of the old account only.
    for table in ["accounts.people", "directory.newest"] {
        batch.delete(Table::new(table), user.id.as_str().as_bytes().to_vec());
    }
    store.commit(batch).await.unwrap();
}

/// Makes the account in an empty folder, at a service that forgot it.
pub async fn register(home: &Home, place: Place<'_>, user: &UserUri, account_name: &str) {
    let (store, _) = home.prepare(None).unwrap();
    let mut batch = Batch::new();
    batch.put(ACCOUNT, "candidate", candidate(user, account_name));
    store.commit(batch).unwrap();
    drop(store);
    home.settle(place.service, place.ca).unwrap();
    let (mut agent, _) = person::open(home, None).unwrap();
    agent.go_online().unwrap();
    let mut refused = None;
    let registered = |event: &Event| matches!(event, Event::Registered { user: made, .. } if made == user);
    let done = |_: &_, events: &[Event]| {
        events.iter().any(|event| registered(event) || matches!(event, Event::RegistrationRefused { .. }))
    };
    let show = |_: &_, event: Event| {
        if matches!(event, Event::RegistrationRefused { .. }) {
            refused = Some(event);
        }
    };
    agent.run_until(PATIENCE, done, show).await.unwrap();
    assert_eq!(refused, None);
    agent.settle(PATIENCE, |_, _| {}).await.unwrap();
    drop(agent.close().await);
}

fn candidate(user: &UserUri, account_name: &str) -> Vec<u8> {
    let (account_secret, device_secret) = ([71; 32], [72; 32]);
    let (account, key) = (SigningKey::from_bytes(&account_secret), SigningKey::from_bytes(&device_secret));
    let uri: DeviceUri = format!("mimi://{}/d/{}/anew", user.domain, user.id).parse().unwrap();
    let signature_key = key.verifying_key().to_bytes();
    let authorisation = DeviceAuthorisation::sign(&account, &uri, &signature_key);
    let device = NewDevice { uri: uri.clone(), signature_key, authorisation: authorisation.clone() };
    let entry = DeviceEntry::new(uri.device.clone(), signature_key, &authorisation);
    let set = DeviceSet::first(user.clone(), clock::now().month(), authorisation.account_key, vec![entry]);
    let device_set = SignedDeviceSet::by_account(set, &account).encode();
    let identifier = Identifier::AccountName(account_name.as_bytes().to_vec());
    let tbs = RegisterTbs { identifier, device, device_set, minor: None };
    let content = signed_content(REGISTER_LABEL, &tbs).unwrap();
    let request = RegisterRequest { signature: key.sign(&content).to_bytes(), tbs, pass: None };
    let candidate = Candidate {
        device: uri,
        device_secret,
        authorisation,
        account_secret: Some(account_secret),
        request: request.encode().into(),
    };
    let mut row = vec![1];
    candidate.tls_serialize(&mut row).unwrap();
    row
}
