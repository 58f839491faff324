//! Epochs: everything that changed since the last one, in one commit with the root's entry in the public log.

use super::{Directory, DirectoryError, Tree, held::Held, nodes::Nodes, rows};
use crate::log::LogError;
use akd::{AkdLabel, AkdValue, AzksParallelismConfig, storage::StorageManager};
use bytes::Bytes;
use std::sync::Arc;
use trefoil_proto::{UserId, UserUri};
use trefoil_store::{Batch, KeyRange, StoreError};
use trefoil_transparency::{
    device_set::SignedDeviceSet,
    directory::{AppendOnlyProof, EMPTY_ROOT, EpochRecord},
    gossip::SignedRoot,
    log::{DirectoryRoot, LogEntry},
};

/// People in one epoch; the others come into the next one.
const MOST: usize = 10_000;

/// Someone whose set is to be published.
struct Pending {
    key: Bytes,
    /// As it stands in the pending row: a set that comes meanwhile puts another one.
    sequence: Bytes,
    user: UserUri,
    set: SignedDeviceSet,
}

impl Directory {
    /// Makes the next epoch, if there is anything to put into it, and returns its number. [`Directory::run`] does it
    /// by itself.
    ///
    /// # Errors
    /// [`DirectoryError::Contended`] if a set came meanwhile: try again; the tree or the store failed. Nothing was
    /// published then.
    pub async fn publish(&self) -> Result<Option<u64>, DirectoryError> {
        let pending = self.pending().await?;
        if pending.is_empty() {
            return Ok(None);
        }
        let (before, held) = self.head_with_nodes().await?;
        let nodes = Nodes::to_write(Arc::clone(&self.store), held.nodes());
        let manager = StorageManager::new_no_cache(nodes.clone());
        let tree = Tree::new(manager, self.vrf.clone(), AzksParallelismConfig::disabled()).await;
        nodes.check()?;
        let tree = tree.map_err(DirectoryError::tree)?;
        let values = pending.iter().map(|one| {
            let label = AkdLabel(one.user.to_string().into_bytes());
            (label, AkdValue(one.set.set.hash().0.to_vec()))
        });
        let made = tree.publish(values.collect()).await;
        nodes.check()?;
        let akd::EpochHash(epoch, root) = made.map_err(DirectoryError::tree)?;
        let mut batch = Batch::new();
        self.settle(&mut batch, &pending);
        let (mut entries, mut written) = (Vec::new(), Vec::new());
        let before_epoch = before.as_ref().map_or(0, |before| before.root.epoch);
        // A set that went back to what it was before the epoch makes none.
        let nothing_new =
            before.as_ref().is_some_and(|before| (epoch, root) == (before_epoch, before.root.root));
        if !nothing_new {
            if epoch != before_epoch + 1 {
                return Err(DirectoryError::DamagedRow);
            }
            let audit = tree.audit(before_epoch, epoch).await;
            nodes.check()?;
            let audit = audit.map_err(DirectoryError::tree)?;
            let proof = audit.proofs.first().filter(|_| audit.proofs.len() == 1);
            let proof = proof.and_then(AppendOnlyProof::from_akd).ok_or(DirectoryError::NoForm)?;
            // What this service cannot show to others it must not sign.
            let start = before.as_ref().map_or(EMPTY_ROOT, |before| before.root.root);
            proof.verify(&start, &root, epoch).map_err(DirectoryError::OwnProof)?;
            entries.push(LogEntry::Directory(self.write_epoch(
                &mut batch,
                before.as_ref(),
                epoch,
                root,
                proof,
            )));
            written = nodes.take_written();
            for (key, record) in &written {
                batch.put(rows::NODES, key.clone(), rows::encode_node(record));
            }
        }
        if nothing_new {
            return match self.store.commit(batch).await {
                Ok(_) => Ok(None),
                Err(StoreError::AssertFailed { .. }) => Err(DirectoryError::Contended),
                Err(error) => Err(DirectoryError::Write(error)),
            };
        }
        drop(held);
        // Until it is known whether the epoch is durable, nobody reads the tree.
        let mut held = self.held.write().await;
        match self.log.append_with(&entries, batch).await {
            Ok(_) => {
                held.advance(epoch, written);
                Ok(Some(epoch))
            }
            Err(error) => {
                *held = Held::nothing(before_epoch);
                Err(match error {
                    LogError::Assert { .. } => DirectoryError::Contended,
                    error => DirectoryError::Log(error),
                })
            }
        }
    }

    fn write_epoch(
        &self,
        batch: &mut Batch,
        before: Option<&SignedRoot>,
        epoch: u64,
        root: [u8; 32],
        proof: AppendOnlyProof,
    ) -> DirectoryRoot {
        let root = DirectoryRoot {
            directory: self.domain.clone(),
            epoch,
            root,
            time: self.clock.now(),
            vrf_key_hash: DirectoryRoot::hash_of_vrf_key(&self.vrf_key),
            previous: before.map_or([0; 32], |before| before.root.hash()),
        };
        let signed = SignedRoot::sign(root.clone(), &self.signing);
        match before {
            Some(before) => batch.assert_equals(rows::HEAD, rows::HEAD_KEY, rows::encode(before)),
            None => batch.assert_absent(rows::HEAD, rows::HEAD_KEY),
        };
        batch.put(rows::HEAD, rows::HEAD_KEY, rows::encode(&signed));
        batch.put(rows::ROOTS, rows::epoch_key(epoch), rows::encode(&signed));
        batch.put(rows::EPOCHS, rows::epoch_key(epoch), rows::encode(&EpochRecord { root: signed, proof }));
        root
    }

    /// Takes people off the list of those who wait, if nothing of theirs changed meanwhile.
    fn settle(&self, batch: &mut Batch, pending: &[Pending]) {
        for one in pending {
            batch.assert_equals(rows::PENDING, one.key.clone(), one.sequence.clone());
            batch.delete(rows::PENDING, one.key.clone());
        }
    }

    async fn pending(&self) -> Result<Vec<Pending>, DirectoryError> {
        let waiting =
            self.store.scan(rows::PENDING, KeyRange::all(), MOST).await.map_err(DirectoryError::Read)?;
        let mut pending = Vec::with_capacity(waiting.len());
        for (key, sequence) in waiting {
            let id = std::str::from_utf8(&key).ok().and_then(|id| id.parse::<UserId>().ok());
            let id = id.ok_or(DirectoryError::DamagedRow)?;
            let set = self.newest_set(&id).await?.ok_or(DirectoryError::DamagedRow)?;
            let user = UserUri { domain: self.domain.clone(), id };
            pending.push(Pending { key, sequence, user, set });
        }
        Ok(pending)
    }
}
