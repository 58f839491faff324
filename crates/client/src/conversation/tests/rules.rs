//! One test a rule, for what comes in.

use super::*;

#[test]
fn an_edit_is_shown_and_the_history_kept() {
    let (ann, mut world) = (user("ann"), World::new());
    let first = say(&ann, 0, text("borow"));
    let second = say(&ann, 10, edit(first.id(), "borrow"));
    world.take_all(&[&first, &second]);
    let shown = world.message(first.id());
    assert_eq!(shown.body.unwrap().text.unwrap(), "borrow");
    assert_eq!(shown.edited, Some(second.accepted));
    assert_eq!((shown.id, shown.version), (first.id(), second.id()));
    let texts: Vec<_> = history(&world.tx, &room(), first.id())
        .unwrap()
        .into_iter()
        .map(|version| version.body.text.unwrap())
        .collect();
    assert_eq!(texts, ["borow", "borrow"]);
    assert_eq!(world.messages().len(), 1);
}

#[test]
fn an_older_edit_does_not_win() {
    let (ann, mut world) = (user("ann"), World::new());
    let first = say(&ann, 0, text("one"));
    let older = say(&ann, 10, edit(first.id(), "two"));
    let newer = say(&ann, 20, edit(first.id(), "three"));
    world.take_all(&[&first, &newer, &older]);
    assert_eq!(world.text_of(first.id()), "three");
    assert_eq!(history(&world.tx, &room(), first.id()).unwrap().len(), 3);
}

#[test]
fn edits_of_one_millisecond_are_decided_by_their_ids() {
    let (ann, first) = (user("ann"), say(&user("ann"), 0, text("one")));
    let mut edits = [say(&ann, 10, edit(first.id(), "x")), say(&ann, 11, edit(first.id(), "y"))];
    edits[1].accepted = edits[0].accepted;
    let wins = edits.iter().max_by_key(|edit| edit.id()).unwrap();
    for order in [[0, 1], [1, 0]] {
        let mut world = World::new();
        world.take_all(&[&first, &edits[order[0]], &edits[order[1]]]);
        assert_eq!(world.message(first.id()).version, wins.id());
    }
}

#[test]
fn nobody_edits_or_takes_back_what_someone_else_said() {
    let (ann, bob) = (user("ann"), user("bob"));
    let first = say(&ann, 0, text("mine"));
    for forged in [say(&bob, 10, edit(first.id(), "yours")), say(&bob, 10, compose::unsend(first.id()))] {
        let mut world = World::new();
        world.take(&first);
        assert_eq!(refusal(&world.take(&forged)), Some(Refusal::NotTheSender));
        assert_eq!(world.text_of(first.id()), "mine");
        // The same if it was there before its target.
        let mut world = World::new();
        world.take_all(&[&forged, &first]);
        assert_eq!(world.text_of(first.id()), "mine");
        assert_eq!(history(&world.tx, &room(), first.id()).unwrap().len(), 1);
    }
}

#[test]
fn unsending_leaves_a_mark_and_nothing_else() {
    let (ann, mut world) = (user("ann"), World::new());
    let first = say(&ann, 0, text("secret-one"));
    let second = say(&ann, 10, edit(first.id(), "secret-two"));
    let gone = say(&ann, 20, compose::unsend(first.id()));
    let late = say(&ann, 30, edit(first.id(), "secret-three"));
    world.take_all(&[&first, &second, &gone, &late]);
    let shown = world.message(first.id());
    assert_eq!((shown.body, shown.unsent), (None, Some(gone.accepted)));
    assert!(!shown.unread);
    assert!(history(&world.tx, &room(), first.id()).unwrap().is_empty());
    assert_nowhere(&world, b"secret");
}

#[test]
fn unsending_forgets_the_keys_of_attachments() {
    use crate::attachment::{DOWNLOADS, Download, Label, Survey, fresh_key};
    use rand::{SeedableRng as _, rngs::StdRng};
    let (ann, mut world) = (user("ann"), World::new());
    let key = fresh_key(&mut StdRng::seed_from_u64(1));
    let mut survey = Survey::new(key.clone(), 3).unwrap();
    survey.feed(b"cat").unwrap();
    let file = survey.finish().unwrap().describe("https://a.example/v1/media/x".into(), Label::default());
    let first = say(&ann, 0, compose::attachment(std::slice::from_ref(&file), "look").unwrap());
    world.take(&first);
    let body = world.message(first.id()).body.unwrap();
    assert_eq!(body.attachments, [Attached::Usable(file.clone())]);
    assert_eq!(body.text.as_deref(), Some("look"));
    Download::new(file.clone(), Vec::new()).save(&mut world.tx);
    world.take(&say(&ann, 10, compose::unsend(first.id())));
    assert!(world.tx.get(DOWNLOADS, &file.sealed_hash).unwrap().is_none());
    assert_nowhere(&world, key.key());
}

