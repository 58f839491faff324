//! What a mailbox promises to those who append and to the device that reads.

#![allow(clippy::unwrap_used)]
use super::*;
use futures_util::future::BoxFuture;
use trefoil_proto::Timestamp;
use trefoil_store::{LocalWakes, MemoryStore, Signal};

const WIDE: ReadLimit = ReadLimit { entries: 100, bytes: 1 << 20 };

const DAY_MILLIS: u64 = 24 * 60 * 60 * 1000;
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
    assert_eq!(events(&mailboxes, &gone).await, [MailboxEvent::Lapsed]);
    deliver(&store, &mailboxes, std::slice::from_ref(&gone), 6).await;
    assert_eq!(events(&mailboxes, &gone).await, [MailboxEvent::Lapsed, low(6)]);
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
    assert_eq!(events(&mailboxes, &never).await, [MailboxEvent::Lapsed]);
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

#[tokio::test]
async fn a_full_mailbox_lapses_and_its_device_is_told_first() {
    let largest = 64;
    for quota in [
        Quota { entries: largest, ..Quota::default() },
        Quota { bytes: u64::from(largest) * low(0).encode().len() as u64, ..Quota::default() },
    ] {
        let (store, mailboxes) = with_quota(quota);
        let (away, here) = (recipient("away", "1"), recipient("here", "1"));
        let all = These(vec![away.clone(), here.clone()]);
        let mut lapsed = 0;
        for left in 0..largest + largest / 16 + 2 {
            deliver(&store, &mailboxes, &[away.clone(), here.clone()], left).await;
            lapsed += mailboxes.tend(&all, TODAY).await.unwrap();
            if left < largest {
                assert_eq!(lapsed, 0, "{left}: nothing that fits the quota is dropped");
            }
            let got = mailboxes.read(&here, Position::default(), WIDE).await.unwrap();
            mailboxes.acknowledge(&here, got.last().unwrap().position).await.unwrap();
        }
        assert_eq!(lapsed, 1);
        let found = events(&mailboxes, &away).await;
        assert_eq!(found[0], MailboxEvent::Lapsed);
        assert!(found.len() <= 1 + 2 + largest as usize / 16, "{found:?}");
        assert!(!found[1..].contains(&MailboxEvent::Lapsed));
    }
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
    assert_eq!(MailboxEvent::decode(&seen[0].body).unwrap(), MailboxEvent::Lapsed);
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
