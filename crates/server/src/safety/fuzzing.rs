//! The decoders of this room, for the fuzzer.

use super::rows::{self, JsonRow};
use crate::fuzzing::{Target, row};

/// JSON behind a version: what decodes encodes to what decodes to the same.
fn json<T: JsonRow + PartialEq>(input: &[u8]) -> bool {
    T::decode(input).is_ok_and(|value| {
        assert!(T::decode(&value.encode()).is_ok_and(|again| again == value), "another value");
        true
    })
}

pub(crate) const TARGETS: &[Target] = &[
    ("server_safety_report_row", row!(rows::ReportRow)),
    ("server_safety_case_row", json::<super::case::Case>),
    ("server_safety_measure_row", json::<rows::Measure>),
    ("server_safety_due_row", json::<rows::Due>),
    ("server_safety_audit_row", json::<super::AuditEntry>),
    ("server_safety_audit_head_row", json::<rows::AuditHead>),
    ("server_safety_load_row", json::<super::load::Load>),
];

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    super::tests::samples()
}
