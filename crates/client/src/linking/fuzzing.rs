//! Pasted codes, and what lies at the service under a short one, for the fuzzer.

#[cfg(test)]
use super::Sealed;
use super::{ANSWER, LinkAnswer, LinkCode, LinkRequest, REQUEST, code, compare::ComparisonRow, parse};
use crate::{
    fuzzing::Target,
    inviting::{LINK, Link},
};

pub(crate) const TARGETS: &[Target] = &[
    ("client_link_request", |input| pasted::<LinkRequest>(REQUEST, input)),
    ("client_link_answer", |input| pasted::<LinkAnswer>(ANSWER, input)),
    ("client_link_code", short),
    ("client_link_sealed", sealed),
    ("client_link_comparison_row", crate::rows::fuzzing::row::<ComparisonRow>),
    ("client_invitation_link", |input| pasted::<Link>(LINK, input)),
];

/// What is taken is the only way to write it, but for spaces around it.
fn pasted<T: tls_codec::DeserializeBytes + tls_codec::Serialize>(prefix: &str, input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    let Ok(content) = parse::<T>(prefix, text) else { return false };
    assert_eq!(code(prefix, &content), text.trim());
    true
}

fn short(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    let Ok(code) = text.parse::<LinkCode>() else { return false };
    assert_eq!(code.to_string(), text.trim());
    true
}

/// The code that every input is opened with.
const CODE: &str = "trefoil-link-wRNhY2NvdW50LmV4YW1wbGUub3JnBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";

/// What opens was sealed in the one way there is.
fn sealed(input: &[u8]) -> bool {
    let code: LinkCode = CODE.parse().expect("it is a code");
    let Ok(answer) = code.open_answer(input) else { return false };
    assert_eq!(code.seal_answer(&answer).expect("it is an answer, and was not too large"), input);
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use crate::rows::Row as _;
    use trefoil_proto::credential::{AccountKey, DeviceAuthorisation};
    let request = LinkRequest {
        domain: "a.test".parse().unwrap(),
        device: "d2".parse().unwrap(),
        signature_key: [1; 32],
        name: b"kitchen".to_vec().into(),
        commitment: [4; 32],
        seal_key: vec![5; 9].into(),
    };
    let answer = LinkAnswer {
        user: "mimi://a.test/u/ann".parse().unwrap(),
        device: "d2".parse().unwrap(),
        authorisation: DeviceAuthorisation { account_key: AccountKey([2; 32]), signature: [3; 64] },
        rooms: vec!["mimi://a.test/r/tea".parse().unwrap(), "mimi://b.test/r/coffee".parse().unwrap()],
        device_set: crate::directory::fuzzing::signed_set(),
        names: vec![super::DeviceName {
            device: "mimi://a.test/d/ann/d1".parse().unwrap(),
            name: b"phone".to_vec().into(),
        }],
        nonce: [6; 32],
        sealed: Sealed { kem_output: vec![7; 9].into(), ciphertext: vec![8; 9].into() },
    };
    let invitation =
        Link { room: "mimi://a.test/r/tea".parse().unwrap(), secret: crate::rows::Secret([7; 32]) };
    vec![
        ("client_link_request", code(REQUEST, &request).into_bytes()),
        ("client_link_request", format!(" {}\n", code(REQUEST, &request)).into_bytes()),
        ("client_link_answer", code(ANSWER, &answer).into_bytes()),
        ("client_link_code", CODE.into()),
        (
            "client_link_sealed",
            CODE.parse::<LinkCode>().unwrap().seal_answer(&code(ANSWER, &answer)).unwrap(),
        ),
        ("client_link_comparison_row", ComparisonRow::sample().to_row()),
        ("client_invitation_link", code(LINK, &invitation).into_bytes()),
    ]
}
