//! Rates of addresses, people and services, and what one connection may cost. The clock stands still until it is moved.

use super::{
    key_packages::{last_resort, open_room, packages, path, publish, raw, request},
    mls::CLASSICAL,
    stream::agent,
    world::*,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use trefoil_proto::{
    ErrorCode, Wire as _,
    edge::{CodeRequest, Identifier},
    frame::{ClientFrame, ServerFrame},
    mimi::KeyMaterialResponse,
};

const HOUR: u64 = 60 * 60 * 1000;

fn start(profile: &str, limits: &str) -> Running {
    let limits = format!("[limits]\n{limits}\n");
    World::new().start_with(profile, &format!("{profile}.test"), free_port(), &[], &limits)
}

fn name(text: &str) -> Identifier {
    Identifier::AccountName(text.as_bytes().to_vec())
}

#[tokio::test]
async fn an_address_makes_so_many_accounts_an_hour() {
    let service = start("account", "registrations_per_hour = 2");
    let register = |who: &str| {
        let (_, request) = service.newcomer(who, name(who));
        let service = &service;
        async move { service.call("POST", "accounts", None, request.encode()).await }
    };
    assert_eq!(register("ann").await.status, 201);
    assert_eq!(register("bob").await.status, 201);
    let before = service.dump().await;
    let refused = register("eve").await;
    assert_eq!(
        (refused.code().as_str(), refused.error().unwrap().retry_after_ms),
        ("RateLimited", 1_800_000)
    );
    assert_eq!(before, service.dump().await);
    service.clock.advance(HOUR / 2);
    assert_eq!(register("eve").await.status, 201);
    service.stop().await;
}

#[tokio::test]
async fn all_addresses_together_make_so_many_accounts_an_hour() {
    let service = start("account", "registrations_per_hour_in_all = 1");
    service.join("ann", name("Ann")).await;
    let before = service.dump().await;
    let (_, request) = service.newcomer("bob", name("Bob"));
    let answer = service.call("POST", "accounts", None, request.encode()).await;
    assert_eq!(answer.code(), "RateLimited");
    assert_eq!(before, service.dump().await);
    service.clock.advance(HOUR);
    assert_eq!(service.call("POST", "accounts", None, request.encode()).await.status, 201);
    service.stop().await;
}

async fn ask_code(service: &Running, number: u32) -> String {
    let request = CodeRequest { number: format!("+4712345{number:03}").into_bytes() };
    let answer = service.call("POST", "accounts/code", None, request.encode()).await;
    if answer.status == 202 { "sent".into() } else { answer.code() }
}

#[tokio::test]
async fn an_address_asks_for_so_many_codes_an_hour_whatever_the_numbers() {
    let service = start("phone", "codes_per_hour_from_address = 3");
    for number in 0..3 {
        assert_eq!(ask_code(&service, number).await, "sent");
    }
    let before = service.dump().await;
    assert_eq!(ask_code(&service, 3).await, "RateLimited");
    assert_eq!(before, service.dump().await);
    service.clock.advance(HOUR / 3);
    assert_eq!(ask_code(&service, 3).await, "sent");
    service.stop().await;
}

#[tokio::test]
async fn all_numbers_together_get_so_many_codes_an_hour() {
    let service = start("phone", "codes_per_hour_in_all = 2\ncodes_per_hour = 1");
    assert_eq!(ask_code(&service, 0).await, "sent");
    // A number past its own rate gets nothing, hears nothing, and uses up nothing of what all share.
    assert_eq!(ask_code(&service, 0).await, "sent");
    assert_eq!(ask_code(&service, 1).await, "sent");
    let before = service.dump().await;
    assert_eq!(ask_code(&service, 2).await, "RateLimited");
    assert_eq!(before, service.dump().await);
    service.stop().await;
}

#[tokio::test]
async fn nobody_drains_the_packages_of_another_and_nobody_is_refused_for_it() {
    let service = start("account", "key_claims_per_target_per_hour = 6");
    let bob = service.join("bob", name("Bob")).await;
    let last = raw(&last_resort(&bob.mls));
    let one_use = (0..20).map(|_| raw(&bob.mls.key_package(CLASSICAL))).collect();
    assert_eq!(publish(&service, &bob, one_use, vec![last.clone()]).await.status, 204);
    let user = bob.uri().user_uri();
    let mut taken = Vec::new();
    for asker in ["ann", "carl", "eve", "finn"] {
        let room = format!("mimi://account.test/r/{asker}");
        let mut asker = service.join(asker, name(asker)).await;
        open_room(&service, &mut asker, &room).await;
        let body = request(&asker.mls, &user, vec![1], &room).encode();
        let mut own = 0;
        for _ in 0..5 {
            let answer = service.call("POST", &path(&user), Some(&asker.token), body.clone()).await;
            let got = packages(&answer.decode::<KeyMaterialResponse>());
            assert_eq!(got.len(), 1);
            own += usize::from(got[0] != last);
        }
        taken.push(own);
    }
    // A third of six each, six in all, and after that the last resort.
    assert_eq!(taken, [2, 2, 2, 0]);
    service.stop().await;
}

#[tokio::test]
async fn a_new_connection_brings_no_new_burst_of_messages() {
    let service = start("account", "messages_per_second = 1");
    let mut ann = service.join("ann", name("Ann")).await;
    let room: trefoil_proto::RoomUri = "mimi://account.test/r/tea".parse().unwrap();
    let create = ann.mls.begin(&room, &agent(&service).await, CLASSICAL, |_| {});
    assert_eq!(service.call("POST", "rooms", Some(&ann.token), create.encode()).await.status, 201);
    let (mut accepted, mut limited) = (0, 0);
    for _ in 0..3 {
        let mut socket = service.connect(&ann.token, "").await;
        for tag in 0..8 {
            let request = ann.mls.message(b"x");
            send(&mut socket, &ClientFrame::Submit { tag, room: room.clone(), request }).await;
        }
        let mut answers = 0;
        while answers < 8 {
            match next(&mut socket).await {
                Ok(ServerFrame::Submitted { .. }) => (accepted, answers) = (accepted + 1, answers + 1),
                Ok(ServerFrame::Refused { error, .. }) => {
                    assert_eq!(error.code, ErrorCode::RateLimited);
                    (limited, answers) = (limited + 1, answers + 1);
                }
                Ok(_) => {}
                Err(code) => panic!("closed with {code}"),
            }
        }
    }
    assert_eq!((accepted, limited), (10, 14));
    service.stop().await;
}

#[tokio::test]
async fn a_certificate_is_one_peer_whatever_port_it_names() {
    let world = World::new();
    let limits = "[limits]\npeer_requests_per_second = 2\n";
    let peers = [("handle.test:8443", 1)];
    let service = world.start_with("account", "account.test", free_port(), &peers, limits);
    let peer = world.peer_client("handle.test", &service);
    let base = format!("https://account.test:{}/mimi/v1", service.addresses.federation.port());
    let ask = |from: &str| {
        let request = peer.post(format!("{base}/requestConsent/x")).header("from", format!("mimi@{from}"));
        let other = peer.get(format!("{base}/proxyDownload/x")).header("from", format!("mimi@{from}"));
        async move { (answer(request).await.code(), answer(other).await.code()) }
    };
    for port in 1..50 {
        assert_eq!(ask(&format!("handle.test:{port}")).await.1, "WrongDomain");
    }
    // The one that the operator named, and the host alone, share one rate.
    assert_eq!(ask("handle.test").await.1, "WrongDomain");
    assert_eq!(ask("handle.test:8443").await.1, "WrongDomain");
    assert_eq!(ask("handle.test").await.1, "RateLimited");
    assert_eq!(ask("handle.test:8443").await.1, "RateLimited");
    service.clock.advance(1000);
    assert_eq!(ask("handle.test:8443").await.1, "WrongDomain");
    service.stop().await;
}

#[tokio::test]
async fn an_address_has_so_many_connections() {
    let service = start("account", "connections_per_address = 2");
    let first = service.tls(b"http/1.1").await;
    let second = service.tls(b"http/1.1").await;
    assert!(first.is_ok() && second.is_ok());
    assert!(service.tls(b"http/1.1").await.is_err());
    drop(first);
    // The service notices at its own pace.
    let again = async {
        while service.tls(b"http/1.1").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), again).await.unwrap();
    service.stop().await;
}

