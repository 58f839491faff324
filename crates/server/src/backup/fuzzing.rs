//! Decoders of this room, for the fuzzer.

use super::rows::{DoomedRow, HoldingsRow, RecordRow, SegmentRow};
use crate::fuzzing::{Target, row};

pub(crate) const TARGETS: &[Target] = &[
    ("server_backup_row", row!(RecordRow)),
    ("server_backup_segment_row", row!(SegmentRow)),
    ("server_backup_holdings_row", row!(HoldingsRow)),
    ("server_backup_doomed_row", row!(DoomedRow)),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use trefoil_proto::Timestamp;
    let record = RecordRow {
        owner: "ann".parse().unwrap(),
        token_hash: [1; 32],
        ends: Some(Timestamp(7)),
        counter: 3,
        bytes: 4,
        segments: 5,
    };
    vec![
        ("server_backup_row", record.encode()),
        ("server_backup_row", RecordRow { ends: None, ..record }.encode()),
        (
            "server_backup_segment_row",
            SegmentRow { blob: b"AAAA".to_vec().into(), length: 9, hash: [2; 32] }.encode(),
        ),
        ("server_backup_holdings_row", HoldingsRow { records: 1, bytes: 2 }.encode()),
        ("server_backup_doomed_row", DoomedRow { ends: Timestamp(7) }.encode()),
    ]
}
