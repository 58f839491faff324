//! Passes between two real services: got through the own one, spent at the other, which hears no name.

use super::{
    first_contacts::claim as claim_named,
    key_packages::{open_room, packages, publish, raw, request},
    mls::CLASSICAL,
    stream::name,
    world::*,
};
use p384::NistP384;
use rand_core::OsRng;
use trefoil_proto::{
    Domain, ErrorBody, UserUri, Wire as _,
    edge::Identifier,
    mimi::KeyMaterialResponse,
    passes::{
        Claim, FirstContact, IssueRequest, Issued, NamelessClaim, Purpose, Token, TokenRequest,
        challenge_digest,
    },
    paths::segment,
};
use voprf::{CipherSuite, EvaluationElement, Group as _, Proof, VoprfClient};

const ROOM: &str = "mimi://account.test/r/x";
const HANDLE: &str = "[first_contacts]\npasses_per_service = 8\n";

struct Two {
    world: World,
    account: Running,
    handle: Running,
    ann: Member,
    bob: UserUri,
}

/// Ann at one service with a room, Bob at another with key packages.
async fn two(of_account: &str, of_handle: &str) -> Two {
    let world = World::new();
    let ports = [free_port(), free_port()];
    let account =
        world.start_with("account", "account.test", ports[0], &[("handle.test", ports[1])], of_account);
    let handle =
        world.start_with("handle", "handle.test", ports[1], &[("account.test", ports[0])], of_handle);
    let mut ann = account.join("ann", name("Ann")).await;
    open_room(&account, &mut ann, ROOM).await;
    let bob = handle.join("bob", Identifier::Handle(b"bob".to_vec())).await;
    let ready = (0..9).map(|_| raw(&bob.mls.key_package(CLASSICAL))).collect();
    assert_eq!(publish(&handle, &bob, ready, Vec::new()).await.status, 204);
    let bob = bob.uri().user_uri();
    Two { world, account, handle, ann, bob }
}

/// Asks for passes of a service.
pub async fn issue(
    own: &Running,
    by: &Member,
    of: &str,
    purpose: Purpose,
    requests: Vec<TokenRequest>,
) -> Answer {
    let body = IssueRequest { purpose, requests }.encode();
    own.call("POST", &format!("passes/{of}"), Some(&by.token), body).await
}

/// A pass, as somebody's device makes it; or the refusal.
pub async fn get(
    own: &Running,
    by: &Member,
    of: &str,
    purpose: Purpose,
    nonce: u8,
) -> Result<Token, ErrorBody> {
    let key = issue(own, by, of, purpose, Vec::new()).await;
    if key.status != 200 {
        return Err(key.error().unwrap());
    }
    let (key, domain): (_, Domain) = (key.decode::<Issued>().key, of.parse().unwrap());
    let (nonce, challenge_digest) = ([nonce; 32], challenge_digest(&domain, purpose));
    let input = Token::input(&nonce, &challenge_digest, &key.id());
    let blind = VoprfClient::<NistP384>::blind(&input, &mut OsRng).unwrap();
    let blinded = blind.message.serialize().as_slice().try_into().unwrap();
    let request = TokenRequest { token_type: 1, truncated_key_id: key.truncated_id(), blinded };
    let issued = issue(own, by, of, purpose, vec![request]).await;
    if issued.status != 200 {
        return Err(issued.error().unwrap());
    }
    let issued: Issued = issued.decode();
    let element = EvaluationElement::deserialize(&issued.responses[0].evaluated).unwrap();
    let proof = Proof::<NistP384>::deserialize(&issued.responses[0].proof).unwrap();
    let public = <NistP384 as CipherSuite>::Group::deserialize_elem(&key.0).unwrap();
    let output = blind.state.finalize(&input, &element, &proof, public).unwrap();
    let authenticator = output.as_slice().try_into().unwrap();
    Ok(Token { token_type: 1, nonce, challenge_digest, key_id: key.id(), authenticator })
}

impl Two {
    async fn issue(&self, requests: Vec<TokenRequest>) -> Answer {
        issue(&self.account, &self.ann, "handle.test", Purpose::FirstContact, requests).await
    }

    async fn pass(&self, nonce: u8) -> Token {
        let got = get(&self.account, &self.ann, "handle.test", Purpose::FirstContact, nonce).await;
        got.unwrap()
    }

