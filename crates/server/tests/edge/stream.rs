//! The WebSocket: submissions in order, deliveries with a window, catch-up, replacement, draining.

use super::{
    first_contacts::claim,
    key_packages::{last_resort, packages, publish, raw},
    mls::CLASSICAL,
    world::*,
};
use trefoil_proto::{
    ErrorCode, RoomUri, Wire as _,
    edge::Identifier,
    frame::{ClientFrame, MailboxEntry, MailboxEvent, ServerFrame},
    franking::FrankingAgentData,
    mimi::{
        FanoutMessage, SubmitMessageResponse, UpdateRoomResponse, submit::Delivery, update::UpdateOutcome,
    },
    room::{ParticipantListUpdate, Role, UserRolePair},
};

pub async fn agent(service: &Running) -> FrankingAgentData {
    let info: trefoil_proto::edge::ServiceInfo = service.call("GET", "service", None, vec![]).await.decode();
    FrankingAgentData {
        franking_signature_key: info.franking_signature_key.to_vec(),
        credential: info.franking_credential,
    }
}

pub fn segment(room: &RoomUri) -> String {
    trefoil_proto::paths::segment(&room.to_string())
}

pub fn name(text: &str) -> Identifier {
    Identifier::AccountName(text.as_bytes().to_vec())
}

/// Ann opens a room and adds Bob, who is in once he took in his Welcome.
pub async fn room_of_two(service: &Running) -> (RoomUri, Member, Member) {
    let mut ann = service.join("ann", name("Ann")).await;
    let bob = service.join("bob", name("Bob")).await;
    let room: RoomUri = "mimi://account.test/r/tea".parse().unwrap();
    let create = ann.mls.begin(&room, &agent(service).await, CLASSICAL, |_| {});
    let opened = service.call("POST", "rooms", Some(&ann.token), create.encode()).await;
    assert_eq!(opened.status, 201, "{}", opened.code());
    // Of those for one use he would hear that there are few left.
    let package = last_resort(&bob.mls);
    assert_eq!(publish(service, &bob, Vec::new(), vec![raw(&package)]).await.status, 204);
    let claimed = claim(service, &ann, &bob.uri().user_uri(), &room.to_string()).await;
    assert_eq!(packages(&claimed.decode()), [raw(&package)]);
    let added = UserRolePair { user: bob.uri().user_uri(), role: Role::MEMBER };
    let update = ParticipantListUpdate { added: vec![added], ..Default::default() };
    let commit = ann.mls.commit(vec![package], vec![], Some(update));
    let path = format!("update/{}", segment(&room));
    let response: UpdateRoomResponse = service.ask(&path, Some(&ann.token), &commit).await;
    assert!(matches!(response.outcome, UpdateOutcome::Success { .. }), "{response:?}");
    ann.mls.merge();
    (room, ann, bob)
}

pub fn event(entry: &MailboxEntry) -> FanoutMessage {
    room_event(entry).expect("an event of a room")
}

pub fn room_event(entry: &MailboxEntry) -> Option<FanoutMessage> {
    match MailboxEvent::decode(&entry.body).unwrap() {
        MailboxEvent::Room { message, .. } => Some(message),
        MailboxEvent::DevicesChanged | MailboxEvent::KeyPackagesLow { .. } | MailboxEvent::Lapsed { .. } => {
            None
        }
    }
}

pub async fn delivered(socket: &mut Socket) -> Vec<MailboxEntry> {
    match next(socket).await {
        Ok(ServerFrame::Deliver { entries }) => entries,
        other => panic!("not a delivery: {other:?}"),
    }
}

