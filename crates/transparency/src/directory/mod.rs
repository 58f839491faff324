//! The key directory: proofs that a person's newest device set is what the directory of their service says at an
//! epoch, and that from one epoch to the next it only grew.
//!
//! The tree, its hashes and the VRF are those of the crate `akd` (the configuration `WhatsAppV1`); services build with
//! `akd`, and `akd_core` verifies here. Ours is the encoding: a path says only what does not follow from the label that
//! it leads to, so that the checks `akd_core` leaves out (docs/adr/0014) hold for whatever decodes. The format is in
//! `docs/spec/directory.md`.

mod append_only;
mod audit;
mod error;
mod followed;
mod history;
mod label;
mod path;
mod proof;
#[cfg(test)]
mod tests;
mod trie;

#[cfg(test)]
pub(crate) use tests::samples;

pub use append_only::AppendOnlyProof;
pub use audit::{
    AUDIT_LABEL, AuditAnswer, AuditError, AuditRequest, AuditSignature, EpochRecord, EpochRecords,
    RootRequest,
};
pub use error::{DirectoryError, ProofError};
pub use followed::Followed;
pub use history::{HistoryProof, Proven};
pub use proof::{Checked, KeyProof, KeyProofRequest, Policy, ServiceKey, ServiceKeys};
pub use trie::EMPTY_ROOT;

/// Hashes and labels of `akd` as WhatsApp runs it.
type Tree = akd_core::WhatsAppV1Configuration;
