//! Who makes a room an announcement room, and which tables of roles a hub takes.

use super::{super::Created, ghosts::ask_with, *};
use trefoil_proto::{
    mimi::update::RatchetTreeOption,
    room::{Capability, ROLES_LIST, RolesList, RoomKind},
};

struct Set {
    hub: Hub,
    a: Device,
    b: Device,
    alice: Person,
    bob: Person,
}

/// Alice, an admin at the hub, and Bob from elsewhere.
async fn set() -> Set {
    let hub = Hub::new();
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("other.test", "bob"));
    let (mut a, mut b) = (alice.device("1"), bob.device("1"));
    hub.room_of(&[&alice, &bob], &mut [&mut a, &mut b]).await;
    Set { hub, a, b, alice, bob }
}

fn table(kind: RoomKind) -> (u16, Vec<u8>, Vec<u8>) {
    let list = RolesList::of(kind).encode();
    (ROLES_LIST, list.clone(), list)
}

fn switch(device: &mut Device, kind: RoomKind) -> UpdateRequest {
    device.commit_components(vec![], vec![], vec![table(kind)])
}

#[tokio::test]
async fn an_admin_makes_a_room_one_of_the_other_kind_and_back() {
    let Set { hub, mut a, mut b, .. } = set().await;
    let taken = switch(&mut a, RoomKind::Announcement);
    assert_eq!(hub.update(&a, taken).await, success());
    a.merge();
    let commit = hub.events_for(&b.uri).await.pop().unwrap();
    b.receive(&commit);
    let in_force = |device: &Device| {
        let dictionary = device.group().extensions().app_data_dictionary().unwrap().dictionary();
        RolesList::decode(dictionary.get(&ROLES_LIST).unwrap()).unwrap().kind()
    };
    assert_eq!((in_force(&a), in_force(&b)), (Some(RoomKind::Announcement), Some(RoomKind::Announcement)));
    // A process that starts later knows as well: the same again changes nothing, and is refused.
    let hub = hub.again();
    let repeated = switch(&mut a, RoomKind::Announcement);
    assert_ne!(hub.update(&a, repeated).await, success());
    a.give_up();
    let back = switch(&mut a, RoomKind::Discussion);
    assert_eq!(hub.update(&a, back).await, success());
}

#[tokio::test]
async fn a_member_does_not_and_neither_does_whoever_comes_in() {
    let Set { hub, mut b, alice, bob, .. } = set().await;
    let by_member = switch(&mut b, RoomKind::Announcement);
    assert_eq!(hub.update(&b, by_member).await, UpdateOutcome::NotAllowed);
    b.give_up();
    for (number, person) in [bob, alice].into_iter().enumerate() {
        let mut device = person.device("2");
        hub.register(&device);
        let now = NOW.plus_millis(10_000 * number as u64);
        let found = ask_with(&hub, &device, Vec::new(), now).await.unwrap();
        let RatchetTreeOption::Full(tree) = &found.ratchet_tree else { panic!("no tree") };
        let joins = device.join_with(&found.group_info, tree, vec![table(RoomKind::Announcement)]);
        assert_eq!(hub.update(&device, joins).await, UpdateOutcome::NotAllowed);
        let alone = device.join(&found.group_info, tree);
        assert_eq!(hub.update(&device, alone).await, success());
    }
}

#[tokio::test]
async fn a_third_table_is_refused_and_so_is_a_second_change_in_one_commit() {
    let Set { hub, mut a, .. } = set().await;
    let mut other = RolesList::of(RoomKind::Discussion);
    other.roles[2].capabilities.push(Capability::ADD_PARTICIPANT);
    let other = other.encode();
    for components in [
        vec![(ROLES_LIST, other.clone(), other.clone())],
        vec![(ROLES_LIST, vec![1, 2, 3], vec![1, 2, 3])],
        vec![table(RoomKind::Announcement), table(RoomKind::Discussion)],
    ] {
        let commit = a.commit_components(vec![], vec![], components);
        assert_ne!(hub.update(&a, commit).await, success());
        a.give_up();
    }
    let agent = hub.rooms.keys.agent(&hub.rooms.domain);
    for (number, (roles, taken)) in [
        (RolesList::of(RoomKind::Announcement).encode(), true),
        (RolesList::of(RoomKind::Discussion).encode(), true),
        (other, false),
        (Vec::new(), false),
    ]
    .into_iter()
    .enumerate()
    {
        let room: RoomUri = format!("mimi://hub.test/r/kind{number}").parse().unwrap();
        let mut device = Person::new("hub.test", "alice").device("1");
        hub.register(&device);
        let change = |dictionary: &mut openmls::prelude::AppDataDictionary| {
            dictionary.insert(ROLES_LIST, roles);
        };
        let request = device.begin(&room, &agent, CLASSICAL, change);
        let created = hub.rooms.create(&device.uri, request, NOW).await;
        assert_eq!(matches!(created, Ok(Created::New)), taken, "{number}: {created:?}");
    }
}
