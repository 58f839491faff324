//! What a mailbox promises to those who append and to the device that reads.

#![allow(clippy::unwrap_used)]
use super::*;
use futures_util::future::BoxFuture;
use trefoil_proto::{
    RoomUri, Timestamp,
    mimi::{FanoutMessage, Protocol, fanout::RoomEvent, update::RatchetTreeOption},
    mls::{MlsMessage, RatchetTree},
};
use trefoil_store::{LocalWakes, MemoryStore, Signal};

const WIDE: ReadLimit = ReadLimit { entries: 100, bytes: 1 << 20 };

const DAY_MILLIS: u64 = 24 * 60 * 60 * 1000;
const LAPSED: MailboxEvent = MailboxEvent::Lapsed { room: None };
const TODAY: Timestamp = Timestamp(100 * DAY_MILLIS);

/// The devices that exist.
struct These(Vec<Recipient>);

impl Residents for These {
    fn has<'a>(&'a self, device: &'a Recipient) -> BoxFuture<'a, Option<bool>> {
        Box::pin(async move { Some(self.0.contains(device)) })
    }
}

fn day(day: u64) -> Timestamp {
    Timestamp(day * DAY_MILLIS)
}

fn with_quota(quota: Quota) -> (Arc<MemoryStore>, Mailboxes) {
    let store = Arc::new(MemoryStore::new());
    (Arc::clone(&store), Mailboxes::with_quota(store, Arc::new(LocalWakes::new()), quota))
}

async fn events(mailboxes: &Mailboxes, of: &Recipient) -> Vec<MailboxEvent> {
    let entries = mailboxes.read(of, Position::default(), WIDE).await.unwrap();
    entries.iter().map(|entry| MailboxEvent::decode(&entry.body).unwrap()).collect()
}

fn recipient(user: &str, device: &str) -> Recipient {
    Recipient { user: user.parse().unwrap(), device: device.parse().unwrap() }
}

fn low(left: u32) -> MailboxEvent {
    MailboxEvent::KeyPackagesLow { left }
}

fn mailboxes() -> (Arc<MemoryStore>, Mailboxes) {
    let store = Arc::new(MemoryStore::new());
    (Arc::clone(&store), Mailboxes::new(store, Arc::new(LocalWakes::new())))
}

async fn deliver(store: &MemoryStore, mailboxes: &Mailboxes, to: &[Recipient], left: u32) {
    let mut batch = Batch::new();
    mailboxes.append(&mut batch, to, &low(left)).unwrap();
    Store::commit(store, batch).await.unwrap();
    mailboxes.announce(to);
}

