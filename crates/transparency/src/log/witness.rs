//! What a witness decides: whether a log only grew since it last looked.

use super::{ConsistencyProof, OpenCheckpoint, TreeHead, WitnessError, WitnessSigner};
use trefoil_proto::Timestamp;

/// The cosignature in what [`witness`] returned: its last line, without the line feed.
pub fn cosignature(note: &[u8]) -> &[u8] {
    let note = note.strip_suffix(b"\n").unwrap_or(note);
    note.rsplit(|byte| *byte == b'\n').next().unwrap_or_default()
}

/// Cosigns a checkpoint if it is consistent with the head that was kept for this log ([`TreeHead::EMPTY`] at first).
///
/// Returns the head to keep and the note with the cosignature. The head must be durable **before** the note leaves,
/// or a crash could make the witness sign two histories. Two requests for one log must not run at once.
///
/// # Errors
/// [`WitnessError`]; nothing was signed, and what was kept is still right.
pub fn witness(
    signer: &WitnessSigner,
    kept: &TreeHead,
    checkpoint: OpenCheckpoint,
    proof: &ConsistencyProof,
    now: Timestamp,
) -> Result<(TreeHead, Vec<u8>), WitnessError> {
    let head = checkpoint.head();
    if head.size < kept.size {
        return Err(WitnessError::RolledBack);
    }
    if head.size == kept.size && head.root != kept.root {
        return Err(WitnessError::Forked);
    }
    proof.verify(kept, &head).map_err(WitnessError::NotConsistent)?;
    Ok((head, signer.cosign(checkpoint, now)))
}
