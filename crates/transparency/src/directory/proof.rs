//! The answer to "which devices does this person have": everything that a client checks before it trusts a key.

use super::{AuditSignature, DirectoryError, HistoryProof, Proven};
use crate::{
    device_set::{Changes, DeviceSetChain, Step, VerifiedSet},
    gossip::{self, Comparison, GossipError, SignedRoot, VerifiedRoot},
    log::DirectoryRoot,
};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{Domain, Timestamp, UserUri, Wire, defence::Defence};

/// Asks for a proof of a person's newest set.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct KeyProofRequest {
    /// Whose.
    pub user: UserUri,
    /// Sequence number of the newest set that the asking device has verified; the answer leads on from it.
    pub known: Option<u64>,
}

/// A proof of a person's newest set, by the directory of their service. 2 to 8 KiB.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct KeyProof {
    /// The directory's newest root.
    pub root: SignedRoot,
    /// Who else vouches for it; at most [`KeyProof::AUDITS`].
    pub audits: Vec<AuditSignature>,
    /// The directory's VRF public key.
    pub vrf_key: [u8; 32],
    /// That the directory holds this and nothing newer for the person.
    pub proof: HistoryProof,
    /// The sets after the one that is known, or from one signed by the account key; ends with the one that is proven.
    pub chain: DeviceSetChain,
}

/// A service's directory key: it signs the roots of its directory and what it audited of others.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ServiceKey {
    /// Whose.
    pub service: Domain,
    /// Ed25519.
    pub key: [u8; 32],
}

/// The directory keys of a service, first, and of those it knows.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ServiceKeys {
    /// At most [`ServiceKeys::MOST`], each service once.
    pub keys: Vec<ServiceKey>,
}

/// Whom a client believes about directories, and what it saw of this one.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// The directory keys that the client keeps, by service.
    pub keys: &'a [ServiceKey],
    /// How many services other than the directory's own must have signed the root. With 0 the person must be warned.
    pub needed: usize,
    /// The newest root of this directory that was seen.
    pub newest: Option<&'a VerifiedRoot>,
}

/// What an answer proved.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The root it was checked under: to be kept as the newest one seen.
    pub root: VerifiedRoot,
    /// What the directory says.
    pub proven: Proven,
    /// The person's newest set, beside the one that was known.
    pub set: Step,
    /// Which services vouch for the root.
    pub auditors: Vec<Domain>,
}

impl KeyProof {
    /// Signatures by auditors in one answer.
    pub const AUDITS: usize = 16;
    /// How old an auditor's signature may be, in milliseconds: 24 hours.
    pub const MAX_AGE: u64 = 24 * 60 * 60 * 1000;
    /// How far ahead of our clock it may be, in milliseconds: 5 minutes.
    pub const AHEAD: u64 = 5 * 60 * 1000;

    /// Checks everything: who signed the root and how lately, that it is not older than one that was seen and does not
    /// contradict it, what it proves of the person, and that the sets lead there from the one that was known.
    ///
    /// # Errors
    /// [`DirectoryError`]; nothing of the answer can be used then.
    pub fn verify(
        self,
        user: &UserUri,
        known: Option<&VerifiedSet>,
        policy: Policy<'_>,
        now: Timestamp,
    ) -> Result<Checked, DirectoryError> {
        let root = policy.check_root(self.root, user)?;
        let auditors = policy.auditors(&self.audits, root.root(), now)?;
        let said = root.root();
        if DirectoryRoot::hash_of_vrf_key(&self.vrf_key) != said.vrf_key_hash {
            return Err(DirectoryError::OtherVrfKey);
        }
        let proven =
            self.proof.verify(&self.vrf_key, &said.root, said.epoch, user).map_err(DirectoryError::Proof)?;
        let set = match known {
            Some(known) => known.lead_to(self.chain, &proven.value),
            None => VerifiedSet::anchored(self.chain, &proven.value)
                .map(|set| Step::Changed(set, Changes::default())),
        }
        .map_err(DirectoryError::Chain)?;
        let of = match &set {
            Step::Changed(set, _) => &set.set().user,
            Step::Reset(pending) => &pending.set().user,
        };
        if of != user {
            return Err(DirectoryError::OtherPerson);
        }
        Ok(Checked { root, proven, set, auditors })
    }
}

