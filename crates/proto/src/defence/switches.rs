//! The switches themselves: one word for the whole process, since services, devices and the adversary share it.

use super::Defence;
use std::sync::atomic::{AtomicU32, Ordering};

static AWAY: AtomicU32 = AtomicU32::new(0);

/// Defences that are away until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Away(());

/// Takes defences away. Tests that do so must not run side by side in one process.
pub fn take_away(defences: &[Defence]) -> Away {
    let bits = defences.iter().fold(0, |bits, defence| bits | bit(*defence));
    let before = AWAY.swap(bits, Ordering::SeqCst);
    assert_eq!(before, 0, "defences are taken away by one attack at a time");
    Away(())
}

pub(super) fn stands(defence: Defence) -> bool {
    AWAY.load(Ordering::SeqCst) & bit(defence) == 0
}

const fn bit(defence: Defence) -> u32 {
    1 << defence as u32
}

impl Drop for Away {
    fn drop(&mut self) {
        AWAY.store(0, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_away_comes_back() {
        assert!(Defence::Order.stands());
        let away = take_away(&[Defence::Order, Defence::Stamp]);
        assert!(!Defence::Order.stands() && !Defence::Stamp.stands() && Defence::OpenedOnce.stands());
        drop(away);
        assert!(Defence::Order.stands() && Defence::Stamp.stands());
    }
}
