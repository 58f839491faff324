//! The listener for a service's own devices.

use super::{
    super::{
        key_packages::{path as key_material, request as key_request},
        mls::{CLASSICAL, Device, Person},
        stream::{agent, segment},
        world::*,
    },
    Case, Gate, Takes, Who, held_against, spoil, wrong_methods,
};
use openmls_traits::signatures::Signer as _;
use tls_codec::Serialize as _;
use trefoil_proto::{
    RoomUri, Timestamp, UserUri, Wire,
    backup::*,
    decisions::{AppealDecision, CaseId},
    discovery, edge,
    edge::{ChallengeRequest, CodeRequest, Identifier, OpenUpload, PublishKeyPackages},
    limits,
    mimi::{
        GroupInfoRequest, KeyMaterialRequest, Protocol, SubmitMessageRequest, UpdateRequest,
        group_info::GroupInfoRequestTbs,
        identifier::{IdentifierRequest, QueryElement},
        report::{AbuseReport, AbuseType, FollowReport},
    },
    minors::{Act, GuardianWord, InviteGuardian, Reach, Reached, ReplaceReach, WordTbs},
    mls::Credential,
    passes,
    paths::segment as escaped,
    pin,
    recovery::{BeginRecoveryRequest, RecoverRequest, RecoverTbs},
    rendezvous::SealedHalf,
};
use trefoil_server::edge::Edge;
use trefoil_transparency::directory::KeyProofRequest;

pub const MEDIA_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";
/// Past every rate that could get in the way.
pub const WIDE: &str = "[first_contacts]\nlimited = false\npasses = false\n[limits]\nanonymous_per_minute = 1000000\nrequests_per_minute = 1000000\n\
                        lookups_per_hour = 1000000\nkey_claims_per_hour = 1000000\n\
                        registrations_per_hour = 1000000\npin_records_per_hour = 1000000\n\
                        pin_tries_per_hour = 1000000\npeer_requests_per_second = 1000000\n";

/// A report without content, by somebody of a service.
pub(super) fn abuse_report(domain: &str) -> AbuseReport {
    AbuseReport {
        reporting_user: format!("mimi://{domain}/u/ann").parse().unwrap(),
        alleged_abuser: "mimi://b.test/u/mallory".parse().unwrap(),
        reason: AbuseType::Spam,
        note: Vec::new(),
        messages: Vec::new(),
        extensions: Default::default(),
    }
}

/// A question about a report that was never made, by somebody of a service.
pub(super) fn follow_report(domain: &str) -> FollowReport {
    let reporting_user = format!("mimi://{domain}/u/ann").parse().unwrap();
    FollowReport { reporting_user, report: [7; 32], appeal: Some("look again".parse().unwrap()) }
}

/// An appeal in a case that is not there.
fn appeal() -> AppealDecision {
    AppealDecision { case: CaseId([7; 10]), words: "no".parse().unwrap() }
}

/// A request for one pass, though not under a key that there is.
pub(super) fn pass_request() -> passes::IssueRequest {
    let request = passes::TokenRequest { token_type: 1, truncated_key_id: 0, blinded: [2; passes::ELEMENT] };
    passes::IssueRequest { purpose: passes::Purpose::FirstContact, requests: vec![request] }
}

/// A claim with a pass that nobody issued.
pub(super) fn first_contact(claim: KeyMaterialRequest) -> passes::FirstContact {
    let token = passes::Token {
        token_type: 1,
        nonce: [1; 32],
        challenge_digest: [2; 32],
        key_id: [3; 32],
        authenticator: [4; 48],
    };
    passes::FirstContact { token, claim: passes::Claim::Named(claim) }
}

/// A claim with a proof that nobody's key made.
pub(super) fn reached(claim: KeyMaterialRequest, user: &UserUri) -> Reached {
    let proof = Reach { serial: 0, seed: [1; 32] }.prove(user, 20_000, [2; 32]);
    Reached { proof, claim: passes::Claim::Named(claim) }
}

/// What somebody says who is nobody's guardian.
pub(super) fn guardian_word(by: &Device, about: &UserUri) -> GuardianWord {
    let tbs = WordTbs { minor: about.clone(), device: by.uri.clone(), at: Timestamp(1), act: Act::Close };
    GuardianWord { tbs, signature: [3; 64] }
}

