//! Incidents: bounded for each peer and in all, whoever does what.

use super::*;

const PER_PEER: usize = crate::federation::incidents::KEPT as usize;

fn peer(number: usize) -> Domain {
    format!("peer{number}.test").parse().unwrap()
}

async fn record(service: &Service, from: &Domain, at: u64) {
    service.federation.record_incident(from, IncidentReason::Malformed, Timestamp(at)).await;
}

async fn rows(service: &Service) -> usize {
    let all = trefoil_store::KeyRange::all();
    Store::scan(&*service.store, super::rows::INCIDENTS, all, usize::MAX).await.unwrap().len()
}

#[tokio::test]
async fn a_peer_pushes_out_its_own_incidents_only() {
    let mut service = follower();
    record(&service, &peer(1), 1).await;
    for at in 2..300 {
        record(&service, &peer(2), at).await;
        if at == 150 {
            // The rest after a restart.
            service = super::service("follower.test", service.store.clone(), None);
        }
    }
    let incidents = service.federation.incidents().await.unwrap();
    assert_eq!((incidents.len(), rows(&service).await), (1 + PER_PEER, 1 + PER_PEER));
    assert_eq!((incidents[0].from.clone(), incidents[0].at), (Some(peer(1)), Timestamp(1)));
    let times: Vec<_> = incidents[1..].iter().map(|incident| incident.at.0).collect();
    assert_eq!(times, (300 - PER_PEER as u64..300).collect::<Vec<_>>());
}

#[tokio::test]
async fn many_peers_are_bounded_and_the_one_that_was_quiet_longest_goes() {
    let mut service = follower();
    for number in 0..300 {
        record(&service, &peer(number), number as u64).await;
        // One of them does not stop.
        record(&service, &peer(7), 0).await;
        if number == 280 {
            service = super::service("follower.test", service.store.clone(), None);
        }
    }
    let incidents = service.federation.incidents().await.unwrap();
    let peers: std::collections::BTreeSet<_> = incidents.iter().map(|one| one.from.clone()).collect();
    assert_eq!(peers.len(), 256);
    assert!(peers.contains(&Some(peer(7))) && peers.contains(&Some(peer(299))));
    assert!(!peers.contains(&Some(peer(0))) && !peers.contains(&Some(peer(44))));
    assert_eq!(rows(&service).await, 255 + PER_PEER);
}

#[tokio::test]
async fn strangers_are_recorded_once_a_minute_and_bounded() {
    let service = follower();
    let minute = 60_000;
    for at in 0..10 * minute / 1000 {
        service.federation.record_stranger(Timestamp(NOW.0 + at * 1000)).await;
    }
    let incidents = service.federation.incidents().await.unwrap();
    assert_eq!(incidents.len(), 10);
    assert!(incidents.iter().all(|one| one.from.is_none() && one.reason == IncidentReason::NoCertificate));
    for at in 10..200 {
        service.federation.record_stranger(Timestamp(NOW.0 + at * minute)).await;
    }
    assert_eq!(rows(&service).await, PER_PEER);
}

#[tokio::test]
async fn an_answer_that_must_not_be_is_remembered() {
    let service = follower();
    // The link of these tests has no media, and says so as of a peer that misbehaves.
    let answer = service.federation.fetch_media(&peer(1), "https://peer1.test/x", None).await;
    assert!(matches!(answer, Err(FederationError::Misbehaved { .. })));
    let reason = IncidentReason::AnsweredFalsely;
    let expected = Incident { at: NOW, from: Some(peer(1)), reason };
    assert_eq!(service.federation.incidents().await.unwrap(), [expected]);
}

#[test]
fn every_reason_has_a_number_a_sentence_and_comes_back() {
    let mut texts = std::collections::BTreeSet::new();
    for number in 0..=u8::MAX {
        let Some(reason) = IncidentReason::from_number(number) else { continue };
        assert_eq!(reason as u8, number);
        assert!(texts.insert(reason.text()));
        for from in [None, Some(peer(1))] {
            let incident = Incident { at: NOW, from, reason };
            let row = super::rows::encode_incident(9, &incident);
            assert_eq!(super::rows::decode_incident(&row), Some((9, incident)));
        }
    }
    assert_eq!(texts.len(), 14);
}
