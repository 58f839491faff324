//! Bad input at every endpoint gives its named error and leaves the store as it was.

use super::{
    key_packages::{path as key_material, request as key_request},
    mls::CLASSICAL,
    stream::{agent, segment},
    world::*,
};
use trefoil_proto::{
    RoomUri, Wire as _,
    edge::{ChallengeRequest, CodeRequest, Identifier, OpenUpload, PublishKeyPackages},
    limits,
    mimi::identifier::{IdentifierRequest, QueryElement},
};

/// An endpoint that takes a structure: path, a body that it would take, whether it needs a token, its limit.
struct Endpoint {
    path: String,
    good: Vec<u8>,
    token: bool,
    limit: usize,
}

async fn endpoints(service: &Running, ann: &mut Member) -> Vec<Endpoint> {
    let room: RoomUri = format!("mimi://{}/r/tea", service.domain).parse().unwrap();
    let create = ann.mls.begin(&room, &agent(service).await, CLASSICAL, |_| {});
    let message = ann.mls.message(b"x");
    let commit = ann.mls.commit(vec![], vec![], None);
    let room = segment(&room);
    let (_, register) =
        service.newcomer("new", Identifier::Phone { number: b"+4700".to_vec(), code: vec![] });
    let query = IdentifierRequest {
        query_elements: vec![QueryElement::Nick(b"x".to_vec())],
        extensions: Default::default(),
    };
    let user = ann.uri().user_uri();
    let new_device = super::mls::Person::new(&service.domain, "ann").device("d2");
    let token = service.token_request(ann).await;
    let of = |path: String, good: Vec<u8>, token: bool, limit: usize| Endpoint { path, good, token, limit };
    use trefoil_proto::{edge, mimi};
    vec![
        of("accounts".into(), register.encode(), false, edge::RegisterRequest::LIMIT),
        of(
            "accounts/code".into(),
            CodeRequest { number: b"+4712345678".to_vec() }.encode(),
            false,
            CodeRequest::LIMIT,
        ),
        of(
            "auth/challenge".into(),
            ChallengeRequest { device: ann.uri().clone() }.encode(),
            false,
            ChallengeRequest::LIMIT,
        ),
        of("auth/token".into(), token.encode(), false, edge::TokenRequest::LIMIT),
        of("accounts/devices".into(), new_device_of(&new_device), true, edge::NewDevice::LIMIT),
        of(
            "keyPackages".into(),
            PublishKeyPackages { one_use: vec![], last_resort: vec![] }.encode(),
            true,
            PublishKeyPackages::LIMIT,
        ),
        of("rooms".into(), create.encode(), true, edge::CreateRoomRequest::LIMIT),
        of("media".into(), OpenUpload { length: 5 }.encode(), true, OpenUpload::LIMIT),
        of(format!("update/{room}"), commit.encode(), true, mimi::UpdateRequest::LIMIT),
        of(format!("submitMessage/{room}"), message.encode(), true, mimi::SubmitMessageRequest::LIMIT),
        of(
            key_material(&user),
            key_request(&ann.mls, &user, vec![1], "mimi://phone.test/r/tea").encode(),
            true,
            mimi::KeyMaterialRequest::LIMIT,
        ),
        of(format!("identifierQuery/{}", service.domain), query.encode(), true, IdentifierRequest::LIMIT),
        of(format!("groupInfo/{room}"), vec![1, 2, 3], true, mimi::GroupInfoRequest::LIMIT),
    ]
}

fn new_device_of(device: &super::mls::Device) -> Vec<u8> {
    trefoil_proto::edge::NewDevice::encode(&new_device(device))
}

async fn phone_service() -> (Running, Member) {
    let more = "[limits]\nanonymous_per_minute = 1000000\nrequests_per_minute = 1000000\n\
                lookups_per_hour = 1000000\nkey_claims_per_hour = 1000000\n";
    let service = World::new().start_with("phone", "phone.test", free_port(), &[], more);
    let number = "+4711111111";
    service.call("POST", "accounts/code", None, CodeRequest { number: number.into() }.encode()).await;
    let code = super::accounts::last_code(&service, number).await;
    let ann = service.join("ann", Identifier::Phone { number: number.into(), code: code.into() }).await;
    (service, ann)
}

