//! How many bytes of request bodies are in memory at a time: bounded in all, and for each address.
//!
//! Bytes are counted as they arrive, so that announcing a large body holds nothing. An address gets a quarter of the
//! whole: whoever fills it refuses themselves and no one else.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// One address may hold this part of the whole.
const SHARE: u64 = 4;

/// Bytes that may be held.
pub(super) struct Budget {
    most: u64,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    all: u64,
    by: HashMap<IpAddr, u64>,
}

/// Bytes that are held until this is dropped.
pub(super) struct Reservation {
    budget: Arc<Budget>,
    /// `None` where addresses do not tell callers apart.
    holder: Option<IpAddr>,
    bytes: u64,
}

impl Budget {
    pub(super) fn new(most: u64) -> Arc<Self> {
        Arc::new(Self { most, held: Mutex::default() })
    }

    /// Nothing yet, of an address or of whomever.
    pub(super) fn reservation(self: &Arc<Self>, holder: Option<IpAddr>) -> Reservation {
        Reservation { budget: Arc::clone(self), holder, bytes: 0 }
    }

    /// Both numbers are whole between any two statements, so a panic elsewhere leaves them usable.
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// Holds so many bytes more; false if they do not fit, and then nothing changes.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        let most = self.budget.most;
        let mut held = self.budget.lock();
        let all = held.all.saturating_add(bytes);
        if all > most {
            return false;
        }
        if let Some(holder) = self.holder {
            let own = held.by.get(&holder).copied().unwrap_or(0).saturating_add(bytes);
            if own > most / SHARE {
                return false;
            }
            held.by.insert(holder, own);
        }
        held.all = all;
        self.bytes += bytes;
        true
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut held = self.budget.lock();
        held.all -= self.bytes;
        if let Some(holder) = self.holder {
            let left = held.by.get(&holder).map_or(0, |own| own - self.bytes);
            if left == 0 {
                held.by.remove(&holder);
            } else {
                held.by.insert(holder, left);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn one_address_gets_a_quarter_and_all_get_no_more_than_the_whole() {
        let budget = Budget::new(400);
        let mut one = budget.reservation(address(1));
        assert!(one.grow(60));
        let mut same = budget.reservation(address(1));
        assert!(same.grow(40) && !same.grow(1) && !one.grow(1));
        let mut others: Vec<_> = (2..5).map(|last| budget.reservation(address(last))).collect();
        assert!(others.iter_mut().all(|other| other.grow(100)));
        let mut nameless = budget.reservation(None);
        assert!(!nameless.grow(1));
        drop(same);
        assert!(nameless.grow(40) && !nameless.grow(1));
        drop((one, others, nameless));
        let held = budget.lock();
        assert_eq!((held.all, held.by.len()), (0, 0));
    }
}
