//! Decoders of this room, for the fuzzer.

use super::{SafetyCode, SafetyNumber, rows::VerifiedRow};
use crate::fuzzing::Target;

pub(crate) const TARGETS: &[Target] = &[("client_safety_code", code), ("client_verified_row", row)];

/// A pasted code; the same text may be meant for digits.
fn code(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    if let Ok(number) = text.parse::<SafetyNumber>() {
        assert_eq!(number.to_string().parse(), Ok(number));
    }
    let Ok(code) = text.parse::<SafetyCode>() else { return false };
    assert_eq!(code.to_string(), text.trim(), "a code has a second form");
    true
}

/// Later versions may write more at the end of a row; what is known of it stays as it is.
fn row(input: &[u8]) -> bool {
    let Ok(row) = VerifiedRow::from_bytes(input) else { return false };
    assert_eq!(VerifiedRow::from_bytes(&row.to_bytes()).ok(), Some(row));
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use super::Identity;
    use trefoil_proto::{Timestamp, credential::AccountKey};
    let identity = |name: &str, key| Identity {
        user: format!("mimi://a.test/u/{name}").parse().unwrap(),
        key: AccountKey([key; 32]),
    };
    let code = SafetyCode { by: identity("ann", 1), to: identity("bob", 2) };
    let row = VerifiedRow::new(AccountKey([1; 32]), Timestamp(5), true);
    vec![
        ("client_safety_code", code.to_string().into_bytes()),
        ("client_verified_row", row.to_bytes()),
        ("client_verified_row", row.with_other(AccountKey([2; 32]), Timestamp(6)).to_bytes()),
    ]
}
