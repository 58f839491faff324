//! Decoders of this room, for the fuzzer.

use super::rows::AccountRow;
use crate::fuzzing::{Target, row};

pub(crate) const TARGETS: &[Target] = &[("server_behaviour_account_row", row!(AccountRow))];

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let mut row = AccountRow::default();
    row.on(20_000).begun = 3;
    row.on(20_007).reports = 1;
    let plain = row.encode();
    row.gives(20_003, 2);
    vec![("server_behaviour_account_row", plain), ("server_behaviour_account_row", row.encode())]
}
