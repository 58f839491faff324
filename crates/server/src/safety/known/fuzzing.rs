//! The decoders of known material, for the fuzzer: a stored list and block, a file of hashes, and a stranger's picture.

use super::{
    list, pdq_of,
    rows::{ListRow, decode_block, encode_block},
};
use crate::fuzzing::{Target, row};

pub(crate) const TARGETS: &[Target] = &[
    ("server_safety_known_list_row", row!(ListRow)),
    ("server_safety_known_block", block),
    ("server_safety_known_file", file),
    ("server_safety_picture", picture),
];

fn block(input: &[u8]) -> bool {
    let Ok(hashes) = decode_block(input) else { return false };
    assert_eq!(encode_block(hashes), input, "a second encoding");
    true
}

fn file(input: &[u8]) -> bool {
    list::read(input).is_ok()
}

/// A picture that is decoded has one hash, and no more than full quality.
fn picture(input: &[u8]) -> bool {
    let Ok(found) = pdq_of(input) else { return false };
    assert!(found.is_none_or(|pdq| pdq.quality <= 100));
    true
}

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use super::{Kind, Provenance, tests};
    let provenance =
        Provenance { name: "tea".to_owned(), giver: "The tea council".to_owned(), kind: Kind::Other };
    let row = ListRow::new(7, &provenance, trefoil_proto::Timestamp(8));
    let lines = format!("# tea\nsha256 {}\npdq,{},100\nmd5 00\n", "0a".repeat(32), "F0".repeat(32));
    vec![
        ("server_safety_known_list_row", row.encode()),
        ("server_safety_known_block", encode_block(&[[1; 32], [2; 32]])),
        ("server_safety_known_file", lines.into_bytes()),
        ("server_safety_picture", tests::png(&tests::draw(tests::waves, 9, 7))),
    ]
}
