//! How many people an account may turn to, over the listeners of real services.

use super::{
    key_packages::{open_room, path, request},
    stream::{delivered, event, name, room_of_two, segment},
    world::*,
};
use trefoil_proto::{ErrorCode, UserUri, Wire as _};

const DAY: u64 = 24 * 60 * 60 * 1000;
const ROOM: &str = "mimi://account.test/r/x";
const ROOM_OF_TWO: &str = "mimi://account.test/r/tea";

/// Asks for the keys of somebody, and says what came of it.
pub async fn claim(service: &Running, by: &Member, target: &UserUri, room: &str) -> Answer {
    let body = request(&by.mls, target, vec![1], room).encode();
    service.call("POST", &path(target), Some(&by.token), body).await
}

#[tokio::test]
async fn an_account_turns_to_so_many_new_people_a_day() {
    let more = "[first_contacts]\nfirst_day = 2\nmore_each_day = 1\n";
    let service = World::new().start_with("account", "account.test", free_port(), &[], more);
    let mut ann = service.join("ann", name("Ann")).await;
    open_room(&service, &mut ann, ROOM).await;
    let people: Vec<UserUri> =
        (0..4).map(|number| format!("mimi://account.test/u/p{number}").parse().unwrap()).collect();
    for person in [&people[0], &people[1], &people[0], &ann.uri().user_uri()] {
        // The same person again, and one's own devices, are no new people.
        assert_eq!(claim(&service, &ann, person, ROOM).await.status, 200);
    }
    let before = service.dump().await;
    let refused = claim(&service, &ann, &people[2], ROOM).await;
    let error = refused.error().unwrap();
    assert_eq!((refused.status, error.code), (429, ErrorCode::TooManyFirstContacts));
    assert_eq!(before, service.dump().await, "who is refused is not counted");
    let left = DAY - service.clock_now().0 % DAY;
    assert_eq!(u64::from(error.retry_after_ms), left, "not until midnight");
    service.clock.advance(left);
    let ann = service.log_in(ann).await;
    for person in &people[..3] {
        assert_eq!(claim(&service, &ann, person, ROOM).await.status, 200);
    }
    assert_eq!(claim(&service, &ann, &people[3], ROOM).await.code(), "TooManyFirstContacts");
    service.stop().await;
}

#[tokio::test]
async fn who_answers_is_no_stranger_any_more() {
    let more = "[first_contacts]\nfirst_day = 1\nmore_each_day = 0\n";
    let service = World::new().start_with("account", "account.test", free_port(), &[], more);
    let (room, mut ann, mut bob) = room_of_two(&service).await;
    let (bobs, other) = (bob.uri().user_uri(), "mimi://account.test/u/carl".parse().unwrap());
    assert_eq!(claim(&service, &ann, &bobs, &room.to_string()).await.status, 200);
    assert_eq!(claim(&service, &ann, &other, ROOM_OF_TWO).await.code(), "TooManyFirstContacts");
    let path = format!("submitMessage/{}", segment(&room));
    // What the one who began writes is no answer.
    let said = ann.mls.message(b"hello").encode();
    assert_eq!(service.call("POST", &path, Some(&ann.token), said).await.status, 200);
    let more = || claim(&service, &ann, &other, ROOM_OF_TWO);
    assert_eq!(more().await.code(), "TooManyFirstContacts");
    let mut socket = service.connect(&bob.token, "").await;
    for entry in delivered(&mut socket).await {
        bob.mls.receive(&event(&entry));
    }
    let answer = bob.mls.message(b"hello yourself").encode();
    assert_eq!(service.call("POST", &path, Some(&bob.token), answer).await.status, 200);
    assert_eq!(more().await.status, 200);
    service.stop().await;
}

#[tokio::test]
async fn the_switch_takes_the_rules_away() {
    let more = "[first_contacts]\nlimited = false\nfirst_day = 1\n";
    let service = World::new().start_with("account", "account.test", free_port(), &[], more);
    let mut ann = service.join("ann", name("Ann")).await;
    open_room(&service, &mut ann, ROOM).await;
    for number in 0..20 {
        let person = format!("mimi://account.test/u/p{number}").parse().unwrap();
        assert_eq!(claim(&service, &ann, &person, ROOM).await.status, 200);
    }
    service.stop().await;
}
