//! Devices that nobody should find in a room.

use super::*;
use client::HYBRID;
use openmls::prelude::OpenMlsCrypto as _;
use openmls_traits::OpenMlsProvider as _;
use trefoil_proto::{
    credential::DeviceAuthorisation,
    mimi::{
        GroupInfoRequest, GroupInfoResponse, Protocol,
        group_info::{GroupInfoRatchetTreeTbe, GroupInfoRequestTbs},
        update::RatchetTreeOption,
    },
    mls::Credential,
};

async fn add(hub: &Hub, a: &mut Device, device: &Device, listed: &[&Person]) -> UpdateOutcome {
    let update = (!listed.is_empty()).then(|| adding(listed));
    let commit = a.commit(vec![device.key_package(CLASSICAL)], vec![], update);
    let outcome = hub.update(a, commit).await;
    a.give_up();
    outcome
}

#[tokio::test]
async fn a_device_without_a_participant_or_without_its_accounts_word_is_kept_out() {
    let hub = Hub::new();
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("other.test", "bob"));
    let eve = Person::new("hub.test", "eve");
    let mut a = alice.device("1");
    hub.open(&mut a).await;
    // Nobody on the list.
    assert_eq!(add(&hub, &mut a, &bob.device("1"), &[]).await, UpdateOutcome::NotAllowed);
    // Somebody else on the list.
    assert_eq!(add(&hub, &mut a, &bob.device("1"), &[&eve]).await, UpdateOutcome::NotAllowed);
    // The word is for another key.
    let mut forged = bob.device("1");
    forged.authorisation = bob.device("1").authorisation;
    assert_eq!(add(&hub, &mut a, &forged, &[&bob]).await, UpdateOutcome::NotAllowed);
    // The word is for another device.
    let mut forged = bob.device("1");
    forged.authorisation = DeviceAuthorisation::sign(&bob.key, &bob.device("2").uri, forged.signer.public());
    assert_eq!(add(&hub, &mut a, &forged, &[&bob]).await, UpdateOutcome::NotAllowed);
    // Another account's word for a second device of Alice.
    let forged = Device::authorised_by(&eve.key, alice.device("2").uri);
    assert_eq!(add(&hub, &mut a, &forged, &[]).await, UpdateOutcome::NotAllowed);
    // A second leaf for a device that has one.
    assert_eq!(add(&hub, &mut a, &alice.device("1"), &[]).await, UpdateOutcome::NotAllowed);
    assert!(hub.events_for(&bob.device("1").uri).await.is_empty());
    assert_eq!(add(&hub, &mut a, &bob.device("1"), &[&bob]).await, success());
}

#[tokio::test]
async fn taking_someone_off_the_list_takes_their_devices() {
    let hub = Hub::new();
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("other.test", "bob"));
    let (mut a, mut b, mut second) = (alice.device("1"), bob.device("1"), bob.device("2"));
    hub.room_of(&[&alice, &bob], &mut [&mut a, &mut b, &mut second]).await;
    let gone = a.index_of(&b.uri);
    let update = trefoil_proto::room::ParticipantListUpdate { removed: vec![1], ..Default::default() };
    let commit = a.commit(vec![], vec![gone], Some(update));
    assert_eq!(hub.update(&a, commit).await, UpdateOutcome::NotAllowed);
}

