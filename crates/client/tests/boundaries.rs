//! People whom somebody keeps away: what is shown of them, and that they hear nothing, nor that they are kept away.
#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;
use trefoil_client::{
    ClientError, Event, Suite,
    boundaries::{self, Away, FirstContact, Folded, Reception, Stance, Suspicion},
    conversation::{
        self, ConversationEvent, Message, MessageId, MessageStatus, Position, ReadReceipts, compose,
    },
    overlay::Overlay,
};
use trefoil_proto::{RoomUri, UserUri, frame::ClientFrame};
use world::World;

fn store(world: &World, at: usize) -> Overlay {
    Overlay::new(Arc::clone(&world.devices[at].store))
}

fn message(world: &World, at: usize, room: &RoomUri, id: MessageId) -> Message {
    conversation::message(&store(world, at), room, id).unwrap().unwrap()
}

/// What the sender heard of a message, and from whom.
fn heard(world: &World, at: usize, room: &RoomUri, id: MessageId) -> Vec<(UserUri, MessageStatus)> {
    let statuses = message(world, at, room, id).statuses;
    statuses.into_iter().map(|(user, status, _)| (user, status)).collect()
}

fn unread(world: &World, at: usize, room: &RoomUri) -> usize {
    conversation::unread(&store(world, at), room).unwrap().len()
}

fn away(world: &mut World, at: usize, room: &RoomUri) -> Option<Away> {
    let view = world.devices[at].client.room(room).unwrap().unwrap();
    let me = world.user(at);
    let others: Vec<_> = view.participants.iter().map(|one| &one.user).filter(|user| **user != me).collect();
    let tx = store(world, at);
    let request = conversation::marks(&tx, room).unwrap().request;
    boundaries::away(&tx, &others, request.as_ref()).unwrap()
}

fn keep(world: &mut World, at: usize, whom: usize, stance: Stance) {
    let user = world.user(whom);
    world.act(at, |client, now| client.set_stance(&user, stance, now));
    world.run();
}

fn receive_strangers(world: &mut World, at: usize, wanted: Reception) {
    world.act(at, |client, now| client.set_reception(wanted, now));
    world.run();
}

fn read(world: &mut World, at: usize, room: &RoomUri) {
    world.act(at, |client, now| client.mark_read(room, Position::END, ReadReceipts::Send, now));
    world.run();
}

