//! Many reports about the same are one case, in which everybody who reported hears what came of it; and one person has only so many
//! that are looked at.

use super::{
    console::Desk,
    decided::{asks, next},
    stream::{name, room_of_two, segment},
    world::*,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use trefoil_proto::{
    RoomUri, UserUri, Wire as _,
    content::{Extensions, MimiContent, NestedPart},
    decisions::Appeal,
    mimi::{
        SubmitMessageResponse,
        report::{AbuseReport, AbuseType, AbusiveMessage, FollowReport, ReportStage, ReportStanding},
    },
};
use trefoil_server::staff::Role;

/// The salt of every message here.
const SALT: [u8; 16] = [5; 16];

/// Ann sends something in her room: as a member has it, who may show it.
async fn sent(desk: &Desk, ann: &mut Member, room: &RoomUri, text: &str) -> AbusiveMessage {
    let content = MimiContent {
        salt: SALT,
        replaces: None,
        topic_id: Vec::new(),
        expires: None,
        in_reply_to: None,
        extensions: Extensions::default(),
        part: NestedPart::render("text/plain;charset=utf-8", text),
    };
    let message_content = content.encode().unwrap();
    let request = ann.mls.message(&message_content);
    let path = format!("submitMessage/{}", segment(room));
    let answer: SubmitMessageResponse = desk.service.ask(&path, Some(&ann.token), &request).await;
    let SubmitMessageResponse::Accepted { accepted_timestamp, frank: Some(frank) } = answer else {
        panic!("not accepted: {answer:?}")
    };
    AbusiveMessage { message_content, frank, accepted_timestamp }
}

fn report(by: &Member, about: &UserUri, reason: AbuseType, shown: &[&AbusiveMessage]) -> AbuseReport {
    AbuseReport {
        reporting_user: by.uri().user_uri(),
        alleged_abuser: about.clone(),
        reason,
        note: format!("{:?} of {}", reason, by.uri().user).into_bytes(),
        messages: shown.iter().copied().cloned().collect(),
        extensions: Default::default(),
    }
}

async fn show(desk: &Desk, by: &Member, room: &RoomUri, report: &AbuseReport) -> Answer {
    let path = format!("reportAbuse/{}", segment(room));
    desk.service.call("POST", &path, Some(&by.token), report.encode()).await
}

async fn follow(
    desk: &Desk,
    by: &Member,
    room: &RoomUri,
    report: &AbuseReport,
    appeal: Option<&str>,
) -> Answer {
    let asked = FollowReport {
        reporting_user: by.uri().user_uri(),
        report: Sha256::digest(report.encode()).into(),
        appeal: appeal.map(|words| words.parse().unwrap()),
    };
    let path = format!("followReport/{}", segment(room));
    desk.service.call("POST", &path, Some(&by.token), asked.encode()).await
}

async fn waiting(desk: &Desk, token: &str, queue: &str) -> Value {
    let queues = asks(desk, token, "GET", "/api/queues", json!({})).await;
    queues.as_array().unwrap().iter().find(|one| one["queue"] == queue).unwrap()["cases"].clone()
}

#[tokio::test]
async fn many_reports_of_a_message_are_one_case_and_each_reporter_hears_of_it() {
    let desk = Desk::start();
    let (room, mut ann, bob) = room_of_two(&desk.service).await;
    let about = ann.uri().user_uri();
    let (carol, dan) =
        (desk.service.join("carol", name("Carol")).await, desk.service.join("dan", name("Dan")).await);
    let one = sent(&desk, &mut ann, &room, "buy now").await;
    let two = sent(&desk, &mut ann, &room, "or else").await;
    let lena = desk.member("lena", Role::Lead).await;

    let first = report(&bob, &about, AbuseType::Spam, &[&one]);
    assert_eq!(show(&desk, &bob, &room, &first).await.status, 201);
    let case = next(&desk, &lena, "general").await;
    let at = |what: &str| format!("/api/cases/{case}{what}");
    let before = asks(&desk, &lena, "POST", &at("/open"), json!({})).await;
    desk.service.clock.advance(60_000);
    // While somebody looks at it.
    let second = report(&carol, &about, AbuseType::Violence, &[&two, &one]);
    let third = report(&dan, &about, AbuseType::Spam, &[&one]);
    let once_more = report(&bob, &about, AbuseType::Fraud, &[&one]);
    for (by, report) in [(&carol, &second), (&dan, &third), (&bob, &once_more), (&carol, &second)] {
        assert_eq!(show(&desk, by, &room, report).await.status, 201);
    }
    assert_eq!(waiting(&desk, &lena, "general").await, 1);
    let seen = asks(&desk, &lena, "GET", &at(""), json!({})).await;
    assert_eq!((&seen["joined"], &seen["reporters"]), (&json!(3), &json!(3)), "{seen}");
    assert_eq!(seen["also"], json!(["fraud", "violence"]));
    assert_eq!(seen["claim"]["opened"], true, "whoever has it keeps it");
    assert!(seen["priority"].as_u64() > before["priority"].as_u64(), "{seen}");
    let texts: Vec<_> = seen["shown"].as_array().unwrap().iter().map(|shown| &shown["text"][0]).collect();
    assert_eq!(
        texts,
        [&json!("buy now"), &json!("or else")],
        "each message once, the new ones after the old"
    );
    let notes = seen["note"].as_str().unwrap();
    assert!(notes.starts_with("Spam of ") && notes.contains("Violence of "), "{notes}");
    assert!(!seen["others"].as_array().unwrap().iter().any(|other| other["case"] != json!(case)));

    // A report is its reporter's alone, and says nothing of the others'.
    assert_eq!(follow(&desk, &dan, &room, &first, None).await.code(), "NotFound");
    let standing: ReportStanding = follow(&desk, &dan, &room, &third, None).await.decode();
    assert_eq!((standing.stage, standing.since), (ReportStage::InReview, desk.service.clock_now()));

    // Something said to exploit a child does not wait among what everybody sees.
    let grave = report(&dan, &about, AbuseType::ChildExploitation, &[&two]);
    assert_eq!(show(&desk, &dan, &room, &grave).await.status, 201);
    assert_eq!(waiting(&desk, &lena, "child-safety").await, 1);

    // What joined later can be what is decided on.
    let verdict = json!({"action": "none", "rule": "none", "explanation": "no", "evidence": [1]});
    asks(&desk, &lena, "POST", &at("/decide"), verdict).await;
    for (by, report) in [(&bob, &first), (&carol, &second), (&dan, &third), (&bob, &once_more)] {
        let standing: ReportStanding = follow(&desk, by, &room, report, None).await.decode();
        assert_eq!((standing.stage, standing.appeals), (ReportStage::NoAction, Appeal::Open));
    }
    // One appeal against the decision, whoever of them makes it.
    let appealed: ReportStanding = follow(&desk, &carol, &room, &second, Some("look")).await.decode();
    assert_eq!((appealed.stage, appealed.appeals), (ReportStage::Appealed, Appeal::Closed));
    assert_eq!(follow(&desk, &dan, &room, &third, Some("I too")).await.code(), "Conflict");

    // It is decided: another report opens another case, and that takes the next ones.
    let eve = desk.service.join("eve", name("Eve")).await;
    for by in [&eve, &ann] {
        let shown = report(by, &about, AbuseType::Spam, &[&one]);
        assert_eq!(show(&desk, by, &room, &shown).await.status, 201);
    }
    assert_eq!(waiting(&desk, &lena, "general").await, 1);
    desk.service.stop().await;
}

#[tokio::test]
async fn one_person_has_only_so_many_reports_that_are_looked_at() {
    let world = World::new();
    let desk = Desk::start_over(&world, free_port(), &[], "[safety]\nopen_reports = 2\n", |store| store);
    let (room, mut ann, bob) = room_of_two(&desk.service).await;
    let about = ann.uri().user_uri();
    let lena = desk.member("lena", Role::Lead).await;
    let mut shown = Vec::new();
    for text in ["one", "two", "three"] {
        shown.push(sent(&desk, &mut ann, &room, text).await);
    }
    let of = |by: &Member, at: usize| report(by, &about, AbuseType::Spam, &[&shown[at]]);
    let show_of = async |by: &Member, at: usize| show(&desk, by, &room, &of(by, at)).await;
    assert_eq!((show_of(&bob, 0).await.status, show_of(&bob, 1).await.status), (201, 201));
    let refused = show_of(&bob, 2).await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "TooManyReports"));
    let said = String::from_utf8(refused.error().unwrap().detail).unwrap();
    assert!(said.contains("still being looked at"), "{said}");
    // Nor is the same once more in other words; but what was taken before is answered as before, and others are not held up.
    let other = report(&bob, &about, AbuseType::Hate, &[&shown[0]]);
    assert_eq!(show(&desk, &bob, &room, &other).await.code(), "TooManyReports");
    assert_eq!(show_of(&bob, 0).await.status, 201);
    let carol = desk.service.join("carol", name("Carol")).await;
    assert_eq!(show_of(&carol, 0).await.status, 201);

    // Whichever it is, it is one of his.
    let case = next(&desk, &lena, "general").await;
    let at = |what: &str| format!("/api/cases/{case}/{what}");
    asks(&desk, &lena, "POST", &at("open"), json!({})).await;
    let verdict = json!({"action": "warn", "rule": "spam", "explanation": "bulk"});
    asks(&desk, &lena, "POST", &at("decide"), verdict).await;
    assert_eq!(show_of(&bob, 2).await.status, 201, "one of the earlier is decided");
    assert_eq!(waiting(&desk, &lena, "general").await, 2);
    desk.service.stop().await;
}
