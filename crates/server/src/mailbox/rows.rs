//! The stored rows of mailboxes. Queues themselves are the store's.

use crate::catalogue::TableNote;
use trefoil_store::Table;

/// Queue name to the day from which its days without a read count.
pub(super) const LAST_READ: Table = Table::new("mailbox.last_read");

/// What this room stores.
pub const TABLES: &[TableNote] = &[TableNote {
    table: LAST_READ,
    holds: "for each device's mailbox, the day on which it was last read, first used or lapsed",
    kept: "until the device is removed",
    discloses: "which devices exist, by opaque id, and the last day on which each was connected",
}];

const VERSION: u8 = 1;

/// Days since the UNIX epoch.
pub(super) fn encode_day(day: u32) -> Vec<u8> {
    let [a, b, c, d] = day.to_be_bytes();
    vec![VERSION, a, b, c, d]
}

pub(super) fn decode_day(row: &[u8]) -> Option<u32> {
    let (&version, day) = row.split_first()?;
    let day: [u8; 4] = day.try_into().ok()?;
    (version == VERSION).then(|| u32::from_be_bytes(day))
}
