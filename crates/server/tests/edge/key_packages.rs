//! Key packages: published, claimed once each, the last resort after that.

use super::{
    mls::{CLASSICAL, Device, HYBRID, Person},
    stream::agent,
    world::*,
};
use openmls::prelude::{CredentialWithKey, KeyPackage as MlsKeyPackage, SignContent};
use openmls_traits::signatures::Signer as _;
use std::collections::HashSet;
use tls_codec::Serialize as _;
use trefoil_proto::{
    Wire as _,
    edge::{Identifier, KeyPackageCounts, PublishKeyPackages},
    frame::{MailboxEvent, ServerFrame},
    mimi::{
        KeyMaterialRequest, KeyMaterialResponse, Protocol,
        key_material::{
            ClientKeyMaterialStatus, KeyMaterialRequestTbs, KeyMaterialUserCode, RequiredCapabilities,
        },
    },
    mls::{Credential, KeyPackage},
};

pub fn raw(package: &MlsKeyPackage) -> KeyPackage {
    KeyPackage::parse(&package.tls_serialize_detached().unwrap()).unwrap()
}

pub fn last_resort(device: &Device) -> MlsKeyPackage {
    let like = device.key_package(CLASSICAL);
    MlsKeyPackage::builder()
        .leaf_node_capabilities(like.leaf_node().capabilities().clone())
        .leaf_node_extensions(like.leaf_node().extensions().clone())
        .mark_as_last_resort()
        .build(
            CLASSICAL,
            &device.provider,
            &device.signer,
            CredentialWithKey {
                credential: like.leaf_node().credential().clone(),
                signature_key: device.signer.public().into(),
            },
        )
        .unwrap()
        .key_package()
        .clone()
}

pub fn request(
    asking: &Device,
    target: &trefoil_proto::UserUri,
    suites: Vec<u16>,
    room: &str,
) -> KeyMaterialRequest {
    let tbs = KeyMaterialRequestTbs {
        protocol: Protocol::Mls10,
        requesting_user: asking.uri.user_uri(),
        target_user: target.clone(),
        room_id: room.parse().unwrap(),
        acceptable_ciphersuites: suites,
        required_capabilities: RequiredCapabilities::default(),
        requester_signature_key: asking.signer.public().to_vec(),
        requester_credential: Credential::basic(asking.uri.to_string().as_bytes()),
    };
    sign(asking, tbs)
}

fn sign(asking: &Device, tbs: KeyMaterialRequestTbs) -> KeyMaterialRequest {
    let content = SignContent::new("KeyMaterialRequestTBS", tbs.tls_serialize_detached().unwrap().into());
    let signature = asking.signer.sign(&content.tls_serialize_detached().unwrap()).unwrap();
    KeyMaterialRequest { tbs, signature }
}

pub fn packages(response: &KeyMaterialResponse) -> Vec<KeyPackage> {
    let package = |status: &ClientKeyMaterialStatus| match status {
        ClientKeyMaterialStatus::Success(package) => Some(package.clone()),
        _ => None,
    };
    response.clients.iter().filter_map(|client| package(&client.status)).collect()
}

fn name(text: &str) -> Identifier {
    Identifier::AccountName(text.as_bytes().to_vec())
}

pub fn path(user: &trefoil_proto::UserUri) -> String {
    format!("keyMaterial/{}", trefoil_proto::paths::segment(&user.to_string()))
}

pub async fn publish(
    service: &Running,
    member: &Member,
    one_use: Vec<KeyPackage>,
    last: Vec<KeyPackage>,
) -> Answer {
    let request = PublishKeyPackages { one_use, last_resort: last };
    service.call("POST", "keyPackages", Some(&member.token), request.encode()).await
}

const ROOM: &str = "mimi://account.test/r/x";

/// Opens the room that packages are claimed for.
pub async fn open_room(service: &Running, member: &mut Member, room: &str) {
    let create = member.mls.begin(&room.parse().unwrap(), &agent(service).await, CLASSICAL, |_| {});
    assert_eq!(service.call("POST", "rooms", Some(&member.token), create.encode()).await.status, 201);
}

