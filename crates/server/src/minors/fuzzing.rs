//! Decoders of this room, for the fuzzer.

use super::rows::MinorRow;
use crate::fuzzing::{Target, row};

pub(crate) const TARGETS: &[Target] =
    &[("server_minor_row", row!(MinorRow)), ("server_minors_order", super::orders::is_readable)];

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let order = "minor = \"mimi://a.test/u/kim\"\nreason = \"gone\"\nat = 1\n";
    vec![("server_minor_row", super::tests::row().encode()), ("server_minors_order", order.into())]
}
