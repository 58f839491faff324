//! Which key packages of other services came through this hub of late. In memory only, bounded, and without a word
//! about who asked for which or whose they are: nothing of it survives a restart, after which whoever adds somebody
//! claims again (see ADR 0007).

use sha2::{Digest as _, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};
use trefoil_proto::{Timestamp, mls::KeyPackage};

/// How long a claimed key package can be used, in milliseconds: an add may lose to other commits, or wait for a
/// connection.
const LIFE: u64 = 24 * 60 * 60 * 1000;
/// Key packages remembered; beyond it the oldest are forgotten first. Some 10 MB.
const MOST: usize = 100_000;

/// `KeyPackageRef`: SHA-256 in every suite that our rooms have.
type Reference = [u8; 32];

/// See the module.
#[derive(Default)]
pub(super) struct Claims(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    until: HashMap<Reference, Timestamp>,
    /// In the order they came, and so by time.
    order: VecDeque<(Reference, Timestamp)>,
}

impl Claims {
    /// A key package was given to this hub.
    pub(super) fn note(&self, package: &KeyPackage, now: Timestamp) {
        let (reference, until) = (reference(package.as_bytes()), now.plus_millis(LIFE));
        let mut inner = self.inner();
        inner.forget(now);
        inner.until.insert(reference, until);
        inner.order.push_back((reference, until));
    }

    /// True if a key package was given to this hub not long ago. A last resort can be used more than once.
    pub(super) fn holds(&self, reference: &[u8], now: Timestamp) -> bool {
        let Ok(reference) = Reference::try_from(reference) else { return false };
        self.inner().until.get(&reference).is_some_and(|until| *until > now)
    }

    /// The two are whole between any two statements, so a panic elsewhere leaves them usable.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Forgets what has run out, and makes room for one more.
    fn forget(&mut self, now: Timestamp) {
        while let Some((reference, until)) = self.order.front().copied() {
            if until > now && self.order.len() < MOST {
                return;
            }
            self.order.pop_front();
            // A last resort that was claimed again since lives on.
            if self.until.get(&reference) == Some(&until) {
                self.until.remove(&reference);
            }
        }
    }
}

/// RFC 9420, section 5.2.
fn reference(package: &[u8]) -> Reference {
    Sha256::digest(super::label::labelled("KeyPackage Reference", package)).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{super::tests::client, *};
    use openmls::prelude::OpenMlsProvider as _;
    use tls_codec::Serialize as _;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn package() -> (KeyPackage, Vec<u8>) {
        let device = client::Person::new("other.test", "bob").device("1");
        let package = device.key_package(client::CLASSICAL);
        let reference = package.hash_ref(device.provider.crypto()).unwrap();
        let raw = KeyPackage::parse(&package.tls_serialize_detached().unwrap()).unwrap();
        (raw, reference.as_slice().to_vec())
    }

    #[test]
    fn a_claim_holds_for_a_day_under_the_name_that_mls_gives() {
        let claims = Claims::default();
        let (package, reference) = package();
        assert!(!claims.holds(&reference, NOW));
        claims.note(&package, NOW);
        assert!(claims.holds(&reference, NOW.plus_millis(LIFE - 1)));
        assert!(!claims.holds(&reference, NOW.plus_millis(LIFE)));
        assert!(!claims.holds(&reference[..31], NOW));
    }

    #[test]
    fn memory_is_bounded_and_a_repeated_claim_lives_on() {
        let (package, reference) = package();
        let mut inner = Inner::default();
        let mut fill = |from: usize, at: Timestamp| {
            for number in from..from + MOST - 1 {
                let mut name = [0; 32];
                name[..8].copy_from_slice(&number.to_be_bytes());
                inner.forget(at);
                inner.until.insert(name, at.plus_millis(LIFE));
                inner.order.push_back((name, at.plus_millis(LIFE)));
            }
            (inner.until.len(), inner.order.len())
        };
        assert_eq!(fill(1, NOW), (MOST - 1, MOST - 1));
        assert_eq!(fill(MOST, NOW), (MOST, MOST));
        let claims = Claims(Mutex::new(inner));
        claims.note(&package, NOW);
        claims.note(&package, NOW.plus_millis(LIFE / 2));
        assert_eq!(claims.inner().order.len(), MOST);
        claims.inner().forget(NOW.plus_millis(LIFE));
        assert!(claims.holds(&reference, NOW.plus_millis(LIFE)));
        assert_eq!(claims.inner().until.len(), 1);
    }
}
