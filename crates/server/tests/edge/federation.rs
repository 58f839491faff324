//! Two services: mutual TLS, a room across them, key material and media through them, and who may not.

use super::{
    key_packages::{packages, path, raw, request},
    mls::CLASSICAL,
    stream::{agent, event, room_event, segment},
    world::*,
};
use trefoil_proto::{
    RoomUri, Wire as _,
    edge::{Identifier, OpenUpload, PublishKeyPackages, UploadTicket},
    frame::{ClientFrame, ServerFrame},
    mimi::{
        KeyMaterialResponse, NotifyRequest, SubmitMessageResponse, UpdateRoomResponse,
        directory::Directory,
        identifier::{IdentifierQueryCode, IdentifierRequest, IdentifierResponse, QueryElement},
        submit::Delivery,
        update::UpdateOutcome,
    },
    paths,
    room::{ParticipantListUpdate, Role, UserRolePair},
};

pub fn pair(world: &World) -> (Running, Running) {
    let (a, b) = (free_port(), free_port());
    let account = world.start_with("account", "account.test", a, &[("handle.test", b)], "");
    let without = "[first_contacts]\npasses = false\n";
    let handle = world.start_with("handle", "handle.test", b, &[("account.test", a)], without);
    (account, handle)
}

pub async fn entries(socket: &mut Socket, member: &mut Member, wanted: usize) -> Vec<Vec<u8>> {
    let (mut seen, mut texts) = (0, Vec::new());
    while seen < wanted {
        match next(socket).await {
            Ok(ServerFrame::Deliver { entries }) => {
                for message in entries.iter().filter_map(room_event) {
                    texts.extend(member.mls.receive(&message));
                    seen += 1;
                }
                send(socket, &ClientFrame::Acknowledge { through: entries.last().unwrap().position }).await;
            }
            Ok(_) => {}
            Err(code) => panic!("closed with {code}"),
        }
    }
    texts
}

/// Ann, whose service is the hub, and Bob at the other service, in one room. Bob has taken in his Welcome.
pub async fn room_across(
    account: &Running,
    handle: &Running,
    ann: &mut Member,
    bob: &mut Member,
) -> (RoomUri, Socket) {
    // She opens a room, and claims his key package through the hub, which is her service.
    let room: RoomUri = "mimi://account.test/r/tea".parse().unwrap();
    let create = ann.mls.begin(&room, &agent(account).await, CLASSICAL, |_| {});
    assert_eq!(account.call("POST", "rooms", Some(&ann.token), create.encode()).await.status, 201);
    let publish =
        PublishKeyPackages { one_use: vec![raw(&bob.mls.key_package(CLASSICAL))], last_resort: vec![] };
    let published = handle.call("POST", "keyPackages", Some(&bob.token), publish.encode()).await;
    assert_eq!(published.status, 204);
    let user = bob.uri().user_uri();
    let ask = request(&ann.mls, &user, vec![1], "mimi://account.test/r/tea");
    let material: KeyMaterialResponse = account.ask(&path(&user), Some(&ann.token), &ask).await;
    assert_eq!(packages(&material), publish.one_use);
    let proof = trefoil_transparency::directory::KeyProof::decode(&material.proof).unwrap();
    assert_eq!((proof.root.root.directory, proof.chain.sets.len()), (user.domain.clone(), 1));

    // Bob comes in with the key package that was claimed.
    let added = UserRolePair { user: user.clone(), role: Role::MEMBER };
    let update = ParticipantListUpdate { added: vec![added], ..Default::default() };
    let package = {
        use openmls::prelude::{KeyPackageIn, OpenMlsProvider as _, ProtocolVersion};
        use tls_codec::DeserializeBytes as _;
        let bytes = packages(&material)[0].as_bytes().to_vec();
        KeyPackageIn::tls_deserialize_exact_bytes(&bytes)
            .unwrap()
            .validate(ann.mls.provider.crypto(), ProtocolVersion::Mls10)
            .unwrap()
    };
    let commit = ann.mls.commit(vec![package], vec![], Some(update));
    let update_path = format!("update/{}", segment(&room));
    let response: UpdateRoomResponse = account.ask(&update_path, Some(&ann.token), &commit).await;
    assert!(matches!(response.outcome, UpdateOutcome::Success { .. }), "{response:?}");
    ann.mls.merge();
    let mut bobs = handle.connect(&bob.token, "").await;
    entries(&mut bobs, bob, 1).await;
    (room, bobs)
}

