//! The outbox against peers that are down, forget to answer, or refuse.

use super::*;
use tokio::task::JoinHandle;

/// A hub with a follower, and its workers running.
fn hub_on(store: Arc<MemoryStore>, follower: &Service) -> (Service, JoinHandle<()>) {
    let hub = service("hub.test", store, Some((follower.federation.clone(), vec![bob()])));
    let federation = hub.federation.clone();
    let running = tokio::spawn(async move { federation.run().await.unwrap() });
    (hub, running)
}

fn hub(follower: &Service) -> (Service, JoinHandle<()>) {
    hub_on(Arc::new(MemoryStore::new()), follower)
}

#[tokio::test]
async fn everything_arrives_in_order_once_the_peer_is_back() {
    let follower = follower();
    let (hub, running) = hub(&follower);
    let (tea, coffee) = (room("tea"), room("coffee"));
    hub.wire.set(Weather::Down);
    hub.queue(&tea, 0..40).await;
    hub.queue(&coffee, 0..20).await;
    until("it tried", || async { hub.wire.requests.load(Ordering::SeqCst) >= 2 }).await;
    assert!(follower.received().await.is_empty());
    assert_eq!(hub.waiting().await, 60);
    hub.wire.set(Weather::Fine);
    until("delivered", || async { hub.waiting().await == 0 }).await;
    let received = follower.received().await;
    assert_eq!(received[&tea.to_string()], (0..40).collect::<Vec<_>>());
    assert_eq!(received[&coffee.to_string()], (0..20).collect::<Vec<_>>());
    running.abort();
}

#[tokio::test]
async fn lost_answers_and_restarts_repeat_nothing() {
    let follower = follower();
    let (hub, running) = hub(&follower);
    let tea = room("tea");
    hub.wire.set(Weather::AnswersLost);
    hub.queue(&tea, 0..10).await;
    until("sent twice", || async { hub.wire.requests.load(Ordering::SeqCst) >= 2 }).await;
    running.abort();
    let _ = running.await;
    assert_eq!(hub.waiting().await, 10);
    // The service starts again; nobody announces anything.
    let (hub, running) = hub_on(hub.store, &follower);
    until("delivered", || async { hub.waiting().await == 0 }).await;
    hub.queue(&tea, 10..12).await;
    until("delivered", || async { hub.waiting().await == 0 }).await;
    assert_eq!(follower.received().await[&tea.to_string()], (0..12).collect::<Vec<_>>());
    running.abort();
}

#[tokio::test]
async fn what_a_peer_refuses_for_good_is_recorded_and_the_rest_goes_on() {
    let follower = follower();
    let (hub, running) = hub(&follower);
    let tea = room("tea");
    *hub.wire.poison.lock().unwrap() = Some(event(&tea, 3));
    hub.wire.set(Weather::Down);
    hub.queue(&tea, 0..6).await;
    hub.wire.set(Weather::Fine);
    until("delivered", || async { hub.waiting().await == 0 }).await;
    assert_eq!(follower.received().await[&tea.to_string()], [0, 1, 2, 4, 5]);
    let refused = hub.federation.refused(&"follower.test".parse().unwrap()).await.unwrap();
    let [refusal] = refused.as_slice() else { panic!("{refused:?}") };
    assert_eq!((refusal.status, refusal.code, refusal.at), (403, ErrorCode::NotAllowed, NOW));
    assert_eq!(refusal.room, tea);
    assert_eq!(NotifyRequest::decode(&refusal.body).unwrap(), notify(&tea, &[3]));
    running.abort();
}

#[tokio::test]
async fn a_refusal_for_now_is_no_refusal_for_good() {
    for status in [429, 408, 500, 503] {
        let follower = follower();
        let (hub, running) = hub(&follower);
        let tea = room("tea");
        hub.wire.set(Weather::Refuses(status));
        hub.queue(&tea, 0..2).await;
        until("it tried", || async { hub.wire.requests.load(Ordering::SeqCst) >= 2 }).await;
        hub.wire.set(Weather::Fine);
        until("delivered", || async { hub.waiting().await == 0 }).await;
        assert_eq!(follower.received().await[&tea.to_string()], [0, 1]);
        assert!(hub.federation.refused(&"follower.test".parse().unwrap()).await.unwrap().is_empty());
        running.abort();
    }
}

