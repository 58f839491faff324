//! Decoders of backups, for the fuzzer.

use super::{
    RecoveryCode, archive,
    collect::OwnEntry,
    manifest::Manifest,
    rows::{PlaceRow, SecretRow, SegmentRow, StateRow},
};
use crate::{fuzzing::Target, recovering::RecoveringRow, rows::fuzzing::row};

pub(crate) const TARGETS: &[Target] = &[
    ("client_recovery_code", code),
    ("client_backup_segment", segment),
    ("client_backup_manifest", manifest),
    ("client_backup_secret_row", row::<SecretRow>),
    ("client_backup_state_row", row::<StateRow>),
    ("client_backup_segment_row", row::<SegmentRow>),
    ("client_backup_place_row", row::<PlaceRow>),
    ("client_backup_account", row::<OwnEntry>),
    ("client_recovering_row", row::<RecoveringRow>),
];

/// Whatever it is written like, a code reads back from its one form.
fn code(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    let Ok(code) = text.parse::<RecoveryCode>() else { return false };
    let again = code.to_string().parse::<RecoveryCode>().expect("a code that was written");
    assert!(again.secret() == code.secret());
    true
}

fn segment(input: &[u8]) -> bool {
    archive::entries(input).is_some()
}

fn manifest(input: &[u8]) -> bool {
    Manifest::from_plain(input).is_some()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use super::{RecoverySecret, manifest::SegmentEntry};
    use crate::rows::{Row as _, Secret};
    use tls_codec::Serialize as _;
    use trefoil_proto::{Timestamp, backup::SegmentName};
    let secret = RecoverySecret::from_seed(&[1; 20]);
    let name = SegmentName([2; 16]);
    let mut segment = vec![1, 18, 1, 2, b'k', b'e', 1, b'v', 18, 0, 1, b'k', 0];
    segment.resize(64, 0);
    let listed = Manifest {
        made: Timestamp(5),
        segments: vec![SegmentEntry { number: 1, name, hash: [3; 32], length: 9 }],
    };
    let body = listed.tls_serialize_detached().unwrap();
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let state = StateRow { opened: Some(()), walk: Some(vec![4].into()), ..StateRow::default() };
    let kept =
        SegmentRow { name, hash: [3; 32], length: 4096, rows: 9, live: 8, there: Some(()), forgotten: None };
    let user = || "mimi://a.test/u/ann".parse().unwrap();
    let own = OwnEntry { user: user(), account_secret: Secret([6; 32]) };
    vec![
        ("client_recovery_code", secret.code().to_string().into_bytes()),
        ("client_recovery_code", secret.code().to_string().to_lowercase().replace('-', " ").into_bytes()),
        ("client_backup_segment", segment),
        ("client_backup_manifest", [&[1][..], &length, &body, &[0; 9]].concat()),
        ("client_backup_secret_row", SecretRow::of(&secret).to_row()),
        ("client_backup_state_row", state.to_row()),
        ("client_backup_segment_row", kept.to_row()),
        ("client_backup_place_row", PlaceRow { segment: 1, size: 2, digest: [3; 8] }.to_row()),
        ("client_backup_account", own.to_row()),
        ("client_recovering_row", RecoveringRow::restored(user(), Secret([6; 32])).to_row()),
    ]
}
