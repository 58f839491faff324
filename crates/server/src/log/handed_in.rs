//! What the operator hands in: releases.
//!
//! A file is taken away when its entry is durable in the log. The same release is entered once, however often it is
//! handed in, and however the service ends in between.

use super::{Log, LogError, rows};
use crate::handed_in::{HandInError, Inbox, Taken};
use std::path::Path;
use trefoil_proto::Wire as _;
use trefoil_store::{Batch, SqliteView};
use trefoil_transparency::log::{LogEntry, Release, leaf_hash};

/// Hands a release in to the service with this data folder, which enters it into its log as soon as it runs. Durable
/// when this returns.
///
/// # Errors
/// [`HandInError`].
pub fn hand_in(data: &Path, release: Release) -> Result<(), HandInError> {
    let encoded = LogEntry::Release(release).encode();
    inbox(data).put(&data_encoding::HEXLOWER.encode(&leaf_hash(&encoded)), &encoded).map(drop)
}

/// The index of a release in the log of the service with this store, if it is there by now.
///
/// # Errors
/// [`LogError::Store`], [`LogError::DamagedRow`].
pub fn found(view: &SqliteView, release: &Release) -> Result<Option<u64>, LogError> {
    let leaf = leaf_hash(&LogEntry::Release(release.clone()).encode()).to_vec();
    view.get(rows::RELEASES, &leaf)?.map(|row| rows::decode_index(&row)).transpose()
}

impl Log {
    /// Enters what was handed in.
    pub(super) async fn take_handed_in(&self) {
        for file in inbox(&self.data).waiting().await {
            let taken = match file.read(LogEntry::LIMIT).await {
                Ok(encoded) => self.take(&encoded).await,
                Err(taken) => taken,
            };
            if !file.settle(taken).await {
                break;
            }
        }
    }

    async fn take(&self, encoded: &[u8]) -> Taken {
        let entry = match LogEntry::decode(encoded) {
            Ok(entry @ LogEntry::Release(_)) => entry,
            _ => return Taken::Unfit("it is no release"),
        };
        let mut once = Batch::new();
        once.assert_absent(rows::RELEASES, leaf_hash(encoded).to_vec());
        match self.append_with(&[entry], once).await {
            Ok(appended) => {
                tracing::info!(index = appended.first, "a release was entered into the log");
                Taken::Done
            }
            // It is there already.
            Err(LogError::Assert { .. }) => Taken::Done,
            Err(error) => Taken::Later(error.into()),
        }
    }
}

fn inbox(data: &Path) -> Inbox {
    Inbox::new(data, "log-inbox", "entry")
}
