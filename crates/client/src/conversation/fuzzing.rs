//! Decoders of conversations, for the fuzzer.

use super::{
    body::Body,
    classify::{LONGEST_REACTION, Meaning, is_display_name},
    note::Line,
    plain,
    rows::{
        EditRow, Entry, GroupsRow, Held, IndexRow, KeptRow, MarksRow, OutgoingRow, PictureRow, ProfileRow,
        ReactionRow, Record, RoomRow, Row, StatusRow, TimerRow, VoteRow,
    },
    segment::{Documents, Ends, words_again},
    text::mentions,
    words,
};
use crate::fuzzing::Target;
use std::fmt::Debug;
use trefoil_proto::content::MimiContent;

pub(crate) const TARGETS: &[Target] = &[
    ("client_message", message),
    ("client_markdown", markdown),
    ("client_message_row", row::<Record>),
    ("client_edit_row", row::<EditRow>),
    ("client_kept_row", row::<KeptRow>),
    ("client_timeline_row", timeline),
    ("client_reaction_row", row::<ReactionRow>),
    ("client_status_row", row::<StatusRow>),
    ("client_vote_row", row::<VoteRow>),
    ("client_held_change_row", row::<Held>),
    ("client_profile_row", row::<ProfileRow>),
    ("client_counter_row", row::<RoomRow>),
    ("client_outgoing_row", row::<OutgoingRow>),
    ("client_marks_row", row::<MarksRow>),
    ("client_timer_row", row::<TimerRow>),
    ("client_picture_row", row::<PictureRow>),
    ("client_groups_row", row::<GroupsRow>),
    ("client_search_segment_row", segment),
    ("client_search_documents_row", documents),
    ("client_search_postings_row", postings),
    ("client_search_index_row", row::<IndexRow>),
    ("client_search_words", words),
];

/// What a received message means, and what of it is shown.
fn message(input: &[u8]) -> bool {
    let Ok(content) = MimiContent::decode(input) else { return false };
    let body = Body::of(&content);
    if let Some(text) = &body.text {
        markdown(text.as_bytes());
    }
    match Meaning::of(&content) {
        Ok(Meaning::Reaction(_, emoji)) => assert!(emoji.len() <= LONGEST_REACTION),
        Ok(Meaning::Profile(name)) => assert!(is_display_name(&name)),
        Ok(_) => {}
        Err(_) => return false,
    }
    true
}

fn markdown(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    let user = "mimi://a.test/u/ann".parse().expect("a person");
    // Only what names somebody mentions them.
    assert!(!mentions(text, &user) || text.contains("mimi://a.test/u/ann"));
    assert!(plain(text).len() <= text.len());
    true
}

/// A text as the search reads it. Each word that it has finds it.
fn words(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    let body = Body { text: Some(text.to_owned()), ..Body::default() };
    let words = words::of_body(&body);
    assert!(words.len() <= words::MOST && words.iter().all(|word| word.len() <= words::LONGEST));
    for word in &words {
        let wanted = [words::Wanted { word: word.clone(), prefix: false }];
        let excerpt = words::excerpt(&body, &wanted);
        assert!(excerpt.iter().any(|(_, hit)| *hit), "{word:?} is not shown");
    }
    words::excerpt(&body, &words::wanted(text));
    true
}

fn timeline(input: &[u8]) -> bool {
    if let Ok(Entry::Note(note)) = Entry::from_bytes(input) {
        let _ = Line::of_row(&note);
    }
    row::<Entry>(input)
}

fn segment(input: &[u8]) -> bool {
    let Ok(ends) = Ends::from_row(input) else { return false };
    assert_eq!(ends.to_row(), input, "a second encoding");
    true
}

fn documents(input: &[u8]) -> bool {
    let Ok(documents) = Documents::from_row(input) else { return false };
    assert_eq!(documents.to_row(), input, "a second encoding");
    true
}

/// Words and their messages, as they were before and after they are written again.
fn postings(input: &[u8]) -> bool {
    let Ok(again) = words_again(input) else { return false };
    assert!(again.len() <= input.len(), "what a word shares with the one before is not repeated");
    assert_eq!(words_again(&again).ok(), Some(again));
    true
}

