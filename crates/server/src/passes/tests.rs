//! The vectors of RFC 9578; a pass from both ends; what is spent, void, or not one at all.

#![allow(clippy::unwrap_used)]

use super::*;
use Purpose::{FirstContact, Registration};
use data_encoding::HEXLOWER;
use p384::NistP384;
use rand_core::OsRng;
use sha2::{Digest as _, Sha256};
use trefoil_proto::{
    Wire as _,
    passes::{IssuerKey, TokenRequest, TokenResponse},
};
use trefoil_store::MemoryStore;
use voprf::{EvaluationElement, Group, Proof, VoprfClient, VoprfServer};

const DAY: u64 = 24 * 60 * 60 * 1000;
const START: Timestamp = Timestamp(20_000 * DAY);

/// Five blocks of names and values.
fn vectors() -> Vec<BTreeMap<&'static str, Vec<u8>>> {
    let blocks = include_str!("vectors.txt").split("\n\n").skip(1);
    let value = |line: &'static str| {
        let (name, hex) = line.split_once(' ').unwrap();
        (name, HEXLOWER.decode(hex.as_bytes()).unwrap())
    };
    blocks.map(|block| block.lines().map(value).collect()).collect()
}

#[test]
fn what_the_rfc_made_is_made_here() {
    assert_eq!(vectors().len(), 5);
    for vector in vectors() {
        let issuer = Issuer::with(VoprfServer::new_with_key(&vector["skS"]).unwrap()).unwrap();
        assert_eq!(issuer.key().0[..], vector["pkS"]);
        let token = Token::decode(&vector["token"]).unwrap();
        assert_eq!(token.nonce[..], vector["nonce"]);
        assert_eq!(token.challenge_digest[..], Sha256::digest(&vector["token_challenge"])[..]);
        assert_eq!(token.key_id, issuer.key().id());
        assert!(issuer.is_good(&token).unwrap());
        // The request is the structure and not a message of ours, so it is read in one, with a purpose.
        let request = IssueRequest::decode(&[&[1, 52], &vector["token_request"][..]].concat()).unwrap();
        let issued = issuer.issue(&request).unwrap();
        // The proof is random; the element is not.
        assert_eq!(issued.responses[0].evaluated[..], vector["token_response"][..49]);
    }
}

struct Blinded {
    state: VoprfClient<NistP384>,
    nonce: [u8; 32],
    key: IssuerKey,
    challenge: [u8; 32],
    request: TokenRequest,
}

fn blind(key: IssuerKey, domain: &Domain, purpose: Purpose, nonce: u8) -> Blinded {
    let (nonce, challenge) = ([nonce; 32], passes::challenge_digest(domain, purpose));
    let input = Token::input(&nonce, &challenge, &key.id());
    let blind = VoprfClient::<NistP384>::blind(&input, &mut OsRng).unwrap();
    let blinded = blind.message.serialize().as_slice().try_into().unwrap();
    let request = TokenRequest { token_type: 1, truncated_key_id: key.truncated_id(), blinded };
    Blinded { state: blind.state, nonce, key, challenge, request }
}

impl Blinded {
    fn finish(&self, response: &TokenResponse) -> Token {
        type Points = <NistP384 as voprf::CipherSuite>::Group;
        let input = Token::input(&self.nonce, &self.challenge, &self.key.id());
        let element = EvaluationElement::<NistP384>::deserialize(&response.evaluated).unwrap();
        let proof = Proof::<NistP384>::deserialize(&response.proof).unwrap();
        let key = Points::deserialize_elem(&self.key.0).unwrap();
        let output = self.state.finalize(&input, &element, &proof, key).unwrap();
        Token {
            token_type: 1,
            nonce: self.nonce,
            challenge_digest: self.challenge,
            key_id: self.key.id(),
            authenticator: output.as_slice().try_into().unwrap(),
        }
    }
}

fn room() -> (Passes, Domain) {
    let domain: Domain = "b.test".parse().unwrap();
    (Passes::new(Arc::new(MemoryStore::new()), &domain, SecretKey::fixed([3; 32])), domain)
}

async fn key(room: &Passes, now: Timestamp) -> IssuerKey {
    key_for(room, FirstContact, now).await
}

async fn key_for(room: &Passes, purpose: Purpose, now: Timestamp) -> IssuerKey {
    room.issue(IssueRequest { purpose, requests: Vec::new() }, now).await.unwrap().key
}

async fn get(room: &Passes, domain: &Domain, nonce: u8, now: Timestamp) -> Token {
    get_for(room, domain, FirstContact, nonce, now).await
}

async fn get_for(room: &Passes, domain: &Domain, purpose: Purpose, nonce: u8, now: Timestamp) -> Token {
    let blinded = blind(key_for(room, purpose, now).await, domain, purpose, nonce);
    let request = IssueRequest { purpose, requests: vec![blinded.request.clone()] };
    blinded.finish(&room.issue(request, now).await.unwrap().responses[0])
}

