//! Messages under a room's timer, messages that are seen once, and rooms that are closed: between clients.
#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;
use trefoil_client::{
    ClientError, Event, Suite,
    conversation::{
        self, ConversationError, ConversationEvent, Draft, Item, Line, Message, MessageId, MessageStatus,
        Once, Position, ReadReceipts, compose,
    },
    overlay::Overlay,
};
use trefoil_proto::RoomUri;
use world::World;

const DAY: u32 = 24 * 60 * 60;

fn store(world: &World, at: usize) -> Overlay {
    Overlay::new(Arc::clone(&world.devices[at].store))
}

fn message(world: &World, at: usize, room: &RoomUri, id: MessageId) -> Option<Message> {
    conversation::message(&store(world, at), room, id).unwrap()
}

fn send(world: &mut World, at: usize, room: &RoomUri, draft: Draft) -> MessageId {
    let now = world.now;
    let (id, step) = world.devices[at].client.send(room, draft, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(at, outcome);
    world.run();
    id
}

fn read(world: &mut World, at: usize, room: &RoomUri) {
    world.act(at, |client, now| client.mark_read(room, Position::END, ReadReceipts::Send, now));
    world.run();
}

fn close(world: &mut World, at: usize, room: &RoomUri) {
    world.act(at, |client, now| client.close_room(room, now));
}

fn two() -> (World, usize, usize, RoomUri) {
    let mut world = World::new();
    world.hub.clock = world.now.0;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.take_up(bob, &room);
    (world, alice, bob, room)
}

#[test]
fn everybody_s_messages_take_the_timer_that_a_member_set_and_a_line_says_so() {
    let (mut world, alice, bob, room) = two();
    send(&mut world, bob, &room, compose::room_timer(7 * DAY, false).unwrap());
    let line = Line::TimerSet { by: world.user(bob), seconds: 7 * DAY, vanishing: false };
    for at in [alice, bob] {
        let lines =
            conversation::timeline(&store(&world, at), &room, conversation::Cursor::Newest, 1).unwrap();
        assert!(matches!(&lines[..], [Item::Note(note)] if note.line == line), "{lines:?}");
        assert_eq!(conversation::room_timer(&store(&world, at), &room).unwrap().seconds, 7 * DAY);
    }
    let id = world.say(alice, &room, "for a week");
    world.run();
    assert_eq!(message(&world, bob, &room, id).unwrap().timer.unwrap().time, 7 * DAY);
    let sooner = compose::text("for a minute", &[]).unwrap().disappearing_after(60).unwrap();
    let sooner = send(&mut world, alice, &room, sooner);
    assert_eq!(message(&world, bob, &room, sooner).unwrap().timer.unwrap().time, 60);
    read(&mut world, bob, &room);
    world.pass(1000 * u64::from(7 * DAY) + 1000);
    assert!(world.texts(bob, &room).is_empty() && world.texts(alice, &room).is_empty());
    send(&mut world, alice, &room, compose::room_timer(0, false).unwrap());
    let stays = world.say(bob, &room, "stays");
    world.run();
    assert_eq!(message(&world, alice, &room, stays).unwrap().timer, None);
}

#[test]
fn what_vanishes_is_gone_when_a_room_is_closed_after_reading_and_not_before() {
    let (mut world, alice, bob, room) = two();
    world.say(alice, &room, "stays");
    send(&mut world, alice, &room, compose::room_timer(DAY, true).unwrap());
    world.say(alice, &room, "goes");
    world.run();
    close(&mut world, bob, &room);
    close(&mut world, alice, &room);
    assert_eq!(world.texts(bob, &room), ["stays", "goes"]);
    read(&mut world, bob, &room);
    assert_eq!(world.texts(bob, &room), ["stays", "goes"], "while it is open");
    for at in [alice, bob] {
        close(&mut world, at, &room);
        assert_eq!(world.texts(at, &room), ["stays"]);
    }
    // Who never closes it loses it by the time.
    world.say(alice, &room, "goes too");
    world.run();
    read(&mut world, bob, &room);
    world.pass(1000 * u64::from(DAY) + 1000);
    assert_eq!(world.texts(bob, &room), ["stays"]);
}

#[test]
fn what_is_seen_once_is_opened_once_and_its_sender_hears_of_it() {
    let (mut world, alice, bob, room) = two();
    let id = send(&mut world, alice, &room, compose::text("look", &[]).unwrap().seen_once().unwrap());
    assert_eq!(message(&world, alice, &room, id).unwrap().once, Some(Once::Sent));
    assert_eq!(message(&world, bob, &room, id).unwrap().once, Some(Once::Closed));
    assert!(world.texts(alice, &room).is_empty() && world.texts(bob, &room).is_empty());
    let now = world.now;
    // A step that is dropped opened nothing.
    drop(world.devices[bob].client.open_once(&room, id, ReadReceipts::Send, now).unwrap());
    assert_eq!(message(&world, bob, &room, id).unwrap().once, Some(Once::Closed));
    let (body, step) = world.devices[bob].client.open_once(&room, id, ReadReceipts::Send, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(bob, outcome);
    world.run();
    assert_eq!(body.text.as_deref(), Some("look"));
    let opened = Event::Conversation(ConversationEvent::Opened { room: room.clone(), id });
    assert!(world.events(bob).contains(&opened));
    assert_eq!(message(&world, bob, &room, id).unwrap().once, Some(Once::Opened));
    let told = message(&world, alice, &room, id).unwrap().statuses;
    assert_eq!(told.iter().map(|(_, status, _)| *status).collect::<Vec<_>>(), [MessageStatus::Read]);
    for at in [alice, bob] {
        let refused = world.devices[at].client.open_once(&room, id, ReadReceipts::Send, now).err();
        assert!(
            matches!(refused, Some(ClientError::Conversation(ConversationError::NotToBeOpened))),
            "{refused:?}"
        );
        let refused = world.forward(at, (&room, id), std::slice::from_ref(&room)).err();
        assert!(
            matches!(refused, Some(ClientError::Conversation(ConversationError::NotForwardable(_)))),
            "{refused:?}"
        );
    }
}

#[test]
fn what_is_seen_once_and_failed_can_be_sent_once_more() {
    let (mut world, alice, bob, room) = two();
    world.hub.muted.insert(world.user(alice));
    let id = send(&mut world, alice, &room, compose::text("look", &[]).unwrap().seen_once().unwrap());
    world.hub.muted.clear();
    let now = world.now;
    let (again, step) = world.devices[alice].client.retry(&room, id, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(alice, outcome);
    world.run();
    assert_eq!(message(&world, bob, &room, again).unwrap().once, Some(Once::Closed));
    let (body, _) = world.devices[bob].client.open_once(&room, again, ReadReceipts::Withhold, now).unwrap();
    assert_eq!(body.text.as_deref(), Some("look"));
}
