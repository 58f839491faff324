//! The timer of a room as its rules have it: a line for each change, and the last one holds.

use super::*;
use trefoil_proto::content::{
    Part,
    timer::{RoomTimer, TIMER},
};

fn timer(seconds: u32, vanishing: bool) -> Draft {
    compose::room_timer(seconds, vanishing).unwrap()
}

fn lines(world: &World) -> Vec<Line> {
    let only = |item| match item {
        Item::Note(note) => Some(note.line),
        Item::Message(_) => None,
    };
    world.lines().into_iter().filter_map(only).collect()
}

#[test]
fn each_change_is_a_line_and_the_last_one_holds_in_whatever_order_they_come() {
    let (ann, bob) = (user("ann"), user("bob"));
    let sent =
        [say(&ann, 0, timer(60, false)), say(&bob, 1, timer(3600, true)), say(&ann, 2, timer(0, false))];
    let line = |by: &UserUri, seconds, vanishing| Line::TimerSet { by: by.clone(), seconds, vanishing };
    let told = [line(&ann, 60, false), line(&bob, 3600, true), line(&ann, 0, false)];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut world = World::new();
        for at in order {
            world.take(&sent[at]);
            assert!(world.take(&sent[at]).events.is_empty(), "once");
        }
        assert_eq!(lines(&world), told);
        assert_eq!(room_timer(&world.tx, &room()).unwrap(), RoomTimer::default());
    }
    let mut world = World::new();
    world.take_all(&[&sent[1], &sent[0]]);
    assert_eq!(room_timer(&world.tx, &room()).unwrap(), RoomTimer { seconds: 3600, vanishing: true });
}

#[test]
fn one_s_own_change_holds_once_the_hub_has_it() {
    let mut world = World::new();
    let id = world.queue(&say(&me(), 0, timer(60, false)));
    assert_eq!(room_timer(&world.tx, &room()).unwrap().seconds, 0);
    assert!(world.lines().is_empty());
    sent(&mut world.tx, &room(), &me(), id, Timestamp(NOW + 1), None).unwrap();
    assert_eq!(room_timer(&world.tx, &room()).unwrap().seconds, 60);
    assert_eq!(lines(&world).len(), 1);
}

#[test]
fn a_line_is_neither_edited_nor_taken_back() {
    let (ann, mut world) = (user("ann"), World::new());
    let set = say(&ann, 0, timer(60, false));
    let early = say(&ann, 1, compose::unsend(set.id()));
    world.take(&early);
    world.take(&set);
    for draft in [edit(set.id(), "no"), compose::unsend(set.id()), reaction(set.id(), "👍")] {
        assert_eq!(refusal(&world.take(&say(&ann, 2, draft))), Some(Refusal::WrongTarget));
    }
    assert_eq!(room_timer(&world.tx, &room()).unwrap().seconds, 60);
    assert!(world.tx.scan(HELD, &KeyRange::all(), 10, false).unwrap().is_empty());
    let mut malformed = timer(60, false);
    malformed.part = NestedPart::render(TIMER, b"soon".to_vec());
    assert_eq!(refusal(&world.take(&say(&ann, 3, malformed))), Some(Refusal::Meaningless));
    assert!(compose::room_timer(0, true).is_err() && compose::room_timer(u32::MAX, false).is_err());
}

#[test]
fn only_messages_that_name_no_time_take_that_of_the_room() {
    let timer = RoomTimer { seconds: 60, vanishing: true };
    let id = MessageId([1; 32]);
    let content = |draft: Draft| draft.under(timer).into_content([0; 16], &me(), &room()).unwrap();
    let vanishes =
        |content: &MimiContent| trefoil_proto::content::Handling::of(&content.extensions).vanishing;
    for draft in
        [text("a"), compose::reply(id, "b", &[]).unwrap(), compose::poll("c", &["d", "e"], true).unwrap()]
    {
        let content = content(draft);
        assert_eq!(content.expires.map(|expires| (expires.relative, expires.time)), Some((true, 60)));
        assert!(vanishes(&content));
    }
    for draft in [
        edit(id, "a"),
        compose::unsend(id),
        reaction(id, "👍"),
        status(id, MessageStatus::Read),
        compose::vote(id, &[0]).unwrap(),
        compose::profile("Ann").unwrap(),
        compose::room_timer(5, false).unwrap(),
    ] {
        let content = content(draft);
        assert!(content.expires.is_none() && !vanishes(&content), "{:?}", content.part);
    }
    let own = content(text("a").disappearing_after(5).unwrap());
    assert_eq!((own.expires.map(|expires| expires.time), vanishes(&own)), (Some(5), false));
}

