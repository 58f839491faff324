//! The decoders of packages, for the fuzzer: a stored row, and what NCMEC answers.

use super::{rows::PackageRow, xml::Answer};
use crate::{fuzzing::Target, json_row::bears};

pub(crate) const TARGETS: &[Target] =
    &[("server_safety_package_row", bears::<PackageRow>), ("server_safety_tipline_answer", answer)];

fn answer(input: &[u8]) -> bool {
    Answer::read(input).is_some()
}

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use crate::json_row::JsonRow as _;
    let answer = "<?xml version=\"1.0\"?><reportResponse><responseCode>0</responseCode><responseDescription>Success \
                  &amp; more</responseDescription><reportId>7</reportId><fileId>f</fileId></reportResponse>";
    vec![
        ("server_safety_package_row", super::tests::row().encode()),
        ("server_safety_tipline_answer", answer.as_bytes().to_vec()),
    ]
}