#[tokio::test]
async fn what_a_peer_of_another_version_says_of_an_endpoint_is_not_final() {
    for code in [ErrorCode::NotFound, ErrorCode::Unsupported] {
        let follower = follower();
        let (hub, running) = hub(&follower);
        let tea = room("tea");
        hub.wire.set(Weather::Says(code));
        hub.queue(&tea, 0..2).await;
        until("it tried", || async { hub.wire.requests.load(Ordering::SeqCst) >= 2 }).await;
        hub.wire.set(Weather::Fine);
        until("delivered", || async { hub.waiting().await == 0 }).await;
        assert_eq!(follower.received().await[&tea.to_string()], [0, 1], "{code:?}");
        running.abort();
    }
}

#[tokio::test]
async fn refusals_are_counted_and_only_the_oldest_are_let_go() {
    let follower = follower();
    let (hub, running) = hub(&follower);
    let (tea, coffee) = (room("tea"), room("coffee"));
    let domain = "follower.test".parse().unwrap();
    *hub.wire.poison.lock().unwrap() = Some(event(&tea, 7));
    hub.queue(&tea, [7]).await;
    until("refused", || async { hub.waiting().await == 0 }).await;
    // So many are taken that the next refusal stands 1024 entries later in the queue.
    hub.queue(&coffee, 0..1023).await;
    hub.queue(&tea, [7]).await;
    until("refused", || async { hub.waiting().await == 0 }).await;
    let numbers = |refused: Vec<Refusal>| refused.iter().map(|one| one.number).collect::<Vec<_>>();
    assert_eq!(numbers(hub.federation.refused(&domain).await.unwrap()), [0, 1]);
    running.abort();
    let _ = running.await;
    // The numbers go on after a restart.
    let (hub, running) = hub_on(hub.store, &follower);
    hub.wire.set(Weather::Refuses(403));
    hub.queue(&tea, 0..1025).await;
    until("refused", || async { hub.waiting().await == 0 }).await;
    assert_eq!(numbers(hub.federation.refused(&domain).await.unwrap()), (3..1027).collect::<Vec<_>>());
    running.abort();
}

#[tokio::test]
async fn an_answer_that_is_not_the_peers_own_is_never_final() {
    for status in [400, 401, 403, 404, 405, 413, 429, 502] {
        let follower = follower();
        let (hub, running) = hub(&follower);
        let tea = room("tea");
        hub.wire.set(Weather::Proxy(status));
        hub.queue(&tea, 0..3).await;
        until("it tried", || async { hub.wire.requests.load(Ordering::SeqCst) >= 2 }).await;
        assert_eq!(hub.waiting().await, 3, "{status}");
        hub.wire.set(Weather::Fine);
        until("delivered", || async { hub.waiting().await == 0 }).await;
        assert_eq!(follower.received().await[&tea.to_string()], [0, 1, 2], "{status}");
        assert!(hub.federation.refused(&"follower.test".parse().unwrap()).await.unwrap().is_empty());
        running.abort();
    }
}

#[tokio::test]
async fn a_room_that_fails_does_not_hold_up_the_others_and_keeps_its_order() {
    let follower = follower();
    let (hub, running) = hub(&follower);
    let (tea, coffee) = (room("tea"), room("coffee"));
    *hub.wire.failing.lock().unwrap() = Some(tea.clone());
    // More than the worker keeps in memory, and more of it while the other room goes on.
    hub.queue(&tea, 0..600).await;
    hub.queue(&coffee, 0..20).await;
    hub.queue(&tea, 600..610).await;
    until("the other room arrived", || async {
        follower.received().await.get(&coffee.to_string()).is_some_and(|numbers| numbers.len() == 20)
    })
    .await;
    let received = follower.received().await;
    assert!(!received.contains_key(&tea.to_string()));
    *hub.wire.failing.lock().unwrap() = None;
    until("delivered", || async { hub.waiting().await == 0 }).await;
    let received = follower.received().await;
    assert_eq!(received[&tea.to_string()], (0..610).collect::<Vec<_>>());
    assert_eq!(received[&coffee.to_string()], (0..20).collect::<Vec<_>>());
    running.abort();
}