fn assert_nowhere(world: &World, secret: &[u8]) {
    use crate::attachment::{DOWNLOADS, PLANS, UPLOADS};
    use trefoil_store::KeyRange;
    let tables = [
        MESSAGES, EDITS, TIMELINE, UNREAD, REACTIONS, STATUSES, HELD, EXPIRIES, PROFILES, ROOMS, OUTGOING,
        DOWNLOADS, UPLOADS, PLANS,
    ];
    for table in tables {
        for (key, value) in world.tx.scan(table, &KeyRange::all(), usize::MAX, false).unwrap() {
            let found =
                [key, value].iter().any(|bytes| bytes.windows(secret.len()).any(|window| window == secret));
            assert!(!found, "found in {}", table.name());
        }
    }
}

#[test]
fn one_of_each_emoji_a_person() {
    let (ann, bob, mut world) = (user("ann"), user("bob"), World::new());
    let first = say(&ann, 0, text("hi"));
    let (one, two) = (say(&bob, 10, reaction(first.id(), "👍")), say(&bob, 20, reaction(first.id(), "👍")));
    let other = say(&bob, 30, reaction(first.id(), "❤"));
    let own = say(&ann, 40, reaction(first.id(), "👍"));
    world.take_all(&[&first, &one, &two, &other, &own]);
    assert_eq!(world.emojis(first.id()), [("👍".into(), 2), ("❤".into(), 1)]);
    // Taking it back takes back both of bob's.
    world.take(&say(&bob, 50, compose::remove_reaction(two.id())));
    assert_eq!(world.emojis(first.id()), [("❤".into(), 1), ("👍".into(), 1)]);
    // And it can come again.
    world.take(&say(&bob, 60, reaction(first.id(), "👍")));
    assert_eq!(world.emojis(first.id())[1], ("👍".into(), 2));
    // Nobody else takes it back.
    let forged = say(&ann, 70, compose::remove_reaction(other.id()));
    assert_eq!(refusal(&world.take(&forged)), Some(Refusal::NotTheSender));
    assert_eq!(world.messages().len(), 1);
}

#[test]
fn taking_back_twice_counts_with_the_later_time() {
    let (ann, first) = (user("ann"), say(&user("ann"), 0, text("hi")));
    let one = say(&ann, 10, reaction(first.id(), "👍"));
    let again = say(&ann, 30, reaction(first.id(), "👍"));
    let gone = [20, 40].map(|at| say(&ann, at, compose::remove_reaction(one.id())));
    for order in [[0, 1], [1, 0]] {
        let mut world = World::new();
        world.take_all(&[&first, &one, &again, &gone[order[0]], &gone[order[1]]]);
        assert_eq!(world.emojis(first.id()), []);
    }
}

#[test]
fn a_reaction_to_a_later_version_is_a_reaction_to_the_message() {
    let (ann, bob, mut world) = (user("ann"), user("bob"), World::new());
    let first = say(&ann, 0, text("hi"));
    let second = say(&ann, 10, edit(first.id(), "hello"));
    let liked = say(&bob, 20, reaction(second.id(), "👍"));
    world.take_all(&[&liked, &second, &first]);
    assert_eq!(world.emojis(first.id()), [("👍".into(), 1)]);
}

#[test]
fn a_reaction_that_cannot_be_grouped_is_the_reply_that_it_is() {
    let (ann, bob, mut world) = (user("ann"), user("bob"), World::new());
    let first = say(&ann, 0, text("hi"));
    let mut odd = reaction(first.id(), "👍");
    odd.part = trefoil_proto::content::NestedPart {
        disposition: trefoil_proto::content::Disposition::REACTION,
        ..trefoil_proto::content::NestedPart::render(trefoil_proto::content::PLAIN_TEXT, "two words")
    };
    world.take_all(&[&first, &say(&bob, 10, odd)]);
    let shown = world.messages();
    assert_eq!(shown[1].reply.as_ref().unwrap().id, first.id());
    assert_eq!(shown[1].body.as_ref().unwrap().text.as_deref(), Some("two words"));
}

