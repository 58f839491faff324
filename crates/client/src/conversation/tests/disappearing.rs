//! Disappearing messages are gone when they are due.

use super::*;
use trefoil_store::KeyRange;

const MINUTE: u64 = 60_000;

fn everything(world: &World) -> usize {
    [MESSAGES, EDITS, TIMELINE, UNREAD, REACTIONS, STATUSES, HELD]
        .iter()
        .map(|table| world.tx.scan(*table, &KeyRange::all(), usize::MAX, false).unwrap().len())
        .sum()
}

#[test]
fn a_relative_timer_starts_at_reading() {
    let (ann, mut world) = (user("ann"), World::new());
    let sent = say(&ann, 0, text("secret").disappearing_after(60).unwrap());
    world.take(&sent);
    assert_eq!(next_expiry(&world.tx).unwrap(), None);
    assert_eq!(expire(&mut world.tx, Timestamp(NOW + 1000 * MINUTE)).unwrap(), (vec![], None));
    let read = Timestamp(NOW + 5 * MINUTE);
    mark_read(&mut world.tx, &room(), Position::END, read).unwrap();
    let due = read.plus_millis(MINUTE);
    assert_eq!(next_expiry(&world.tx).unwrap(), Some(due));
    assert_eq!(world.message(sent.id()).expires, Some(due));
    assert_eq!(expire(&mut world.tx, Timestamp(due.0 - 1)).unwrap(), (vec![], Some(due)));
    let (events, next) = expire(&mut world.tx, due).unwrap();
    assert_eq!(events, [ConversationEvent::Expired { room: room(), id: sent.id() }]);
    assert!(world.lines().is_empty());
    // A mark without content stays for a while, then goes too.
    assert_eq!(everything(&world), 1);
    assert_eq!(expire(&mut world.tx, next.unwrap()).unwrap(), (vec![], None));
    assert_eq!(everything(&world), 0);
}

#[test]
fn for_the_sender_it_starts_when_the_hub_accepts() {
    let mut world = World::new();
    let own = say(&me(), 0, text("mine").disappearing_after(60).unwrap());
    let id = world.queue(&own);
    assert_eq!(next_expiry(&world.tx).unwrap(), None);
    sent(&mut world.tx, &room(), &me(), id, Timestamp(NOW + 7), None).unwrap();
    assert_eq!(next_expiry(&world.tx).unwrap(), Some(Timestamp(NOW + 7 + MINUTE)));
}

#[test]
fn an_absolute_time_holds_read_or_not_and_takes_everything_along() {
    let (ann, bob, mut world) = (user("ann"), user("bob"), World::new());
    let due = Timestamp(NOW + 10 * MINUTE);
    let sent = say(&ann, 0, text("secret").disappearing_at(due, Timestamp(NOW)).unwrap());
    let edited = say(&ann, 1, edit(sent.id(), "secret too"));
    let liked = say(&bob, 2, reaction(sent.id(), "👍"));
    world.take_all(&[&sent, &edited, &liked]);
    assert_eq!(expire(&mut world.tx, due).unwrap().0.len(), 1);
    assert_eq!(everything(&world), 1);
    // What refers to it, and it itself, do not bring it back.
    world.take_all(&[&sent, &liked, &say(&ann, 3, edit(sent.id(), "secret three"))]);
    assert!(world.lines().is_empty());
    assert_eq!(everything(&world), 1);
}

#[test]
fn what_has_expired_on_its_way_is_never_shown() {
    let (ann, mut world) = (user("ann"), World::new());
    let mut sent =
        say(&ann, 0, text("late").disappearing_at(Timestamp(NOW + MINUTE), Timestamp(NOW)).unwrap());
    sent.accepted = Timestamp(NOW + 2 * MINUTE);
    let received = world.take(&sent);
    assert_eq!((received.events, received.follow_ups), (vec![], vec![]));
    assert!(world.lines().is_empty());
}

#[test]
fn what_waits_in_vain_is_forgotten() {
    let (ann, mut world) = (user("ann"), World::new());
    world.take(&say(&ann, 0, edit(MessageId([1; 32]), "of nothing")));
    world.take(&say(&ann, 1, status(MessageId([1; 32]), MessageStatus::Read)));
    assert_eq!(everything(&world), 2);
    let due = next_expiry(&world.tx).unwrap().unwrap();
    assert_eq!(expire(&mut world.tx, due.plus_millis(MINUTE)).unwrap(), (vec![], None));
    assert_eq!(everything(&world), 0);
}

#[test]
fn unsent_before_it_disappears_it_still_goes() {
    let (ann, mut world) = (user("ann"), World::new());
    let due = Timestamp(NOW + MINUTE);
    let sent = say(&ann, 0, text("x").disappearing_at(due, Timestamp(NOW)).unwrap());
    world.take_all(&[&sent, &say(&ann, 1, compose::unsend(sent.id()))]);
    expire(&mut world.tx, due).unwrap();
    assert!(world.lines().is_empty());
}
