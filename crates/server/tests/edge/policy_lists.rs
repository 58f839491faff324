//! Policy lists between two real services: published by one, and what the other does about whom.

use super::{first_contacts::claim, key_packages::open_room, stream::name, world::*};
use data_encoding::BASE64URL_NOPAD;
use std::time::Duration;
use trefoil_proto::{
    Wire as _,
    passes::{IssueRequest, Purpose},
    paths,
    policy_list::{PATH, SignedPolicyList},
};

const LIST: &str = "sequence = 1\n\
    [[entry]]\nservice = \"bad.test\"\nrecommend = \"refuse\"\nreason = \"spam\"\nuntil = 2099-12-31\n\
    [[entry]]\nperson = \"mimi://account.test/u/mallory\"\nrecommend = \"refuse\"\nreason = \"fraud\"\nuntil = 2099-12-31\n\
    [[entry]]\nperson = \"mimi://good.test/u/eve\"\nrecommend = \"refuse\"\nreason = \"fraud\"\nuntil = 2099-12-31\n\
    [[entry]]\nservice = \"account.test\"\nrecommend = \"refuse\"\nreason = \"spam\"\nuntil = 2099-12-31\n";

struct Two {
    world: World,
    publisher: Running,
    port: u16,
    own_port: u16,
    list: std::path::PathBuf,
}

/// A service that publishes a list, and the port that the subscriber will have.
async fn publisher() -> Two {
    let (world, port, own_port) = (World::new(), free_port(), free_port());
    let (_, data) = world.configuration("handle", "handle.test", port);
    let list = data.join("list.toml");
    std::fs::write(&list, LIST).unwrap();
    let more = format!("[policy_list]\nfile = {list:?}\n");
    let peers = [("account.test", own_port)];
    let publisher = world.start_with("handle", "handle.test", port, &peers, &more);
    Two { world, publisher, port, own_port, list }
}

impl Two {
    async fn published(&self) -> SignedPolicyList {
        let peer = self.world.peer_client("account.test", &self.publisher);
        let url = format!("https://handle.test:{}{PATH}", self.publisher.addresses.federation.port());
        answer(peer.get(url).header("from", "mimi@account.test")).await.decode()
    }

    /// A service that subscribes to the list under a key.
    fn subscriber(&self, key: &[u8; 32], more: &str) -> Running {
        let key = BASE64URL_NOPAD.encode(key);
        let more = format!("[[policy_lists]]\nfrom = \"handle.test\"\nkey = {key:?}\n{more}");
        let peers = [("handle.test", self.port)];
        self.world.start_with("account", "account.test", self.own_port, &peers, &more)
    }

    /// What becomes of a request for passes by another service.
    async fn asked_by(&self, peer: &str, service: &Running) -> String {
        let client = self.world.peer_client(peer, service);
        let base = format!("https://account.test:{}/mimi/v1", service.addresses.federation.port());
        let asked = client.post(format!("{base}/passes/account.test")).header("from", format!("mimi@{peer}"));
        let body = IssueRequest { purpose: Purpose::FirstContact, requests: Vec::new() }.encode();
        answer(asked.header("content-type", paths::MEDIA_TYPE).body(body)).await.code()
    }
}

async fn taken(service: &Running) -> bool {
    for _ in 0..300 {
        if service.dump().await.keys().any(|(table, _)| *table == "policy_lists.lists") {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

#[tokio::test]
async fn a_list_that_counts_is_followed_and_another_key_is_not_believed() {
    let two = publisher().await;
    let signed = two.published().await;
    assert_eq!(signed.list.entries.len(), 4);

    let service = two.subscriber(&signed.key, "");
    assert!(taken(&service).await, "the list was not taken");
    assert_eq!(two.asked_by("bad.test", &service).await, "NotAllowed");
    assert_eq!(two.asked_by("good.test", &service).await, "status 200");
    // What it says of its subscriber and of people here does not count: about these the service decides itself.
    let room = "mimi://account.test/r/x";
    let mut mallory = service.join("mallory", name("Mallory")).await;
    open_room(&service, &mut mallory, room).await;
    let (nan, bad) = ("mimi://account.test/u/nan".parse().unwrap(), "mimi://bad.test/u/x".parse().unwrap());
    assert_eq!(claim(&service, &mallory, &nan, room).await.status, 200);
    // Nobody here turns to who is on it elsewhere.
    let mut ann = service.join("ann", name("Ann")).await;
    open_room(&service, &mut ann, "mimi://account.test/r/y").await;
    assert_eq!(claim(&service, &ann, &bad, "mimi://account.test/r/y").await.code(), "NotAllowed");
    let eve = "mimi://good.test/u/eve".parse().unwrap();
    assert_eq!(claim(&service, &ann, &eve, "mimi://account.test/r/y").await.code(), "NotAllowed");
    let kim = "mimi://account.test/u/kim".parse().unwrap();
    assert_eq!(claim(&service, &ann, &kim, "mimi://account.test/r/y").await.status, 200);
    service.stop().await;

    let wary =
        two.subscriber(&ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes(), "");
    assert!(!taken(&wary).await, "a list under another key was taken");
    assert_eq!(two.asked_by("bad.test", &wary).await, "status 200");
    wary.stop().await;
    two.publisher.stop().await;
}

#[tokio::test]
async fn what_a_recommendation_does_is_the_choice_of_who_subscribes() {
    let two = publisher().await;
    let service = two.subscriber(&two.published().await.key, "refuse = \"nothing\"\n");
    assert!(taken(&service).await);
    assert_eq!(two.asked_by("bad.test", &service).await, "status 200");
    service.stop().await;
    // What the operator writes is published as soon as it is there, and what is no list is not.
    std::fs::write(&two.list, "sequence = 2\n").unwrap();
    let signed = two.published().await;
    assert_eq!((signed.list.sequence, signed.list.entries.len()), (2, 0));
    std::fs::write(&two.list, "sequence = \"x\"\n").unwrap();
    let peer = two.world.peer_client("account.test", &two.publisher);
    let url = format!("https://handle.test:{}{PATH}", two.port);
    let refused = answer(peer.get(url).header("from", "mimi@account.test")).await;
    assert_eq!(refused.code(), "Internal");
    two.publisher.stop().await;
}
