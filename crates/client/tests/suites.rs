//! A room has the best encryption that all its devices can do, and a service that hides better keys is found out.
#![allow(clippy::unwrap_used)]

mod world;

use trefoil_client::{ChangeRefusal, Event, Refusal, Suite};
use trefoil_proto::{
    RoomUri,
    room::{ParticipantListUpdate, Role, UserRolePair},
};
use world::{World, forge};

/// As on the wire.
const CLASSICAL: u16 = 1;

fn create_with(world: &mut World, at: usize, other: trefoil_proto::UserUri, suite: Suite) -> RoomUri {
    let now = world.now;
    let (room, step) = world.devices[at].client.create_room_with("Tea", &[other], suite, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(at, outcome);
    world.run();
    room
}

fn refused_changes(world: &mut World, at: usize) -> Vec<ChangeRefusal> {
    let changes = world.events(at).into_iter().filter_map(|event| match event {
        Event::ChangeRefused { reason, .. } => Some(reason),
        _ => None,
    });
    changes.collect()
}

#[test]
fn a_room_with_an_older_device_is_classical_and_takes_everybody() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let older = world.stranger("older", forge::older_device);
    // Under the better suite the older device has no keys, and it is said.
    let better = create_with(&mut world, alice, older.clone(), Suite::Hybrid);
    assert_eq!(world.hub.members(&better).len(), 1);
    assert_eq!(refused_changes(&mut world, alice), [ChangeRefusal::Unavailable(older.clone())]);

    let room = create_with(&mut world, alice, older, Suite::Classical);
    let bob_user = world.user(bob);
    world.act(alice, |client, now| client.add_people(&room, &[bob_user], now));
    world.run();
    assert_eq!(refused_changes(&mut world, alice), []);
    assert_eq!(world.hub.members(&room).len(), 3);
    world.say(alice, &room, "hello, both");
    world.run();
    world.say(bob, &room, "hello, Alice");
    world.run();
    for at in [alice, bob] {
        assert_eq!(world.texts(at, &room), ["hello, both", "hello, Alice"]);
        let view = world.devices[at].client.room(&room).unwrap().unwrap();
        assert_eq!(view.suite, Some(Suite::Classical));
    }
}

#[test]
fn a_service_that_hides_better_keys_brings_nobody_into_a_lesser_room() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let (device, user) = (world.uri(bob), world.user(bob));
    world.hub.keys.get_mut(&device).unwrap().one_use.retain(|package| package.ciphersuite() == CLASSICAL);
    let better = create_with(&mut world, alice, user.clone(), Suite::Hybrid);
    assert_eq!(refused_changes(&mut world, alice), [ChangeRefusal::Unavailable(user.clone())]);
    // Alice believes that Bob's program is an older one. His keys, signed by him, say that it is not.
    let lesser = create_with(&mut world, alice, user, Suite::Classical);
    assert_eq!(refused_changes(&mut world, alice), [ChangeRefusal::Untrusted(Refusal::Downgrade)]);
    for room in [better, lesser] {
        assert_eq!(world.hub.members(&room).len(), 1);
    }
}

#[test]
fn lesser_keys_do_not_come_into_a_better_room() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    world.hub.gives_suite = Some(CLASSICAL);
    let room = world.create(alice, &[bob], Suite::Hybrid);
    assert_eq!(refused_changes(&mut world, alice), [ChangeRefusal::Untrusted(Refusal::Downgrade)]);
    assert_eq!(world.hub.members(&room).len(), 1);
}

#[test]
fn nobody_is_drawn_into_a_lesser_room_by_an_altered_client() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[], Suite::Classical);
    let keys = &world.hub.keys[&world.uri(bob)].one_use;
    let package = keys.iter().find(|package| package.ciphersuite() == CLASSICAL).unwrap().clone();
    let bob_in = UserRolePair { user: world.user(bob), role: Role::MEMBER };
    let list = ParticipantListUpdate { added: vec![bob_in], ..ParticipantListUpdate::default() };
    let request = world::evil::commit(&world, alice, &room, &package, Some(&list));
    world.hub.lenient = true;
    world.hub.update(&room, &request);
    world.run();
    let refused = |event: &Event| matches!(event, Event::Refused { reason: Refusal::Downgrade, .. });
    assert_eq!(world.events(bob).iter().filter(|event| refused(event)).count(), 1);
    assert!(world.devices[bob].client.room(&room).unwrap().is_none());
}
