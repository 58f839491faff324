//! Messages of one's own: queued, accepted, failed; what others say became of them.

use super::*;

#[test]
fn a_queued_message_stands_last_and_finds_its_place_when_accepted() {
    let (ann, mut world) = (user("ann"), World::new());
    let own = say(&me(), 0, text("mine"));
    let id = world.queue(&own);
    let theirs = say(&ann, 50, text("theirs"));
    world.take(&theirs);
    let order = |world: &World| world.messages().iter().map(|message| message.id).collect::<Vec<_>>();
    assert_eq!(order(&world), [theirs.id(), id]);
    assert_eq!(world.message(id).outgoing, Some(OutgoingState::Queued));
    assert_eq!(outgoing(&world.tx, &room()).unwrap(), [(id, OutgoingState::Queued, own.content.clone())]);

    sent(&mut world.tx, &room(), &me(), id, Timestamp(NOW + 20), None).unwrap();
    assert_eq!(order(&world), [id, theirs.id()]);
    assert_eq!(world.message(id).outgoing, Some(OutgoingState::Sent));
    assert!(outgoing(&world.tx, &room()).unwrap().is_empty());
    // An answer that comes twice moves nothing.
    assert_eq!(sent(&mut world.tx, &room(), &me(), id, Timestamp(NOW + 99), None).unwrap(), []);
    assert_eq!(world.message(id).accepted, Some(Timestamp(NOW + 20)));
    assert_eq!(summary(&world.tx, &room()).unwrap().unread, 1);
}

#[test]
fn a_failed_message_can_be_queued_again_or_discarded() {
    let mut world = World::new();
    let own = say(&me(), 0, text("mine"));
    let id = world.queue(&own);
    failed(&mut world.tx, &room(), id, "the room is closed").unwrap();
    assert_eq!(world.message(id).outgoing, Some(OutgoingState::Failed("the room is closed".into())));
    assert_eq!(world.queue(&own), id);
    assert_eq!(world.message(id).outgoing, Some(OutgoingState::Queued));
    assert_eq!(world.messages().len(), 1);
    discard(&mut world.tx, &room(), id).unwrap();
    assert!(world.messages().is_empty());
    assert!(matches!(discard(&mut world.tx, &room(), id), Err(ConversationError::NoSuchMessage)));
    assert!(matches!(failed(&mut world.tx, &room(), id, "x"), Err(ConversationError::NoSuchMessage)));
}

#[test]
fn own_changes_take_effect_when_accepted() {
    let mut world = World::new();
    let id = world.queue(&say(&me(), 0, text("one")));
    sent(&mut world.tx, &room(), &me(), id, Timestamp(NOW), None).unwrap();
    let changes = [(say(&me(), 10, edit(id, "two")), "two"), (say(&me(), 20, edit(id, "three")), "three")];
    for (change, after) in &changes {
        let before = world.text_of(id);
        let change_id = world.queue(change);
        assert_eq!(world.text_of(id), before);
        sent(&mut world.tx, &room(), &me(), change_id, change.accepted, None).unwrap();
        assert_eq!(world.text_of(id), *after);
    }
    let liked = world.queue(&say(&me(), 30, reaction(id, "👍")));
    assert_eq!(world.emojis(id), []);
    sent(&mut world.tx, &room(), &me(), liked, Timestamp(NOW + 30), None).unwrap();
    assert_eq!(world.emojis(id), [("👍".into(), 1)]);
    let gone = world.queue(&say(&me(), 40, compose::unsend(id)));
    sent(&mut world.tx, &room(), &me(), gone, Timestamp(NOW + 40), None).unwrap();
    assert_eq!(world.message(id).body, None);
}

#[test]
fn ones_own_message_coming_back_settles_a_lost_answer() {
    let mut world = World::new();
    let own = say(&me(), 7, text("mine"));
    let id = world.queue(&own);
    world.take(&own);
    assert_eq!(world.message(id).outgoing, Some(OutgoingState::Sent));
    assert_eq!(world.messages().len(), 1);
    assert!(outgoing(&world.tx, &room()).unwrap().is_empty());
}

