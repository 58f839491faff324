//! Who was shown what: the root of a directory that a client carries inside its messages, what two people find when
//! they compare, and the evidence of a split view as a file that verifies offline.
//!
//! The formats are in `docs/spec/evidence.md`.

mod evidence;
mod root;
#[cfg(test)]
mod tests;

pub use evidence::{Accused, Evidence, EvidenceError, Split};
pub use root::{
    Comparison, DIRECTORY_ROOT_LABEL, GossipError, SignedRoot, SignedRoots, VerifiedRoot, compare,
};
