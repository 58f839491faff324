//! A service that lies: each lie is refused under its named error, changes nothing, and is recorded with its reason.

use super::{
    again::event,
    bad_input::devices::{MEDIA_ID, WIDE, group_info_request},
    federation::{pair, room_across},
    key_packages::{path as key_material, request as key_request},
    mls::{CLASSICAL, Person},
    stream::{agent, segment},
    world::*,
};
use std::time::Duration;
use trefoil_proto::{
    RoomUri, Wire as _,
    edge::Identifier,
    mimi::{
        NotifyRequest, SubmitMessageResponse, UpdateRequest,
        fanout::Recipient,
        identifier::{IdentifierRequest, QueryElement},
        submit::Delivery,
        update::GroupInfoOption,
    },
    paths::segment as escaped,
};
use trefoil_server::federation::{Incident, IncidentReason};

/// Another service, with a good certificate for its own name.
struct Liar<'a> {
    to: &'a Running,
    http: reqwest::Client,
    name: &'static str,
}

impl<'a> Liar<'a> {
    fn new(world: &World, name: &'static str, to: &'a Running) -> Self {
        Self { to, http: world.peer_client(name, to), name }
    }

    async fn say(&self, method: &str, path: &str, from: &str, body: Vec<u8>) -> Answer {
        let port = self.to.addresses.federation.port();
        let url = format!("https://{}:{port}/mimi/v1/{path}", self.to.domain);
        answer(self.http.request(method.parse().unwrap(), url).header("from", from).body(body)).await
    }

    /// Says something that is refused with this code, recorded for this reason, and changes nothing else.
    async fn lies(&self, method: &str, path: &str, body: Vec<u8>, code: &str, reason: IncidentReason) {
        let from = format!("mimi@{}", self.name);
        self.lies_as(&from, method, path, body, code, reason).await;
    }

    async fn lies_as(
        &self,
        from: &str,
        method: &str,
        path: &str,
        body: Vec<u8>,
        code: &str,
        reason: IncidentReason,
    ) {
        let (incidents, rest) = (self.to.incidents().await, self.to.dump_without_incidents().await);
        let answer = self.say(method, path, from, body).await;
        assert_eq!(answer.code(), code, "{path} as {from}");
        let now = self.to.incidents().await;
        assert_eq!(now.len(), incidents.len() + 1, "{path} as {from}");
        let expected = Incident { at: self.to.clock_now(), from: Some(self.name.parse().unwrap()), reason };
        assert_eq!(now.last(), Some(&expected), "{path} as {from}");
        assert_eq!(rest, self.to.dump_without_incidents().await, "{path} as {from}");
    }
}

