//! What a restart finds.

use super::{super::live, *};
use openmls_rust_crypto::RustCrypto;
use trefoil_store::KeyRange;

async fn loaded(hub: &Hub) -> live::Live {
    live::load(&*hub.store, &Arc::new(RustCrypto::default()), &hub.room).await.unwrap().unwrap()
}

async fn log_length(hub: &Hub) -> usize {
    Store::scan(&*hub.store, super::super::rows::LOG, KeyRange::all(), 1000).await.unwrap().len()
}

/// The room in memory and the room in the store are the same, wherever between two snapshots it is.
#[tokio::test]
async fn snapshot_and_log_equal_the_live_state() {
    let hub = Hub::new();
    let alice = Person::new("hub.test", "alice");
    let mut a = alice.device("1");
    hub.open(&mut a).await;
    let mut snapshots = 0;
    for round in 0..(live::SNAPSHOT_EVERY + 8) {
        if round % 11 == 5 {
            let person = Person::new("hub.test", &format!("p{round}"));
            let package = hub.package(&a, &person.device("1"));
            let commit = a.commit(vec![package], vec![], Some(adding(&[&person])));
            assert_eq!(hub.update(&a, commit).await, success());
        } else {
            let commit = a.commit(vec![], vec![], None);
            assert_eq!(hub.update(&a, commit).await, success());
        }
        a.merge();
        let room = hub.rooms.room(&hub.room).await.unwrap();
        let live = room.live.lock().await;
        let stored = loaded(&hub).await;
        assert_eq!(stored.group.context(), live.group.context(), "{round}");
        assert_eq!(stored.group.context(), a.group().public_group().group_context());
        assert_eq!(stored.group.ratchet_tree().unwrap(), live.group.ratchet_tree().unwrap());
        assert!(stored.group.confirms(&stored.group_info));
        assert_eq!(stored.group.participants(), &a.participants());
        assert_eq!((stored.log_start, stored.log_next), (live.log_start, live.log_next));
        assert!(log_length(&hub).await < live::SNAPSHOT_EVERY as usize);
        snapshots += usize::from(log_length(&hub).await == 0);
    }
    assert!(snapshots > 2);
}

#[tokio::test]
async fn a_long_log_without_additions_is_cut_as_well() {
    let hub = Hub::new();
    let mut a = Person::new("hub.test", "alice").device("1");
    hub.open(&mut a).await;
    for _ in 0..live::SNAPSHOT_EVERY {
        let commit = a.commit(vec![], vec![], None);
        assert_eq!(hub.update(&a, commit).await, success());
        a.merge();
    }
    assert_eq!(log_length(&hub).await, 0);
    assert_eq!(loaded(&hub).await.group.epoch(), live::SNAPSHOT_EVERY);
}

#[tokio::test]
async fn a_restart_in_the_middle_changes_nothing() {
    let hub = Hub::new();
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("hub.test", "bob"));
    let (mut a, mut b) = (alice.device("1"), bob.device("1"));
    hub.room_of(&[&alice, &bob], &mut [&mut a, &mut b]).await;
    let commit = a.commit(vec![], vec![], None);
    assert_eq!(hub.update(&a, commit).await, success());
    a.merge();
    let leaving = {
        for event in hub.events_for(&b.uri).await {
            b.receive(&event);
        }
        b.leave()
    };
    assert_eq!(hub.update(&b, leaving.clone()).await, success());
    // A message that is under way when the service goes down.
    let message = a.message(b"before");
    assert!(matches!(hub.submit(&a, message).await.unwrap(), SubmitMessageResponse::Accepted { .. }));

    let hub = hub.again();
    assert_eq!(hub.update(&b, leaving).await, success(), "known from the log");
    assert_eq!(loaded(&hub).await.pending.len(), 1);
    let last = hub.events_for(&b.uri).await.pop().unwrap();
    assert_eq!(b.receive(&last).unwrap(), b"before");
    let proposal = hub.events_for(&a.uri).await.pop().unwrap();
    a.receive(&proposal);
    let update = trefoil_proto::room::ParticipantListUpdate { removed: vec![1], ..Default::default() };
    let commit = a.commit(vec![], vec![], Some(update));
    assert_eq!(hub.update(&a, commit).await, success());
    let hub = hub.again();
    assert_eq!(hub.rooms.room(&hub.room).await.unwrap().view().devices.local.len(), 1);
    assert!(loaded(&hub).await.pending.is_empty());
}
