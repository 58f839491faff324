//! Evidence of a split view: two statements under one key that cannot both be true. It needs no one's word but that of
//! the accused, so anyone can check it, offline.

use super::{SignedRoot, root::contradict};
use crate::log::{CHECKPOINT, LogKey, OpenCheckpoint};
use std::cmp::Ordering;
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{ProtoError, Wire};

/// First bytes of a file of evidence.
const MAGIC: &[u8; 20] = b"trefoil evidence v1\n";

/// Two statements that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
#[allow(clippy::large_enum_variant, reason = "one or two of them exist at a time, and rarely")]
pub enum Evidence {
    /// Two roots of one directory at one epoch, or at two epochs that do not follow each other.
    #[tls_codec(discriminant = 1)]
    Roots {
        /// The service's directory key.
        key: [u8; 32],
        /// As one person was shown.
        first: SignedRoot,
        /// As another was.
        second: SignedRoot,
    },
    /// Two checkpoints of one log at one size.
    #[tls_codec(discriminant = 2)]
    Checkpoints {
        /// The log's name, UTF-8.
        log: Vec<u8>,
        /// The log's key.
        key: [u8; 32],
        /// A signed note.
        first: Vec<u8>,
        /// Another.
        second: Vec<u8>,
    },
}

/// Evidence that verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Who said both.
    pub accused: Accused,
    /// Under which key. Whether it is theirs, whoever reads this must know from elsewhere.
    pub key: [u8; 32],
    /// Epoch of the directory, or size of the log.
    pub at: u64,
    /// The two that it said are the root there. Of a directory's root and one of the next epoch, which does not follow it:
    /// the hash of the first and the hash that the second names.
    pub roots: [[u8; 32]; 2],
}

/// Who contradicted themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accused {
    /// The directory of this domain.
    Directory(trefoil_proto::Domain),
    /// The log of this name.
    Log(String),
}

/// Why evidence proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// Not a file of evidence.
    #[error("not a file of evidence")]
    Malformed(#[source] ProtoError),
    /// One of the statements is not signed under the key, or is no statement.
    #[error("a statement that the accused did not sign")]
    Unsigned,
    /// Both statements can be true.
    #[error("the statements do not contradict each other")]
    NoContradiction,
}

impl Evidence {
    /// As a file.
    pub fn to_file(&self) -> Vec<u8> {
        [&MAGIC[..], &self.encode()].concat()
    }

    /// From a file. Nothing is verified yet.
    ///
    /// # Errors
    /// [`EvidenceError::Malformed`].
    pub fn from_file(bytes: &[u8]) -> Result<Self, EvidenceError> {
        let body = bytes.strip_prefix(MAGIC).ok_or(ProtoError::Malformed(Self::NAME));
        body.and_then(Self::decode).map_err(EvidenceError::Malformed)
    }

    /// Checks both signatures and that the statements contradict each other.
    ///
    /// # Errors
    /// [`EvidenceError`].
    pub fn verify(&self) -> Result<Split, EvidenceError> {
        match self {
            Self::Roots { key, first, second } => {
                for signed in [first, second] {
                    signed.clone().verify(key).map_err(|_| EvidenceError::Unsigned)?;
                }
                let (one, other) = (&first.root, &second.root);
                if !contradict(one, other) {
                    return Err(EvidenceError::NoContradiction);
                }
                let accused = Accused::Directory(one.directory.clone());
                let (at, roots) = match one.epoch.cmp(&other.epoch) {
                    Ordering::Equal => (one.epoch, [one.root, other.root]),
                    Ordering::Less => (one.epoch, [one.hash(), other.previous]),
                    Ordering::Greater => (other.epoch, [one.previous, other.hash()]),
                };
                Ok(Split { accused, key: *key, at, roots })
            }
            Self::Checkpoints { log, key, first, second } => {
                let name = std::str::from_utf8(log).map_err(|_| EvidenceError::Unsigned)?;
                let log = LogKey::new(name, key).map_err(|_| EvidenceError::Unsigned)?;
                let head = |note: &[u8]| {
                    OpenCheckpoint::open(note, &log)
                        .map(|open| open.head())
                        .map_err(|_| EvidenceError::Unsigned)
                };
                let (one, other) = (head(first)?, head(second)?);
                if one.size != other.size || one.root == other.root {
                    return Err(EvidenceError::NoContradiction);
                }
                let accused = Accused::Log(name.to_owned());
                Ok(Split { accused, key: *key, at: one.size, roots: [one.root, other.root] })
            }
        }
    }
}

impl Wire for Evidence {
    const LIMIT: usize = 2 * CHECKPOINT + 1024;
    const NAME: &'static str = "evidence";
}
