//! Which devices are connected, so that a newer connection of a device ends its older one; and how many connections
//! each address has.

use std::{
    collections::HashMap,
    net::IpAddr,
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

    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    /// The map is whole between any two statements, so a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, HashMap<DeviceUri, Entry>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// Resolves when a newer connection took the place.
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

/// How many connections each address has, up to a number.
pub(super) struct Seats {
    most: usize,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// One of an address's connections, until it is dropped.
pub(super) struct Seat {
    all: Arc<Seats>,
    address: IpAddr,
}

impl Seats {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    /// Takes one; `None` if the address has as many as it may.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let mut taken = self.lock();
        let count = taken.entry(address).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Seat { all: Arc::clone(self), address })
    }

    /// The map is whole between any two statements, so a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.all.lock();
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_seats_and_gives_them_back() {
        let seats = Seats::new(2);
        let [one, other] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        let first = seats.take(one);
        let second = seats.take(one);
        assert!(first.is_some() && second.is_some() && seats.take(one).is_none());
        assert!(seats.take(other).is_some());
        drop(first);
        assert!(seats.take(one).is_some());
        drop(second);
        assert!(seats.lock().is_empty());
    }
}
