//! Fan-out that comes again: as it was, stamped anew, or altered.

use super::*;
use trefoil_proto::{
    mimi::{Frank, update::RatchetTreeOption},
    mls::RatchetTree,
};

fn hub() -> Domain {
    "hub.test".parse().unwrap()
}

async fn take(service: &Service, request: &NotifyRequest) -> Result<Accepted, FederationError> {
    let checked = service.federation.check_notify(&hub(), &room("tea"), &request.encode(), NOW).await?;
    service.federation.accept_notify(checked, &request.recipients).await
}

fn of(messages: Vec<FanoutMessage>) -> NotifyRequest {
    NotifyRequest { delivery: Delivery::Durable, recipients: vec![bob()], messages }
}

/// A public message with a commit as it looks from outside; `what` stands for all that it does.
fn commit(epoch: u64, what: u8) -> FanoutMessage {
    let group_id = room("tea").to_string().into_bytes();
    let mut bytes = vec![0, 1, 0, 1, u8::try_from(group_id.len()).unwrap()];
    bytes.extend_from_slice(&group_id);
    bytes.extend_from_slice(&epoch.to_be_bytes());
    // Member 0, no data of its own, a commit; what follows is opaque to everyone but members.
    bytes.extend_from_slice(&[1, 0, 0, 0, 0, 0, 3]);
    bytes.extend_from_slice(&[0, 0, 1, what, 1, what, 1, what]);
    let message = MlsMessage::parse(&bytes).unwrap();
    assert_eq!(message.epoch(), Some(epoch));
    let event = RoomEvent::Commit { message, external_proposals: vec![] };
    FanoutMessage { protocol: Protocol::Mls10, timestamp: Timestamp(epoch), event }
}

fn welcome(tree: u8) -> FanoutMessage {
    let message = MlsMessage::parse(&[0, 1, 0, 3, 0, 1, 0, 1, 7]).unwrap();
    let ratchet_tree =
        RatchetTreeOption::Full(RatchetTree::parse(&[&[tree], &vec![0; tree.into()][..]].concat()).unwrap());
    let event = RoomEvent::Welcome { message, ratchet_tree };
    FanoutMessage { protocol: Protocol::Mls10, timestamp: Timestamp(5), event }
}

fn stamped(number: u64, at: u64, frank: u8) -> FanoutMessage {
    let RoomEvent::Application { message, .. } = event(&room("tea"), number).event else { unreachable!() };
    let frank = Frank {
        key_id: 1,
        server_frank: [frank; 32],
        signature_ciphersuite: 1,
        integrity_signature: vec![frank; 64],
        sender_frank: None,
    };
    let event = RoomEvent::Application { message, frank: Some(frank) };
    FanoutMessage { protocol: Protocol::Mls10, timestamp: Timestamp(at), event }
}

