//! The encoding of every sample, so that a change of format is seen. A change here is a change of the protocol.

use super::samples;
use std::fmt::Write as _;

#[test]
fn encodings_stay_as_they_are() {
    let mut text = String::new();
    for (name, sample) in samples::all() {
        let encoded = if name == "directory" {
            String::from_utf8(sample).unwrap()
        } else {
            data_encoding::HEXLOWER.encode(&sample)
        };
        writeln!(text, "{name}: {encoded}").unwrap();
    }
    insta::assert_snapshot!(text);
}
