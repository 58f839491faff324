//! Decoders of this room, for the fuzzer.

use super::rows::EntryRow;
use crate::fuzzing::{Target, row};

pub(crate) const TARGETS: &[Target] = &[("server_discovery_entry_row", row!(EntryRow))];

#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    vec![("server_discovery_entry_row", EntryRow { sealed: [7; trefoil_proto::discovery::SEALED] }.encode())]
}
