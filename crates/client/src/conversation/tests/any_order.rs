//! The property that everything else rests on: any order, any repetition, one timeline.

use super::*;
use proptest::prelude::*;

/// A step of a story; `usize` picks among what was said before.
#[derive(Clone, Debug)]
enum Act {
    Say,
    Reply(usize),
    Edit(usize),
    Unsend(usize),
    React(usize, u8),
    Report(usize, u8),
    Ask,
    Vote(usize, u8),
}

fn act() -> impl Strategy<Value = (u8, Act)> {
    // Mostly the same few, so that changes meet.
    let pick = prop_oneof![3 => 0usize..4, 1 => 0usize..30];
    let act = prop_oneof![
        3 => Just(Act::Say),
        1 => pick.clone().prop_map(Act::Reply),
        3 => pick.clone().prop_map(Act::Edit),
        2 => pick.clone().prop_map(Act::Unsend),
        3 => (pick.clone(), 0u8..2).prop_map(|(at, emoji)| Act::React(at, emoji)),
        3 => (pick.clone(), 0u8..8).prop_map(|(at, status)| Act::Report(at, status)),
        2 => Just(Act::Ask),
        3 => (pick, 0u8..4).prop_map(|(of, choice)| Act::Vote(of, choice)),
    ];
    (0u8..3, act)
}

/// Makes messages that refer to any earlier message, of any kind and any sender: the rules decide what counts.
fn tell(acts: &[(u8, Act)]) -> Vec<Sent> {
    let people = [me(), user("ann"), user("bob")];
    let mut story: Vec<Sent> = Vec::new();
    for (at, (who, act)) in acts.iter().enumerate() {
        let sender = &people[usize::from(*who)];
        let pick = |index: &usize| match story.len() {
            0 => MessageId([1; 32]),
            length => story[index % length].id(),
        };
        let words = format!("words {at}");
        let draft = match act {
            Act::Say => text(&words),
            Act::Reply(to) => compose::reply(pick(to), &words, &[]).unwrap(),
            Act::Edit(of) => edit(pick(of), &words),
            Act::Unsend(of) => compose::unsend(pick(of)),
            Act::React(to, emoji) => reaction(pick(to), ["👍", "❤"][usize::from(*emoji)]),
            Act::Ask => compose::poll(&words, &["tea", "coffee", "milk"], at % 2 == 0).unwrap(),
            Act::Vote(of, 3) => compose::vote(pick(of), &[]).unwrap(),
            Act::Vote(of, choice) => compose::vote(pick(of), &[*choice]).unwrap(),
            Act::Report(of, code) => status(pick(of), (*code).into()),
        };
        story.push(say(sender, at as u64, draft));
    }
    story
}

/// The timeline without what depends on when things came in here. The index of words says what it says.
fn outcome(story: &[&Sent]) -> Vec<Message> {
    let mut world = World::new();
    world.take_all(story);
    world.assert_indexed();
    let mut messages = world.messages();
    for message in &mut messages {
        message.position = Position::START;
    }
    messages
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_order_and_any_repetition_end_in_the_same_timeline(
        acts in prop::collection::vec(act(), 1..25),
        order in prop::collection::vec(any::<prop::sample::Index>(), 60),
    ) {
        let story = tell(&acts);
        let straight = outcome(&story.iter().collect::<Vec<_>>());
        // Some come more than once; in the end all of them came.
        let mut shuffled: Vec<&Sent> = story.iter().collect();
        for (at, swap) in order.iter().enumerate() {
            let (a, b) = (at % shuffled.len(), swap.index(shuffled.len()));
            shuffled.swap(a, b);
        }
        let repeated: Vec<&Sent> = order.iter().take(10).map(|index| &story[index.index(story.len())]).collect();
        shuffled.splice(shuffled.len() / 2..shuffled.len() / 2, repeated);
        prop_assert_eq!(straight, outcome(&shuffled));
    }
}

#[test]
fn lines_of_the_same_millisecond_keep_the_order_of_arrival() {
    let (ann, bob) = (user("ann"), user("bob"));
    let mut world = World::new();
    let said: Vec<_> = (0..8)
        .map(|n| {
            let mut sent = say(if n % 2 == 0 { &ann } else { &bob }, n, text(&format!("{n}")));
            sent.accepted = Timestamp(NOW);
            sent
        })
        .collect();
    world.take_all(&said.iter().collect::<Vec<_>>());
    world.take_all(&said.iter().rev().collect::<Vec<_>>());
    let ids: Vec<_> = world.messages().iter().map(|message| message.id).collect();
    assert_eq!(ids, said.iter().map(Sent::id).collect::<Vec<_>>());
}
