//! Submitting messages.

use super::*;
use openmls::prelude::SafeAadItem;
use trefoil_proto::{
    franking::{self, FrankingIntegrityTbs, INTEGRITY_LABEL, ServerFrankingContext},
    mimi::{fanout::RoomEvent, submit::Delivery},
    mls::MlsMessage,
};
use trefoil_store::{Batch, Signal};

async fn pair(hub: &Hub) -> (Device, Device) {
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("other.test", "bob"));
    let (mut a, mut b) = (alice.device("1"), bob.device("1"));
    hub.room_of(&[&alice, &bob], &mut [&mut a, &mut b]).await;
    (a, b)
}

#[tokio::test]
async fn a_message_is_stamped_and_goes_to_all_but_its_sender() {
    let hub = Hub::new();
    let alice = Person::new("hub.test", "alice");
    let bob = Person::new("other.test", "bob");
    let (mut a, mut second, mut b) = (alice.device("1"), alice.device("2"), bob.device("1"));
    hub.room_of(&[&alice, &bob], &mut [&mut a, &mut second, &mut b]).await;
    let request = a.message(b"hello");
    let tag = request.app_message.franking_tag().unwrap();
    let SubmitMessageResponse::Accepted { accepted_timestamp, frank: Some(frank) } =
        hub.submit(&a, request).await.unwrap()
    else {
        panic!("refused")
    };
    assert!(hub.events_for(&a.uri).await.is_empty());
    for device in [&mut second, &mut b] {
        let events = hub.events_for(&device.uri).await;
        let [event] = events.as_slice() else { panic!("{events:?}") };
        let RoomEvent::Application { frank: Some(stamped), .. } = &event.event else { panic!("{event:?}") };
        assert_eq!((event.timestamp, stamped), (accepted_timestamp, &frank));
        assert_eq!(device.receive(event).unwrap(), b"hello");
    }
    let context = ServerFrankingContext {
        sender_uri: alice.user.clone(),
        room_uri: hub.room.clone(),
        accepted_timestamp,
        key_id: 1,
        sender_frank: None,
    };
    assert_eq!(frank.server_frank, franking::stamp(&[1; 32], &tag, &context));
    let tbs = FrankingIntegrityTbs { server_frank: frank.server_frank, signature_ciphersuite: 1, context };
    let tbs = super::super::label::encode(&tbs);
    let agent = hub.rooms.keys.public_key();
    assert!(super::super::label::verifies(&agent, INTEGRITY_LABEL, &tbs, &frank.integrity_signature));
}

#[tokio::test]
async fn a_message_without_a_tag_is_refused() {
    let hub = Hub::new();
    let (mut a, b) = pair(&hub).await;
    for aad in [vec![], vec![SafeAadItem::new(0x20, vec![1; 31])]] {
        let request = a.message_with(b"unframed", aad);
        assert!(matches!(hub.submit(&a, request).await, Err(RoomsError::NotFranked)));
    }
    assert!(hub.events_for(&b.uri).await.is_empty());
}

#[tokio::test]
async fn only_participants_send_and_only_through_their_own_service() {
    let hub = Hub::new();
    let (mut a, b) = pair(&hub).await;
    let eve = Person::new("hub.test", "eve").device("1");
    // Eve hands in Alice's message as her own, and as Alice's.
    let mut request = a.message(b"stolen");
    assert!(matches!(hub.submit(&eve, request.clone()).await, Err(RoomsError::WrongOrigin)));
    request.sending_uri = eve.uri.user_uri();
    assert_eq!(hub.submit(&eve, request.clone()).await.unwrap(), SubmitMessageResponse::NotAllowed);
    // Another service hands in Alice's message.
    request.sending_uri = a.uri.user_uri();
    let peer = Origin::Peer("other.test".parse().unwrap());
    let refused = hub.rooms.submit(&peer, &hub.room, request, None, NOW).await;
    assert!(matches!(refused, Err(RoomsError::WrongOrigin)));
    assert_eq!(hub.federation.incidents().await.unwrap().len(), 1);
    assert!(hub.events_for(&b.uri).await.is_empty());
}

