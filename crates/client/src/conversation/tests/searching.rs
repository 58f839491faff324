//! What is found, and that what is gone is found no more.

use super::{
    super::{catch_up_index, is_index_complete, search},
    *,
};
use trefoil_store::{KeyRange, Table};

/// What there is of an index beside its state.
const INDEX: [Table; 4] = [SEARCH_PENDING, SEARCH_SEGMENTS, SEARCH_DOCUMENTS, SEARCH_WORDS];

fn found(world: &World, query: &str) -> Vec<MessageId> {
    let found = search(&world.tx, query, None, None, 100).unwrap();
    assert_eq!(found.next, None);
    found.hits.into_iter().map(|hit| hit.message).collect()
}

fn rows(world: &World, table: Table) -> Vec<(Vec<u8>, Vec<u8>)> {
    let rows = world.tx.scan(table, &KeyRange::all(), usize::MAX, false).unwrap();
    rows.into_iter().map(|(key, row)| (key.to_vec(), row.to_vec())).collect()
}

#[test]
fn all_words_have_to_be_there_and_the_newest_comes_first() {
    let (ann, bob, mut world) = (user("ann"), user("bob"), World::new());
    let first = say(&ann, 0, text("Tea in the *café* at noon"));
    let second = say(&bob, 1, text("No café, no tea: coffee"));
    let third = say(&ann, 2, text("teapot"));
    world.take_all(&[&first, &third, &second]);
    assert_eq!(found(&world, "tea cafe "), [second.id(), first.id()]);
    assert_eq!(found(&world, "CAFÉ te"), [second.id(), first.id()]);
    assert_eq!(found(&world, "tea"), [third.id(), second.id(), first.id()]);
    assert_eq!(found(&world, "tea "), [second.id(), first.id()], "whole words once a space follows");
    assert_eq!(found(&world, "coffee tea "), [second.id()]);
    assert_eq!(found(&world, "milk"), []);
    assert_eq!(found(&world, " … "), []);
    let hit = search(&world.tx, "coff", None, None, 1).unwrap().hits.remove(0);
    assert_eq!((hit.room, hit.sender, hit.accepted), (room(), bob, second.accepted));
    assert_eq!(hit.position, world.message(second.id()).position);
    let shown = [("No café, no tea: ".to_owned(), false), ("coffee".to_owned(), true)];
    assert_eq!(hit.excerpt, shown);
}

#[test]
fn a_search_goes_on_where_it_ended_and_keeps_to_a_room() {
    let (ann, mut world) = (user("ann"), World::new());
    let said: Vec<_> = (0..100).map(|at| say(&ann, at, text(&format!("number {at} tealeaf{at}")))).collect();
    world.take_all(&said.iter().collect::<Vec<_>>());
    for query in ["number ", "tea"] {
        let (mut after, mut all) = (None, Vec::new());
        loop {
            let found = search(&world.tx, query, Some(&room()), after, 7).unwrap();
            all.extend(found.hits.iter().map(|hit| hit.message));
            let Some(next) = found.next else { break };
            assert_eq!(found.hits.len(), 7);
            after = Some(next.to_string().parse().unwrap());
        }
        let newest_first: Vec<_> = said.iter().rev().map(Sent::id).collect();
        assert_eq!(all, newest_first, "{query}");
    }
    let elsewhere: RoomUri = "mimi://hub.example/r/elsewhere".parse().unwrap();
    assert_eq!(search(&world.tx, "number", Some(&elsewhere), None, 7).unwrap(), Found::default());
    assert!("00".parse::<SearchCursor>().is_err());
}

#[test]
fn a_beginning_of_very_many_words_finds_the_newest_first_too() {
    let (ann, mut world) = (user("ann"), World::new());
    // More words than are looked through one by one, and more messages than are sorted at a time.
    let many = |at: u64| format!("x{} x{}", at * 7919 % 101, at * 104_729 % 103);
    let said: Vec<_> = (0..100).map(|at| say(&ann, at, text(&many(at)))).collect();
    world.take_all(&said.iter().collect::<Vec<_>>());
    let first = search(&world.tx, "x", None, None, 60).unwrap();
    let rest = search(&world.tx, "x", None, first.next, 60).unwrap();
    let all: Vec<_> = first.hits.iter().chain(&rest.hits).map(|hit| hit.message).collect();
    assert_eq!(all, said.iter().rev().map(Sent::id).collect::<Vec<_>>());
    assert_eq!(rest.next, None);
}

#[test]
fn edits_unsends_and_timers_change_what_is_found() {
    let (ann, mut world) = (user("ann"), World::new());
    let due = Timestamp(NOW + 1000);
    let edited = say(&ann, 0, text("milk"));
    let unsent = say(&ann, 1, text("milk too"));
    let passing = say(&ann, 2, text("milk three").disappearing_at(due, Timestamp(NOW)).unwrap());
    world.take_all(&[&edited, &unsent, &passing]);
    assert_eq!(found(&world, "milk").len(), 3);
    world.take_all(&[&say(&ann, 3, edit(edited.id(), "cream")), &say(&ann, 4, compose::unsend(unsent.id()))]);
    expire(&mut world.tx, due).unwrap();
    assert_eq!(found(&world, "milk"), []);
    assert_eq!(found(&world, "cream"), [edited.id()]);
    world.take(&say(&ann, 5, compose::unsend(edited.id())));
    for table in INDEX {
        assert!(rows(&world, table).is_empty(), "something is left in {table:?}");
    }
}

