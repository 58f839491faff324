//! A peer that is away for an hour or longer, in time that passes as fast as nothing happens: nothing is lost, and when
//! the peer is back it is found within the longest pause.

use super::*;
use tokio::{task::JoinHandle, time::Instant};

const HOUR: Duration = Duration::from_secs(3600);
/// The longest pause between two attempts, and what the attempt itself takes.
const BOUND: Duration = Duration::from_secs(61);

fn hub_on(store: Arc<MemoryStore>, follower: &Service) -> (Service, JoinHandle<()>) {
    let hub = service("hub.test", store, Some((follower.federation.clone(), vec![bob()])));
    let federation = hub.federation.clone();
    let running = tokio::spawn(async move { federation.run().await.unwrap() });
    (hub, running)
}

/// Rooms go on while the peer is away: an event every ten seconds, in one of three.
async fn an_hour_passes(hub: &Service, rooms: &[RoomUri; 3], events: &mut u64) {
    let begun = Instant::now();
    while begun.elapsed() < HOUR {
        hub.queue(&rooms[usize::try_from(*events % 3).unwrap()], [*events]).await;
        *events += 1;
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}

/// How long it takes until the peer has everything.
async fn delivered_after(hub: &Service) -> Duration {
    let begun = Instant::now();
    while hub.waiting().await > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(begun.elapsed() < HOUR, "never delivered");
    }
    begun.elapsed()
}

async fn arrived_once_and_in_order(follower: &Service, rooms: &[RoomUri; 3], events: u64) {
    let received = follower.received().await;
    for (at, room) in rooms.iter().enumerate() {
        let expected: Vec<_> = (0..events).filter(|number| number % 3 == at as u64).collect();
        assert_eq!(received[&room.to_string()], expected, "{room}");
    }
}

fn rooms() -> [RoomUri; 3] {
    ["tea", "coffee", "milk"].map(room)
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_down_for_hours_loses_nothing_and_is_found_at_once_when_it_is_back() {
    let (follower, rooms, mut events) = (follower(), rooms(), 0);
    let (hub, running) = hub_on(Arc::new(MemoryStore::new()), &follower);
    hub.wire.set(Weather::Down);
    an_hour_passes(&hub, &rooms, &mut events).await;
    // Rooms are tried side by side.
    let mut attempts = hub.wire.attempts();
    attempts.dedup();
    // It is tried again and again, less and less often, and never less than once a minute.
    let pauses: Vec<_> = attempts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses.iter().all(|pause| *pause <= BOUND), "{pauses:?}");
    assert!(pauses[..3].iter().all(|pause| *pause <= Duration::from_millis(800)), "{pauses:?}");
    assert!(pauses[12..].iter().all(|pause| *pause >= Duration::from_secs(30)), "{pauses:?}");
    assert!((60..150).contains(&attempts.len()), "{}", attempts.len());

    // The hub restarts while the peer is away, and nobody announces anything.
    running.abort();
    let _ = running.await;
    let (hub, running) = hub_on(hub.store, &follower);
    hub.wire.set(Weather::Down);
    an_hour_passes(&hub, &rooms, &mut events).await;
    assert_eq!(hub.waiting().await as u64, events);
    assert!(follower.received().await.is_empty());

    hub.wire.set(Weather::Fine);
    assert!(delivered_after(&hub).await <= BOUND);
    arrived_once_and_in_order(&follower, &rooms, events).await;
    // Nothing of the long pause is left for the next time.
    hub.queue(&rooms[0], [events]).await;
    assert!(delivered_after(&hub).await < Duration::from_secs(1));
    assert!(hub.federation.refused(&"follower.test".parse().unwrap()).await.unwrap().is_empty());
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_lost_answers_repeats_nothing() {
    let (follower, rooms, mut events) = (follower(), rooms(), 0);
    let (hub, running) = hub_on(Arc::new(MemoryStore::new()), &follower);
    hub.wire.set(Weather::AnswersLost);
    an_hour_passes(&hub, &rooms, &mut events).await;
    assert!(hub.waiting().await > 0);
    hub.wire.set(Weather::Fine);
    assert!(delivered_after(&hub).await <= BOUND);
    arrived_once_and_in_order(&follower, &rooms, events).await;
    assert!(follower.federation.incidents().await.unwrap().is_empty());
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_asks_for_a_day_of_quiet_is_asked_again_within_a_minute() {
    let (follower, rooms, mut events) = (follower(), rooms(), 0);
    let (hub, running) = hub_on(Arc::new(MemoryStore::new()), &follower);
    hub.wire.set(Weather::AsksForQuiet(24 * 3600 * 1000));
    an_hour_passes(&hub, &rooms, &mut events).await;
    let attempts = hub.wire.attempts();
    assert!(attempts.windows(2).all(|pair| pair[1] - pair[0] <= BOUND), "{}", attempts.len());
    hub.wire.set(Weather::Fine);
    assert!(delivered_after(&hub).await <= BOUND);
    arrived_once_and_in_order(&follower, &rooms, events).await;
    running.abort();
}
