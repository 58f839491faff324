//! Counts over days, in a store.

#![allow(clippy::unwrap_used)]

use super::*;
use trefoil_store::MemoryStore;

const DAY: u64 = 24 * 60 * 60 * 1000;
const START: Timestamp = Timestamp(20_000 * DAY + 3_600_000);
const RULES: Rules = Rules { limited: true, first_day: 5, more_each_day: 3, most: 50, reports: 3 };
const GIVING: Giving = Giving { most: 2, from_day: 10 };

struct Room {
    behaviour: Behaviour,
    store: Arc<MemoryStore>,
}

fn room(rules: Rules) -> Room {
    let store = Arc::new(MemoryStore::new());
    Room { behaviour: Behaviour::new(store.clone(), rules, GIVING), store }
}

fn message(number: u8) -> FrankingTag {
    FrankingTag([number; 32])
}

fn person(number: u32) -> UserUri {
    format!("mimi://b.test/u/p{number}").parse().unwrap()
}

fn talk(number: u32) -> RoomUri {
    format!("mimi://a.test/r/r{number}").parse().unwrap()
}

impl Room {
    /// Turns to people, a room each, until one is refused; how many it was, and until when.
    async fn spread(&self, user: &UserId, people: std::ops::Range<u32>, now: Timestamp) -> (u32, Timestamp) {
        let account = Account { user, created_day: 20_000, limited: false };
        let from = people.start;
        for number in people {
            match self.behaviour.begin(account, &person(number), Some(&talk(number)), now).await {
                Ok(()) => {}
                Err(BehaviourError::Enough { until }) => return (number - from, until),
                Err(other) => panic!("{other}"),
            }
        }
        panic!("nothing is ever refused")
    }
}

