//! What a receiver takes from somebody who only reads in a room.

use super::*;

fn take_from(world: &mut World, sent: &Sent, role: Role, kind: RoomKind) -> Option<Refusal> {
    let (room, me, device) = (room(), me(), device(&sent.sender));
    let incoming = Incoming { by: By { role, kind }, ..World::incoming(sent, (&room, &me, &device)) };
    let received = receive(&mut world.tx, incoming).unwrap();
    world.tx.commit().unwrap();
    refusal(&received)
}

#[test]
fn where_only_admins_write_a_member_s_message_edit_poll_and_timer_are_refused_and_leave_nothing() {
    let (ann, bob) = (user("ann"), user("bob"));
    let mut world = World::new();
    let old = say(&bob, 0, text("from before"));
    world.take(&old);
    let said = say(&ann, 1, text("news"));
    assert_eq!(take_from(&mut world, &said, Role::ADMIN, RoomKind::Announcement), None);
    let lines = world.lines().len();
    for draft in [
        text("me too"),
        compose::reply(said.id(), "why", &[]).unwrap(),
        compose::poll("Tea?", &["yes", "no"], false).unwrap(),
        compose::room_timer(60, false).unwrap(),
        edit(old.id(), "from before, but not really"),
    ] {
        for role in [Role::MEMBER, Role::NONE] {
            let sent = say(&bob, 2, draft.clone());
            let refused = take_from(&mut world, &sent, role, RoomKind::Announcement);
            assert_eq!(refused, Some(Refusal::NotAllowed), "{draft:?}");
            assert_eq!(world.lines().len(), lines);
        }
        let sent = say(&bob, 2, draft);
        let mut other = World::new();
        other.take(&old);
        assert_eq!(take_from(&mut other, &sent, Role::MEMBER, RoomKind::Discussion), None);
        assert_eq!(take_from(&mut other, &sent, Role::ADMIN, RoomKind::Announcement), None);
    }
    assert_eq!(world.text_of(old.id()), "from before");
    assert_eq!(room_timer(&world.tx, &room()).unwrap().seconds, 0);
}

#[test]
fn who_only_reads_reacts_votes_reports_a_status_has_a_name_and_takes_back_what_was_theirs() {
    let (ann, bob) = (user("ann"), user("bob"));
    let mut world = World::new();
    let (old, mine) = (say(&bob, 0, text("from before")), say(&me(), 1, text("mine")));
    world.take_all(&[&old, &mine]);
    let poll = say(&ann, 2, compose::poll("Tea?", &["yes", "no"], false).unwrap());
    assert_eq!(take_from(&mut world, &poll, Role::ADMIN, RoomKind::Announcement), None);
    for (at, draft) in [
        reaction(poll.id(), "👍"),
        compose::vote(poll.id(), &[0]).unwrap(),
        status(mine.id(), MessageStatus::Read),
        compose::profile("Bob").unwrap(),
        compose::unsend(old.id()),
    ]
    .into_iter()
    .enumerate()
    {
        let sent = say(&bob, 3 + at as u64, draft);
        assert_eq!(take_from(&mut world, &sent, Role::MEMBER, RoomKind::Announcement), None);
    }
    assert_eq!(world.emojis(poll.id()), [("👍".to_owned(), 1)]);
    assert_eq!(world.message(poll.id()).poll.unwrap().options[0].by.len(), 1);
    assert_eq!(world.message(mine.id()).statuses.len(), 1);
    assert_eq!(profile(&world.tx, &room(), &bob).unwrap().as_deref(), Some("Bob"));
    assert!(world.message(old.id()).unsent.is_some());
}