#[test]
fn replies_show_what_they_answer() {
    let (ann, bob, mut world) = (user("ann"), user("bob"), World::new());
    let first = say(&ann, 0, text("the question"));
    let answer = say(&bob, 10, compose::reply(first.id(), "the answer", &[]).unwrap());
    world.take(&answer);
    let preview = world.message(answer.id()).reply.unwrap();
    assert_eq!((preview.id, preview.message, preview.excerpt), (first.id(), None, None));
    world.take(&first);
    let preview = world.message(answer.id()).reply.unwrap();
    assert_eq!(preview.message, Some((first.id(), ann.clone())));
    assert_eq!(preview.excerpt.as_deref(), Some("the question"));
    assert!(!preview.since_edited);
    world.take(&say(&ann, 20, edit(first.id(), "another question")));
    assert!(world.message(answer.id()).reply.unwrap().since_edited);
    world.take(&say(&ann, 30, compose::unsend(first.id())));
    assert_eq!(world.message(answer.id()).reply.unwrap().excerpt, None);
}

#[test]
fn mentions_of_me_are_flagged_and_follow_edits() {
    let (ann, mut world) = (user("ann"), World::new());
    let mention = Mention { user: me(), name: "Me [x]".into() };
    let first = say(&ann, 0, compose::text("hello @Me [x], and @Me [x]", &[mention]).unwrap());
    let received = world.take(&first);
    assert!(matches!(received.events[0], ConversationEvent::Added { mentions_me: true, .. }));
    assert_eq!(plain(&world.text_of(first.id())), "hello @Me [x], and @Me [x]");
    world.take(&say(&ann, 10, edit(first.id(), "hello nobody")));
    assert!(!world.message(first.id()).mentions_me);
    let other =
        say(&ann, 20, compose::text("@Bob", &[Mention { user: user("bob"), name: "Bob".into() }]).unwrap());
    world.take(&other);
    assert!(!world.message(other.id()).mentions_me);
}

#[test]
fn delivered_is_answered_once_for_messages_of_others_in_small_rooms() {
    let (ann, mut world) = (user("ann"), World::new());
    let first = say(&ann, 0, text("hi"));
    assert_eq!(world.take(&first).follow_ups, [status(first.id(), MessageStatus::Delivered)]);
    assert_eq!(world.take(&first), Received::default());
    let quiet = [
        say(&me(), 1, text("mine")),
        say(&ann, 2, reaction(first.id(), "👍")),
        say(&ann, 3, edit(first.id(), "ho")),
        say(&ann, 4, status(first.id(), MessageStatus::Read)),
        say(&ann, 5, compose::profile("Ann").unwrap()),
        say(&ann, 6, compose::unsend(first.id())),
    ];
    for sent in &quiet {
        assert_eq!(world.take(sent).follow_ups, []);
    }
    let (crowd, room, me, from) = (say(&ann, 9, text("all")), room(), me(), device(&ann));
    let incoming = Incoming { participants: 33, ..World::incoming(&crowd, (&room, &me, &from)) };
    assert_eq!(receive(&mut world.tx, incoming).unwrap().follow_ups, []);
}

#[test]
fn passing_events_are_typing_and_nothing_else() {
    let (ann, mut world) = (user("ann"), World::new());
    let (room, me, from) = (room(), me(), device(&ann));
    let typing = say(&ann, 0, compose::typing(true));
    let incoming = Incoming { passing: true, ..World::incoming(&typing, (&room, &me, &from)) };
    let expected = ConversationEvent::Typing { room: room.clone(), user: ann.clone(), started: true };
    assert_eq!(receive(&mut world.tx, incoming).unwrap().events, [expected]);
    let words = say(&ann, 1, text("hi"));
    let incoming = Incoming { passing: true, ..World::incoming(&words, (&room, &me, &from)) };
    assert_eq!(refusal(&receive(&mut world.tx, incoming).unwrap()), Some(Refusal::NotPassing));
    assert!(world.lines().is_empty());
}

#[test]
fn the_newest_name_is_the_name() {
    let (ann, mut world) = (user("ann"), World::new());
    let (old, new) =
        (say(&ann, 0, compose::profile("Ann").unwrap()), say(&ann, 9, compose::profile("Anna").unwrap()));
    world.take_all(&[&new, &old]);
    assert_eq!(profile(&world.tx, &room(), &ann).unwrap().as_deref(), Some("Anna"));
    assert_eq!(world.take(&new).events, []);
}

