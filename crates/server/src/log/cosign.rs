//! Cosigning the logs of other services (C2SP tlog-witness): only what follows from what was cosigned before.
//!
//! The key of a log is learnt once, from its service's directory over mutual TLS, and kept: a log that comes with another
//! key later is refused.

use super::{
    Log, LogError,
    rows::{self, ForkRow, WitnessedRow},
};
use crate::federation::{FederationError, IncidentReason};
use trefoil_proto::Domain;
use trefoil_store::{Batch, KeyRange, SqliteView, StoreError};
use trefoil_transparency::{
    gossip::Evidence,
    log::{LogKey, OpenCheckpoint, Submission, TreeHead, WitnessError, cosignature, log_name, witness},
};

/// Forks that are shown: one a service.
const FORKS: usize = 4096;

/// The forks of logs that the service with this store saw, one a log: two checkpoints, both signed, that contradict each
/// other.
///
/// # Errors
/// [`LogError::Store`], [`LogError::DamagedRow`].
pub fn forks(view: &SqliteView) -> Result<Vec<Evidence>, LogError> {
    let mut forks = Vec::new();
    for (peer, row) in view.scan(rows::FORKS, &KeyRange::all(), FORKS)? {
        let known = view.get(rows::WITNESSED, &peer)?.ok_or(LogError::DamagedRow)?;
        forks.push(evidence(&peer, &row, &known)?);
    }
    Ok(forks)
}

/// A fork as it is kept, with the key that the log had when it was first cosigned.
pub(super) fn evidence(peer: &[u8], fork: &[u8], witnessed: &[u8]) -> Result<Evidence, LogError> {
    let domain: Option<Domain> = std::str::from_utf8(peer).ok().and_then(|text| text.parse().ok());
    let log = log_name(&domain.ok_or(LogError::DamagedRow)?).into_bytes();
    let (ForkRow { kept, shown }, WitnessedRow { key, .. }) =
        (ForkRow::decode(fork)?, WitnessedRow::decode(witnessed)?);
    Ok(Evidence::Checkpoints { log, key, first: kept, second: shown })
}

impl Log {
    /// Cosigns a checkpoint of the log of the service that asks; the line to answer with. What was kept is durable by
    /// then.
    ///
    /// # Errors
    /// [`LogError::UnknownLog`], [`LogError::NoKey`], [`LogError::Checkpoint`], [`LogError::OldSize`],
    /// [`LogError::OtherSize`] with the size that was cosigned last, [`LogError::Refused`]; nothing was signed.
    pub async fn cosign(&self, peer: &Domain, submission: &Submission) -> Result<Vec<u8>, LogError> {
        if submission.origin() != log_name(peer) {
            return Err(LogError::UnknownLog(submission.origin().to_owned()));
        }
        let _alone = self.cosigning.lock().await;
        let row = self.get(rows::WITNESSED, rows::domain_key(peer)).await?;
        let kept = row.as_deref().map(WitnessedRow::decode).transpose()?;
        let key = match &kept {
            Some(kept) => LogKey::new(&log_name(peer), &kept.key).map_err(|_| LogError::DamagedRow)?,
            None => self.key_of(peer).await?,
        };
        let checkpoint = OpenCheckpoint::open(&submission.checkpoint, &key)?;
        let proof = submission.proof();
        if submission.old > proof.new {
            return Err(LogError::OldSize);
        }
        let head = kept.as_ref().map_or(TreeHead::EMPTY, |kept| kept.head);
        if submission.old != head.size {
            return Err(LogError::OtherSize(head.size));
        }
        let shown = checkpoint.to_bytes();
        let cosigned = witness(&self.witness, &head, checkpoint, &proof, self.clock.now());
        let (head, note) = match cosigned {
            Ok(cosigned) => cosigned,
            Err(error) => {
                self.refused(peer, kept.as_ref(), shown, &error).await?;
                return Err(LogError::Refused(error));
            }
        };
        let mut batch = Batch::new();
        match row {
            Some(row) => batch.assert_equals(rows::WITNESSED, rows::domain_key(peer), row),
            None => batch.assert_absent(rows::WITNESSED, rows::domain_key(peer)),
        };
        let row = WitnessedRow { key: key.key(), head, checkpoint: note.clone() };
        batch.put(rows::WITNESSED, rows::domain_key(peer), row.encode());
        match self.store.commit(batch).await {
            Ok(_) => Ok([cosignature(&note), b"\n"].concat()),
            // Another process cosigned at this moment; the log asks again.
            Err(StoreError::AssertFailed { .. }) => Err(LogError::Contended),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps the first fork of a log as evidence, and records the incident.
    async fn refused(
        &self,
        peer: &Domain,
        kept: Option<&WitnessedRow>,
        shown: Vec<u8>,
        error: &WitnessError,
    ) -> Result<(), LogError> {
        if let (WitnessError::Forked, Some(kept)) = (error, kept) {
            let mut batch = Batch::new();
            batch.assert_absent(rows::FORKS, rows::domain_key(peer));
            let row = ForkRow { kept: kept.checkpoint.clone(), shown };
            batch.put(rows::FORKS, rows::domain_key(peer), row.encode());
            match self.store.commit(batch).await {
                Ok(_) | Err(StoreError::AssertFailed { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.federation.record_incident(peer, IncidentReason::LogForked, self.clock.now()).await;
        Ok(())
    }

    async fn key_of(&self, peer: &Domain) -> Result<LogKey, LogError> {
        let keys = self.federation.log_keys(peer).await?.ok_or_else(|| LogError::NoKey(peer.clone()))?;
        let key: Option<LogKey> = keys.log.parse().ok();
        key.filter(|key| key.name() == log_name(peer)).ok_or_else(|| {
            let what = "the key of its log is none, or has another name";
            FederationError::Misbehaved { domain: peer.clone(), what }.into()
        })
    }
}
