//! What a mailbox promises to those who append and to the device that reads.

#![allow(clippy::unwrap_used)]
use super::*;
use trefoil_store::{LocalWakes, MemoryStore, Signal};

const WIDE: ReadLimit = ReadLimit { entries: 100, bytes: 1 << 20 };

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
    let day = |day: u64| Timestamp(day * DAY_MILLIS);
    lefts(&mailboxes, &gone).await;
    lefts(&mailboxes, &here).await;
    assert_eq!(mailboxes.sweep(day(100)).await.unwrap(), 0);
    deliver(&store, &mailboxes, &[gone.clone(), here.clone()], 5).await;
    assert_eq!(mailboxes.sweep(day(159)).await.unwrap(), 0);
    assert_eq!(lefts(&mailboxes, &here).await, [5]);
    assert_eq!(mailboxes.sweep(day(160)).await.unwrap(), 1);
    assert_eq!(lefts(&mailboxes, &gone).await, Vec::<u32>::new());
    assert_eq!(lefts(&mailboxes, &here).await, [5]);
}

#[tokio::test]
async fn a_device_named_like_another_part_of_the_service_has_its_own_queue() {
    let (_, mailboxes) = mailboxes();
    assert_ne!(mailboxes.queue(&recipient("a", "b-c")), mailboxes.queue(&recipient("a-b", "c")));
    assert_eq!(mailboxes.queue(&recipient("u", "d")).0.as_ref(), b"u/d");
}
