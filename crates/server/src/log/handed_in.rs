//! What the operator hands in: releases.
//!
//! A file is taken away when its entry is durable in the log. The same release is entered once, however often it is
//! handed in, and however the service ends in between.

use super::{Log, LogError, rows};
use crate::handed_in::{self, HandInError, Inbox};
use std::{io, path::Path};
use trefoil_proto::Wire as _;
use trefoil_store::{Batch, KeyRange, SqliteView};
use trefoil_transparency::log::{LogEntry, Release, leaf_hash};

/// Hands a release in to the service with this data folder, which enters it into its log as soon as it runs. Durable
/// when this returns.
///
/// # Errors
/// [`HandInError`].
pub fn hand_in(data: &Path, release: Release) -> Result<(), HandInError> {
    let encoded = LogEntry::Release(release).encode();
    inbox(data).put(&data_encoding::HEXLOWER.encode(&leaf_hash(&encoded)), &encoded)
}

/// The index of a release in the log of the service with this store, if it is there by now.
///
/// # Errors
/// [`LogError::Store`], [`LogError::DamagedRow`].
pub fn found(view: &SqliteView, release: &Release) -> Result<Option<u64>, LogError> {
    let leaf = leaf_hash(&LogEntry::Release(release.clone()).encode()).to_vec();
    let rows = view.scan(rows::RELEASES, &KeyRange::prefix(leaf), 1)?;
    rows.first().map(|(_, row)| rows::decode_index(row)).transpose()
}

impl Log {
    /// Enters what was handed in. What is no release is put aside under another ending.
    pub(super) async fn take_handed_in(&self) {
        for path in inbox(&self.data).waiting().await {
            match self.take(&path).await {
                Ok(()) => {}
                Err(Taking::Unfit) => {
                    tracing::warn!(path = %path.display(), "this is no release and was not entered into the log");
                    handed_in::put_aside(&path).await;
                }
                Err(Taking::File(error)) => {
                    tracing::warn!(%error, path = %path.display(), "what was handed in cannot be taken");
                }
                Err(Taking::Log(error)) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "what was handed in is not in the log yet"
                    );
                }
            }
        }
    }

    async fn take(&self, path: &Path) -> Result<(), Taking> {
        let encoded = handed_in::read(path, LogEntry::LIMIT).await?.ok_or(Taking::Unfit)?;
        let entry = LogEntry::decode(&encoded).map_err(|_| Taking::Unfit)?;
        let LogEntry::Release(_) = &entry else { return Err(Taking::Unfit) };
        let mut once = Batch::new();
        once.assert_absent(rows::RELEASES, leaf_hash(&encoded).to_vec());
        match self.append_with(&[entry], once).await {
            Ok(appended) => tracing::info!(index = appended.first, "a release was entered into the log"),
            // It is there already.
            Err(LogError::Assert { .. }) => {}
            Err(error) => return Err(Taking::Log(error)),
        }
        Ok(tokio::fs::remove_file(path).await?)
    }
}

fn inbox(data: &Path) -> Inbox {
    Inbox::new(data, "log-inbox", "entry")
}

/// Why something was not taken.
enum Taking {
    Unfit,
    File(io::Error),
    Log(LogError),
}

impl From<io::Error> for Taking {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}
