//! Registration on the three profiles, look-ups, tokens, devices.

use super::world::*;
use trefoil_proto::{
    Wire as _,
    edge::{CodeRequest, DeviceList, Identifier, Profile, ServiceInfo},
    frame::{MailboxEvent, ServerFrame},
    mimi::identifier::{IdentifierQueryCode, IdentifierRequest, IdentifierResponse, QueryElement},
};

fn handle(text: &str) -> Identifier {
    Identifier::Handle(text.as_bytes().to_vec())
}

async fn try_handle(service: &Running, name: &str, text: &str) -> String {
    let (_, request) = service.newcomer(name, handle(text));
    let answer = service.call("POST", "accounts", None, request.encode()).await;
    if answer.status == 201 { "ok".into() } else { answer.code() }
}

async fn look_up(service: &Running, token: &str, element: QueryElement) -> IdentifierResponse {
    let request = IdentifierRequest { query_elements: vec![element], extensions: Default::default() };
    service.ask(&format!("identifierQuery/{}", service.domain), Some(token), &request).await
}

#[tokio::test]
async fn an_account_by_name_is_not_found_by_it() {
    let service = World::new().start("account");
    let info: ServiceInfo = service.call("GET", "service", None, Vec::new()).await.decode();
    assert_eq!((info.domain.as_str(), info.profile), ("account.test", Profile::Account));
    let ann = service.join("ann", Identifier::AccountName(b"Ann".to_vec())).await;
    service.join("ann2", Identifier::AccountName(b"Ann".to_vec())).await;
    let answer = look_up(&service, &ann.token, QueryElement::Nick(b"Ann".to_vec())).await;
    assert_eq!(answer.code, IdentifierQueryCode::UnsupportedField);
    let (_, wrong_kind) = service.newcomer("eve", handle("eve"));
    assert_eq!(service.call("POST", "accounts", None, wrong_kind.encode()).await.code(), "Unsupported");
    service.stop().await;
}

#[tokio::test]
async fn the_same_registration_twice_is_one_account() {
    let service = World::new().start("handle");
    let (_, request) = service.newcomer("ann", handle("ann"));
    assert_eq!(service.call("POST", "accounts", None, request.encode()).await.status, 201);
    let before = service.dump().await;
    assert_eq!(service.call("POST", "accounts", None, request.encode()).await.status, 200);
    // The same ids with other content are refused.
    let (_, other) = service.newcomer("ann", handle("other"));
    assert_eq!(service.call("POST", "accounts", None, other.encode()).await.code(), "Conflict");
    assert_eq!(before, service.dump().await);
    service.stop().await;
}

#[tokio::test]
async fn no_account_says_that_it_is_older_than_it_is() {
    let service = World::new().start("handle");
    let (_, old) = service.newcomer("ann", handle("ann"));
    service.clock.advance(33 * 24 * 60 * 60 * 1000);
    let answer = service.call("POST", "accounts", None, old.encode()).await;
    assert_eq!(answer.code(), "Malformed");
    service.stop().await;
}

#[tokio::test]
async fn handles_are_unique_up_to_confusion() {
    let service = World::new().start("handle");
    assert_eq!(try_handle(&service, "a", "modern_pal").await, "ok");
    let taken = ["modern_pal", "MODERN_PAL", "ｍｏｄｅｒｎ_pal", "modem_pal", "rnodern_pal", "modern_pa1"];
    for (at, text) in taken.iter().enumerate() {
        assert_eq!(try_handle(&service, &format!("t{at}"), text).await, "IdentifierTaken", "{text}");
    }
    let bad = [
        "",
        "a b",
        "a@b",
        ".ab",
        "ab.",
        "a..b",
        "pаypal",
        "admin",
        "rnoderator",
        "a\u{200d}b",
        "abcdefghijklmnopqrstuvwxyz_12345",
    ];
    for (at, text) in bad.iter().enumerate() {
        assert_eq!(try_handle(&service, &format!("b{at}"), text).await, "BadIdentifier", "{text}");
    }
    assert_eq!(try_handle(&service, "r", "анна").await, "ok");
    service.stop().await;
}

#[tokio::test]
async fn look_ups_are_exact_and_absence_has_the_same_shape() {
    let service = World::new().start("handle");
    let ann = service.join("ann", handle("ann.o")).await;
    for text in ["ann.o", "Ann.O", "@ann.o", "ann.o@handle.test"] {
        let answer = look_up(&service, &ann.token, QueryElement::Nick(text.into())).await;
        assert_eq!(answer.code, IdentifierQueryCode::Success, "{text}");
        assert_eq!(answer.uris, [ann.uri().user_uri()]);
        assert!(answer.found_profiles.is_empty());
    }
    // Look-alikes of a handle, parts of it, other services' and impossible ones: nobody.
    for text in ["ann.0", "ann", "ann.o@other.test", "a b"] {
        let answer = look_up(&service, &ann.token, QueryElement::Nick(text.into())).await;
        assert_eq!((answer.code, answer.uris.len()), (IdentifierQueryCode::NotFound, 0), "{text}");
    }
    let partial = look_up(&service, &ann.token, QueryElement::PartialName(b"ann".to_vec())).await;
    assert_eq!(partial.code, IdentifierQueryCode::UnsupportedField);
    service.stop().await;
}