#[tokio::test]
async fn every_endpoint_names_what_is_wrong_and_changes_nothing() {
    let (service, mut ann) = phone_service().await;
    let endpoints = endpoints(&service, &mut ann).await;
    let before = service.dump().await;
    for Endpoint { path, good, token, limit } in &endpoints {
        let with = |body: Vec<u8>| {
            let token = if *token { Some(ann.token.as_str()) } else { None };
            service.call("POST", path, token, body)
        };
        for cut in [0, 1, good.len() / 2, good.len() - 1] {
            assert_eq!(with(good[..cut].to_vec()).await.code(), "Malformed", "{path} cut at {cut}");
        }
        let trailing = [good.as_slice(), &[0]].concat();
        assert_eq!(with(trailing).await.code(), "Malformed", "{path} with a trailing byte");
        assert_eq!(with(vec![0xff; 64]).await.code(), "Malformed", "{path} with noise");
        let oversized = with(vec![0; limit + 1]).await;
        assert_eq!((oversized.code().as_str(), oversized.status), ("TooLarge", 413), "{path}");
        if *token {
            for bad in [None, Some(""), Some("AAAA"), Some("not base64!"), Some(&"A".repeat(43)[..])] {
                let answer = service.call("POST", path, bad, good.clone()).await;
                assert_eq!((answer.code().as_str(), answer.status), ("Unauthenticated", 401), "{path}");
            }
        }
        for method in ["PATCH", "PUT"] {
            let answer = service.call(method, path, Some(&ann.token), good.clone()).await;
            assert_eq!((answer.code().as_str(), answer.status), ("Unsupported", 405), "{method} {path}");
        }
    }
    assert_eq!(before, service.dump().await);
    service.stop().await;
}

#[tokio::test]
async fn paths_queries_and_methods_are_checked_as_well() {
    let (service, ann) = phone_service().await;
    let token = Some(ann.token.as_str());
    let before = service.dump().await;
    let id = "AAAAAAAAAAAAAAAAAAAAAA";
    for (method, path, code) in [
        ("GET", "nothing".to_owned(), "NotFound"),
        ("GET", "accounts".to_owned(), "Unsupported"),
        ("POST", "update/room".to_owned(), "Malformed"),
        ("POST", "submitMessage/mimi%3A%2F%2Fphone.test%2Fu%2Fx".to_owned(), "Malformed"),
        ("POST", format!("submitMessage/{}", "a".repeat(600)), "Malformed"),
        ("GET", format!("media/{id}"), "NotFound"),
        ("GET", "media/..%2F..%2Fsecrets.toml".to_owned(), "NotFound"),
        ("PUT", format!("media/{id}"), "Malformed"),
        ("PUT", format!("media/{id}?offset=-1"), "Malformed"),
        ("PUT", format!("media/{id}?offset=0&x=1"), "Malformed"),
        ("PUT", format!("media/{id}?offset=0"), "NotFound"),
        ("GET", "stream".to_owned(), "Malformed"),
        ("GET", "stream?after=x".to_owned(), "Malformed"),
        ("DELETE", "accounts/devices/D!".to_owned(), "Malformed"),
        ("POST", "requestConsent/phone.test".to_owned(), "Unsupported"),
        ("POST", "reportAbuse/x".to_owned(), "Unsupported"),
    ] {
        assert_eq!(service.call(method, &path, token, vec![]).await.code(), code, "{method} {path}");
    }
    for path in ["account", "accounts/devices", "keyPackages", "stream", "media/x", "proxyDownload/x"] {
        assert_eq!(service.call("GET", path, None, vec![]).await.code(), "Unauthenticated", "{path}");
    }
    let piece = vec![0; limits::MEDIA_PIECE + 1];
    let path = format!("media/{id}?offset=0");
    assert_eq!(service.call("PUT", &path, token, piece).await.code(), "TooLarge");
    assert_eq!(before, service.dump().await);
    service.stop().await;
}

#[tokio::test]
async fn a_request_that_is_signed_by_someone_else_is_refused() {
    let (service, _) = phone_service().await;
    let number = Identifier::Phone { number: b"+4722222222".to_vec(), code: b"000000".to_vec() };
    let (_, good) = service.newcomer("eve", number);
    let before = service.dump().await;
    let mut by_other = good.clone();
    by_other.signature[0] ^= 1;
    let mut other_key = good.clone();
    other_key.tbs.device.signature_key[0] ^= 1;
    let mut other_service = good.clone();
    other_service.tbs.device.uri.domain = "other.test".parse().unwrap();
    for (request, code) in
        [(by_other, "BadSignature"), (other_key, "BadSignature"), (other_service, "NotAllowed")]
    {
        assert_eq!(service.call("POST", "accounts", None, request.encode()).await.code(), code);
    }
    assert_eq!(before, service.dump().await);
    service.stop().await;
}
