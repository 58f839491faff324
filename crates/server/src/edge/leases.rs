//! What each device has under way, so that its removal can end it and wait for the end: requests, and its stream.
//!
//! Whoever acts for a device enters first and looks at its token afterwards. A removal makes the token void first and
//! waits for those who entered afterwards. So one of the two sees the other, and once a removal is answered nothing of
//! the device is accepted any more.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::watch;
use trefoil_proto::DeviceUri;

/// Everything that devices have under way in this process.
#[derive(Default)]
pub(super) struct Leases {
    of: Arc<Mutex<HashMap<DeviceUri, watch::Sender<bool>>>>,
}

/// Something a device has under way, until it is dropped.
pub(super) struct Lease {
    device: DeviceUri,
    /// True once the device was removed. `None` only while it is dropped.
    ended: Option<watch::Receiver<bool>>,
    of: Arc<Mutex<HashMap<DeviceUri, watch::Sender<bool>>>>,
}

/// Where the lease of a request is kept while its handler runs.
#[derive(Clone, Default)]
pub(super) struct Slot(Arc<Mutex<Option<Lease>>>);

impl Leases {
    /// Begins something for a device; `None` if a removal of it waits for what it had under way.
    pub(super) fn enter(&self, device: &DeviceUri) -> Option<Lease> {
        let mut of = lock(&self.of);
        let sender = of.entry(device.clone()).or_insert_with(|| watch::channel(false).0);
        if *sender.borrow() {
            return None;
        }
        let ended = Some(sender.subscribe());
        Some(Lease { device: device.clone(), ended, of: Arc::clone(&self.of) })
    }

    /// Tells everything that the device has under way to end, and waits until it did, or for so long. Returns false
    /// if something still runs.
    pub(super) async fn end(&self, device: &DeviceUri, patience: Duration) -> bool {
        let Some(under_way) = lock(&self.of).get(device).cloned() else { return true };
        under_way.send_replace(true);
        tokio::time::timeout(patience, under_way.closed()).await.is_ok()
    }
}

impl Lease {
    /// Resolves when the device was removed.
    pub(super) async fn ended(&mut self) {
        match &mut self.ended {
            // The sender goes away only after it said so.
            Some(ended) => drop(ended.wait_for(|ended| *ended).await),
            None => std::future::pending().await,
        }
    }

    /// True once the device was removed.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.as_ref().is_none_or(|ended| *ended.borrow())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut of = lock(&self.of);
        drop(self.ended.take());
        if of.get(&self.device).is_some_and(|sender| sender.receiver_count() == 0) {
            of.remove(&self.device);
        }
    }
}

impl Slot {
    /// Keeps a lease until the request is answered.
    pub(super) fn keep(&self, lease: Lease) {
        *lock(&self.0) = Some(lease);
    }

    /// Ends the request's own lease early: for a device that removes itself and must not wait for itself.
    pub(super) fn leave(&self) {
        drop(lock(&self.0).take());
    }

    /// Takes the lease over: for what goes on after the answer.
    pub(super) fn take(&self) -> Option<Lease> {
        lock(&self.0).take()
    }

    /// Resolves when the device that asks was removed; never, if no device asks.
    pub(super) async fn ended(&self) {
        let ended = lock(&self.0).as_ref().and_then(|lease| lease.ended.clone());
        match ended {
            Some(mut ended) => drop(ended.wait_for(|ended| *ended).await),
            None => std::future::pending().await,
        }
    }
}

/// What is locked is whole between any two statements, so a panic elsewhere leaves it usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn a_removal_ends_what_is_under_way_and_waits_for_it() {
        let leases = Leases::default();
        let device: DeviceUri = "mimi://a.test/d/ann/d1".parse().unwrap();
        let other: DeviceUri = "mimi://a.test/d/ann/d2".parse().unwrap();
        let (mut one, two) = (leases.enter(&device).unwrap(), leases.enter(&device).unwrap());
        let beside = leases.enter(&other).unwrap();
        assert!(one.ended().now_or_never().is_none() && !two.has_ended());
        let mut removal = Box::pin(leases.end(&device, Duration::from_secs(3600)));
        assert!(removal.as_mut().now_or_never().is_none());
        assert!(one.ended().now_or_never().is_some() && two.has_ended() && !beside.has_ended());
        assert!(leases.enter(&device).is_none());
        drop(one);
        assert!(removal.as_mut().now_or_never().is_none());
        drop(two);
        assert!(removal.await);
        drop(beside);
        assert!(lock(&leases.of).is_empty());
    }
}
