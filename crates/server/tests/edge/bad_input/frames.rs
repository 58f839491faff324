//! Frames of the WebSocket that are none: the connection ends with its code, and nothing is changed.

use super::super::{
    mls::CLASSICAL,
    stream::{agent, delivered, name},
    world::*,
};
use futures_util::{SinkExt as _, StreamExt as _};
use std::time::Duration;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};
use trefoil_proto::{
    RoomUri, Wire as _,
    frame::{ClientFrame, ServerFrame},
    limits,
};

const UNSUPPORTED: u16 = 1003;
const MALFORMED: u16 = 1007;

async fn open(service: &Running, ann: &Member) -> Socket {
    let mut socket = service.connect(&ann.token, "").await;
    assert_eq!(next(&mut socket).await, Ok(ServerFrame::CaughtUp));
    socket
}

#[tokio::test]
async fn frames_that_do_not_decode_end_the_connection_and_change_nothing() {
    let service = World::new().start("account");
    let mut ann = service.join("ann", name("Ann")).await;
    let room: RoomUri = "mimi://account.test/r/tea".parse().unwrap();
    let create = ann.mls.begin(&room, &agent(&service).await, CLASSICAL, |_| {});
    assert_eq!(service.call("POST", "rooms", Some(&ann.token), create.encode()).await.status, 201);
    let acknowledge = ClientFrame::Acknowledge { through: 7 }.encode();
    let submit = ClientFrame::Submit { tag: 1, room, request: ann.mls.message(b"x") }.encode();
    let mut spoiled = vec![Vec::new(), vec![0], vec![9, 9, 9], vec![0xff; 4096]];
    for frame in [&acknowledge, &submit] {
        spoiled
            .extend([1, frame.len() / 4, frame.len() / 2, frame.len() - 1].map(|cut| frame[..cut].to_vec()));
        spoiled.push([frame.as_slice(), &[0]].concat());
        // Of a kind that there is not.
        spoiled.push([&[3], &frame[1..]].concat());
    }
    drop(open(&service, &ann).await);
    let before = service.dump().await;
    for frame in spoiled {
        let mut socket = open(&service, &ann).await;
        let what = format!("{} bytes: {:?}", frame.len(), &frame[..frame.len().min(16)]);
        socket.send(Message::binary(frame)).await.unwrap();
        assert_eq!(next(&mut socket).await, Err(MALFORMED), "{what}");
    }
    for text in ["hello".to_owned(), String::new(), "a".repeat(10_000)] {
        let mut socket = open(&service, &ann).await;
        socket.send(Message::text(text)).await.unwrap();
        assert_eq!(next(&mut socket).await, Err(UNSUPPORTED));
    }
    // Larger than any frame may be: cut off without being read.
    for size in [limits::CLIENT_FRAME + 1, 1024 * 1024] {
        let mut socket = open(&service, &ann).await;
        let _ = socket.send(Message::binary(vec![1; size])).await;
        assert_ends(&mut socket).await;
    }
    // The same in pieces, each of which is small enough.
    let mut socket = open(&service, &ann).await;
    let piece = || vec![1_u8; limits::CLIENT_FRAME / 2 + 1];
    for (code, last) in [(OpCode::Data(Data::Binary), false), (OpCode::Data(Data::Continue), true)] {
        let _ = socket.send(Message::Frame(Frame::message(piece(), code, last))).await;
    }
    assert_ends(&mut socket).await;
    assert_eq!(before, service.dump().await);
    service.stop().await;
}

/// The service ends the connection without another word of its own.
async fn assert_ends(socket: &mut Socket) {
    let ended = tokio::time::timeout(Duration::from_secs(10), async {
        while let Some(Ok(message)) = socket.next().await {
            assert!(!matches!(message, Message::Binary(_)));
        }
    });
    ended.await.unwrap();
}

#[tokio::test]
async fn what_was_never_delivered_cannot_be_acknowledged() {
    let service = World::new().start("account");
    let ann = service.join("ann", name("Ann")).await;
    let mut socket = open(&service, &ann).await;
    for through in [1, 1 << 40, u64::MAX] {
        send(&mut socket, &ClientFrame::Acknowledge { through }).await;
    }
    // Another device of hers comes in, and the first one is told: the mailbox did not run ahead.
    let person = super::super::mls::Person::new("account.test", "ann");
    let second = person.device("d2");
    let request = add_request(&person.key, &[&ann.mls], &second).encode();
    let added = service.call("POST", "accounts/devices", Some(&ann.token), request);
    assert_eq!(added.await.status, 201);
    let second = service.log_in(Member { mls: second, token: String::new() }).await;
    let third = person.device("d3");
    let request = add_request(&person.key, &[&ann.mls, &second.mls], &third).encode();
    let added = service.call("POST", "accounts/devices", Some(&second.token), request);
    assert_eq!(added.await.status, 201);
    assert_eq!(delivered(&mut socket).await.len(), 1);
    service.stop().await;
}
