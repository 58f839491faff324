//! The removal of a device: signed by the account, and final from its answer on.

use super::{mls::Person, world::*};
use bytes::Bytes;
use ed25519_dalek::SigningKey;
use futures_util::future::BoxFuture;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::Notify,
};
use trefoil_proto::{
    DeviceUri, Domain, ErrorBody, RoomUri, Timestamp, Wire as _,
    edge::{Identifier, OpenUpload, REMOVAL_LIFE, RemoveDeviceRequest},
    frame::{ClientFrame, ServerFrame},
};
use trefoil_server::{
    clock::Clock as _,
    federation::{Endpoint, FederationError, Link, Media},
};

fn name(text: &str) -> Identifier {
    Identifier::AccountName(text.as_bytes().to_vec())
}

/// Ann's first device, and a second one of hers.
async fn two_devices(service: &Running) -> (Person, Member, Member) {
    let person = Person::new(&service.domain, "ann");
    let first = service.join("ann", name("Ann")).await;
    let mls = person.device("d2");
    let body = add_request(&person.key, &[&first.mls], &mls).encode();
    assert_eq!(service.call("POST", "accounts/devices", Some(&first.token), body).await.status, 201);
    let second = service.log_in(Member { mls, token: String::new() }).await;
    (person, first, second)
}

#[tokio::test]
async fn a_removal_that_the_account_did_not_sign_lately_changes_nothing() {
    let service = World::new().start("account");
    let (person, first, second) = two_devices(&service).await;
    let eve = service.join("eve", name("Eve")).await;
    let now = service.clock.now();
    let sign = |key: &SigningKey, device: &DeviceUri, at: Timestamp| {
        RemoveDeviceRequest::sign(key, device.clone(), at, Vec::new())
    };
    let good = sign(&person.key, second.uri(), now);
    let stranger = Person::new(&service.domain, "eve").key;
    // The device's own key is not the account's: whoever has taken a device cannot remove the others.
    let seed: [u8; 32] = [7; 32];
    let mut altered = good.clone();
    altered.signature[5] ^= 1;
    let mut redated = good.clone();
    redated.tbs.at = now.plus_millis(1);
    let late = sign(&person.key, second.uri(), Timestamp(now.0 - REMOVAL_LIFE - 1));
    let early = sign(&person.key, second.uri(), now.plus_millis(REMOVAL_LIFE + 1));
    let nobody: DeviceUri = "mimi://account.test/d/ann/d9".parse().unwrap();
    let before = service.dump().await;
    for (what, token, device, request, code) in [
        ("by a stranger", &first.token, "d2", sign(&stranger, second.uri(), now), "BadSignature"),
        (
            "by another key",
            &first.token,
            "d2",
            sign(&SigningKey::from_bytes(&seed), second.uri(), now),
            "BadSignature",
        ),
        ("altered", &first.token, "d2", altered, "BadSignature"),
        ("redated", &first.token, "d2", redated, "BadSignature"),
        ("too old", &first.token, "d2", late, "BadSignature"),
        ("of the future", &first.token, "d2", early, "BadSignature"),
        ("for another path", &first.token, "d1", good.clone(), "Malformed"),
        ("with another person's token", &eve.token, "d2", good.clone(), "Malformed"),
        ("without a token", &String::new(), "d2", good.clone(), "Unauthenticated"),
        ("of nobody", &first.token, "d9", sign(&person.key, &nobody, now), "NotFound"),
    ] {
        let path = format!("accounts/devices/{device}");
        let answer = service.call("DELETE", &path, Some(token), request.encode()).await;
        assert_eq!(answer.code(), code, "{what}");
    }
    assert_eq!(before, service.dump().await);
    service.stop().await;
}

