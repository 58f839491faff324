//! The same bytes again, and handshakes and messages of another epoch: over HTTP, over the WebSocket, between services.
//! The answer is the first one or a named error, and nothing is changed.

use super::{
    bad_input::devices::{WIDE, group_info_request},
    federation::{pair, room_across},
    key_packages::{last_resort, packages, path as key_material, raw, request as key_request},
    mls::{CLASSICAL, Person},
    stream::{agent, delivered, room_of_two, segment},
    world::*,
};
use trefoil_proto::{
    RoomUri, Timestamp, Wire as _,
    edge::{CodeRequest, Identifier, OpenUpload, PublishKeyPackages, UploadTicket},
    frame::{ClientFrame, ServerFrame},
    mimi::{
        FanoutMessage, KeyMaterialResponse, NotifyRequest, Protocol, SubmitMessageResponse, UpdateRequest,
        UpdateRoomResponse,
        fanout::{Recipient, RoomEvent},
        identifier::{IdentifierRequest, QueryElement},
        submit::Delivery,
        update::UpdateOutcome,
    },
    mls::MlsMessage,
    paths,
};

/// What the second of two equal requests comes to.
enum Again {
    /// The same status and body.
    Same,
    /// This status: that it was known already, or was done.
    Status(u16),
    /// This error.
    Error(&'static str),
}

/// Requests of a device, one after another, each of them twice.
struct Twice<'a> {
    service: &'a Running,
    token: &'a str,
}

impl Twice<'_> {
    async fn ask(&self, method: &str, path: &str, body: Vec<u8>, again: Again) -> Answer {
        let first = self.service.call(method, path, Some(self.token), body.clone()).await;
        assert!((200..300).contains(&first.status), "{method} {path}: {}", first.code());
        let before = self.service.dump().await;
        let second = self.service.call(method, path, Some(self.token), body).await;
        match again {
            Again::Same => {
                assert_eq!((first.status, &first.body), (second.status, &second.body), "{method} {path}");
            }
            Again::Status(status) => assert_eq!(second.status, status, "{method} {path}"),
            Again::Error(code) => assert_eq!(second.code(), code, "{method} {path}"),
        }
        assert_eq!(before, self.service.dump().await, "{method} {path} changed something");
        first
    }
}

/// A service whose quotas are used up by one of each: what makes something new each time is bounded by them.
fn narrow(world: &World) -> Running {
    let more =
        format!("{WIDE}codes_per_hour = 1\nmedia_bytes_per_day = 5\nkey_claims_per_target_per_hour = 3\n");
    world.start_with("phone", "phone.test", free_port(), &[], &more)
}

async fn by_phone(service: &Running, name: &str, number: &str) -> (Member, Vec<u8>) {
    service.call("POST", "accounts/code", None, CodeRequest { number: number.into() }.encode()).await;
    let code = super::accounts::last_code(service, number).await;
    let identifier = Identifier::Phone { number: number.into(), code: code.into() };
    let (member, request) = service.newcomer(name, identifier);
    assert_eq!(service.call("POST", "accounts", None, request.encode()).await.status, 201);
    (service.log_in(member).await, request.encode())
}

