//! A person's folder on this device: `settings.toml` (which service), `key` (what opens the store), `store.db`
//! (encrypted), `ca.pem` (a certificate authority of its own, if one was named). Mode 0700, files 0600.

mod key;
mod page;

pub use key::{KeyKind, Passphrase};
pub use page::{Served, Serving, is_served};

use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};
use trefoil_store::{SqliteLocal, StoreError};

/// Name of the account in a person's folder itself; further ones count on.
pub const FIRST: &str = "1";
/// Folder of a person's further accounts, inside the one of the first.
pub const FURTHER: &str = "accounts";

/// How to reach the service: with it, a folder holds an account.
const SETTINGS: &str = "settings.toml";
const KEY: &str = "key";
const STORE: &str = "store.db";

/// One person's folder.
#[derive(Clone, Debug)]
pub struct Home {
    folder: PathBuf,
}

/// `settings.toml`: how to reach the person's service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceAddress {
    /// Base URL of the service, `https` only.
    pub service: String,
    /// Whether `ca.pem` in this folder is trusted, instead of the public web's authorities.
    #[serde(default)]
    pub own_ca: bool,
}

/// What can go wrong with a person's folder.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// No place for it is known.
    #[error("no home folder is known: name one with --home DIR or TREFOIL_HOME")]
    NoPlace,
    /// No account was made in it.
    #[error(
        "there is no account in {0}: make one with `trefoil account create`, or name another folder with --home"
    )]
    NoAccount(PathBuf),
    /// One was made already.
    #[error("there is an account in {0} already: name another folder with --home DIR")]
    AlreadyThere(PathBuf),
    /// A file cannot be read or written.
    #[error("{path} cannot be used: check that it is yours and the disk is not full")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A passphrase is needed.
    #[error(
        "this store is locked by a passphrase: give it with --passphrase-file FILE or TREFOIL_PASSPHRASE"
    )]
    PassphraseNeeded,
    /// A passphrase was given that does not open the key.
    #[error("the passphrase does not open this store")]
    WrongPassphrase,
    /// The operating system gave no randomness or the key cannot be derived.
    #[error("the key of the store cannot be made")]
    MakeKey,
    /// The page of this person is open, and its process has the store.
    #[error(
        "the page of this person is open, and commands wait until it is closed: do it in the page, or end `trefoil app` with \
         Ctrl-C where it runs; to use both at once, ask its local API (docs/local-api.md) with the token in {0}/app-token"
    )]
    PageIsOpen(PathBuf),
    /// Another process has the store open.
    #[error(
        "another trefoil is running for this person ({0} is in use): end it first, a `receive --follow` for example \
         with Ctrl-C"
    )]
    InUse(PathBuf),
    /// The store does not open.
    #[error("the store {path} does not open: its key is not the one in `key`, or it is damaged")]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
}

impl Home {
    /// The folder named, or `trefoil` in the place where the system keeps people's data.
    ///
    /// # Errors
    /// [`HomeError::NoPlace`] if none is named and the environment names no home folder either.
    pub fn locate(named: Option<&Path>) -> Result<Self, HomeError> {
        if let Some(folder) = named {
            return Ok(Self { folder: folder.to_owned() });
        }
        let from = |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty());
        let base = from("XDG_DATA_HOME")
            .map(PathBuf::from)
            .or_else(|| from("HOME").map(|home| PathBuf::from(home).join(".local/share")))
            .ok_or(HomeError::NoPlace)?;
        Ok(Self { folder: base.join("trefoil") })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The person's folder: this one, or the one in which this one is a further account.
    pub fn person(&self) -> &Path {
        let person = page::further_in(&self.folder).filter(|person| person.join(SETTINGS).exists());
        person.unwrap_or(&self.folder)
    }

