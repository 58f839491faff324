//! Rooms into which a stranger brings somebody: nothing of the person leaves their device before they take the room up.
#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;
use trefoil_client::{
    ClientError, Event, Suite,
    conversation::{
        self, ConversationError, ConversationEvent, FOR_EVER, Mark, MessageId, MessageStatus, Position,
        ReadReceipts, compose,
    },
    overlay::Overlay,
};
use trefoil_proto::{RoomUri, limits};
use world::World;

fn store(world: &World, at: usize) -> Overlay {
    Overlay::new(Arc::clone(&world.devices[at].store))
}

fn is_request(world: &World, at: usize, room: &RoomUri) -> bool {
    conversation::is_request(&store(world, at), room).unwrap()
}

fn statuses(world: &World, at: usize, room: &RoomUri, id: MessageId) -> Vec<MessageStatus> {
    let message = conversation::message(&store(world, at), room, id).unwrap().unwrap();
    message.statuses.into_iter().map(|(_, status, _)| status).collect()
}

fn name_of(world: &World, who: usize, at: usize, room: &RoomUri) -> Option<String> {
    conversation::profile(&store(world, at), room, &world.user(who)).unwrap()
}

fn type_something(world: &mut World, at: usize, room: &RoomUri) {
    let now = world.now;
    let (_, step) = world.devices[at].client.send(room, compose::typing(true), now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(at, outcome);
    world.run();
}

fn typed(world: &mut World, at: usize) -> bool {
    let typing = |event| matches!(event, Event::Conversation(ConversationEvent::Typing { .. }));
    world.events(at).into_iter().any(typing)
}

/// Alice, a stranger to Bob, brings him into a room and writes there.
fn brought_in() -> (World, usize, usize, RoomUri, MessageId) {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    world.act(bob, |client, now| client.set_display_name("Bob", now));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    let id = world.say(alice, &room, "hello");
    world.run();
    (world, alice, bob, room, id)
}

#[test]
fn a_stranger_hears_nothing_before_the_person_takes_the_room_up() {
    let (mut world, alice, bob, room, id) = brought_in();
    assert!(is_request(&world, bob, &room));
    assert!(!is_request(&world, alice, &room), "whoever opened it has it");
    assert_eq!(world.texts(bob, &room), ["hello"], "it can be read");
    world.act(bob, |client, now| client.mark_read(&room, Position::END, ReadReceipts::Send, now));
    world.act(bob, |client, now| client.set_display_name("Robert", now));
    type_something(&mut world, bob, &room);
    assert!(!typed(&mut world, alice));
    assert_eq!(world.devices[bob].client.outbox_len(&room).unwrap(), 0);
    assert!(
        world.devices[bob]
            .submitted
            .iter()
            .all(|frame| !matches!(frame, trefoil_proto::frame::ClientFrame::Submit { .. }))
    );
    assert!(statuses(&world, alice, &room, id).is_empty());
    assert_eq!(name_of(&world, bob, alice, &room), None);

    world.take_up(bob, &room);
    assert!(!is_request(&world, bob, &room));
    assert_eq!(statuses(&world, alice, &room, id), [MessageStatus::Delivered]);
    assert_eq!(name_of(&world, bob, alice, &room).as_deref(), Some("Robert"));
    type_something(&mut world, bob, &room);
    assert!(typed(&mut world, alice));
}

#[test]
fn writing_takes_a_room_up() {
    let (mut world, alice, bob, room, id) = brought_in();
    world.say(bob, &room, "who are you?");
    world.run();
    assert!(!is_request(&world, bob, &room));
    assert_eq!(statuses(&world, alice, &room, id), [MessageStatus::Delivered]);
    assert_eq!(name_of(&world, bob, alice, &room).as_deref(), Some("Bob"));
}

#[test]
fn a_request_survives_a_restart_and_is_declined_by_leaving() {
    let (mut world, alice, bob, room, id) = brought_in();
    world.crash(bob);
    world.run();
    assert!(is_request(&world, bob, &room));
    world.act(bob, |client, now| client.leave(&room, now));
    world.run();
    assert!(statuses(&world, alice, &room, id).is_empty());
    // The same stranger has to ask again.
    let user = world.user(bob);
    world.act(alice, |client, now| client.add_people(&room, &[user], now));
    world.run();
    assert!(is_request(&world, bob, &room));
}

#[test]
fn whoever_shares_a_small_room_that_was_taken_up_need_not_ask() {
    let (mut world, alice, bob, room, _) = brought_in();
    let second = world.create(alice, &[bob], Suite::Hybrid);
    assert!(is_request(&world, bob, &second), "the first one is a request itself");
    world.take_up(bob, &room);
    let third = world.create(alice, &[bob], Suite::Hybrid);
    assert!(!is_request(&world, bob, &third));
    let carol = world.person("carol");
    let fourth = world.create(carol, &[bob], Suite::Hybrid);
    assert!(is_request(&world, bob, &fourth), "another stranger");
}

#[test]
fn whoever_used_an_invitation_or_opened_the_room_was_not_asked() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[], Suite::Hybrid);
    let (now, until) = (world.now, world.now.plus_millis(1_000_000));
    let (link, step) = world.devices[alice].client.invite(&room, 1, until, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(alice, outcome);
    world.run();
    let (joined, step) = world.devices[bob].client.accept_invitation(&link, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(bob, outcome);
    world.run();
    assert_eq!(joined, room);
    assert_eq!(world.devices[bob].client.room(&room).unwrap().unwrap().participants.len(), 2);
    assert!(!is_request(&world, bob, &room));
}

#[test]
fn a_further_device_learns_from_what_the_person_says_elsewhere() {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let phone = world.link(bob, "phone");
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.say(alice, &room, "hello");
    world.run();
    assert!(is_request(&world, bob, &room) && is_request(&world, phone, &room));
    world.events(phone);
    world.say(bob, &room, "hello yourself");
    world.run();
    assert!(!is_request(&world, phone, &room));
    let marked = Event::Conversation(ConversationEvent::Marked { room });
    assert!(world.events(phone).contains(&marked));
}

#[test]
fn a_device_that_is_linked_meanwhile_comes_in_once_the_room_is_taken_up() {
    let (mut world, alice, bob, room, _) = brought_in();
    let phone = world.link(bob, "phone");
    world.pass(120_000);
    assert!(world.devices[phone].client.room(&room).unwrap().is_none());
    let devices = |world: &mut World| {
        let view = world.devices[alice].client.room(&room).unwrap().unwrap();
        view.participants.iter().map(|person| person.devices.len()).sum::<usize>()
    };
    assert_eq!(devices(&mut world), 2, "the stranger does not learn of it");
    world.take_up(bob, &room);
    world.pass(120_000);
    assert_eq!(devices(&mut world), 3);
    assert!(!is_request(&world, phone, &room));
}

#[test]
fn marks_stay_on_this_device_and_a_draft_has_a_limit() {
    let (mut world, _, bob, room, _) = brought_in();
    world.take_up(bob, &room);
    let before = world.devices[bob].submitted.len();
    let marks = [
        Mark::Pinned(true),
        Mark::Archived(true),
        Mark::MutedUntil(Some(FOR_EVER)),
        Mark::Draft("dear Alice".to_owned()),
    ];
    world.act(bob, |client, now| client.mark_room(&room, &marks, now));
    world.run();
    world.crash(bob);
    let kept = conversation::marks(&store(&world, bob), &room).unwrap();
    assert!(kept.pinned && kept.archived && kept.is_accepted() && kept.is_muted(world.now));
    assert_eq!((kept.muted_until, kept.draft.as_str()), (Some(FOR_EVER), "dear Alice"));
    assert_eq!(world.devices[bob].submitted.len(), before, "nothing of it left");

    let long = [Mark::Pinned(false), Mark::Draft("x".repeat(limits::TEXT + 1))];
    let now = world.now;
    let refused = world.devices[bob].client.mark_room(&room, &long, now).err();
    assert!(
        matches!(refused, Some(ClientError::Conversation(ConversationError::TooLong { .. }))),
        "{refused:?}"
    );
    assert!(conversation::marks(&store(&world, bob), &room).unwrap().pinned, "all or none");
    let nowhere: RoomUri = "mimi://a.test/r/nowhere".parse().unwrap();
    let refused = world.devices[bob].client.mark_room(&nowhere, &[Mark::Pinned(true)], now).err();
    assert!(matches!(refused, Some(ClientError::UnknownRoom(_))), "{refused:?}");
}
