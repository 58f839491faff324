//! Independent eyes: this service verifies every epoch of other services' directories before it signs, and has its own
//! looked at by them.

use super::{Directory, DirectoryError, rows};
use crate::federation::{Endpoint, FederationError};
use rows::AuditRow;
use std::{error::Error, sync::Arc, time::Duration};
use trefoil_proto::{Domain, Wire as _};
use trefoil_store::{Batch, KeyRange, SqliteView, StoreError};
use trefoil_transparency::{
    directory::{AuditAnswer, AuditError, AuditRequest, EpochRecord, Followed, ServiceKey, ServiceKeys},
    gossip::{Evidence, SignedRoot, SignedRoots},
};

/// How often an auditor is asked to sign again when nothing changed.
const REFRESH: Duration = Duration::from_secs(3600);
/// First and longest pause after an auditor was not reached.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Evidence that is shown.
const SPLITS: usize = 4096;
/// Epochs in one answer at most.
const PAGE: u64 = 256;

impl Directory {
    /// As an auditor: takes the next epochs of a peer's directory, each verified from the one before, and signs the
    /// newest. What is signed is durable before.
    ///
    /// # Errors
    /// [`DirectoryError::OtherKey`], [`DirectoryError::Audit`]; [`DirectoryError::Forked`], the evidence is stored;
    /// [`DirectoryError::Contended`]; the store failed. Nothing was signed.
    pub async fn audit(&self, peer: &Domain, request: AuditRequest) -> Result<AuditAnswer, DirectoryError> {
        let key = rows::domain_key(peer);
        let old = self.store.get(rows::FOLLOWED, key.clone().into()).await.map_err(DirectoryError::Read)?;
        let followed: Followed = match &old {
            Some(row) => rows::decode(row)?,
            None => Followed::new(peer.clone(), request.key),
        };
        if followed.key != request.key {
            return Err(DirectoryError::OtherKey);
        }
        let before = followed.clone();
        // Hashing takes milliseconds for each hundred people.
        let verified = tokio::task::spawn_blocking(move || before.take(&request.records)).await;
        let followed_now = match verified.map_err(|stopped| DirectoryError::Tree(stopped.to_string()))? {
            Ok(now) => now,
            Err(AuditError::Forked(evidence)) => return self.keep_evidence(peer, &evidence).await,
            Err(error) => return Err(DirectoryError::Audit(error)),
        };
        // Of a service that has shown nothing, nothing is kept.
        if followed_now != followed {
            let mut batch = Batch::new();
            match old {
                Some(old) => batch.assert_equals(rows::FOLLOWED, key.clone(), old),
                None => batch.assert_absent(rows::FOLLOWED, key.clone()),
            };
            batch.put(rows::FOLLOWED, key, rows::encode(&followed_now));
            self.store.commit(batch).await.map_err(|error| match error {
                StoreError::AssertFailed { .. } => DirectoryError::Contended,
                error => DirectoryError::Write(error),
            })?;
        }
        Ok(AuditAnswer {
            key: self.public_key(),
            epoch: followed_now.epoch(),
            signature: followed_now.sign(self.domain.clone(), self.clock.now(), &self.signing),
        })
    }

    async fn keep_evidence(&self, peer: &Domain, evidence: &Evidence) -> Result<AuditAnswer, DirectoryError> {
        let at = evidence.verify().map_or(0, |split| split.at);
        tracing::error!(%peer, epoch = at, "another service signed two different roots of its key directory");
        let mut batch = Batch::new();
        batch.put(rows::EVIDENCE, rows::evidence_key(peer, at), evidence.to_file());
        self.store.commit(batch).await.map_err(DirectoryError::Write)?;
        Err(DirectoryError::Forked)
    }

