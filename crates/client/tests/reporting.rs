//! A sender cannot make a message that is shown and cannot be reported: what was unsent, seen once or disappeared can be for a week.
#![allow(clippy::unwrap_used)]

mod world;

use std::sync::Arc;
use trefoil_client::{
    ClientError, Suite,
    conversation::{
        self, ConversationError, Draft, Gone, KEPT, KEPT_MILLIS, KEPT_UNTIL, MessageId, Position,
        ReadReceipts, compose,
    },
    overlay::Overlay,
    reporting::Reportable,
};
use trefoil_proto::{RoomUri, content::ReceivedContent, mimi::report::AbuseType};
use trefoil_store::KeyRange;
use world::World;

fn two() -> (World, usize, usize, RoomUri) {
    let mut world = World::new();
    world.hub.clock = world.now.0;
    let (mallory, bob) = (world.person("mallory"), world.person("bob"));
    let room = world.create(mallory, &[bob], Suite::Hybrid);
    world.take_up(bob, &room);
    (world, mallory, bob, room)
}

fn send(world: &mut World, at: usize, room: &RoomUri, draft: Draft) -> MessageId {
    let now = world.now;
    let (id, step) = world.devices[at].client.send(room, draft, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(at, outcome);
    world.run();
    id
}

fn text(text: &str) -> Draft {
    compose::text(text, &[]).unwrap()
}

fn gone(world: &World, at: usize, of: usize, room: &RoomUri) -> Vec<Reportable> {
    world.devices[at].client.reportable_gone(room, &world.user(of), 50, world.now).unwrap()
}

/// What a report of a message shows.
fn shown(
    world: &World,
    at: usize,
    of: usize,
    room: &RoomUri,
    id: MessageId,
) -> Result<Vec<String>, ClientError> {
    let (person, now) = (world.user(of), world.now);
    let report = world.devices[at].client.report(room, &person, &[id], AbuseType::Harassment, "", now)?;
    let text = |content: Vec<u8>| {
        let content = ReceivedContent::decode(content).unwrap().content;
        conversation::Body::of(&content).text.unwrap()
    };
    Ok(report.messages.into_iter().map(|message| text(message.message_content)).collect())
}

fn kept_rows(world: &World, at: usize) -> usize {
    let store = Overlay::new(Arc::clone(&world.devices[at].store));
    [KEPT, KEPT_UNTIL]
        .iter()
        .map(|table| store.scan(*table, &KeyRange::all(), usize::MAX, false).unwrap().len())
        .sum()
}

#[test]
fn what_was_unsent_is_shown_nowhere_and_can_be_reported_for_a_week() {
    let (mut world, mallory, bob, room) = two();
    let id = send(&mut world, mallory, &room, text("I know where you live"));
    send(&mut world, mallory, &room, compose::edit(id, "and when you sleep", &[]).unwrap());
    send(&mut world, mallory, &room, compose::unsend(id));
    assert!(world.texts(bob, &room).is_empty());
    let store = Overlay::new(Arc::clone(&world.devices[bob].store));
    assert!(conversation::history(&store, &room, id).unwrap().is_empty());
    let kept = gone(&world, bob, mallory, &room);
    assert_eq!(
        kept.iter().map(|one| (one.id, one.gone, one.body.text.as_deref())).collect::<Vec<_>>(),
        [(id, Some(Gone::Unsent), Some("and when you sleep"))]
    );
    let said = ["I know where you live".to_owned(), "and when you sleep".to_owned()];
    assert_eq!(shown(&world, bob, mallory, &room, id).unwrap(), said, "every version");
    // Its sender keeps nothing, and nobody reports it as somebody else's.
    assert_eq!(kept_rows(&world, mallory), 0);
    assert!(shown(&world, bob, bob, &room, id).is_err());

    world.pass(KEPT_MILLIS - 60_000);
    assert_eq!(gone(&world, bob, mallory, &room).len(), 1);
    world.pass(120_000);
    assert_eq!((gone(&world, bob, mallory, &room).len(), kept_rows(&world, bob)), (0, 0));
    let late = shown(&world, bob, mallory, &room, id);
    assert!(matches!(late, Err(ClientError::Conversation(ConversationError::NoSuchMessage))), "{late:?}");
}

#[test]
fn what_was_seen_once_can_be_reported_and_what_was_not_opened_is_not_kept() {
    let (mut world, mallory, bob, room) = two();
    let id = send(&mut world, mallory, &room, text("look").seen_once().unwrap());
    let unseen = send(&mut world, mallory, &room, text("never mind").seen_once().unwrap());
    assert!(gone(&world, bob, mallory, &room).is_empty());
    let now = world.now;
    let (_, step) = world.devices[bob].client.open_once(&room, id, ReadReceipts::Send, now).unwrap();
    let outcome = step.commit().unwrap();
    world.take(bob, outcome);
    world.run();
    // Taking it back after that changes nothing of it.
    for one in [id, unseen] {
        send(&mut world, mallory, &room, compose::unsend(one));
    }
    let kept = gone(&world, bob, mallory, &room);
    assert_eq!(kept.iter().map(|one| (one.id, one.gone)).collect::<Vec<_>>(), [(id, Some(Gone::SeenOnce))]);
    assert_eq!(shown(&world, bob, mallory, &room, id).unwrap(), ["look"]);
    world.pass(KEPT_MILLIS + 1000);
    assert_eq!(kept_rows(&world, bob), 0);
}

#[test]
fn what_disappeared_can_be_reported_by_its_timer_and_by_closing_the_room() {
    let (mut world, mallory, bob, room) = two();
    let timed = send(&mut world, mallory, &room, text("soon").disappearing_after(60).unwrap());
    send(&mut world, mallory, &room, compose::room_timer(24 * 60 * 60, true).unwrap());
    let closed = world.say(mallory, &room, "at once");
    world.run();
    world.act(bob, |client, now| client.mark_read(&room, Position::END, ReadReceipts::Send, now));
    world.act(bob, |client, now| client.close_room(&room, now));
    world.pass(61_000);
    assert!(world.texts(bob, &room).is_empty());
    let kept = gone(&world, bob, mallory, &room);
    assert_eq!(
        kept.iter().map(|one| (one.id, one.gone)).collect::<Vec<_>>(),
        [(timed, Some(Gone::Disappeared)), (closed, Some(Gone::Disappeared))]
    );
    assert_eq!(shown(&world, bob, mallory, &room, closed).unwrap(), ["at once"]);
    // Among those that stand they are offered in their order.
    let stands = world.say(mallory, &room, "and another");
    world.run();
    let all = world.devices[bob].client.reportable(&room, &world.user(mallory), 2, world.now).unwrap();
    assert_eq!(all.iter().map(|one| one.id).collect::<Vec<_>>(), [closed, stands]);
    world.pass(KEPT_MILLIS + 1000);
    assert!(gone(&world, bob, mallory, &room).iter().all(|one| one.id != timed && one.id != closed));
}

#[test]
fn a_message_that_was_edited_too_often_for_one_report_can_be_reported() {
    let (mut world, mallory, bob, room) = two();
    let id = send(&mut world, mallory, &room, text("I know where you live"));
    for number in 0..60 {
        send(&mut world, mallory, &room, compose::edit(id, &format!("version {number}"), &[]).unwrap());
    }
    let said = shown(&world, bob, mallory, &room, id).unwrap();
    assert_eq!(
        (said.len(), said[0].as_str(), said[49].as_str()),
        (50, "I know where you live", "version 59")
    );
}