#[tokio::test]
async fn what_a_peer_says_of_itself_and_of_rooms_and_people_that_are_not_its_own() {
    let world = World::new();
    let account = world.start_with("account", "account.test", free_port(), &[], WIDE);
    let mut ann = account.join("ann", Identifier::AccountName(b"Ann".to_vec())).await;
    let room: RoomUri = "mimi://account.test/r/tea".parse().unwrap();
    let create = ann.mls.begin(&room, &agent(&account).await, CLASSICAL, |_| {});
    assert_eq!(account.call("POST", "rooms", Some(&ann.token), create.encode()).await.status, 201);
    let liar = Liar::new(&world, "handle.test", &account);
    let tea = segment(&room);
    let message = ann.mls.message(b"x");
    let commit = ann.mls.commit(vec![], vec![], None);
    let user = ann.uri().user_uri();

    // Its name.
    let empty = NotifyRequest { delivery: Delivery::Durable, recipients: vec![], messages: vec![] }.encode();
    for from in ["", "handle.test", "mimi@other.test", "mimi@account.test", "mimi@handle.test:1"] {
        let path = format!("notify/{}", escaped("mimi://handle.test/r/x"));
        let reason = IncidentReason::NameNotCertified;
        liar.lies_as(from, "POST", &path, empty.clone(), "WrongDomain", reason).await;
    }

    // Rooms of which it is not the hub, or we are not.
    for hub in ["third.test", "account.test", "sub.handle.test"] {
        let path = format!("notify/{}", escaped(&format!("mimi://{hub}/r/x")));
        let reason = IncidentReason::RoomOfAnotherService;
        liar.lies("POST", &path, empty.clone(), "WrongDomain", reason).await;
    }
    let join = group_info_request(&ann.mls).encode();
    for (endpoint, body) in
        [("update", commit.encode()), ("submitMessage", message.encode()), ("groupInfo", join.clone())]
    {
        let path = format!("{endpoint}/{}", escaped("mimi://third.test/r/tea"));
        liar.lies("POST", &path, body, "WrongDomain", IncidentReason::RoomOfAnotherService).await;
    }

    // People who are not its own.
    for (endpoint, body) in
        [("update", commit.encode()), ("submitMessage", message.encode()), ("groupInfo", join)]
    {
        let path = format!("{endpoint}/{tea}");
        liar.lies("POST", &path, body, "WrongDomain", IncidentReason::VouchedForAnother).await;
    }
    let claim = key_request(&ann.mls, &user, vec![1], &room.to_string());
    let path = key_material(&user);
    liar.lies("POST", &path, claim.encode(), "WrongDomain", IncidentReason::VouchedForAnother).await;
    let mut forged = claim.clone();
    forged.signature[9] ^= 1;
    liar.lies("POST", &path, forged.encode(), "BadSignature", IncidentReason::Forged).await;
    let elsewhere = key_request(&ann.mls, &user, vec![1], "mimi://third.test/r/x").encode();
    liar.lies("POST", &path, elsewhere, "WrongDomain", IncidentReason::RoomOfAnotherService).await;

    // Another room than the path says.
    let mut own = Person::new("handle.test", "eve").device("d1");
    let coffee: RoomUri = "mimi://account.test/r/coffee".parse().unwrap();
    own.begin(&coffee, &agent(&account).await, CLASSICAL, |_| {});
    let stray = own.message(b"x").encode();
    let reason = IncidentReason::EventOfAnotherRoom;
    liar.lies("POST", &format!("submitMessage/{tea}"), stray, "Malformed", reason).await;
    let stray = own.commit(vec![], vec![], None);
    liar.lies("POST", &format!("update/{tea}"), stray.encode(), "Malformed", reason).await;
    let UpdateRequest::Commit { group_info: GroupInfoOption::Full(stray_info), .. } = stray else { panic!() };
    let UpdateRequest::Commit { commit, welcome, ratchet_tree, .. } = commit else { panic!() };
    let group_info = GroupInfoOption::Full(stray_info);
    let mixed = UpdateRequest::Commit { commit, welcome, group_info, ratchet_tree };
    liar.lies("POST", &format!("update/{tea}"), mixed.encode(), "Malformed", reason).await;

    // What another service answers for.
    let query = IdentifierRequest {
        query_elements: vec![QueryElement::Nick(b"x".to_vec())],
        extensions: Default::default(),
    };
    let reason = IncidentReason::AskedForAnother;
    liar.lies("POST", "identifierQuery/third.test", query.encode(), "WrongDomain", reason).await;
    for url in [
        format!("https://third.test/v1/media/{MEDIA_ID}"),
        format!("https://127.0.0.1/v1/media/{MEDIA_ID}"),
        "file:///etc/passwd".to_owned(),
    ] {
        let path = format!("proxyDownload/{}", escaped(&url));
        liar.lies("GET", &path, vec![], "WrongDomain", reason).await;
    }
    account.stop().await;
}

