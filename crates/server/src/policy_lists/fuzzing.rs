//! Decoders of this room, for the fuzzer.

use super::{own, rows};
use crate::fuzzing::Target;

pub(crate) const TARGETS: &[Target] =
    &[("server_policy_list_row", row), ("server_policy_list_written", written)];

fn row(input: &[u8]) -> bool {
    rows::decode(input).is_ok_and(|list| {
        assert_eq!(rows::encode(&list), input, "a second encoding");
        true
    })
}

fn written(input: &[u8]) -> bool {
    let domain = "a.test".parse().expect("a domain");
    std::str::from_utf8(input).is_ok_and(|text| own::parse(text, &domain).is_ok())
}

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let text = super::tests::WRITTEN;
    let list = own::parse(text, &"a.test".parse().expect("a domain")).expect("a list");
    let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
    let signed = trefoil_proto::policy_list::SignedPolicyList::sign(list, &key).expect("a list");
    vec![
        ("server_policy_list_row", rows::encode(&signed)),
        ("server_policy_list_written", text.as_bytes().to_vec()),
    ]
}
