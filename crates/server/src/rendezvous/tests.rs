#![allow(clippy::unwrap_used)]

use super::{
    decide::{LIFE, SLOTS, Slots, WAITING},
    *,
};
use futures_util::FutureExt as _;
use std::sync::Arc;
use trefoil_proto::limits;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const SHORT: Duration = Duration::from_secs(20);

fn slot(number: usize) -> SlotId {
    SlotId(u128::try_from(number).unwrap().to_be_bytes())
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn with(slots: Slots) -> Rendezvous {
    Rendezvous { slots: Mutex::new(slots) }
}

#[tokio::test(start_paused = true)]
async fn an_answer_comes_to_who_waits_for_it() {
    let house = Arc::new(Rendezvous::default());
    assert_eq!(house.put(slot(1), Half::Request, bytes("r"), NOW), Ok(Put::New));
    assert_eq!(house.get(slot(1), Half::Request, SHORT, NOW).await, Ok(Some(bytes("r"))));
    let began = tokio::time::Instant::now();
    assert_eq!(house.get(slot(1), Half::Answer, SHORT, NOW).await, Ok(None), "nothing yet");
    assert_eq!(began.elapsed(), SHORT);
    let waits = tokio::spawn({
        let house = Arc::clone(&house);
        async move { house.get(slot(1), Half::Answer, SHORT, NOW).await }
    });
    tokio::time::sleep(SHORT / 2).await;
    assert_eq!(house.put(slot(1), Half::Answer, bytes("a"), NOW), Ok(Put::New));
    assert_eq!(waits.await.unwrap(), Ok(Some(bytes("a"))));
    assert_eq!(began.elapsed(), SHORT + SHORT / 2, "it came when it was put, not when the wait was over");
    assert_eq!(house.get(slot(1), Half::Answer, SHORT, NOW).await, Ok(Some(bytes("a"))), "and stays");
}

#[tokio::test]
async fn a_half_is_put_once() {
    let house = Rendezvous::default();
    assert_eq!(house.put(slot(1), Half::Answer, bytes("a"), NOW), Err(RendezvousError::NoSuchSlot));
    for half in [Half::Request, Half::Answer] {
        assert_eq!(house.put(slot(1), half, bytes("x"), NOW), Ok(Put::New));
        assert_eq!(house.put(slot(1), half, bytes("x"), NOW), Ok(Put::Repeated));
        assert_eq!(house.put(slot(1), half, bytes("y"), NOW), Err(RendezvousError::Other));
        assert_eq!(house.get(slot(1), half, SHORT, NOW).await, Ok(Some(bytes("x"))));
    }
}

#[tokio::test]
async fn a_slot_ends_after_ten_minutes_also_for_who_waits() {
    let house = Arc::new(Rendezvous::default());
    house.put(slot(1), Half::Request, bytes("r"), NOW).unwrap();
    let last = NOW.plus_millis(LIFE - 1);
    assert!(house.get(slot(1), Half::Request, SHORT, last).await.is_ok());
    let over = NOW.plus_millis(LIFE);
    for half in [Half::Request, Half::Answer] {
        assert_eq!(house.get(slot(1), half, SHORT, over).await, Err(RendezvousError::NoSuchSlot));
    }
    assert_eq!(house.put(slot(1), Half::Answer, bytes("a"), over), Err(RendezvousError::NoSuchSlot));
    let mut waits = Box::pin(house.get(slot(1), Half::Answer, SHORT, last));
    assert!(waits.as_mut().now_or_never().is_none());
    house.sweep(over);
    assert_eq!(waits.await, Err(RendezvousError::NoSuchSlot));
    // The same may be put there again, or anything else.
    assert_eq!(house.put(slot(1), Half::Request, bytes("other"), over), Ok(Put::New));
}

#[test]
fn there_are_so_many_slots_and_bytes_and_what_is_there_stays() {
    let house = Rendezvous::default();
    for number in 0..SLOTS {
        let later = NOW.plus_millis(number as u64);
        assert_eq!(house.put(slot(number), Half::Request, bytes("r"), later), Ok(Put::New));
    }
    let now = NOW.plus_millis(5000);
    let full = house.put(slot(SLOTS), Half::Request, bytes("r"), now);
    assert_eq!(full, Err(RendezvousError::Full(u32::try_from(LIFE).unwrap() - 5000)));
    assert_eq!(house.put(slot(0), Half::Request, bytes("r"), now), Ok(Put::Repeated), "it is still there");
    assert_eq!(house.put(slot(0), Half::Answer, bytes("a"), now), Ok(Put::New), "and can be answered");
    // One has ended, and one finds room.
    let over = NOW.plus_millis(LIFE);
    assert_eq!(house.put(slot(SLOTS), Half::Request, bytes("r"), over), Ok(Put::New));
    assert!(matches!(
        house.put(slot(SLOTS + 1), Half::Request, bytes("r"), over),
        Err(RendezvousError::Full(1))
    ));

    let house = with(Slots::with_room(SLOTS, 10));
    house.put(slot(1), Half::Request, bytes("four"), NOW).unwrap();
    assert_eq!(house.put(slot(1), Half::Answer, bytes("fives"), NOW), Ok(Put::New));
    assert!(matches!(house.put(slot(2), Half::Request, bytes("xx"), NOW), Err(RendezvousError::Full(_))));
    assert_eq!(house.put(slot(2), Half::Request, bytes("x"), NOW), Ok(Put::New));
    assert!(matches!(house.put(slot(2), Half::Answer, bytes("y"), NOW), Err(RendezvousError::Full(_))));
    // What has ended gives its room back, to an answer as well.
    house.put(slot(3), Half::Request, bytes("ten bytes."), over).unwrap();
    assert_eq!(house.lock().request(slot(1), NOW), Err(RendezvousError::NoSuchSlot));
}

#[test]
fn each_half_has_its_length() {
    let house = Rendezvous::default();
    let sized = |size: usize| Bytes::from(vec![7; size]);
    for (half, limit) in [(Half::Request, limits::LINK_REQUEST), (Half::Answer, limits::LINK_ANSWER)] {
        for wrong in [0, limit + 1] {
            assert_eq!(house.put(slot(1), half, sized(wrong), NOW), Err(RendezvousError::Length));
        }
        assert_eq!(house.put(slot(1), half, sized(limit), NOW), Ok(Put::New));
    }
}

#[tokio::test]
async fn so_many_wait_for_one_answer() {
    let house = Rendezvous::default();
    house.put(slot(1), Half::Request, bytes("r"), NOW).unwrap();
    let mut waiting: Vec<_> =
        (0..WAITING).map(|_| Box::pin(house.get(slot(1), Half::Answer, SHORT, NOW))).collect();
    for waits in &mut waiting {
        assert!(waits.as_mut().now_or_never().is_none());
    }
    let refused = house.get(slot(1), Half::Answer, SHORT, NOW).await;
    assert_eq!(refused, Err(RendezvousError::Waiting));
    waiting.pop();
    let mut again = Box::pin(house.get(slot(1), Half::Answer, SHORT, NOW));
    assert!(again.as_mut().now_or_never().is_none());
}
