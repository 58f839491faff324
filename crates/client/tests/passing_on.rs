//! Messages that are said again: forwarded, or sent once more after they failed.
#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;
use trefoil_client::{
    ClientError, Event, Suite,
    attachment::{FileKey, Label, Survey},
    conversation::{
        self, Attached, ConversationError, ConversationEvent, Message, MessageId, OutgoingState, compose,
    },
    overlay::Overlay,
};
use trefoil_proto::RoomUri;
use world::World;

fn message(world: &World, at: usize, room: &RoomUri, id: MessageId) -> Option<Message> {
    let store = Overlay::new(Arc::clone(&world.devices[at].store));
    conversation::message(&store, room, id).unwrap()
}

fn send(world: &mut World, at: usize, room: &RoomUri, draft: compose::Draft) -> MessageId {
    let now = world.now;
    let (id, step) = world.devices[at].client.send(room, draft, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(at, outcome);
    world.run();
    id
}

fn forward(
    world: &mut World,
    at: usize,
    (from, id): (&RoomUri, MessageId),
    to: &[RoomUri],
) -> Result<Vec<MessageId>, ConversationError> {
    match world.forward(at, (from, id), to) {
        Ok(ids) => {
            world.run();
            Ok(ids)
        }
        Err(ClientError::Conversation(error)) => Err(error),
        Err(other) => panic!("{other:?}"),
    }
}

fn files() -> Vec<trefoil_client::attachment::Descriptor> {
    let mut survey = Survey::new(FileKey::from_parts(&[1; 32], &[2; 7]).unwrap(), 5).unwrap();
    survey.feed(b"bytes").unwrap();
    let label =
        Label { filename: "tea.pdf".into(), content_type: "application/pdf".into(), ..Label::default() };
    vec![survey.finish().unwrap().describe("https://a.test/v1/media/x".into(), label)]
}

#[test]
fn a_message_goes_on_with_its_files_and_says_how_often_but_not_from_whom() {
    let mut world = World::new();
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let here = world.create(alice, &[bob], Suite::Hybrid);
    let there = world.create(bob, &[carol], Suite::Hybrid);
    let (files, user) = (files(), world.user(bob));
    let mention = compose::Mention { user: user.clone(), name: "Bob".into() };
    let id = send(&mut world, alice, &here, compose::attachment(&files, "look").unwrap());
    let said = send(&mut world, alice, &here, compose::text("a <b> for @Bob", &[mention]).unwrap());
    assert_eq!(message(&world, bob, &here, id).unwrap().forwarded, None);

    let passed = forward(&mut world, bob, (&here, id), std::slice::from_ref(&there)).unwrap();
    let came = message(&world, carol, &there, passed[0]).unwrap();
    assert_eq!((came.forwarded, &came.sender), (Some(1), &user));
    let body = came.body.unwrap();
    assert_eq!(body.text.as_deref(), Some("look"));
    assert_eq!(body.attachments, [Attached::Usable(files[0].clone())], "key and hashes travel along");
    let passed = forward(&mut world, bob, (&here, said), std::slice::from_ref(&there)).unwrap();
    let came = message(&world, carol, &there, passed[0]).unwrap();
    assert_eq!(came.body.unwrap().text.as_deref(), Some("a &lt;b> for @Bob"));
    assert!(!message(&world, bob, &there, passed[0]).unwrap().mentions_me);
}

#[test]
fn to_five_rooms_at_a_time_and_to_one_once_it_was_forwarded_five_times() {
    let mut world = World::new();
    let alice = world.person("alice");
    let rooms: Vec<RoomUri> = (0..6).map(|_| world.create(alice, &[], Suite::Hybrid)).collect();
    let mut id = world.say(alice, &rooms[0], "a rumour");
    world.run();
    let refused = forward(&mut world, alice, (&rooms[0], id), &rooms);
    assert!(matches!(refused, Err(ConversationError::TooManyRooms { limit: 5 })), "{refused:?}");
    assert!(matches!(forward(&mut world, alice, (&rooms[0], id), &[]), Err(ConversationError::Empty(_))));
    assert_eq!(world.texts(alice, &rooms[1]).len(), 0, "nothing of what was refused went out");
    for hops in 1..=5 {
        id = forward(&mut world, alice, (&rooms[0], id), &rooms[..5]).unwrap()[0];
        assert_eq!(message(&world, alice, &rooms[0], id).unwrap().forwarded, Some(hops));
    }
    let refused = forward(&mut world, alice, (&rooms[0], id), &rooms[..2]);
    assert!(matches!(refused, Err(ConversationError::TooManyRooms { limit: 1 })), "{refused:?}");
    id = forward(&mut world, alice, (&rooms[0], id), &rooms[..1]).unwrap()[0];
    assert_eq!(message(&world, alice, &rooms[0], id).unwrap().forwarded, Some(6));
}

#[test]
fn what_disappears_or_was_taken_back_is_not_forwarded() {
    let mut world = World::new();
    world.hub.clock = world.now.0;
    let alice = world.person("alice");
    let room = world.create(alice, &[], Suite::Hybrid);
    let passing = compose::text("psst", &[]).unwrap().disappearing_after(60).unwrap();
    let passing = send(&mut world, alice, &room, passing);
    let back = world.say(alice, &room, "oh no");
    world.run();
    send(&mut world, alice, &room, compose::unsend(back));
    for id in [passing, back] {
        let refused = forward(&mut world, alice, (&room, id), std::slice::from_ref(&room));
        assert!(matches!(refused, Err(ConversationError::NotForwardable(_))), "{refused:?}");
    }
    let unknown = forward(&mut world, alice, (&room, MessageId([1; 32])), std::slice::from_ref(&room));
    assert!(matches!(unknown, Err(ConversationError::NoSuchMessage)), "{unknown:?}");
}

/// Alice, and a message of hers that the hub refuses, as it does for whoever the operator wants out.
fn failed() -> (World, usize, usize, RoomUri, MessageId) {
    let mut world = World::new();
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.hub.muted.insert(world.user(alice));
    let id = send(&mut world, alice, &room, compose::attachment(&files(), "look").unwrap());
    let state = message(&world, alice, &room, id).unwrap().outgoing;
    assert!(matches!(state, Some(OutgoingState::Failed(_))), "{state:?}");
    (world, alice, bob, room, id)
}

#[test]
fn what_failed_is_sent_once_more_in_a_new_place() {
    let (mut world, alice, bob, room, id) = failed();
    world.hub.muted.clear();
    let now = world.now;
    let (again, step) = world.devices[alice].client.retry(&room, id, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(alice, outcome);
    world.run();
    assert_ne!(again, id);
    assert_eq!(message(&world, alice, &room, id), None);
    assert_eq!(message(&world, alice, &room, again).unwrap().outgoing, Some(OutgoingState::Sent));
    let body = message(&world, bob, &room, again).unwrap().body.unwrap();
    assert_eq!((body.text.as_deref(), body.attachments.len()), (Some("look"), 1));
    assert!(matches!(&body.attachments[0], Attached::Usable(_)));
    // Nobody takes it for one that was held back.
    assert!(world.devices[bob].client.missing(&room).unwrap().is_empty());
    let refused = world.devices[alice].client.retry(&room, again, now).err();
    assert!(matches!(refused, Some(ClientError::Conversation(ConversationError::NotFailed))), "{refused:?}");
}

#[test]
fn what_failed_can_be_discarded_and_nothing_else() {
    let (mut world, alice, bob, room, id) = failed();
    world.events(alice);
    world.act(alice, |client, now| client.discard(&room, id, now));
    assert_eq!(message(&world, alice, &room, id), None);
    let gone = Event::Conversation(ConversationEvent::Discarded { room: room.clone(), id });
    assert!(world.events(alice).contains(&gone));
    world.hub.muted.clear();
    let sent = world.say(alice, &room, "this one");
    let now = world.now;
    for settled in [false, true] {
        let refused = world.devices[alice].client.discard(&room, sent, now).err();
        assert!(
            matches!(refused, Some(ClientError::Conversation(ConversationError::NotFailed))),
            "{settled}: {refused:?}"
        );
        world.run();
    }
    assert_eq!(world.texts(bob, &room), ["this one"]);
    let refused = world.devices[bob].client.discard(&room, sent, now).err();
    assert!(
        matches!(refused, Some(ClientError::Conversation(ConversationError::NoSuchMessage))),
        "{refused:?}"
    );
}