    /// The directory keys that this service knows, its own first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn service_keys(&self) -> Result<ServiceKeys, DirectoryError> {
        let mut keys = vec![ServiceKey { service: self.domain.clone(), key: self.public_key() }];
        let audits = self.store.scan(rows::AUDITS, KeyRange::all(), ServiceKeys::MOST / 2);
        for (service, row) in audits.await.map_err(DirectoryError::Read)? {
            keys.push(ServiceKey { service: domain(&service)?, key: AuditRow::decode(&row)?.key });
        }
        let followed = self.store.scan(rows::FOLLOWED, KeyRange::all(), ServiceKeys::MOST / 2 - 1);
        for (service, row) in followed.await.map_err(DirectoryError::Read)? {
            let (service, key) = (domain(&service)?, rows::decode::<Followed>(&row)?.key);
            // Who audits us and is audited by us may have shown two keys: then neither is handed on.
            match keys.iter().position(|known| known.service == service) {
                Some(place) if keys[place].key != key => drop(keys.remove(place)),
                Some(_) => {}
                None => keys.push(ServiceKey { service, key }),
            }
        }
        Ok(ServiceKeys { keys })
    }

    /// Has an auditor look at each epoch as it comes, and sign again now and then. Ends never.
    pub(super) async fn be_audited(self: Arc<Self>, auditor: Domain) {
        let mut epochs = self.epochs.subscribe();
        let mut pause = FIRST_PAUSE;
        loop {
            epochs.mark_unchanged();
            match self.ask(&auditor).await {
                Ok(()) => {
                    pause = FIRST_PAUSE;
                    let _ = tokio::time::timeout(REFRESH, epochs.changed()).await;
                }
                Err(error) => {
                    match &error {
                        AskError::Reach(_) => {
                            tracing::debug!(%auditor, error = &error as &dyn Error, "an auditor was not reached");
                        }
                        _ => tracing::warn!(
                            %auditor,
                            error = &error as &dyn Error,
                            "an auditor does not sign this key directory"
                        ),
                    }
                    let _ = tokio::time::timeout(pause, epochs.changed()).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Shows an auditor what it has not seen, until it has signed the newest root.
    pub(super) async fn ask(&self, auditor: &Domain) -> Result<(), AskError> {
        let mut known = self.audit_row(auditor).await?;
        let mut from = known.as_ref().map_or(0, |row| row.epoch) + 1;
        let mut went_back = false;
        loop {
            let Some(head) = self.head().await? else { return Ok(()) };
            let records = self.records(from, AuditRequest::BYTES).await?;
            let request = AuditRequest { key: self.public_key(), records };
            let segment = self.domain.as_str();
            let answer = self
                .federation
                .forward(auditor, Endpoint::AuditDirectory, segment, request.encode().into())
                .await?;
            let answer = AuditAnswer::decode(&answer).map_err(|_| AskError::Answer)?;
            self.note_answer(auditor, known.take(), &answer, head.root.epoch).await?;
            known = self.audit_row(auditor).await?;
            if answer.epoch == head.root.epoch {
                return Ok(());
            }
            // It may know less than it did, once. Otherwise it goes on, or it is not asked any more now.
            if answer.epoch < from && std::mem::replace(&mut went_back, true) {
                return Err(AskError::Answer);
            }
            from = answer.epoch + 1;
        }
    }

    /// Keeps what an auditor said, if it is true: that it verified an epoch that there is, signed.
    async fn note_answer(
        &self,
        auditor: &Domain,
        known: Option<AuditRow>,
        answer: &AuditAnswer,
        head: u64,
    ) -> Result<(), AskError> {
        if known.as_ref().is_some_and(|known| known.key != answer.key) {
            return Err(DirectoryError::OtherKey.into());
        }
        if answer.epoch > head || answer.signature.is_some() != (answer.epoch > 0) {
            return Err(AskError::Answer);
        }
        if let Some(signature) = &answer.signature {
            let root = self.root_at(answer.epoch).await?;
            if signature.auditor != *auditor || !signature.is_over(&root.root, &answer.key) {
                return Err(AskError::Answer);
            }
        }
        let row = AuditRow { key: answer.key, epoch: answer.epoch, signature: answer.signature.clone() };
        let mut batch = Batch::new();
        let key = rows::domain_key(auditor);
        match known {
            Some(known) => batch.assert_equals(rows::AUDITS, key.clone(), known.encode()),
            None => batch.assert_absent(rows::AUDITS, key.clone()),
        };
        batch.put(rows::AUDITS, key, row.encode());
        self.store.commit(batch).await.map_err(|error| match error {
            StoreError::AssertFailed { .. } => DirectoryError::Contended,
            error => DirectoryError::Write(error),
        })?;
        self.audited.send_replace(answer.epoch);
        Ok(())
    }

    pub(super) async fn audit_row(&self, auditor: &Domain) -> Result<Option<AuditRow>, DirectoryError> {
        let row = self.store.get(rows::AUDITS, rows::domain_key(auditor).into()).await;
        row.map_err(DirectoryError::Read)?.map(|row| AuditRow::decode(&row)).transpose()
    }

    /// Epochs in order from one on, as many as fit into so many bytes, one at least if there is one.
    ///
    /// # Errors
    /// The store failed.
    pub async fn records(&self, from: u64, bytes: usize) -> Result<Vec<EpochRecord>, DirectoryError> {
        let (mut records, mut size) = (Vec::new(), 0);
        // One at a time: an epoch may have megabytes, and nobody is to have a page of such in memory by asking.
        for epoch in from..from.saturating_add(PAGE) {
            let row = self.store.get(rows::EPOCHS, rows::epoch_key(epoch).into()).await;
            let Some(row) = row.map_err(DirectoryError::Read)? else { break };
            size += row.len();
            if size > bytes && !records.is_empty() {
                break;
            }
            records.push(rows::decode(&row)?);
        }
        Ok(records)
    }

    /// The signed root of an epoch.
    ///
    /// # Errors
    /// [`DirectoryError::NoSuchEpoch`]; the store failed.
    pub async fn root_at(&self, epoch: u64) -> Result<SignedRoot, DirectoryError> {
        let row = self.store.get(rows::ROOTS, rows::epoch_key(epoch).into()).await;
        rows::decode(&row.map_err(DirectoryError::Read)?.ok_or(DirectoryError::NoSuchEpoch)?)
    }

    /// The signed roots from an epoch on, as many as go into one answer.
    ///
    /// # Errors
    /// [`DirectoryError::NoSuchEpoch`] if there is not even that one; the store failed.
    pub async fn roots_from(&self, epoch: u64) -> Result<SignedRoots, DirectoryError> {
        let range = KeyRange { start: rows::epoch_key(epoch).into(), end: None };
        let rows = self.store.scan(rows::ROOTS, range, SignedRoots::MOST).await;
        let rows = rows.map_err(DirectoryError::Read)?;
        let roots: Vec<SignedRoot> =
            rows.iter().map(|(_, row)| rows::decode(row)).collect::<Result<_, _>>()?;
        match roots.first() {
            Some(first) if first.root.epoch == epoch => Ok(SignedRoots { roots }),
            _ => Err(DirectoryError::NoSuchEpoch),
        }
    }
}

/// The directories that the service with this store saw showing two faces.
///
/// # Errors
/// [`DirectoryError::Read`], [`DirectoryError::DamagedRow`].
pub fn splits(view: &SqliteView) -> Result<Vec<Evidence>, DirectoryError> {
    let found = view.scan(rows::EVIDENCE, &KeyRange::all(), SPLITS).map_err(DirectoryError::Read)?;
    found.iter().map(|(_, file)| Evidence::from_file(file).map_err(|_| DirectoryError::DamagedRow)).collect()
}

/// Why an auditor has not signed.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    #[error("reach the auditor")]
    Reach(#[from] FederationError),
    #[error("the auditor answered what it must not")]
    Answer,
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

fn domain(key: &[u8]) -> Result<Domain, DirectoryError> {
    let text = std::str::from_utf8(key).ok().and_then(|text| text.parse().ok());
    text.ok_or(DirectoryError::DamagedRow)
}
