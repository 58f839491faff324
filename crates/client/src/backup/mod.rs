//! Nothing is lost with a device: what a person has here is kept, sealed, in the service's storage, and comes back with
//! a recovery code. The format is in `docs/spec/backup.md`.
//!
//! A [`RecoverySecret`] gives a backup's id, its token and its key; the [`RecoveryCode`] is its readable form. What is
//! kept are rows of the local store ([`tables`]), each in the newest of the segments that have it. The overlay notes
//! which of them change; [`crate::Client::back_up`] makes segments of them, and says what to ask of the service. Nothing
//! of MLS is kept: a restored device joins its rooms anew.

mod archive;
mod code;
mod collect;
mod commands;
mod compact;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod keys;
mod manifest;
mod restore;
mod rows;
pub(crate) mod tables;

pub use code::{BadRecoveryCode, RecoveryCode, RecoverySecret};
pub use commands::{BackupStep, Put, RecoveryState, RecoveryView};
pub use keys::BackupKeys;
pub(crate) use keys::mac;
pub use manifest::{Manifest, SegmentEntry};
pub use restore::{Archive, ArchiveError};
pub use rows::{BACKUP, CHANGED, CONTENTS, OUTBOX, PLACES, SEGMENTS};

pub(crate) use collect::everything as collect_everything;
pub(crate) use restore::{manifest_request, segment_request};
pub(crate) use rows::note_changes;