#[test]
fn what_is_seen_once_says_nothing_until_it_is_opened_and_nothing_after() {
    let (ann, mut world) = (user("ann"), World::new());
    let sent = say(&ann, 0, compose::attachment(&[file("secret.pdf")], "look").unwrap().seen_once().unwrap());
    let answer = say(&ann, 1, compose::reply(sent.id(), "well?", &[]).unwrap());
    world.take_all(&[&sent, &answer]);
    let shown = world.message(sent.id());
    assert_eq!((shown.once, shown.body, shown.unread), (Some(Once::Closed), None, true));
    assert_eq!(world.message(answer.id()).reply.unwrap().excerpt, None);
    assert!(search(&world.tx, "look", None, None, 5).unwrap().hits.is_empty());
    assert!(history(&world.tx, &room(), sent.id()).unwrap().is_empty());
    assert!(matches!(compose::forward(&world.message(sent.id())), Err(ConversationError::NotForwardable(_))));
    assert_eq!(refusal(&world.take(&say(&ann, 2, edit(sent.id(), "another")))), Some(Refusal::WrongTarget));

    let opened = open_once(&mut world.tx, &room(), sent.id(), Timestamp(NOW + 9)).unwrap();
    assert_eq!(opened.body.text.as_deref(), Some("look"));
    assert_eq!(opened.body.attachments, [Attached::Usable(file("secret.pdf"))]);
    assert_eq!((opened.statuses.len(), opened.events.len()), (1, 1));
    world.tx.commit().unwrap();
    let shown = world.message(sent.id());
    assert_eq!((shown.once, shown.body, shown.unread), (Some(Once::Opened), None, false));
    let again = open_once(&mut world.tx, &room(), sent.id(), Timestamp(NOW + 10)).err();
    assert!(matches!(again, Some(ConversationError::NotToBeOpened)), "{again:?}");
    let stored = world.tx.scan(MESSAGES, &KeyRange::all(), 10, false).unwrap();
    assert!(
        stored.iter().all(|(_, row)| !row.windows(4).any(|bytes| bytes == b"look")),
        "it is in the store"
    );
    // Coming once more does not close it again.
    world.take(&sent);
    assert_eq!(world.message(sent.id()).once, Some(Once::Opened));
    assert!(original(&world.tx, &room(), sent.id()).unwrap().is_none());
}

#[test]
fn a_timer_of_what_is_seen_once_runs_from_its_opening() {
    let (ann, mut world) = (user("ann"), World::new());
    let draft = text("look").seen_once().unwrap().disappearing_after(60).unwrap();
    let sent = say(&ann, 0, draft);
    world.take(&sent);
    let opened = Timestamp(NOW + 1000);
    drop(open_once(&mut world.tx, &room(), sent.id(), opened).unwrap());
    let due = opened.plus_millis(60_000);
    assert_eq!(next_expiry(&world.tx).unwrap(), Some(due));
    expire(&mut world.tx, due).unwrap();
    assert!(world.lines().is_empty());
}

#[test]
fn one_s_own_that_is_seen_once_is_not_kept() {
    let mut world = World::new();
    let own = say(&me(), 0, text("look").seen_once().unwrap());
    let id = world.queue(&own);
    for _ in 0..2 {
        let shown = world.message(id);
        assert_eq!((shown.once, shown.body), (Some(Once::Sent), None));
        let refused = open_once(&mut world.tx, &room(), id, Timestamp(NOW)).err();
        assert!(matches!(refused, Some(ConversationError::NotToBeOpened)), "{refused:?}");
        sent(&mut world.tx, &room(), &me(), id, Timestamp(NOW + 7), None).unwrap();
    }
    // Nor on the person's other devices.
    let elsewhere = say(&me(), 1, text("look").seen_once().unwrap());
    world.take(&elsewhere);
    assert_eq!(world.message(elsewhere.id()).once, Some(Once::Sent));
    for (_, row) in world.tx.scan(MESSAGES, &KeyRange::all(), 10, false).unwrap() {
        assert!(!row.windows(4).any(|bytes| bytes == b"look"));
    }
    for draft in [reaction(id, "👍"), compose::unsend(id), compose::poll("a", &["b", "c"], false).unwrap()]
    {
        assert!(draft.seen_once().is_err());
    }
}

#[test]
fn what_vanishes_goes_when_the_room_is_closed_after_it_was_read() {
    let (ann, mut world) = (user("ann"), World::new());
    let under = RoomTimer { seconds: 86_400, vanishing: true };
    let (first, own) = (say(&ann, 0, text("one").under(under)), say(&me(), 1, text("mine").under(under)));
    let stays = say(&ann, 2, text("stays"));
    world.take_all(&[&first, &own, &stays]);
    assert!(world.message(first.id()).vanishing && !world.message(stays.id()).vanishing);
    assert_eq!(close_room(&mut world.tx, &room(), Timestamp(NOW + 3)).unwrap(), [], "nothing was read");
    mark_read(&mut world.tx, &room(), Position::END, Timestamp(NOW + 4)).unwrap();
    let unread = say(&ann, 5, text("two").under(under));
    world.take(&unread);
    let gone = |id| ConversationEvent::Expired { room: room(), id };
    assert_eq!(close_room(&mut world.tx, &room(), Timestamp(NOW + 6)).unwrap(), [gone(first.id())]);
    world.take(&say(&ann, 7, status(own.id(), MessageStatus::Read)));
    assert_eq!(close_room(&mut world.tx, &room(), Timestamp(NOW + 8)).unwrap(), [gone(own.id())]);
    let left: Vec<_> = world.messages().iter().map(|message| message.id).collect();
    assert_eq!(left, [stays.id(), unread.id()]);
    world.take(&say(&ann, 9, compose::unsend(unread.id())));
    assert!(world.tx.scan(VANISHING, &KeyRange::all(), 10, false).unwrap().is_empty());
    // An attachment's part is what it is under a timer too.
    assert!(matches!(first.content.content.part.part, Part::Single { .. }));
}
