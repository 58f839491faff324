//! How a room may begin.

use super::{super::Created, client::HYBRID, *};
use trefoil_proto::{
    edge::CreateRoomRequest,
    franking::FRANKING_AGENT,
    limits,
    room::{PARTICIPANT_LIST, ParticipantList, ROLES_LIST, ROOM_METADATA, Role, UserRolePair},
};

async fn create(hub: &Hub, device: &Device, request: CreateRoomRequest) -> Result<Created, RoomsError> {
    hub.register(device);
    hub.rooms.create(&device.uri, request, NOW).await
}

#[tokio::test]
async fn a_room_begins_once_in_either_suite() {
    for suite in [CLASSICAL, HYBRID] {
        let hub = Hub::new();
        let (alice, mallory) = (Person::new("hub.test", "alice"), Person::new("hub.test", "mallory"));
        let mut device = alice.device("1");
        let agent = hub.rooms.keys.agent(&hub.rooms.domain);
        let request = device.begin(&hub.room, &agent, suite, |_| {});
        assert_eq!(create(&hub, &device, request.clone()).await.unwrap(), Created::New);
        assert_eq!(create(&hub, &device, request).await.unwrap(), Created::Repeated);
        let mut other = mallory.device("1");
        let request = other.begin(&hub.room, &agent, suite, |_| {});
        assert!(matches!(create(&hub, &other, request).await, Err(RoomsError::Exists)));
        let message = device.message(b"alone");
        assert!(matches!(
            hub.submit(&device, message).await.unwrap(),
            SubmitMessageResponse::Accepted { frank: Some(_), .. }
        ));
    }
}

#[tokio::test]
async fn a_room_that_is_not_set_up_as_ours_are_does_not_begin() {
    type Spoil = Box<dyn Fn(&mut openmls::prelude::AppDataDictionary)>;
    let bob: trefoil_proto::UserUri = "mimi://hub.test/u/bob".parse().unwrap();
    let list = |pairs: Vec<UserRolePair>| ParticipantList { participants: pairs }.encode();
    let alice: trefoil_proto::UserUri = "mimi://hub.test/u/alice".parse().unwrap();
    let admin = UserRolePair { user: alice.clone(), role: Role::ADMIN };
    let lists = [
        list(vec![]),
        list(vec![UserRolePair { user: alice, role: Role::MEMBER }]),
        list(vec![admin, UserRolePair { user: bob, role: Role::MEMBER }]),
    ];
    let mut spoils: Vec<Spoil> = vec![
        Box::new(|dictionary| drop(dictionary.remove(&2))),
        Box::new(|dictionary| drop(dictionary.insert(FRANKING_AGENT, vec![0; 40]))),
        Box::new(|dictionary| drop(dictionary.remove(&ROLES_LIST))),
        Box::new(|dictionary| drop(dictionary.insert(0x7777, vec![1]))),
        Box::new(|dictionary| drop(dictionary.remove(&PARTICIPANT_LIST))),
        Box::new(|dictionary| drop(dictionary.remove(&ROOM_METADATA))),
        Box::new(|dictionary| drop(dictionary.insert(ROOM_METADATA, vec![0; limits::METADATA + 1]))),
    ];
    for list in lists {
        spoils.push(Box::new(move |dictionary| drop(dictionary.insert(PARTICIPANT_LIST, list.clone()))));
    }
    let hub = Hub::new();
    let agent = hub.rooms.keys.agent(&hub.rooms.domain);
    for (index, spoil) in spoils.into_iter().enumerate() {
        let mut device = Person::new("hub.test", "alice").device("1");
        let request = device.begin(&hub.room, &agent, CLASSICAL, |dictionary| spoil(dictionary));
        assert!(matches!(create(&hub, &device, request).await, Err(RoomsError::BadStart(_))), "{index}");
    }
}

#[tokio::test]
async fn only_its_own_device_begins_a_room_and_only_at_home() {
    let hub = Hub::new();
    let agent = hub.rooms.keys.agent(&hub.rooms.domain);
    let alice = Person::new("hub.test", "alice");
    let mut device = alice.device("1");
    let request = device.begin(&hub.room, &agent, CLASSICAL, |_| {});
    assert!(create(&hub, &alice.device("2"), request).await.is_err());
    let mut forged = Device::authorised_by(&Person::new("hub.test", "eve").key, alice.device("1").uri);
    forged.authorisation.signature[0] ^= 1;
    let request = forged.begin(&hub.room, &agent, CLASSICAL, |_| {});
    assert!(create(&hub, &forged, request).await.is_err());
    let elsewhere: RoomUri = "mimi://other.test/r/tea".parse().unwrap();
    let mut device = alice.device("1");
    let request = device.begin(&elsewhere, &agent, CLASSICAL, |_| {});
    assert!(matches!(create(&hub, &device, request).await, Err(RoomsError::BadStart(_))));
}

#[tokio::test]
async fn nobody_opens_rooms_without_end() {
    let hub = Hub::new();
    let agent = hub.rooms.keys.agent(&hub.rooms.domain);
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("hub.test", "bob"));
    let mut device = alice.device("1");
    hub.register(&device);
    let mut opened = 0;
    let refused = loop {
        let room: RoomUri = format!("mimi://hub.test/r/{opened}").parse().unwrap();
        let mut request = device.begin(&room, &agent, CLASSICAL, |_| {});
        // Refused for what it is, but looked at all the same.
        request.room = hub.room.clone();
        match hub.rooms.create(&device.uri, request, NOW).await {
            Err(RoomsError::BadStart(_)) if opened < 1000 => opened += 1,
            other => break other,
        }
    };
    assert!(matches!(refused, Err(RoomsError::TooOften { retry_after_ms: 1.. })), "{opened}: {refused:?}");
    let mut other = bob.device("1");
    let request = other.begin(&hub.room, &agent, CLASSICAL, |_| {});
    assert_eq!(create(&hub, &other, request).await.unwrap(), Created::New);
}
