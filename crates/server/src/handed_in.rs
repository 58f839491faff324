//! A folder beside the store in which an operator hands something in, as a file: nobody who cannot write there can, and
//! it does not matter whether the service runs at that moment.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Files looked at a time: more than an operator hands in.
const FILES: usize = 4096;

/// Why something cannot be handed in.
#[derive(Debug, thiserror::Error)]
#[error("write {path}")]
pub struct HandInError {
    /// Which file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// One such folder.
pub(crate) struct Inbox {
    folder: PathBuf,
    ending: &'static str,
}

impl Inbox {
    /// The folder of this name in a data folder, for files of one ending.
    pub(crate) fn new(data: &Path, name: &str, ending: &'static str) -> Self {
        Self { folder: data.join(name), ending }
    }

    /// Writes a file, whole or not at all. Durable when this returns.
    pub(crate) fn put(&self, name: &str, content: &[u8]) -> Result<(), HandInError> {
        let path = self.folder.join(format!("{name}.{}", self.ending));
        let beside = self.folder.join(format!("{name}.new"));
        let write = || -> io::Result<()> {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(&self.folder)?;
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&beside)?;
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            #[cfg(unix)]
            File::open(&self.folder)?.sync_all()?;
            Ok(())
        };
        write().map_err(|source| HandInError { path: path.clone(), source })
    }

    /// The files that wait, by name; not all of them if there are many.
    pub(crate) async fn waiting(&self) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        // Usually there is no such folder.
        let Ok(mut folder) = tokio::fs::read_dir(&self.folder).await else { return paths };
        while let Ok(Some(file)) = folder.next_entry().await {
            let path = file.path();
            if path.extension().is_some_and(|ending| ending == self.ending) {
                paths.push(path);
            }
            if paths.len() == FILES {
                break;
            }
        }
        paths.sort();
        paths
    }
}

/// Reads a file that was handed in; `None` if it is longer than anything that belongs there.
pub(crate) async fn read(path: &Path, limit: usize) -> io::Result<Option<Vec<u8>>> {
    if tokio::fs::metadata(path).await?.len() > limit as u64 {
        return Ok(None);
    }
    tokio::fs::read(path).await.map(Some)
}

/// Puts a file aside that cannot be taken, under another ending, for the operator to find.
pub(crate) async fn put_aside(path: &Path) {
    let _ = tokio::fs::rename(path, path.with_extension("refused")).await;
}