#[tokio::test]
async fn a_removed_device_is_nobody_from_the_answer_on() {
    let service = World::new().start("account");
    let (person, first, second) = two_devices(&service).await;
    let mut socket = service.connect(&second.token, "").await;
    while next(&mut socket).await != Ok(ServerFrame::CaughtUp) {}

    // Under way: requests one after another without a pause, and one whose body is half sent.
    let removed = Arc::new(AtomicBool::new(false));
    let hammering = {
        let (service, token, removed) = (service.caller(), second.token.clone(), Arc::clone(&removed));
        tokio::spawn(async move {
            let (mut before, mut after) = (0, 0);
            while after < 20 {
                let sent_after = removed.load(Ordering::SeqCst);
                let body = OpenUpload { length: 5 }.encode();
                let answer = service.call("POST", "media", Some(&token), body).await;
                match answer.status {
                    201 => {
                        assert!(!sent_after, "accepted after the removal was answered");
                        before += 1;
                    }
                    _ => assert_eq!(answer.code(), "Unauthenticated"),
                }
                after += u32::from(sent_after);
                tokio::task::yield_now().await;
            }
            before
        })
    };
    let mut half = service.tls(b"http/1.1").await.unwrap();
    let head = format!(
        "POST /v1/media HTTP/1.1\r\nhost: account.test\r\nauthorization: Bearer {}\r\ncontent-length: 8\r\n\r\n1234",
        second.token
    );
    half.write_all(head.as_bytes()).await.unwrap();
    // Let both get under way.
    while service.dump().await.keys().filter(|(table, _)| *table == "media.uploads").count() < 3 {
        tokio::task::yield_now().await;
    }
    let gone = service.remove(&first, &person.key, &[&first, &second], &second).await;
    removed.store(true, Ordering::SeqCst);
    assert_eq!(gone.status, 204, "{}", gone.code());
    let after = service.dump().await;
    assert!(hammering.await.unwrap() > 0);
    assert_eq!(after, service.dump().await, "something of the device was accepted after its removal");

    let closed = loop {
        if let Err(code) = next(&mut socket).await {
            break code;
        }
    };
    assert_eq!(closed, 4002);
    let mut answer = vec![0; 4096];
    let length = half.read(&mut answer).await.unwrap();
    let answer = &answer[..length];
    assert!(answer.starts_with(b"HTTP/1.1 401"), "{}", String::from_utf8_lossy(answer));
    let refusal = answer.windows(2).rposition(|pair| pair == b"\r\n").map(|at| &answer[at + 2..]).unwrap();
    assert!(ErrorBody::decode(refusal).is_ok());

    // Nothing brings it back: no challenge, no second registration of its name; a repeated removal is answered again.
    let request = service.token_request(&second).await;
    assert_eq!(service.call("POST", "auth/token", None, request.encode()).await.code(), "Unauthenticated");
    let body = add_request(&person.key, &[&first.mls], &second.mls).encode();
    assert_eq!(service.call("POST", "accounts/devices", Some(&first.token), body).await.code(), "Conflict");
    assert_eq!(service.remove(&first, &person.key, &[&first, &second], &second).await.status, 204);
    let own = |(_, key): &&(&str, Vec<u8>)| key.windows(6).any(|window| window == b"ann/d2");
    let left: Vec<_> = after.keys().filter(own).map(|(table, _)| *table).collect();
    assert_eq!(left, ["edge.removed"]);
    service.stop().await;
}

#[tokio::test]
async fn a_device_removes_itself_but_not_the_last_one() {
    let service = World::new().start("account");
    let (person, first, second) = two_devices(&service).await;
    assert_eq!(service.remove(&second, &person.key, &[&first, &second], &second).await.status, 204);
    let refused = service.call("GET", "account", Some(&second.token), vec![]).await;
    assert_eq!(refused.code(), "Unauthenticated");
    let before = service.dump().await;
    assert_eq!(service.remove(&first, &person.key, &[&first, &second], &first).await.code(), "Conflict");
    assert_eq!(before, service.dump().await);
    assert_eq!(service.call("GET", "account", Some(&first.token), vec![]).await.status, 200);
    service.stop().await;
}

/// A way to other services on which the first message waits for a word.
#[derive(Default)]
struct Slow {
    sent: AtomicUsize,
    word: Notify,
}

impl Link for Slow {
    fn post<'a>(
        &'a self,
        domain: &'a Domain,
        _: Endpoint,
        _: &'a str,
        _: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, FederationError>> {
        Box::pin(async move {
            if self.sent.fetch_add(1, Ordering::SeqCst) == 0 {
                self.word.notified().await;
            }
            Err(FederationError::Misbehaved { domain: domain.clone(), what: "it does not answer" })
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

/// How many of three messages to a room elsewhere get onto their way, if the device that sent them is removed while
/// the first is.
async fn sent_of_three(remove: bool) -> usize {
    let (world, link) = (World::new(), Arc::new(Slow::default()));
    let service = world.start_linked("account", "account.test", free_port(), &[], "", Some(link.clone()));
    let (person, first, mut second) = two_devices(&service).await;
    let room: RoomUri = "mimi://elsewhere.test/r/tea".parse().unwrap();
    let agent = super::stream::agent(&service).await;
    second.mls.begin(&room, &agent, super::mls::CLASSICAL, |_| {});
    let mut socket = service.connect(&second.token, "").await;
    for tag in 0..3 {
        let request = second.mls.message(b"x");
        send(&mut socket, &ClientFrame::Submit { tag, room: room.clone(), request }).await;
    }
    let sent = || link.sent.load(Ordering::SeqCst);
    while sent() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    if remove {
        // The removal is answered once what was begun has ended.
        let both = [&first, &second];
        let removal = service.remove(&first, &person.key, &both, &second);
        let word = async {
            while !matches!(next(&mut socket).await, Err(4002)) {}
            link.word.notify_one();
        };
        let (removal, ()) = tokio::join!(removal, word);
        assert_eq!(removal.status, 204, "{}", removal.code());
    } else {
        link.word.notify_one();
        for _ in 0..3 {
            while !matches!(next(&mut socket).await, Ok(ServerFrame::Refused { .. })) {}
        }
    }
    service.stop().await;
    sent()
}

#[tokio::test]
async fn what_waits_behind_others_is_not_sent_for_a_device_that_was_removed() {
    assert_eq!(sent_of_three(false).await, 3);
    assert_eq!(sent_of_three(true).await, 1);
}