#[tokio::test]
async fn every_package_goes_to_one_claim_only() {
    let service = World::new().start("account");
    let mut ann = service.join("ann", name("Ann")).await;
    let bob = service.join("bob", name("Bob")).await;
    open_room(&service, &mut ann, ROOM).await;
    let one_use: Vec<_> = (0..12).map(|_| raw(&bob.mls.key_package(CLASSICAL))).collect();
    let last = raw(&last_resort(&bob.mls));
    assert_eq!(publish(&service, &bob, one_use.clone(), vec![last.clone()]).await.status, 204);
    let counts: KeyPackageCounts =
        service.call("GET", "keyPackages", Some(&bob.token), Vec::new()).await.decode();
    assert_eq!(
        counts.one_use.iter().map(|count| (count.ciphersuite, count.left)).collect::<Vec<_>>(),
        [(0x4f, 0), (1, 12)]
    );

    let user = bob.uri().user_uri();
    let body = request(&ann.mls, &user, vec![0x4f, 0x1], ROOM).encode();
    let claims = 20;
    let path = path(&user);
    let answers = futures_util::future::join_all(
        (0..claims).map(|_| service.call("POST", &path, Some(&ann.token), body.clone())),
    )
    .await;
    let claimed: Vec<_> = answers.iter().flat_map(|answer| packages(&answer.decode())).collect();
    assert_eq!(claimed.len(), 20);
    let once: Vec<_> = claimed.iter().filter(|package| **package != last).collect();
    assert_eq!(once.len(), 12);
    assert_eq!(once.iter().collect::<HashSet<_>>().len(), 12);

    // A late repetition of the publication brings none of them back.
    assert_eq!(publish(&service, &bob, one_use, Vec::new()).await.status, 204);
    let counts: KeyPackageCounts =
        service.call("GET", "keyPackages", Some(&bob.token), Vec::new()).await.decode();
    assert!(counts.one_use.iter().all(|count| count.left == 0));

    // Bob was told when few were left.
    let mut socket = service.connect(&bob.token, "").await;
    let Ok(ServerFrame::Deliver { entries }) = next(&mut socket).await else { panic!("no delivery") };
    let told: Vec<_> = entries.iter().map(|entry| MailboxEvent::decode(&entry.body).unwrap()).collect();
    assert!(told.iter().all(|event| matches!(event, MailboxEvent::KeyPackagesLow { .. })));
    assert!(told.contains(&MailboxEvent::KeyPackagesLow { left: 0 }) && told.len() <= 3);
    service.stop().await;
}

#[tokio::test]
async fn the_asker_chooses_the_suite_and_absence_is_said_per_device() {
    let service = World::new().start("account");
    let mut ann = service.join("ann", name("Ann")).await;
    let bob = service.join("bob", name("Bob")).await;
    open_room(&service, &mut ann, ROOM).await;
    let user = bob.uri().user_uri();
    let ask = |suites: Vec<u16>| {
        let body = request(&ann.mls, &user, suites, ROOM).encode();
        let (service, token, path) = (&service, &ann.token, path(&user));
        async move { service.call("POST", &path, Some(token), body).await.decode::<KeyMaterialResponse>() }
    };
    let none = ask(vec![0x4f]).await;
    assert_eq!(none.user_status, KeyMaterialUserCode::NoCompatibleMaterial);
    assert_eq!(none.clients[0].status, ClientKeyMaterialStatus::KeyMaterialExhausted);
    let (hybrid, classical) = (raw(&bob.mls.key_package(HYBRID)), raw(&bob.mls.key_package(CLASSICAL)));
    publish(&service, &bob, vec![hybrid.clone(), classical.clone()], Vec::new()).await;
    assert_eq!(packages(&ask(vec![0x4f, 0x1]).await), [hybrid]);
    let other = ask(vec![0x4f]).await;
    assert_eq!(other.clients[0].status, ClientKeyMaterialStatus::NothingCompatible);
    assert_eq!(packages(&ask(vec![0x4f, 0x1]).await), [classical]);
    let nobody = "mimi://account.test/u/nobody".parse().unwrap();
    let body = request(&ann.mls, &nobody, vec![0x4f], ROOM).encode();
    let answer = service.call("POST", &path(&nobody), Some(&ann.token), body).await;
    assert_eq!(answer.decode::<KeyMaterialResponse>().user_status, KeyMaterialUserCode::UserUnknown);
    service.stop().await;
}

