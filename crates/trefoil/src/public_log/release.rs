//! Released binaries: the hash of a file, and whether a proof shows that the log has it. No network.

use super::words;
use sha2::{Digest as _, Sha256};
use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};
use trefoil_proto::{Timestamp, defence::Defence};
use trefoil_transparency::log::{LogEntry, LogPolicy, LoggedEntry, LoggedError, Release, TreeHead};

/// What this program was built for, as `rustc` names it.
pub const TARGET: &str = env!("TREFOIL_TARGET");
/// Largest binary that is looked at, in bytes: 1 GiB, some twenty times a release.
const BINARY: u64 = 1 << 30;

/// A release that the log has, as a policy asks for it to be shown.
#[derive(Clone, Debug)]
pub struct ProvenRelease {
    /// What was released.
    pub release: Release,
    /// Where in the log; a later release has a larger one.
    pub index: u64,
    /// The log that has it.
    pub head: TreeHead,
    /// Which witnesses signed that head.
    pub witnesses: Vec<String>,
}

/// Why a binary is not taken for a release.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A file cannot be read, or not copied to where it is to go.
    #[error("{path} cannot be read or copied: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not something to run.
    #[error("{0} is no regular file of at most 1 GiB: name the binary itself")]
    NoBinary(PathBuf),
    /// The proof does not hold.
    #[error("the log does not prove it: {}", words(.0))]
    Unproven(#[from] LoggedError),
    /// The proof holds, of something else.
    #[error(
        "the proof is of a root of a key directory, not of a release: name the proof that came with the binary"
    )]
    NoRelease,
    /// The file is another one.
    #[error(
        "{path} is not the release {version} that the log has: its SHA-256 is {found}, that in the log is {logged}. Do not \
         run it; fetch it again, from another place if it stays so"
    )]
    OtherFile {
        /// Which.
        path: PathBuf,
        /// What the proof is of.
        version: String,
        /// Hash of the file, in hexadecimal.
        found: String,
        /// Hash in the log, in hexadecimal.
        logged: String,
    },
}

impl ProvenRelease {
    /// Checks a proof. How long ago the witnesses signed does not matter: what a log had once, it has.
    ///
    /// # Errors
    /// [`ReleaseError::Unproven`], [`ReleaseError::NoRelease`].
    pub fn check(proof: &LoggedEntry, policy: &LogPolicy, now: Timestamp) -> Result<Self, ReleaseError> {
        let trusted = proof.verify(&policy.clone().with_max_age(u64::MAX), now)?;
        let LogEntry::Release(release) = &proof.entry else { return Err(ReleaseError::NoRelease) };
        let (release, witnesses) = (release.clone(), trusted.witnesses().to_vec());
        Ok(Self { release, index: proof.index, head: trusted.head(), witnesses })
    }

    /// Checks that a file has the hash of the release.
    ///
    /// # Errors
    /// [`ReleaseError::OtherFile`].
    pub fn is_of(&self, path: &Path, sha256: &[u8; 32]) -> Result<(), ReleaseError> {
        if self.release.sha256 == *sha256 || !Defence::ReleaseHash.stands() {
            return Ok(());
        }
        let hex = |hash: &[u8; 32]| data_encoding::HEXLOWER.encode(hash);
        Err(ReleaseError::OtherFile {
            path: path.to_owned(),
            version: self.release.version.to_string(),
            found: hex(sha256),
            logged: hex(&self.release.sha256),
        })
    }
}

/// SHA-256 of a binary.
///
/// # Errors
/// [`ReleaseError::File`], [`ReleaseError::NoBinary`].
pub fn hash(path: &Path) -> Result<[u8; 32], ReleaseError> {
    copy(path, &mut io::sink())
}

/// Copies a binary and gives the SHA-256 of the bytes that were copied, whatever becomes of the file meanwhile.
pub(super) fn copy(path: &Path, to: &mut impl Write) -> Result<[u8; 32], ReleaseError> {
    let failed = |source| ReleaseError::File { path: path.to_owned(), source };
    // Before it is opened: opening a pipe would wait for its other end.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(ReleaseError::NoBinary(path.to_owned()));
    }
    let mut file = File::open(path).map_err(failed)?.take(BINARY + 1);
    let (mut hasher, mut buffer, mut length) = (Sha256::new(), vec![0; 64 * 1024], 0);
    loop {
        let read = file.read(&mut buffer).map_err(failed)?;
        if read == 0 {
            return Ok(hasher.finalize().into());
        }
        length += read as u64;
        if length > BINARY {
            return Err(ReleaseError::NoBinary(path.to_owned()));
        }
        hasher.update(&buffer[..read]);
        to.write_all(&buffer[..read]).map_err(failed)?;
    }
}