#[tokio::test]
async fn every_request_of_a_device_sent_again_changes_nothing() {
    let world = World::new();
    let service = narrow(&world);
    let (mut ann, registration) = by_phone(&service, "ann", "+4711111111").await;
    let (bob, _) = by_phone(&service, "bob", "+4722222222").await;
    let token = ann.token.clone();
    let twice = Twice { service: &service, token: &token };

    let code = CodeRequest { number: b"+4733333333".to_vec() }.encode();
    twice.ask("POST", "accounts/code", code, Again::Same).await;
    assert_eq!(service.call("POST", "accounts", None, registration.clone()).await.status, 200);
    let logging_in = service.token_request(&ann).await.encode();
    twice.ask("POST", "auth/token", logging_in, Again::Error("Unauthenticated")).await;
    for path in ["service", "account", "accounts/devices", "keyPackages"] {
        twice.ask("GET", path, Vec::new(), Again::Same).await;
    }
    let person = Person::new(&service.domain, "ann");
    let second = person.device("d2");
    twice
        .ask(
            "POST",
            "accounts/devices",
            add_request(&person.key, &[&ann.mls], &second).encode(),
            Again::Status(200),
        )
        .await;
    let removal = removal(&person.key, &[&ann.mls, &second], &second.uri, service.clock_now()).encode();
    twice.ask("DELETE", "accounts/devices/d2", removal, Again::Same).await;

    let packages_of_ann = PublishKeyPackages {
        one_use: vec![raw(&ann.mls.key_package(CLASSICAL))],
        last_resort: vec![raw(&last_resort(&ann.mls))],
    };
    twice.ask("POST", "keyPackages", packages_of_ann.encode(), Again::Same).await;
    let room: RoomUri = "mimi://phone.test/r/tea".parse().unwrap();
    let create = ann.mls.begin(&room, &agent(&service).await, CLASSICAL, |_| {});
    twice.ask("POST", "rooms", create.encode(), Again::Same).await;
    let message = ann.mls.message(b"hello");
    let submit = format!("submitMessage/{}", segment(&room));
    twice.ask("POST", &submit, message.encode(), Again::Same).await;
    let join = group_info_request(&ann.mls).encode();
    twice.ask("POST", &format!("groupInfo/{}", segment(&room)), join, Again::Status(200)).await;

    // A claim is a claim each time: what one asker may use up of a person's packages is bounded.
    let of_bob = PublishKeyPackages {
        one_use: (0..3).map(|_| raw(&bob.mls.key_package(CLASSICAL))).collect(),
        last_resort: vec![raw(&last_resort(&bob.mls))],
    };
    assert_eq!(service.call("POST", "keyPackages", Some(&bob.token), of_bob.encode()).await.status, 204);
    let user = bob.uri().user_uri();
    let claim = key_request(&ann.mls, &user, vec![1], &room.to_string()).encode();
    let first = twice.ask("POST", &key_material(&user), claim.clone(), Again::Status(200)).await;
    assert!(of_bob.one_use.contains(&packages(&first.decode())[0]));
    let third: KeyMaterialResponse =
        service.call("POST", &key_material(&user), Some(&token), claim).await.decode();
    assert_eq!(packages(&third), of_bob.last_resort);

    let query = IdentifierRequest {
        query_elements: vec![QueryElement::Phone(b"+4722222222".to_vec())],
        extensions: Default::default(),
    };
    twice.ask("POST", "identifierQuery/phone.test", query.encode(), Again::Same).await;
    let open = OpenUpload { length: 5 }.encode();
    let ticket: UploadTicket = twice.ask("POST", "media", open, Again::Error("QuotaExceeded")).await.decode();
    let at = format!("media/{}", String::from_utf8(ticket.id).unwrap());
    twice.ask("PUT", &format!("{at}?offset=0"), b"hello".to_vec(), Again::Error("WrongOffset")).await;
    twice.ask("GET", &at, Vec::new(), Again::Same).await;

    let commit = ann.mls.commit(vec![], vec![], None);
    let update = format!("update/{}", segment(&room));
    twice.ask("POST", &update, commit.encode(), Again::Status(200)).await;
    let late: UpdateRoomResponse =
        service.call("POST", &update, Some(&token), commit.encode()).await.decode();
    assert_eq!(late.outcome, UpdateOutcome::WrongEpoch { current_epoch: 1 });
    service.stop().await;
}