#[test]
fn typing_notices_are_not_kept() {
    let mut world = World::new();
    world.queue(&say(&me(), 0, compose::typing(true)));
    assert!(outgoing(&world.tx, &room()).unwrap().is_empty());
    assert!(world.lines().is_empty());
}

#[test]
fn the_stamp_is_kept_with_the_content_it_was_made_over() {
    let mut world = World::new();
    let own = say(&me(), 0, text("mine"));
    let id = world.queue(&own);
    let frank = StoredFrank {
        frank: trefoil_proto::mimi::Frank {
            key_id: 3,
            server_frank: [9; 32],
            signature_ciphersuite: 0x004F,
            integrity_signature: vec![1; 64],
            sender_frank: None,
        },
        context: trefoil_proto::franking::ServerFrankingContext {
            sender_uri: me(),
            room_uri: room(),
            accepted_timestamp: Timestamp(NOW),
            key_id: 3,
            sender_frank: None,
        },
    };
    sent(&mut world.tx, &room(), &me(), id, Timestamp(NOW), Some(&frank)).unwrap();
    let versions = history(&world.tx, &room(), id).unwrap();
    assert_eq!(versions[0].frank.as_ref(), Some(&frank));
    assert_eq!(versions[0].content, own.content.bytes);
}

#[test]
fn statuses_only_move_forward_and_count_for_ones_own_messages() {
    let (ann, bob, mut world) = (user("ann"), user("bob"), World::new());
    let id = world.queue(&say(&me(), 0, text("mine")));
    // A status may come before the hub's answer.
    world.take(&say(&ann, 5, status(id, MessageStatus::Delivered)));
    sent(&mut world.tx, &room(), &me(), id, Timestamp(NOW), None).unwrap();
    let read = say(&ann, 10, status(id, MessageStatus::Read));
    world.take_all(&[&read, &say(&ann, 20, status(id, MessageStatus::Delivered))]);
    world.take(&say(&ann, 30, status(id, MessageStatus::Unknown(99))));
    world.take(&say(&bob, 30, status(id, MessageStatus::Delivered)));
    let expected = [
        (ann.clone(), MessageStatus::Read, read.accepted),
        (bob.clone(), MessageStatus::Delivered, Timestamp(NOW + 30)),
    ];
    assert_eq!(world.message(id).statuses, expected);
    let theirs = say(&ann, 40, text("theirs"));
    world.take_all(&[&theirs, &say(&bob, 50, status(theirs.id(), MessageStatus::Read))]);
    assert_eq!(world.message(theirs.id()).statuses, []);
}

#[test]
fn reading_gives_one_report_and_reaches_ones_other_devices() {
    let (ann, mut world) = (user("ann"), World::new());
    let said: Vec<_> = (0..3).map(|n| say(&ann, n, text(&n.to_string()))).collect();
    world.take_all(&said.iter().collect::<Vec<_>>());
    let second = world.message(said[1].id()).position;
    let drafts = mark_read(&mut world.tx, &room(), second, Timestamp(NOW + 9)).unwrap();
    let read: Vec<_> = said[..2].iter().map(|sent| (sent.id(), MessageStatus::Read)).collect();
    assert_eq!(drafts, [compose::status(read.clone()).unwrap()]);
    assert_eq!(mark_read(&mut world.tx, &room(), second, Timestamp(NOW + 9)).unwrap(), []);
    assert_eq!(summary(&world.tx, &room()).unwrap().unread, 1);
    assert!(world.message(said[2].id()).unread && !world.message(said[1].id()).unread);

    let mut elsewhere = World::new();
    elsewhere.take_all(&said.iter().collect::<Vec<_>>());
    elsewhere.take(&say(&me(), 10, drafts[0].clone()));
    assert_eq!(summary(&elsewhere.tx, &room()).unwrap().unread, 1);
}
