//! The listener for other services.

use super::{
    super::{
        key_packages::{path as key_material, request as key_request},
        mls::CLASSICAL,
        stream::{agent, segment},
        world::*,
    },
    Case, Gate, Takes, Who,
    devices::{
        MEDIA_ID, abuse_report, first_contact, follow_report, group_info_request, guardian_word,
        pass_request, phone_service, reached,
    },
    held_against, spoil, wrong_methods,
};
use trefoil_proto::{
    RoomUri, Timestamp, UserUri, Wire,
    discovery::DiscoveryRequest,
    limits,
    mimi::{
        NotifyRequest,
        identifier::{IdentifierRequest, QueryElement},
        report::{AbuseType, ForwardedReport, ForwardedReportTbs},
        submit::Delivery,
    },
    paths::segment as escaped,
};
use trefoil_server::edge::Edge;
use trefoil_transparency::directory::{AuditRequest, KeyProofRequest, RootRequest};
use trefoil_transparency::log::{LogSigner, MerkleLog, OpenCheckpoint, Submission, log_name};

fn structure<T: Wire>(value: &T) -> Takes {
    Takes::Structure { good: value.encode(), limit: T::LIMIT }
}

/// A report that nobody signed.
fn forwarded_report(about: &UserUri) -> ForwardedReport {
    let tbs = ForwardedReportTbs {
        room: "mimi://handle.test/r/tea".parse().unwrap(),
        alleged_abuser: about.clone(),
        reason: AbuseType::Spam,
        at: Timestamp(1),
        messages: Vec::new(),
    };
    ForwardedReport { tbs, signature: [7; 64] }
}

/// A first checkpoint of the log of a service.
fn submission(domain: &str) -> Vec<u8> {
    let mut log = MerkleLog::new();
    log.append_bytes(b"entry");
    let key = ed25519_dalek::SigningKey::from_bytes(&[5; 32]);
    let signer = LogSigner::new(&log_name(&domain.parse().unwrap()), key).unwrap();
    let checkpoint = OpenCheckpoint::open(&signer.sign(&log.head()), &signer.public()).unwrap();
    Submission::new(&log.prove_consistency(0, 1).unwrap(), &checkpoint).encode()
}