/// A frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// What came until the end of the connection, or until a frame of the kind.
async fn frames_until(stream: &mut (impl tokio::io::AsyncRead + Unpin), wanted: u8) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            return frames;
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        if stream.read_exact(&mut payload).await.is_err() {
            return frames;
        }
        frames.push((head[3], payload));
        if head[3] == wanted {
            return frames;
        }
    }
}

#[tokio::test]
async fn http2_is_bounded_in_streams_headers_and_resets() {
    const HEADERS: u8 = 1;
    const RESET: u8 = 3;
    const SETTINGS: u8 = 4;
    const GOAWAY: u8 = 7;
    let service = start("account", "");
    let mut stream = service.tls(b"h2").await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
    let settings = frames_until(&mut stream, SETTINGS).await.pop().unwrap().1;
    let said = |id: u16| {
        settings
            .chunks(6)
            .find(|one| one[..2] == id.to_be_bytes())
            .map(|one| u32::from_be_bytes(one[2..].try_into().unwrap()))
    };
    assert_eq!((said(3), said(4), said(6)), (Some(128), Some(256 * 1024), Some(16 * 1024)));
    // Rapid reset: streams that are opened and given up before anything looked at them.
    let mut flood = Vec::new();
    for stream in (1..4001).step_by(2) {
        // `:method GET`, `:scheme https`, `:path /`, all from the static table (RFC 7541, appendix A).
        flood.extend(frame(HEADERS, 0x5, stream, &[0x82, 0x87, 0x84]));
        flood.extend(frame(RESET, 0, stream, &8_u32.to_be_bytes()));
    }
    let (mut read, mut write) = tokio::io::split(stream);
    let writing = tokio::spawn(async move {
        // It may be cut off while it still writes.
        let _ = write.write_all(&flood).await;
        write
    });
    let frames = frames_until(&mut read, GOAWAY).await;
    drop(writing.await.unwrap());
    let code = |payload: &[u8]| u32::from_be_bytes(payload[4..8].try_into().unwrap());
    match frames.last() {
        // ENHANCE_YOUR_CALM (RFC 9113, section 7).
        Some((GOAWAY, payload)) => assert_eq!(code(payload), 0xb),
        _ => panic!("the connection ended without a word: {frames:?}"),
    }
    assert_eq!(service.call("GET", "service", None, vec![]).await.status, 200);
    service.stop().await;
}