#[tokio::test]
async fn look_ups_have_a_rate() {
    let world = World::new();
    let service =
        world.start_with("handle", "handle.test", free_port(), &[], "[limits]\nlookups_per_hour = 3\n");
    let ann = service.join("ann", handle("ann")).await;
    let request = IdentifierRequest {
        query_elements: vec![QueryElement::Nick(b"x".to_vec())],
        extensions: Default::default(),
    };
    let path = "identifierQuery/handle.test";
    for _ in 0..3 {
        assert_eq!(service.call("POST", path, Some(&ann.token), request.encode()).await.status, 200);
    }
    let refused = service.call("POST", path, Some(&ann.token), request.encode()).await;
    assert_eq!(refused.code(), "RateLimited");
    assert!(refused.error().unwrap().retry_after_ms > 60_000 && refused.headers.contains_key("retry-after"));
    service.stop().await;
}

/// The code that the development sender wrote last.
pub async fn last_code(service: &Running, number: &str) -> String {
    for _ in 0..200 {
        let text = std::fs::read_to_string(service.data.join("codes.log")).unwrap_or_default();
        let found = text
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix(number)?.strip_prefix(' ')?.split(' ').next());
        if let Some(code) = found {
            let code = code.to_owned();
            std::fs::write(service.data.join("codes.log"), "").unwrap();
            return code;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("no code was sent");
}

fn phone(number: &str, code: &str) -> Identifier {
    Identifier::Phone { number: number.into(), code: code.into() }
}

async fn ask_code(service: &Running, number: &str) -> u16 {
    let request = CodeRequest { number: number.into() };
    service.call("POST", "accounts/code", None, request.encode()).await.status
}

async fn try_phone(service: &Running, name: &str, number: &str, code: &str) -> String {
    let (_, request) = service.newcomer(name, phone(number, code));
    let answer = service.call("POST", "accounts", None, request.encode()).await;
    if answer.status < 300 { answer.status.to_string() } else { answer.code() }
}

fn other_than(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

#[tokio::test]
async fn a_number_is_proven_by_its_code() {
    let service = World::new().start("phone");
    let number = "+4712345678";
    assert_eq!(try_phone(&service, "ann", number, "123456").await, "BadCode");
    assert_eq!(ask_code(&service, number).await, 202);
    let code = last_code(&service, number).await;
    assert_eq!(try_phone(&service, "ann", number, other_than(&code)).await, "BadCode");
    assert_eq!(try_phone(&service, "eve", "+4787654321", &code).await, "BadCode");
    let (member, request) = service.newcomer("ann", phone(number, &code));
    assert_eq!(service.call("POST", "accounts", None, request.encode()).await.status, 201);
    assert_eq!(service.call("POST", "accounts", None, request.encode()).await.status, 200);
    // The code is used up, and the number is taken even with a new one.
    assert_eq!(try_phone(&service, "bob", number, &code).await, "BadCode");
    assert_eq!(ask_code(&service, number).await, 202);
    let again = last_code(&service, number).await;
    assert_eq!(try_phone(&service, "bob", number, &again).await, "IdentifierTaken");
    let ann = service.log_in(member).await;
    let found = look_up(&service, &ann.token, QueryElement::Phone(number.into())).await;
    assert_eq!(found.uris, [ann.uri().user_uri()]);
    let absent = look_up(&service, &ann.token, QueryElement::Phone(b"+4700000000".to_vec())).await;
    assert_eq!(absent.code, IdentifierQueryCode::NotFound);
    service.stop().await;
}

#[tokio::test]
async fn a_code_ends_after_five_wrong_ones_and_after_ten_minutes() {
    let service = World::new().start("phone");
    let number = "+4712345678";
    ask_code(&service, number).await;
    let code = last_code(&service, number).await;
    for _ in 0..5 {
        assert_eq!(try_phone(&service, "ann", number, other_than(&code)).await, "BadCode");
    }
    assert_eq!(try_phone(&service, "ann", number, &code).await, "BadCode");
    ask_code(&service, number).await;
    let code = last_code(&service, number).await;
    service.clock.advance(10 * 60 * 1000);
    assert_eq!(try_phone(&service, "ann", number, &code).await, "BadCode");
    for bad in ["4712345678", "+0712345678", "+47", "+47123456789012345", "+47 123 456"] {
        let request = CodeRequest { number: bad.into() };
        let answer = service.call("POST", "accounts/code", None, request.encode()).await;
        assert_eq!(answer.code(), "BadIdentifier", "{bad}");
    }
    service.stop().await;
}

#[tokio::test]
async fn nothing_that_was_registered_stands_in_the_store() {
    let service = World::new().start("handle");
    service.join("ann", handle("rareword")).await;
    for ((_, key), value) in service.dump().await {
        for bytes in [key, value] {
            assert!(!bytes.windows(8).any(|window| window == b"rareword"));
        }
    }
    service.stop().await;
}

#[tokio::test]
async fn a_challenge_is_for_one_device_one_minute_one_use() {
    let service = World::new().start("account");
    let ann = service.join("ann", Identifier::AccountName(b"Ann".to_vec())).await;
    let bob = service.join("bob", Identifier::AccountName(b"Bob".to_vec())).await;
    let refused = |request: trefoil_proto::edge::TokenRequest| {
        let service = &service;
        async move { service.call("POST", "auth/token", None, request.encode()).await.code() }
    };
    let request = service.token_request(&ann).await;
    assert_eq!(service.call("POST", "auth/token", None, request.encode()).await.status, 200);
    assert_eq!(refused(request).await, "Unauthenticated");
    let late = service.token_request(&ann).await;
    service.clock.advance(60_000);
    assert_eq!(refused(late).await, "Unauthenticated");
    // Ann's challenge, signed by Bob's key, and one in Bob's name signed by Ann's key.
    let mut foreign = service.token_request(&bob).await;
    foreign.tbs.device = ann.uri().clone();
    assert_eq!(refused(foreign).await, "Unauthenticated");
    let mut altered = service.token_request(&ann).await;
    altered.tbs.challenge[0] ^= 1;
    assert_eq!(refused(altered).await, "Unauthenticated");
    let (unknown, _) = service.newcomer("nobody", Identifier::AccountName(b"N".to_vec()));
    let request = service.token_request(&unknown).await;
    assert_eq!(refused(request).await, "Unauthenticated");
    // A token works for an hour.
    assert_eq!(service.call("GET", "account", Some(&ann.token), Vec::new()).await.status, 200);
    service.clock.advance(60 * 60 * 1000);
    assert_eq!(service.call("GET", "account", Some(&ann.token), Vec::new()).await.code(), "Unauthenticated");
    service.stop().await;
}

#[tokio::test]
async fn devices_come_and_go_with_everything_they_had() {
    let service = World::new().start("account");
    let ann = service.join("ann", Identifier::AccountName(b"Ann".to_vec())).await;
    let person = super::mls::Person::new(&service.domain, "ann");
    let second = person.device("d2");
    let new = add_request(&person.key, &[&ann.mls], &second);
    let add = |device| {
        let (service, token) = (&service, ann.token.clone());
        async move {
            let body = trefoil_proto::edge::AddDeviceRequest::encode(&device);
            service.call("POST", "accounts/devices", Some(&token), body).await
        }
    };
    assert_eq!(add(new.clone()).await.status, 201);
    assert_eq!(add(new.clone()).await.status, 200);
    let by_other_account = super::mls::Person::new(&service.domain, "eve");
    let forged = super::mls::Device::authorised_by(&by_other_account.key, person.device("d3").uri);
    assert_eq!(add(add_request(&person.key, &[&ann.mls, &second], &forged)).await.code(), "BadSignature");
    assert_eq!(
        add(add_request(&by_other_account.key, &[], &by_other_account.device("d1"))).await.code(),
        "NotAllowed"
    );

    let second = Member { mls: second, token: String::new() };
    let second = service.log_in(second).await;
    let list: DeviceList =
        service.call("GET", "accounts/devices", Some(&second.token), Vec::new()).await.decode();
    assert_eq!(list.devices.len(), 2);
    assert_eq!(list.devices[1], new.device);

    // It was told of the change that it is itself.
    let mut socket = service.connect(&second.token, "").await;
    let Ok(ServerFrame::Deliver { entries }) = next(&mut socket).await else { panic!("no delivery") };
    assert!(entries.iter().all(|entry| entry.body == MailboxEvent::DevicesChanged.encode()));
    assert_eq!(next(&mut socket).await, Ok(ServerFrame::CaughtUp));
    assert_eq!(service.remove(&ann, &person.key, &[&ann, &second], &second).await.status, 204);
    assert_eq!(next(&mut socket).await, Err(4002));
    let refused = service.call("GET", "account", Some(&second.token), Vec::new()).await;
    assert_eq!(refused.code(), "Unauthenticated");
    let request = service.token_request(&second).await;
    assert_eq!(service.call("POST", "auth/token", None, request.encode()).await.code(), "Unauthenticated");
    assert_eq!(service.remove(&ann, &person.key, &[&ann, &second], &ann).await.code(), "Conflict");
    service.stop().await;
}