/// The table. What is sent is Ann's, whose service this is: well formed, and not for a peer to hand in.
async fn cases(service: &Running, ann: &mut Member) -> Vec<Case> {
    let room: RoomUri = format!("mimi://{}/r/tea", service.domain).parse().unwrap();
    ann.mls.begin(&room, &agent(service).await, CLASSICAL, |_| {});
    let message = ann.mls.message(b"x");
    let commit = ann.mls.commit(vec![], vec![], None);
    let query = IdentifierRequest {
        query_elements: vec![QueryElement::Nick(b"x".to_vec())],
        extensions: Default::default(),
    };
    let user = ann.uri().user_uri();
    let claim = key_request(&ann.mls, &user, vec![1], &room.to_string());
    let proven = reached(claim.clone(), &user);
    let notify = NotifyRequest { delivery: Delivery::Durable, recipients: vec![], messages: vec![] };
    let segment = segment(&room);
    let nobody = "mimi://phone.test/u/nobody".parse().unwrap();
    let case = |method, template, path: String, takes, odd: &[(&str, &'static str)]| {
        let start = path.rsplit_once('/').unwrap().0;
        let odd = odd.iter().map(|(segment, code)| (format!("{start}/{segment}"), *code)).collect();
        Case { method, template, path, takes, who: Who::Service, odd }
    };
    let (of_a_person, of_another) = (escaped("mimi://phone.test/u/x"), escaped("mimi://other.test/r/tea"));
    let at_room = |endpoint: &str, template, takes| {
        let odd = [("room", "Malformed"), (&of_a_person[..], "Malformed"), (&of_another, "WrongDomain")];
        case("POST", template, format!("/mimi/v1/{endpoint}/{segment}"), takes, &odd)
    };
    let unoffered = |template: &'static str| {
        let path = template.replace("{domain}", "phone.test").replace("{room}", &segment);
        Case { who: Who::Anyone, ..case("POST", template, path, Takes::NotOffered, &[]) }
    };
    let at_peer = escaped("mimi://handle.test/r/tea");
    let own_media = escaped(&format!("https://phone.test/v1/media/{MEDIA_ID}"));
    let other_media = escaped(&format!("https://other.test/v1/media/{MEDIA_ID}"));
    let inner_media = escaped(&format!("https://127.0.0.1/v1/media/{MEDIA_ID}"));
    vec![
        case(
            "POST",
            "/mimi/v1/keyMaterial/{user}",
            format!("/mimi/v1/{}", key_material(&user)),
            structure(&claim),
            &[("user", "Malformed"), (&escaped("mimi://phone.test/u/other"), "Malformed")],
        ),
        at_room("update", "/mimi/v1/update/{room}", structure(&commit)),
        case(
            "POST",
            "/mimi/v1/notify/{room}",
            format!("/mimi/v1/notify/{at_peer}"),
            Takes::Structure { good: notify.encode(), limit: limits::NOTIFY },
            &[("room", "Malformed"), (&of_another, "WrongDomain"), (&segment, "WrongDomain")],
        ),
        at_room("submitMessage", "/mimi/v1/submitMessage/{room}", structure(&message)),
        at_room("groupInfo", "/mimi/v1/groupInfo/{room}", structure(&group_info_request(&ann.mls))),
        case(
            "POST",
            "/mimi/v1/identifierQuery/{domain}",
            "/mimi/v1/identifierQuery/phone.test".into(),
            structure(&query),
            &[("phone%20test", "Malformed"), ("other.test", "WrongDomain")],
        ),
        unoffered("/mimi/v1/requestConsent/{domain}"),
        unoffered("/mimi/v1/updateConsent/{domain}"),
        at_room("reportAbuse", "/mimi/v1/reportAbuse/{room}", structure(&abuse_report("handle.test"))),
        at_room("followReport", "/mimi/v1/followReport/{room}", structure(&follow_report("handle.test"))),
        case(
            "POST",
            "/mimi/v1/forwardReport/{user}",
            format!("/mimi/v1/forwardReport/{}", escaped(&user.to_string())),
            structure(&forwarded_report(&user)),
            &[("user", "Malformed"), (&escaped("mimi://phone.test/u/other"), "Malformed")],
        ),
        case(
            "GET",
            "/mimi/v1/proxyDownload/{url}",
            format!("/mimi/v1/proxyDownload/{own_media}"),
            Takes::Nothing,
            &[
                (&own_media, "NotFound"),
                ("x", "WrongDomain"),
                (&other_media, "WrongDomain"),
                (&inner_media, "WrongDomain"),
                (&escaped("file:///etc/passwd"), "WrongDomain"),
            ],
        ),
        case(
            "GET",
            "/v1/media/{id}",
            format!("/v1/media/{MEDIA_ID}"),
            Takes::Nothing,
            &[(MEDIA_ID, "NotFound"), ("..%2F..%2Fsecrets.toml", "NotFound")],
        ),
        case(
            "POST",
            "/mimi/v1/keyProof/{user}",
            format!("/mimi/v1/keyProof/{}", escaped("mimi://phone.test/u/nobody")),
            structure(&KeyProofRequest { user: nobody, known: None }),
            &[
                (&escaped("mimi://phone.test/u/nobody"), "NotFound"),
                ("user", "Malformed"),
                (&escaped("mimi://phone.test/u/other"), "Malformed"),
            ],
        ),
        case(
            "POST",
            "/mimi/v1/auditDirectory/{domain}",
            "/mimi/v1/auditDirectory/handle.test".into(),
            structure(&AuditRequest { key: [1; 32], records: vec![] }),
            &[("phone%20test", "Malformed"), ("other.test", "WrongDomain")],
        ),
        case(
            "POST",
            "/mimi/v1/directoryRoot/{domain}",
            "/mimi/v1/directoryRoot/phone.test".into(),
            structure(&RootRequest { epoch: 7 }),
            &[("phone.test", "NotFound"), ("phone%20test", "Malformed"), ("other.test", "WrongDomain")],
        ),
        case(
            "POST",
            "/mimi/v1/discovery/{domain}",
            "/mimi/v1/discovery/phone.test".into(),
            structure(&DiscoveryRequest::Buckets { bits: 0, prefixes: vec![0] }),
            &[("phone%20test", "Malformed"), ("other.test", "WrongDomain")],
        ),
        case(
            "POST",
            "/mimi/v1/passes/{domain}",
            "/mimi/v1/passes/phone.test".into(),
            structure(&pass_request()),
            &[("phone%20test", "Malformed"), ("other.test", "WrongDomain")],
        ),
        case(
            "POST",
            "/mimi/v1/firstContact/{user}",
            format!("/mimi/v1/firstContact/{}", escaped(&user.to_string())),
            structure(&first_contact(claim)),
            &[("user", "Malformed"), (&escaped("mimi://phone.test/u/other"), "Malformed")],
        ),
        case(
            "POST",
            "/mimi/v1/reached/{user}",
            format!("/mimi/v1/reached/{}", escaped(&user.to_string())),
            structure(&proven),
            &[("user", "Malformed"), (&escaped("mimi://phone.test/u/other"), "Malformed")],
        ),
        case(
            "POST",
            "/mimi/v1/guardian/{user}",
            format!("/mimi/v1/guardian/{}", escaped(&user.to_string())),
            structure(&guardian_word(&ann.mls, &user)),
            &[("user", "Malformed"), (&escaped("mimi://phone.test/u/other"), "Malformed")],
        ),
        Case {
            method: "POST",
            template: "/log/witness/add-checkpoint",
            path: "/log/witness/add-checkpoint".into(),
            takes: Takes::Untyped { good: submission("handle.test"), limit: Submission::LIMIT },
            who: Who::Service,
            odd: Vec::new(),
        },
        Case {
            method: "GET",
            template: "/.well-known/trefoil-policy-list",
            path: "/.well-known/trefoil-policy-list".into(),
            takes: Takes::Nothing,
            who: Who::Service,
            odd: vec![("/.well-known/trefoil-policy-list".into(), "NotFound")],
        },
        Case {
            method: "GET",
            template: "/.well-known/mimi-protocol-directory",
            path: "/.well-known/mimi-protocol-directory".into(),
            takes: Takes::Nothing,
            who: Who::Anyone,
            odd: Vec::new(),
        },
    ]
}

