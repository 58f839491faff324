//! The public log: an append-only Merkle log (RFC 6962, section 2.1) with the tiles of C2SP tlog-tiles, signed-note
//! checkpoints and witness cosignatures. What is in it cannot be taken back or shown to one person only.
//!
//! Trees, tiles and notes are the crates `tlog_tiles` and `signed_note`; this room adds our entries, sizes and limits,
//! the keys, and who decides what: the log, a witness, a client with a policy.

mod checkpoint;
mod edge;
mod entry;
mod error;
mod policy;
mod policy_file;
mod proof_file;
mod submission;
mod text;
mod tiled;
mod tiles;
mod tree;
mod vkey;
mod witness;

pub use checkpoint::{CHECKPOINT, LogKey, LogSigner, OpenCheckpoint, WitnessKey, WitnessSigner};
pub use edge::RightEdge;
pub use entry::{DirectoryRoot, LogEntry, Release, ReleaseLabel, TrailHead};
pub use error::{
    CheckpointError, LoggedError, MalformedText, PolicyError, PolicyFileError, ProofError, TileError,
    WitnessError,
};
pub use policy::{LogPolicy, TrustedCheckpoint};
pub use proof_file::LoggedEntry;
pub use submission::Submission;
pub use tiled::{Proving, TiledLog};
pub use tiles::{ENTRIES_A_BUNDLE, TilePath, bundle, new_tiles, unbundle};
pub use tree::{ConsistencyProof, InclusionProof, LOG_SIZE, MerkleLog, TreeHead, leaf_hash};
pub use witness::{cosignature, witness};

use tiles::LEVELS;
use trefoil_proto::Domain;

/// The name of a service's log, which is the origin of its checkpoints and the URL of its tiles without scheme.
pub fn log_name(domain: &Domain) -> String {
    format!("{domain}/log")
}

/// The name under which a service cosigns.
pub fn witness_name(domain: &Domain) -> String {
    format!("{domain}/witness")
}

#[cfg(test)]
mod tests;
