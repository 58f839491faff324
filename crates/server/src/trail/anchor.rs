//! The trail's head in the service's public log: its number and its hash, and nothing else. Witnesses sign the log, so that a trail
//! which is written anew as a whole contradicts what others have seen.

use super::{
    Trail, TrailError,
    rows::{self, ANCHORS, AuditHead},
};
use crate::{
    clock::Clock,
    json_row::JsonRow as _,
    log::{Log, LogError},
};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use trefoil_proto::Timestamp;
use trefoil_store::Batch;
use trefoil_transparency::log::{LogEntry, TrailHead};

/// From one head to the next, in milliseconds: a day. The log tells everybody how much the team did in the meantime, and nothing
/// finer.
const APART: u64 = Timestamp::DAY;
/// Between two looks whether it is time.
const LOOK: Duration = Duration::from_secs(10 * 60);

/// A head that stands in the public log, as the service remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The number of the last entry then.
    pub number: u64,
    /// Its hash, in hexadecimal.
    pub hash: String,
    /// When it was said.
    pub at: Timestamp,
}

impl Trail {
    /// Says the head in the public log once a day when it changed, until it is dropped.
    pub async fn keep_anchored(&self, log: &Log, clock: &dyn Clock) {
        loop {
            if let Err(error) = self.anchor(log, clock.now()).await {
                tracing::warn!(%error, "the head of the audit trail is not in the public log");
            }
            let _ = tokio::time::timeout(LOOK, self.grown.notified()).await;
        }
    }

    /// Says the head in the public log if it changed and the last was said a day ago; tells whether it did. The entry there and what
    /// is remembered of it here are one commit.
    ///
    /// # Errors
    /// [`TrailError::Anchor`]; the store failed, or a row cannot be read.
    pub async fn anchor(&self, log: &Log, now: Timestamp) -> Result<bool, TrailError> {
        let (_, head) = self.head().await?;
        let last = self.anchors().await?.pop();
        if !is_due(&head, last.as_ref(), now) {
            return Ok(false);
        }
        let hash = HEXLOWER.decode(head.hash.as_bytes()).ok().and_then(|hash| hash.try_into().ok());
        let said = TrailHead { number: head.number, hash: hash.ok_or(TrailError::DamagedRow)? };
        let anchor = Anchor { number: head.number, hash: head.hash, at: now };
        let mut batch = Batch::new();
        batch.assert_absent(ANCHORS, rows::key(anchor.number));
        batch.put(ANCHORS, rows::key(anchor.number), anchor.encode());
        match log.append_with(&[LogEntry::Trail(said)], batch).await {
            Ok(_) => Ok(true),
            // Another process said it.
            Err(LogError::Assert { .. }) => Ok(false),
            Err(error) => Err(TrailError::Anchor(error)),
        }
    }

    /// The heads that were said, the oldest first.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn anchors(&self) -> Result<Vec<Anchor>, TrailError> {
        self.all(ANCHORS).await?.iter().map(|(_, row)| Ok(Anchor::decode(row)?)).collect()
    }
}

fn is_due(head: &AuditHead, last: Option<&Anchor>, now: Timestamp) -> bool {
    match last {
        None => head.number > 0,
        Some(last) => head.number > last.number && last.at.0.saturating_add(APART) <= now.0,
    }
}
