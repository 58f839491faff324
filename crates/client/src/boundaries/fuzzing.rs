//! Decoders of this room, for the fuzzer.

use super::people::read;
use crate::fuzzing::Target;

pub(crate) const TARGETS: &[Target] = &[("client_stance_row", |input| read(input).is_ok())];

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    vec![("client_stance_row", [&[1, 2][..], &5_u64.to_be_bytes()].concat())]
}