/// A request for a room's group info, signed as it must be.
pub fn group_info_request(device: &Device) -> GroupInfoRequest {
    let tbs = GroupInfoRequestTbs {
        protocol: Protocol::Mls10,
        cipher_suite: 1,
        requesting_signature_key: device.signer.public().to_vec(),
        requesting_credential: Credential::basic(device.uri.to_string().as_bytes()),
        device_authorisation: device.authorisation.encode(),
        group_info_public_key: vec![9; 32],
        joining_code: Vec::new(),
    };
    let content = tbs.tls_serialize_detached().unwrap().into();
    let content = openmls::prelude::SignContent::new("GroupInfoRequestTBS", content);
    let signature = device.signer.sign(&content.tls_serialize_detached().unwrap()).unwrap();
    GroupInfoRequest { tbs, signature }
}

/// A phone service with one person, who came in by a code.
pub async fn phone_service(world: &World) -> (Running, Member) {
    let service = world.start_with("phone", "phone.test", free_port(), &[], WIDE);
    let number = "+4711111111";
    service.call("POST", "accounts/code", None, CodeRequest { number: number.into() }.encode()).await;
    let code = super::super::accounts::last_code(&service, number).await;
    let ann = service.join("ann", Identifier::Phone { number: number.into(), code: code.into() }).await;
    (service, ann)
}

fn structure<T: Wire>(value: &T) -> Takes {
    Takes::Structure { good: value.encode(), limit: T::LIMIT }
}

fn case(
    method: &'static str,
    template: &'static str,
    path: impl Into<String>,
    takes: Takes,
    who: Who,
) -> Case {
    Case { method, template, path: path.into(), takes, who, odd: Vec::new() }
}

