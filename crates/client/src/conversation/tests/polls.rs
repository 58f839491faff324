//! Polls: what is asked, and whose last word counts.

use super::*;
use trefoil_proto::content::{
    Part, PartSemantics,
    poll::{POLL, VOTE},
};

fn poll(several: bool) -> Draft {
    compose::poll("Tea or coffee?", &["tea", "coffee", " milk "], several).unwrap()
}

fn vote(of: MessageId, choices: &[u8]) -> Draft {
    compose::vote(of, choices).unwrap()
}

/// Who chose what, by first letters, and how many voted.
fn counted(world: &World, id: MessageId) -> (Vec<String>, usize) {
    let poll = world.message(id).poll.unwrap();
    let who = |user: &UserUri| user.id.as_str()[..1].to_owned();
    let by = poll.options.iter().map(|option| option.by.iter().map(who).collect::<String>());
    (by.collect(), poll.voters)
}

#[test]
fn the_last_vote_of_a_person_counts_and_nothing_takes_it_back() {
    let (ann, bob, mut world) = (user("ann"), user("bob"), World::new());
    let asked = say(&ann, 0, poll(false));
    world.take(&asked);
    let shown = world.message(asked.id()).poll.unwrap();
    let texts: Vec<_> = shown.options.iter().map(|option| option.text.as_str()).collect();
    assert_eq!((shown.question.as_str(), shown.several), ("Tea or coffee?", false));
    assert_eq!(texts, ["tea", "coffee", "milk"]);

    let first = world.take(&say(&bob, 5, vote(asked.id(), &[0])));
    assert_eq!(first.events, [ConversationEvent::Votes { room: room(), id: asked.id() }]);
    assert!(first.follow_ups.is_empty() && world.messages().len() == 1, "a vote is no line");
    world.take(&say(&ann, 4, vote(asked.id(), &[2])));
    assert_eq!(counted(&world, asked.id()), (["b", "", "a"].map(String::from).to_vec(), 2));
    // A later one, an earlier one that came late, and the same once more.
    world.take(&say(&bob, 7, vote(asked.id(), &[1])));
    world.take(&say(&bob, 6, vote(asked.id(), &[2])));
    world.take(&say(&bob, 7, vote(asked.id(), &[1])));
    assert_eq!(counted(&world, asked.id()), (["", "b", "a"].map(String::from).to_vec(), 2));
    world.take(&say(&bob, 8, vote(asked.id(), &[])));
    assert_eq!(counted(&world, asked.id()), (["", "", "a"].map(String::from).to_vec(), 1));
}

#[test]
fn several_can_be_chosen_only_where_it_says_so_and_only_what_there_is() {
    let (ann, bob, mut world) = (user("ann"), user("bob"), World::new());
    let (one, many, words) =
        (say(&ann, 0, poll(false)), say(&ann, 1, poll(true)), say(&ann, 2, text("tea?")));
    world.take_all(&[&one, &many, &words]);
    for (at, of, choices, wrong) in [
        (3, one.id(), &[0, 1][..], true),
        (4, many.id(), &[2, 0, 2], false),
        (5, one.id(), &[3], true),
        (6, many.id(), &[0, 3], true),
        (7, words.id(), &[0], true),
    ] {
        let received = world.take(&say(&bob, at, vote(of, choices)));
        assert_eq!(refusal(&received), wrong.then_some(Refusal::WrongTarget), "{choices:?}");
    }
    assert_eq!(counted(&world, many.id()), (["b", "", "b"].map(String::from).to_vec(), 1));
    assert_eq!(counted(&world, one.id()).1, 0);
}

#[test]
fn votes_wait_for_their_poll_and_end_with_it() {
    let (ann, bob, mut world) = (user("ann"), user("bob"), World::new());
    let asked = say(&ann, 0, poll(false));
    let early = say(&bob, 1, vote(asked.id(), &[1]));
    assert!(world.take(&early).events.is_empty());
    world.take(&asked);
    assert_eq!(counted(&world, asked.id()).1, 1);
    world.take(&say(&ann, 2, compose::unsend(asked.id())));
    world.take(&say(&bob, 3, vote(asked.id(), &[0])));
    assert_eq!(world.message(asked.id()).poll, None);
    assert!(world.tx.scan(VOTES, &KeyRange::all(), 10, false).unwrap().is_empty());
}

