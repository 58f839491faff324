//! The proof of a person's newest value: that it is there, that the one before it was retired when it came, and that no
//! later one exists.

use super::{
    Tree,
    error::ProofError,
    label::LEAF,
    path::{AbsentPath, Path},
};
use crate::device_set::SetHash;
use akd_core::{
    AkdLabel, AkdValue, AzksValue, MembershipProof, NodeLabel, UpdateProof,
    configuration::Configuration as _,
    verify::{
        self,
        history::{HistoryParams, HistoryVerificationParams},
    },
};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{UserUri, Wire};

/// What a directory proves of a label at an epoch: its newest version and value.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct HistoryProof {
    version: u64,
    /// In which epoch the version came.
    since: u64,
    value: SetHash,
    commitment_nonce: [u8; 32],
    existence: Leaf,
    /// The version before it, marked stale in the same epoch. Absent for version 1.
    previous: Option<Leaf>,
    /// Earlier versions that must be there.
    past: Vec<PastMarker>,
    /// Later versions that must not be there.
    future: Vec<FutureMarker>,
}

/// A leaf with the VRF proof of its label.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct Leaf {
    label: LeafLabel,
    path: Path,
}

/// A leaf's label. `akd_core` checks that the VRF gives it and keeps the way from one to the other to itself.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct LeafLabel {
    vrf: [u8; 80],
    bits: [u8; 32],
}

#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct PastMarker {
    hash: [u8; 32],
    leaf: Leaf,
}

#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct FutureMarker {
    label: LeafLabel,
    path: AbsentPath,
}

/// What was proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The newest version, from 1.
    pub version: u64,
    /// The epoch in which it came.
    pub since: u64,
    /// Its value.
    pub value: SetHash,
}

impl HistoryProof {
    /// From what `akd` makes for `MostRecent(1)`. `None` if it is none that `akd` makes.
    pub fn from_akd(proof: &akd_core::HistoryProof) -> Option<Self> {
        let [update] = &proof.update_proofs[..] else { return None };
        let leaf = |vrf: &[u8], path: &MembershipProof| {
            Some(Leaf { label: LeafLabel::from_akd(vrf, path.label)?, path: Path::from_akd(path)? })
        };
        let previous = match (&update.previous_version_vrf_proof, &update.previous_version_proof) {
            (Some(vrf), Some(path)) => Some(leaf(vrf, path)?),
            (None, None) => None,
            _ => return None,
        };
        let past = proof.past_marker_vrf_proofs.iter().zip(&proof.existence_of_past_marker_proofs);
        let future = proof.future_marker_vrf_proofs.iter().zip(&proof.non_existence_of_future_marker_proofs);
        Some(Self {
            version: update.version,
            since: update.epoch,
            value: SetHash(update.value[..].try_into().ok()?),
            commitment_nonce: update.commitment_nonce[..].try_into().ok()?,
            existence: leaf(&update.existence_vrf_proof, &update.existence_proof)?,
            previous,
            past: past
                .map(|(vrf, path)| Some(PastMarker { hash: path.hash_val.0, leaf: leaf(vrf, path)? }))
                .collect::<Option<_>>()?,
            future: future
                .map(|(vrf, path)| {
                    let label = LeafLabel::from_akd(vrf, path.label)?;
                    Some(FutureMarker { label, path: AbsentPath::from_akd(path)? })
                })
                .collect::<Option<_>>()?,
        })
    }

    /// The value that it claims to prove.
    pub fn value(&self) -> SetHash {
        self.value
    }

    /// Checks that the directory with this root at this epoch has exactly this as the person's newest value.
    ///
    /// # Errors
    /// [`ProofError`]; nothing of the proof can be used then.
    pub fn verify(
        &self,
        vrf_key: &[u8; 32],
        root: &[u8; 32],
        epoch: u64,
        user: &UserUri,
    ) -> Result<Proven, ProofError> {
        // `akd_core` takes it for granted that there is an epoch.
        if epoch == 0 || self.version == 0 || self.version > epoch || self.since > epoch {
            return Err(ProofError::Version);
        }
        if self.previous.is_some() != (self.version > 1) {
            return Err(ProofError::Version);
        }
        let label = AkdLabel(user.to_string().into_bytes());
        let params = HistoryVerificationParams::Default { history_params: HistoryParams::MostRecent(1) };
        let results =
            verify::key_history_verify::<Tree>(vrf_key, *root, epoch, label, self.to_akd()?, params)
                .map_err(|error| ProofError::Directory(error.to_string()))?;
        match &results[..] {
            [result] if result.value[..] == self.value.0 && result.version == self.version => {
                Ok(Proven { version: self.version, since: self.since, value: self.value })
            }
            _ => Err(ProofError::Version),
        }
    }

    fn to_akd(&self) -> Result<akd_core::HistoryProof, ProofError> {
        let value = AkdValue(self.value.0.to_vec());
        let fresh = Tree::hash_leaf_with_value(&value, self.since, &self.commitment_nonce);
        let stale = Tree::hash_leaf_with_commitment(Tree::stale_azks_value(), self.since);
        let previous = self.previous.as_ref();
        let update = UpdateProof {
            epoch: self.since,
            value,
            version: self.version,
            existence_vrf_proof: self.existence.label.vrf.to_vec(),
            existence_proof: self.existence.to_akd(fresh.0)?,
            previous_version_vrf_proof: previous.map(|leaf| leaf.label.vrf.to_vec()),
            previous_version_proof: previous.map(|leaf| leaf.to_akd(stale.0)).transpose()?,
            commitment_nonce: self.commitment_nonce.to_vec(),
        };
        let past = self.past.iter().map(|marker| marker.leaf.to_akd(marker.hash));
        let future = self.future.iter().map(|marker| marker.path.to_akd(marker.label.to_akd()));
        Ok(akd_core::HistoryProof {
            update_proofs: vec![update],
            existence_of_past_marker_proofs: past.collect::<Result<_, _>>()?,
            past_marker_vrf_proofs: self.past.iter().map(|marker| marker.leaf.label.vrf.to_vec()).collect(),
            non_existence_of_future_marker_proofs: future.collect::<Result<_, _>>()?,
            future_marker_vrf_proofs: self.future.iter().map(|marker| marker.label.vrf.to_vec()).collect(),
        })
    }
}

impl Leaf {
    fn to_akd(&self, hash: [u8; 32]) -> Result<MembershipProof, ProofError> {
        self.path.to_akd(self.label.to_akd(), AzksValue(hash))
    }
}

impl LeafLabel {
    fn from_akd(vrf: &[u8], label: NodeLabel) -> Option<Self> {
        let bits = (label.label_len == LEAF).then_some(label.label_val)?;
        Some(Self { vrf: vrf.try_into().ok()?, bits })
    }

    fn to_akd(&self) -> NodeLabel {
        NodeLabel::new(self.bits, LEAF)
    }
}

impl Wire for HistoryProof {
    const LIMIT: usize = 64 * 1024;
    const NAME: &'static str = "history proof";
}
