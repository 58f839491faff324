//! The page of a person while `trefoil app` serves it: one process at a time for a person's folder, held by a lock that ends
//! with it however it ends, and the two files that say where it listens and what scripts show it.

use super::{HomeError, write_private};
use std::{
    fs::{self, File, TryLockError},
    io,
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Locked by the process that serves.
const LOCK: &str = "app-lock";
/// The token for scripts.
const TOKEN: &str = "app-token";
/// Where it listens, as `127.0.0.1:PORT`.
const ADDRESS: &str = "app-address";
/// Most bytes of either file.
const LONGEST: u64 = 256;

/// That this process serves the page of a person. What it wrote for others to find goes with it.
#[derive(Debug)]
pub struct Serving {
    folder: PathBuf,
    _lock: File,
}

/// The page as another process finds it.
#[derive(Debug)]
pub struct Served {
    /// Where it listens, on loopback.
    pub address: SocketAddr,
    /// What scripts show it.
    pub token: Zeroizing<String>,
}

impl Serving {
    /// Takes a person's folder for this process, making the folder if it is missing. `None` if another process serves the
    /// page already. What a process that ended left behind is removed.
    ///
    /// # Errors
    /// [`HomeError::File`].
    pub fn claim(folder: &Path) -> Result<Option<Self>, HomeError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| HomeError::File { path, source }
        };
        let make = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        make.map_err(failed(folder))?;
        let path = folder.join(LOCK);
        let lock = open(&path).map_err(failed(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(source)) => return Err(HomeError::File { path, source }),
        }
        let serving = Self { folder: folder.to_owned(), _lock: lock };
        serving.withdraw();
        Ok(Some(serving))
    }

    /// Says where the page is and what scripts show; gives the file with the latter.
    ///
    /// # Errors
    /// [`HomeError::File`].
    pub fn announce(&self, address: SocketAddr, token: &str) -> Result<PathBuf, HomeError> {
        write_private(&self.folder.join(ADDRESS), address.to_string().as_bytes())?;
        let file = self.folder.join(TOKEN);
        write_private(&file, token.as_bytes())?;
        Ok(file)
    }

    fn withdraw(&self) {
        // A token of a process that is gone lets nobody in; the files would only mislead.
        for file in [TOKEN, ADDRESS] {
            let _ = fs::remove_file(self.folder.join(file));
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.withdraw();
    }
}

impl Served {
    /// Where a person's page is served. `None` while the process that serves it has not said so yet, and if what stands
    /// there is no address of this machine.
    pub fn find(folder: &Path) -> Option<Self> {
        let address: SocketAddr = read(&folder.join(ADDRESS))?.trim().parse().ok()?;
        let token = Zeroizing::new(read(&folder.join(TOKEN))?.trim().to_owned());
        (address.ip().is_loopback() && !token.is_empty()).then_some(Self { address, token })
    }
}

/// The folder of the person whose page is being served, if an account in `account` is one of its own: the first account lies
/// in that folder itself, further ones in `accounts` inside it.
pub(super) fn served_over(account: &Path) -> Option<PathBuf> {
    [Some(account), further_in(account)]
        .into_iter()
        .flatten()
        .find(|folder| is_served(folder))
        .map(Into::into)
}

/// The folder of the person of whom this is a further account, by its place.
pub(super) fn further_in(account: &Path) -> Option<&Path> {
    account.parent().filter(|parent| parent.file_name().is_some_and(|name| name == super::FURTHER))?.parent()
}

/// Whether a process serves a person's page now.
pub fn is_served(folder: &Path) -> bool {
    // Without a lock file there was none; it is not made by looking.
    let Ok(lock) = fs::OpenOptions::new().read(true).open(folder.join(LOCK)) else { return false };
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
}

fn open(path: &Path) -> io::Result<File> {
    fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn read(path: &Path) -> Option<String> {
    use io::Read as _;
    let mut text = String::new();
    File::open(path).ok()?.take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn one_process_serves_and_what_it_wrote_goes_with_it() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("person");
        assert!(!is_served(&folder) && !folder.exists(), "looking makes nothing");
        let serving = Serving::claim(&folder).unwrap().unwrap();
        assert!(Serving::claim(&folder).unwrap().is_none(), "a second one is told");
        assert!(Served::find(&folder).is_none(), "it has not said where it is");
        let file = serving.announce("127.0.0.1:7".parse().unwrap(), "secret").unwrap();
        let found = Served::find(&folder).unwrap();
        assert_eq!((found.address.port(), found.token.as_str()), (7, "secret"));
        for file in [file, folder.join(ADDRESS), folder.join(LOCK)] {
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o077, 0, "{}", file.display());
        }
        let further = folder.join("accounts/2");
        assert_eq!(served_over(&folder), Some(folder.clone()));
        assert_eq!(served_over(&further), Some(folder.clone()));
        assert_eq!(served_over(&folder.join("other/2")), None);
        drop(serving);
        assert!(Served::find(&folder).is_none() && !is_served(&folder));
        assert_eq!(served_over(&further), None);
    }

    #[test]
    fn what_an_ended_process_left_misleads_nobody() {
        let place = tempfile::tempdir().unwrap();
        // As after SIGKILL: the files are there, the lock is not held.
        fs::write(place.path().join(TOKEN), "old").unwrap();
        fs::write(place.path().join(ADDRESS), "127.0.0.1:7").unwrap();
        fs::write(place.path().join(LOCK), "").unwrap();
        assert!(!is_served(place.path()));
        let serving = Serving::claim(place.path()).unwrap().unwrap();
        assert!(Served::find(place.path()).is_none());
        serving.announce("203.0.113.7:7".parse().unwrap(), "secret").unwrap();
        assert!(Served::find(place.path()).is_none(), "the token is shown to this machine alone");
    }
}