#[tokio::test]
async fn an_account_turns_to_so_many_a_day_and_to_more_when_it_is_older() {
    let (room, ann, bob) = (room(RULES), "ann".parse().unwrap(), "bob".parse().unwrap());
    let midnight = Timestamp(20_001 * DAY);
    assert_eq!(room.spread(&ann, 0..9, START).await, (5, midnight));
    // Who was turned to today can be asked for again, and another account is counted apart.
    let account = Account { user: &ann, created_day: 20_000, limited: false };
    room.behaviour.begin(account, &person(3), None, START).await.unwrap();
    assert_eq!(room.behaviour.counts(&ann, START).await.unwrap().begun, 5);
    assert_eq!(room.spread(&bob, 0..9, START).await.0, 5);
    // Eight by age, five of whom did not answer yet.
    assert_eq!(room.spread(&ann, 10..30, midnight).await, (3, Timestamp(20_002 * DAY)));
    let off = Rules { limited: false, ..RULES };
    let room = self::room(off);
    for number in 0..100 {
        room.behaviour.begin(account, &person(number), None, START).await.unwrap();
    }
    assert!(room.store.scan(ACCOUNTS, KeyRange::all(), 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_gives_a_contact_back_once() {
    let (room, ann) = (room(RULES), "ann".parse().unwrap());
    assert_eq!(room.spread(&ann, 0..9, START).await.0, 5);
    // The writer themselves, somebody else, and the right one in another room are no answer.
    room.behaviour.wrote(&"mimi://a.test/u/ann".parse().unwrap(), &talk(0), START).await.unwrap();
    room.behaviour.wrote(&person(1), &talk(0), START).await.unwrap();
    assert_eq!(room.spread(&ann, 20..29, START).await.0, 0);
    for _ in 0..3 {
        room.behaviour.wrote(&person(0), &talk(0), START).await.unwrap();
    }
    assert_eq!(room.spread(&ann, 20..29, START).await.0, 1);
    assert_eq!(room.behaviour.counts(&ann, START).await.unwrap().answered, 1);
}

#[tokio::test]
async fn who_is_never_answered_turns_to_fewer() {
    let (room, ann) = (room(RULES), "ann".parse().unwrap());
    let on = |days: u64| START.plus_millis(days * DAY);
    assert_eq!(room.spread(&ann, 0..9, START).await.0, 5);
    assert_eq!(room.spread(&ann, 10..30, on(1)).await.0, 3);
    room.behaviour.sweep(on(2)).await.unwrap();
    assert_eq!(room.behaviour.counts(&ann, on(2)).await.unwrap().unanswered, 0);
    room.behaviour.sweep(on(4)).await.unwrap();
    assert_eq!(room.behaviour.counts(&ann, on(4)).await.unwrap().unanswered, 8);
    // By age it would be 17: a quarter of it.
    assert_eq!(room.spread(&ann, 40..60, on(4)).await.0, 4);
    // A restart forgets whom it waited for, and holds that against nobody.
    let again = Room { behaviour: Behaviour::new(room.store.clone(), RULES, GIVING), store: room.store };
    again.behaviour.sweep(on(12)).await.unwrap();
    assert_eq!(again.behaviour.counts(&ann, on(12)).await.unwrap(), Counts::default());
    assert!(again.store.scan(ACCOUNTS, KeyRange::all(), 9).await.unwrap().is_empty(), "kept past its window");
}

#[tokio::test]
async fn reports_halve_and_then_stop_for_four_weeks() {
    let (room, ann) = (room(RULES), "ann".parse().unwrap());
    let on = |days: u64| START.plus_millis(days * DAY);
    room.behaviour.reported(&ann, Witness::Own(&person(101)), &[message(1)], START).await.unwrap();
    // Day 5: 20 by age.
    assert_eq!(room.spread(&ann, 0..30, on(5)).await.0, 10);
    room.behaviour.reported(&ann, Witness::Own(&person(102)), &[message(2)], on(6)).await.unwrap();
    room.behaviour.reported(&ann, Witness::Own(&person(103)), &[message(3)], on(6)).await.unwrap();
    assert_eq!(room.spread(&ann, 40..60, on(6)).await, (0, Timestamp(20_028 * DAY)));
    room.behaviour.sweep(on(9)).await.unwrap();
    room.behaviour.sweep(on(28)).await.unwrap();
    assert_eq!(room.behaviour.counts(&ann, on(28)).await.unwrap().reports, 2);
    assert_eq!(room.spread(&ann, 60..99, on(28)).await.0, 12);
}

#[tokio::test]
async fn who_is_to_be_limited_turns_to_a_quarter() {
    let (room, ann) = (room(RULES), "ann".parse().unwrap());
    let account = Account { user: &ann, created_day: 19_999, limited: true };
    for number in 0..2 {
        room.behaviour.begin(account, &person(number), None, START).await.unwrap();
    }
    assert!(room.behaviour.begin(account, &person(2), None, START).await.is_err());
}

#[tokio::test]
async fn the_same_person_reports_once_in_these_days() {
    let (room, ann) = (room(RULES), "ann".parse().unwrap());
    let times =
        [(1, START), (1, START), (2, START), (1, START.plus_millis(DAY)), (1, START.plus_millis(3 * DAY))];
    for (number, (by, at)) in (0_u8..).zip(times) {
        room.behaviour.reported(&ann, Witness::Own(&person(by)), &[message(number)], at).await.unwrap();
    }
    assert_eq!(room.behaviour.counts(&ann, START.plus_millis(3 * DAY)).await.unwrap().reports, 3);
}

#[tokio::test]
async fn another_service_counts_once_whomever_of_its_people_it_names() {
    let (room, ann) = (room(RULES), "ann".parse().unwrap());
    let (service, other) = ("b.test".parse().unwrap(), "c.test".parse().unwrap());
    for number in 0..5 {
        room.behaviour.reported(&ann, Witness::Service(&service), &[message(number)], START).await.unwrap();
    }
    assert_eq!(room.behaviour.counts(&ann, START).await.unwrap().reports, 1);
    room.behaviour.reported(&ann, Witness::Service(&other), &[message(9)], START).await.unwrap();
    assert_eq!(room.behaviour.counts(&ann, START).await.unwrap().reports, 2);
}

#[tokio::test]
async fn the_same_message_counts_once_whoever_shows_it_and_nothing_shown_counts_for_nothing() {
    let (room, ann) = (room(RULES), "ann".parse().unwrap());
    for by in 0..5 {
        room.behaviour
            .reported(&ann, Witness::Own(&person(by)), &[message(1), message(2)], START)
            .await
            .unwrap();
        room.behaviour.reported(&ann, Witness::Own(&person(20 + by)), &[], START).await.unwrap();
    }
    assert_eq!(room.behaviour.counts(&ann, START).await.unwrap().reports, 1);
    room.behaviour.reported(&ann, Witness::Own(&person(9)), &[message(2), message(3)], START).await.unwrap();
    assert_eq!(room.behaviour.counts(&ann, START).await.unwrap().reports, 2);
}

#[tokio::test]
async fn what_is_stored_names_nobody_else() {
    let (room, ann) = (room(RULES), "ann".parse().unwrap());
    room.spread(&ann, 0..9, START).await;
    room.behaviour.wrote(&person(0), &talk(0), START).await.unwrap();
    room.behaviour.reported(&ann, Witness::Own(&person(104)), &[message(4)], START).await.unwrap();
    let rows = room.store.scan(ACCOUNTS, KeyRange::all(), 9).await.unwrap();
    let [(key, value)] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(&key[..], b"ann");
    // A version, a length, and six numbers of the one day.
    assert_eq!(value.len(), 1 + 1 + 6 * 4);
}

#[tokio::test]
async fn passes_are_twice_as_many_as_people() {
    let (room, ann) = (room(RULES), "ann".parse().unwrap());
    let account = Account { user: &ann, created_day: 20_000, limited: false };
    for _ in 0..2 {
        room.behaviour.passes(account, 5, START).await.unwrap();
    }
    let refused = room.behaviour.passes(account, 1, START).await;
    assert!(matches!(refused, Err(BehaviourError::Enough { until }) if until == Timestamp(20_001 * DAY)));
    // They are none of the people.
    assert_eq!(room.spread(&ann, 0..9, START).await.0, 5);
    room.behaviour.passes(account, 16, START.plus_millis(DAY)).await.unwrap();
}

#[tokio::test]
async fn an_account_of_some_age_gives_few_passes_for_registrations_and_none_once_it_was_reported() {
    let (room, ann) = (room(RULES), "ann".parse().unwrap());
    let account = Account { user: &ann, created_day: 20_000, limited: false };
    let on = |day: u64| START.plus_millis(day * DAY);
    let give = |count, day| room.behaviour.give(account, count, on(day));
    let until = |refused| match refused {
        Err(BehaviourError::GivesNone { until }) => until.0 / DAY - 20_000,
        other => panic!("{other:?}"),
    };
    assert_eq!(until(give(1, 3).await), 10);
    give(1, 10).await.unwrap();
    // What nobody issued is taken back, and no more than it.
    give(1, 12).await.unwrap();
    room.behaviour.gave_none(&ann, 1, on(12)).await.unwrap();
    room.behaviour.gave_none(&ann, 1, on(12)).await.unwrap();
    assert_eq!(room.behaviour.counts(&ann, on(12)).await.unwrap().given, 1);
    give(1, 12).await.unwrap();
    assert_eq!(until(give(1, 13).await), 38);
    assert_eq!(until(give(2, 13).await), 40);
    // Asking for the key is nothing that counts.
    give(0, 13).await.unwrap();
    room.behaviour.reported(&ann, Witness::Own(&person(101)), &[message(1)], on(20)).await.unwrap();
    assert_eq!(until(give(1, 38).await), 48);
    give(2, 48).await.unwrap();
    room.behaviour.sweep(on(75)).await.unwrap();
    assert_eq!(room.behaviour.counts(&ann, on(75)).await.unwrap().given, 2);
    room.behaviour.sweep(on(76)).await.unwrap();
    assert!(room.store.scan(ACCOUNTS, KeyRange::all(), 9).await.unwrap().is_empty(), "kept past its window");
}