#[tokio::test]
async fn handshakes_and_messages_of_another_epoch_are_named_and_change_nothing() {
    let service = World::new().start("account");
    let (room, mut ann, mut bob) = room_of_two(&service).await;
    let update = format!("update/{}", segment(&room));
    let submit = format!("submitMessage/{}", segment(&room));
    let past = ann.mls.message(b"past");
    let next = ann.mls.commit(vec![], vec![], None);
    let leave = {
        bob.mls
            .receive(&super::stream::event(&delivered(&mut service.connect(&bob.token, "").await).await[0]));
        bob.mls.leave()
    };
    ann.mls.merge();
    let future = ann.mls.message(b"future");
    let after_next = ann.mls.commit(vec![], vec![], None);
    let (at, token) = (&service, ann.token.clone());
    let post = async |path: &str, body: Vec<u8>| at.call("POST", path, Some(&token), body).await;

    // Ahead of the room, which is in epoch 1: the device says that it knows a commit that the hub does not.
    let before = service.dump().await;
    let ahead: UpdateRoomResponse = post(&update, after_next.encode()).await.decode();
    assert_eq!(ahead.outcome, UpdateOutcome::WrongEpoch { current_epoch: 1 });
    let ahead: SubmitMessageResponse = post(&submit, future.encode()).await.decode();
    assert_eq!(ahead, SubmitMessageResponse::EpochTooOld { current_epoch: 1 });
    assert_eq!(before, service.dump().await);

    // The commit is taken; what is behind the room now is refused, by whichever door.
    let taken: UpdateRoomResponse = post(&update, next.encode()).await.decode();
    assert!(matches!(taken.outcome, UpdateOutcome::Success { .. }));
    let mut anns = service.connect(&ann.token, "").await;
    while next_frame(&mut anns).await != ServerFrame::CaughtUp {}
    let before = service.dump().await;
    for behind in [&next, &leave] {
        let token = if matches!(behind, UpdateRequest::Commit { .. }) { &ann.token } else { &bob.token };
        let answer: UpdateRoomResponse =
            service.call("POST", &update, Some(token), behind.encode()).await.decode();
        assert_eq!(answer.outcome, UpdateOutcome::WrongEpoch { current_epoch: 2 });
    }
    let answer: SubmitMessageResponse = post(&submit, past.encode()).await.decode();
    assert_eq!(answer, SubmitMessageResponse::EpochTooOld { current_epoch: 2 });
    send(&mut anns, &ClientFrame::Submit { tag: 5, room: room.clone(), request: past }).await;
    let response = SubmitMessageResponse::EpochTooOld { current_epoch: 2 };
    assert_eq!(next_frame(&mut anns).await, ServerFrame::Submitted { tag: 5, response });
    assert_eq!(before, service.dump().await);
    // What was ahead is in time now.
    let answer: SubmitMessageResponse = post(&submit, future.encode()).await.decode();
    assert!(matches!(answer, SubmitMessageResponse::Accepted { .. }));
    service.stop().await;
}

async fn next_frame(socket: &mut Socket) -> ServerFrame {
    next(socket).await.unwrap()
}

#[tokio::test]
async fn a_message_submitted_again_is_answered_as_before_and_delivered_once() {
    let service = World::new().start("account");
    let (room, mut ann, mut bob) = room_of_two(&service).await;
    let mut anns = service.connect(&ann.token, "").await;
    while next_frame(&mut anns).await != ServerFrame::CaughtUp {}
    let request = ann.mls.message(b"once");
    let mut answers = Vec::new();
    for tag in 0..3 {
        // The clock goes on: the answer is that of the first time all the same.
        service.clock.advance(1000);
        send(&mut anns, &ClientFrame::Submit { tag, room: room.clone(), request: request.clone() }).await;
        match next_frame(&mut anns).await {
            ServerFrame::Submitted { tag: answered, response } => {
                assert_eq!(answered, tag);
                answers.push(response);
            }
            other => panic!("not answered: {other:?}"),
        }
    }
    // By the other door, and after a commit of which the sender has not heard.
    let submit = format!("submitMessage/{}", segment(&room));
    answers.push(service.ask(&submit, Some(&ann.token), &request).await);
    let commit = ann.mls.commit(vec![], vec![], None);
    let update = format!("update/{}", segment(&room));
    let response: UpdateRoomResponse = service.ask(&update, Some(&ann.token), &commit).await;
    assert!(matches!(response.outcome, UpdateOutcome::Success { .. }));
    answers.push(service.ask(&submit, Some(&ann.token), &request).await);
    assert!(matches!(answers[0], SubmitMessageResponse::Accepted { .. }));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    // Welcome, message, commit.
    let mut bobs = service.connect(&bob.token, "").await;
    let mut texts = Vec::new();
    let mut seen = 0;
    while seen < 3 {
        for entry in delivered(&mut bobs).await {
            texts.extend(bob.mls.receive(&super::stream::event(&entry)));
            seen += 1;
            send(&mut bobs, &ClientFrame::Acknowledge { through: entry.position }).await;
        }
    }
    assert_eq!(texts, [b"once".to_vec()]);
    assert_eq!(next_frame(&mut bobs).await, ServerFrame::CaughtUp);
    service.stop().await;
}

