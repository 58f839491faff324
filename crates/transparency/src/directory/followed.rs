//! An auditor's knowledge of one directory: how far it verified, and that it signs nothing else.

use super::{AuditError, AuditSignature, EpochRecord};
use crate::gossip::{self, Comparison, SignedRoot};
use ed25519_dalek::SigningKey;
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{Domain, ProtoError, Timestamp, Wire};

/// First bytes of a file that keeps it.
const MAGIC: &[u8; 23] = b"trefoil audit state v1\n";

/// A directory that is followed, and every epoch of it verified.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Followed {
    /// Whose directory.
    pub directory: Domain,
    /// Its service's directory key, as it first was.
    pub key: [u8; 32],
    /// The newest root that was verified, every epoch before it included.
    pub newest: Option<SignedRoot>,
}

impl Followed {
    /// A directory of which nothing was seen yet.
    pub fn new(directory: Domain, key: [u8; 32]) -> Self {
        Self { directory, key, newest: None }
    }

    /// Number of the newest epoch that was verified; 0 for none.
    pub fn epoch(&self) -> u64 {
        self.newest.as_ref().map_or(0, |newest| newest.root.epoch)
    }

    /// Verifies the epochs that come next. Older ones are passed over, the newest one again must be the same, and what
    /// comes after a gap is left for later. The result must be durable before it is signed.
    ///
    /// # Errors
    /// [`AuditError::Forked`] with the evidence; [`AuditError`] for an epoch that does not follow. What was known stays.
    pub fn take(&self, records: &[EpochRecord]) -> Result<Self, AuditError> {
        let mut now = self.clone();
        for record in records {
            let epoch = record.root.root.epoch;
            // The newest one again, or the next one: if it belongs to another history, both are signed.
            if epoch == now.epoch() || epoch == now.epoch() + 1 {
                now.check_again(&record.root)?;
            }
            if epoch <= now.epoch() {
                continue;
            }
            if epoch != now.epoch() + 1 {
                break;
            }
            let before = now.newest.as_ref().map(|newest| &newest.root);
            record.verify(&self.directory, &self.key, before)?;
            now.newest = Some(record.root.clone());
        }
        Ok(now)
    }

    /// The newest epoch as it is told again, or the next one: a root of another history is evidence.
    ///
    /// # Errors
    /// [`AuditError::Forked`]; [`AuditError::Root`] for a root that is not signed by the service.
    pub fn check_again(&self, told: &SignedRoot) -> Result<(), AuditError> {
        let Some(newest) = &self.newest else { return Ok(()) };
        let verified = |signed: &SignedRoot| signed.clone().verify(&self.key).map_err(AuditError::Root);
        match gossip::compare(&verified(newest)?, &verified(told)?).map_err(AuditError::Root)? {
            Comparison::Split(evidence) => Err(AuditError::Forked(evidence)),
            Comparison::Same | Comparison::Older | Comparison::Newer => Ok(()),
        }
    }

    /// Signs the newest root that was verified; `None` before the first.
    pub fn sign(&self, auditor: Domain, time: Timestamp, key: &SigningKey) -> Option<AuditSignature> {
        let newest = self.newest.as_ref()?;
        Some(AuditSignature::sign(&newest.root, auditor, time, key))
    }

    /// As a file.
    pub fn to_file(&self) -> Vec<u8> {
        [&MAGIC[..], &self.encode()].concat()
    }

    /// From a file that this auditor wrote.
    ///
    /// # Errors
    /// [`ProtoError::Malformed`].
    pub fn from_file(bytes: &[u8]) -> Result<Self, ProtoError> {
        let body = bytes.strip_prefix(MAGIC).ok_or(ProtoError::Malformed(Self::NAME))?;
        Self::decode(body)
    }
}

impl Wire for Followed {
    const LIMIT: usize = 2048;
    const NAME: &'static str = "audit state";
}
