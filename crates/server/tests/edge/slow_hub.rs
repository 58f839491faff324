//! A hub that takes what it is sent and does not answer: its room waits, nothing else of the device does.

use super::{stream::*, world::*};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};
use trefoil_proto::{
    Domain, ErrorCode, RoomUri, UserUri,
    edge::Identifier,
    frame::{ClientFrame, ServerFrame},
    mimi::SubmitMessageRequest,
};
use trefoil_server::federation::{Endpoint, FederationError, Link, Media};

/// A way to other services on which nothing is answered before a word is given, and then everything fails.
#[derive(Default)]
struct Mute {
    asked: AtomicUsize,
    word: Notify,
}

impl Link for Mute {
    fn post<'a>(
        &'a self,
        domain: &'a Domain,
        _: Endpoint,
        _: &'a str,
        _: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, FederationError>> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::SeqCst);
            self.word.notified().await;
            Err(FederationError::Unavailable { domain: domain.clone(), source: "no answer in time".into() })
        })
    }

    fn media<'a>(
        &'a self,
        domain: &'a Domain,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Media, FederationError>> {
        Box::pin(async move { Err(FederationError::Misbehaved { domain: domain.clone(), what: "no media" }) })
    }
}

/// Messages to a room elsewhere, in the name of somebody who need not be in it.
async fn messages_elsewhere(
    service: &Running,
    sender: &UserUri,
    count: u32,
) -> (RoomUri, Vec<SubmitMessageRequest>) {
    let (mut far, _) = service.newcomer("far", Identifier::AccountName(b"Far".to_vec()));
    let room: RoomUri = "mimi://elsewhere.test/r/tea".parse().unwrap();
    far.mls.begin(&room, &agent(service).await, super::mls::CLASSICAL, |_| {});
    let one = || SubmitMessageRequest { sending_uri: sender.clone(), ..far.mls.message(b"x") };
    let mut requests = Vec::new();
    requests.resize_with(count as usize, one);
    (room, requests)
}

#[tokio::test]
async fn a_hub_that_does_not_answer_holds_up_its_own_room_only() {
    let (world, link) = (World::new(), std::sync::Arc::new(Mute::default()));
    let limits = "[limits]\nping_seconds = 1\n";
    let service = world.start_linked("account", "account.test", free_port(), &[], limits, Some(link.clone()));
    let (room, mut ann, _bob) = room_of_two(&service).await;
    let (elsewhere, requests) = messages_elsewhere(&service, &ann.uri().user_uri(), 100).await;
    let mut socket = service.connect(&ann.token, "").await;
    let own = delivered(&mut socket).await;
    assert_eq!(next(&mut socket).await, Ok(ServerFrame::CaughtUp));

    for (tag, request) in (0..).zip(requests) {
        send(&mut socket, &ClientFrame::Submit { tag, room: elsewhere.clone(), request }).await;
    }
    send(&mut socket, &ClientFrame::Acknowledge { through: own[0].position }).await;
    let begin = Instant::now();
    let (mut tag, mut refused, mut accepted) = (100, 0, 0);
    // Longer than a silent device would be waited for.
    while begin.elapsed() < Duration::from_secs(4) {
        let request = ann.mls.message(b"goes on");
        send(&mut socket, &ClientFrame::Submit { tag, room: room.clone(), request }).await;
        loop {
            match next(&mut socket).await {
                Ok(ServerFrame::Submitted { tag: answered, .. }) => {
                    assert_eq!(answered, tag);
                    break;
                }
                Ok(ServerFrame::Refused { tag: of, error }) => {
                    assert!(of < 100 && error.code == ErrorCode::RateLimited, "{of}: {error:?}");
                    refused += 1;
                }
                other => panic!("unexpected: {other:?}"),
            }
        }
        (tag, accepted) = (tag + 1, accepted + 1);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(accepted > 5, "{accepted}");
    assert_eq!(refused, 20, "what a room may have waiting is bounded");
    assert!(service.store.queues().iter().all(|queue| queue.0 != "ann/d1"), "the acknowledgement was taken");

    // The hub is given up: what waits behind is refused at once, and not tried.
    link.word.notify_one();
    for _ in 0..80 {
        match next(&mut socket).await {
            Ok(ServerFrame::Refused { error, .. }) => assert_eq!(error.code, ErrorCode::PeerUnavailable),
            other => panic!("not refused: {other:?}"),
        }
    }
    assert_eq!(link.asked.load(Ordering::SeqCst), 1);
    service.stop().await;
}