#[tokio::test]
async fn the_same_between_services() {
    let world = World::new();
    let (account, handle) = pair(&world);
    let mut ann = account.join("ann", Identifier::AccountName(b"Ann".to_vec())).await;
    let mut bob = handle.join("bob", Identifier::Handle(b"bob".to_vec())).await;
    let (room, mut bobs) = room_across(&account, &handle, &mut ann, &mut bob).await;

    // Bob's service hands in everything twice.
    let peer = world.peer_client("handle.test", &account);
    let post = |endpoint: &str, body: Vec<u8>| {
        let port = account.addresses.federation.port();
        let url = format!("https://account.test:{port}/mimi/v1/{endpoint}/{}", segment(&room));
        answer(peer.post(url).header("from", "mimi@handle.test").body(body))
    };
    let message = bob.mls.message(b"hello");
    let first = post("submitMessage", message.encode()).await;
    let response: SubmitMessageResponse = first.decode();
    assert!(matches!(response, SubmitMessageResponse::Accepted { .. }));
    let past = bob.mls.message(b"past");
    // His own message comes back to him, since the hub knows the person only; so nothing is on its way any more.
    assert_eq!(own_messages(&mut bobs).await, 1);
    account.outbox_is_empty("handle.test").await;
    let before = account.dump().await;
    account.clock.advance(1000);
    assert_eq!(post("submitMessage", message.encode()).await.body, first.body);
    let join = group_info_request(&bob.mls).encode();
    assert_eq!(post("groupInfo", join.clone()).await.status, 200);
    assert_eq!(post("groupInfo", join).await.status, 200);
    assert_eq!(before, account.dump().await);
    let commit = bob.mls.commit(vec![], vec![], None);
    let taken: UpdateRoomResponse = post("update", commit.encode()).await.decode();
    assert!(matches!(taken.outcome, UpdateOutcome::Success { .. }));
    bob.mls.merge();
    let ahead = {
        bob.mls.commit(vec![], vec![], None);
        bob.mls.merge();
        (bob.mls.message(b"ahead"), bob.mls.commit(vec![], vec![], None))
    };
    account.outbox_is_empty("handle.test").await;
    let before = account.dump().await;
    for update in [commit, ahead.1] {
        let answer: UpdateRoomResponse = post("update", update.encode()).await.decode();
        assert_eq!(answer.outcome, UpdateOutcome::WrongEpoch { current_epoch: 2 });
    }
    for message in [past, ahead.0] {
        let answer: SubmitMessageResponse = post("submitMessage", message.encode()).await.decode();
        assert_eq!(answer, SubmitMessageResponse::EpochTooOld { current_epoch: 2 });
    }
    assert_eq!(before, account.dump().await);
    account.stop().await;
    handle.stop().await;
}

/// Entries until there is one with a message, and how many of those it has.
async fn own_messages(socket: &mut Socket) -> usize {
    loop {
        if let ServerFrame::Deliver { entries } = next_frame(socket).await {
            send(socket, &ClientFrame::Acknowledge { through: entries.last().unwrap().position }).await;
            return entries.len();
        }
    }
}

/// A message as a hub hands it on; without a stamp, which only devices look at.
pub fn event(message: MlsMessage, timestamp: Timestamp) -> FanoutMessage {
    FanoutMessage {
        protocol: Protocol::Mls10,
        timestamp,
        event: RoomEvent::Application { message, frank: None },
    }
}

#[tokio::test]
async fn a_notification_sent_again_is_delivered_once() {
    let world = World::new();
    let service = world.start_with("handle", "handle.test", free_port(), &[], "");
    let bob = service.join("bob", Identifier::Handle(b"bob".to_vec())).await;
    let room: RoomUri = "mimi://account.test/r/tea".parse().unwrap();
    let mut eve = Person::new("account.test", "eve").device("d1");
    let info = agent(&service).await;
    eve.begin(&room, &info, CLASSICAL, |_| {});
    let message = eve.message(b"hello");
    let notify = NotifyRequest {
        delivery: Delivery::Durable,
        recipients: vec![Recipient { user: bob.uri().user.clone(), device: bob.uri().device.clone() }],
        messages: vec![event(message.app_message, service.clock_now())],
    };
    let peer = world.peer_client("account.test", &service);
    let port = service.addresses.federation.port();
    let url = format!("https://handle.test:{port}/mimi/v1/notify/{}", paths::segment(&room.to_string()));
    let post = || answer(peer.post(&url).header("from", "mimi@account.test").body(notify.encode()));
    assert_eq!(post().await.status, 201);
    let mut bobs = service.connect(&bob.token, "").await;
    assert_eq!(delivered(&mut bobs).await.len(), 1);
    let before = service.dump().await;
    for _ in 0..3 {
        service.clock.advance(1000);
        assert_eq!(post().await.status, 201);
    }
    assert_eq!(before, service.dump().await);
    assert_eq!(next_frame(&mut bobs).await, ServerFrame::CaughtUp);
    service.stop().await;
}
