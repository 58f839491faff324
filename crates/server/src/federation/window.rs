//! The last events of each peer, so that a repetition changes nothing.
//!
//! A peer repeats what it got no answer for, and it has at most a few hundred such events on their way at once, so the
//! last [`KEPT`] of each peer are enough.

use super::{FederationError, rows};
use sha2::{Digest as _, Sha256};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use trefoil_proto::Domain;
use trefoil_store::{Batch, KeyRange, Store};

/// Digests kept for each peer.
pub(super) const KEPT: usize = 4096;

pub(super) type EventDigest = [u8; 32];

/// The digest of one event with everything that decides what becomes of it.
pub(super) fn digest(room: &str, recipients: &[u8], event: &[u8]) -> EventDigest {
    let mut hash = Sha256::new();
    for part in [room.as_bytes(), recipients, event] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

pub(super) struct Windows {
    store: Arc<dyn Store>,
    peers: Mutex<HashMap<Domain, Arc<Mutex<Window>>>>,
    loading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Window {
    next: u64,
    order: VecDeque<EventDigest>,
    seen: HashSet<EventDigest>,
    /// Being committed now.
    claimed: HashSet<EventDigest>,
}

/// Events that are new, claimed until [`Claim::done`] or until it is dropped.
pub(super) struct Claim {
    window: Arc<Mutex<Window>>,
    digests: Vec<(u64, EventDigest)>,
}

impl Windows {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, peers: Mutex::default(), loading: tokio::sync::Mutex::default() }
    }

    /// Claims those of the events that did not come before; says of each whether it is new.
    pub(super) async fn claim(
        &self,
        from: &Domain,
        digests: &[EventDigest],
    ) -> Result<(Claim, Vec<bool>), FederationError> {
        let shared = self.window(from).await?;
        let mut window = lock(&shared);
        if digests.iter().any(|digest| window.claimed.contains(digest)) {
            return Err(FederationError::Busy);
        }
        let mut claimed = Vec::new();
        let mut new = Vec::with_capacity(digests.len());
        for digest in digests {
            let is_new = !window.seen.contains(digest) && window.claimed.insert(*digest);
            new.push(is_new);
            if is_new {
                claimed.push((window.next, *digest));
                window.next += 1;
            }
        }
        drop(window);
        Ok((Claim { window: shared, digests: claimed }, new))
    }

    async fn window(&self, from: &Domain) -> Result<Arc<Mutex<Window>>, FederationError> {
        let known = |windows: &Self| lock(&windows.peers).get(from).cloned();
        if let Some(window) = known(self) {
            return Ok(window);
        }
        let _one_at_a_time = self.loading.lock().await;
        if let Some(window) = known(self) {
            return Ok(window);
        }
        let range = KeyRange::prefix(rows::domain_prefix(from));
        let found = self.store.scan(rows::SEEN, range, KEPT).await?;
        let mut found: Vec<_> = found.iter().filter_map(|(_, row)| rows::decode_seen(row)).collect();
        found.sort_unstable_by_key(|(number, _)| *number);
        let mut window = Window::default();
        for (number, digest) in found {
            window.next = number + 1;
            window.order.push_back(digest);
            window.seen.insert(digest);
        }
        let window = Arc::new(Mutex::new(window));
        lock(&self.peers).insert(from.clone(), Arc::clone(&window));
        Ok(window)
    }
}

impl Claim {
    /// Adds to a batch what makes the claim durable.
    pub(super) fn write(&self, from: &Domain, batch: &mut Batch) {
        for (number, digest) in &self.digests {
            let slot = u16::try_from(number % KEPT as u64).expect("a remainder is below its divisor");
            batch.put(rows::SEEN, rows::slot_key(from, slot), rows::encode_seen(*number, digest));
        }
    }

    /// The batch is durable: these events are known from now on.
    pub(super) fn done(mut self) {
        let mut window = lock(&self.window);
        for (_, digest) in std::mem::take(&mut self.digests) {
            window.claimed.remove(&digest);
            window.seen.insert(digest);
            window.order.push_back(digest);
            if window.order.len() > KEPT
                && let Some(oldest) = window.order.pop_front()
            {
                window.seen.remove(&oldest);
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut window = lock(&self.window);
        for (_, digest) in &self.digests {
            window.claimed.remove(digest);
        }
    }
}

/// The data behind these locks is whole between any two statements, so a panic elsewhere leaves it usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
