//! The file with the key of somebody of a safety team: where their console is, who they are, how they sign in. Mode 0600.

use crate::{
    home::{self, HomeError},
    transport::TransportError,
};
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// What can go wrong at the desk.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// There is no such file.
    #[error(
        "{0} is not there: `trefoil moderate join CODE --console URL` makes it, with the code of an invitation"
    )]
    NoKey(PathBuf),
    /// There is one already.
    #[error("{0} is there already: name another file with --desk FILE, or go on with that one")]
    KeyExists(PathBuf),
    /// It cannot be read, or is not one.
    #[error(
        "{path} cannot be used: it must be readable by you alone, and as `trefoil moderate join` made it"
    )]
    BadKey {
        /// Which.
        path: PathBuf,
        /// Why, where the system says it.
        source: Option<io::Error>,
    },
    /// It cannot be written.
    #[error("the key cannot be kept")]
    Keep(#[source] HomeError),
    /// The address is none.
    #[error(
        "{0} is not the address of a console: it must look like https://desk.example, or http://localhost:8447"
    )]
    Address(String),
    /// TLS cannot be set up.
    #[error(transparent)]
    Transport(TransportError),
    /// The console cannot be reached, or the connection broke.
    #[error("the console cannot be reached: check its address, and that the service runs")]
    Way(#[source] reqwest::Error),
    /// The console answered what is not of its interface.
    #[error("the console answered something that this version does not know")]
    Garbled,
    /// The console refused.
    #[error("{message}")]
    Refused {
        /// A word that never changes.
        code: String,
        /// What to do.
        message: String,
        /// When it may be tried again, in milliseconds since 1970.
        until: Option<u64>,
    },
}

/// A key with everything that belongs to it.
#[derive(Clone, Debug)]
pub struct DeskKey {
    /// Address of the console.
    pub console: String,
    /// PEM of the authority to trust there, where it is no public one.
    pub authorities: Option<Vec<u8>>,
    /// Who.
    pub name: String,
    key: SigningKey,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    console: String,
    name: String,
    key: Zeroizing<String>,
    authorities: Option<String>,
}

impl DeskKey {
    pub(super) fn fresh(console: &str, authorities: Option<Vec<u8>>) -> Self {
        let seed = Zeroizing::new(rand::random::<[u8; 32]>());
        let console = console.trim_end_matches('/').to_owned();
        Self { console, authorities, name: String::new(), key: SigningKey::from_bytes(&seed) }
    }

    pub(super) fn signing(&self) -> &SigningKey {
        &self.key
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`DeskError::NoKey`], [`DeskError::BadKey`].
    pub fn read(path: &Path) -> Result<Self, DeskError> {
        let bad = |source| DeskError::BadKey { path: path.to_owned(), source };
        let text = match fs::read_to_string(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(DeskError::NoKey(path.to_owned()));
            }
            Err(error) => return Err(bad(Some(error))),
        };
        let mode = fs::metadata(path).map_err(|error| bad(Some(error)))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(bad(None));
        }
        let file: File = toml::from_str(&text).map_err(|_| bad(None))?;
        let seed = BASE64URL_NOPAD.decode(file.key.as_bytes()).map(Zeroizing::new).map_err(|_| bad(None))?;
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(seed.as_slice().try_into().map_err(|_| bad(None))?);
        Ok(Self {
            console: file.console,
            name: file.name,
            authorities: file.authorities.map(String::into_bytes),
            key: SigningKey::from_bytes(&seed),
        })
    }

    /// Writes it, for its owner alone.
    ///
    /// # Errors
    /// [`DeskError::Keep`].
    pub fn write(&self, path: &Path) -> Result<(), DeskError> {
        let file = File {
            console: self.console.clone(),
            name: self.name.clone(),
            key: Zeroizing::new(BASE64URL_NOPAD.encode(self.key.as_bytes())),
            authorities: self.authorities.as_ref().map(|pem| String::from_utf8_lossy(pem).into_owned()),
        };
        let text = Zeroizing::new(toml::to_string(&file).expect("texts are TOML"));
        home::write_private(path, text.as_bytes()).map_err(DeskError::Keep)
    }
}
