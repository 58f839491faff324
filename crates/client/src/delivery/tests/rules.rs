//! One rule at a time.

use super::*;
use crate::outbox::WINDOW;
use trefoil_proto::UserUri;

fn bob() -> UserUri {
    "mimi://b.test/u/bob".parse().unwrap()
}

#[test]
fn what_is_dropped_is_told_with_the_next_that_was_queued_after_it() {
    let sent = settled(6);
    let mut heard = nobody_yet();
    assert_eq!(take(&mut heard, &sent[0]), []);
    assert_eq!(take(&mut heard, &sent[4]), [Finding::Missing { from: 2, to: 4 }]);
    assert_eq!(take(&mut heard, &sent[5]), []);
    assert_eq!(heard.missing(), [Counters { from: 2, to: 4 }]);
}

#[test]
fn a_newcomer_notices_what_was_queued_since_it_is_there_and_nothing_before() {
    let mut sending = Sending::default();
    let mut sent: Vec<_> = (0..3).map(|_| queue(&mut sending, 4)).collect();
    sent.extend((0..3).map(|_| queue(&mut sending, 5)));
    (1..=6).for_each(|counter| sending.accepted(counter));
    sent.push(queue(&mut sending, 5));
    let here = Listening { times: 1, since: 5 };
    let mut heard = nobody_yet();
    let found = heard.take(&sent[6].order, sent[6].id, here, false);
    assert_eq!(found, [Finding::Missing { from: 4, to: 6 }]);
    // The first that came was queued before: what is missing around it may have been sent before, too.
    let mut heard = nobody_yet();
    assert_eq!(heard.take(&sent[2].order, sent[2].id, here, false), []);
    assert_eq!(heard.take(&sent[1].order, sent[1].id, here, false), []);
    assert_eq!(heard.take(&sent[3].order, sent[3].id, here, false), []);
}

#[test]
fn what_overtook_while_unanswered_is_no_finding_and_what_did_after_is() {
    let mut sending = Sending::default();
    let sent: Vec<_> = (0..3).map(|_| queue(&mut sending, 1)).collect();
    let mut heard = nobody_yet();
    assert_eq!(take(&mut heard, &sent[2]), []);
    assert_eq!(take(&mut heard, &sent[0]), []);
    assert_eq!(take(&mut heard, &sent[1]), []);
    let sent = settled(3);
    let mut heard = nobody_yet();
    assert_eq!(take(&mut heard, &sent[2]), [Finding::Missing { from: 1, to: 2 }]);
    assert_eq!(take(&mut heard, &sent[0]), [Finding::Late { counter: 1 }]);
    assert_eq!(take(&mut heard, &sent[1]), [Finding::Late { counter: 2 }]);
    assert_eq!(heard.missing(), []);
}

#[test]
fn a_repetition_and_another_message_in_the_same_place_are_told_apart() {
    let sent = settled(3);
    let mut heard = nobody_yet();
    sent.iter().for_each(|made| assert_eq!(take(&mut heard, made), []));
    assert_eq!(take(&mut heard, &sent[1]), [Finding::Repeated { counter: 2 }]);
    let other = Made { id: id(77), ..sent[1].clone() };
    assert_eq!(take(&mut heard, &other), [Finding::Conflict { counter: 2 }]);
}

#[test]
fn a_message_that_does_not_follow_from_the_one_before_is_a_conflict() {
    let mut sent = settled(3);
    sent[2].order.previous = Transcript([9; 32]);
    let mut heard = nobody_yet();
    assert_eq!(take(&mut heard, &sent[0]), []);
    assert_eq!(take(&mut heard, &sent[1]), []);
    assert_eq!(take(&mut heard, &sent[2]), [Finding::Conflict { counter: 3 }]);
}

#[test]
fn what_fills_a_gap_must_lead_to_what_came_after_it() {
    let sent = settled(4);
    let mut heard = nobody_yet();
    take(&mut heard, &sent[0]);
    take(&mut heard, &sent[3]);
    let false_one = Made { id: id(77), ..sent[2].clone() };
    let found = take(&mut heard, &false_one);
    assert_eq!(found, [Finding::Conflict { counter: 3 }, Finding::Late { counter: 3 }]);
    let found = heard.take(&sent[1].order, sent[1].id, HERE, true);
    assert_eq!(found, [Finding::Restored { counter: 2 }]);
}