#[test]
fn what_names_another_sender_room_or_time_is_refused() {
    let (ann, bob, mut world) = (user("ann"), user("bob"), World::new());
    let mut stolen = say(&ann, 0, text("hi"));
    stolen.sender = bob;
    assert_eq!(refusal(&world.take(&stolen)), Some(Refusal::Misaddressed));
    let mut nameless = say(&ann, 0, text("hi")).content.content;
    nameless.extensions = Default::default();
    let nameless = Sent { content: received_content(&nameless), ..say(&ann, 0, text("hi")) };
    assert_eq!(refusal(&world.take(&nameless)), Some(Refusal::Misaddressed));
    for (relative, time) in [(true, u32::MAX), (false, 1), (false, u32::MAX)] {
        let mut draft = text("hi");
        draft.expires = Some(trefoil_proto::content::Expiration { relative, time });
        assert_eq!(refusal(&world.take(&say(&ann, 1, draft))), Some(Refusal::ExpiryOutOfRange));
    }
    let mut empty = text("hi");
    empty.part = trefoil_proto::content::NestedPart::null();
    assert_eq!(refusal(&world.take(&say(&ann, 2, empty))), Some(Refusal::Meaningless));
    assert!(world.lines().is_empty());
}

#[test]
fn topics_are_kept() {
    let mut world = World::new();
    let sent = say(&user("ann"), 0, text("hi").in_topic(b"lunch".to_vec()).unwrap());
    world.take(&sent);
    assert_eq!(world.message(sent.id()).topic_id, b"lunch");
}

#[test]
fn notes_stand_among_the_messages_and_pages_turn_both_ways() {
    let (ann, mut world) = (user("ann"), World::new());
    let said: Vec<_> = (0..5).map(|n| say(&ann, n * 10, text(&n.to_string()))).collect();
    world.take_all(&said.iter().collect::<Vec<_>>());
    let lines = [
        Line::Opened { by: ann.clone() },
        Line::Joined { user: ann.clone() },
        Line::Added { user: me(), by: ann.clone() },
        Line::Left { user: ann.clone() },
        Line::Removed { user: me(), by: ann.clone() },
        Line::RoleChanged { user: me(), by: ann.clone(), role: 3 },
        Line::Renamed { by: ann.clone(), name: "Pizza".into() },
        Line::DeviceAdded { device: device(&ann), by: None },
        Line::DeviceRemoved { device: device(&ann), by: Some(me()) },
        Line::Rejoined { device: device(&ann) },
        Line::CameMeanwhile { user: ann.clone() },
        Line::GoneMeanwhile { user: ann.clone() },
        Line::KeyRefused { user: ann.clone() },
        Line::KeyChanged { user: ann.clone() },
        Line::VerifiedKeyChanged { user: ann.clone() },
        Line::Verified { user: ann.clone() },
        Line::KeyAccepted { user: ann.clone() },
        Line::Gap,
        Line::Unknown,
    ];
    for line in &lines {
        note(&mut world.tx, &room(), line, Timestamp(NOW + 25)).unwrap();
    }
    let all = world.lines();
    assert_eq!(all.len(), lines.len() + 5);
    for (item, line) in all[3..lines.len() + 3].iter().zip(&lines) {
        assert!(matches!(item, Item::Note(note) if note.line == *line && note.at.0 == NOW + 25));
    }
    let page = |cursor, limit| timeline(&world.tx, &room(), cursor, limit).unwrap();
    let last = all.len() - 1;
    assert_eq!(page(Cursor::Newest, 4), all[last - 3..]);
    assert_eq!(page(Cursor::Before(all[12].position()), 4), all[8..12]);
    assert_eq!(page(Cursor::After(all[2].position()), 3), all[3..6]);
    assert_eq!(page(Cursor::Before(all[0].position()), 3), []);
    assert_eq!(page(Cursor::After(all[last].position()), 3), []);
}

#[test]
fn rooms_do_not_mix() {
    let (ann, mut world) = (user("ann"), World::new());
    let here = say(&ann, 0, text("here"));
    world.take(&here);
    let next: RoomUri = "mimi://hub.example/r/room2".parse().unwrap();
    assert_eq!(timeline(&world.tx, &next, Cursor::Newest, 10).unwrap(), []);
    note(&mut world.tx, &next, &Line::Opened { by: ann }, Timestamp(NOW + 99)).unwrap();
    let all = rooms(&world.tx).unwrap();
    assert_eq!(all.iter().map(|room| room.unread).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(all[0].room, next);
    assert_eq!(world.lines().len(), 1);
}