#[test]
fn what_was_asked_cannot_be_changed_under_the_votes() {
    let (ann, mut world) = (user("ann"), World::new());
    let (asked, words) = (say(&ann, 0, poll(false)), say(&ann, 1, text("words")));
    world.take_all(&[&asked, &words]);
    let received = world.take(&say(&ann, 2, edit(asked.id(), "something else")));
    assert_eq!(refusal(&received), Some(Refusal::WrongTarget));
    let mut made = poll(false);
    made.replaces = Some(words.id());
    assert_eq!(refusal(&world.take(&say(&ann, 3, made))), Some(Refusal::Meaningless));
    assert!(world.message(asked.id()).poll.is_some() && world.message(asked.id()).edited.is_none());
    assert_eq!(world.text_of(words.id()), "words");
}

#[test]
fn one_s_own_vote_counts_once_the_hub_has_it() {
    let (ann, mut world) = (user("ann"), World::new());
    let asked = say(&ann, 0, poll(false));
    world.take(&asked);
    let own = world.queue(&say(&me(), 1, vote(asked.id(), &[0])));
    assert_eq!(counted(&world, asked.id()).1, 0);
    sent(&mut world.tx, &room(), &me(), own, Timestamp(NOW + 2), None).unwrap();
    assert_eq!(counted(&world, asked.id()), (["m", "", ""].map(String::from).to_vec(), 1));
}

#[test]
fn others_read_a_poll_as_a_list_and_it_is_quoted_found_and_passed_on() {
    let (ann, mut world) = (user("ann"), World::new());
    let asked = say(&ann, 0, poll(true));
    let Part::Multi { semantics: PartSemantics::ChooseOne, parts } = &asked.content.content.part.part else {
        panic!("no choice")
    };
    let Part::Single { content, .. } = &parts[1].part else { panic!("no text") };
    assert_eq!(std::str::from_utf8(content).unwrap(), "Tea or coffee?\n1. tea\n2. coffee\n3. milk");
    let answer = say(&ann, 1, compose::reply(asked.id(), "good question", &[]).unwrap());
    world.take_all(&[&asked, &answer]);
    let quoted = world.message(answer.id()).reply.unwrap().excerpt;
    assert_eq!(quoted.as_deref(), Some("Tea or coffee?"));
    let hits = search(&world.tx, "milk", None, None, 5).unwrap().hits;
    assert_eq!(hits.iter().map(|hit| hit.message).collect::<Vec<_>>(), [asked.id()]);
    world.take(&say(&me(), 2, vote(asked.id(), &[0])));
    let passed = say(&me(), 3, compose::forward(&world.message(asked.id())).unwrap());
    world.take(&passed);
    let anew = world.message(passed.id());
    assert_eq!((anew.forwarded, anew.poll.unwrap().voters), (Some(1), 0));
}

#[test]
fn a_poll_of_another_form_is_shown_as_its_text() {
    let (ann, mut world) = (user("ann"), World::new());
    let mut draft = poll(false);
    let Part::Multi { parts, .. } = &mut draft.part.part else { panic!("no parts") };
    parts[0] = NestedPart::render(POLL, b"another".to_vec());
    let sent = say(&ann, 0, draft);
    world.take(&sent);
    let message = world.message(sent.id());
    assert!(message.poll.is_none() && message.body.unwrap().text.unwrap().starts_with("Tea or coffee?"));
    // And a vote of another form is refused, as is one for nothing.
    let (mut other, mut nothing) = (vote(sent.id(), &[0]), vote(sent.id(), &[0]));
    other.part = NestedPart::render(VOTE, b"another".to_vec());
    nothing.in_reply_to = None;
    for draft in [other, nothing] {
        assert_eq!(refusal(&world.take(&say(&ann, 1, draft))), Some(Refusal::Meaningless));
    }
}

#[test]
fn what_is_no_poll_is_not_composed() {
    let many: Vec<String> = (0..13).map(|at| at.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for options in [&["one"][..], &["one", "one "], &["one", ""], &many] {
        assert!(compose::poll("?", options, false).is_err(), "{options:?}");
    }
    assert!(compose::poll(" ", &["one", "two"], false).is_err());
    assert!(matches!(
        compose::poll(&"x".repeat(513), &["one", "two"], false),
        Err(ConversationError::TooLong { what: "the question", limit: 512 })
    ));
    assert!(compose::vote(MessageId([1; 32]), &[12]).is_err());
}
