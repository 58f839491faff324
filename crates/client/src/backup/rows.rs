//! What this device remembers of its backup, and how the overlay notes what changes.

use super::{code::RecoverySecret, tables};
use crate::overlay::Overlay;
use crate::{
    ClientError,
    rows::{Row, Secret},
};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize, VLBytes};
use trefoil_proto::{ProtoError, Timestamp, backup::SegmentName};
use trefoil_store::{Batch, LocalStore, StoreError, Table};

/// One row each, by name: the recovery secret in force, one that is not confirmed, how far the backup is.
pub const BACKUP: Table = Table::new("client.backup");
/// Rows that changed since they were put into a segment, by their place in an archive: number of the table, key.
pub const CHANGED: Table = Table::new("client.backup_changed");
/// Segments by number.
pub const SEGMENTS: Table = Table::new("client.backup_segments");
/// Which segment has the newest version of a row, by its place.
pub const PLACES: Table = Table::new("client.backup_places");
/// The same the other way round: number of the segment, place.
pub const CONTENTS: Table = Table::new("client.backup_contents");
/// Sealed segments that the service does not have yet, by number.
pub const OUTBOX: Table = Table::new("client.backup_outbox");

/// Names of the rows in [`BACKUP`].
pub(super) mod name {
    pub(in super::super) const SECRET: &[u8] = b"secret";
    pub(in super::super) const CANDIDATE: &[u8] = b"candidate";
    pub(in super::super) const STATE: &[u8] = b"state";
    /// The secret of a backup that was replaced, until the service has removed it.
    pub(in super::super) const FORMER: &[u8] = b"former";
}

/// Values in [`CHANGED`].
pub(super) const IF_OTHER: &[u8] = &[0];
/// To be written anew even if it is the same.
pub(super) const IN_ANY_CASE: &[u8] = &[1];

/// A recovery secret.
#[derive(Clone, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct SecretRow {
    pub(super) secret: Secret,
}

/// How far a backup is.
#[derive(Clone, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct StateRow {
    /// The service knows it.
    pub(super) opened: Option<()>,
    /// Counter of the manifest that is there.
    pub(super) counter: u64,
    /// Number of the next segment.
    pub(super) next: u64,
    /// Everything is being marked as changed: the place that comes next.
    pub(super) walk: Option<VLBytes>,
    /// Segments changed since the last manifest.
    pub(super) stale: Option<()>,
    /// When the last manifest was taken; zero if none was.
    pub(super) last: Timestamp,
    /// When segments with forgotten things were written anew last.
    pub(super) swept: Timestamp,
    /// The service had another manifest than this device put there: its counter.
    pub(super) disputed: Option<u64>,
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct SegmentRow {
    pub(super) name: SegmentName,
    pub(super) hash: [u8; 32],
    /// Sealed bytes.
    pub(super) length: u32,
    /// Bytes of its rows.
    pub(super) rows: u32,
    /// Bytes of those of them that no later segment has.
    pub(super) live: u32,
    /// The service has it.
    pub(super) there: Option<()>,
    /// It has something that was to be forgotten since.
    pub(super) forgotten: Option<()>,
}

/// Where the newest version of a row is.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct PlaceRow {
    pub(super) segment: u64,
    pub(super) size: u32,
    /// The beginning of SHA-256 of its value: what did not change is not written again.
    pub(super) digest: [u8; 8],
}

macro_rules! rows {
    ($($type:ty, $what:literal;)*) => { $(impl Row for $type { const WHAT: &'static str = $what; })* };
}

rows! {
    SecretRow, "recovery secret";
    StateRow, "backup";
    SegmentRow, "segment of the backup";
    PlaceRow, "place in the backup";
}

impl SecretRow {
    pub(super) fn of(secret: &RecoverySecret) -> Self {
        Self { secret: Secret(*secret.bytes()) }
    }

    pub(super) fn load(&self) -> Result<RecoverySecret, ClientError> {
        RecoverySecret::from_bytes(&self.secret.bytes()).ok_or(ClientError::Row {
            what: "recovery secret",
            source: ProtoError::Malformed("recovery secret"),
        })
    }
}

impl SegmentRow {
    pub(super) fn garbage(&self) -> u32 {
        self.rows.saturating_sub(self.live)
    }
}

/// Reads a secret by the name of its row.
pub(super) fn secret(tx: &Overlay, name: &[u8]) -> Result<Option<RecoverySecret>, ClientError> {
    SecretRow::read(tx, BACKUP, name)?.map(|row| row.load()).transpose()
}

/// The key of a place.
pub(super) fn place_key(table: u8, key: &[u8]) -> Vec<u8> {
    [&[table], key].concat()
}

/// The key of a place in the list of a segment's.
pub(super) fn content_key(segment: u64, place: &[u8]) -> Vec<u8> {
    [&segment.to_be_bytes(), place].concat()
}

/// Whether there is a backup to note changes for.
fn is_kept(store: &dyn LocalStore) -> Result<bool, StoreError> {
    Ok(store.get(BACKUP, name::SECRET)?.is_some())
}

/// Adds to a batch which of the rows that it writes are to go into the backup. `kept` remembers whether there is one.
pub(crate) fn note_changes<'k>(
    store: &dyn LocalStore,
    kept: &mut Option<bool>,
    written: impl Iterator<Item = (Table, &'k [u8])>,
    batch: &mut Batch,
) -> Result<(), StoreError> {
    let mut places = Vec::new();
    let mut decided = false;
    for (table, key) in written {
        decided |= table == BACKUP;
        places.extend(tables::place(table, key).map(|(number, key)| place_key(number, key)));
    }
    if !places.is_empty() {
        let there = match *kept {
            Some(there) => there,
            None => *kept.insert(is_kept(store)?),
        };
        for place in places.into_iter().filter(|_| there) {
            batch.put(CHANGED, place, IF_OTHER);
        }
    }
    if decided {
        // The secret may come or go with this batch.
        *kept = None;
    }
    Ok(())
}