async fn is_refused(service: &Service, request: NotifyRequest) -> bool {
    let before = service.federation.incidents().await.unwrap().len();
    match take(service, &request).await {
        Ok(_) => false,
        Err(FederationError::Inbound { from, reason: IncidentReason::AlteredEvent }) => {
            let incidents = service.federation.incidents().await.unwrap();
            assert_eq!((from, incidents.len()), (hub(), before + 1));
            assert_eq!(incidents[before].reason, IncidentReason::AlteredEvent);
            true
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_event_that_comes_back_altered_is_refused_and_recorded() {
    let mut service = follower();
    assert_eq!(
        take(&service, &of(vec![stamped(1, 10, 1), commit(7, 1), welcome(1)])).await.unwrap(),
        Accepted::New
    );
    for again in 0..2 {
        // Another stamp of the same moment; another commit of the epoch; another tree with the Welcome.
        for altered in [stamped(1, 10, 2), commit(7, 2), welcome(2)] {
            assert!(is_refused(&service, of(vec![altered.clone()])).await, "{again}: {altered:?}");
            // With something new beside it: nothing of the notification is taken.
            assert!(is_refused(&service, of(vec![event(&room("tea"), 99), altered])).await);
        }
        // To others as well: who got the first and who gets the second are in one room.
        let carol = Recipient { user: "carol".parse().unwrap(), device: "1".parse().unwrap() };
        let forked = NotifyRequest { recipients: vec![carol], ..of(vec![commit(7, 3)]) };
        assert!(is_refused(&service, forked).await);
        // Also after a restart.
        service = super::service("follower.test", service.store.clone(), None);
    }
    assert_eq!(service.received().await[&room("tea").to_string()], [10, 7, 5]);
    // What was refused was not marked as seen.
    assert_eq!(take(&service, &of(vec![event(&room("tea"), 99)])).await.unwrap(), Accepted::New);
}

#[tokio::test]
async fn two_commits_of_one_epoch_in_one_notification_are_refused() {
    let service = follower();
    assert!(is_refused(&service, of(vec![commit(7, 1), commit(7, 2)])).await);
    assert!(service.received().await.is_empty());
    assert_eq!(take(&service, &of(vec![commit(7, 1), commit(7, 1)])).await.unwrap(), Accepted::New);
    assert_eq!(service.received().await[&room("tea").to_string()], [7]);
}

#[tokio::test]
async fn two_commits_of_one_epoch_at_once_are_not_both_taken() {
    let service = follower();
    let both = [of(vec![commit(7, 1)]), of(vec![commit(7, 2)])];
    let answers = futures_util::future::join_all(both.iter().map(|one| take(&service, one))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    assert_eq!(service.received().await[&room("tea").to_string()], [7]);
}

#[tokio::test]
async fn a_message_that_its_hub_stamped_again_is_delivered_once_and_no_lie() {
    let service = follower();
    assert_eq!(take(&service, &of(vec![stamped(1, 10, 1)])).await.unwrap(), Accepted::New);
    // The hub crashed before it answered, and its sender handed the message in again.
    assert_eq!(take(&service, &of(vec![stamped(1, 20, 2)])).await.unwrap(), Accepted::Repeated);
    assert_eq!(service.received().await[&room("tea").to_string()], [10]);
    assert!(service.federation.incidents().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_altered_event_does_not_stop_its_room() {
    // What a peer will never take is moved out of the way, and the rest goes on.
    let follower = follower();
    let hub =
        service("hub.test", Arc::new(MemoryStore::new()), Some((follower.federation.clone(), vec![bob()])));
    let federation = hub.federation.clone();
    let running = tokio::spawn(async move { federation.run().await.unwrap() });
    let to: Domain = "follower.test".parse().unwrap();
    for message in [commit(7, 1), commit(7, 2), event(&room("tea"), 8)] {
        let mut batch = Batch::new();
        hub.federation.queue_notify(&mut batch, &to, &room("tea"), &of(vec![message]));
        Store::commit(&*hub.store, batch).await.unwrap();
        hub.federation.announce(&to);
    }
    until("delivered", || async { hub.waiting().await == 0 }).await;
    assert_eq!(follower.received().await[&room("tea").to_string()], [7, 8]);
    let refused = hub.federation.refused(&to).await.unwrap();
    assert_eq!(refused.iter().map(|one| one.code).collect::<Vec<_>>(), [ErrorCode::Conflict]);
    running.abort();
}

#[tokio::test]
async fn what_is_replayed_again_and_again_is_refused_and_recorded() {
    let service = follower();
    let request = of(vec![stamped(1, 10, 1), stamped(2, 10, 1)]);
    assert_eq!(take(&service, &request).await.unwrap(), Accepted::New);
    // As often as an answer may get lost.
    for _ in 0..super::super::window::REPETITIONS {
        assert_eq!(take(&service, &request).await.unwrap(), Accepted::Repeated);
    }
    let refused = take(&service, &request).await;
    assert!(matches!(refused, Err(FederationError::Inbound { reason: IncidentReason::Replayed, .. })));
    let recorded = service.federation.incidents().await.unwrap();
    assert_eq!(recorded.last().unwrap().reason, IncidentReason::Replayed);
    // With something new among it, what is new is taken, and once.
    let more = of(vec![stamped(1, 10, 1), stamped(3, 10, 1)]);
    assert_eq!(take(&service, &more).await.unwrap(), Accepted::New);
    assert_eq!(take(&service, &more).await.unwrap(), Accepted::Repeated);
}