#[tokio::test]
async fn many_rooms_share_the_way_and_each_keeps_its_order() {
    let follower = follower();
    let (hub, running) = hub(&follower);
    let rooms: Vec<_> = (0..40).map(|number| room(&format!("r{number}"))).collect();
    for number in 0..15 {
        for room in &rooms {
            hub.queue(room, [number]).await;
        }
    }
    until("delivered", || async { hub.waiting().await == 0 }).await;
    let received = follower.received().await;
    for room in &rooms {
        assert_eq!(received[&room.to_string()], (0..15).collect::<Vec<_>>());
    }
    assert!(hub.wire.requests.load(Ordering::SeqCst) <= 600);
    running.abort();
}

#[tokio::test]
async fn a_passing_notification_is_tried_once() {
    let follower = follower();
    let (hub, running) = hub(&follower);
    let tea = room("tea");
    let mut watch = follower.mailboxes.watch(&bob());
    let passing = NotifyRequest { delivery: Delivery::Passing, ..notify(&tea, &[1]) };
    hub.federation.pass(&"follower.test".parse().unwrap(), &tea, &passing);
    let heard = tokio::time::timeout(Duration::from_secs(5), watch.next()).await.unwrap();
    let expected = MailboxEvent::Room { room: tea.clone(), message: event(&tea, 1) };
    assert_eq!(heard, trefoil_store::Signal::Passing(expected.encode().into()));
    assert_eq!(hub.waiting().await, 0);
    assert!(follower.received().await.is_empty());
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_panics_begins_anew_and_loses_nothing() {
    let follower = follower();
    let (hub, running) = hub(&follower);
    let tea = room("tea");
    hub.wire.panics.store(2, Ordering::SeqCst);
    hub.queue(&tea, 0..3).await;
    // Nobody announces anything any more.
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(hub.waiting().await, 0);
    assert_eq!(follower.received().await[&tea.to_string()], [0, 1, 2]);
    assert_eq!(hub.wire.panics.load(Ordering::SeqCst), 0);
    running.abort();
}

#[tokio::test]
async fn a_peer_that_answers_notifications_falsely_is_remembered() {
    let (follower, tea) = (follower(), room("tea"));
    let (hub, running) = hub(&follower);
    let peer: Domain = "follower.test".parse().unwrap();
    hub.wire.set(Weather::AnswersFalsely);
    let expected = Incident { at: NOW, from: Some(peer.clone()), reason: IncidentReason::AnsweredFalsely };
    let recorded = || async { hub.federation.incidents().await.unwrap() };
    let passing = NotifyRequest { delivery: Delivery::Passing, ..notify(&tea, &[1]) };
    hub.federation.pass(&peer, &tea, &passing);
    until("recorded in passing", || async { recorded().await.first() == Some(&expected) }).await;
    hub.queue(&tea, [2]).await;
    until("recorded of the outbox", || async { recorded().await.get(1) == Some(&expected) }).await;
    running.abort();
}

fn peer() -> Domain {
    "follower.test".parse().unwrap()
}

impl Service {
    /// As [`Service::queue`], in one commit, and silent.
    async fn queue_at_once(&self, room: &RoomUri, numbers: impl IntoIterator<Item = u64>) {
        let mut batch = Batch::new();
        for number in numbers {
            self.federation.queue_notify(&mut batch, &peer(), room, &notify(room, &[number]));
        }
        Store::commit(&*self.store, batch).await.unwrap();
    }
}

#[tokio::test]
async fn an_entry_of_an_unknown_form_is_put_by_and_the_rest_goes_on() {
    let follower = follower();
    let (hub, running) = hub(&follower);
    let (tea, of_tomorrow) = (room("tea"), Bytes::from_static(&[9, 9, 9]));
    let mut batch = Batch::new();
    batch.append(vec![rows::outbox(&peer())], of_tomorrow.clone());
    Store::commit(&*hub.store, batch).await.unwrap();
    hub.queue(&tea, 0..3).await;
    until("delivered", || async { hub.waiting().await == 0 }).await;
    assert_eq!(follower.received().await[&tea.to_string()], [0, 1, 2]);
    let all = trefoil_store::KeyRange::all;
    let put_by = Store::scan(&*hub.store, rows::STRANGE, all(), 9).await.unwrap();
    let strange = rows::decode_strange(&put_by[0].1).unwrap();
    assert_eq!((put_by.len(), strange), (1, Strange { at: NOW, entry: of_tomorrow.clone() }));
    running.abort();
    let _ = running.await;

    // A version that knows the form of another entry starts: that one is sent, the other stays.
    let entry = rows::encode_outbox(&tea, &notify(&tea, &[3]).encode());
    let mut batch = Batch::new();
    let key = rows::strange_key(&peer(), Position(999));
    batch.put(rows::STRANGE, key, rows::encode_strange(&Strange { at: NOW, entry }));
    Store::commit(&*hub.store, batch).await.unwrap();
    let (hub, running) = hub_on(hub.store, &follower);
    until("sent", || async { follower.received().await[&tea.to_string()] == [0, 1, 2, 3] }).await;
    until("trimmed", || async { hub.waiting().await == 0 }).await;
    assert_eq!(Store::scan(&*hub.store, rows::STRANGE, all(), 9).await.unwrap(), put_by);
    running.abort();
}

#[tokio::test]
async fn a_room_that_fails_never_stops_the_reading_however_much_waits_for_it() {
    let follower = follower();
    let (hub, running) = hub(&follower);
    let (tea, coffee) = (room("tea"), room("coffee"));
    *hub.wire.failing.lock().unwrap() = Some(tea.clone());
    hub.queue(&tea, [0]).await;
    until("it failed", || async { hub.wire.requests.load(Ordering::SeqCst) > 0 }).await;
    hub.queue_at_once(&tea, 1..66_000).await;
    hub.queue(&coffee, 0..3).await;
    until("the other room arrived", || async { follower.received().await.contains_key(&coffee.to_string()) })
        .await;
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_restart_while_a_room_fails_repeats_nothing_of_the_others() {
    let follower = follower();
    let (hub, running) = hub(&follower);
    let (tea, coffee) = (room("tea"), room("coffee"));
    *hub.wire.failing.lock().unwrap() = Some(tea.clone());
    hub.queue(&tea, [0]).await;
    // More than the follower can know again, with some of the room that fails between.
    hub.queue_at_once(&coffee, 0..3000).await;
    hub.queue_at_once(&tea, [1]).await;
    hub.queue_at_once(&coffee, 3000..6000).await;
    hub.federation.announce(&peer());
    tokio::time::sleep(Duration::from_secs(100)).await;
    let all_of_coffee = (0..6000).collect::<Vec<_>>();
    assert_eq!(follower.received().await[&coffee.to_string()], all_of_coffee);
    running.abort();
    let _ = running.await;
    assert_eq!(hub.waiting().await, 6002);

    let (hub, running) = hub_on(hub.store, &follower);
    *hub.wire.failing.lock().unwrap() = Some(tea.clone());
    hub.queue(&tea, [2]).await;
    hub.queue(&coffee, [6000]).await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert!(!follower.received().await.contains_key(&tea.to_string()));
    *hub.wire.failing.lock().unwrap() = None;
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(hub.waiting().await, 0);
    let received = follower.received().await;
    assert_eq!(received[&coffee.to_string()], (0..6001).collect::<Vec<_>>());
    assert_eq!(received[&tea.to_string()], [0, 1, 2]);
    let progress =
        Store::get(&*hub.store, rows::PROGRESS, Bytes::from_static(b"follower.test")).await.unwrap();
    assert_eq!(progress, None);
    running.abort();
}
