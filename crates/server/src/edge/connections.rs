//! Which devices are connected, so that a newer connection of a device ends its older one.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::Notify;
use trefoil_proto::DeviceUri;

/// Every WebSocket of this process, one a device.
#[derive(Default)]
pub(super) struct Connections {
    of: Mutex<HashMap<DeviceUri, Entry>>,
    last: AtomicU64,
}

struct Entry {
    id: u64,
    end: Arc<Notify>,
}

/// A place among the connections; dropping it gives it up.
pub(super) struct Place<'a> {
    all: &'a Connections,
    device: DeviceUri,
    id: u64,
    end: Arc<Notify>,
}

impl Connections {
    /// Takes a device's place; whoever had it is told to end.
    pub(super) fn take(&self, device: &DeviceUri) -> Place<'_> {
        let id = self.last.fetch_add(1, Ordering::Relaxed);
        let end = Arc::new(Notify::new());
        let entry = Entry { id, end: Arc::clone(&end) };
        let older = self.lock().insert(device.clone(), entry);
        if let Some(older) = older {
            older.end.notify_one();
        }
        Place { all: self, device: device.clone(), id, end }
    }

    /// Ends a device's connection, if it has one.
    pub(super) fn end(&self, device: &DeviceUri) {
        if let Some(entry) = self.lock().get(device) {
            entry.end.notify_one();
        }
    }

    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    /// The map is whole between any two statements, so a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, HashMap<DeviceUri, Entry>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// Resolves when a newer connection took the place, or the device was removed.
    pub(super) async fn lost(&self) {
        self.end.notified().await;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        if all.get(&self.device).is_some_and(|entry| entry.id == self.id) {
            all.remove(&self.device);
        }
    }
}