/// Asks for the group info as a device does, and opens the answer.
async fn ask(hub: &Hub, device: &Device) -> Option<GroupInfoRatchetTreeTbe> {
    let crypto = device.provider.crypto();
    let config = || HYBRID.hpke_config();
    let keys = crypto.derive_hpke_keypair(config(), &[9; 64]).unwrap();
    let tbs = GroupInfoRequestTbs {
        protocol: Protocol::Mls10,
        cipher_suite: HYBRID.into(),
        requesting_signature_key: device.signer.public().to_vec(),
        requesting_credential: Credential::basic(device.uri.to_string().as_bytes()),
        device_authorisation: device.authorisation.encode(),
        group_info_public_key: keys.public.clone(),
        joining_code: Vec::new(),
    };
    let content = super::super::label::labelled("GroupInfoRequestTBS", &super::super::label::encode(&tbs));
    let signature = openmls_traits::signatures::Signer::sign(&device.signer, &content).unwrap();
    let request = GroupInfoRequest { tbs, signature };
    match hub.rooms.group_info(&origin(device), &hub.room, request, NOW).await.unwrap() {
        GroupInfoResponse::Success { kem_output, ciphertext, .. } => {
            let sealed = openmls_traits::types::HpkeCiphertext {
                kem_output: kem_output.into(),
                ciphertext: ciphertext.into(),
            };
            let info = super::super::label::labelled(
                "GroupInfo and ratchet_tree encryption",
                hub.room.to_string().as_bytes(),
            );
            let opened = crypto.hpke_open(config(), &sealed, &keys.private, &info, &[]).unwrap();
            Some(GroupInfoRatchetTreeTbe::decode(&opened).unwrap())
        }
        GroupInfoResponse::NotAuthorized => None,
        GroupInfoResponse::NoSuchRoom => panic!("the room exists"),
    }
}

async fn join(hub: &Hub, device: &mut Device, found: &GroupInfoRatchetTreeTbe) -> UpdateOutcome {
    let RatchetTreeOption::Full(tree) = &found.ratchet_tree else { panic!("no tree") };
    let request = device.join(&found.group_info, tree);
    hub.update(device, request).await
}

#[tokio::test]
async fn a_participants_new_device_joins_by_itself_and_nobody_else_does() {
    let hub = Hub::new();
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("other.test", "bob"));
    let eve = Person::new("hub.test", "eve");
    let (mut a, mut b) = (alice.device("1"), bob.device("1"));
    hub.room_of(&[&alice, &bob], &mut [&mut a, &mut b]).await;

    let mut second = bob.device("2");
    let found = ask(&hub, &second).await.unwrap();
    assert_eq!(join(&hub, &mut second, &found).await, success());
    for device in [&mut a, &mut b] {
        for event in hub.events_for(&device.uri).await {
            device.receive(&event);
        }
        assert_eq!(device.group().epoch(), second.group().epoch());
    }
    assert_eq!(hub.events_for(&second.uri).await.len(), 1, "its own commit comes back");
    let message = second.message(b"here as well");
    hub.submit(&second, message).await.unwrap();
    let last = hub.events_for(&a.uri).await.pop().unwrap();
    assert_eq!(a.receive(&last).unwrap(), b"here as well");

    // Someone who is not in the room, even with a group info that leaked.
    let mut ghost = eve.device("1");
    assert!(ask(&hub, &ghost).await.is_none());
    let found = ask(&hub, &alice.device("2")).await.unwrap();
    assert_eq!(join(&hub, &mut ghost, &found).await, UpdateOutcome::NotAllowed);
    // A device that Bob's account never authorised.
    let mut forged = Device::authorised_by(&eve.key, bob.device("3").uri);
    assert!(ask(&hub, &forged).await.is_none());
    assert_eq!(join(&hub, &mut forged, &found).await, UpdateOutcome::NotAllowed);
    // A device that is in the room already, with another key: the old leaf would stay.
    let mut again = alice.device("1");
    assert_eq!(join(&hub, &mut again, &found).await, UpdateOutcome::NotAllowed);
}

#[tokio::test]
async fn a_device_that_lost_its_state_takes_its_own_place_again() {
    let hub = Hub::new();
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("other.test", "bob"));
    let (mut a, mut b) = (alice.device("1"), bob.device("1"));
    hub.room_of(&[&alice, &bob], &mut [&mut a, &mut b]).await;
    let found = ask(&hub, &b).await.unwrap();
    b.provider = Default::default();
    assert_eq!(join(&hub, &mut b, &found).await, success());
    a.receive(&hub.events_for(&a.uri).await[0]);
    assert_eq!(a.group().members().count(), 2);
}