#[tokio::test]
async fn a_device_sends_only_to_rooms_that_it_is_in() {
    let hub = Hub::new();
    let (alice, bob) = (Person::new("hub.test", "alice"), Person::new("other.test", "bob"));
    let (mut a, mut b) = (alice.device("1"), bob.device("1"));
    hub.room_of(&[&alice, &bob], &mut [&mut a, &mut b]).await;
    // Alice's other device is not in the room, whatever it got hold of.
    let stolen = a.message(b"from my other device");
    let second = Origin::Device(alice.device("2").uri);
    let answer = hub.rooms.submit(&second, &hub.room, stolen.clone(), None, NOW).await.unwrap();
    assert_eq!(answer, SubmitMessageResponse::NotAllowed);
    assert!(hub.events_for(&b.uri).await.is_empty());
    assert!(matches!(hub.submit(&a, stolen).await.unwrap(), SubmitMessageResponse::Accepted { .. }));
    // Bob's only device leaves; he is on the list still.
    let gone = a.index_of(&b.uri);
    let commit = a.commit(vec![], vec![gone], None);
    assert_eq!(hub.update(&a, commit).await, success());
    a.merge();
    b.receive(&hub.events_for(&b.uri).await[1]);
    hub.drop_mail(&a.uri).await;
    let SubmitMessageRequest { app_message, .. } = a.message(b"in his name");
    let request = SubmitMessageRequest {
        protocol: Protocol::Mls10,
        app_message,
        sending_uri: bob.user.clone(),
        delivery: Delivery::Durable,
        sender_frank: Some(franking::SenderFrank { key_id: 1, mac: [5; 32] }),
    };
    assert_eq!(hub.submit(&b, request).await.unwrap(), SubmitMessageResponse::NotAllowed);
    assert!(hub.events_for(&a.uri).await.is_empty());
}

#[tokio::test]
async fn other_rooms_other_kinds_and_no_rooms_are_told_apart() {
    let hub = Hub::new();
    let (mut a, _) = pair(&hub).await;
    let other: RoomUri = "mimi://hub.test/r/none".parse().unwrap();
    let request = a.message(b"x");
    let refused = hub.rooms.submit(&origin(&a), &other, request.clone(), None, NOW).await;
    assert!(matches!(refused, Err(RoomsError::Malformed(_))));
    let moved = request.app_message.as_bytes().to_vec();
    let text = String::from_utf8_lossy(&moved[5..26]).into_owned();
    assert_eq!(text, hub.room.to_string());
    let mut elsewhere = moved;
    elsewhere[5..26].copy_from_slice(b"mimi://hub.test/r/too");
    let request = SubmitMessageRequest { app_message: MlsMessage::parse(&elsewhere).unwrap(), ..request };
    let missing = "mimi://hub.test/r/too".parse().unwrap();
    let refused = hub.rooms.submit(&origin(&a), &missing, request, None, NOW).await;
    assert!(matches!(refused, Err(RoomsError::NotFound)));
    let UpdateRequest::Commit { commit, .. } = a.commit(vec![], vec![], None) else { panic!() };
    let request = SubmitMessageRequest {
        protocol: trefoil_proto::mimi::Protocol::Mls10,
        app_message: commit,
        sending_uri: a.uri.user_uri(),
        delivery: Delivery::Durable,
        sender_frank: None,
    };
    assert!(matches!(hub.submit(&a, request).await, Err(RoomsError::Malformed(_))));
}

