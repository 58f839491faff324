//! Removals that the operator asks for: refused at once, asked of the members, and nobody is added.

use super::{
    super::{Order, orders},
    ghosts::ask,
    *,
};
use trefoil_proto::{
    UserUri,
    mimi::{
        fanout::RoomEvent,
        removal::{RemovalReason, RemovalRequest},
    },
    room::ParticipantListUpdate,
};

fn reason() -> RemovalReason {
    "threatens others".parse().unwrap()
}

async fn ask_removal(hub: &Hub, user: &UserUri, at: Timestamp) {
    hub.rooms.ask_removal(&hub.room, user, reason(), at, NOW).await.unwrap();
}

fn asked(events: &[FanoutMessage]) -> Vec<RemovalRequest> {
    let requests = events.iter().filter_map(|event| match &event.event {
        RoomEvent::Removal(asked) => Some(asked.clone()),
        _ => None,
    });
    requests.collect()
}

fn removing(index: u32) -> ParticipantListUpdate {
    ParticipantListUpdate { removed: vec![index], ..Default::default() }
}

#[tokio::test]
async fn whoever_is_to_go_is_refused_at_once_and_everybody_is_asked() {
    let hub = Hub::new();
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("other.test", "bob"));
    let (mut a, mut b) = (alice.device("1"), bob.device("1"));
    hub.room_of(&[&alice, &bob], &mut [&mut a, &mut b]).await;
    let second = bob.device("2");
    assert!(ask(&hub, &second).await.is_some());
    hub.rooms.may_claim(&b.uri, &hub.room).await.unwrap();

    ask_removal(&hub, &bob.user, NOW).await;
    let agent = ed25519_dalek::VerifyingKey::from_bytes(&hub.rooms.keys.public_key()).unwrap();
    for device in [&a, &b] {
        let requests = asked(&hub.events_for(&device.uri).await);
        let [request] = requests.as_slice() else { panic!("{requests:?}") };
        request.verify(&agent).unwrap();
        let tbs = &request.tbs;
        assert_eq!((&tbs.room, &tbs.user, tbs.at, &tbs.reason), (&hub.room, &bob.user, NOW, &reason()));
    }
    // Also by a process that was started after it.
    for hub in [&hub, &hub.again()] {
        let message = b.message(b"one more thing");
        assert_eq!(hub.submit(&b, message).await.unwrap(), SubmitMessageResponse::NotAllowed);
        let renewed = b.commit(vec![], vec![], None);
        assert_eq!(hub.update(&b, renewed).await, UpdateOutcome::NotAllowed);
        b.give_up();
        assert!(ask(hub, &second).await.is_none(), "a further device comes in");
        let refused = hub.rooms.may_claim(&b.uri, &hub.room).await;
        assert!(matches!(refused, Err(RoomsError::NotAllowed(_))), "{refused:?}");
    }
    // The others go on, and an admin does it. Nobody brings them back.
    let message = a.message(b"we go on");
    assert!(matches!(hub.submit(&a, message).await.unwrap(), SubmitMessageResponse::Accepted { .. }));
    let gone = a.index_of(&b.uri);
    let commit = a.commit(vec![], vec![gone], Some(removing(1)));
    assert_eq!(hub.update(&a, commit).await, success());
    a.merge();
    let package = hub.package(&a, &b);
    let commit = a.commit(vec![package], vec![], Some(adding(&[&bob])));
    assert_eq!(hub.update(&a, commit).await, UpdateOutcome::NotAllowed);
    a.give_up();
    let only_listed = a.commit(vec![], vec![], Some(adding(&[&bob])));
    assert_eq!(hub.update(&a, only_listed).await, UpdateOutcome::NotAllowed);
}