#[tokio::test]
async fn every_endpoint_names_what_is_wrong_and_changes_nothing() {
    let world = World::new();
    let (service, mut ann) = phone_service(&world).await;
    let (cases, listed) = (cases(&service, &mut ann).await, Edge::federation_endpoints());
    held_against(&listed, &cases);
    let named = |name: &str| Some(name.to_owned());
    let base = format!("https://{}:{}", service.domain, service.addresses.federation.port());
    let gate = Gate {
        http: world.peer_client("handle.test", &service),
        base,
        own: vec![("from", "mimi@handle.test".to_owned())],
        others: vec![
            None,
            named(""),
            named("mimi@"),
            named("handle.test"),
            named("mimi@other.test"),
            named("mimi@phone.test"),
            named("mimi@handle.test:8443"),
            named("mimi@handle.test.other.test"),
            named("mimi@sub.handle.test"),
            named("mimi@handle.test, mimi@other.test"),
        ],
        refused: ("WrongDomain", 403),
    };
    let before = service.dump_without_incidents().await;
    for case in &cases {
        spoil(&gate, case).await;
    }
    wrong_methods(&gate, &listed, &cases).await;
    // Nobody gets as far without a certificate.
    let nobody = Gate { http: world.client_without_certificate(&service), ..gate };
    for case in &cases {
        let mut request = nobody.request(case.method, &case.path, case.good());
        request = request.header("from", "mimi@handle.test");
        assert!(request.send().await.is_err(), "{} {}", case.method, case.path);
    }
    assert_eq!(before, service.dump_without_incidents().await);
    service.stop().await;
}