#[tokio::test]
async fn a_message_of_an_old_epoch_is_sent_back() {
    let hub = Hub::new();
    let (mut a, mut b) = pair(&hub).await;
    let old = b.message(b"too late");
    let commit = a.commit(vec![], vec![], None);
    assert_eq!(hub.update(&a, commit).await, success());
    let answer = hub.submit(&b, old).await.unwrap();
    assert_eq!(answer, SubmitMessageResponse::EpochTooOld { current_epoch: 2 });
    for event in hub.events_for(&b.uri).await {
        b.receive(&event);
    }
    let again = b.message(b"now");
    assert!(matches!(hub.submit(&b, again).await.unwrap(), SubmitMessageResponse::Accepted { .. }));
}

/// Another process moves the room on between the look into memory and the commit: only the asserted row sees it.
#[tokio::test]
async fn the_epoch_is_asserted_at_the_moment_of_commit() {
    let hub = Hub::new();
    let (mut a, mut b) = pair(&hub).await;
    let old = b.message(b"in between");
    hub.rooms.room(&hub.room).await.unwrap();
    let elsewhere = hub.again();
    let commit = a.commit(vec![], vec![], None);
    assert_eq!(elsewhere.update(&a, commit).await, success());
    assert_eq!(hub.rooms.room(&hub.room).await.unwrap().view().epoch, 1, "this one has not seen it");
    let answer = hub.submit(&b, old).await.unwrap();
    assert_eq!(answer, SubmitMessageResponse::EpochTooOld { current_epoch: 2 });
    assert!(hub.events_for(&a.uri).await.iter().all(|event| matches!(event.event, RoomEvent::Commit { .. })));
    // The same for one who is ahead of this process's memory.
    a.merge();
    let commit = a.commit(vec![], vec![], None);
    assert_eq!(elsewhere.update(&a, commit).await, success());
    a.merge();
    let new = a.message(b"ahead");
    assert!(matches!(hub.submit(&a, new).await.unwrap(), SubmitMessageResponse::Accepted { .. }));
    // And for a commit.
    let commit = a.commit(vec![], vec![], None);
    assert_eq!(elsewhere.update(&a, commit).await, success());
    a.merge();
    let commit = a.commit(vec![], vec![], None);
    assert_eq!(hub.update(&a, commit).await, success());
}

#[tokio::test]
async fn a_passing_message_is_stored_nowhere() {
    let hub = Hub::new();
    let alice = Person::new("hub.test", "alice");
    let (mut a, mut second) = (alice.device("1"), alice.device("2"));
    hub.room_of(&[&alice], &mut [&mut a, &mut second]).await;
    let mut watch = hub.mailboxes.watch(&recipient(&second.uri));
    let mut own = hub.mailboxes.watch(&recipient(&a.uri));
    let request = SubmitMessageRequest { delivery: Delivery::Passing, ..a.message(b"typing") };
    assert!(matches!(hub.submit(&a, request).await.unwrap(), SubmitMessageResponse::Accepted { .. }));
    let Signal::Passing(body) = watch.next().await else { panic!("no passing event") };
    let MailboxEvent::Room { message, .. } = MailboxEvent::decode(&body).unwrap() else { panic!() };
    assert_eq!(second.receive(&message).unwrap(), b"typing");
    assert!(hub.events_for(&second.uri).await.is_empty());
    let silent = tokio::time::timeout(std::time::Duration::from_millis(20), own.next()).await;
    assert!(silent.is_err(), "the sender hears nothing");
}

#[tokio::test]
async fn a_store_that_fails_answers_no_success() {
    let hub = Hub::new();
    let (mut a, _) = pair(&hub).await;
    hub.rooms.room(&hub.room).await.unwrap();
    // The room's row is damaged: nothing that depends on it may be accepted.
    let mut batch = Batch::new();
    batch.delete(super::super::rows::EPOCH, super::super::rows::room_key(&hub.room));
    Store::commit(&*hub.store, batch).await.unwrap();
    let request = a.message(b"x");
    assert!(hub.submit(&a, request).await.is_err());
}
