//! Decoders of this room, for the fuzzer.

use super::{
    rows::{ChallengeRow, DeviceRow, TokenRow},
    tls,
};
use crate::fuzzing::{Target, row};

pub(crate) const TARGETS: &[Target] = &[
    ("server_token_row", row!(TokenRow)),
    ("server_device_row", row!(DeviceRow)),
    ("server_challenge_row", row!(ChallengeRow)),
    ("server_certificate_names", certificate_names),
];

/// The names that a peer's certificate proves.
fn certificate_names(input: &[u8]) -> bool {
    let names = tls::names(&input.into());
    assert!(names.iter().all(|name| !name.as_str().contains('*')), "a wildcard names no service");
    !names.is_empty()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use super::rows::DeviceToken;
    use trefoil_proto::Timestamp;
    let expires = Timestamp(1_700_000_000_000);
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["a.test".to_owned(), "*.b.test".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    vec![
        (
            "server_token_row",
            TokenRow { device: "mimi://a.test/d/ann/d1".parse().unwrap(), expires }.encode(),
        ),
        ("server_device_row", DeviceRow { tokens: vec![DeviceToken { hash: [1; 32], expires }; 3] }.encode()),
        ("server_challenge_row", ChallengeRow { expires }.encode()),
        ("server_certificate_names", certificate.der().to_vec()),
    ]
}
