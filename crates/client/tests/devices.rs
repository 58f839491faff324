//! A person's devices: linked, brought into rooms, taken off the account.
#![allow(clippy::unwrap_used)]

mod world;

use trefoil_client::{
    ClientError, Event, JoinedHow, Suite,
    conversation::{self, compose},
    overlay::Overlay,
};
use trefoil_proto::ErrorCode;
use world::World;

#[test]
fn a_second_device_is_linked_and_joins_by_external_commit() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let second = world.link(alice, "alice's second");
    let joined = |event: &Event| matches!(event, Event::RoomJoined { how: JoinedHow::External, .. });
    assert!(world.events(second).iter().any(joined));
    assert!(world.events(bob).iter().any(|event| matches!(event, Event::DeviceAdded { .. })));
    world.say(bob, &room, "to both");
    world.run();
    world.say(second, &room, "from the second");
    world.run();
    assert_eq!(world.texts(second, &room), ["to both", "from the second"]);
    assert_eq!(world.texts(alice, &room), ["to both", "from the second"]);
    assert_eq!(world.devices[alice].client.own_devices().unwrap().len(), 2);
    // It is no primary: it cannot link others, nor take them off.
    let now = world.now;
    let mut third = World::new();
    let third_device = third.device("third");
    let (code, _) = third.devices[third_device].client.link_request(third.hub.domain.clone(), now).unwrap();
    let refused = world.devices[second].client.link_approve(&code, now);
    assert!(matches!(refused.err(), Some(ClientError::NotPrimary)));
    let first = world.uri(alice);
    let refused = world.devices[second].client.remove_device(&first, now);
    assert!(matches!(refused.err(), Some(ClientError::NotPrimary)));
}

#[test]
fn a_room_that_opened_before_the_answer_was_pasted_reaches_the_new_device_too() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let (second, answer) = world.approve(alice, "alice's second");
    // One that she opens, and one that she is added to.
    let hers = world.create(alice, &[bob], Suite::Hybrid);
    let his = world.create(bob, &[alice], Suite::Hybrid);
    world.act(second, |client, now| client.link_finish(&answer, now));
    world.run();
    for room in [&hers, &his] {
        assert_eq!(world.hub.members(room).len(), 3);
        world.say(bob, room, "to both of her");
        world.run();
        assert_eq!(world.texts(second, room), ["to both of her"]);
    }
}

#[test]
fn a_code_that_is_approved_twice_gives_the_answer_again_and_the_account_goes_on() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let device = world.device("alice's second");
    let (domain, now) = (world.hub.domain.clone(), world.now);
    let (code, step) = world.devices[device].client.link_request(domain, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(device, outcome);
    let mut answers = Vec::new();
    for _ in 0..2 {
        world.act(alice, |client, now| client.link_approve(&code, now));
        world.run();
        answers.extend(world.events(alice).into_iter().filter_map(|event| match event {
            Event::LinkApproved { answer, .. } => Some(answer),
            _ => None,
        }));
    }
    assert_eq!(answers.len(), 2);
    world.act(device, |client, now| client.link_finish(&answers[1], now));
    world.run();
    assert!(world.hub.members(&room).contains(&world.uri(device)));
    // What the directory has and what this device signs next follow each other still.
    let sets = &world.hub.directory.sets[&world.user(alice)];
    assert_eq!(sets.len(), 2);
    let third = world.link(alice, "alice's third");
    let gone = world.uri(device);
    world.act(alice, |client, now| client.remove_device(&gone, now));
    world.run();
    assert!(!world.hub.members(&room).contains(&gone));
    assert!(world.hub.members(&room).contains(&world.uri(third)));
    let sequence: Vec<_> =
        world.hub.directory.sets[&world.user(alice)].iter().map(|set| set.set.sequence).collect();
    assert_eq!(sequence, [1, 2, 3, 4]);
}

#[test]
fn a_new_device_learns_the_names_of_those_who_are_there() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.take_up(bob, &room);
    world.act(bob, |client, now| client.set_display_name("Bob B.", now));
    world.run();
    let second = world.link(alice, "alice's second");
    let overlay = Overlay::new(world.devices[second].store.clone());
    let name = conversation::profile(&overlay, &room, &world.user(bob)).unwrap();
    assert_eq!(name.as_deref(), Some("Bob B."));
}

#[test]
fn a_device_that_is_taken_off_is_told_and_reads_no_further() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let second = world.link(alice, "alice's second");
    let third = world.link(alice, "alice's third");
    world.say(bob, &room, "to all three");
    world.run();
    assert_eq!(world.texts(second, &room), ["to all three"]);
    let (gone, stays) = (world.uri(second), world.uri(third));
    let now = world.now;
    let own = world.uri(alice);
    assert!(matches!(
        world.devices[alice].client.remove_device(&own, now).err(),
        Some(ClientError::ThisDevice)
    ));
    let stranger = world.uri(bob);
    let unknown = world.devices[alice].client.remove_device(&stranger, now);
    assert!(matches!(unknown.err(), Some(ClientError::UnknownDevice(_))));

    world.events(bob);
    world.act(alice, |client, now| client.remove_device(&gone, now));
    world.run();
    let removed = Event::OwnDeviceRemoved { device: gone.clone() };
    assert!(world.events(alice).contains(&removed));
    assert!(world.events(third).contains(&removed));
    assert!(!world.hub.members(&room).contains(&gone));
    assert!(world.hub.members(&room).contains(&stays));
    let lines = |event: &Event| matches!(event, Event::DeviceRemoved { device, .. } if *device == gone);
    assert_eq!(world.events(bob).iter().filter(|event| lines(event)).count(), 1);

    world.disconnect(second);
    for _ in 0..6 {
        world.pass(60_000);
    }
    let told = Event::Unauthenticated { code: ErrorCode::Unauthenticated };
    assert!(world.events(second).contains(&told));
    world.say(bob, &room, "to two");
    world.run();
    // Even if the hub hands it on.
    let body = world.hub.mailboxes[&own].last().unwrap().body.clone();
    world.hub.post(&gone, body);
    world.run();
    assert_eq!(world.texts(second, &room), ["to all three"]);
    assert_eq!(world.texts(third, &room), ["to all three", "to two"]);
}

#[test]
fn a_removal_survives_a_crash_and_a_lost_answer() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let second = world.link(alice, "alice's second");
    let gone = world.uri(second);
    world.devices[alice].lose.push_back("accounts/devices");
    world.act(alice, |client, now| client.remove_device(&gone, now));
    world.run();
    world.crash(alice);
    world.run();
    world.pass(60_000);
    assert!(!world.hub.members(&room).contains(&gone));
    assert_eq!(world.devices[alice].client.own_devices().unwrap().len(), 1);
    assert!(world.devices[alice].client.is_idle());
    world.say(alice, &room, "still here");
    world.run();
    assert_eq!(world.texts(bob, &room), ["still here"]);
    let draft = compose::text("I am gone", &[]).unwrap();
    let now = world.now;
    drop(world.devices[second].client.send(&room, draft, now));
}
