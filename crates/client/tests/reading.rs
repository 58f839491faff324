//! What reading does: timers start, senders hear of it, and what disappears is gone.
#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;
use trefoil_client::{
    Effect, Event, Suite,
    conversation::{
        self, ConversationEvent, Message, MessageId, MessageStatus, Position, ReadReceipts, compose,
    },
    overlay::Overlay,
};
use trefoil_proto::RoomUri;
use world::World;

/// Seconds of the timer.
const TIMER: u32 = 60;

/// Alice and Bob in a room in which Alice wrote something that disappears, and it has come.
fn written() -> (World, usize, usize, RoomUri, MessageId) {
    let mut world = World::new();
    // Timers of the sender's own copy run from the hub's clock.
    world.hub.clock = world.now.0;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let room = world.create(alice, &[bob], Suite::Hybrid);
    world.take_up(bob, &room);
    world.say(alice, &room, "stays");
    let draft = compose::text("goes", &[]).unwrap().disappearing_after(TIMER).unwrap();
    let now = world.now;
    let (id, step) = world.devices[alice].client.send(&room, draft, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(alice, outcome);
    world.run();
    assert_eq!(world.texts(bob, &room), ["stays", "goes"]);
    (world, alice, bob, room, id)
}

fn read(world: &mut World, at: usize, room: &RoomUri, receipts: ReadReceipts) {
    world.act(at, |client, now| client.mark_read(room, Position::END, receipts, now));
}

fn message(world: &World, at: usize, room: &RoomUri, id: MessageId) -> Option<Message> {
    let store = Overlay::new(Arc::clone(&world.devices[at].store));
    conversation::message(&store, room, id).unwrap()
}

fn statuses(world: &World, at: usize, room: &RoomUri, id: MessageId) -> Vec<MessageStatus> {
    let message = message(world, at, room, id).unwrap();
    message.statuses.into_iter().map(|(_, status, _)| status).collect()
}

#[test]
fn a_timer_starts_when_its_reader_reads_and_ends_by_itself() {
    let (mut world, _, bob, room, id) = written();
    world.pass(1000 * u64::from(TIMER) * 10);
    assert_eq!(world.texts(bob, &room), ["stays", "goes"], "it was not read yet");

    read(&mut world, bob, &room, ReadReceipts::Send);
    let due = world.now.plus_millis(1000 * u64::from(TIMER));
    assert!(world.devices[bob].effects.contains(&Effect::WakeAt(due)), "{:?}", world.devices[bob].effects);
    world.run();
    world.pass(1000 * u64::from(TIMER) - 1);
    assert_eq!(world.texts(bob, &room), ["stays", "goes"]);
    world.events(bob);
    world.pass(1);
    assert_eq!(world.texts(bob, &room), ["stays"]);
    assert!(message(&world, bob, &room, id).is_none(), "nothing of it is left in the store");
    let expired = Event::Conversation(ConversationEvent::Expired { room, id });
    assert!(world.events(bob).contains(&expired));
}

#[test]
fn a_sender_s_own_copy_disappears_after_the_hub_accepted_it() {
    let (mut world, alice, _, room, id) = written();
    world.pass(1000 * u64::from(TIMER) - 1000);
    assert_eq!(world.texts(alice, &room), ["stays", "goes"]);
    world.pass(2000);
    assert_eq!(world.texts(alice, &room), ["stays"]);
    assert!(message(&world, alice, &room, id).is_none());
}

#[test]
fn what_fell_due_while_a_device_was_off_is_gone_with_its_first_step() {
    let (mut world, _, bob, room, _) = written();
    read(&mut world, bob, &room, ReadReceipts::Send);
    world.run();
    world.now = world.now.plus_millis(1000 * u64::from(TIMER));
    world.crash(bob);
    assert_eq!(world.texts(bob, &room), ["stays"]);
}

#[test]
fn senders_hear_that_they_were_read_unless_the_reader_withholds_it() {
    let (mut world, alice, bob, room, id) = written();
    assert_eq!(statuses(&world, alice, &room, id), [MessageStatus::Delivered]);
    read(&mut world, bob, &room, ReadReceipts::Withhold);
    world.run();
    assert_eq!(statuses(&world, alice, &room, id), [MessageStatus::Delivered]);
    assert!(message(&world, bob, &room, id).unwrap().expires.is_some(), "its timer runs all the same");

    let next = world.say(alice, &room, "and this?");
    world.run();
    read(&mut world, bob, &room, ReadReceipts::Send);
    world.run();
    assert_eq!(statuses(&world, alice, &room, next), [MessageStatus::Read]);
}

#[test]
fn reading_a_room_that_was_left_sends_nothing_and_fails_nothing() {
    let (mut world, alice, bob, room, _) = written();
    let user = world.user(bob);
    world.act(alice, |client, now| client.remove_people(&room, &[user], now));
    world.run();
    read(&mut world, bob, &room, ReadReceipts::Send);
    assert_eq!(world.devices[bob].client.outbox_len(&room).unwrap(), 0);
}
