//! PIN records and notes over HTTPS: by whom, how often, and what is counted when.

use super::world::*;
use ed25519_dalek::SigningKey;
use rand_core::OsRng;
use trefoil_proto::{
    Wire as _,
    edge::{CodeRequest, Identifier},
    pin::{
        Element, FindRequest, Note, Place, PrepareRequest, Prepared, PutNoteRequest, RecordName,
        RemoveRequest, StoreRequest, TryRequest, TryResponse, UnlockRequest, VERSION, name_of,
    },
};
use voprf::{OprfClient, Ristretto255};

const HOUR: u64 = 60 * 60 * 1000;

fn blinded(pin: &[u8]) -> Element {
    let blind = OprfClient::<Ristretto255>::blind(pin, &mut OsRng).unwrap();
    Element(blind.message.serialize().into())
}

fn note(number: u8) -> Note {
    let place = |at: u8| Place {
        address: format!("https://{at}.test").into_bytes(),
        name: RecordName([number * 10 + at; 32]),
    };
    Note { version: VERSION, salt: [number; 32], places: (0..3).map(place).collect() }
}

async fn prepared(service: &Running, key: &SigningKey) -> StoreRequest {
    let request = PrepareRequest { name: name_of(key), blinded: blinded(b"1234") };
    let prepared: Prepared = service.ask("pin/prepare", None, &request).await;
    StoreRequest::sign(key, prepared.ticket, [7; 32])
}

#[tokio::test]
async fn a_record_is_made_tried_unlocked_and_removed_without_a_token() {
    let world = World::new();
    let service =
        world.start_with("account", "account.test", free_port(), &[], "[limits]\npin_guesses = 3\n");
    let key = SigningKey::from_bytes(&[1; 32]);
    prepared(&service, &key).await;
    let before = service.dump().await;
    let store = prepared(&service, &key).await;
    assert_eq!(before, service.dump().await, "preparing stores something");
    for status in [201, 200] {
        let answer = service.call("POST", "pin/records", None, store.encode()).await;
        assert_eq!(answer.status, status);
    }
    let attempt = TryRequest { name: name_of(&key), blinded: blinded(b"0000") };
    let tries = async || service.ask::<TryResponse>("pin/tries", None, &attempt).await;
    let left = |response: TryResponse| match response {
        TryResponse::Evaluated(evaluated) => (evaluated.serial, evaluated.left),
        TryResponse::Locked => panic!("locked"),
    };
    assert_eq!(left(tries().await), (1, 2));
    assert_eq!(left(tries().await), (2, 1));
    let unlock = UnlockRequest::sign(&key, 2).encode();
    for _ in 0..2 {
        assert_eq!(service.call("POST", "pin/unlock", None, unlock.clone()).await.status, 204);
    }
    for expected in [(3, 2), (4, 1), (5, 0)] {
        assert_eq!(left(tries().await), expected);
    }
    assert_eq!(tries().await, TryResponse::Locked);
    assert_eq!(service.call("POST", "pin/unlock", None, unlock).await.code(), "Conflict");
    let again = prepared(&service, &key).await.encode();
    assert_eq!(service.call("POST", "pin/records", None, again).await.code(), "Conflict");
    let remove = RemoveRequest::sign(&key).encode();
    for _ in 0..2 {
        assert_eq!(service.call("POST", "pin/remove", None, remove.clone()).await.status, 204);
    }
    assert_eq!(service.call("POST", "pin/tries", None, attempt.encode()).await.code(), "NotFound");
    service.stop().await;
}

#[tokio::test]
async fn an_address_makes_and_tries_so_much_an_hour() {
    let limits = "[limits]\npin_records_per_hour = 3\npin_tries_per_hour = 2\npin_records = 1\n";
    let world = World::new();
    let service = world.start_with("account", "account.test", free_port(), &[], limits);
    let (first, second) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
    let store = prepared(&service, &first).await;
    assert_eq!(service.call("POST", "pin/records", None, store.encode()).await.status, 201);
    let store = prepared(&service, &second).await;
    assert_eq!(service.call("POST", "pin/records", None, store.encode()).await.code(), "RateLimited");
    service.clock.advance(HOUR / 3 + 1);
    let before = service.dump().await;
    // Twenty minutes later the ticket is too old; a fresh one takes a step of its own.
    assert_eq!(service.call("POST", "pin/records", None, store.encode()).await.code(), "NotAllowed");
    service.clock.advance(HOUR);
    let store = prepared(&service, &second).await;
    assert_eq!(service.call("POST", "pin/records", None, store.encode()).await.code(), "QuotaExceeded");
    let attempt = TryRequest { name: name_of(&second), blinded: blinded(b"1") }.encode();
    for code in ["NotFound", "NotFound", "RateLimited"] {
        assert_eq!(service.call("POST", "pin/tries", None, attempt.clone()).await.code(), code);
    }
    assert_eq!(before, service.dump().await);
    service.stop().await;
}

