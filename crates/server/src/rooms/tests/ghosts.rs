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
    let commit = a.commit(vec![hub.package(a, device)], vec![], update);
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
    let commit = a.commit(vec![alice.device("1").key_package(CLASSICAL)], vec![], None);
    assert_eq!(hub.update(&a, commit).await, UpdateOutcome::NotAllowed);
    a.give_up();
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
pub(super) async fn ask(hub: &Hub, device: &Device) -> Option<GroupInfoRatchetTreeTbe> {
    ask_with(hub, device, Vec::new(), NOW).await
}

/// The same with what permits joining, at another time.
pub(super) async fn ask_with(
    hub: &Hub,
    device: &Device,
    joining_code: Vec<u8>,
    now: Timestamp,
) -> Option<GroupInfoRatchetTreeTbe> {
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
        joining_code,
    };
    let content = super::super::label::labelled("GroupInfoRequestTBS", &super::super::label::encode(&tbs));
    let signature = openmls_traits::signatures::Signer::sign(&device.signer, &content).unwrap();
    let request = GroupInfoRequest { tbs, signature };
    match hub.rooms.group_info(&origin(device), &hub.room, request, now).await.unwrap() {
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
    let second = alice.device("2");
    assert!(ask(&hub, &second).await.is_none(), "not registered");
    hub.register(&second);
    let found = ask(&hub, &second).await.unwrap();
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

/// An admin's altered client adds a second device of somebody, which its owner never made.
#[tokio::test]
async fn a_device_that_its_service_does_not_answer_for_is_kept_out() {
    let hub = Hub::new();
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("other.test", "bob"));
    let carol = Person::new("hub.test", "carol");
    let mut a = alice.device("1");
    hub.open(&mut a).await;
    let offer = async |a: &mut Device, package, person: &Person| {
        let commit = a.commit(vec![package], vec![], Some(adding(&[person])));
        let outcome = hub.update(a, commit).await;
        a.give_up();
        outcome
    };
    // One of the hub's own people: never registered, and registered with another key.
    let c = carol.device("1");
    assert_eq!(offer(&mut a, c.key_package(CLASSICAL), &carol).await, UpdateOutcome::NotAllowed);
    hub.register(&carol.device("1"));
    assert_eq!(offer(&mut a, c.key_package(CLASSICAL), &carol).await, UpdateOutcome::NotAllowed);
    // One of another service: that one never gave this key package to the hub, or gave it too long ago.
    let b = bob.device("1");
    let package = b.key_package(CLASSICAL);
    assert_eq!(offer(&mut a, package.clone(), &bob).await, UpdateOutcome::NotAllowed);
    hub.claim(&a, &b, &b.key_package(CLASSICAL), NOW);
    assert_eq!(offer(&mut a, package.clone(), &bob).await, UpdateOutcome::NotAllowed);
    hub.claim(&a, &b, &package, Timestamp(NOW.0 - 24 * 60 * 60 * 1000));
    assert_eq!(offer(&mut a, package.clone(), &bob).await, UpdateOutcome::NotAllowed);
    assert!(hub.events_for(&b.uri).await.is_empty() && hub.events_for(&c.uri).await.is_empty());

    // They are registered, but somebody else was given their key packages; or they took it back.
    hub.register(&c);
    let packages = [(&b, &bob, package), (&c, &carol, c.key_package(CLASSICAL))];
    for (device, person, package) in &packages {
        hub.claim(device, device, package, NOW);
        assert_eq!(offer(&mut a, package.clone(), person).await, UpdateOutcome::NotAllowed);
        hub.claim(&a, device, package, NOW);
        hub.rooms.take_back_claims(&person.user, NOW);
        assert_eq!(offer(&mut a, package.clone(), person).await, UpdateOutcome::NotAllowed);
        hub.claim(&a, device, package, NOW);
    }
    let packages = packages.into_iter().map(|(.., package)| package).collect();
    let commit = a.commit(packages, vec![], Some(adding(&[&bob, &carol])));
    assert_eq!(hub.update(&a, commit).await, success());
}

