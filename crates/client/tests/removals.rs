//! The room's service asks that somebody be removed: it is said to everybody, an admin's client does it, and what is not
//! from the service brings about nothing.
#![allow(clippy::unwrap_used)]

mod world;

use ed25519_dalek::{Signer as _, SigningKey};
use trefoil_client::{
    Event, Refusal, Suite,
    conversation::{self, Cursor, Item, Line},
    overlay::Overlay,
};
use trefoil_proto::{
    RoomUri, Timestamp, UserUri,
    mimi::{
        fanout::RoomEvent,
        removal::{RemovalRequest, RemovalRequestTbs},
    },
    room::Role,
};
use world::World;

fn request(room: &RoomUri, user: UserUri, by: &SigningKey) -> RoomEvent {
    let reason = "threatens others".parse().unwrap();
    let tbs = RemovalRequestTbs { room: room.clone(), user, at: Timestamp(1), reason };
    RoomEvent::Removal(RemovalRequest::sign(tbs, |content| by.sign(content).to_bytes()))
}

/// Hands a request to everybody in a room.
fn ask(world: &mut World, room: &RoomUri, request: RoomEvent) {
    let (to, now) = (world.hub.members(room), world.now);
    world.hub.fan_out(room, request, now, &to);
    world.run();
}

fn asked(world: &World, at: usize, room: &RoomUri) -> Vec<(UserUri, String)> {
    let overlay = Overlay::new(world.devices[at].store.clone());
    let items = conversation::timeline(&overlay, room, Cursor::Newest, 1000).unwrap();
    let asked = items.into_iter().filter_map(|item| match item {
        Item::Note(note) => match note.line {
            Line::RemovalAsked { user, reason } => Some((user, reason)),
            _ => None,
        },
        Item::Message(_) => None,
    });
    asked.collect()
}

fn people(world: &mut World, at: usize, room: &RoomUri) -> Vec<UserUri> {
    let view = world.devices[at].client.room(room).unwrap().unwrap();
    view.participants.into_iter().map(|participant| participant.user).collect()
}

#[test]
fn an_admins_client_removes_whom_the_service_asks_to() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let second = world.link(carol, "carol's second");
    let room = world.create(alice, &[bob, carol], Suite::Hybrid);
    let key = world.hub.franking.clone();
    let user = world.user(carol);
    let request = request(&room, user.clone(), &key);
    ask(&mut world, &room, request.clone());
    for at in [alice, bob, carol, second] {
        assert_eq!(asked(&world, at, &room), [(user.clone(), "threatens others".to_owned())]);
        let told =
            world.events(at).iter().filter(|event| matches!(event, Event::RemovalAsked { .. })).count();
        assert_eq!(told, 1);
    }
    for at in [alice, bob] {
        assert_eq!(people(&mut world, at, &room), [world.user(alice), world.user(bob)]);
    }
    for gone in [carol, second] {
        assert!(!world.hub.members(&room).contains(&world.uri(gone)));
    }
    // Once more, of somebody who is gone.
    let epoch = world.epoch(alice, &room);
    ask(&mut world, &room, request.clone());
    assert_eq!(asked(&world, alice, &room).len(), 1);
    assert_eq!(world.epoch(alice, &room), epoch);
    // And of somebody who was let in again: what was ordered before that is over.
    world.act(alice, |client, now| client.add_people(&room, std::slice::from_ref(&user), now));
    world.run();
    ask(&mut world, &room, request);
    assert_eq!(people(&mut world, bob, &room).len(), 3);
    assert_eq!(asked(&world, alice, &room).len(), 1);
}

#[test]
fn several_admins_remove_somebody_once() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let room = world.create(alice, &[bob, carol], Suite::Hybrid);
    let user = world.user(bob);
    world.act(alice, |client, now| client.make_admin(&room, &user, now));
    world.run();
    let epoch = world.epoch(alice, &room);
    let key = world.hub.franking.clone();
    let request = request(&room, world.user(carol), &key);
    ask(&mut world, &room, request);
    world.pass(60_000);
    for at in [alice, bob] {
        assert_eq!(people(&mut world, at, &room), [world.user(alice), world.user(bob)]);
        assert_eq!(world.epoch(at, &room), epoch + 1);
    }
}

#[test]
fn where_nobody_else_is_admin_it_is_said_and_the_person_stays() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let key = world.hub.franking.clone();
    let request = request(&room, world.user(alice), &key);
    ask(&mut world, &room, request);
    world.pass(60_000);
    for at in [alice, bob] {
        assert_eq!(asked(&world, at, &room).len(), 1);
        assert_eq!(people(&mut world, at, &room).len(), 2);
        assert!(world.devices[at].client.is_idle());
    }
}

#[test]
fn what_the_rooms_service_did_not_sign_for_this_room_brings_about_nothing() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let other_room = world.create(alice, &[bob], Suite::Hybrid);
    let (user, key) = (world.user(bob), world.hub.franking.clone());
    let by_another = request(&room, user.clone(), &SigningKey::from_bytes(&[66; 32]));
    let of_another_room = request(&other_room, user, &key);
    world.events(alice);
    for (count, wrong) in [by_another, of_another_room].into_iter().enumerate() {
        ask(&mut world, &room, wrong);
        assert_eq!(asked(&world, alice, &room), []);
        let refused = |event: &Event| matches!(event, Event::Refused { reason: Refusal::RemovalUnasked, .. });
        assert_eq!(world.events(alice).iter().filter(|event| refused(event)).count(), 1, "{count}");
    }
    let roles: Vec<Role> = world.devices[alice]
        .client
        .room(&room)
        .unwrap()
        .unwrap()
        .participants
        .iter()
        .map(|one| one.role)
        .collect();
    assert_eq!(roles, [Role::ADMIN, Role::MEMBER]);
}
