//! Decoders of this room, for the fuzzer.

use super::rows::MinorRow;
use crate::fuzzing::{Target, row};

pub(crate) const TARGETS: &[Target] = &[("server_minor_row", row!(MinorRow))];

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    vec![("server_minor_row", super::tests::row().encode())]
}
