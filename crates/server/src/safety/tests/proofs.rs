//! What a report must prove: the attacks of a reporter who lies, each refused.
#![allow(clippy::unwrap_used)]

use super::super::{
    SafetyError,
    case::{Action, Case, Party, Verdict},
    decide::prove,
    load::Load,
    rows::{Due, Measure, ReportRow},
};
use crate::{
    json_row::JsonRow as _,
    rooms::FrankingKeys,
    staff::{Member, Role},
};
use trefoil_proto::{
    RoomUri, Timestamp, UserUri,
    content::{Extensions, MimiContent, NestedPart},
    franking::{self, ServerFrankingContext},
    mimi::report::{AbuseReport, AbuseType, AbusiveMessage},
};

const AT: Timestamp = Timestamp(1_700_000_000_000);

fn user(name: &str) -> UserUri {
    format!("mimi://a.example/u/{name}").parse().unwrap()
}

fn room(name: &str) -> RoomUri {
    format!("mimi://a.example/r/{name}").parse().unwrap()
}

fn keys() -> FrankingKeys {
    FrankingKeys::new(1, &[1; 32], &[2; 32])
}

fn content(text: &str, salt: [u8; 16]) -> Vec<u8> {
    let content = MimiContent {
        salt,
        replaces: None,
        topic_id: Vec::new(),
        expires: None,
        in_reply_to: None,
        extensions: Extensions::default(),
        part: NestedPart::render("text/plain;charset=utf-8", text),
    };
    content.encode().unwrap()
}

/// A message that Mallory sent in the room, as a member has it.
fn sent(text: &str) -> AbusiveMessage {
    let content = content(text, [7; 16]);
    let tag = franking::tag(&[7; 16], &content);
    let frank = keys().frank(&tag, (&user("mallory"), None), &room("tea"), 0x004f, AT);
    AbusiveMessage { message_content: content, frank, accepted_timestamp: AT }
}

fn report(messages: Vec<AbusiveMessage>) -> AbuseReport {
    AbuseReport {
        reporting_user: user("ada"),
        alleged_abuser: user("mallory"),
        reason: AbuseType::Harassment,
        note: b"every night".to_vec(),
        messages,
        extensions: Default::default(),
    }
}

/// What the decoders of this room read.
pub(in crate::safety) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let row = ReportRow {
        digest: [4; 32],
        at: AT,
        reporter: Some(user("ada")),
        by: Some("b.example".parse().unwrap()),
        about: user("mallory"),
        room: room("tea"),
        reason: AbuseType::Harassment,
        note: b"every night".to_vec(),
        messages: vec![sent("I know where you live")],
    };
    let case = decided();
    let due = Due::AskRemoval { room: room("tea"), user: user("mallory"), rule: "spam".into(), at: AT };
    vec![
        ("server_safety_report_row", row.encode()),
        ("server_safety_case_row", case.encode()),
        ("server_safety_measure_row", Measure { action: Action::Limit, until: Some(AT) }.encode()),
        ("server_safety_due_row", due.encode()),
        ("server_safety_load_row", Load { opened: 3, grave: 1, last_grave: Some(AT) }.encode()),
    ]
}

/// A case with everything in it.
fn decided() -> Case {
    let member = |name: &str, role| Member { name: name.parse().unwrap(), role };
    let [ines, otto, ida] = ["ines", "otto", "ida"].map(|name| member(name, Role::Reviewer));
    let mut case = Case::open(user("mallory"), true, AbuseType::Spam, 2, AT);
    let verdict = |action, until| Verdict {
        action,
        rule: "spam".into(),
        explanation: "twenty strangers".into(),
        evidence: vec![0],
        until,
    };
    case.claim(&ines, AT).unwrap();
    case.open_content(&ines, AT).unwrap();
    case.decide(&ines, verdict(Action::Ban, None), 1, true, AT).unwrap();
    case.claim(&otto, AT).unwrap();
    case.send_back(&otto, "a limit does", AT).unwrap();
    case.claim(&ines, AT).unwrap();
    case.open_content(&ines, AT).unwrap();
    case.decide(&ines, verdict(Action::Limit, Some(AT.plus_millis(1))), 1, true, AT).unwrap();
    case.appeal(Party::Subject, &"no".parse().unwrap(), AT).unwrap();
    case.claim(&ida, AT).unwrap();
    case
}

fn proven(report: &AbuseReport) -> Result<(), SafetyError> {
    let keys = keys();
    prove(&user("ada"), &room("tea"), report, |tag, context: &ServerFrankingContext, frank| {
        keys.has_stamped(tag, context, frank)
    })
}

fn is_unproven(report: &AbuseReport) -> bool {
    matches!(proven(report), Err(SafetyError::Unproven { .. }))
}

#[test]
fn what_was_sent_is_proven_and_a_person_can_be_reported_without_content() {
    proven(&report(vec![sent("one"), sent("two")])).unwrap();
    proven(&report(vec![])).unwrap();
}

#[test]
fn a_reporter_cannot_forge() {
    let honest = || report(vec![sent("one")]);
    // Other words, with the salt or without it.
    let mut other = honest();
    other.messages[0].message_content = content("worse", [7; 16]);
    assert!(is_unproven(&other));
    // The same words under a salt of one's own.
    let mut other = honest();
    other.messages[0].message_content = content("one", [8; 16]);
    assert!(is_unproven(&other));
    // Somebody else is made the sender.
    let mut other = honest();
    other.alleged_abuser = user("grace");
    assert!(is_unproven(&other));
    // Another time, another key, a stamp that nobody made.
    let mut other = honest();
    other.messages[0].accepted_timestamp = Timestamp(AT.0 + 1);
    assert!(is_unproven(&other));
    let mut other = honest();
    other.messages[0].frank.key_id = 2;
    assert!(is_unproven(&other));
    let mut other = honest();
    other.messages[0].frank.server_frank[0] ^= 1;
    assert!(is_unproven(&other));
    // What is no content.
    let mut other = honest();
    other.messages[0].message_content = b"words".to_vec();
    assert!(is_unproven(&other));
    // A true message beside a false one proves nothing of the false one.
    let mut other = report(vec![sent("one"), sent("two")]);
    other.messages[1].message_content = sent("three").message_content;
    assert!(matches!(proven(&other), Err(SafetyError::Unproven { index: 1 })));
}

#[test]
fn a_message_of_another_room_proves_nothing_here() {
    let keys = keys();
    let elsewhere = prove(&user("ada"), &room("work"), &report(vec![sent("one")]), |tag, context, frank| {
        keys.has_stamped(tag, context, frank)
    });
    assert!(matches!(elsewhere, Err(SafetyError::Unproven { index: 0 })));
}

#[test]
fn nobody_reports_in_anothers_name_and_a_report_has_bounds() {
    let keys = keys();
    let made = report(vec![sent("one")]);
    let others = prove(&user("grace"), &room("tea"), &made, |tag, context, frank| {
        keys.has_stamped(tag, context, frank)
    });
    assert!(matches!(others, Err(SafetyError::NotTheReporter)));
    let many = report(vec![sent("one"); super::super::MESSAGES + 1]);
    assert!(matches!(proven(&many), Err(SafetyError::TooMuch)));
    let twice = report(vec![sent("one"), sent("two"), sent("one")]);
    assert!(matches!(proven(&twice), Err(SafetyError::Doubled)));
    let mut long = report(vec![]);
    long.note = vec![b'a'; super::super::NOTE + 1];
    assert!(matches!(proven(&long), Err(SafetyError::TooMuch)));
    long.note = vec![0xFF];
    assert!(matches!(proven(&long), Err(SafetyError::Note)));
}