/// Somebody writes; whether somebody else sees it.
fn typing_shows(world: &mut World, by: usize, to: usize, room: &RoomUri) -> bool {
    world.events(to);
    let now = world.now;
    let (_, step) = world.devices[by].client.send(room, compose::typing(true), now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(by, outcome);
    world.run();
    let typing = |event| matches!(event, Event::Conversation(ConversationEvent::Typing { .. }));
    world.events(to).into_iter().any(typing)
}

fn submissions(world: &World, at: usize) -> usize {
    world.devices[at].submitted.iter().filter(|frame| matches!(frame, ClientFrame::Submit { .. })).count()
}

/// Two people who talk with each other.
fn two() -> (World, usize, usize, RoomUri) {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.take_up(bob, &room);
    (world, alice, bob, room)
}

#[test]
fn whoever_is_blocked_hears_nothing_and_nothing_of_them_waits() {
    let (mut world, alice, bob, room) = two();
    let before = world.say(alice, &room, "hello");
    world.run();
    read(&mut world, bob, &room);
    assert_eq!(heard(&world, alice, &room, before), [(world.user(bob), MessageStatus::Read)]);

    let sent = submissions(&world, bob);
    keep(&mut world, bob, alice, Stance::Blocked);
    assert_eq!(away(&mut world, bob, &room), Some(Away::Blocked));
    world.events(bob);
    let id = world.say(alice, &room, "why do you not answer?");
    world.run();
    assert_eq!(unread(&world, bob, &room), 0, "nothing waits to be read");
    let kept = message(&world, bob, &room, id);
    assert_eq!((kept.folded, kept.unread), (Some(Folded::Blocked), false));
    assert!(kept.body.unwrap().text.is_some(), "it can be looked at");
    read(&mut world, bob, &room);
    world.act(bob, |client, now| client.set_display_name("Robert", now));
    world.run();
    assert!(!typing_shows(&mut world, bob, alice, &room));
    assert!(!typing_shows(&mut world, alice, bob, &room));
    assert_eq!(submissions(&world, bob), sent, "nothing left the device");
    assert!(heard(&world, alice, &room, id).is_empty());

    world.crash(bob);
    world.run();
    assert_eq!(away(&mut world, bob, &room), Some(Away::Blocked), "also after the next start");
    keep(&mut world, bob, alice, Stance::Normal);
    assert_eq!(away(&mut world, bob, &room), None);
    assert_eq!(message(&world, bob, &room, id).folded, None);
    let id = world.say(alice, &room, "at last");
    world.run();
    assert_eq!(heard(&world, alice, &room, id), [(world.user(bob), MessageStatus::Delivered)]);
    assert!(typing_shows(&mut world, alice, bob, &room));
}

#[test]
fn in_a_group_the_blocked_are_folded_and_the_others_are_not() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let room = world.create(alice, &[bob, carol], Suite::Hybrid);
    world.take_up(bob, &room);
    keep(&mut world, bob, alice, Stance::Blocked);
    assert_eq!(away(&mut world, bob, &room), None, "a group stays where it is");
    world.take_up(carol, &room);
    let text = "@bob, look at this";
    let mention = compose::Mention { user: world.user(bob), name: "bob".to_owned() };
    let now = world.now;
    let draft = compose::text(text, &[mention]).unwrap();
    let (hers, step) = world.devices[alice].client.send(&room, draft, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(alice, outcome);
    world.run();
    let other = world.say(carol, &room, "good morning");
    world.run();
    read(&mut world, bob, &room);
    let seen = message(&world, bob, &room, hers);
    assert_eq!((seen.folded, seen.mentions_me, seen.unread), (Some(Folded::Blocked), false, false));
    assert_eq!(message(&world, bob, &room, other).folded, None);
    let (bob_uri, carol_uri) = (world.user(bob), world.user(carol));
    assert_eq!(heard(&world, alice, &room, hers), [(carol_uri, MessageStatus::Delivered)]);
    assert!(heard(&world, carol, &room, other).contains(&(bob_uri, MessageStatus::Read)));

    // What answers them does not say it again.
    let now = world.now;
    let answer = compose::reply(hers, "yes", &[]).unwrap();
    let (answer, step) = world.devices[carol].client.send(&room, answer, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(carol, outcome);
    world.run();
    assert_eq!(message(&world, bob, &room, answer).reply.unwrap().excerpt, None);
    assert!(message(&world, carol, &room, answer).reply.unwrap().excerpt.is_some());
}

#[test]
fn a_room_into_which_the_blocked_bring_somebody_is_out_of_the_way_in_silence() {
    let (mut world, alice, bob, _) = two();
    let carol = world.person("carol");
    keep(&mut world, bob, alice, Stance::Blocked);
    let sent = submissions(&world, bob);
    let room = world.create(alice, &[bob, carol], Suite::Hybrid);
    assert_eq!(away(&mut world, bob, &room), Some(Away::Blocked));
    world.take_up(carol, &room);
    let id = world.say(carol, &room, "welcome");
    world.run();
    world.pass(120_000);
    read(&mut world, bob, &room);
    assert_eq!(submissions(&world, bob), sent, "nothing left the device");
    assert!(heard(&world, carol, &room, id).iter().all(|(user, _)| *user != world.user(bob)));
    let view = world.devices[alice].client.room(&room).unwrap().unwrap();
    assert_eq!(view.participants.len(), 3, "they cannot tell from the room either");
}

#[test]
fn whoever_is_restricted_waits_with_the_requests_and_does_not_learn_it() {
    let (mut world, alice, bob, room) = two();
    keep(&mut world, bob, alice, Stance::Restricted);
    assert_eq!(away(&mut world, bob, &room), Some(Away::Requests));
    let id = world.say(alice, &room, "are you there?");
    world.run();
    assert_eq!((unread(&world, bob, &room), message(&world, bob, &room, id).folded), (1, None));
    read(&mut world, bob, &room);
    assert_eq!(unread(&world, bob, &room), 0);
    assert!(heard(&world, alice, &room, id).is_empty());
    assert!(!typing_shows(&mut world, bob, alice, &room));
    assert!(!typing_shows(&mut world, alice, bob, &room));
    // In a group too, they hear nothing of their own messages.
    let carol = world.person("carol");
    let group = world.create(carol, &[alice, bob], Suite::Hybrid);
    world.take_up(alice, &group);
    world.take_up(bob, &group);
    let id = world.say(alice, &group, "and here?");
    world.run();
    read(&mut world, bob, &group);
    assert!(heard(&world, alice, &group, id).iter().all(|(user, _)| *user != world.user(bob)));
    // Into a further room they do not come as somebody familiar.
    let further = world.create(alice, &[bob], Suite::Hybrid);
    assert!(conversation::is_request(&store(&world, bob), &further).unwrap());
    let me = world.user(bob);
    let now = world.now;
    let refused = world.devices[bob].client.set_stance(&me, Stance::Blocked, now).err();
    assert!(matches!(refused, Some(ClientError::Oneself)), "{refused:?}");
}

#[test]
fn with_contacts_only_strangers_hear_nothing_in_a_group_either() {
    let (mut world, alice, bob, room) = two();
    let carol = world.person("carol");
    let group = world.create(alice, &[bob, carol], Suite::Hybrid);
    world.take_up(carol, &group);
    assert!(typing_shows(&mut world, bob, carol, &group), "before");
    receive_strangers(&mut world, bob, Reception { strict: true, silence_unknown: false });
    let view = world.devices[bob].client.room(&group).unwrap().unwrap();
    assert_eq!(view.unknown, [world.user(carol)], "whoever is alone with them in a room is a contact");
    assert!(!typing_shows(&mut world, bob, carol, &group));
    let id = world.say(alice, &group, "hello all");
    world.run();
    read(&mut world, bob, &group);
    assert!(heard(&world, alice, &group, id).iter().all(|(user, _)| *user != world.user(bob)));
    let id = world.say(alice, &room, "hello you");
    world.run();
    assert_eq!(heard(&world, alice, &room, id), [(world.user(bob), MessageStatus::Delivered)], "a contact");
    let request = world.create(carol, &[bob], Suite::Hybrid);
    assert_eq!(away(&mut world, bob, &request), Some(Away::Strict), "a group makes nobody a contact");
    receive_strangers(&mut world, bob, Reception { strict: false, silence_unknown: true });
    assert_eq!(away(&mut world, bob, &request), Some(Away::Requests));
    assert_eq!(world.devices[bob].client.room(&group).unwrap().unwrap().unknown, [world.user(carol)]);
    receive_strangers(&mut world, bob, Reception::default());
    assert!(world.devices[bob].client.room(&group).unwrap().unwrap().unknown.is_empty());
    assert!(typing_shows(&mut world, bob, carol, &group), "afterwards");
}

#[test]
fn hidden_words_fold_what_others_say_and_leave_the_device_never() {
    let (mut world, alice, bob, room) = two();
    let sent = world.devices[bob].submitted.len();
    let words = ["Idiot".to_owned(), " give up ".to_owned()];
    world.act(bob, |client, now| client.set_hidden_words(&words, now));
    world.run();
    world.pass(120_000);
    assert_eq!(world.devices[bob].submitted.len(), sent, "nothing left the device");
    assert_eq!(boundaries::hidden_words(&store(&world, bob)).unwrap(), ["give up", "Idiot"]);
    let bad = world.say(alice, &room, "you **ıd\u{200B}iоt**, give  UP");
    let good = world.say(alice, &room, "you are no idiots, do not give upwards");
    world.run();
    let shown = |world: &World, id| message(world, bob, &room, id).folded;
    assert_eq!((shown(&world, bad), shown(&world, good)), (Some(Folded::Words), None));
    assert_eq!(unread(&world, bob, &room), 2, "it still waits to be read");
    let own = world.say(bob, &room, "idiot");
    world.run();
    assert_eq!(shown(&world, own), None, "what one says oneself");
    assert_eq!(message(&world, alice, &room, own).folded, None, "they have no such words");

    // An edit that takes it out is shown, and one that brings it in is not.
    for (text, folded) in [("you dear", None), ("you idiot", Some(Folded::Words))] {
        let now = world.now;
        let edit = compose::edit(bad, text, &[]).unwrap();
        let (_, step) = world.devices[alice].client.send(&room, edit, now).unwrap();
        let outcome = step.commit().unwrap();
        world.take(alice, outcome);
        world.run();
        assert_eq!(shown(&world, bad), folded);
        world.pass(1_000);
    }
    let now = world.now;
    for refused in
        [vec![String::new()], vec!["x".repeat(101)], vec!["y".to_owned(); 501], vec!["\u{200B}".to_owned()]]
    {
        let refused = world.devices[bob].client.set_hidden_words(&refused, now).err();
        assert!(matches!(refused, Some(ClientError::Conversation(_))), "{refused:?}");
    }
    assert_eq!(boundaries::hidden_words(&store(&world, bob)).unwrap().len(), 2, "all or none");
    world.act(bob, |client, now| client.set_hidden_words(&[], now));
    assert_eq!(shown(&world, bad), None);
}

#[test]
fn a_group_of_strangers_hears_nothing_before_it_is_taken_up() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let sent = submissions(&world, bob);
    let room = world.create(alice, &[bob, carol], Suite::Hybrid);
    world.take_up(carol, &room);
    let (hers, other) = (world.say(alice, &room, "hello"), world.say(carol, &room, "hello"));
    world.run();
    world.act(bob, |client, now| client.set_display_name("Bob", now));
    read(&mut world, bob, &room);
    assert!(!typing_shows(&mut world, bob, alice, &room));
    world.pass(120_000);
    assert_eq!(submissions(&world, bob), sent, "silent until it is taken up");
    let silent = |world: &World| {
        let me = world.user(bob);
        let of = |at, id| heard(world, at, &room, id).iter().all(|(user, _)| *user != me);
        of(alice, hers) && of(carol, other)
    };
    assert!(silent(&world));
    world.take_up(bob, &room);
    assert!(!silent(&world));
}

fn first_contact(world: &mut World, at: usize, room: &RoomUri) -> Option<FirstContact> {
    world.devices[at].client.first_contact(room).unwrap()
}

#[test]
fn of_whoever_comes_first_is_told_what_is_in_common_and_what_sounds_like_a_swindle() {
    let (mut world, alice, bob, known) = two();
    world.act(alice, |client, now| client.set_display_name("Alice", now));
    world.run();
    let carol = world.person("carol");
    world.act(carol, |client, now| client.set_display_name("Аlice", now));
    let room = world.create(carol, &[bob], Suite::Hybrid);
    world.say(carol, &room, "Hello, this is my new number");
    world.run();
    let sent = submissions(&world, bob);
    let told = first_contact(&mut world, bob, &room).unwrap();
    let (alice_uri, carol_uri) = (world.user(alice), world.user(carol));
    let expected = FirstContact {
        person: carol_uri,
        since: Some(world.now.month()),
        shared_rooms: 0,
        namesake: Some((alice_uri, "Alice".to_owned())),
        suspicion: None,
    };
    assert_eq!(told, expected);
    assert!(told.is_new(world.now) && !told.is_new(world.now.plus_millis(70 * 24 * 60 * 60 * 1000)));
    world.say(carol, &room, "I need some money");
    world.run();
    assert_eq!(first_contact(&mut world, bob, &room).unwrap().suspicion, Some(Suspicion::Money));
    world.act(bob, |client, now| client.mark_room(&room, &[conversation::Mark::HintSeen], now));
    assert_eq!(first_contact(&mut world, bob, &room).unwrap().suspicion, None, "seen once");
    assert_eq!(submissions(&world, bob), sent, "nothing left the device");

    let group = world.create(alice, &[bob, carol], Suite::Hybrid);
    world.take_up(carol, &group);
    assert_eq!(first_contact(&mut world, bob, &room).unwrap().shared_rooms, 1);
    assert_eq!(first_contact(&mut world, bob, &group), None, "a group of contacts");
    // Also after it was taken up, until they have talked.
    let dave = world.person("dave");
    let room = world.create(dave, &[bob], Suite::Hybrid);
    world.take_up(bob, &room);
    world.say(dave, &room, "send me the code please");
    world.run();
    assert_eq!(first_contact(&mut world, bob, &room).unwrap().suspicion, Some(Suspicion::Code));
    for text in ["no", "who are you?", "really?", "ah, you"] {
        world.say(bob, &room, text);
        world.run();
    }
    assert_eq!(first_contact(&mut world, bob, &room), None);
    assert!(first_contact(&mut world, bob, &known).is_some(), "hardly anything was said");
}