#[test]
fn of_a_message_that_goes_no_word_is_left_in_its_segment() {
    let (ann, mut world) = (user("ann"), World::new());
    let said: Vec<_> = (0..40).map(|at| say(&ann, at, text(&format!("common secret{at}")))).collect();
    world.take_all(&said.iter().collect::<Vec<_>>());
    assert!(rows(&world, SEARCH_SEGMENTS).len() > 2, "they are in several segments");
    for (at, gone) in said.iter().enumerate().filter(|(at, _)| at % 3 > 0) {
        world.take(&say(&ann, 100 + at as u64, compose::unsend(gone.id())));
        for (key, row) in INDEX.iter().flat_map(|table| rows(&world, *table)) {
            let has = |bytes: &[u8]| bytes.windows(32).any(|part| part == gone.id().0);
            assert!(!has(&key) && !has(&row), "its id");
        }
        assert_eq!(found(&world, &format!("secret{at} ")), [], "{at}");
    }
    let left: Vec<_> =
        said.iter().enumerate().filter(|(at, _)| at % 3 == 0).map(|(_, left)| left.id()).collect();
    assert_eq!(found(&world, "common "), left.into_iter().rev().collect::<Vec<_>>());
    world.assert_indexed();
    assert!(index::everything(&world.tx).unwrap().iter().all(|(word, ..)| {
        word == "common" || word.strip_prefix("secret").unwrap().parse::<usize>().unwrap() % 3 == 0
    }));
}

#[test]
fn one_s_own_is_found_once_the_hub_has_accepted_it() {
    let mut world = World::new();
    let own = say(&me(), 0, text("mine"));
    let id = world.queue(&own);
    assert_eq!(found(&world, "mine"), []);
    sent(&mut world.tx, &room(), &me(), id, Timestamp(NOW + 7), None).unwrap();
    assert_eq!(found(&world, "mine"), [id]);
}

#[test]
fn files_are_found_by_their_names() {
    let (ann, mut world) = (user("ann"), World::new());
    let sent = say(&ann, 0, compose::attachment(&[file("Rapport_2024.pdf")], "").unwrap());
    world.take(&sent);
    for query in ["rapport", "2024 ", "pdf"] {
        assert_eq!(found(&world, query), [sent.id()], "{query}");
    }
    let hit = search(&world.tx, "2024", None, None, 1).unwrap().hits.remove(0);
    assert_eq!(hit.excerpt, [("Rapport_2024".to_owned(), true), (".pdf".to_owned(), false)]);
}

#[test]
fn what_was_said_before_there_was_an_index_is_taken_up_step_by_step() {
    let (ann, mut world) = (user("ann"), World::new());
    let said: Vec<_> = (0..400).map(|at| say(&ann, at, text(&format!("number {at}")))).collect();
    world.take_all(&said.iter().collect::<Vec<_>>());
    world.take(&say(&ann, 500, edit(said[7].id(), "seven")));
    let before = index::everything(&world.tx).unwrap();
    for table in INDEX.into_iter().chain([SEARCH_INDEX]) {
        for (key, _) in rows(&world, table) {
            world.tx.delete(table, key);
        }
    }
    assert_eq!(found(&world, "number"), []);
    assert!(!is_index_complete(&world.tx).unwrap());
    let mut steps = 0;
    while !catch_up_index(&mut world.tx).unwrap() {
        world.tx.commit().unwrap();
        steps += 1;
    }
    assert!(steps > 1, "in one step");
    assert!(is_index_complete(&world.tx).unwrap());
    assert_eq!(index::everything(&world.tx).unwrap(), before);
}

#[test]
fn a_page_around_a_message_says_what_is_before_and_after() {
    let (ann, mut world) = (user("ann"), World::new());
    let said: Vec<_> = (0..20).map(|at| say(&ann, at, text(&format!("{at}")))).collect();
    world.take_all(&said.iter().collect::<Vec<_>>());
    let edited = say(&ann, 30, edit(said[10].id(), "ten"));
    world.take(&edited);
    let around = |of: MessageId, limit| {
        let page = timeline_around(&world.tx, &room(), of, limit).unwrap().unwrap();
        let texts = page.items.iter().map(|item| match item {
            Item::Message(message) => message.body.clone().unwrap().text.unwrap(),
            Item::Note(_) => panic!("a note"),
        });
        (texts.collect::<Vec<_>>().join(" "), page.more_before, page.more_after)
    };
    assert_eq!(around(edited.id(), 5), ("8 9 ten 11 12".to_owned(), true, true));
    assert_eq!(around(said[0].id(), 4), ("0 1 2 3".to_owned(), false, true));
    assert_eq!(around(said[19].id(), 4), ("17 18 19".to_owned(), true, false));
    assert_eq!(around(said[19].id(), 0), ("19".to_owned(), true, false));
    assert_eq!(timeline_around(&world.tx, &room(), MessageId([1; 32]), 4).unwrap(), None);
    let page = timeline_page(&world.tx, &room(), Cursor::Newest, 100).unwrap();
    assert_eq!((page.items.len(), page.more_before, page.more_after), (20, false, false));
}