#[test]
fn what_was_given_up_is_not_missing() {
    let mut sending = Sending::default();
    let first = queue(&mut sending, 1);
    let given_up = [queue(&mut sending, 1), queue(&mut sending, 1)];
    let overtaking = queue(&mut sending, 1);
    sending.accepted(1);
    given_up.iter().for_each(|made| sending.given_up(made.order.counter));
    let telling = queue(&mut sending, 1);
    let also = queue(&mut sending, 1);
    assert_eq!(also.order.unsent, [Counters { from: 2, to: 3 }]);
    // The one that tells is given up itself: the next tells of all.
    sending.given_up(telling.order.counter);
    sending.accepted(overtaking.order.counter);
    sending.accepted(also.order.counter);
    let last = queue(&mut sending, 1);
    assert_eq!(last.order.unsent, [Counters { from: 2, to: 3 }, Counters { from: 5, to: 5 }]);
    let mut heard = nobody_yet();
    for made in [&first, &overtaking, &also, &last] {
        assert_eq!(take(&mut heard, made), []);
    }
    sending.accepted(last.order.counter);
    assert_eq!(queue(&mut sending, 1).order.unsent, []);
    assert_eq!(heard.missing(), []);
}

#[test]
fn too_many_given_up_for_one_message_hold_back_what_counts_as_settled() {
    let mut sending = Sending::default();
    let mut sent = Vec::new();
    for counter in 1..=60 {
        sent.push(queue(&mut sending, 1));
        if counter % 2 == 0 { sending.given_up(counter) } else { sending.accepted(counter) }
    }
    let mut heard = nobody_yet();
    for made in sent.into_iter().step_by(2).chain((0..4).map(|_| {
        let made = queue(&mut sending, 1);
        sending.accepted(made.order.counter);
        made
    })) {
        assert_eq!(take(&mut heard, &made), [], "{}", made.order.counter);
    }
    assert_eq!(heard.missing(), []);
}

#[test]
fn after_a_break_only_what_was_queued_since_is_missed() {
    let mut sending = Sending::default();
    let mut sent: Vec<_> = (0..5).map(|_| queue(&mut sending, 1)).collect();
    (1..=5).for_each(|counter| sending.accepted(counter));
    sent.extend((0..2).map(|_| queue(&mut sending, 7)));
    (6..=7).for_each(|counter| sending.accepted(counter));
    sent.push(queue(&mut sending, 7));
    let mut heard = nobody_yet();
    take(&mut heard, &sent[0]);
    let again = Listening { times: 2, since: 7 };
    let found = heard.take(&sent[7].order, sent[7].id, again, false);
    assert_eq!(found, [Finding::Missing { from: 6, to: 7 }]);
    // What was missed meanwhile can be asked for all the same.
    assert_eq!(heard.missing(), [Counters { from: 2, to: 5 }, Counters { from: 6, to: 7 }]);
}

#[test]
fn after_a_lapse_as_much_as_can_be_under_way_at_once_is_nobodys_fault() {
    let sent = settled(u64::from(WINDOW) + 9);
    let mut heard = nobody_yet();
    take(&mut heard, &sent[0]);
    let lapsed = Listening { times: 2, since: 2 };
    for made in [&sent[5], &sent[7]] {
        assert_eq!(heard.take(&made.order, made.id, lapsed, false), []);
    }
    let found = heard.take(&sent[72].order, sent[72].id, lapsed, false);
    assert_eq!(found, [Finding::Missing { from: 71, to: 72 }]);
}

#[test]
fn what_others_have_and_we_do_not_is_told_once() {
    let sent = settled(5);
    let mut heard = nobody_yet();
    take(&mut heard, &sent[0]);
    let claim = |made: &Made| (made.order.counter, made.transcript());
    assert_eq!(heard.claim(claim(&sent[0]), &bob(), HERE), None);
    let found = heard.claim(claim(&sent[2]), &bob(), HERE);
    assert_eq!(found, Some(Finding::Unseen { through: 3, by: bob() }));
    assert_eq!(heard.claim(claim(&sent[2]), &bob(), HERE), None);
    assert_eq!(heard.missing(), [Counters { from: 2, to: 3 }]);
    assert_eq!(take(&mut heard, &sent[1]), [Finding::Late { counter: 2 }]);
    assert_eq!(take(&mut heard, &sent[2]), [Finding::Late { counter: 3 }]);
    assert_eq!(take(&mut heard, &sent[3]), []);
    let other = (4, Transcript([9; 32]));
    assert_eq!(heard.claim(other, &bob(), HERE), Some(Finding::Split { counter: 4, by: bob() }));
    // Not of what this device may have missed in a break.
    assert_eq!(heard.claim((9, Transcript([9; 32])), &bob(), Listening { times: 2, since: 1 }), None);
}

#[test]
fn what_cannot_be_given_is_not_asked_for_again() {
    let sent = settled(9);
    let mut heard = nobody_yet();
    take(&mut heard, &sent[0]);
    take(&mut heard, &sent[7]);
    assert_eq!(heard.give_up(Counters { from: 3, to: 5 }), [Counters { from: 3, to: 5 }]);
    assert_eq!(heard.give_up(Counters { from: 3, to: 5 }), []);
    assert_eq!(heard.missing(), [Counters { from: 2, to: 2 }, Counters { from: 6, to: 7 }]);
}
