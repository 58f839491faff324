//! Stored rows of passes: a key, and the version of the codec.

use crate::catalogue::TableNote;
use trefoil_store::Table;

/// Passes that were spent, by the day before the last one on which they are good, and their nonce.
pub(super) const SPENT: Table = Table::new("passes.spent");

const VERSION: u8 = 1;

/// What the table of passes holds.
pub const TABLES: &[TableNote] = &[TableNote {
    table: SPENT,
    holds: "by day and a random number: that a pass was spent",
    kept: "as long as the pass is good (for a first contact two days, for a registration sixty at most), and until the next sweep",
    discloses: "how many people of this service were turned to from other services on those days, and how many accounts were made \
                with a pass. Not who, nor by whom",
}];

pub(super) fn spent_key(day: u32, nonce: &[u8; 32]) -> Vec<u8> {
    [&day.to_be_bytes()[..], nonce].concat()
}

pub(super) fn spent() -> Vec<u8> {
    vec![VERSION]
}
