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

    /// Writes a file, whole or not at all, and returns where. Durable when this returns.
    pub(crate) fn put(&self, name: &str, content: &[u8]) -> Result<PathBuf, HandInError> {
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
        match write() {
            Ok(()) => Ok(path),
            Err(source) => Err(HandInError { path, source }),
        }
    }

    /// The files that wait, in the order of their names. Whoever takes them ends at the first that has to wait: what
    /// comes after it comes after it ([`HandedIn::settle`]).
    pub(crate) async fn waiting(&self) -> Vec<HandedIn> {
        let mut files = Vec::new();
        // Usually there is no such folder.
        let Ok(mut folder) = tokio::fs::read_dir(&self.folder).await else { return files };
        while let Ok(Some(file)) = folder.next_entry().await {
            let path = file.path();
            if path.extension().is_some_and(|ending| ending == self.ending) {
                files.push(HandedIn(path));
            }
            if files.len() == FILES {
                break;
            }
        }
        files.sort();
        files
    }
}

/// A file that waits.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HandedIn(PathBuf);

/// What became of it.
pub(crate) enum Taken {
    Done,
    /// It never will be taken.
    Unfit(&'static str),
    Later(Box<dyn std::error::Error + Send + Sync>),
}

impl HandedIn {
    /// Its content, or what becomes of a file that cannot be read or is longer than anything that belongs there.
    pub(crate) async fn read(&self, limit: usize) -> Result<Vec<u8>, Taken> {
        let failed = |error: io::Error| Taken::Later(error.into());
        if tokio::fs::metadata(&self.0).await.map_err(failed)?.len() > limit as u64 {
            return Err(Taken::Unfit("it is too large"));
        }
        tokio::fs::read(&self.0).await.map_err(failed)
    }

    /// Takes away what is done, and puts aside what is unfit for the operator to find. False at what has to wait.
    pub(crate) async fn settle(self, taken: Taken) -> bool {
        let Self(path) = self;
        let settled = match taken {
            Taken::Done => tokio::fs::remove_file(&path).await,
            Taken::Unfit(what) => {
                tracing::warn!(path = %path.display(), what, "what was handed in is put aside");
                tokio::fs::rename(&path, path.with_extension("refused")).await
            }
            Taken::Later(error) => {
                tracing::error!(path = %path.display(), error = &*error, "what was handed in has to wait");
                return false;
            }
        };
        if let Err(error) = &settled {
            tracing::error!(path = %path.display(), %error, "what was handed in cannot be moved away");
        }
        settled.is_ok()
    }
}
