//! Where two devices meet while one is linked: over HTTPS, without a token, once, for ten minutes, and nothing of it stored.

use super::world::*;
use std::time::Duration;
use trefoil_proto::{Wire as _, limits, rendezvous::SealedHalf};

const SLOT: &str = "rendezvous/00112233445566778899aabbccddeeff";

fn half(fill: u8, size: usize) -> Vec<u8> {
    SealedHalf { sealed: vec![fill; size] }.encode()
}

fn start(limits: &str) -> Running {
    World::new().start_with("account", "account.test", free_port(), &[], &format!("[limits]\n{limits}\n"))
}

#[tokio::test]
async fn a_request_and_an_answer_pass_through_a_slot_once_and_nothing_is_stored() {
    // Half of this is the longest wait for an answer.
    let service = start("request_seconds = 3");
    let (request, answer) = (format!("{SLOT}/request"), format!("{SLOT}/answer"));
    let put = async |path: &str, body: Vec<u8>| service.call("PUT", path, None, body).await;
    let get = async |path: &str| service.call("GET", path, None, Vec::new()).await;
    assert_eq!(get(&request).await.code(), "NotFound");
    assert_eq!(get(&answer).await.code(), "NotFound");
    assert_eq!(put(&answer, half(2, 50)).await.code(), "NotFound", "nobody waits for it");
    // By now it has answered, so its own secrets are there.
    let before = service.dump().await;
    assert!(!before.is_empty());

    assert_eq!(put(&request, half(1, 40)).await.status, 201);
    assert_eq!(put(&request, half(1, 40)).await.status, 200);
    assert_eq!(put(&request, half(3, 40)).await.code(), "Conflict");
    assert_eq!(get(&request).await.body, half(1, 40));
    let none = get(&answer).await;
    assert_eq!((none.status, none.body.len()), (204, 0), "nothing yet");

    let begun = std::time::Instant::now();
    let (came, answered) = tokio::join!(get(&answer), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        put(&answer, half(2, 50)).await
    });
    assert_eq!((came.status, came.body, answered.status), (200, half(2, 50), 201));
    assert!(begun.elapsed() < Duration::from_millis(1400), "it came when it was put");
    assert_eq!(put(&answer, half(2, 50)).await.status, 200);
    assert_eq!(put(&answer, half(4, 50)).await.code(), "Conflict");
    assert_eq!(get(&answer).await.body, half(2, 50));

    assert_eq!(before, service.dump().await, "something of it was stored");
    service.clock.advance(10 * 60 * 1000);
    assert_eq!(get(&request).await.code(), "NotFound");
    assert_eq!(get(&answer).await.code(), "NotFound");
    service.stop().await;
}

#[tokio::test]
async fn a_half_has_its_size_and_an_address_its_rate() {
    let service = start("registrations_per_hour = 3");
    let slot = |number: u8| format!("rendezvous/{number:032x}/request");
    let put = async |number: u8, size: usize| service.call("PUT", &slot(number), None, half(1, size)).await;
    for size in [0, limits::LINK_REQUEST + 1, limits::LINK_ANSWER + 1] {
        assert_eq!(put(1, size).await.code(), "TooLarge", "{size}");
    }
    // The first two of these counted; the third was refused before anything was known of it.
    assert_eq!(put(1, limits::LINK_REQUEST).await.status, 201);
    let refused = put(2, 10).await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "RateLimited"));
    assert!(refused.error().unwrap().retry_after_ms > 0);
    // Accounts are counted apart.
    service.join("ann", trefoil_proto::edge::Identifier::AccountName(b"ann".to_vec())).await;
    service.stop().await;
}

#[tokio::test]
async fn who_waits_is_let_go_when_the_service_stops() {
    let service = start("");
    let answer = format!("{SLOT}/answer");
    service.call("PUT", &format!("{SLOT}/request"), None, half(1, 40)).await;
    let caller = service.caller();
    let waits = tokio::spawn(async move { caller.call("GET", &answer, None, Vec::new()).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = std::time::Instant::now();
    service.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "it waited for the one who waits");
    assert_eq!(waits.await.unwrap().code(), "Draining");
}