fn odd(mut case: Case, odd: &[(String, &'static str)]) -> Case {
    case.odd.extend_from_slice(odd);
    case
}

/// Rooms that are none, at an endpoint.
fn no_rooms(endpoint: &str) -> Vec<(String, &'static str)> {
    [
        ("room".to_owned(), "Malformed"),
        (escaped("mimi://phone.test/u/x"), "Malformed"),
        ("a".repeat(600), "TooLarge"),
        // An own room named as no URI of ours is.
        (escaped("MIMI://phone.test/r/tea"), "Malformed"),
        // A host that no caller makes us knock at.
        (escaped("mimi://localhost/r/tea"), "PeerUnavailable"),
        (escaped("mimi://127.0.0.1/r/tea"), "PeerUnavailable"),
    ]
    .map(|(room, code)| (format!("/v1/{endpoint}/{room}"), code))
    .to_vec()
}

async fn people(service: &Running, ann: &mut Member) -> Vec<Case> {
    let (_, register) =
        service.newcomer("new", Identifier::Phone { number: b"+4700".to_vec(), code: vec![] });
    let person = Person::new(&service.domain, "ann");
    let token = service.token_request(ann).await;
    let removal = removal(&person.key, &[&ann.mls], ann.uri(), service.clock_now());
    let challenge = ChallengeRequest { device: ann.uri().clone() };
    let code = CodeRequest { number: b"+4712345678".to_vec() };
    let packages = PublishKeyPackages { one_use: vec![], last_resort: vec![] };
    let get = |template: &'static str, who| case("GET", template, template, Takes::Nothing, who);
    let post = |template: &'static str, takes, who| case("POST", template, template, takes, who);
    vec![
        get("/v1/service", Who::Anyone),
        get("/.well-known/mimi-protocol-directory", Who::Anyone),
        get("/log/checkpoint", Who::Anyone),
        odd(
            case("GET", "/log/tile/{*path}", "/log/tile/0/000", Takes::Nothing, Who::Anyone),
            &[
                ("/log/tile/0/000".into(), "NotFound"),
                ("/log/tile/entries/000.p/1".into(), "NotFound"),
                ("/log/tile/0/000.p/256".into(), "Malformed"),
                ("/log/tile/9/000".into(), "Malformed"),
                ("/log/tile/0/..%2F..%2Fsecrets.toml".into(), "Malformed"),
                (format!("/log/tile/0/{}", "x001/".repeat(500)), "Malformed"),
            ],
        ),
        post("/v1/accounts/code", structure(&code), Who::Anyone),
        post("/v1/accounts", structure(&register), Who::Anyone),
        get("/v1/accounts/devices", Who::Device),
        post(
            "/v1/accounts/devices",
            structure(&add_request(&person.key, &[&ann.mls], &person.device("d2"))),
            Who::Device,
        ),
        odd(
            case(
                "DELETE",
                "/v1/accounts/devices/{device}",
                "/v1/accounts/devices/d1",
                structure(&removal),
                Who::Device,
            ),
            &[
                ("/v1/accounts/devices/D!".into(), "Malformed"),
                ("/v1/accounts/devices/d2".into(), "Malformed"),
            ],
        ),
        get("/v1/account", Who::Device),
        post("/v1/auth/challenge", structure(&challenge), Who::Anyone),
        post("/v1/auth/token", structure(&token), Who::Anyone),
        get("/v1/keyPackages", Who::Device),
        post("/v1/keyPackages", structure(&packages), Who::Device),
    ]
}

async fn conversation(service: &Running, ann: &mut Member) -> Vec<Case> {
    let room: RoomUri = format!("mimi://{}/r/tea", service.domain).parse().unwrap();
    let create = ann.mls.begin(&room, &agent(service).await, CLASSICAL, |_| {});
    let message: SubmitMessageRequest = ann.mls.message(b"x");
    let commit: UpdateRequest = ann.mls.commit(vec![], vec![], None);
    let query = IdentifierRequest {
        query_elements: vec![QueryElement::Nick(b"x".to_vec())],
        extensions: Default::default(),
    };
    let user = ann.uri().user_uri();
    let claim: KeyMaterialRequest = key_request(&ann.mls, &user, vec![1], &room.to_string());
    let segment = segment(&room);
    let at_room = |endpoint: &str, template, takes| {
        odd(
            case("POST", template, format!("/v1/{endpoint}/{segment}"), takes, Who::Device),
            &no_rooms(endpoint),
        )
    };
    let unoffered = |template: &'static str| {
        let path = template.replace("{domain}", "phone.test").replace("{room}", &segment);
        case("POST", template, path, Takes::NotOffered, Who::Anyone)
    };
    let of_another = format!("/v1/update/{}", escaped("mimi://phone.test/r/none"));
    let to_another = format!("/v1/submitMessage/{}", escaped("mimi://phone.test/r/none"));
    let for_another = format!("/v1/keyMaterial/{}", escaped("mimi://phone.test/u/other"));
    let reached = reached(claim.clone(), &user);
    vec![
        case("POST", "/v1/rooms", "/v1/rooms", structure(&create), Who::Device),
        odd(at_room("update", "/v1/update/{room}", structure(&commit)), &[(of_another, "Malformed")]),
        odd(
            at_room("submitMessage", "/v1/submitMessage/{room}", structure(&message)),
            &[(to_another, "Malformed")],
        ),
        at_room("groupInfo", "/v1/groupInfo/{room}", structure(&group_info_request(&ann.mls))),
        odd(
            case(
                "POST",
                "/v1/keyMaterial/{user}",
                format!("/v1/{}", key_material(&user)),
                structure(&claim),
                Who::Device,
            ),
            &[("/v1/keyMaterial/user".into(), "Malformed"), (for_another.clone(), "Malformed")],
        ),
        odd(
            case(
                "POST",
                "/v1/identifierQuery/{domain}",
                "/v1/identifierQuery/phone.test",
                structure(&query),
                Who::Device,
            ),
            &[
                ("/v1/identifierQuery/phone%20test".into(), "Malformed"),
                ("/v1/identifierQuery/localhost".into(), "PeerUnavailable"),
            ],
        ),
        odd(
            case(
                "POST",
                "/v1/discovery/{domain}",
                "/v1/discovery/phone.test",
                structure(&discovery::DiscoveryRequest::Buckets { bits: 0, prefixes: vec![0] }),
                Who::Device,
            ),
            &[
                ("/v1/discovery/phone%20test".into(), "Malformed"),
                ("/v1/discovery/localhost".into(), "PeerUnavailable"),
            ],
        ),
        odd(
            case(
                "POST",
                "/v1/passes/{domain}",
                "/v1/passes/phone.test",
                structure(&pass_request()),
                Who::Device,
            ),
            &[
                ("/v1/passes/phone%20test".into(), "Malformed"),
                ("/v1/passes/localhost".into(), "PeerUnavailable"),
            ],
        ),
        odd(
            case(
                "POST",
                "/v1/firstContact/{user}",
                format!("/v1/firstContact/{}", escaped(&user.to_string())),
                structure(&first_contact(claim)),
                Who::Device,
            ),
            &[
                ("/v1/firstContact/user".into(), "Malformed"),
                (for_another.replace("keyMaterial", "firstContact"), "Malformed"),
            ],
        ),
        odd(
            case(
                "POST",
                "/v1/reached/{user}",
                format!("/v1/reached/{}", escaped(&user.to_string())),
                structure(&reached),
                Who::Device,
            ),
            &[
                ("/v1/reached/user".into(), "Malformed"),
                (for_another.replace("keyMaterial", "reached"), "Malformed"),
            ],
        ),
        odd(
            case(
                "POST",
                "/v1/guardian/{user}",
                format!("/v1/guardian/{}", escaped(&user.to_string())),
                structure(&guardian_word(&ann.mls, &user)),
                Who::Device,
            ),
            &[
                ("/v1/guardian/user".into(), "Malformed"),
                (for_another.replace("keyMaterial", "guardian"), "Malformed"),
            ],
        ),
        case("GET", "/v1/minor", "/v1/minor", Takes::Nothing, Who::Device),
        case(
            "POST",
            "/v1/minor/reach",
            "/v1/minor/reach",
            structure(&ReplaceReach { reach: [1; 32] }),
            Who::Device,
        ),
        case(
            "POST",
            "/v1/minor/guardian",
            "/v1/minor/guardian",
            structure(&InviteGuardian { key: [1; 32] }),
            Who::Device,
        ),
        case("GET", "/v1/minors/ages", "/v1/minors/ages", Takes::Nothing, Who::Anyone),
        unoffered("/v1/requestConsent/{domain}"),
        unoffered("/v1/updateConsent/{domain}"),
        at_room("reportAbuse", "/v1/reportAbuse/{room}", structure(&abuse_report("phone.test"))),
        at_room("followReport", "/v1/followReport/{room}", structure(&follow_report("phone.test"))),
        case("GET", "/v1/decisions", "/v1/decisions", Takes::Nothing, Who::Device),
        case("POST", "/v1/decisions/appeal", "/v1/decisions/appeal", structure(&appeal()), Who::Device),
    ]
}

fn media() -> Vec<Case> {
    let at = format!("/v1/media/{MEDIA_ID}");
    let query = |query: &str| (format!("{at}{query}"), "Malformed");
    let url = |url: &str, code| (format!("/v1/proxyDownload/{}", escaped(url)), code);
    let own = format!("https://phone.test{at}");
    vec![
        case("POST", "/v1/media", "/v1/media", structure(&OpenUpload { length: 5 }), Who::Device),
        odd(
            case(
                "PUT",
                "/v1/media/{id}",
                format!("{at}?offset=0"),
                Takes::Piece { limit: limits::MEDIA_PIECE },
                Who::Device,
            ),
            &[
                query(""),
                query("?offset=-1"),
                query("?offset=18446744073709551616"),
                query("?offset=0&x=1"),
                query("?offset=0&offset=1"),
                (format!("{at}?offset=0"), "NotFound"),
                (format!("{at}?offset=18446744073709551615"), "NotFound"),
            ],
        ),
        odd(
            case("GET", "/v1/media/{id}", at.clone(), Takes::Nothing, Who::Device),
            &[
                (at.clone(), "NotFound"),
                ("/v1/media/..%2F..%2Fsecrets.toml".into(), "NotFound"),
                (format!("/v1/media/{}", "A".repeat(4000)), "NotFound"),
            ],
        ),
        case("HEAD", "/v1/media/{id}", at.clone(), Takes::Nothing, Who::Device),
        odd(
            case(
                "GET",
                "/v1/proxyDownload/{url}",
                format!("/v1/proxyDownload/{}", escaped(&own)),
                Takes::Nothing,
                Who::Device,
            ),
            &[
                url("x", "Malformed"),
                url("file:///etc/passwd", "Malformed"),
                url(&format!("https://127.0.0.1{at}"), "PeerUnavailable"),
                url(&own, "NotFound"),
            ],
        ),
        odd(
            case("GET", "/v1/stream", "/v1/stream", Takes::Nothing, Who::Device),
            &[
                ("/v1/stream".into(), "Malformed"),
                ("/v1/stream?after=x".into(), "Malformed"),
                ("/v1/stream?before=1".into(), "Malformed"),
            ],
        ),
    ]
}

/// Requests for recovery, and those about backups. What is good in form is of nobody.
async fn keeping(service: &Running) -> Vec<Case> {
    let person = Person::new(&service.domain, "nobody");
    let device = person.device("d1");
    let challenge = ChallengeRequest { device: device.uri.clone() };
    let challenge: edge::ChallengeResponse = service.ask("auth/challenge", None, &challenge).await;
    let begin = BeginRecoveryRequest::sign(&person.key, device.uri.clone(), challenge.challenge.clone());
    let tbs = RecoverTbs {
        device: new_device(&device),
        challenge: challenge.challenge,
        device_set: device_set(&person.key, &[&[&device]]),
    };
    let recover = RecoverRequest::sign(&person.key, tbs);
    let (id, token, name) = (BackupId([1; 32]), BackupToken([2; 32]), SegmentName([3; 16]));
    let segment = PutSegment { id, token: token.clone(), name, sealed: vec![4; 64] };
    let manifest =
        PutManifest { id, token: token.clone(), expected: 0, sealed: vec![5; 64], dropped: vec![name] };
    let read = ReadBackup { id, token: token.clone(), part: BackupPart::Segment(name) };
    let open = OpenBackup { id, token_hash: [6; 32], kind: BackupKind::Lasting };
    let post = |template: &'static str, takes, who, code: &'static str| {
        let told = if code.is_empty() { vec![] } else { vec![(template.to_owned(), code)] };
        odd(case("POST", template, template, takes, who), &told)
    };
    vec![
        post("/v1/accounts/recover/begin", structure(&begin), Who::Anyone, "BadSignature"),
        post("/v1/accounts/recover", structure(&recover), Who::Anyone, "BadSignature"),
        // A good one would make a backup.
        post("/v1/backups", structure(&open), Who::Device, ""),
        post("/v1/backups/segment", structure(&segment), Who::Device, "NotFound"),
        post("/v1/backups/manifest", structure(&manifest), Who::Device, "NotFound"),
        post("/v1/backups/read", structure(&read), Who::Anyone, "NotFound"),
        post(
            "/v1/backups/delete",
            structure(&DeleteBackup { id, token, kind: BackupKind::Lasting }),
            Who::Device,
            "",
        ),
    ]
}

fn directory() -> Vec<Case> {
    let nobody = KeyProofRequest { user: "mimi://phone.test/u/nobody".parse().unwrap(), known: None };
    let elsewhere = |path: &str, code| (format!("/v1/directory/{path}"), code);
    vec![
        case("GET", "/v1/directory/services", "/v1/directory/services", Takes::Nothing, Who::Anyone),
        odd(
            case("POST", "/v1/directory/proof", "/v1/directory/proof", structure(&nobody), Who::Device),
            &[elsewhere("proof", "NotFound")],
        ),
        odd(
            case(
                "GET",
                "/v1/directory/root/{domain}/{epoch}",
                "/v1/directory/root/phone.test/7",
                Takes::Nothing,
                Who::Device,
            ),
            &[
                elsewhere("root/phone.test/7", "NotFound"),
                elsewhere("root/phone.test/-1", "Malformed"),
                elsewhere("root/phone.test/18446744073709551616", "Malformed"),
                elsewhere("root/phone%20test/7", "Malformed"),
                elsewhere("root/localhost/7", "PeerUnavailable"),
                elsewhere("root/127.0.0.1/7", "PeerUnavailable"),
            ],
        ),
        odd(
            case("GET", "/v1/directory/epochs/{from}", "/v1/directory/epochs/1", Takes::Nothing, Who::Anyone),
            &[elsewhere("epochs/x", "Malformed"), elsewhere("epochs/18446744073709551616", "Malformed")],
        ),
    ]
}

fn pin() -> Vec<Case> {
    let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
    let (name, blinded) = (pin::name_of(&key), pin::Element([1; 32]));
    let identifier = Identifier::Phone { number: b"+4700000000".to_vec(), code: b"000000".to_vec() };
    let place = |number: u8| pin::Place {
        address: format!("https://{number}.test").into_bytes(),
        name: pin::RecordName([number; 32]),
    };
    let note = pin::Note { version: pin::VERSION, salt: [3; 32], places: (0..3).map(place).collect() };
    let post = |template: &'static str, takes| case("POST", template, template, takes, Who::Anyone);
    let at_note = |method, takes| case(method, "/v1/pin/note", "/v1/pin/note", takes, Who::Device);
    let told = |case: Case, code| {
        let path = case.path.clone();
        odd(case, &[(path, code)])
    };
    vec![
        // What is good in form and bad in sense, as the last column says.
        told(post("/v1/pin/prepare", structure(&pin::PrepareRequest { name, blinded })), "Malformed"),
        told(
            post("/v1/pin/records", structure(&pin::StoreRequest::sign(&key, vec![4; 72], [5; 32]))),
            "NotAllowed",
        ),
        told(post("/v1/pin/tries", structure(&pin::TryRequest { name, blinded })), "Malformed"),
        told(post("/v1/pin/unlock", structure(&pin::UnlockRequest::sign(&key, 1))), "NotFound"),
        post("/v1/pin/remove", structure(&pin::RemoveRequest::sign(&key))),
        told(post("/v1/pin/find", structure(&pin::FindRequest { identifier })), "BadCode"),
        at_note("GET", Takes::Nothing),
        at_note("PUT", structure(&pin::PutNoteRequest { account_name: Vec::new(), note })),
        at_note("DELETE", Takes::Nothing),
    ]
}

/// A slot's halves. What is good in form is put nowhere: there is no such slot.
fn rendezvous() -> Vec<Case> {
    const TEMPLATE: &str = "/v1/rendezvous/{slot}/{half}";
    let slot = "0123456789abcdef0123456789abcdef";
    let at = format!("/v1/rendezvous/{slot}/answer");
    let wrong = [
        (format!("/v1/rendezvous/{slot}/Answer"), "Malformed"),
        (format!("/v1/rendezvous/{}/answer", &slot[1..]), "Malformed"),
        (format!("/v1/rendezvous/{}/answer", slot.to_uppercase()), "Malformed"),
        (format!("/v1/rendezvous/{}/answer", "0".repeat(4000)), "Malformed"),
        ("/v1/rendezvous/..%2F..%2Fsecrets.toml/request".into(), "Malformed"),
        (at.clone(), "NotFound"),
    ];
    let half = SealedHalf { sealed: vec![7; 64] };
    vec![
        odd(case("PUT", TEMPLATE, at.clone(), structure(&half), Who::Anyone), &wrong),
        odd(case("GET", TEMPLATE, at, Takes::Nothing, Who::Anyone), &wrong),
    ]
}

/// The table.
pub async fn cases(service: &Running, ann: &mut Member) -> Vec<Case> {
    let mut cases = people(service, ann).await;
    cases.extend(conversation(service, ann).await);
    cases.extend(media());
    cases.extend(directory());
    cases.extend(keeping(service).await);
    cases.extend(pin());
    cases.extend(rendezvous());
    cases
}

fn gate(service: &Running, ann: &Member) -> Gate {
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    Gate {
        http: service.http.clone(),
        base: format!("https://{}:{}", service.domain, service.addresses.client.port()),
        own: vec![("authorization", bearer(&ann.token).unwrap())],
        others: vec![
            None,
            bearer(""),
            bearer("AAAA"),
            bearer("not base64!"),
            bearer(&"A".repeat(43)),
            bearer(&format!("{}A", ann.token)),
            Some(ann.token.clone()),
            Some(format!("Basic {}", ann.token)),
        ],
        refused: ("Unauthenticated", 401),
    }
}

#[tokio::test]
async fn every_endpoint_names_what_is_wrong_and_changes_nothing() {
    let world = World::new();
    let (service, mut ann) = phone_service(&world).await;
    let (cases, listed) = (cases(&service, &mut ann).await, Edge::client_endpoints());
    held_against(&listed, &cases);
    let gate = gate(&service, &ann);
    let before = service.dump().await;
    for case in &cases {
        spoil(&gate, case).await;
    }
    wrong_methods(&gate, &listed, &cases).await;
    let nowhere = answer(gate.request("GET", "/v1/nothing", Vec::new())).await;
    assert_eq!(nowhere.code(), "NotFound");
    assert_eq!(before, service.dump().await);
    // A token that has run out is none.
    service.clock.advance(365 * 24 * 60 * 60 * 1000);
    for case in cases.iter().filter(|case| case.who == Who::Device) {
        let answer = gate.ask(case, &case.path, case.good(), &[]).await;
        case.expect(&answer, "Unauthenticated", 401, "with a token that has run out");
    }
    service.stop().await;
}

#[tokio::test]
async fn a_request_that_is_signed_by_someone_else_is_refused() {
    let world = World::new();
    let (service, ann) = phone_service(&world).await;
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
    // A token by another device's key, and the removal of a device by another account's.
    let mut token: edge::TokenRequest = service.token_request(&ann).await;
    let before_token = service.dump().await;
    token.signature[0] ^= 1;
    assert_eq!(service.call("POST", "auth/token", None, token.encode()).await.code(), "Unauthenticated");
    let eve = Person::new(&service.domain, "eve");
    let removal = service.remove(&ann, &eve.key, &[&ann], &ann).await;
    assert_eq!(removal.code(), "BadSignature");
    assert_eq!(before, before_token);
    assert_eq!(before, service.dump().await);
    service.stop().await;
}
