//! Answers to "which devices does this person have": proofs under the newest root, with who vouches for it.

use super::{Directory, DirectoryError, Tree, nodes::Nodes, rows};
use akd::{
    AkdLabel, AzksParallelismConfig, HistoryParams,
    errors::{AkdError, StorageError},
    storage::StorageManager,
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use trefoil_proto::UserUri;
use trefoil_store::KeyRange;
use trefoil_transparency::{
    directory::{AuditSignature, HistoryProof, KeyProof, KeyProofRequest},
    gossip::SignedRoot,
};

/// How long somebody waits for the epoch that their question needs.
const EPOCH_WAIT: Duration = Duration::from_secs(10);
/// How long somebody waits for another service to look at an epoch that has just been made.
const AUDIT_WAIT: Duration = Duration::from_secs(3);
/// How often a proof is made again because an epoch came meanwhile.
const ATTEMPTS: usize = 8;

/// A proof under a root, kept for whoever asks the same before the next epoch.
#[derive(Clone)]
pub(super) struct Kept {
    root: [u8; 32],
    proof: Arc<HistoryProof>,
}

impl Directory {
    /// Proves a person's newest set. If it is in no epoch yet, the next one is made at once and waited for, and so are
    /// the auditors, for a moment.
    ///
    /// # Errors
    /// [`DirectoryError::NoSuchPerson`], [`DirectoryError::Late`]; the tree or the store failed.
    pub async fn prove(&self, request: &KeyProofRequest) -> Result<KeyProof, DirectoryError> {
        let user = &request.user;
        if user.domain != self.domain {
            return Err(DirectoryError::NoSuchPerson);
        }
        self.await_epoch(user).await?;
        self.await_audit().await?;
        let _permit = self.proving.acquire().await.expect("the semaphore is never closed");
        let mut attempts = ATTEMPTS;
        let (root, proof) = loop {
            match self.proof_under_head(user).await? {
                Some(made) => break made,
                None if attempts == 0 => return Err(DirectoryError::Contended),
                None => attempts -= 1,
            }
        };
        Ok(KeyProof {
            audits: self.audits_of(&root).await?,
            chain: self.chain(&user.id, request.known, &proof.value()).await?,
            vrf_key: self.vrf_key,
            proof: Arc::unwrap_or_clone(proof),
            root,
        })
    }

    /// `None` if an epoch came meanwhile.
    async fn proof_under_head(
        &self,
        user: &UserUri,
    ) -> Result<Option<(SignedRoot, Arc<HistoryProof>)>, DirectoryError> {
        let (head, held) = self.head_with_nodes().await?;
        let head = head.ok_or(DirectoryError::NoSuchPerson)?;
        if let Some(kept) = self.proofs.get(user).filter(|kept| kept.root == head.root.root) {
            return Ok(Some((head, kept.proof)));
        }
        let nodes = Nodes::to_read(Arc::clone(&self.store), held.nodes());
        let manager = StorageManager::new_no_cache(nodes.clone());
        let tree = Tree::new(manager, self.vrf.clone(), AzksParallelismConfig::disabled()).await;
        nodes.check()?;
        let tree = tree.map_err(DirectoryError::tree)?;
        let label = AkdLabel(user.to_string().into_bytes());
        let made = Box::pin(tree.key_history(&label, HistoryParams::MostRecent(1))).await;
        nodes.check()?;
        // Another process of this service may have made an epoch all the same.
        let changed = self.head().await?.as_ref() != Some(&head);
        let (proof, akd::EpochHash(epoch, root)) = match made {
            _ if changed => return Ok(None),
            Ok(made) => made,
            Err(AkdError::Storage(StorageError::NotFound(_))) => return Err(DirectoryError::NoSuchPerson),
            Err(error) => return Err(DirectoryError::tree(error)),
        };
        if (epoch, root) != (head.root.epoch, head.root.root) {
            return Err(DirectoryError::DamagedRow);
        }
        drop(held);
        let proof = Arc::new(HistoryProof::from_akd(&proof).ok_or(DirectoryError::NoForm)?);
        self.proofs.insert(user.clone(), Kept { root, proof: Arc::clone(&proof) });
        Ok(Some((head, proof)))
    }

    /// Waits until nothing of the person's is pending.
    async fn await_epoch(&self, user: &UserUri) -> Result<(), DirectoryError> {
        let key = rows::user_key(&user.id);
        let mut epochs = self.epochs.subscribe();
        let wait = async {
            loop {
                epochs.mark_unchanged();
                let pending = self.store.get(rows::PENDING, key.clone().into()).await;
                if pending.map_err(DirectoryError::Read)?.is_none() {
                    return Ok(());
                }
                self.hurry.notify_one();
                if epochs.changed().await.is_err() {
                    return Err(DirectoryError::Late);
                }
            }
        };
        tokio::time::timeout(EPOCH_WAIT, wait).await.unwrap_or(Err(DirectoryError::Late))
    }

    /// Gives those who audit us a moment to look at the newest epoch: one for each, not one for each question.
    async fn await_audit(&self) -> Result<(), DirectoryError> {
        if self.auditors.is_empty() {
            return Ok(());
        }
        let Some(head) = self.head().await? else { return Ok(()) };
        if self.unaudited.load(Ordering::Relaxed) == head.root.epoch {
            return Ok(());
        }
        let mut audited = self.audited.subscribe();
        let wait = async {
            loop {
                audited.mark_unchanged();
                let Some(head) = self.head().await? else { return Ok(()) };
                if !self.audits_of(&head).await?.is_empty() || audited.changed().await.is_err() {
                    return Ok(());
                }
            }
        };
        // Whether an answer without an auditor is good enough, whoever asks decides.
        tokio::time::timeout(AUDIT_WAIT, wait).await.unwrap_or_else(|_| {
            self.unaudited.store(head.root.epoch, Ordering::Relaxed);
            Ok(())
        })
    }

    pub(super) async fn audits_of(&self, root: &SignedRoot) -> Result<Vec<AuditSignature>, DirectoryError> {
        let stored = self.store.scan(rows::AUDITS, KeyRange::all(), 4 * KeyProof::AUDITS).await;
        let mut audits = Vec::new();
        for (_, row) in stored.map_err(DirectoryError::Read)? {
            let row = rows::AuditRow::decode(&row)?;
            if row.epoch == root.root.epoch {
                audits.extend(row.signature);
            }
        }
        audits.truncate(KeyProof::AUDITS);
        Ok(audits)
    }
}
