//! Folders and files that only their owner may read, durable once made, and owned by one process at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Makes a folder (mode 0700) and what is missing above it, and syncs each folder's parent.
/// A folder that is already there keeps its mode.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().unwrap_or(Path::new(""));
    make_folder(parent)?;
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(parent),
    }
}

/// Makes the names in a folder durable. Only Unix lets a folder be opened and synced; elsewhere it does nothing.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        File::open(path)?.sync_all()
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(())
    }
}

/// A file made through these options has mode 0600.
pub(crate) fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes a database's folder and file if they are missing, closes them to others, and locks the place for this
/// process. The lock ends with the value, or with the process however it ends.
pub(crate) fn claim(database: &Path) -> io::Result<File> {
    let folder = database.parent().unwrap_or(Path::new(""));
    make_folder(folder)?;
    let mut options = OpenOptions::new();
    owner_only(options.write(true).create(true).truncate(false));
    let lock = options.open(beside(database, "lock"))?;
    lock.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => io::Error::new(
            ErrorKind::ResourceBusy,
            "another process (or another part of this one) has this store open",
        ),
        TryLockError::Error(error) => error,
    })?;
    // SQLite gives its log and index files the mode of the database file.
    let file = options.open(database)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    drop(file);
    sync_folder(folder)?;
    Ok(lock)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-");
    name.push(ending);
    name.into()
}
