//! Nodes of the tree that were read lately, in memory, all of them as they are in one epoch: the head's.
//!
//! A proof walks the tree some eight times from the root down. Whoever makes one holds what is held here for reading until
//! it is made; whoever commits an epoch holds it for writing meanwhile, so that nobody reads nodes of two epochs. If the
//! head is another than this, another process made an epoch, and everything is read anew.

use super::{Directory, DirectoryError};
use akd::storage::types::DbRecord;
use moka::sync::Cache;
use std::sync::Arc;
use tokio::sync::OwnedRwLockReadGuard;
use trefoil_transparency::gossip::SignedRoot;

/// Memory for nodes, in bytes, roughly: all of a directory of some 100 000 people, the upper levels of a larger one.
const BYTES: u64 = 128 * 1024 * 1024;
/// What an entry of the cache takes besides its key and the record.
const OVERHEAD: usize = 160;

/// See the module. Cloned, [`Held::nodes`] is the same cache.
pub(super) struct Held {
    epoch: u64,
    nodes: Cache<Vec<u8>, DbRecord>,
}

impl Held {
    /// Nothing, as of an epoch.
    pub(super) fn nothing(epoch: u64) -> Self {
        let weight = |key: &Vec<u8>, _: &DbRecord| {
            u32::try_from(key.len() + size_of::<DbRecord>() + OVERHEAD).unwrap_or(u32::MAX)
        };
        Self { epoch, nodes: Cache::builder().max_capacity(BYTES).weigher(weight).build() }
    }

    /// What is held.
    pub(super) fn nodes(&self) -> Cache<Vec<u8>, DbRecord> {
        self.nodes.clone()
    }

    /// An epoch is durable, which wrote these.
    pub(super) fn advance(&mut self, epoch: u64, written: Vec<(Vec<u8>, DbRecord)>) {
        for (key, record) in written.into_iter().filter(|(_, record)| is_node(record)) {
            self.nodes.insert(key, record);
        }
        self.epoch = epoch;
    }
}

/// Whether a record is of the tree itself; people's values are looked up in other ways.
pub(super) fn is_node(record: &DbRecord) -> bool {
    matches!(record, DbRecord::TreeNode(_) | DbRecord::Azks(_))
}

impl Directory {
    /// The newest root with what is held of its tree. No epoch is made while it is held.
    pub(super) async fn head_with_nodes(
        &self,
    ) -> Result<(Option<SignedRoot>, OwnedRwLockReadGuard<Held>), DirectoryError> {
        loop {
            let held = Arc::clone(&self.held).read_owned().await;
            let head = self.head().await?;
            let epoch = head.as_ref().map_or(0, |head| head.root.epoch);
            if held.epoch == epoch {
                return Ok((head, held));
            }
            drop(held);
            *self.held.write().await = Held::nothing(epoch);
        }
    }
}
