//! The decoders of packages, for the fuzzer: a stored row, and what NCMEC answers.

use super::{rows::PackageRow, xml::Answer};
use crate::fuzzing::Target;

pub(crate) const TARGETS: &[Target] =
    &[("server_safety_package_row", row), ("server_safety_tipline_answer", answer)];

/// JSON has many encodings, so the encoding is the same only from the second time on.
fn row(input: &[u8]) -> bool {
    let Ok(row) = PackageRow::decode(input) else { return false };
    assert_eq!(PackageRow::decode(&row.encode()).ok(), Some(row));
    true
}

fn answer(input: &[u8]) -> bool {
    Answer::read(input).is_some()
}

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let answer = "<?xml version=\"1.0\"?><reportResponse><responseCode>0</responseCode><responseDescription>Success \
                  &amp; more</responseDescription><reportId>7</reportId><fileId>f</fileId></reportResponse>";
    vec![
        ("server_safety_package_row", super::tests::row().encode()),
        ("server_safety_tipline_answer", answer.as_bytes().to_vec()),
    ]
}
