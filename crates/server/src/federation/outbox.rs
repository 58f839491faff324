//! The durable outbox: one store queue and one worker for each peer.
//!
//! A worker reads its queue in order and keeps several requests on their way, one at a time for each room. What the
//! peer has stored is trimmed; what cannot be delivered now is tried again for as long as it takes; what the peer
//! refuses for good, in its own words, is moved to a table with the reason. A room that fails waits by itself.

pub(super) mod strange;
mod worker;

use super::{Federation, FederationError, rows};
use bytes::Bytes;
use futures_util::FutureExt as _;
use std::{
    collections::{HashMap, HashSet},
    panic::AssertUnwindSafe,
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, task::JoinSet};
use trefoil_proto::{Domain, ErrorCode, RoomUri, Timestamp, Wire as _, mimi::NotifyRequest};
use trefoil_store::{Batch, KeyRange};

/// Peers read in one step when the workers start.
const STEP: usize = 256;
/// How long a peer is left alone when its worker panicked.
const BEGIN_ANEW: Duration = Duration::from_secs(10);
/// Refused entries kept for each peer.
const REFUSED: u16 = 1024;

/// An outbox entry that its peer refused for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Counts the peer's refusals from zero: the first in a list says how many older ones were let go.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// HTTP status of the answer.
    pub status: u16,
    /// The peer's reason.
    pub code: ErrorCode,
    /// The room the entry was about.
    pub room: RoomUri,
    /// The encoded [`NotifyRequest`].
    pub body: Bytes,
}

/// Serves one peer for ever. A worker that ends by a defect of ours begins anew, from what the store says: one entry
/// that it cannot bear must not leave the peer unserved until someone starts the service again.
async fn serve(federation: Arc<Federation>, domain: Domain, bell: Arc<Notify>) {
    loop {
        let work = worker::work(Arc::clone(&federation), domain.clone(), Arc::clone(&bell));
        // The bell and the federation are whole between any two statements; the rest goes with the worker.
        if AssertUnwindSafe(work).catch_unwind().await.is_err() {
            tracing::error!(peer = %domain, "the worker of a peer's outbox panicked and begins anew");
        }
        tokio::time::sleep(BEGIN_ANEW).await;
    }
}

impl Federation {
    /// Adds a notification for a peer to a batch. Call [`Self::announce`] when the batch is durable.
    pub fn queue_notify(&self, batch: &mut Batch, domain: &Domain, room: &RoomUri, notify: &NotifyRequest) {
        if !self.bells().contains_key(domain) {
            batch.put(rows::PEERS, domain.as_str().as_bytes().to_vec(), vec![1]);
        }
        batch.append(vec![rows::outbox(domain)], rows::encode_outbox(room, &notify.encode()));
    }

    /// Tells a peer's worker that its queue has something new.
    pub fn announce(&self, domain: &Domain) {
        let mut bells = self.bells();
        if let Some(bell) = bells.get(domain) {
            bell.notify_one();
            return;
        }
        bells.insert(domain.clone(), Arc::new(Notify::new()));
        drop(bells);
        // Nobody listens only when the service is going down; the queue is durable.
        let _ = self.outboxes.opened.send(domain.clone());
    }

    /// Delivers what is in the outboxes, until it is dropped. What was on its way then is sent again later.
    ///
    /// # Errors
    /// [`FederationError::Store`] if the peers cannot be read at the start.
    pub async fn run(self: Arc<Self>) -> Result<(), FederationError> {
        let mut to_open = self.outboxes.to_open.lock().await;
        // Ended together with this future; none of them ends before.
        let mut workers = JoinSet::new();
        for domain in self.peers().await? {
            self.bells().entry(domain).or_default();
        }
        let known: Vec<_> = self.bells().keys().cloned().collect();
        let mut served = HashSet::new();
        let mut open = |workers: &mut JoinSet<()>, domain: Domain| {
            // A peer announced while the service started comes both ways; two workers would break its order.
            let bell = self.bells().get(&domain).cloned();
            if let Some(bell) = bell.filter(|_| served.insert(domain.clone())) {
                workers.spawn(serve(Arc::clone(&self), domain, bell));
            }
        };
        for domain in known {
            open(&mut workers, domain);
        }
        while let Some(domain) = to_open.recv().await {
            open(&mut workers, domain);
        }
        Ok(())
    }

    /// The entries that a peer refused for good, oldest first; at most the last 1024.
    ///
    /// # Errors
    /// [`FederationError::Store`].
    pub async fn refused(&self, domain: &Domain) -> Result<Vec<Refusal>, FederationError> {
        let range = KeyRange::prefix(rows::domain_prefix(domain));
        let found = self.store.scan(rows::REFUSED, range, usize::from(REFUSED)).await?;
        let mut refused: Vec<_> = found.iter().filter_map(|(_, row)| rows::decode_refused(row)).collect();
        refused.sort_unstable_by_key(|refusal| refusal.number);
        Ok(refused)
    }

    async fn peers(&self) -> Result<Vec<Domain>, FederationError> {
        let mut peers = Vec::new();
        let mut range = KeyRange::all();
        loop {
            let found = self.store.scan(rows::PEERS, range.clone(), STEP).await?;
            let Some((last, _)) = found.last() else { return Ok(peers) };
            range.start = [last.as_ref(), &[0]].concat().into();
            peers.extend(
                found
                    .iter()
                    .filter_map(|(key, _)| std::str::from_utf8(key).ok().and_then(|key| key.parse().ok())),
            );
        }
    }

    /// The map is whole between any two statements, so a panic elsewhere leaves it usable.
    fn bells(&self) -> MutexGuard<'_, HashMap<Domain, Arc<Notify>>> {
        self.outboxes.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
