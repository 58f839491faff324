//! Reads the public log of a service over HTTPS (C2SP tlog-tiles). What is relied on comes out with a proof that leads to
//! a checkpoint which meets the reader's policy; [`RemoteLog::told`] says what the service says.

use super::policy_words;
use crate::transport::{Service, TransportError};
use bytes::Bytes;
use http::Method;
use std::time::Duration;
use trefoil_proto::{
    Timestamp,
    mimi::directory::{Directory, LogKeys},
    paths,
};
use trefoil_transparency::log::{
    CHECKPOINT, ENTRIES_A_BUNDLE, LogEntry, LogPolicy, LoggedEntry, PolicyError, ProofError, Proving,
    TilePath, TiledLog, TrustedCheckpoint, unbundle,
};

/// Most bytes of a bundle: entries with their lengths.
const BUNDLE: usize = ENTRIES_A_BUNDLE * (2 + 1024);
/// Most bytes of a tile.
const TILE: usize = 256 * 32;
/// Most bytes of the document that names a service's endpoints and keys.
const DIRECTORY: usize = 64 * 1024;
/// Rounds in which a proof asks for tiles: it knows after the first which it needs.
const ROUNDS: usize = 4;
/// Before a request is made again that the service found one too many. A whole log takes more requests than the default
/// limit of a minute allows.
const PAUSE: Duration = Duration::from_secs(5);
/// So often; together a little more than the minute over which services count.
const PAUSES: usize = 13;

/// A service's log as its checkpoint shows it.
pub struct RemoteLog {
    service: Service,
    tiles: TiledLog,
    note: Bytes,
    trusted: TrustedCheckpoint,
}

/// Why a log cannot be read, or is not believed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The service cannot be reached.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// It refused.
    #[error("the service does not answer as one with a public log does (status {0}): check the address")]
    NoLog(u16),
    /// It limits how much is asked of it, and more than a minute of waiting did not help.
    #[error("the service asks for patience: try again in a minute")]
    TooOften,
    /// What it sent cannot be read.
    #[error("the service sent {0} that is not of the protocol")]
    Garbled(&'static str),
    /// The checkpoint does not meet the policy.
    #[error("{}", policy_words(.0))]
    Policy(#[from] PolicyError),
    /// There is no such entry.
    #[error("the log has {size} entries, none at {index}: see `trefoil log list`")]
    NoSuchEntry {
        /// What was asked for.
        index: u64,
        /// Entries of the log.
        size: u64,
    },
    /// What it serves is not what it signed.
    #[error(
        "the entry {0} that the service serves is not the one in the log that it signed: nothing of it was believed"
    )]
    Untrue(u64),
}

/// The keys that a service publishes of its log and its witness. Nothing proves them but the connection.
///
/// # Errors
/// [`ReadError`].
pub async fn keys(service: &Service) -> Result<LogKeys, ReadError> {
    let body = get(service, paths::WELL_KNOWN, DIRECTORY).await?;
    let directory: Directory =
        serde_json::from_slice(&body).map_err(|_| ReadError::Garbled("a list of endpoints"))?;
    directory.transparency.ok_or(ReadError::NoLog(200))
}

impl RemoteLog {
    /// Fetches the newest checkpoint and holds it against a policy.
    ///
    /// # Errors
    /// [`ReadError::Policy`], or the service cannot be asked.
    pub async fn open(service: Service, policy: &LogPolicy, now: Timestamp) -> Result<Self, ReadError> {
        let note = get(&service, "/log/checkpoint", CHECKPOINT).await?;
        let trusted = policy.check(&note, now)?;
        let tiles = TiledLog::new(trusted.head().size).map_err(|_| ReadError::Garbled("a checkpoint"))?;
        Ok(Self { service, tiles, note, trusted })
    }

    /// Size, root, and who signed.
    pub fn checkpoint(&self) -> &TrustedCheckpoint {
        &self.trusted
    }

    /// Entries.
    pub fn size(&self) -> u64 {
        self.trusted.head().size
    }

    /// The entries of the bundle that has `index`, as the service tells them: the index of the first, and all of them.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn told(&self, index: u64) -> Result<(u64, Vec<LogEntry>), ReadError> {
        let path = self.bundle(index)?;
        let bytes = get(&self.service, &format!("/log/{path}"), BUNDLE).await?;
        let entries = unbundle(&bytes).map_err(|_| ReadError::Garbled("entries of the log"))?;
        if entries.len() != path.width() as usize {
            return Err(ReadError::Garbled("entries of the log"));
        }
        Ok((path.first_entry(), entries))
    }

    /// Proves that an entry is in the log.
    ///
    /// # Errors
    /// [`ReadError::Untrue`] if it is not what the checkpoint covers; [`ReadError`].
    pub async fn prove(&mut self, index: u64, entry: LogEntry) -> Result<LoggedEntry, ReadError> {
        let size = self.size();
        for _ in 0..ROUNDS {
            let proving =
                self.tiles.prove_inclusion(index).map_err(|_| ReadError::NoSuchEntry { index, size })?;
            match proving {
                Proving::Made(proof) => {
                    let held: Result<(), ProofError> = proof.verify(&self.trusted.head(), &entry);
                    held.map_err(|_| ReadError::Untrue(index))?;
                    let checkpoint = self.note.to_vec();
                    return Ok(LoggedEntry { entry, index, hashes: proof.hashes, checkpoint });
                }
                Proving::Needs(paths) => {
                    for path in paths {
                        let hashes = get(&self.service, &format!("/log/{path}"), TILE).await?;
                        self.tiles.put(path, &hashes).map_err(|_| ReadError::Garbled("a tile"))?;
                    }
                }
            }
        }
        Err(ReadError::Garbled("tiles"))
    }

    /// One entry, with its proof.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn entry(&mut self, index: u64) -> Result<LoggedEntry, ReadError> {
        let (first, mut entries) = self.told(index).await?;
        let at = usize::try_from(index - first).map_err(|_| ReadError::Garbled("entries of the log"))?;
        self.prove(index, entries.swap_remove(at)).await
    }

    /// The newest release with this hash, with its proof. `None` is the service's word: it may hide one.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn release(&mut self, sha256: &[u8; 32]) -> Result<Option<LoggedEntry>, ReadError> {
        let mut end = self.size();
        while let Some(last) = end.checked_sub(1) {
            let (first, entries) = self.told(last).await?;
            let found = (first..).zip(entries).filter(
                |(_, entry)| matches!(entry, LogEntry::Release(release) if release.sha256 == *sha256),
            );
            if let Some((index, entry)) = found.last() {
                return self.prove(index, entry).await.map(Some);
            }
            end = first;
        }
        Ok(None)
    }

    fn bundle(&self, index: u64) -> Result<TilePath, ReadError> {
        let size = self.size();
        if index < size {
            Ok(TilePath::bundle_of(index, size))
        } else {
            Err(ReadError::NoSuchEntry { index, size })
        }
    }
}

async fn get(service: &Service, path: &str, limit: usize) -> Result<Bytes, ReadError> {
    for _ in 0..PAUSES {
        let answer = service.request(Method::GET, path, None, &[], Bytes::new(), limit).await?;
        match answer.status {
            200 => return Ok(answer.body),
            429 => tokio::time::sleep(PAUSE).await,
            status => return Err(ReadError::NoLog(status)),
        }
    }
    Err(ReadError::TooOften)
}