    /// Where the accounts of a person are or would be, with the name that each has on this device, in the order in which they
    /// were made.
    ///
    /// # Errors
    /// [`HomeError::File`] if the folder of further ones is there and cannot be read.
    pub fn accounts_of(person: &Path) -> Result<Vec<(String, PathBuf)>, HomeError> {
        let folder = person.join(FURTHER);
        let unreadable = |source| HomeError::File { path: folder.clone(), source };
        let mut further = Vec::new();
        match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(error)),
            Ok(entries) => {
                for entry in entries {
                    let entry = entry.map_err(unreadable)?;
                    // This program gives names of digits.
                    further.extend(entry.file_name().into_string().ok().map(|name| (name, entry.path())));
                }
            }
        }
        further.sort_by_key(|(name, _)| (name.len(), name.clone()));
        further.insert(0, (FIRST.to_owned(), person.to_owned()));
        Ok(further)
    }

    /// Whether an account was made in it.
    pub fn has_account(&self) -> bool {
        self.settings_path().exists()
    }

    /// Makes the folder and the key. What an interrupted attempt left behind is used again; an account that is
    /// there already is refused.
    ///
    /// # Errors
    /// [`HomeError::AlreadyThere`], [`HomeError::File`], [`HomeError::MakeKey`], or the passphrase does not open a
    /// key that an interrupted attempt left.
    pub fn prepare(&self, passphrase: Option<&Passphrase>) -> Result<(SqliteLocal, KeyKind), HomeError> {
        if self.has_account() {
            return Err(HomeError::AlreadyThere(self.folder.clone()));
        }
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .and_then(|()| fs::set_permissions(&self.folder, fs::Permissions::from_mode(0o700)))
            .map_err(|source| HomeError::File { path: self.folder.clone(), source })?;
        let path = self.folder.join(KEY);
        if !path.exists() {
            write_private(&path, key::generate(passphrase)?.as_bytes())?;
        }
        self.open_store(passphrase)
    }

    /// Writes down how to reach the service. From then on the folder holds an account.
    ///
    /// # Errors
    /// [`HomeError::File`].
    pub fn settle(&self, service: &str, ca: Option<&[u8]>) -> Result<(), HomeError> {
        if let Some(pem) = ca {
            write_private(&self.ca_path(), pem)?;
        }
        let address = ServiceAddress { service: service.to_owned(), own_ca: ca.is_some() };
        let text = toml::to_string(&address)
            .map_err(|error| HomeError::Damaged { path: self.settings_path(), what: error.to_string() })?;
        write_private(&self.settings_path(), text.as_bytes())
    }

    /// How to reach the service, and the certificate authority to trust instead of the public web's, in PEM.
    ///
    /// # Errors
    /// [`HomeError::NoAccount`], [`HomeError::File`], [`HomeError::Damaged`].
    pub fn address(&self) -> Result<(ServiceAddress, Option<Vec<u8>>), HomeError> {
        if !self.has_account() {
            return Err(HomeError::NoAccount(self.folder.clone()));
        }
        let path = self.settings_path();
        let text =
            fs::read_to_string(&path).map_err(|source| HomeError::File { path: path.clone(), source })?;
        let address: ServiceAddress = toml::from_str(&text)
            .map_err(|error| HomeError::Damaged { path, what: error.message().to_owned() })?;
        let ca = if address.own_ca {
            let path = self.ca_path();
            Some(fs::read(&path).map_err(|source| HomeError::File { path, source })?)
        } else {
            None
        };
        Ok((address, ca))
    }

    /// Opens the encrypted store.
    ///
    /// # Errors
    /// The key is missing, locked by another passphrase, or the store is in use or damaged.
    pub fn open_store(&self, passphrase: Option<&Passphrase>) -> Result<(SqliteLocal, KeyKind), HomeError> {
        let path = self.folder.join(KEY);
        let text = match fs::read_to_string(&path) {
            Ok(text) => zeroize::Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(HomeError::NoAccount(self.folder.clone()));
            }
            Err(source) => return Err(HomeError::File { path, source }),
        };
        let (key, kind) = key::open(&text, passphrase, &path)?;
        let path = self.folder.join(STORE);
        let store = SqliteLocal::open(&path, &key).map_err(|source| match &source {
            StoreError::Open(cause) if is_busy(&**cause) => match page::served_over(&self.folder) {
                Some(person) => HomeError::PageIsOpen(person),
                None => HomeError::InUse(path),
            },
            _ => HomeError::Open { path, source },
        })?;
        Ok((store, kind))
    }

    /// Takes away what an attempt left that made no account: keys of nothing. What cannot be removed is used again by the next
    /// attempt. `whole`: the folder too.
    pub fn forget_attempt(&self, whole: bool) {
        if self.has_account() {
            return;
        }
        if whole {
            let _ = fs::remove_dir_all(&self.folder);
            return;
        }
        for file in [KEY, STORE, "store.db-wal", "store.db-shm", "store.db-lock"] {
            let _ = fs::remove_file(self.folder.join(file));
        }
    }

    fn settings_path(&self) -> PathBuf {
        self.folder.join(SETTINGS)
    }

    fn ca_path(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }
}

fn is_busy(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ResourceBusy)
}

/// Writes a file that only its owner reads: beside its place first, then renamed, so that a crash leaves the old
/// file or the new one.
///
/// # Errors
/// [`HomeError::File`].
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    let beside = path.with_extension("new");
    let write = || -> io::Result<()> {
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|source| HomeError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_home_is_private_and_opens_again_with_its_key_only() {
        let place = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(&place.path().join("person"))).unwrap();
        assert!(matches!(home.address(), Err(HomeError::NoAccount(_))));
        let (store, kind) = home.prepare(None).unwrap();
        assert_eq!(kind, KeyKind::Plain);
        assert!(matches!(home.open_store(None), Err(HomeError::InUse(_))), "a second opening is refused");
        drop(store);
        home.settle("https://localhost:1", Some(b"pem")).unwrap();
        assert!(matches!(home.prepare(None), Err(HomeError::AlreadyThere(_))));
        let (address, ca) = home.address().unwrap();
        assert_eq!((address.service.as_str(), ca.unwrap().as_slice()), ("https://localhost:1", &b"pem"[..]));
        for file in ["key", "settings.toml", "ca.pem", "store.db"] {
            let mode = fs::metadata(home.folder().join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{file} is readable by others");
        }
        assert_eq!(fs::metadata(home.folder()).unwrap().permissions().mode() & 0o077, 0);
        drop(home.open_store(None).unwrap());

        let other = key::generate(None).unwrap();
        write_private(&home.folder().join("key"), other.as_bytes()).unwrap();
        assert!(matches!(home.open_store(None), Err(HomeError::Open { .. })), "another key opened the store");
    }

    #[test]
    fn a_passphrase_locks_the_store() {
        let place = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(place.path())).unwrap();
        let right = Passphrase::new("correct horse \u{1F40E}".to_owned());
        let (store, kind) = home.prepare(Some(&right)).unwrap();
        assert_eq!(kind, KeyKind::Passphrase);
        drop(store);
        assert!(matches!(home.open_store(None), Err(HomeError::PassphraseNeeded)));
        let wrong = Passphrase::new("correct horse".to_owned());
        assert!(matches!(home.open_store(Some(&wrong)), Err(HomeError::WrongPassphrase)));
        home.open_store(Some(&right)).unwrap();
    }
}
