//! Whom a client believes: one log, and k of n witnesses that saw it lately.

use super::{LogKey, OpenCheckpoint, PolicyError, TreeHead, WitnessKey};
use trefoil_proto::Timestamp;

/// A log, its witnesses, how many of them must have signed, and how long ago.
#[derive(Clone, Debug)]
pub struct LogPolicy {
    pub(super) log: LogKey,
    pub(super) witnesses: Vec<WitnessKey>,
    pub(super) quorum: usize,
    max_age_ms: u64,
}

/// A checkpoint that met a policy. Nothing else makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedCheckpoint {
    head: TreeHead,
    witnesses: Vec<String>,
}

impl LogPolicy {
    /// How old a cosignature may be unless a policy says otherwise, in milliseconds: 24 hours.
    pub const MAX_AGE: u64 = 24 * 60 * 60 * 1000;
    /// How far ahead of our clock a witness's may be, in milliseconds: 5 minutes.
    pub const AHEAD: u64 = 5 * 60 * 1000;

    /// Asks for `quorum` of the witnesses. A quorum of 0 takes the log's word alone: the person must be warned.
    ///
    /// # Errors
    /// [`PolicyError::Impossible`].
    pub fn new(log: LogKey, witnesses: Vec<WitnessKey>, quorum: usize) -> Result<Self, PolicyError> {
        // By key: a witness under two names is one witness, and the log is none.
        let mut keys: Vec<_> = witnesses.iter().map(WitnessKey::key).chain([log.key()]).collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        if quorum > witnesses.len() || keys.len() < all {
            return Err(PolicyError::Impossible);
        }
        Ok(Self { log, witnesses, quorum, max_age_ms: Self::MAX_AGE })
    }

    /// The log.
    pub fn log(&self) -> &LogKey {
        &self.log
    }

    /// How many witnesses must have signed.
    pub fn quorum(&self) -> usize {
        self.quorum
    }

    /// The same with another greatest age, in milliseconds.
    pub fn with_max_age(self, max_age_ms: u64) -> Self {
        Self { max_age_ms, ..self }
    }

    /// Checks the log's signature and counts the witnesses that signed lately. Whether the checkpoint is consistent
    /// with the one kept from before is for [`super::ConsistencyProof`].
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn check(&self, bytes: &[u8], now: Timestamp) -> Result<TrustedCheckpoint, PolicyError> {
        let checkpoint = OpenCheckpoint::open(bytes, &self.log)?;
        let fresh =
            |at: Timestamp| now.millis_since(at) <= self.max_age_ms && at.millis_since(now) <= Self::AHEAD;
        let witnesses: Vec<_> = self
            .witnesses
            .iter()
            .filter(|witness| checkpoint.cosigned_at(witness).is_some_and(fresh))
            .map(|witness| witness.name().to_owned())
            .collect();
        if witnesses.len() < self.quorum {
            return Err(PolicyError::TooFewWitnesses { fresh: witnesses.len(), needed: self.quorum });
        }
        Ok(TrustedCheckpoint { head: checkpoint.head(), witnesses })
    }
}

impl TrustedCheckpoint {
    /// The head.
    pub fn head(&self) -> TreeHead {
        self.head
    }

    /// Which witnesses signed lately; empty where the policy asks for none and none did.
    pub fn witnesses(&self) -> &[String] {
        &self.witnesses
    }
}