async fn lefts(mailboxes: &Mailboxes, of: &Recipient) -> Vec<u32> {
    let entries = mailboxes.read(of, Position::default(), WIDE).await.unwrap();
    entries
        .iter()
        .map(|entry| match MailboxEvent::decode(&entry.body).unwrap() {
            MailboxEvent::KeyPackagesLow { left } => left,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[tokio::test]
async fn one_append_reaches_every_recipient_and_wakes_it() {
    let (store, mailboxes) = mailboxes();
    let (a, b, c) = (recipient("a", "1"), recipient("a", "2"), recipient("b", "1"));
    let mut watch = mailboxes.watch(&b);
    deliver(&store, &mailboxes, &[a.clone(), b.clone()], 7).await;
    assert_eq!(watch.next().await, Signal::Look);
    assert_eq!(lefts(&mailboxes, &a).await, [7]);
    assert_eq!(lefts(&mailboxes, &b).await, [7]);
    assert_eq!(lefts(&mailboxes, &c).await, Vec::<u32>::new());
}

#[tokio::test]
async fn acknowledged_entries_are_gone_and_the_others_stay() {
    let (store, mailboxes) = mailboxes();
    let a = recipient("a", "1");
    for left in 1..=3 {
        deliver(&store, &mailboxes, std::slice::from_ref(&a), left).await;
    }
    let entries = mailboxes.read(&a, Position::default(), WIDE).await.unwrap();
    mailboxes.acknowledge(&a, entries[1].position).await.unwrap();
    assert_eq!(lefts(&mailboxes, &a).await, [3]);
    mailboxes.remove(&a).await.unwrap();
    assert_eq!(lefts(&mailboxes, &a).await, Vec::<u32>::new());
}

#[tokio::test]
async fn passing_events_are_stored_nowhere() {
    let (_, mailboxes) = mailboxes();
    let a = recipient("a", "1");
    mailboxes.pass(std::slice::from_ref(&a), &low(1));
    let mut watch = mailboxes.watch(&a);
    mailboxes.pass(std::slice::from_ref(&a), &low(2));
    assert_eq!(watch.next().await, Signal::Passing(low(2).encode().into()));
    assert_eq!(lefts(&mailboxes, &a).await, Vec::<u32>::new());
}

#[tokio::test]
async fn a_mailbox_nobody_reads_lapses_and_a_read_one_does_not() {
    let (store, mailboxes) = mailboxes();
    let (gone, here) = (recipient("gone", "1"), recipient("here", "1"));
    lefts(&mailboxes, &gone).await;
    lefts(&mailboxes, &here).await;
    assert_eq!(mailboxes.sweep(day(100)).await.unwrap(), 0);
    deliver(&store, &mailboxes, &[gone.clone(), here.clone()], 5).await;
    assert_eq!(mailboxes.sweep(day(159)).await.unwrap(), 0);
    assert_eq!(lefts(&mailboxes, &here).await, [5]);
    assert_eq!(mailboxes.sweep(day(160)).await.unwrap(), 1);
    assert_eq!(lefts(&mailboxes, &here).await, [5]);
    // Told once, however often the days pass again, until something new waits.
    assert_eq!(mailboxes.sweep(day(230)).await.unwrap(), 0);
    assert_eq!(events(&mailboxes, &gone).await, [LAPSED]);
    deliver(&store, &mailboxes, std::slice::from_ref(&gone), 6).await;
    assert_eq!(events(&mailboxes, &gone).await, [LAPSED, low(6)]);
}

#[tokio::test]
async fn a_mailbox_that_was_never_read_lapses_too() {
    let (store, mailboxes) = mailboxes();
    let never = recipient("never", "1");
    let all = These(vec![never.clone()]);
    deliver(&store, &mailboxes, std::slice::from_ref(&never), 5).await;
    mailboxes.tend(&all, TODAY).await.unwrap();
    assert_eq!(mailboxes.sweep(day(159)).await.unwrap(), 0);
    assert_eq!(mailboxes.sweep(day(160)).await.unwrap(), 1);
    assert_eq!(events(&mailboxes, &never).await, [LAPSED]);
}

#[tokio::test]
async fn after_a_restart_the_days_of_an_unread_mailbox_go_on() {
    let (store, mailboxes) = mailboxes();
    let never = recipient("never", "1");
    let all = These(vec![never.clone()]);
    deliver(&store, &mailboxes, std::slice::from_ref(&never), 5).await;
    mailboxes.tend(&all, TODAY).await.unwrap();
    let restarted = Mailboxes::new(store.clone(), Arc::new(LocalWakes::new()));
    deliver(&store, &restarted, std::slice::from_ref(&never), 6).await;
    restarted.tend(&all, day(150)).await.unwrap();
    assert_eq!(restarted.sweep(day(160)).await.unwrap(), 1);
}

fn room(name: &str) -> RoomUri {
    format!("mimi://a.test/r/{name}").parse().unwrap()
}

/// An event of a room; any will do, mailboxes do not look into it.
fn said(in_room: &str, number: u64) -> MailboxEvent {
    let event = RoomEvent::Welcome {
        message: MlsMessage::parse(&[0, 1, 0, 3, 0, 1, 0, 1, 7]).unwrap(),
        ratchet_tree: RatchetTreeOption::Full(RatchetTree::parse(&[1, 0]).unwrap()),
    };
    let message = FanoutMessage { protocol: Protocol::Mls10, timestamp: Timestamp(number), event };
    MailboxEvent::Room { room: room(in_room), message }
}

/// Delivers an event to one device, and looks after its mailbox.
async fn say(store: &MemoryStore, mailboxes: &Mailboxes, to: &Recipient, event: &MailboxEvent) -> usize {
    let mut batch = Batch::new();
    mailboxes.append(&mut batch, std::slice::from_ref(to), event).unwrap();
    Store::commit(store, batch).await.unwrap();
    mailboxes.tend(&These(vec![to.clone()]), TODAY).await.unwrap()
}

#[tokio::test]
async fn a_full_mailbox_keeps_what_is_in_it_and_its_device_is_told_last() {
    let largest = 64;
    for quota in [
        Quota { entries: largest, ..Quota::default() },
        Quota { bytes: u64::from(largest) * low(0).encode().len() as u64, ..Quota::default() },
    ] {
        let (store, mailboxes) = with_quota(quota);
        let (away, here) = (recipient("away", "1"), recipient("here", "1"));
        let all = These(vec![away.clone(), here.clone()]);
        let mut lapsed = 0;
        for left in 0..4 * largest {
            deliver(&store, &mailboxes, &[away.clone(), here.clone()], left).await;
            lapsed += mailboxes.tend(&all, TODAY).await.unwrap();
            if left < largest {
                assert_eq!(lapsed, 0, "{left}: nothing that fits the quota is dropped");
            }
            let got = mailboxes.read(&here, Position::default(), WIDE).await.unwrap();
            mailboxes.acknowledge(&here, got.last().unwrap().position).await.unwrap();
        }
        assert_eq!(lapsed, 1);
        let mut found = events(&mailboxes, &away).await;
        assert_eq!(found.pop(), Some(LAPSED));
        assert!((largest..=largest + largest / 16 + 2).contains(&(found.len() as u32)), "{}", found.len());
        assert_eq!(found, (0..).map(low).take(found.len()).collect::<Vec<_>>());
        // It has read: what comes now is taken.
        mailboxes.acknowledge(&away, Position(u64::MAX)).await.unwrap();
        deliver(&store, &mailboxes, std::slice::from_ref(&away), 1).await;
        assert_eq!(lefts(&mailboxes, &away).await, [1]);
    }
}

#[tokio::test]
async fn a_flooded_room_loses_nothing_of_another() {
    let length = said("calm", 0).encode().len() as u64;
    for quota in [Quota { entries: 64, ..Quota::default() }, Quota { bytes: 64 * length, ..Quota::default() }]
    {
        let (store, mailboxes) = with_quota(quota);
        let away = recipient("away", "1");
        let mut calm = Vec::new();
        let mut told = 0;
        for number in 0..500 {
            if number % 50 == 0 {
                calm.push(said("calm", number));
                told += say(&store, &mailboxes, &away, calm.last().unwrap()).await;
            }
            told += say(&store, &mailboxes, &away, &said("loud", number)).await;
        }
        let found = events(&mailboxes, &away).await;
        let of = |name: &str| -> Vec<_> {
            let of_room = |event: &&MailboxEvent| matches!(event, MailboxEvent::Room { room: of, .. } if *of == room(name));
            found.iter().filter(of_room).cloned().collect()
        };
        assert_eq!(of("calm"), calm);
        let loud = of("loud");
        assert!((16..=16 + 64 / 16 + 2).contains(&loud.len()), "a quarter and a sixteenth: {}", loud.len());
        assert_eq!(loud, (0..).map(|number| said("loud", number)).take(loud.len()).collect::<Vec<_>>());
        let marker = MailboxEvent::Lapsed { room: Some(room("loud")) };
        assert_eq!((told, found.iter().filter(|event| **event == marker).count()), (1, 1));
        let of_loud = |event: &MailboxEvent| loud.contains(event);
        assert!(found.iter().rposition(of_loud) < found.iter().position(|event| *event == marker));
        // It has read what it missed: the room is heard again.
        say(&store, &mailboxes, &away, &said("loud", 1000)).await;
        assert_eq!(events(&mailboxes, &away).await.last(), Some(&said("loud", 1000)));
    }
}

#[tokio::test]
async fn whatever_number_of_rooms_is_flooded_what_was_there_stays_and_the_mailbox_is_bounded() {
    let (store, mailboxes) = with_quota(Quota { entries: 64, ..Quota::default() });
    let away = recipient("away", "1");
    say(&store, &mailboxes, &away, &said("calm", 1)).await;
    for number in 0..500 {
        say(&store, &mailboxes, &away, &said(&format!("loud-{}", number % 90), number)).await;
    }
    let found = events(&mailboxes, &away).await;
    assert_eq!((&found[0], found.last()), (&said("calm", 1), Some(&LAPSED)));
    assert!((64..=64 + 64 / 16 + 3).contains(&found.len()), "{}", found.len());
}

#[tokio::test]
async fn a_device_that_reads_and_never_acknowledges_does_not_fill_the_disk() {
    let (store, mailboxes) = with_quota(Quota { entries: 64, ..Quota::default() });
    let greedy = recipient("greedy", "1");
    for number in 0..1000 {
        say(&store, &mailboxes, &greedy, &said("loud", number)).await;
        assert!(events(&mailboxes, &greedy).await.len() <= 64 + 64 / 4 + 64 / 16 + 2);
    }
    assert_eq!(events(&mailboxes, &greedy).await[0], LAPSED);
}

#[tokio::test]
async fn a_connected_device_that_does_not_acknowledge_is_told_that_its_mailbox_lapsed() {
    let (store, mailboxes) = with_quota(Quota { entries: 4, ..Quota::default() });
    let a = recipient("a", "1");
    let all = These(vec![a.clone()]);
    let mut watch = mailboxes.watch(&a);
    for left in 0..5 {
        deliver(&store, &mailboxes, std::slice::from_ref(&a), left).await;
        assert_eq!(watch.next().await, Signal::Look);
        mailboxes.tend(&all, TODAY).await.unwrap();
    }
    assert_eq!(watch.next().await, Signal::Look);
    let seen = mailboxes.read(&a, Position(5), WIDE).await.unwrap();
    assert_eq!(MailboxEvent::decode(&seen[0].body).unwrap(), LAPSED);
}

#[tokio::test]
async fn a_mailbox_that_is_kept_empty_never_lapses_for_its_size() {
    let (store, mailboxes) = with_quota(Quota { entries: 16, ..Quota::default() });
    let a = recipient("a", "1");
    let all = These(vec![a.clone()]);
    for left in 0..200 {
        deliver(&store, &mailboxes, std::slice::from_ref(&a), left).await;
        assert_eq!(mailboxes.tend(&all, TODAY).await.unwrap(), 0);
        assert_eq!(lefts(&mailboxes, &a).await, [left]);
        mailboxes.acknowledge(&a, Position(u64::MAX)).await.unwrap();
    }
}

#[tokio::test]
async fn devices_that_do_not_exist_get_no_mailbox() {
    let (store, mailboxes) = mailboxes();
    let (real, ghost) = (recipient("real", "1"), recipient("ghost", "1"));
    let all = These(vec![real.clone()]);
    let both = [real.clone(), ghost.clone()];
    deliver(&store, &mailboxes, &both, 1).await;
    mailboxes.tend(&all, TODAY).await.unwrap();
    deliver(&store, &mailboxes, &both, 2).await;
    assert_eq!(lefts(&mailboxes, &real).await, [1, 2]);
    assert_eq!(lefts(&mailboxes, &ghost).await, Vec::<u32>::new());
    // It registers.
    mailboxes.admit(&ghost);
    deliver(&store, &mailboxes, &both, 3).await;
    assert_eq!(lefts(&mailboxes, &ghost).await, [3]);
}

#[tokio::test]
async fn a_removed_device_gets_nothing_more() {
    let (store, mailboxes) = mailboxes();
    let a = recipient("a", "1");
    deliver(&store, &mailboxes, std::slice::from_ref(&a), 1).await;
    mailboxes.tend(&These(vec![a.clone()]), TODAY).await.unwrap();
    mailboxes.remove(&a).await.unwrap();
    deliver(&store, &mailboxes, std::slice::from_ref(&a), 2).await;
    let rows = |store: Arc<MemoryStore>| async move {
        Store::scan(&*store, rows::LAST_READ, trefoil_store::KeyRange::all(), 9).await.unwrap().len()
    };
    assert_eq!(rows(store.clone()).await, 0);
    assert_eq!(lefts(&mailboxes, &a).await, Vec::<u32>::new());
}

#[tokio::test]
async fn what_could_not_be_found_out_is_asked_again() {
    struct Silent;
    impl Residents for Silent {
        fn has<'a>(&'a self, _: &'a Recipient) -> BoxFuture<'a, Option<bool>> {
            Box::pin(async { None })
        }
    }
    let (store, mailboxes) = mailboxes();
    let a = recipient("a", "1");
    deliver(&store, &mailboxes, std::slice::from_ref(&a), 1).await;
    assert!(matches!(mailboxes.tend(&Silent, TODAY).await, Err(MailboxError::Tend(_))));
    assert_eq!(lefts(&mailboxes, &a).await, [1]);
    mailboxes.tend(&These(Vec::new()), TODAY).await.unwrap();
    assert_eq!(lefts(&mailboxes, &a).await, Vec::<u32>::new());
}

#[tokio::test]
async fn a_device_named_like_another_part_of_the_service_has_its_own_queue() {
    let (_, mailboxes) = mailboxes();
    assert_ne!(mailboxes.queue(&recipient("a", "b-c")), mailboxes.queue(&recipient("a-b", "c")));
    assert_eq!(mailboxes.queue(&recipient("u", "d")).0.as_ref(), b"u/d");
}
