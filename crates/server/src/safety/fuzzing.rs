//! The decoder of this room, for the fuzzer.

use super::rows::ReportRow;
use crate::fuzzing::{Target, row};

pub(crate) const TARGETS: &[Target] = &[("server_safety_report_row", row!(ReportRow))];

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let row = super::tests::row();
    vec![("server_safety_report_row", row.encode())]
}