    async fn claim(&self, token: Token) -> Answer {
        let claim = Claim::Named(request(&self.ann.mls, &self.bob, vec![1], ROOM));
        let path = format!("firstContact/{}", segment(&self.bob.to_string()));
        self.account.call("POST", &path, Some(&self.ann.token), FirstContact { token, claim }.encode()).await
    }

    async fn stop(self) {
        self.account.stop().await;
        self.handle.stop().await;
    }
}

#[tokio::test]
async fn somebody_of_another_service_is_turned_to_with_a_pass_that_is_good_once() {
    let two = two("", HANDLE).await;
    assert_eq!(claim_named(&two.account, &two.ann, &two.bob, ROOM).await.code(), "PassNeeded");
    let token = two.pass(1).await;
    let answer = two.claim(token.clone()).await;
    assert_eq!(packages(&answer.decode::<KeyMaterialResponse>()).len(), 1);
    assert_eq!(two.claim(token.clone()).await.code(), "PassNeeded", "spent twice");
    let forged = Token { nonce: [2; 32], ..token };
    assert_eq!(two.claim(forged).await.code(), "PassNeeded", "made by nobody");
    // Bob's service holds nothing by which Ann could be told from others of hers.
    let dump = two.handle.dump().await;
    for ((table, key), value) in &dump {
        for bytes in [key, value] {
            assert!(!bytes.windows(3).any(|part| part == b"ann"), "Ann is in {table}");
        }
    }
    assert_eq!(dump.keys().filter(|(table, _)| *table == "passes.spent").count(), 1);
    two.stop().await;
}

#[tokio::test]
async fn a_service_gets_so_many_passes_a_day_and_an_account_twice_its_people() {
    let two = two("[first_contacts]\nfirst_day = 5\n", HANDLE).await;
    for nonce in 0..8 {
        two.pass(nonce).await;
    }
    let key = two.issue(Vec::new()).await.decode::<Issued>().key;
    let request =
        |blinded: [u8; 49]| TokenRequest { token_type: 1, truncated_key_id: key.truncated_id(), blinded };
    // Past the rate of its service; then past her own.
    assert_eq!(two.issue(vec![request(key.0)]).await.code(), "RateLimited");
    assert_eq!(two.issue(vec![request(key.0)]).await.code(), "RateLimited");
    assert_eq!(two.issue(vec![request(key.0)]).await.code(), "TooManyFirstContacts");
    assert_eq!(two.issue(vec![request(key.0); 9]).await.code(), "Malformed");
    two.stop().await;
}

#[tokio::test]
async fn a_peer_asks_for_its_own_rooms_and_for_people_here() {
    let two = two("", HANDLE).await;
    let peer = two.world.peer_client("account.test", &two.handle);
    let base = format!("https://handle.test:{}/mimi/v1", two.handle.addresses.federation.port());
    let ask = |user: &UserUri, contact: FirstContact| {
        let url = format!("{base}/firstContact/{}", segment(&user.to_string()));
        let asked = peer.post(url).header("from", "mimi@account.test");
        let asked = asked.header("content-type", trefoil_proto::paths::MEDIA_TYPE).body(contact.encode());
        async move { answer(asked).await.code() }
    };
    let named = request(&two.ann.mls, &two.bob, vec![1], ROOM);
    let token = two.pass(1).await;
    let nameless = NamelessClaim::of(&named);
    let contact = |claim| FirstContact { token: token.clone(), claim };
    // By name only to the hub of the room, which is not there.
    assert_eq!(ask(&two.bob, contact(Claim::Named(named))).await, "WrongDomain");
    let other: UserUri = "mimi://account.test/u/ann".parse().unwrap();
    let of_another = NamelessClaim { target_user: other.clone(), ..nameless.clone() };
    assert_eq!(ask(&other, contact(Claim::Nameless(of_another))).await, "WrongDomain");
    assert_eq!(ask(&other, contact(Claim::Nameless(nameless.clone()))).await, "Malformed");
    // None of it spent the pass.
    assert_eq!(ask(&two.bob, contact(Claim::Nameless(nameless))).await, "status 200");
    two.stop().await;
}

#[tokio::test]
async fn where_no_passes_are_needed_none_are_issued() {
    let two = two("", "[first_contacts]\npasses = false\n").await;
    assert_eq!(two.issue(Vec::new()).await.code(), "Unsupported");
    assert_eq!(claim_named(&two.account, &two.ann, &two.bob, ROOM).await.status, 200);
    two.stop().await;
}