#[tokio::test]
async fn messages_arrive_in_the_order_they_were_submitted() {
    let service = World::new().start("account");
    let (room, mut ann, mut bob) = room_of_two(&service).await;
    let mut from = service.connect(&ann.token, "").await;
    // Ann's own commit comes back to her.
    let own = delivered(&mut from).await;
    assert_eq!(own.len(), 1);
    send(&mut from, &ClientFrame::Acknowledge { through: own[0].position }).await;
    assert_eq!(next(&mut from).await, Ok(ServerFrame::CaughtUp));

    let count = 50;
    for tag in 0..count {
        let request = ann.mls.message(format!("message {tag}").as_bytes());
        send(&mut from, &ClientFrame::Submit { tag, room: room.clone(), request }).await;
    }
    let mut answered = Vec::new();
    while answered.len() < count as usize {
        match next(&mut from).await {
            Ok(ServerFrame::Submitted { tag, response: SubmitMessageResponse::Accepted { .. } }) => {
                answered.push(tag);
            }
            other => panic!("not accepted: {other:?}"),
        }
    }
    answered.sort_unstable();
    assert_eq!(answered, (0..count).collect::<Vec<_>>());

    let mut to = service.connect(&bob.token, "").await;
    let mut texts = Vec::new();
    let mut last = 0;
    while texts.len() < count as usize {
        for entry in delivered(&mut to).await {
            assert!(entry.position > last);
            last = entry.position;
            texts.extend(bob.mls.receive(&event(&entry)).map(|text| String::from_utf8(text).unwrap()));
        }
        send(&mut to, &ClientFrame::Acknowledge { through: last }).await;
    }
    assert_eq!(texts, (0..count).map(|tag| format!("message {tag}")).collect::<Vec<_>>());
    assert_eq!(next(&mut to).await, Ok(ServerFrame::CaughtUp));

    // Live from now on, both durable and passing.
    let request = ann.mls.message(b"live");
    send(&mut from, &ClientFrame::Submit { tag: 1, room: room.clone(), request }).await;
    assert_eq!(bob.mls.receive(&event(&delivered(&mut to).await[0])), Some(b"live".to_vec()));
    let mut request = ann.mls.message(b"typing");
    request.delivery = Delivery::Passing;
    send(&mut from, &ClientFrame::Submit { tag: 2, room, request }).await;
    let Ok(ServerFrame::Passing { body }) = next(&mut to).await else { panic!("nothing passed") };
    assert!(matches!(MailboxEvent::decode(&body), Ok(MailboxEvent::Room { .. })));
    service.stop().await;
}

#[tokio::test]
async fn no_more_than_two_deliveries_go_ahead_and_the_rest_waits() {
    let service = World::new().start("account");
    let (room, mut ann, bob) = room_of_two(&service).await;
    let mut from = service.connect(&ann.token, "").await;
    let count = 700_u32;
    for tag in 0..count {
        let request = ann.mls.message(b"x");
        send(&mut from, &ClientFrame::Submit { tag, room: room.clone(), request }).await;
        if tag % 50 == 49 {
            // Take the answers, so that neither side waits for the other's buffers.
            let mut answers = 0;
            while answers < 50 {
                answers += u32::from(matches!(next(&mut from).await, Ok(ServerFrame::Submitted { .. })));
            }
        }
    }
    let mut to = service.connect(&bob.token, "").await;
    let first = delivered(&mut to).await;
    let second = delivered(&mut to).await;
    let silence = tokio::time::timeout(std::time::Duration::from_millis(200), next(&mut to)).await;
    assert!(silence.is_err(), "a third delivery came ahead of the acknowledgement");
    // The device goes away; what it did not acknowledge comes again, after the position that it names.
    send(&mut to, &ClientFrame::Acknowledge { through: first.last().unwrap().position }).await;
    let third = delivered(&mut to).await;
    assert!(third[0].position > second.last().unwrap().position);
    drop(to);
    let after = first.last().unwrap().position;
    let mut to = service.connect(&bob.token, &format!("?after={after}")).await;
    assert_eq!(delivered(&mut to).await[0], second[0]);
    let mut from_start = service.connect(&bob.token, "").await;
    let replaced = loop {
        if let Err(code) = next(&mut to).await {
            break code;
        }
    };
    assert_eq!(replaced, 4001);
    let mut seen = first.len();
    while seen < count as usize + 1 {
        let entries = delivered(&mut from_start).await;
        seen += entries.len();
        send(&mut from_start, &ClientFrame::Acknowledge { through: entries.last().unwrap().position }).await;
    }
    assert_eq!(seen, count as usize + 1);
    assert_eq!(next(&mut from_start).await, Ok(ServerFrame::CaughtUp));
    service.stop().await;
}

