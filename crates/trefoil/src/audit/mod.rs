//! An auditor from outside: fetches the epochs of a service's key directory, keeps how far they are verified, signs
//! the newest, and keeps the evidence when a service contradicts itself. What follows from what is decided in
//! `trefoil-transparency`.

mod serve;

pub use serve::{Statement, serve};

use crate::{
    clock,
    home::{HomeError, write_private},
    transport::{Service, TransportError},
};
use bytes::Bytes;
use ed25519_dalek::SigningKey;
use http::Method;
use rand::RngCore as _;
use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};
use trefoil_proto::{Domain, ProtoError, Wire, paths};
use trefoil_transparency::{
    directory::{AuditAnswer, AuditError, EpochRecords, Followed, ServiceKeys},
    gossip::Evidence,
};
use zeroize::Zeroizing;

/// A directory that is followed from outside.
pub struct Auditor {
    service: Service,
    state: PathBuf,
    followed: Followed,
}

/// Why an audit ends.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The service cannot be reached.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// It answered with a refusal, or nothing that can be read.
    #[error("the service does not answer as one with a key directory does (status {0})")]
    NoDirectory(u16),
    /// What it sent is not of the protocol.
    #[error("the service sent something that is not of the protocol")]
    Garbled(#[source] ProtoError),
    /// A file of the auditor's cannot be used.
    #[error(transparent)]
    File(#[from] HomeError),
    /// The state is damaged.
    #[error("{0} is not the state of an audit")]
    State(PathBuf, #[source] ProtoError),
    /// The state is of another service's directory.
    #[error("{0} is the state of an audit of {1}, and this service is {2}: give each its own file")]
    OtherDirectory(PathBuf, Domain, Domain),
    /// The service asks to be left alone for a while.
    #[error("the service is busy (status {0}): try again later")]
    Busy(u16),
    /// The service shows another directory key than it first did, or than the one that was named.
    #[error(
        "{0} shows another directory key than before: its directory may have been replaced as a whole. Nothing that it \
         says was believed"
    )]
    OtherKey(Domain),
    /// The epochs that were verified are no longer there.
    #[error("{directory} was at epoch {known} and shows that epoch no longer: it was rolled back")]
    RolledBack {
        /// Whose.
        directory: Domain,
        /// What was verified.
        known: u64,
    },
    /// Two roots of one epoch.
    #[error(
        "{directory} signed two different roots for epoch {epoch}: it shows different people different directories. The \
         evidence is in {file}; anyone can check it with `trefoil audit --evidence`"
    )]
    Forked {
        /// Whose.
        directory: Domain,
        /// Which.
        epoch: u64,
        /// Where the evidence was saved.
        file: PathBuf,
    },
    /// An epoch does not follow from the one before.
    #[error("{directory} published an epoch after {known} that does not follow from it")]
    Broken {
        /// Whose.
        directory: Domain,
        /// The newest that was verified.
        known: u64,
        /// What is wrong.
        source: AuditError,
    },
}

impl FollowError {
    /// Whether it may pass by itself.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Transport(error) => error.is_passing(),
            Self::Busy(_) => true,
            _ => false,
        }
    }

    /// Whether the service did what it must not, as opposed to being away or this machine failing.
    pub const fn is_deceit(&self) -> bool {
        matches!(
            self,
            Self::OtherKey(_) | Self::RolledBack { .. } | Self::Forked { .. } | Self::Broken { .. }
        )
    }
}

impl Auditor {
    /// Takes up an audit where its state file left it, or begins one with the key that the service shows, or with the
    /// one that was named.
    ///
    /// # Errors
    /// [`FollowError::State`], [`FollowError::OtherKey`], or the service cannot be asked.
    pub async fn open(service: Service, state: &Path, named: Option<[u8; 32]>) -> Result<Self, FollowError> {
        let keys: ServiceKeys = ask(&service, "directory/services").await?;
        let own = keys.keys.into_iter().next().ok_or(FollowError::NoDirectory(200))?;
        let followed = match fs::read(state) {
            Ok(bytes) => {
                Followed::from_file(&bytes).map_err(|error| FollowError::State(state.to_owned(), error))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Followed::new(own.service.clone(), own.key)
            }
            Err(source) => return Err(HomeError::File { path: state.to_owned(), source }.into()),
        };
        if own.service != followed.directory {
            return Err(FollowError::OtherDirectory(state.to_owned(), followed.directory, own.service));
        }
        let expected = named.unwrap_or(followed.key);
        if own.key != followed.key || expected != followed.key {
            return Err(FollowError::OtherKey(followed.directory));
        }
        let auditor = Self { service, state: state.to_owned(), followed };
        auditor.keep()?;
        Ok(auditor)
    }

