//! What independent eyes say of a directory, and what they look at.

use super::{AppendOnlyProof, EMPTY_ROOT, ProofError};
use crate::{
    gossip::{Evidence, GossipError, SignedRoot},
    log::DirectoryRoot,
};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use tls_codec::{Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{Domain, Timestamp, Wire};

/// What every auditor's signature begins with.
pub const AUDIT_LABEL: &str = "Trefoil 1.0 DirectoryAudit";

/// An auditor's word: every epoch of the directory up to this one follows from the one before, from the empty
/// directory on; at this time it was the newest; and I have signed no other root for this epoch.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct AuditSignature {
    /// Who says so: a service, or whoever runs `trefoil audit`.
    pub auditor: Domain,
    /// When.
    pub time: Timestamp,
    /// Ed25519 by the auditor's directory key over [`AUDIT_LABEL`], the auditor, the time and the root.
    pub signature: [u8; 64],
}

/// What an auditor signs.
#[derive(Clone, Debug, TlsSize, TlsSerialize)]
struct AuditTbs<'a> {
    label: &'a [u8],
    auditor: Domain,
    time: Timestamp,
    root: &'a DirectoryRoot,
}

/// One epoch, as an auditor gets it.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct EpochRecord {
    /// The root, signed by the directory's service.
    pub root: SignedRoot,
    /// From the epoch before.
    pub proof: AppendOnlyProof,
}

/// Asks another service to look at our directory: epochs in order, from the one after the newest that it has. No epochs:
/// asks for a fresh signature only.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct AuditRequest {
    /// The directory key of who asks.
    pub key: [u8; 32],
    /// At most as many as fit.
    pub records: Vec<EpochRecord>,
}

/// What the auditor says: how far it got, and its signature over that root.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct AuditAnswer {
    /// The auditor's directory key.
    pub key: [u8; 32],
    /// The newest epoch that it verified; 0 for none.
    pub epoch: u64,
    /// Over that epoch's root. Absent if it has none.
    pub signature: Option<AuditSignature>,
}

/// Asks for the root of an epoch, to compare it with what somebody was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RootRequest {
    /// Which.
    pub epoch: u64,
}

/// Epochs as anyone may ask for them.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct EpochRecords {
    /// In order; at most as many as fit.
    pub records: Vec<EpochRecord>,
}

/// Why an auditor does not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// Not signed by the directory's service, or of another directory.
    #[error("a root that its service did not sign")]
    Root(#[source] GossipError),
    /// Not the next epoch.
    #[error("epoch {told} where {expected} comes next")]
    OutOfOrder {
        /// The one that comes next.
        expected: u64,
        /// The one that came.
        told: u64,
    },
    /// The directory changed its VRF key, under which all labels are.
    #[error("the directory changed its VRF key")]
    OtherVrfKey,
    /// The root names another one as the one before.
    #[error("the root names another one as the one before")]
    OtherHistory,
    /// The epoch does not follow from the one before.
    #[error("the epoch does not follow from the one before")]
    Proof(#[source] ProofError),
    /// Another root of an epoch that was verified: both are signed. The evidence convinces anyone.
    #[error("two different roots of one epoch, both signed")]
    Forked(Box<Evidence>),
}

impl AuditSignature {
    /// Signs. The root must be durable as the newest that was verified **before** the signature leaves.
    pub fn sign(root: &DirectoryRoot, auditor: Domain, time: Timestamp, key: &SigningKey) -> Self {
        let signature = key.sign(&AuditTbs::encode(&auditor, time, root)).to_bytes();
        Self { auditor, time, signature }
    }

    /// Whether the auditor with this key signed exactly this root.
    pub fn is_over(&self, root: &DirectoryRoot, key: &[u8; 32]) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(key) else { return false };
        let message = AuditTbs::encode(&self.auditor, self.time, root);
        key.verify_strict(&message, &Signature::from_bytes(&self.signature)).is_ok()
    }
}

impl AuditTbs<'_> {
    fn encode(auditor: &Domain, time: Timestamp, root: &DirectoryRoot) -> Vec<u8> {
        AuditTbs { label: AUDIT_LABEL.as_bytes(), auditor: auditor.clone(), time, root }
            .tls_serialize_detached()
            .expect("a root of bounded parts always encodes")
    }
}

impl EpochRecord {
    /// Checks that this is the epoch after `before` (`None`: the first), under the directory's key.
    ///
    /// # Errors
    /// [`AuditError`].
    pub fn verify(
        &self,
        directory: &Domain,
        key: &[u8; 32],
        before: Option<&DirectoryRoot>,
    ) -> Result<(), AuditError> {
        self.root.clone().verify(key).map_err(AuditError::Root)?;
        let root = &self.root.root;
        if root.directory != *directory {
            return Err(AuditError::Root(GossipError::OtherDirectory));
        }
        let expected = before.map_or(0, |before| before.epoch) + 1;
        if root.epoch != expected {
            return Err(AuditError::OutOfOrder { expected, told: root.epoch });
        }
        if before.is_some_and(|before| before.vrf_key_hash != root.vrf_key_hash) {
            return Err(AuditError::OtherVrfKey);
        }
        if root.previous != before.map_or([0; 32], DirectoryRoot::hash) {
            return Err(AuditError::OtherHistory);
        }
        let start = before.map_or(&EMPTY_ROOT, |before| &before.root);
        self.proof.verify(start, &root.root, root.epoch).map_err(AuditError::Proof)
    }
}

impl AuditRequest {
    /// Bytes of records in one request, unless a single one is larger.
    pub const BYTES: usize = 1024 * 1024;
}

impl Wire for AuditRequest {
    const LIMIT: usize = 18 * 1024 * 1024;
    const NAME: &'static str = "audit request";
}

impl Wire for AuditAnswer {
    const LIMIT: usize = 1024;
    const NAME: &'static str = "audit answer";
}

impl Wire for RootRequest {
    const LIMIT: usize = 1024;
    const NAME: &'static str = "root request";
}

impl Wire for EpochRecords {
    const LIMIT: usize = 18 * 1024 * 1024;
    const NAME: &'static str = "epoch records";
}

impl Wire for AuditSignature {
    const LIMIT: usize = 512;
    const NAME: &'static str = "audit signature";
}

impl Wire for EpochRecord {
    const LIMIT: usize = 16 * 1024 * 1024 + 1024;
    const NAME: &'static str = "epoch record";
}
