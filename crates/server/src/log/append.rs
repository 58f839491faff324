//! Appending: entries, hashes and head in one commit, with whatever else belongs to it.

use super::{Log, LogError, rows};
use bytes::Bytes;
use std::collections::BTreeMap;
use trefoil_proto::Wire as _;
use trefoil_store::{Batch, StoreError, Table};
use trefoil_transparency::log::{LogEntry, RightEdge, TreeHead, leaf_hash};

const ATTEMPTS: usize = 8;

/// What an append came to. Durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Index of the first entry that was appended.
    pub first: u64,
    /// The log with them.
    pub head: TreeHead,
}

impl Log {
    /// Appends one entry; returns when it is durable. The checkpoint that covers it is published soon after.
    ///
    /// # Errors
    /// [`LogError::Contended`], [`LogError::DamagedRow`], [`LogError::Store`]; nothing was appended.
    pub async fn append(&self, entry: &LogEntry) -> Result<Appended, LogError> {
        self.append_with(std::slice::from_ref(entry), Batch::new()).await
    }

    /// Appends entries in one commit with a batch of the caller's: both take effect, or neither.
    ///
    /// # Errors
    /// [`LogError::Assert`] if an assert of `batch` did not hold; else as [`Log::append`].
    pub async fn append_with(&self, entries: &[LogEntry], batch: Batch) -> Result<Appended, LogError> {
        let mut edge = self.edge.lock().await;
        for _ in 0..ATTEMPTS {
            let known = match edge.take() {
                Some(known) => known,
                None => self.read_edge().await?,
            };
            let mut grown = known.clone();
            let mut commit = batch.clone();
            plan(&known, &mut grown, entries, &mut commit);
            let own = batch.asserts.len();
            match self.store.commit(commit).await {
                Ok(_) => {
                    let appended = Appended { first: known.head().size, head: grown.head() };
                    *edge = Some(grown);
                    self.bell.notify_one();
                    return Ok(appended);
                }
                Err(StoreError::AssertFailed { index }) if index < own => {
                    *edge = Some(known);
                    return Err(LogError::Assert { index });
                }
                // Another process appended: what is kept here is old.
                Err(StoreError::AssertFailed { .. }) => {}
                // Whether it was written is not known.
                Err(error) => return Err(error.into()),
            }
        }
        Err(LogError::Contended)
    }

    /// Size and root of the log as it is stored.
    ///
    /// # Errors
    /// [`LogError::DamagedRow`], [`LogError::Store`].
    pub async fn head(&self) -> Result<TreeHead, LogError> {
        match self.get(rows::HEAD, Bytes::from_static(rows::ONLY)).await? {
            Some(row) => rows::decode_head(&row),
            None => Ok(TreeHead::EMPTY),
        }
    }

    async fn read_edge(&self) -> Result<RightEdge, LogError> {
        let head = self.head().await?;
        let mut tiles = BTreeMap::new();
        for path in RightEdge::tiles(head.size) {
            let row = self.get(rows::TILES, rows::tile_key(&path)).await?.ok_or(LogError::DamagedRow)?;
            tiles.insert((path.level(), path.index()), rows::versioned(&row)?.to_vec());
        }
        RightEdge::read(&head, |path| tiles.remove(&(path.level(), path.index())))
            .map_err(|_| LogError::DamagedRow)
    }

    pub(super) async fn get(&self, table: Table, key: Bytes) -> Result<Option<Bytes>, LogError> {
        Ok(self.store.get(table, key).await?)
    }
}

/// Puts what the entries change into a batch that asserts what it builds on.
fn plan(known: &RightEdge, grown: &mut RightEdge, entries: &[LogEntry], batch: &mut Batch) {
    let head = known.head();
    if head.size == 0 {
        batch.assert_absent(rows::HEAD, rows::ONLY);
    } else {
        batch.assert_equals(rows::HEAD, rows::ONLY, rows::encode_head(&head));
    }
    let mut tiles = BTreeMap::new();
    for (index, entry) in (head.size..).zip(entries) {
        let encoded = entry.encode();
        for (path, hashes) in grown.append(&encoded) {
            tiles.insert(rows::tile_key(&path), hashes);
        }
        batch.put(rows::ENTRIES, rows::entry_key(index), rows::with_version(&encoded));
        if matches!(entry, LogEntry::Release(_)) {
            batch.put(rows::RELEASES, leaf_hash(&encoded).to_vec(), rows::encode_index(index));
        }
    }
    for (key, hashes) in tiles {
        batch.put(rows::TILES, key, rows::with_version(&hashes));
    }
    batch.put(rows::HEAD, rows::ONLY, rows::encode_head(&grown.head()));
}