#[tokio::test]
async fn fan_out_of_another_room_or_altered_or_malformed() {
    let world = World::new();
    let handle = world.start_with("handle", "handle.test", free_port(), &[], WIDE);
    let bob = handle.join("bob", Identifier::Handle(b"bob".to_vec())).await;
    let mut eve = Person::new("account.test", "eve").device("d1");
    let agent = agent(&handle).await;
    let mut in_room = |name: &str| {
        let room: RoomUri = format!("mimi://account.test/r/{name}").parse().unwrap();
        eve.begin(&room, &agent, CLASSICAL, |_| {});
        let message = eve.message(name.as_bytes()).app_message;
        (room, message)
    };
    let ((tea, in_tea), (_, in_coffee)) = (in_room("tea"), in_room("coffee"));
    let notify = |messages| NotifyRequest {
        delivery: Delivery::Durable,
        recipients: vec![Recipient { user: bob.uri().user.clone(), device: bob.uri().device.clone() }],
        messages,
    };
    let at = handle.clock_now();
    let liar = Liar::new(&world, "account.test", &handle);
    let path = format!("notify/{}", segment(&tea));
    let good = notify(vec![event(in_tea.clone(), at)]);
    assert_eq!(liar.say("POST", &path, "mimi@account.test", good.encode()).await.status, 201);

    let reason = IncidentReason::EventOfAnotherRoom;
    let of_coffee = notify(vec![event(in_coffee.clone(), at)]).encode();
    liar.lies("POST", &path, of_coffee, "WrongDomain", reason).await;
    let mixed = notify(vec![event(in_tea.clone(), at), event(in_coffee, at)]).encode();
    liar.lies("POST", &path, mixed, "WrongDomain", reason).await;
    let cut = good.encode()[..good.encode().len() - 1].to_vec();
    liar.lies("POST", &path, cut, "Malformed", IncidentReason::Malformed).await;
    // The same message of the same moment, with a stamp that it had not.
    let mut altered = event(in_tea, at);
    let trefoil_proto::mimi::fanout::RoomEvent::Application { frank, .. } = &mut altered.event else {
        panic!("not a message")
    };
    *frank = Some(trefoil_proto::mimi::Frank {
        key_id: 1,
        server_frank: [7; 32],
        signature_ciphersuite: 1,
        integrity_signature: vec![7; 64],
        sender_frank: None,
    });
    let altered = notify(vec![altered]).encode();
    liar.lies("POST", &path, altered, "Conflict", IncidentReason::AlteredEvent).await;
    handle.stop().await;
}

#[tokio::test]
async fn who_comes_without_a_certificate_that_is_trusted_is_recorded_once_a_minute() {
    let world = World::new();
    let account = world.start("account");
    let base = format!("https://account.test:{}/mimi/v1/update/x", account.addresses.federation.port());
    assert_eq!(account.call("GET", "service", None, vec![]).await.status, 200, "it has begun");
    let before = account.dump_without_incidents().await;
    // Of another authority, and none at all, again and again.
    for _ in 0..5 {
        for client in [world.stranger(&account), world.client_without_certificate(&account)] {
            assert!(client.post(&base).header("from", "mimi@handle.test").send().await.is_err());
        }
    }
    let one = Incident { at: account.clock_now(), from: None, reason: IncidentReason::NoCertificate };
    account.until_incidents(std::slice::from_ref(&one)).await;
    account.clock.advance(60_000);
    assert!(world.stranger(&account).post(&base).send().await.is_err());
    let second = Incident { at: account.clock_now(), ..one.clone() };
    account.until_incidents(&[one, second]).await;
    assert_eq!(before, account.dump_without_incidents().await);
    account.stop().await;
}

#[tokio::test]
async fn a_device_cannot_make_its_service_lie() {
    let world = World::new();
    let (account, handle) = pair(&world);
    let mut ann = account.join("ann", Identifier::AccountName(b"Ann".to_vec())).await;
    let mut bob = handle.join("bob", Identifier::Handle(b"bob".to_vec())).await;
    let (room, _bobs) = room_across(&account, &handle, &mut ann, &mut bob).await;
    // Bob names another room in the path than in what he sends: his service does not hand it on.
    let other = escaped("mimi://account.test/r/other");
    let message = bob.mls.message(b"x");
    let commit = bob.mls.commit(vec![], vec![], None);
    for (endpoint, body) in [("submitMessage", message.encode()), ("update", commit.encode())] {
        let answer = handle.call("POST", &format!("{endpoint}/{other}"), Some(&bob.token), body).await;
        assert_eq!(answer.code(), "Malformed", "{endpoint}");
    }
    let path = format!("submitMessage/{}", segment(&room));
    let answer: SubmitMessageResponse = handle.ask(&path, Some(&bob.token), &message).await;
    assert!(matches!(answer, SubmitMessageResponse::Accepted { .. }));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(account.incidents().await.is_empty() && handle.incidents().await.is_empty());
    account.stop().await;
    handle.stop().await;
}
