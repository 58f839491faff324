//! The decoders of this room, for the fuzzer.

use super::{Anchor, AuditEntry, rows};
use crate::{fuzzing::Target, json_row::bears};

pub(crate) const TARGETS: &[Target] = &[
    ("server_trail_entry_row", bears::<AuditEntry>),
    ("server_trail_head_row", bears::<rows::AuditHead>),
    ("server_trail_anchor_row", bears::<Anchor>),
];

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    use crate::json_row::JsonRow as _;
    let entry = AuditEntry {
        number: 2,
        at: trefoil_proto::Timestamp(1_700_000_000_000),
        who: "ines".into(),
        act: super::Act::Decided,
        case: Some(trefoil_proto::decisions::CaseId([1; 10])),
        detail: "warn, rule spam".into(),
        before: "00".into(),
    };
    vec![
        ("server_trail_entry_row", entry.encode()),
        ("server_trail_head_row", rows::AuditHead { number: 2, hash: entry.hash() }.encode()),
        ("server_trail_anchor_row", Anchor { number: 2, hash: entry.hash(), at: entry.at }.encode()),
    ]
}