impl Policy<'_> {
    fn key_of(&self, service: &Domain) -> Option<&[u8; 32]> {
        self.keys.iter().find(|known| known.service == *service).map(|known| &known.key)
    }

    /// A root of the directory of the person's service, no older than the newest one that was seen.
    fn check_root(&self, signed: SignedRoot, user: &UserUri) -> Result<VerifiedRoot, DirectoryError> {
        if signed.root.directory != user.domain {
            return Err(DirectoryError::Root(GossipError::OtherDirectory));
        }
        let key = self.key_of(&user.domain).ok_or(DirectoryError::UnknownService)?;
        let root = signed.verify(key).map_err(DirectoryError::Root)?;
        let Some(newest) = self.newest else { return Ok(root) };
        let (known, told) = (newest.root().epoch, root.root().epoch);
        match gossip::compare(newest, &root).map_err(DirectoryError::Root)? {
            Comparison::Older => Err(DirectoryError::RolledBack { known, told }),
            Comparison::Split(evidence) => Err(DirectoryError::Split(evidence)),
            Comparison::Newer if newest.root().vrf_key_hash != root.root().vrf_key_hash => {
                Err(DirectoryError::OtherVrfKey)
            }
            Comparison::Same | Comparison::Newer => Ok(root),
        }
    }

    /// Who vouches for the root: each service once, not the directory's own, lately, under a key that is kept.
    fn auditors(
        &self,
        audits: &[AuditSignature],
        root: &DirectoryRoot,
        now: Timestamp,
    ) -> Result<Vec<Domain>, DirectoryError> {
        if !Defence::Auditors.stands() {
            return Ok(Vec::new());
        }
        if audits.len() > KeyProof::AUDITS {
            return Err(DirectoryError::BadAudit);
        }
        // Two names with one key are one pair of eyes, and the directory's own key is nobody's.
        let mut met: Vec<&[u8; 32]> = self.key_of(&root.directory).into_iter().collect();
        let mut auditors: Vec<Domain> = Vec::new();
        let mut stale = 0;
        for audit in audits {
            let Some(key) = self.key_of(&audit.auditor) else { continue };
            if audit.auditor == root.directory || met.contains(&key) {
                continue;
            }
            // One that does not verify counts for nothing, and takes nothing from the others: or a service that shows
            // two keys of its own could part two others.
            if !audit.is_over(root, key) {
                continue;
            }
            met.push(key);
            let fresh = now.millis_since(audit.time) <= KeyProof::MAX_AGE
                && audit.time.millis_since(now) <= KeyProof::AHEAD;
            if fresh {
                auditors.push(audit.auditor.clone());
            } else {
                stale += 1;
            }
        }
        match (auditors.len(), self.needed) {
            (found, needed) if found >= needed => Ok(auditors),
            (found, needed) if found + stale >= needed => Err(DirectoryError::Stale),
            (found, needed) => Err(DirectoryError::Unaudited { found, needed }),
        }
    }
}

impl ServiceKeys {
    /// Services that one can know.
    pub const MOST: usize = 256;
}

impl Wire for KeyProofRequest {
    const LIMIT: usize = 1024;
    const NAME: &'static str = "key proof request";
}

impl Wire for KeyProof {
    const LIMIT: usize = trefoil_proto::limits::KEY_PROOF;
    const NAME: &'static str = "key proof";
}

impl Wire for ServiceKeys {
    const LIMIT: usize = 128 * 1024;
    const NAME: &'static str = "service keys";
}
