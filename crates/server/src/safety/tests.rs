//! What a report must prove: the attacks of a reporter who lies, each refused.
#![allow(clippy::unwrap_used)]

use super::{SafetyError, decide::prove, rows::ReportRow};
use crate::rooms::FrankingKeys;
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
    let frank = keys().frank(&tag, &user("mallory"), &room("tea"), 0x004f, AT);
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

pub(super) fn row() -> ReportRow {
    ReportRow { at: AT, room: room("tea"), report: report(vec![sent("I know where you live")]) }
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
    let many = report(vec![sent("one"); super::MESSAGES + 1]);
    assert!(matches!(proven(&many), Err(SafetyError::TooMuch)));
    let mut long = report(vec![]);
    long.note = vec![b'a'; super::NOTE + 1];
    assert!(matches!(proven(&long), Err(SafetyError::TooMuch)));
    long.note = vec![0xFF];
    assert!(matches!(proven(&long), Err(SafetyError::Note)));
}
