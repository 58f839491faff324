//! Whole streams: an honest one raises nothing, whatever the sender's network does; every theft, repetition and delay
//! by a service is noticed.

use super::*;
use proptest::prelude::*;

/// What happens at the sender next.
#[derive(Clone, Copy, Debug)]
enum Act {
    Queue,
    /// The hub takes one of those under way.
    Take(prop::sample::Index),
    /// It refuses one for good.
    Refuse(prop::sample::Index),
    Epoch,
}

/// What a sender with up to 64 messages under way makes the hub put in order: messages as they came to stand.
fn honest(acts: &[Act]) -> Vec<Made> {
    let mut sending = Sending::default();
    let (mut under_way, mut epoch) = (Vec::new(), 1);
    // With the first that is heard it is known from where on nothing may be missing.
    let mut ordered = vec![queue(&mut sending, epoch)];
    sending.accepted(1);
    for act in acts {
        match act {
            Act::Queue if under_way.len() < 64 => under_way.push(queue(&mut sending, epoch)),
            Act::Take(which) if !under_way.is_empty() => {
                let made: Made = under_way.remove(which.index(under_way.len()));
                sending.accepted(made.order.counter);
                ordered.push(made);
            }
            Act::Refuse(which) if !under_way.is_empty() => {
                let made: Made = under_way.remove(which.index(under_way.len()));
                sending.given_up(made.order.counter);
            }
            Act::Epoch => epoch += 1,
            _ => {}
        }
    }
    ordered.extend(under_way.drain(..).inspect(|made| sending.accepted(made.order.counter)));
    // Two more, so that nothing is at the end of the stream, where nobody can miss it.
    for _ in 0..2 {
        let made = queue(&mut sending, epoch);
        sending.accepted(made.order.counter);
        ordered.push(made);
    }
    ordered
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => Just(Act::Queue),
        5 => any::<prop::sample::Index>().prop_map(Act::Take),
        1 => any::<prop::sample::Index>().prop_map(Act::Refuse),
        1 => Just(Act::Epoch),
    ];
    prop::collection::vec(act, 0..120)
}

fn all(heard: &mut Heard, sent: &[Made], here: Listening) -> Vec<Finding> {
    sent.iter().flat_map(|made| heard.take(&made.order, made.id, here, false)).collect()
}

proptest! {
    #[test]
    fn an_honest_stream_raises_nothing(acts in acts()) {
        let sent = honest(&acts);
        let mut heard = nobody_yet();
        prop_assert_eq!(all(&mut heard, &sent, HERE), []);
        prop_assert_eq!(heard.missing(), []);
    }

    /// Whoever comes into the room in its midst, or comes back, is not told that anything is missing either.
    #[test]
    fn nor_does_one_that_is_entered_midway(acts in acts(), at in any::<prop::sample::Index>(), left in 0_usize..40) {
        let sent = honest(&acts);
        // An epoch begins where its first message was queued; before the first of it was taken, all others were too.
        let at = at.index(sent.len());
        let since = sent[..at].iter().map(|made| made.order.epoch).max().unwrap_or(0) + 1;
        let mut newcomer = nobody_yet();
        prop_assert_eq!(all(&mut newcomer, &sent[at..], Listening { times: 1, since }), []);
        let mut back = nobody_yet();
        prop_assert_eq!(all(&mut back, &sent[..at.saturating_sub(left)], HERE), []);
        prop_assert_eq!(all(&mut back, &sent[at..], Listening { times: 2, since }), []);
    }

    #[test]
    fn whatever_is_stolen_is_told_in_the_end(acts in acts(), stolen in prop::collection::vec(any::<prop::sample::Index>(), 1..6)) {
        let mut sent = honest(&acts);
        let mut gone = std::collections::BTreeSet::new();
        for which in stolen {
            // The last one is not missed before another comes.
            if sent.len() > 2 {
                gone.insert(sent.remove(1 + which.index(sent.len() - 2)).order.counter);
            }
        }
        let mut heard = nobody_yet();
        let mut told = std::collections::BTreeSet::new();
        for finding in all(&mut heard, &sent, HERE) {
            match finding {
                Finding::Missing { from, to } => told.extend(from..=to),
                other => prop_assert!(false, "{other:?}"),
            }
        }
        prop_assert!(gone.is_subset(&told), "{gone:?} gone, {told:?} told");
        // Nothing is told to be missing that came.
        prop_assert!(sent.iter().all(|made| !told.contains(&made.order.counter)));
    }

    #[test]
    fn whatever_comes_twice_is_told(acts in acts(), which in any::<prop::sample::Index>(), later in any::<prop::sample::Index>()) {
        let mut sent = honest(&acts);
        let which = which.index(sent.len());
        let again = sent[which].clone();
        let place = which + 1 + later.index(sent.len() - which);
        sent.insert(place, again.clone());
        let mut heard = nobody_yet();
        let found = all(&mut heard, &sent, HERE);
        prop_assert_eq!(found, [Finding::Repeated { counter: again.order.counter }]);
    }

    #[test]
    fn whatever_is_held_back_behind_what_was_queued_after_it_is_told(acts in acts(), which in any::<prop::sample::Index>(), later in any::<prop::sample::Index>()) {
        let mut sent = honest(&acts);
        let which = 1 + which.index(sent.len() - 2);
        let place = which + 1 + later.index(sent.len() - which - 1);
        let held_back = sent.remove(which);
        let counter = held_back.order.counter;
        let wrong = sent[which..place].iter().any(|made| made.order.settled >= counter);
        sent.insert(place, held_back);
        let mut heard = nobody_yet();
        let found = all(&mut heard, &sent, HERE);
        prop_assert_eq!(found.contains(&Finding::Late { counter }), wrong);
        // What overtook it while the hub had not answered is as honest as it looks.
        prop_assert!(wrong || found.is_empty(), "{found:?}");
    }
}