#[tokio::test]
async fn a_conversation_across_two_services() {
    let world = World::new();
    let (account, handle) = pair(&world);
    let mut ann = account.join("ann", Identifier::AccountName(b"Ann".to_vec())).await;
    let mut bob = handle.join("bob", Identifier::Handle(b"bob".to_vec())).await;

    // Ann finds Bob by his handle, at his service, through hers.
    let query = IdentifierRequest {
        query_elements: vec![QueryElement::Nick(b"bob".to_vec())],
        extensions: Default::default(),
    };
    let found: IdentifierResponse =
        account.ask("identifierQuery/handle.test", Some(&ann.token), &query).await;
    assert_eq!(
        (found.code, found.uris.as_slice()),
        (IdentifierQueryCode::Success, &[bob.uri().user_uri()][..])
    );

    let (room, mut bobs) = room_across(&account, &handle, &mut ann, &mut bob).await;

    // Both ways.
    let mut anns = account.connect(&ann.token, "").await;
    let hello = ann.mls.message(b"hello");
    send(&mut anns, &ClientFrame::Submit { tag: 1, room: room.clone(), request: hello }).await;
    assert_eq!(entries(&mut bobs, &mut bob, 1).await, [b"hello".to_vec()]);
    for (tag, text) in [b"one", b"two"].into_iter().enumerate() {
        let request = bob.mls.message(text);
        send(&mut bobs, &ClientFrame::Submit { tag: tag as u32, room: room.clone(), request }).await;
    }
    let mut expected = 0;
    while expected < 2 {
        match next(&mut bobs).await {
            Ok(ServerFrame::Submitted { tag, response: SubmitMessageResponse::Accepted { .. } }) => {
                assert_eq!(tag, expected);
                expected += 1;
            }
            // The hub knows the person who sends, not the device: his own messages come back to Bob.
            Ok(ServerFrame::Deliver { .. } | ServerFrame::CaughtUp) => {}
            other => panic!("not accepted: {other:?}"),
        }
    }
    // Her own commit came back first; the device knows it.
    let mut texts = Vec::new();
    while texts.len() < 2 {
        if let Ok(ServerFrame::Deliver { entries }) = next(&mut anns).await {
            for entry in &entries {
                let message = event(entry);
                if matches!(message.event, trefoil_proto::mimi::fanout::RoomEvent::Application { .. }) {
                    texts.extend(ann.mls.receive(&message));
                }
            }
            send(&mut anns, &ClientFrame::Acknowledge { through: entries.last().unwrap().position }).await;
        }
    }
    assert_eq!(texts, [b"one".to_vec(), b"two".to_vec()]);

    // Ann's attachment, read by Bob through his service, whole and in part.
    let content: Vec<u8> = (0..600_000_u32).map(|at| (at % 253) as u8).collect();
    let open = OpenUpload { length: content.len() as u64 };
    let ticket: UploadTicket = account.ask("media", Some(&ann.token), &open).await;
    let put = format!("media/{}?offset=0", String::from_utf8(ticket.id).unwrap());
    assert_eq!(account.call("PUT", &put, Some(&ann.token), content.clone()).await.status, 204);
    let proxied = format!("proxyDownload/{}", paths::segment(std::str::from_utf8(&ticket.url).unwrap()));
    let whole = handle.call("GET", &proxied, Some(&bob.token), vec![]).await;
    assert!(whole.status == 200 && whole.body == content, "{}", whole.code());
    let part = handle.call_with("GET", &proxied, Some(&bob.token), vec![], &[("range", "bytes=10-19")]).await;
    assert_eq!((part.status, part.body.as_slice()), (206, &content[10..20]));
    account.stop().await;
    // With its hub gone, Bob's service says so.
    let request = bob.mls.message(b"anyone?");
    let submit = format!("submitMessage/{}", segment(&room));
    let answer = handle.call("POST", &submit, Some(&bob.token), request.encode()).await;
    assert_eq!(answer.code(), "PeerUnavailable");
    handle.stop().await;
}

