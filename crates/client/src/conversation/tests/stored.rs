//! Stored rows, byte for byte: a change of format is seen here, and a later version's row can still be read.

use super::super::rows::*;
use minicbor::{Decoder, Encoder};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn id(byte: u8) -> Id {
    [byte; 32].into()
}

fn stamp(byte: u8) -> Stamp {
    Stamp { accepted: u64::from(byte), id: id(byte) }
}

fn message() -> MessageRow {
    MessageRow {
        sender: "s".into(),
        device: "d".into(),
        accepted: Some(1),
        arrival: 2,
        received: 3,
        mine: true,
        content: vec![4].into(),
        frank: Some(vec![5].into()),
        current: Some(stamp(6)),
        mentions_me: true,
        unsent: Some(stamp(7)),
        read: Some(8),
        expires: Some(9),
        failure: Some("f".into()),
        once: None,
    }
}

#[test]
fn rows_are_stored_as_they_were() {
    let note =
        NoteRow { kind: 1, user: Some("u".into()), by: Some("b".into()), text: Some("t".into()), at: 2 };
    let change = HeldChange { sender: "s".into(), accepted: 1, content: vec![2].into(), frank: None };
    let status = HeldStatus { user: "u".into(), status: 1, accepted: 2, received: 3 };
    let kept = KeptRow {
        sender: "s".into(),
        accepted: 1,
        gone: GoneRow::Unsent,
        until: 2,
        versions: vec![EditRow { content: vec![1].into(), frank: None }],
    };
    let rows = [
        Record::Message(message()).to_bytes(),
        Record::Edit(id(1)).to_bytes(),
        Record::Reaction(id(1)).to_bytes(),
        Record::Gone.to_bytes(),
        EditRow { content: vec![1].into(), frank: None }.to_bytes(),
        kept.to_bytes(),
        Entry::Message(id(1)).to_bytes(),
        Entry::Note(note).to_bytes(),
        ReactionRow { sender: "s".into(), emoji: "e".into(), added: stamp(1), removed: None }.to_bytes(),
        StatusRow { status: 1, accepted: 2 }.to_bytes(),
        Held::Change(change).to_bytes(),
        Held::Status(status).to_bytes(),
        ProfileRow { name: "n".into(), stamp: stamp(1) }.to_bytes(),
        RoomRow { arrivals: 1 }.to_bytes(),
        OutgoingRow {
            device: "d".into(),
            sender: "s".into(),
            queued: 1,
            content: vec![2].into(),
            failure: None,
        }
        .to_bytes(),
    ];
    let shown: Vec<_> = rows.iter().map(|row| hex(row)).collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    018200818e61736164010203f541044105820658200606060606060606060606060606060606060606060606060606060606060606f582075820070707070707070707070707070707070707070707070707070707070707070708096166
    0182018158200101010101010101010101010101010101010101010101010101010101010101
    0182028158200101010101010101010101010101010101010101010101010101010101010101
    01820380
    01814101
    0185617301010281814101
    0182008158200101010101010101010101010101010101010101010101010101010101010101
    01820181850161756162617402
    018361736165820158200101010101010101010101010101010101010101010101010101010101010101
    01820102
    01820081836173014102
    01820181846175010203
    0182616e820158200101010101010101010101010101010101010101010101010101010101010101
    018101
    018461646173014102
    ");
}

#[test]
fn rows_come_back() {
    let record = Record::Message(MessageRow { once: Some(OnceRow::Opened), ..message() });
    assert_eq!(Record::from_bytes(&record.to_bytes()).unwrap(), record);
    assert_eq!(Record::from_bytes(&Record::Gone.to_bytes()).unwrap(), Record::Gone);
}

#[test]
fn a_row_with_more_fields_than_we_know_can_be_read() {
    let mut later = vec![1];
    Encoder::new(&mut later).array(3).unwrap().u8(2).unwrap().u64(5).unwrap().str("new").unwrap();
    assert_eq!(StatusRow::from_bytes(&later).unwrap(), StatusRow { status: 2, accepted: 5 });
    assert_eq!(Decoder::new(&later[1..]).array().unwrap(), Some(3));
}

#[test]
fn a_row_of_another_version_or_cut_short_is_refused() {
    let row = StatusRow { status: 1, accepted: 2 }.to_bytes();
    let mut other = row.clone();
    other[0] = 2;
    assert!(StatusRow::from_bytes(&other).is_err());
    assert!((0..row.len()).all(|end| StatusRow::from_bytes(&row[..end]).is_err()));
}
