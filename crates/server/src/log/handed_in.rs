//! What the operator hands in: releases, as files in a folder beside the store, so that nobody who cannot write there can
//! add any, and it does not matter whether the service runs at that moment.
//!
//! A file is taken away when its entry is durable in the log. The same release is entered once, however often it is
//! handed in, and however the service ends in between.

use super::{Log, LogError, rows};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};
use trefoil_proto::Wire as _;
use trefoil_store::{Batch, KeyRange, SqliteView};
use trefoil_transparency::log::{LogEntry, Release, leaf_hash};

const FOLDER: &str = "log-inbox";
const ENDING: &str = "entry";
/// Files looked at a time.
const FILES: usize = 64;

/// Why a release cannot be handed in.
#[derive(Debug, thiserror::Error)]
#[error("write {path}")]
pub struct HandInError {
    /// Which file or folder.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// Hands a release in to the service with this data folder, which enters it into its log as soon as it runs. Durable
/// when this returns.
///
/// # Errors
/// [`HandInError`].
pub fn hand_in(data: &Path, release: Release) -> Result<(), HandInError> {
    let folder = data.join(FOLDER);
    let encoded = LogEntry::Release(release).encode();
    let name = data_encoding::HEXLOWER.encode(&leaf_hash(&encoded));
    let (path, beside) = (folder.join(format!("{name}.{ENDING}")), folder.join(format!("{name}.new")));
    let write = || -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        file.write_all(&encoded)?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        #[cfg(unix)]
        File::open(&folder)?.sync_all()?;
        Ok(())
    };
    write().map_err(|source| HandInError { path: path.clone(), source })
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
        for path in self.handed_in().await {
            match self.take(&path).await {
                Ok(()) => {}
                Err(Taking::Unfit) => {
                    tracing::warn!(path = %path.display(), "this is no release and was not entered into the log");
                    let _ = tokio::fs::rename(&path, path.with_extension("refused")).await;
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

    async fn handed_in(&self) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        // Usually there is no such folder.
        let Ok(mut folder) = tokio::fs::read_dir(self.data.join(FOLDER)).await else { return paths };
        while let Ok(Some(file)) = folder.next_entry().await {
            let path = file.path();
            if path.extension().is_some_and(|ending| ending == ENDING) {
                paths.push(path);
            }
            if paths.len() == FILES {
                break;
            }
        }
        paths.sort();
        paths
    }

    async fn take(&self, path: &Path) -> Result<(), Taking> {
        let length = tokio::fs::metadata(path).await?.len();
        if length > LogEntry::LIMIT as u64 {
            return Err(Taking::Unfit);
        }
        let encoded = tokio::fs::read(path).await?;
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