#[tokio::test]
async fn a_peer_speaks_for_itself_only() {
    let world = World::new();
    let service = world.start("account");
    let ann = service.join("ann", Identifier::AccountName(b"Ann".to_vec())).await;
    let base = format!("https://account.test:{}", service.addresses.federation.port());
    let peer = world.peer_client("handle.test", &service);
    let notify = NotifyRequest { delivery: Delivery::Durable, recipients: vec![], messages: vec![] }.encode();
    let post = |room: &str, from: Option<&str>| {
        let url = format!("{base}/mimi/v1/notify/{}", paths::segment(room));
        let request = peer.post(url).body(notify.clone());
        match from {
            Some(from) => request.header("from", from),
            None => request,
        }
    };
    let before = service.dump_without_incidents().await;
    for (room, from, code) in [
        ("mimi://handle.test/r/x", None, "WrongDomain"),
        ("mimi://handle.test/r/x", Some("mimi@other.test"), "WrongDomain"),
        ("mimi://handle.test/r/x", Some("mimi@account.test"), "WrongDomain"),
        ("mimi://other.test/r/x", Some("mimi@handle.test"), "WrongDomain"),
        ("mimi://account.test/r/x", Some("mimi@handle.test"), "WrongDomain"),
        ("handle.test/r/x", Some("mimi@handle.test"), "Malformed"),
    ] {
        let answer = answer(post(room, from)).await;
        assert_eq!(answer.code(), code, "{room} {from:?}");
    }
    // In the name of another service's person, and for a room whose hub this is not.
    let from = |path: String, body: Vec<u8>| {
        peer.post(format!("{base}/mimi/v1/{path}")).header("from", "mimi@handle.test").body(body)
    };
    let user = ann.uri().user_uri();
    let by_ann = request(&ann.mls, &user, vec![1], "mimi://account.test/r/x").encode();
    assert_eq!(answer(from(path(&user), by_ann)).await.code(), "WrongDomain");
    let elsewhere = request(&ann.mls, &user, vec![1], "mimi://third.test/r/x").encode();
    assert_eq!(answer(from(path(&user), elsewhere)).await.code(), "WrongDomain");
    let media = "https://third.test/v1/media/AAAAAAAAAAAAAAAAAAAAAA";
    let url = format!("{base}/mimi/v1/proxyDownload/{}", paths::segment(media));
    assert_eq!(answer(peer.get(url).header("from", "mimi@handle.test")).await.code(), "WrongDomain");
    let query = IdentifierRequest { query_elements: vec![], extensions: Default::default() }.encode();
    assert_eq!(answer(from("identifierQuery/third.test".into(), query)).await.code(), "WrongDomain");

    assert_eq!(before, service.dump_without_incidents().await);

    let directory = answer(peer.get(format!("{base}{}", paths::WELL_KNOWN))).await;
    let told = Directory::decode(&directory.body).unwrap();
    assert!(told.transparency.is_some());
    // The keys are the service's own.
    let (transparency, franking_key) = (told.transparency.clone(), told.franking_key.clone());
    assert_eq!(franking_key.len(), 43);
    assert_eq!(told, Directory { transparency, franking_key, ..Directory::at("https://account.test") });
    service.stop().await;
}

#[tokio::test]
async fn without_a_certificate_of_the_authority_nobody_gets_in() {
    let world = World::new();
    let service = world.start("account");
    let base = format!("https://account.test:{}", service.addresses.federation.port());
    for client in [world.stranger(&service), world.client_without_certificate(&service)] {
        assert!(client.get(format!("{base}{}", paths::WELL_KNOWN)).send().await.is_err());
    }
    service.stop().await;
}

#[tokio::test]
async fn services_speak_tls_1_3_only_in_both_directions() {
    let world = World::new();
    let service = world.start("account");
    let base = format!("https://account.test:{}", service.addresses.federation.port());
    let ask = |version| {
        let peer = world.peer_client_in(version, "handle.test", &service);
        let request = peer.get(format!("{base}{}", paths::WELL_KNOWN));
        async move { request.send().await.map(|answer| answer.status().as_u16()) }
    };
    assert_eq!(ask(&rustls::version::TLS13).await.unwrap(), 200);
    assert!(ask(&rustls::version::TLS12).await.unwrap_err().is_connect());

    // The other way: what we present to a peer that speaks the older version only, and to one that does not.
    let outbound = world.tls_files("account.test").outbound;
    assert!(world.meets(outbound.clone(), &rustls::version::TLS13).await);
    assert!(!world.meets(outbound, &rustls::version::TLS12).await);
    service.stop().await;
}
