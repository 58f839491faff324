//! What a follower takes, and what it does not.

use super::*;

fn hub() -> Domain {
    "hub.test".parse().unwrap()
}

async fn take(service: &Service, room: &RoomUri, body: &[u8]) -> Result<Accepted, FederationError> {
    let checked = service.federation.check_notify(&hub(), room, body, NOW).await?;
    service.federation.accept_notify(checked, &[bob()]).await
}

#[tokio::test]
async fn a_repetition_is_answered_and_changes_nothing_even_after_a_restart() {
    let service = follower();
    let tea = room("tea");
    let body = notify(&tea, &[1, 2]).encode();
    assert_eq!(take(&service, &tea, &body).await.unwrap(), Accepted::New);
    assert_eq!(take(&service, &tea, &body).await.unwrap(), Accepted::Repeated);
    // Joined otherwise: what is new comes through.
    assert_eq!(take(&service, &tea, &notify(&tea, &[2, 3]).encode()).await.unwrap(), Accepted::New);
    let after = super::service("follower.test", service.store.clone(), None);
    assert_eq!(take(&after, &tea, &body).await.unwrap(), Accepted::Repeated);
    assert_eq!(after.received().await[&tea.to_string()], [1, 2, 3]);
}

#[tokio::test]
async fn the_same_event_for_others_is_not_a_repetition() {
    let service = follower();
    let tea = room("tea");
    let first = notify(&tea, &[1]);
    let carol = Recipient { user: "carol".parse().unwrap(), device: "1".parse().unwrap() };
    let second = NotifyRequest { recipients: vec![carol.clone()], ..first.clone() };
    assert_eq!(take(&service, &tea, &first.encode()).await.unwrap(), Accepted::New);
    let checked = service.federation.check_notify(&hub(), &tea, &second.encode(), NOW).await.unwrap();
    assert_eq!(checked.recipients(), std::slice::from_ref(&carol));
    assert_eq!(service.federation.accept_notify(checked, &[carol]).await.unwrap(), Accepted::New);
}

#[tokio::test]
async fn many_repetitions_at_once_are_stored_once() {
    let service = follower();
    let tea = room("tea");
    let body = notify(&tea, &[1]).encode();
    let all = (0..32).map(|_| take(&service, &tea, &body));
    let answers = futures_util::future::join_all(all).await;
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Ok(Accepted::New))).count(), 1);
    assert!(answers.iter().all(|answer| matches!(answer, Ok(_) | Err(FederationError::Busy))));
    assert_eq!(service.received().await[&tea.to_string()], [1]);
}

#[tokio::test]
async fn a_service_that_lies_is_refused_and_remembered() {
    let service = follower();
    let (tea, coffee) = (room("tea"), room("coffee"));
    let elsewhere: RoomUri = "mimi://third.test/r/tea".parse().unwrap();
    let own: RoomUri = "mimi://follower.test/r/tea".parse().unwrap();
    let mut with_commit_of_another = notify(&tea, &[1]);
    with_commit_of_another.messages.push(event(&coffee, 2));
    let cases = [
        (elsewhere.clone(), notify(&elsewhere, &[1]).encode(), IncidentReason::RoomOfAnotherService),
        (own.clone(), notify(&own, &[1]).encode(), IncidentReason::RoomOfAnotherService),
        (tea.clone(), notify(&coffee, &[1]).encode(), IncidentReason::EventOfAnotherRoom),
        (tea.clone(), with_commit_of_another.encode(), IncidentReason::EventOfAnotherRoom),
        (tea.clone(), vec![1, 2, 3], IncidentReason::Malformed),
        (tea.clone(), [notify(&tea, &[1]).encode(), vec![0]].concat(), IncidentReason::Malformed),
    ];
    for (room, body, expected) in &cases {
        let refused = take(&service, room, body).await;
        assert!(matches!(refused, Err(FederationError::Inbound { reason, .. }) if reason == *expected));
    }
    let own_name = service.federation.check_notify(&"follower.test".parse().unwrap(), &own, &[], NOW).await;
    assert!(own_name.is_err(), "nobody else is us");
    assert!(service.received().await.is_empty());
    let incidents = service.federation.incidents().await.unwrap();
    let reasons: Vec<_> = incidents.iter().map(|incident| incident.reason).collect();
    let mut expected: Vec<_> = cases.iter().map(|(_, _, reason)| *reason).collect();
    expected.push(IncidentReason::RoomOfAnotherService);
    assert_eq!(reasons, expected);
    assert!(incidents[..6].iter().all(|incident| incident.from == Some(hub()) && incident.at == NOW));
}

#[tokio::test]
async fn seen_events_are_bounded() {
    let service = follower();
    let tea = room("tea");
    for start in 0..50 {
        let numbers: Vec<u64> = (start * 100..(start + 1) * 100).collect();
        take(&service, &tea, &notify(&tea, &numbers).encode()).await.unwrap();
    }
    let rows =
        Store::scan(&*service.store, rows::SEEN, trefoil_store::KeyRange::all(), 10_000).await.unwrap();
    assert_eq!(rows.len(), window::KEPT);
    assert_eq!(take(&service, &tea, &notify(&tea, &[4999]).encode()).await.unwrap(), Accepted::Repeated);
    assert_eq!(take(&service, &tea, &notify(&tea, &[0]).encode()).await.unwrap(), Accepted::New);
}

#[tokio::test]
async fn recipients_that_do_not_exist_get_nothing() {
    let service = follower();
    let tea = room("tea");
    let mut request = notify(&tea, &[1]);
    request.recipients.push(Recipient { user: "nobody".parse().unwrap(), device: "9".parse().unwrap() });
    request.recipients.push(bob());
    let checked = service.federation.check_notify(&hub(), &tea, &request.encode(), NOW).await.unwrap();
    assert_eq!(checked.recipients().len(), 2, "each once");
    service.federation.accept_notify(checked, &[bob()]).await.unwrap();
    assert_eq!(service.received().await[&tea.to_string()], [1]);
}