    /// What is verified.
    pub fn followed(&self) -> &Followed {
        &self.followed
    }

    /// Verifies one page of epochs; returns how many were new. The newest known one is asked for again, so that a
    /// directory that changed behind it is seen.
    ///
    /// # Errors
    /// [`FollowError`]; what was verified before stays.
    pub async fn step(&mut self) -> Result<u64, FollowError> {
        let known = self.followed.epoch();
        let from = known.max(1);
        let told: EpochRecords = ask(&self.service, &format!("directory/epochs/{from}")).await?;
        let directory = || self.followed.directory.clone();
        let again = told.records.first().is_some_and(|first| first.root.root.epoch == known);
        if known > 0 && !again {
            return Err(FollowError::RolledBack { directory: directory(), known });
        }
        self.followed = match self.followed.take(&told.records) {
            Ok(now) => now,
            Err(AuditError::Forked(evidence)) => {
                let file = beside(&self.state, "evidence");
                save(&file, &evidence)?;
                return Err(FollowError::Forked { directory: directory(), epoch: known, file });
            }
            Err(source) => return Err(FollowError::Broken { directory: directory(), known, source }),
        };
        if self.followed.epoch() > known {
            self.keep()?;
        }
        Ok(self.followed.epoch() - known)
    }

    /// Signs what is verified, and saves the signed statement beside the state. The state is durable by then.
    ///
    /// # Errors
    /// The key or the statement cannot be written.
    pub fn sign(&self, name: &Domain) -> Result<AuditAnswer, FollowError> {
        let key = signing_key(&beside(&self.state, "key"))?;
        let answer = AuditAnswer {
            key: key.verifying_key().to_bytes(),
            epoch: self.followed.epoch(),
            signature: self.followed.sign(name.clone(), clock::now(), &key),
        };
        write_private(&beside(&self.state, "signed"), &answer.encode())?;
        Ok(answer)
    }

    fn keep(&self) -> Result<(), FollowError> {
        Ok(write_private(&self.state, &self.followed.to_file())?)
    }
}

async fn ask<T: Wire>(service: &Service, path: &str) -> Result<T, FollowError> {
    let path = format!("{}/{path}", paths::CLIENT_ROOT);
    let answer = service.request(Method::GET, &path, None, &[], Bytes::new(), T::LIMIT).await?;
    match answer.status {
        200 => {}
        busy @ (429 | 503) => return Err(FollowError::Busy(busy)),
        other => return Err(FollowError::NoDirectory(other)),
    }
    T::decode(&answer.body).map_err(FollowError::Garbled)
}

/// The auditor's own key: made when it is first needed, mode 0600.
fn signing_key(path: &Path) -> Result<SigningKey, HomeError> {
    let failed = |source| HomeError::File { path: path.to_owned(), source };
    match fs::read(path) {
        Ok(bytes) => {
            let bytes = Zeroizing::new(bytes);
            let seed = bytes.as_slice().try_into().map_err(|_| HomeError::Damaged {
                path: path.to_owned(),
                what: "it is not a key of 32 bytes".to_owned(),
            })?;
            Ok(SigningKey::from_bytes(&seed))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut seed = Zeroizing::new([0; 32]);
            rand::rng().fill_bytes(seed.as_mut());
            write_private(path, &seed[..])?;
            Ok(SigningKey::from_bytes(&seed))
        }
        Err(error) => Err(failed(error)),
    }
}

fn save(file: &Path, evidence: &Evidence) -> Result<(), HomeError> {
    write_private(file, &evidence.to_file())
}

/// The state's name with an ending.
fn beside(state: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = state.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}
