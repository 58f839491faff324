//! Decoders of this room, for the fuzzer.

use super::{
    decide,
    rows::{CountRow, NoteRow, OwnerRow, RecordRow},
};
use crate::{
    fuzzing::{Target, row},
    secrets::SecretKey,
};
use trefoil_proto::{Timestamp, pin::RecordName};

pub(crate) const TARGETS: &[Target] = &[
    ("server_pin_record_row", row!(RecordRow)),
    ("server_pin_count_row", row!(CountRow)),
    ("server_pin_note_row", row!(NoteRow)),
    ("server_pin_owner_row", row!(OwnerRow)),
    ("server_pin_ticket", ticket),
];

const NAME: RecordName = RecordName([1; 32]);
const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn key() -> SecretKey {
    SecretKey::fixed([2; 32])
}

/// A ticket that is taken is the one that would be made.
fn ticket(input: &[u8]) -> bool {
    let Ok(nonce) = decide::open_ticket(&key(), &NAME, input, NOW) else { return false };
    assert_eq!(decide::ticket(&key(), &NAME, &nonce, NOW), input);
    true
}

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use super::rows::OpenRecord;
    use trefoil_proto::pin::{Note, Place, VERSION};
    let open = OpenRecord { nonce: [3; 32], masked: [4; 32], serial: 5, cleared: 2 };
    let place = |number: u8| Place { address: b"https://a.example".to_vec(), name: RecordName([number; 32]) };
    let note = Note { version: VERSION, salt: [5; 32], places: (1..4).map(place).collect() };
    vec![
        ("server_pin_record_row", RecordRow::Open(open).encode()),
        ("server_pin_record_row", RecordRow::Locked.encode()),
        ("server_pin_count_row", CountRow { records: 7 }.encode()),
        ("server_pin_note_row", NoteRow { user: "ann".parse().expect("an id"), note }.encode()),
        ("server_pin_owner_row", OwnerRow { locator: [6; 32] }.encode()),
        ("server_pin_ticket", decide::ticket(&key(), &NAME, &[3; 32], NOW)),
    ]
}
