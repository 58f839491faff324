//! The decoders of this room, for the fuzzer.

use super::rows;
use crate::{
    fuzzing::{Target, row},
    json_row::bears,
};

pub(crate) const TARGETS: &[Target] = &[
    ("server_safety_report_row", row!(rows::ReportRow)),
    ("server_safety_case_row", bears::<super::case::Case>),
    ("server_safety_measure_row", bears::<rows::Measure>),
    ("server_safety_due_row", bears::<rows::Due>),
    ("server_safety_load_row", bears::<super::load::Load>),
];

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    super::tests::samples()
}
