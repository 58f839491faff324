//! What a team decides, where only the service's own rows show whether it holds: who sees which other cases, and a removal that is
//! taken back when the report is gone.

use super::{
    console::{Desk, answer},
    stream::room_of_two,
    world::*,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use trefoil_proto::{
    RoomUri, UserUri, Wire as _,
    decisions::CaseId,
    mimi::report::{AbuseReport, AbuseType},
    paths::segment,
};
use trefoil_server::staff::Role;
use trefoil_store::{Batch, Store as _, Table};

/// Ann reports somebody, without content.
pub async fn report(desk: &Desk, ann: &Member, room: &RoomUri, about: &UserUri, reason: AbuseType) {
    let report = spoken(ann, about, reason);
    let path = format!("reportAbuse/{}", segment(&room.to_string()));
    let taken = desk.service.call("POST", &path, Some(&ann.token), report.encode()).await;
    assert_eq!(taken.status, 201, "{}", taken.code());
}

/// A report that shows nothing.
fn spoken(by: &Member, about: &UserUri, reason: AbuseType) -> AbuseReport {
    AbuseReport {
        reporting_user: by.uri().user_uri(),
        alleged_abuser: about.clone(),
        reason,
        note: Vec::new(),
        messages: Vec::new(),
        extensions: Default::default(),
    }
}

/// Somebody of the team asks, and is not refused.
pub async fn asks(desk: &Desk, token: &str, method: &str, path: &str, body: Value) -> Value {
    let (status, said) = answer(desk.ask(method, path).bearer_auth(token).json(&body)).await;
    assert!(status.is_success(), "{method} {path}: {status} {said}");
    said
}

pub async fn next(desk: &Desk, token: &str, queue: &str) -> String {
    let claimed = asks(desk, token, "POST", &format!("/api/queues/{queue}/claim"), json!({})).await;
    claimed["case"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_a_role_does_not_see_does_not_stand_beside_another_case() {
    let desk = Desk::start();
    let (room, ann, bob) = room_of_two(&desk.service).await;
    let about = bob.uri().user_uri();
    report(&desk, &ann, &room, &about, AbuseType::Spam).await;
    report(&desk, &ann, &room, &about, AbuseType::ChildExploitation).await;
    for (role, others) in [(Role::Reviewer, 0), (Role::ChildSafetyReviewer, 1), (Role::Lead, 1)] {
        let token = desk.member(&format!("a-{}", role.as_str()), role).await;
        let case = next(&desk, &token, "general").await;
        let seen = asks(&desk, &token, "GET", &format!("/api/cases/{case}"), json!({})).await;
        assert_eq!(seen["others"].as_array().unwrap().len(), others, "{role:?}: {seen}");
        asks(&desk, &token, "POST", &format!("/api/cases/{case}/release"), json!({})).await;
    }
    desk.service.stop().await;
}

#[tokio::test]
async fn a_case_is_named_by_chance_and_not_by_what_was_reported() {
    let desk = Desk::start();
    let (room, ann, bob) = room_of_two(&desk.service).await;
    let about = bob.uri().user_uri();
    report(&desk, &ann, &room, &about, AbuseType::Spam).await;
    let token = desk.member("ines", Role::Reviewer).await;
    let case: CaseId = next(&desk, &token, "general").await.parse().unwrap();
    // Whom it is about could go through those who may have reported: the rest of the report can be guessed.
    let guessed = Sha256::digest(spoken(&ann, &about, AbuseType::Spam).encode());
    assert!(!guessed.windows(10).any(|part| part == case.0), "{case} says who reported");
    desk.service.stop().await;
}

#[tokio::test]
async fn nobody_is_reported_whose_service_is_made_up() {
    let desk = Desk::start();
    let (room, ann, _) = room_of_two(&desk.service).await;
    for made_up in ["mimi://localhost/u/x", "mimi://localhost:9/u/x"] {
        let Ok(about) = made_up.parse::<UserUri>() else { continue };
        let path = format!("reportAbuse/{}", segment(&room.to_string()));
        let report = spoken(&ann, &about, AbuseType::Spam).encode();
        let taken = desk.service.call("POST", &path, Some(&ann.token), report).await;
        assert_eq!(taken.code(), "PeerUnavailable", "{made_up}");
    }
    desk.service.stop().await;
}

#[tokio::test]
async fn an_account_is_looked_up_because_of_a_case_or_by_a_lead() {
    let desk = Desk::start();
    let (room, ann, bob) = room_of_two(&desk.service).await;
    let about = bob.uri().user_uri();
    report(&desk, &ann, &room, &about, AbuseType::ChildExploitation).await;
    let ines = desk.member("ines", Role::Reviewer).await;
    let looks = |token: String, user: UserUri| {
        let path = format!("/api/people?user={}", segment(&user.to_string()));
        answer(desk.ask("GET", &path).bearer_auth(token))
    };
    let (status, said) = looks(ines.clone(), about.clone()).await;
    assert_eq!(
        (status.as_u16(), &said["code"]),
        (404, &json!("no-such-case")),
        "a case that she may not see"
    );
    report(&desk, &ann, &room, &about, AbuseType::Spam).await;
    assert!(looks(ines.clone(), about).await.0.is_success());
    assert!(!looks(ines, ann.uri().user_uri()).await.0.is_success());
    let lena = desk.member("lena", Role::Lead).await;
    assert!(looks(lena, ann.uri().user_uri()).await.0.is_success());
    desk.service.stop().await;
}

#[tokio::test]
async fn a_removal_is_taken_back_also_when_the_report_is_gone() {
    let desk = Desk::start();
    let (room, ann, bob) = room_of_two(&desk.service).await;
    report(&desk, &ann, &room, &bob.uri().user_uri(), AbuseType::Spam).await;
    let token = desk.member("lena", Role::Lead).await;
    let case = next(&desk, &token, "general").await;
    let verdict = json!({ "action": "ask-removal", "rule": "spam", "explanation": "bulk" });
    asks(&desk, &token, "POST", &format!("/api/cases/{case}/decide"), verdict).await;
    asked(&desk, true).await;

    let rows = desk.service.dump().await;
    let (_, key) = rows.keys().find(|(table, _)| *table == "safety.reports").unwrap();
    let mut batch = Batch::new();
    batch.delete(Table::new("safety.reports"), key.clone());
    desk.service.store.commit(batch).await.unwrap();
    asks(&desk, &token, "POST", &format!("/api/cases/{case}/undo"), json!({ "why": "the wrong person" }))
        .await;
    asked(&desk, false).await;
    desk.service.stop().await;
}

/// Waits until a room's members are asked for a removal, or no more.
async fn asked(desk: &Desk, now: bool) {
    for _ in 0..500 {
        if desk.service.dump().await.keys().any(|(table, _)| *table == "rooms.removals") == now {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the removal is {}", if now { "never asked for" } else { "asked for still" });
}
