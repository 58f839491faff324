//! How often rooms may be changed: what a hub does for a handshake costs it, and every member, far more than sending
//! one. In memory, bounded, never written down, by the time that the caller gives.

use super::{Origin, RoomsError};
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
};
use trefoil_proto::{DeviceUri, Domain, RoomUri, Timestamp};

/// Keys kept at most; beyond it those that have rested are dropped, and new ones wait.
const KEYS: usize = 100_000;

/// So many at once, and then one in so many milliseconds.
#[derive(Clone, Copy, Debug)]
struct Quota {
    burst: u64,
    every_ms: u64,
}

/// Handshakes and requests to join of one device in one room.
const DEVICE: Quota = Quota { burst: 60, every_ms: 1_000 };
/// The same of one service in one room, before it is known which of its devices it is.
const SERVICE: Quota = Quota { burst: 600, every_ms: 100 };
/// Rooms that one device opens.
const ROOMS: Quota = Quota { burst: 200, every_ms: 10_000 };

/// See the module.
#[derive(Default)]
pub(super) struct Rates {
    devices: Buckets<(RoomUri, DeviceUri)>,
    services: Buckets<(RoomUri, Domain)>,
    rooms: Buckets<DeviceUri>,
}

impl Rates {
    /// Before a handshake is looked at.
    pub(super) fn arrives(&self, origin: &Origin, room: &RoomUri, now: Timestamp) -> Result<(), RoomsError> {
        match origin {
            Origin::Device(device) => self.devices.take((room.clone(), device.clone()), DEVICE, now),
            Origin::Peer(domain) => self.services.take((room.clone(), domain.clone()), SERVICE, now),
        }
    }

    /// Once its sender is known. Our own devices were counted before.
    pub(super) fn is_from(
        &self,
        origin: &Origin,
        sender: &DeviceUri,
        room: &RoomUri,
        now: Timestamp,
    ) -> Result<(), RoomsError> {
        match origin {
            Origin::Device(_) => Ok(()),
            Origin::Peer(_) => self.devices.take((room.clone(), sender.clone()), DEVICE, now),
        }
    }

    /// Before a room is opened.
    pub(super) fn opens(&self, device: &DeviceUri, now: Timestamp) -> Result<(), RoomsError> {
        self.rooms.take(device.clone(), ROOMS, now)
    }
}

/// By key, the time at which everything that was taken would have been taken at the lasting rate.
struct Buckets<K>(Mutex<HashMap<K, u64>>);

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> Buckets<K> {
    fn take(&self, key: K, quota: Quota, now: Timestamp) -> Result<(), RoomsError> {
        // Whole between any two statements, so a panic elsewhere leaves it usable.
        let mut due = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if due.len() >= KEYS && !due.contains_key(&key) {
            due.retain(|_, due| *due > now.0);
            if due.len() >= KEYS {
                return Err(RoomsError::TooOften { retry_after_ms: 1000 });
            }
        }
        let due = due.entry(key).or_insert(now.0);
        let next = (*due).max(now.0).saturating_add(quota.every_ms);
        let latest = now.0.saturating_add(quota.burst * quota.every_ms);
        if next > latest {
            let wait = u32::try_from(next - latest).unwrap_or(u32::MAX);
            return Err(RoomsError::TooOften { retry_after_ms: wait });
        }
        *due = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);
    const QUOTA: Quota = Quota { burst: 3, every_ms: 100 };

    fn wait(buckets: &Buckets<u32>, key: u32, now: Timestamp) -> u32 {
        match buckets.take(key, QUOTA, now) {
            Ok(()) => 0,
            Err(RoomsError::TooOften { retry_after_ms }) => retry_after_ms,
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_burst_and_then_the_lasting_rate() {
        let buckets = Buckets::default();
        let waits = [0, 0, 0, 100, 100].map(|_| wait(&buckets, 1, NOW));
        assert_eq!(waits, [0, 0, 0, 100, 100]);
        assert_eq!(wait(&buckets, 2, NOW), 0, "another key");
        assert_eq!(wait(&buckets, 1, NOW.plus_millis(40)), 60);
        assert_eq!(wait(&buckets, 1, NOW.plus_millis(100)), 0);
        assert_eq!(wait(&buckets, 1, NOW.plus_millis(100)), 100);
        let rested = NOW.plus_millis(10_000);
        assert_eq!([(); 4].map(|()| wait(&buckets, 1, rested)), [0, 0, 0, 100]);
    }

    #[test]
    fn keys_are_bounded_and_those_that_rested_make_room() {
        let buckets = Buckets::default();
        for key in 0..u32::try_from(KEYS).unwrap() {
            assert_eq!(wait(&buckets, key, NOW), 0);
        }
        assert_eq!(wait(&buckets, u32::MAX, NOW), 1000);
        assert_eq!(wait(&buckets, 7, NOW), 0, "known already");
        assert_eq!(wait(&buckets, u32::MAX, NOW.plus_millis(200)), 0);
        assert_eq!(buckets.0.lock().unwrap().len(), 1);
    }
}
