//! A service that answers falsely: what it says is not handed on, and is recorded.

use super::{
    bad_input::devices::{MEDIA_ID, WIDE, group_info_request},
    key_packages::{path as key_material, request as key_request},
    mls::CLASSICAL,
    stream::{agent, segment},
    world::*,
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::sync::{Arc, Mutex};
use trefoil_proto::{
    Domain, RoomUri, UserUri, Wire as _,
    discovery::{DiscoveryRequest, DiscoveryResponse},
    edge::Identifier,
    mimi::{
        KeyMaterialResponse, Protocol,
        identifier::{IdentifierQueryCode, IdentifierRequest, IdentifierResponse, QueryElement},
        key_material::{ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialUserCode},
    },
    paths::segment as escaped,
};
use trefoil_server::federation::{Endpoint, FederationError, Incident, IncidentReason, Link, Media};

/// A way to one other service, which answers everything with the same bytes.
struct Says(Mutex<Vec<u8>>);

impl Link for Says {
    fn post<'a>(
        &'a self,
        _: &'a Domain,
        _: Endpoint,
        _: &'a str,
        _: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, FederationError>> {
        Box::pin(async move { Ok(self.0.lock().unwrap().clone().into()) })
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

#[tokio::test]
async fn answers_that_are_not_to_what_was_asked() {
    let (world, link) = (World::new(), Arc::new(Says(Mutex::default())));
    let service = world.start_linked("account", "account.test", free_port(), &[], WIDE, Some(link.clone()));
    let mut ann = service.join("ann", Identifier::AccountName(b"Ann".to_vec())).await;
    let room: RoomUri = "mimi://elsewhere.test/r/tea".parse().unwrap();
    ann.mls.begin(&room, &agent(&service).await, CLASSICAL, |_| {});
    let query = IdentifierRequest {
        query_elements: vec![QueryElement::Nick(b"bob".to_vec())],
        extensions: Default::default(),
    };
    let bob: UserUri = "mimi://elsewhere.test/u/bob".parse().unwrap();
    let third: UserUri = "mimi://third.test/u/bob".parse().unwrap();
    let claim = key_request(&ann.mls, &bob, vec![1], &room.to_string());
    let named = IdentifierResponse {
        code: IdentifierQueryCode::Success,
        uris: vec![bob.clone(), third.clone()],
        found_profiles: vec![],
        extensions: Default::default(),
    };
    let of = |user: &UserUri, device: &str| KeyMaterialResponse {
        protocol: Protocol::Mls10,
        user_status: KeyMaterialUserCode::Success,
        user_uri: user.clone(),
        clients: vec![ClientKeyMaterial {
            status: ClientKeyMaterialStatus::KeyMaterialExhausted,
            client_uri: device.parse().unwrap(),
        }],
        proof: Vec::new(),
    };
    let (message, commit) = (ann.mls.message(b"x").encode(), ann.mls.commit(vec![], vec![], None).encode());
    let at_room = |endpoint: &str| format!("{endpoint}/{}", segment(&room));
    let by_number = DiscoveryRequest::Buckets { bits: 0, prefixes: vec![0] };
    let noise = || vec![0xff; 40];
    let cases = [
        ("identifierQuery/elsewhere.test".to_owned(), query.encode(), named.encode()),
        ("identifierQuery/elsewhere.test".to_owned(), query.encode(), noise()),
        ("discovery/elsewhere.test".to_owned(), by_number.encode(), noise()),
        (
            "discovery/elsewhere.test".to_owned(),
            by_number.encode(),
            DiscoveryResponse::Buckets(vec![]).encode(),
        ),
        (key_material(&bob), claim.encode(), of(&third, "mimi://elsewhere.test/d/bob/d1").encode()),
        (key_material(&bob), claim.encode(), of(&bob, "mimi://elsewhere.test/d/eve/d1").encode()),
        (key_material(&bob), claim.encode(), noise()),
        (at_room("submitMessage"), message, noise()),
        (at_room("update"), commit, noise()),
        (at_room("groupInfo"), group_info_request(&ann.mls).encode(), Vec::new()),
    ];
    let before = service.dump_without_incidents().await;
    for (number, (path, body, said)) in cases.into_iter().enumerate() {
        *link.0.lock().unwrap() = said;
        let answer = service.call("POST", &path, Some(&ann.token), body).await;
        assert_eq!((answer.code().as_str(), answer.status), ("PeerMisbehaved", 502), "{number}: {path}");
        let incidents = service.incidents().await;
        let from = Some("elsewhere.test".parse().unwrap());
        let expected = Incident { at: service.clock_now(), from, reason: IncidentReason::AnsweredFalsely };
        assert_eq!((incidents.len(), incidents.last()), (number + 1, Some(&expected)), "{path}");
    }
    let media = format!("proxyDownload/{}", escaped(&format!("https://elsewhere.test/v1/media/{MEDIA_ID}")));
    assert_eq!(service.call("GET", &media, Some(&ann.token), vec![]).await.code(), "PeerMisbehaved");
    assert_eq!(service.incidents().await.len(), 11);
    assert_eq!(before, service.dump_without_incidents().await);
    service.stop().await;
}