/// A committer's own leaf is looked at as well, and the first one of a room.
#[tokio::test]
async fn nobody_commits_or_begins_with_keys_that_are_not_registered() {
    let hub = Hub::new();
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("hub.test", "bob"));
    let (mut a, mut b) = (alice.device("1"), bob.device("1"));
    hub.room_of(&[&alice, &bob], &mut [&mut a, &mut b]).await;
    let commit = a.commit(vec![], vec![], None);
    hub.register(&alice.device("1"));
    assert_eq!(hub.update(&a, commit.clone()).await, UpdateOutcome::NotAllowed);
    hub.register(&a);
    assert_eq!(hub.update(&a, commit).await, success());
    let agent = hub.rooms.keys.agent(&hub.rooms.domain);
    let room = "mimi://hub.test/r/second".parse().unwrap();
    let mut unknown = alice.device("1");
    let request = unknown.begin(&room, &agent, CLASSICAL, |_| {});
    let refused = hub.rooms.create(&unknown.uri, request, NOW).await;
    assert!(matches!(refused, Err(RoomsError::BadStart(_))), "{refused:?}");
}

#[tokio::test]
async fn only_a_device_in_the_room_claims_key_packages_for_it() {
    let hub = Hub::new();
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("other.test", "bob"));
    let (mut a, mut b) = (alice.device("1"), bob.device("1"));
    hub.room_of(&[&alice, &bob], &mut [&mut a, &mut b]).await;
    let eve = Person::new("hub.test", "eve").device("1");
    let elsewhere = "mimi://hub.test/r/none".parse().unwrap();
    for device in [&a, &b] {
        hub.rooms.may_claim(&device.uri, &hub.room).await.unwrap();
    }
    for (device, room) in
        [(&eve, &hub.room), (&alice.device("2"), &hub.room), (&bob.device("2"), &hub.room), (&a, &elsewhere)]
    {
        let refused = hub.rooms.may_claim(&device.uri, room).await;
        assert!(matches!(refused, Err(RoomsError::NotAllowed(_))), "{:?}: {refused:?}", device.uri);
    }
}

/// Its account removed a device: nothing is kept for it any more, and its leaf can be removed.
#[tokio::test]
async fn a_device_that_its_account_removed_gets_nothing_and_can_be_taken_out() {
    let hub = Hub::new();
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("hub.test", "bob"));
    let (mut a, mut first, mut second) = (alice.device("1"), bob.device("1"), bob.device("2"));
    hub.room_of(&[&alice, &bob], &mut [&mut a, &mut first, &mut second]).await;
    hub.unregister(&second.uri).await;
    let (said, renewed) = (a.message(b"without you"), a.commit(vec![], vec![], None));
    assert!(matches!(hub.submit(&a, said).await.unwrap(), SubmitMessageResponse::Accepted { .. }));
    assert_eq!(hub.update(&a, renewed).await, success());
    a.merge();
    assert_eq!(hub.events_for(&first.uri).await.len(), 2);
    assert!(hub.events_for(&second.uri).await.is_empty());
    // Nor after the room was loaded anew.
    let hub = hub.again();
    let said = a.message(b"still without you");
    assert!(matches!(hub.submit(&a, said).await.unwrap(), SubmitMessageResponse::Accepted { .. }));
    assert!(hub.events_for(&second.uri).await.is_empty());
    // Its owner's other device takes it out.
    for event in hub.events_for(&first.uri).await {
        first.receive(&event);
    }
    let gone = first.index_of(&second.uri);
    let commit = first.commit(vec![], vec![gone], None);
    assert_eq!(hub.update(&first, commit).await, success());
    assert!(hub.events_for(&second.uri).await.is_empty());
    // When it is registered again, it comes in again and gets what follows.
    first.merge();
    let mut back = bob.device("2");
    let commit = first.commit(vec![hub.package(&first, &back)], vec![], None);
    assert_eq!(hub.update(&first, commit).await, success());
    first.merge();
    back.receive(&hub.events_for(&back.uri).await[0]);
    let said = first.message(b"welcome back");
    hub.submit(&first, said).await.unwrap();
    assert_eq!(back.receive(&hub.events_for(&back.uri).await[1]).unwrap(), b"welcome back");
}
