//! The public log: an append-only Merkle log (RFC 6962, section 2.1) with the tiles of C2SP tlog-tiles, signed-note
//! checkpoints and witness cosignatures. What is in it cannot be taken back or shown to one person only.
//!
//! Trees, tiles and notes are the crates `tlog_tiles` and `signed_note`; this room adds our entries, sizes and limits,
//! the keys, and who decides what: the log, a witness, a client with a policy.

mod checkpoint;
mod entry;
mod error;
mod policy;
mod tiles;
mod tree;
mod witness;

pub use checkpoint::{CHECKPOINT, LogKey, LogSigner, OpenCheckpoint, WitnessKey, WitnessSigner};
pub use entry::{DirectoryRoot, LogEntry, Release, ReleaseLabel};
pub use error::{CheckpointError, PolicyError, ProofError, TileError, WitnessError};
pub use policy::{LogPolicy, TrustedCheckpoint};
pub use tiles::{ENTRIES_A_BUNDLE, TilePath, bundle, new_tiles, unbundle};
pub use tree::{ConsistencyProof, InclusionProof, LOG_SIZE, MerkleLog, TreeHead, leaf_hash};
pub use witness::witness;

#[cfg(test)]
mod tests;