#[tokio::test]
async fn a_bad_package_is_refused_with_all_that_came_with_it() {
    let service = World::new().start("account");
    let bob = service.join("bob", name("Bob")).await;
    let eve = service.join("eve", name("Eve")).await;
    let good = raw(&bob.mls.key_package(CLASSICAL));
    let forged = Device::authorised_by(&Person::new("account.test", "eve").key, bob.uri().clone());
    let mut broken = good.as_bytes().to_vec();
    *broken.last_mut().unwrap() ^= 1;
    let before = service.dump().await;
    for (what, one_use, last) in [
        ("someone else's", vec![good.clone(), raw(&eve.mls.key_package(CLASSICAL))], vec![]),
        ("not authorised by Bob's account", vec![raw(&forged.key_package(CLASSICAL))], vec![]),
        ("broken signature", vec![good.clone(), KeyPackage::parse(&broken).unwrap()], vec![]),
        ("last resort for one use", vec![raw(&last_resort(&bob.mls))], vec![]),
        ("one use as last resort", vec![], vec![good.clone()]),
        (
            "two last resorts of a suite",
            vec![],
            vec![raw(&last_resort(&bob.mls)), raw(&last_resort(&bob.mls))],
        ),
    ] {
        assert_eq!(publish(&service, &bob, one_use, last).await.code(), "Malformed", "{what}");
    }
    let surplus = vec![good; 101];
    assert_eq!(publish(&service, &bob, surplus, vec![]).await.code(), "QuotaExceeded");
    assert_eq!(before, service.dump().await);
    service.stop().await;
}

#[tokio::test]
async fn a_claim_is_signed_by_the_device_that_asks() {
    let service = World::new().start("account");
    let mut ann = service.join("ann", name("Ann")).await;
    let bob = service.join("bob", name("Bob")).await;
    open_room(&service, &mut ann, ROOM).await;
    publish(&service, &bob, vec![raw(&bob.mls.key_package(CLASSICAL))], vec![]).await;
    let user = bob.uri().user_uri();
    let good = request(&ann.mls, &user, vec![1], ROOM);
    let mut altered = good.clone();
    altered.tbs.acceptable_ciphersuites = vec![1, 0x4f];
    let in_anothers_name = sign(&ann.mls, request(&bob.mls, &user, vec![1], ROOM).tbs);
    let by_another = request(&bob.mls, &user, vec![1], ROOM);
    let before = service.dump().await;
    for bad in [altered, in_anothers_name, by_another] {
        let answer = service.call("POST", &path(&user), Some(&ann.token), bad.encode()).await;
        assert_eq!(answer.code(), "BadSignature");
    }
    let other = "mimi://account.test/u/other".parse().unwrap();
    let answer = service.call("POST", &path(&other), Some(&ann.token), good.encode()).await;
    assert_eq!(answer.code(), "Malformed");
    assert_eq!(before, service.dump().await);
    service.stop().await;
}

#[tokio::test]
async fn a_claim_is_for_a_room_that_the_device_is_in() {
    let service = World::new().start("account");
    let mut ann = service.join("ann", name("Ann")).await;
    let eve = service.join("eve", name("Eve")).await;
    let bob = service.join("bob", name("Bob")).await;
    open_room(&service, &mut ann, ROOM).await;
    publish(&service, &bob, vec![raw(&bob.mls.key_package(CLASSICAL))], vec![]).await;
    let user = bob.uri().user_uri();
    let before = service.dump().await;
    for (asking, room) in [(&eve, ROOM), (&ann, "mimi://account.test/r/none")] {
        let body = request(&asking.mls, &user, vec![1], room).encode();
        let answer = service.call("POST", &path(&user), Some(&asking.token), body).await;
        assert_eq!(answer.code(), "NotAllowed", "{room}");
    }
    assert_eq!(before, service.dump().await);
    let body = request(&ann.mls, &user, vec![1], ROOM).encode();
    let answer = service.call("POST", &path(&user), Some(&ann.token), body).await;
    assert_eq!(packages(&answer.decode()).len(), 1);
    service.stop().await;
}
