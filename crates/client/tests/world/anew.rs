//! An account that is registered anew under the URI of another: a real client with keys of its own, whose service lets
//! it take the place of somebody it knew.

use super::World;
use ed25519_dalek::{Signer as _, SigningKey};
use std::sync::Arc;
use tls_codec::{Serialize as _, TlsSerialize, TlsSize, VLBytes};
use trefoil_client::{overlay::Overlay, rows::ACCOUNT};
use trefoil_proto::{
    DeviceUri, Month, UserUri, Wire as _,
    credential::DeviceAuthorisation,
    edge::{Identifier, NewDevice, REGISTER_LABEL, RegisterRequest, RegisterTbs, signed_content},
};
use trefoil_store::MemoryStore;
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

impl World {
    /// Registers `user` anew; the service forgets whom it knew by that URI.
    pub fn anew(&mut self, user: &UserUri, name: &str) -> usize {
        self.anew_with(user, name, [77; 32])
    }

    /// The same, with a given account secret.
    pub fn anew_with(&mut self, user: &UserUri, name: &str, account_secret: [u8; 32]) -> usize {
        let device_secret = [account_secret[0] ^ 1; 32];
        let (account, key) =
            (SigningKey::from_bytes(&account_secret), SigningKey::from_bytes(&device_secret));
        let uri: DeviceUri =
            format!("mimi://{}/d/{}/anew{}", user.domain, user.id, account_secret[0]).parse().unwrap();
        let signature_key = key.verifying_key().to_bytes();
        let authorisation = DeviceAuthorisation::sign(&account, &uri, &signature_key);
        let device = NewDevice { uri: uri.clone(), signature_key, authorisation: authorisation.clone() };
        let entry = DeviceEntry::new(uri.device.clone(), signature_key, &authorisation);
        let set = DeviceSet::first(user.clone(), Month(600), authorisation.account_key, vec![entry]);
        let device_set = SignedDeviceSet::by_account(set, &account).encode();
        let tbs = RegisterTbs {
            identifier: Identifier::AccountName(name.as_bytes().to_vec()),
            device,
            device_set,
            minor: None,
        };
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
        let store = Arc::new(MemoryStore::new());
        let mut overlay = Overlay::new(store.clone());
        overlay.put(ACCOUNT, "candidate", row);
        overlay.commit().unwrap();
        let at = self.device_on(name, store);
        self.act(at, |client, now| client.go_online(now));
        self.run();
        assert_eq!(self.user(at), *user);
        at
    }
}