#[tokio::test]
async fn a_refused_submission_says_why_and_the_connection_goes_on() {
    let world = World::new();
    let limits = "[limits]\nmessages_per_second = 1\n";
    let service = world.start_with("account", "account.test", free_port(), &[], limits);
    let (room, mut ann, bob) = room_of_two(&service).await;
    let mut socket = service.connect(&ann.token, "").await;
    delivered(&mut socket).await;
    assert_eq!(next(&mut socket).await, Ok(ServerFrame::CaughtUp));
    let mut as_bob = ann.mls.message(b"x");
    as_bob.sending_uri = bob.uri().user_uri();
    let nowhere: RoomUri = "mimi://account.test/r/none".parse().unwrap();
    let unknown_service: RoomUri = "mimi://localhost/r/none".parse().unwrap();
    for (tag, room, request, code) in [
        (1, room.clone(), as_bob, ErrorCode::NotAllowed),
        (2, nowhere, ann.mls.message(b"x"), ErrorCode::NotFound),
        (3, unknown_service, ann.mls.message(b"x"), ErrorCode::PeerUnavailable),
    ] {
        send(&mut socket, &ClientFrame::Submit { tag, room, request }).await;
        match next(&mut socket).await {
            Ok(ServerFrame::Refused { tag: answered, error }) => {
                // The hub may say of a message for another room that it is malformed before it looks for the room.
                let close = error.code == code || (tag == 2 && error.code == ErrorCode::Malformed);
                assert!(answered == tag && close, "{tag}: {error:?}");
            }
            other => panic!("not refused: {other:?}"),
        }
    }
    for tag in 10..30 {
        let request = ann.mls.message(b"x");
        send(&mut socket, &ClientFrame::Submit { tag, room: room.clone(), request }).await;
    }
    let (mut accepted, mut limited) = (0, 0);
    while accepted + limited < 20 {
        match next(&mut socket).await {
            Ok(ServerFrame::Submitted { .. }) => accepted += 1,
            Ok(ServerFrame::Refused { error, .. }) => {
                assert_eq!(error.code, ErrorCode::RateLimited);
                limited += 1;
            }
            other => panic!("unexpected: {other:?}"),
        }
    }
    assert!(accepted >= 5 && limited >= 5, "{accepted} {limited}");
    service.stop().await;
}

#[tokio::test]
async fn a_service_that_stops_says_so_and_finishes() {
    let service = World::new().start("account");
    let ann = service.join("ann", name("Ann")).await;
    let mut socket = service.connect(&ann.token, "").await;
    assert_eq!(next(&mut socket).await, Ok(ServerFrame::CaughtUp));
    let watching = tokio::spawn(async move {
        let first = next(&mut socket).await;
        (first, next(&mut socket).await)
    });
    service.stop().await;
    assert_eq!(watching.await.unwrap(), (Ok(ServerFrame::Draining), Err(1001)));
}

#[tokio::test]
async fn a_device_for_which_a_room_was_too_loud_is_told_when_it_connects() {
    let service = World::new().start_with(
        "account",
        "account.test",
        free_port(),
        &[],
        "[limits]\nmailbox_entries = 16\n",
    );
    let (room, mut ann, bob) = room_of_two(&service).await;
    let mut from = service.connect(&ann.token, "").await;
    let own = delivered(&mut from).await;
    send(&mut from, &ClientFrame::Acknowledge { through: own[0].position }).await;
    assert_eq!(next(&mut from).await, Ok(ServerFrame::CaughtUp));
    for tag in 0..60 {
        let request = ann.mls.message(b"again");
        send(&mut from, &ClientFrame::Submit { tag, room: room.clone(), request }).await;
        assert!(matches!(next(&mut from).await, Ok(ServerFrame::Submitted { .. })));
        // What the mailbox does not take any more is found out beside the messages.
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let mut to = service.connect(&bob.token, "").await;
    let mut found = Vec::new();
    loop {
        match next(&mut to).await {
            Ok(ServerFrame::Deliver { entries }) => {
                let through = entries.last().unwrap().position;
                found.extend(entries.into_iter().map(|entry| MailboxEvent::decode(&entry.body).unwrap()));
                send(&mut to, &ClientFrame::Acknowledge { through }).await;
            }
            Ok(ServerFrame::CaughtUp) => break,
            other => panic!("not a delivery: {other:?}"),
        }
    }
    assert_eq!(found.pop(), Some(MailboxEvent::Lapsed { room: Some(room.clone()) }));
    assert!((2..60).contains(&found.len()), "a Welcome and some of the messages: {}", found.len());
    // It is told, and hears the room again.
    let request = ann.mls.message(b"after");
    send(&mut from, &ClientFrame::Submit { tag: 60, room, request }).await;
    assert!(room_event(&delivered(&mut to).await[0]).is_some());
    service.stop().await;
}