#[tokio::test]
async fn whoever_is_to_go_can_go_by_themselves() {
    let hub = Hub::new();
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("hub.test", "bob"));
    let (mut a, mut b) = (alice.device("1"), bob.device("1"));
    hub.room_of(&[&alice, &bob], &mut [&mut a, &mut b]).await;
    ask_removal(&hub, &bob.user, NOW).await;
    let leaving = b.leave();
    assert_eq!(hub.update(&b, leaving).await, success());
}

#[tokio::test]
async fn what_is_taken_back_is_as_if_it_had_not_been_asked() {
    let hub = Hub::new();
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("hub.test", "bob"));
    let (mut a, mut b) = (alice.device("1"), bob.device("1"));
    hub.room_of(&[&alice, &bob], &mut [&mut a, &mut b]).await;
    ask_removal(&hub, &bob.user, NOW).await;
    // Ordered again, everybody is asked again; not by what was followed before.
    let later = NOW.plus_millis(1);
    for at in [later, later, NOW] {
        ask_removal(&hub, &bob.user, at).await;
    }
    assert_eq!(asked(&hub.events_for(&a.uri).await).len(), 2);
    let others = ["mimi://hub.test/u/alice", "mimi://other.test/u/bob"];
    for other in others {
        hub.rooms.lift_removal(&hub.room, &other.parse().unwrap(), later).await.unwrap();
    }
    // An older order than the one in force.
    hub.rooms.lift_removal(&hub.room, &bob.user, NOW).await.unwrap();
    let message = b.message(b"hello?");
    assert_eq!(hub.submit(&b, message).await.unwrap(), SubmitMessageResponse::NotAllowed);
    hub.rooms.lift_removal(&hub.room, &bob.user, later).await.unwrap();
    for hub in [&hub, &hub.again()] {
        let message = b.message(b"hello again");
        assert!(matches!(hub.submit(&b, message).await.unwrap(), SubmitMessageResponse::Accepted { .. }));
    }
    let nowhere = "mimi://hub.test/r/none".parse().unwrap();
    let refused = hub.rooms.ask_removal(&nowhere, &bob.user, reason(), NOW, NOW).await;
    assert!(matches!(refused, Err(RoomsError::NotFound)), "{refused:?}");
}

#[tokio::test]
async fn orders_are_followed_in_their_order_and_what_is_none_is_put_aside() {
    let hub = Hub::new();
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("hub.test", "bob"));
    let (mut a, mut b) = (alice.device("1"), bob.device("1"));
    hub.room_of(&[&alice, &bob], &mut [&mut a, &mut b]).await;
    let data = tempfile::tempdir().unwrap();
    let order = |order: Order, millis: u64| {
        orders::hand_in(data.path(), &hub.room, &bob.user, &order, NOW.plus_millis(millis)).unwrap();
    };
    order(Order::Lift, 2);
    order(Order::Remove(reason()), 3);
    order(Order::Remove(reason()), 1);
    let inbox = data.path().join("rooms-inbox");
    std::fs::write(inbox.join("0.order"), "room = 'nonsense'").unwrap();
    std::fs::write(inbox.join("1.order"), vec![b'#'; 10_000]).unwrap();
    let nowhere = "mimi://hub.test/r/none".parse().unwrap();
    orders::hand_in(data.path(), &nowhere, &bob.user, &Order::Lift, NOW).unwrap();
    let clock = ManualClock::new(NOW);
    // One round; it would go on for ever.
    let rooms = Arc::clone(&hub.rooms);
    let _ =
        tokio::time::timeout(std::time::Duration::from_millis(500), rooms.follow_orders(data.path(), &clock))
            .await;
    let mut left: Vec<_> = std::fs::read_dir(&inbox)
        .unwrap()
        .map(|file| file.unwrap().path().extension().unwrap().to_str().unwrap().to_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["refused"; 3], "no order, one far too long, one of another room");
    assert_eq!(asked(&hub.events_for(&a.uri).await).len(), 2);
    let message = b.message(b"too late");
    assert_eq!(hub.submit(&b, message).await.unwrap(), SubmitMessageResponse::NotAllowed);
}
