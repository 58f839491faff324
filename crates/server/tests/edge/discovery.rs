//! People by number over HTTPS: what the own service hands on and to whom, how often, and that nobody is asked in clear.

use super::{accounts::last_code, world::*};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use rand_core::OsRng;
use std::sync::{Arc, Mutex};
use trefoil_proto::{
    Domain, UserUri, Wire as _,
    discovery::{DiscoveryRequest, DiscoveryResponse, STEP, Tag, input},
    edge::{CodeRequest, Identifier},
    mimi::identifier::{IdentifierQueryCode, IdentifierRequest, IdentifierResponse, QueryElement},
    pin::Element,
};
use trefoil_server::federation::{Endpoint, FederationError, Link, Media};
use voprf::{EvaluationElement, Group as _, Proof, Ristretto255, VoprfClient};

const DAY: u64 = 24 * 60 * 60 * 1000;
const THERE: &str = "+4711111111";
const ABSENT: &str = "+4722222222";

/// The way from the own service to the one that is asked, and everything that went over it.
struct Spied {
    to: Mutex<Option<(reqwest::Client, String)>>,
    seen: Mutex<Vec<[Vec<u8>; 2]>>,
}

impl Link for Spied {
    fn post<'a>(
        &'a self,
        domain: &'a Domain,
        endpoint: Endpoint,
        _: &'a str,
        body: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, FederationError>> {
        assert_eq!((domain.as_str(), endpoint), ("phone.test", Endpoint::Discovery));
        let (http, base) = self.to.lock().unwrap().clone().unwrap();
        Box::pin(async move {
            let request = http.post(format!("{base}/mimi/v1/discovery/phone.test")).body(body.clone());
            let answer = answer(request.header("from", "mimi@account.test")).await;
            if answer.status != 200 {
                return Err(FederationError::Refused {
                    domain: domain.clone(),
                    status: answer.status,
                    body: answer.error().unwrap(),
                    decoded: true,
                });
            }
            self.seen.lock().unwrap().push([body.to_vec(), answer.body.clone()]);
            Ok(answer.body.into())
        })
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

async fn services(world: &World, own: &str, asked: &str) -> (Running, Running, Arc<Spied>, UserUri) {
    let spied = Arc::new(Spied { to: Mutex::default(), seen: Mutex::default() });
    let account = world.start_linked("account", "account.test", free_port(), &[], own, Some(spied.clone()));
    let phone = world.start_with("phone", "phone.test", free_port(), &[], asked);
    let base = format!("https://phone.test:{}", phone.addresses.federation.port());
    *spied.to.lock().unwrap() = Some((world.peer_client("account.test", &phone), base));
    phone.call("POST", "accounts/code", None, CodeRequest { number: THERE.into() }.encode()).await;
    let code = last_code(&phone, THERE).await;
    let bob = phone.join("bob", Identifier::Phone { number: THERE.into(), code: code.into() }).await;
    let user = bob.uri().user_uri();
    (account, phone, spied, user)
}

fn evaluate(count: usize) -> DiscoveryRequest {
    let blinded = VoprfClient::<Ristretto255>::blind(b"x", &mut OsRng).unwrap().message;
    DiscoveryRequest::Evaluate(vec![Element(blinded.serialize().into()); count])
}

/// Asks as a device does, and says whether there is an entry for the number.
async fn is_there(own: &Running, token: &str, number: &str) -> bool {
    let input = input(number);
    let blind = VoprfClient::<Ristretto255>::blind(&input, &mut OsRng).unwrap();
    let request = DiscoveryRequest::Evaluate(vec![Element(blind.message.serialize().into())]);
    let answer: DiscoveryResponse = own.ask("discovery/phone.test", Some(token), &request).await;
    let DiscoveryResponse::Evaluated(evaluated) = answer else { panic!("{answer:?}") };
    let element = EvaluationElement::deserialize(&evaluated.elements[0].0).unwrap();
    let proof = Proof::deserialize(&evaluated.proof).unwrap();
    let key = Ristretto255::deserialize_elem(&evaluated.key.0).unwrap();
    let tag = Tag::of(&blind.state.finalize(&input, &element, &proof, key).unwrap());
    let bits = evaluated.bits;
    let request = DiscoveryRequest::Buckets { bits, prefixes: vec![tag.prefix(bits)] };
    let answer: DiscoveryResponse = own.ask("discovery/phone.test", Some(token), &request).await;
    let DiscoveryResponse::Buckets(buckets) = answer else { panic!("{answer:?}") };
    assert_eq!(buckets[0].entries.len(), STEP);
    buckets[0].entries.iter().any(|entry| entry.tag == tag)
}

#[tokio::test]
async fn who_is_there_and_who_is_not_look_the_same_on_the_way_and_nobody_learns_a_number() {
    let world = World::new();
    let (account, phone, spied, bob) = services(&world, "", "").await;
    let ann = account.join("ann", Identifier::AccountName(b"Ann".to_vec())).await;
    let before = (account.dump().await, phone.dump().await);
    assert!(is_there(&account, &ann.token, THERE).await);
    let present = std::mem::take(&mut *spied.seen.lock().unwrap());
    assert!(!is_there(&account, &ann.token, ABSENT).await);
    let absent = std::mem::take(&mut *spied.seen.lock().unwrap());
    assert_eq!((present.len(), absent.len()), (2, 2));
    let secrets = [&THERE[1..], &ABSENT[1..], "ann", bob.id.as_str()];
    for ([asked, told], [other_asked, other_told]) in present.iter().zip(&absent) {
        assert_eq!((asked.len(), told.len()), (other_asked.len(), other_told.len()));
        for bytes in [asked, told, other_asked, other_told] {
            for secret in secrets {
                let there = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!there || secret.len() < 8, "{secret} went over the wire");
            }
        }
    }
    assert_eq!(present[1], absent[1], "there is one bucket, and it does not change");
    assert_eq!(before, (account.dump().await, phone.dump().await), "a question left something behind");
    account.stop().await;
    phone.stop().await;
}

#[tokio::test]
async fn a_person_and_a_service_look_for_so_many_numbers_a_day() {
    let world = World::new();
    let limits = "[limits]\nnumbers_per_day = 130\n";
    let (account, phone, spied, _) = services(&world, limits, "[limits]\npeer_numbers_per_day = 200\n").await;
    let ann = account.join("ann", Identifier::AccountName(b"Ann".to_vec())).await;
    let eve = account.join("eve", Identifier::AccountName(b"Eve".to_vec())).await;
    let ask = async |token: &str, count| {
        let answer =
            account.call("POST", "discovery/phone.test", Some(token), evaluate(count).encode()).await;
        if answer.status == 200 { "told".to_owned() } else { answer.code() }
    };
    assert_eq!(ask(&ann.token, 128).await, "told");
    assert_eq!(ask(&ann.token, 3).await, "RateLimited", "all or nothing");
    assert_eq!(ask(&ann.token, 2).await, "told");
    assert_eq!(spied.seen.lock().unwrap().len(), 2, "what is refused is not handed on");
    // The other service counts all people of this one together.
    assert_eq!(ask(&eve.token, 71).await, "RateLimited");
    assert_eq!(ask(&eve.token, 59).await, "told");
    // Buckets count as well, by themselves.
    let buckets = DiscoveryRequest::Buckets { bits: 0, prefixes: vec![0; 13] }.encode();
    for told in 0..11 {
        let answer = account.call("POST", "discovery/phone.test", Some(&ann.token), buckets.clone()).await;
        assert_eq!(answer.status, if told < 10 { 200 } else { 429 });
    }
    account.clock.advance(DAY);
    phone.clock.advance(DAY);
    let ann = account.log_in(ann).await;
    assert_eq!(ask(&ann.token, 128).await, "told");
    account.stop().await;
    phone.stop().await;
}

#[tokio::test]
async fn a_number_in_clear_is_neither_handed_on_nor_answered_to_another_service() {
    let world = World::new();
    let (account, phone, spied, _) = services(&world, "", "").await;
    let ann = account.join("ann", Identifier::AccountName(b"Ann".to_vec())).await;
    let query = IdentifierRequest {
        query_elements: vec![QueryElement::Phone(THERE.into())],
        extensions: Default::default(),
    };
    // The way would end the test at anything but a question by number.
    let told: IdentifierResponse = account.ask("identifierQuery/phone.test", Some(&ann.token), &query).await;
    assert_eq!((told.code, told.uris.len()), (IdentifierQueryCode::UnsupportedField, 0));
    let (http, base) = spied.to.lock().unwrap().clone().unwrap();
    let request = http.post(format!("{base}/mimi/v1/identifierQuery/phone.test")).body(query.encode());
    let told: IdentifierResponse = answer(request.header("from", "mimi@account.test")).await.decode();
    assert_eq!((told.code, told.uris.len()), (IdentifierQueryCode::UnsupportedField, 0));
    let refused =
        account.call("POST", "discovery/account.test", Some(&ann.token), evaluate(1).encode()).await;
    assert_eq!(refused.code(), "Unsupported");
    account.stop().await;
    phone.stop().await;
}
