//! Decoders of this room, for the fuzzer.

use super::rows::{self, ForkRow, WitnessedRow};
use crate::fuzzing::{Target, row};

pub(crate) const TARGETS: &[Target] = &[
    ("server_witnessed_row", row!(WitnessedRow)),
    ("server_fork_row", row!(ForkRow)),
    ("server_log_head_row", head),
    ("server_log_index_row", index),
];

fn head(input: &[u8]) -> bool {
    let Ok(head) = rows::decode_head(input) else { return false };
    assert_eq!(rows::encode_head(&head), input);
    true
}

fn index(input: &[u8]) -> bool {
    let Ok(index) = rows::decode_index(input) else { return false };
    assert_eq!(rows::encode_index(index), input);
    true
}

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use trefoil_transparency::log::TreeHead;
    let head = TreeHead { size: 5, root: [7; 32] };
    let witnessed = WitnessedRow { key: [1; 32], head, checkpoint: b"a note".to_vec() };
    let fork = ForkRow { kept: b"one".to_vec(), shown: b"two".to_vec() };
    vec![
        ("server_witnessed_row", witnessed.encode()),
        ("server_fork_row", fork.encode()),
        ("server_log_head_row", rows::encode_head(&head)),
        ("server_log_index_row", rows::encode_index(7)),
    ]
}