#[tokio::test]
async fn a_pass_is_good_once_on_its_day_and_the_next() {
    let (room, domain) = room();
    let token = get(&room, &domain, 1, START).await;
    room.spend(token.clone(), START).await.unwrap();
    assert!(matches!(room.spend(token.clone(), START).await, Err(PassesError::Spent)));
    let next = START.plus_millis(DAY);
    assert!(matches!(room.spend(token.clone(), next).await, Err(PassesError::Spent)));
    room.spend(get(&room, &domain, 2, START).await, next).await.unwrap();
    assert_ne!(key(&room, START).await, key(&room, next).await);
    let late = get(&room, &domain, 3, START).await;
    assert!(matches!(room.spend(late, next.plus_millis(DAY)).await, Err(PassesError::Bad)));
    // What was spent is forgotten no earlier than its key.
    room.sweep(next).await.unwrap();
    assert!(matches!(room.spend(token.clone(), next).await, Err(PassesError::Spent)));
    room.sweep(next.plus_millis(DAY)).await.unwrap();
    assert!(room.store.scan(SPENT, KeyRange::all(), 9).await.unwrap().is_empty());
    assert!(matches!(room.spend(token, next.plus_millis(DAY)).await, Err(PassesError::Bad)));
}

#[tokio::test]
async fn what_is_not_a_pass_is_refused() {
    let (room, domain) = room();
    let token = get(&room, &domain, 1, START).await;
    let bad = |change: fn(&mut Token)| {
        let mut token = token.clone();
        change(&mut token);
        let room = &room;
        async move { matches!(room.spend(token, START).await, Err(PassesError::Bad)) }
    };
    assert!(bad(|token| token.authenticator[0] ^= 1).await);
    assert!(bad(|token| token.nonce[0] ^= 1).await);
    assert!(bad(|token| token.key_id[0] ^= 1).await);
    assert!(bad(|token| token.token_type = 2).await);
    // One of another service, though under this one's key.
    let other = get(&room, &"c.test".parse().unwrap(), 2, START).await;
    assert!(matches!(room.spend(other, START).await, Err(PassesError::Bad)));
    assert!(room.spend(token, START).await.is_ok());

    let request = blind(key(&room, START).await, &domain, FirstContact, 4).request;
    let refused = |requests: Vec<TokenRequest>| async {
        room.issue(IssueRequest { purpose: FirstContact, requests }, START).await.unwrap_err()
    };
    let other_key = TokenRequest { truncated_key_id: request.truncated_key_id ^ 1, ..request.clone() };
    assert!(matches!(refused(vec![other_key]).await, PassesError::OtherKey));
    assert!(matches!(
        refused(vec![TokenRequest { token_type: 2, ..request.clone() }]).await,
        PassesError::OtherType
    ));
    assert!(matches!(
        refused(vec![TokenRequest { blinded: [0; 49], ..request.clone() }]).await,
        PassesError::Element
    ));
    assert!(matches!(refused(vec![request; BATCH + 1]).await, PassesError::TooMany));
}

#[tokio::test]
async fn a_pass_for_a_registration_is_good_in_its_thirty_days_and_the_next() {
    let (room, domain) = room();
    let on = |day: u64| Timestamp(day * DAY);
    // A period has 30 days, counted since 1970: this one ends on day 20 009.
    let (last, first) = (20_009, 20_010);
    assert_eq!(key_for(&room, Registration, START).await, key_for(&room, Registration, on(last)).await);
    assert_ne!(key_for(&room, Registration, on(last)).await, key_for(&room, Registration, on(first)).await);
    let token = get_for(&room, &domain, Registration, 1, START).await;
    let check = |day: u64| room.check(token.clone(), Registration, on(day));
    let spending = check(20_039).await.unwrap();
    assert!(matches!(check(20_040).await, Err(PassesError::Bad)), "too late");
    assert!(!room.is_spent(&spending).await.unwrap());
    room.store.commit(spending.batch()).await.unwrap();
    assert!(room.store.commit(spending.batch()).await.is_err(), "spent twice");
    // Forgotten when the pass is no longer good, and no earlier.
    room.sweep(on(20_039)).await.unwrap();
    assert!(room.is_spent(&check(20_039).await.unwrap()).await.unwrap());
    room.sweep(on(20_040)).await.unwrap();
    assert!(room.store.scan(SPENT, KeyRange::all(), 9).await.unwrap().is_empty());
    assert!(room.lock().keys().all(|term| term.last_good_day() >= 20_040));
}

#[tokio::test]
async fn a_pass_for_one_purpose_is_none_for_the_other() {
    let (room, domain) = room();
    assert_ne!(key(&room, START).await, key_for(&room, Registration, START).await);
    let contact = get(&room, &domain, 1, START).await;
    let registration = get_for(&room, &domain, Registration, 2, START).await;
    let bad = |token: &Token, purpose| room.check(token.clone(), purpose, START);
    assert!(matches!(bad(&contact, Registration).await, Err(PassesError::Bad)));
    assert!(matches!(bad(&registration, FirstContact).await, Err(PassesError::Bad)));
    // Nor is it one with the other's challenge, or under the other's key.
    let challenge_digest = passes::challenge_digest(&domain, Registration);
    let retold = Token { challenge_digest, ..contact.clone() };
    assert!(matches!(bad(&retold, Registration).await, Err(PassesError::Bad)));
    let blinded = blind(key(&room, START).await, &domain, Registration, 3);
    let request = IssueRequest { purpose: FirstContact, requests: vec![blinded.request.clone()] };
    let crossed = blinded.finish(&room.issue(request, START).await.unwrap().responses[0]);
    assert!(matches!(bad(&crossed, Registration).await, Err(PassesError::Bad)));
    assert!(matches!(bad(&crossed, FirstContact).await, Err(PassesError::Bad)));
    assert!(room.check(contact, FirstContact, START).await.is_ok());
    assert!(room.check(registration, Registration, START).await.is_ok());
}