/// Later versions may write more at the end of a row; what is known of it stays as it is.
fn row<R: Row + PartialEq + Debug>(input: &[u8]) -> bool {
    let Ok(row) = R::from_bytes(input) else { return false };
    assert_eq!(R::from_bytes(&row.to_bytes()).ok(), Some(row));
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use super::rows::{GoneRow, HeldChange, HeldStatus, MessageRow, NoteRow, OnceRow, Stamp};
    use super::segment::words_row;
    use trefoil_proto::content::{Disposition, Extensions, NestedPart, Part};
    let stamp = Stamp { accepted: 5, id: [1; 32].into() };
    let (person, device) = ("mimi://a.test/u/ann".to_owned(), "mimi://a.test/d/ann/d1".to_owned());
    let content = || b"content".to_vec().into();
    let said = MessageRow {
        sender: person.clone(),
        device: device.clone(),
        accepted: Some(5),
        arrival: 6,
        received: 7,
        mine: true,
        content: content(),
        frank: Some(b"frank".to_vec().into()),
        current: Some(stamp),
        mentions_me: true,
        unsent: None,
        read: Some(8),
        expires: None,
        failure: Some("it failed".to_owned()),
        once: Some(OnceRow::Closed),
    };
    let note = NoteRow { kind: 3, user: Some(person.clone()), by: Some(person.clone()), text: None, at: 9 };
    let gone = KeptRow {
        sender: person.clone(),
        accepted: 5,
        gone: GoneRow::SeenOnce,
        until: 6,
        versions: vec![EditRow { content: content(), frank: Some(b"frank".to_vec().into()) }],
    };
    let change = HeldChange { sender: person.clone(), accepted: 5, content: content(), frank: None };
    let status = HeldStatus { user: person.clone(), status: 1, accepted: 5, received: 6 };
    let reaction =
        ReactionRow { sender: person.clone(), emoji: "\u{2615}".into(), added: stamp, removed: Some(stamp) };
    let outgoing =
        OutgoingRow { device, sender: person.clone(), queued: 5, content: content(), failure: None };
    let marks = MarksRow {
        pinned: true,
        archived: true,
        muted_until: Some(9),
        draft: "draft".into(),
        request: Some(person.clone()),
        hint_seen: Some(true),
    };
    let picture = PictureRow {
        media_type: Some("image/jpeg".into()),
        version: "0011".into(),
        stamp,
        by: Some(person.clone()),
    };
    let state = IndexRow { complete: true, next: b"key".to_vec().into(), pending: 7, segment: 8 };
    let message = |content_type: &str, said: &str, disposition| {
        let part = Part::Single { content_type: content_type.to_owned(), content: said.as_bytes().to_vec() };
        let part = NestedPart { disposition, language: "en".to_owned(), part };
        let extensions = Extensions::of(&person, "mimi://a.test/r/tea");
        let content = MimiContent {
            salt: [7; 16],
            replaces: None,
            topic_id: Vec::new(),
            expires: None,
            in_reply_to: Some(super::MessageId([1; 32])),
            extensions,
            part,
        };
        ("client_message", content.encode().unwrap())
    };
    let text = "Hello [@Ann](mimi://a.test/u/ann), *tea*? 1 &lt; 2";
    vec![
        message("text/markdown;variant=GFM-MIMI", text, Disposition::RENDER),
        message(trefoil_proto::content::PLAIN_TEXT, "\u{2615}", Disposition::REACTION),
        message(trefoil_proto::content::PLAIN_TEXT, "Ann", Disposition::PROFILE),
        message(super::TYPING, "1", Disposition::UNSPECIFIED),
        ("client_markdown", text.as_bytes().to_vec()),
        ("client_message_row", Record::Message(said).to_bytes()),
        ("client_message_row", Record::Gone.to_bytes()),
        ("client_edit_row", EditRow { content: content(), frank: None }.to_bytes()),
        ("client_kept_row", gone.to_bytes()),
        ("client_timeline_row", Entry::Note(note).to_bytes()),
        ("client_timeline_row", Entry::Message([2; 32].into()).to_bytes()),
        ("client_reaction_row", reaction.to_bytes()),
        ("client_vote_row", VoteRow { choices: vec![0, 2], stamp }.to_bytes()),
        ("client_status_row", StatusRow { status: 2, accepted: 5 }.to_bytes()),
        ("client_held_change_row", Held::Change(change).to_bytes()),
        ("client_held_change_row", Held::Status(status).to_bytes()),
        ("client_profile_row", ProfileRow { name: "Ann".into(), stamp }.to_bytes()),
        ("client_counter_row", RoomRow { arrivals: 5 }.to_bytes()),
        ("client_outgoing_row", outgoing.to_bytes()),
        ("client_marks_row", marks.to_bytes()),
        (
            "client_timer_row",
            TimerRow { seconds: 60, vanishing: true, stamp, by: Some(person.clone()) }.to_bytes(),
        ),
        ("client_picture_row", picture.to_bytes()),
        ("client_groups_row", GroupsRow { list: content(), stamp, by: None }.to_bytes()),
        ("client_message_row", Record::Line.to_bytes()),
        ("client_search_segment_row", Ends { first: [1; 48], last: [2; 48] }.to_row()),
        ("client_search_documents_row", super::segment::documents_sample()),
        (
            "client_search_postings_row",
            words_row(&[("tea", &[0, 3, 300]), ("teapot", &[7]), ("ünder", &[1])]),
        ),
        ("client_search_index_row", state.to_bytes()),
        ("client_search_words", text.as_bytes().to_vec()),
    ]
}