#[tokio::test]
async fn a_note_is_found_by_handle_whatever_its_case_and_by_nothing_else() {
    let service = World::new().start("handle");
    let ann = service.join("ann", Identifier::Handle(b"ann.lee".to_vec())).await;
    let find = async |handle: &str| {
        let request = FindRequest { identifier: Identifier::Handle(handle.into()) };
        service.call("POST", "pin/find", None, request.encode()).await
    };
    assert_eq!(find("ann.lee").await.code(), "NotFound");
    let put = PutNoteRequest { account_name: Vec::new(), note: note(1) }.encode();
    for _ in 0..2 {
        assert_eq!(service.call("PUT", "pin/note", Some(&ann.token), put.clone()).await.status, 204);
    }
    assert_eq!(find("Ann.Lee").await.decode::<Note>(), note(1));
    assert_eq!(find("bob").await.code(), "NotFound");
    assert_eq!(find("..").await.code(), "BadIdentifier");
    let other = FindRequest { identifier: Identifier::AccountName(b"ann.lee".to_vec()) };
    assert_eq!(service.call("POST", "pin/find", None, other.encode()).await.code(), "Unsupported");
    let own = service.call("GET", "pin/note", Some(&ann.token), vec![]).await;
    assert_eq!(own.decode::<Note>(), note(1));
    assert_eq!(service.call("DELETE", "pin/note", Some(&ann.token), vec![]).await.status, 204);
    assert_eq!(find("ann.lee").await.code(), "NotFound");
    service.stop().await;
}

#[tokio::test]
async fn an_account_name_is_whose_note_came_first() {
    let service = World::new().start("account");
    let ann = service.join("ann", Identifier::AccountName(b"Ann Lee".to_vec())).await;
    let eve = service.join("eve", Identifier::AccountName(b"Ann Lee".to_vec())).await;
    let put = async |member: &Member, name: &str, number| {
        let request = PutNoteRequest { account_name: name.into(), note: note(number) };
        service.call("PUT", "pin/note", Some(&member.token), request.encode()).await
    };
    assert_eq!(put(&ann, "Ann Lee", 1).await.status, 204);
    assert_eq!(put(&eve, " ann  LEE", 2).await.code(), "IdentifierTaken");
    assert_eq!(put(&eve, "", 2).await.code(), "BadIdentifier");
    assert_eq!(put(&eve, "ann lee of bree", 2).await.status, 204);
    let find = FindRequest { identifier: Identifier::AccountName(b"ann lee".to_vec()) };
    assert_eq!(service.call("POST", "pin/find", None, find.encode()).await.decode::<Note>(), note(1));
    // Names are not kept.
    let shown = |text: &str| {
        let (text, rows) = (text.to_owned(), service.dump());
        async move {
            rows.await.into_values().any(|row| row.windows(text.len()).any(|part| part == text.as_bytes()))
        }
    };
    assert!(!shown("ann lee").await && !shown("Ann Lee").await);
    service.stop().await;
}

#[tokio::test]
async fn a_number_is_proven_before_its_note_is_told() {
    let service = World::new().start("phone");
    let number = "+4711111111";
    let code = async || {
        service.call("POST", "accounts/code", None, CodeRequest { number: number.into() }.encode()).await;
        super::accounts::last_code(&service, number).await
    };
    let identifier = Identifier::Phone { number: number.into(), code: code().await.into() };
    let ann = service.join("ann", identifier).await;
    let put = PutNoteRequest { account_name: Vec::new(), note: note(1) };
    assert_eq!(service.call("PUT", "pin/note", Some(&ann.token), put.encode()).await.status, 204);
    let find = |code: &str| {
        let identifier = Identifier::Phone { number: number.into(), code: code.into() };
        FindRequest { identifier }.encode()
    };
    assert_eq!(service.call("POST", "pin/find", None, find("000000")).await.code(), "BadCode");
    let code = code().await;
    assert_eq!(service.call("POST", "pin/find", None, find(&code)).await.decode::<Note>(), note(1));
    assert_eq!(service.call("POST", "pin/find", None, find(&code)).await.code(), "BadCode", "used up");
    service.stop().await;
}
