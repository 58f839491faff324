//! Decoders of this room, for the fuzzer.

use super::rows;
use crate::fuzzing::Target;

pub(crate) const TARGETS: &[Target] = &[("server_last_read_row", last_read)];

fn last_read(input: &[u8]) -> bool {
    let Some(day) = rows::decode_day(input) else { return false };
    assert_eq!(rows::encode_day(day), input);
    true
}

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    vec![("server_last_read_row", rows::encode_day(20_000))]
}
