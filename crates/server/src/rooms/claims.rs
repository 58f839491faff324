//! Who claimed which key package through this hub of late: whoever adds a device has claimed its key package themself, so that nobody
//! adds with what others were given, or with what they got before somebody took it back. In memory only, bounded, and without a name: a
//! row is a hash under a number that is drawn at each start. After a restart whoever adds somebody claims again (see ADR 0007).

use sha2::{Digest as _, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};
use trefoil_proto::{Timestamp, UserUri, mls::KeyPackage};

/// How long a claimed key package can be used, in milliseconds: an add may lose to other commits, or wait for a
/// connection.
const LIFE: u64 = 24 * 60 * 60 * 1000;
/// Claims remembered; beyond it the oldest are forgotten first. Some 12 MB.
const MOST: usize = 100_000;

/// A hash of a `KeyPackageRef` and of who claimed it, or of whose claims are void.
type Name = [u8; 32];

/// See the module.
pub(super) struct Claims {
    /// Drawn at each start: nobody who reads the memory later tries names out without it.
    salt: [u8; 32],
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    claims: HashMap<Name, Claim>,
    /// In the order they came, and so by time.
    order: VecDeque<(Name, u64)>,
    /// By whose key packages they are: claims up to this number are void.
    voided: HashMap<Name, (u64, Timestamp)>,
    /// Claims so far.
    number: u64,
}

#[derive(Clone, Copy)]
struct Claim {
    number: u64,
    until: Timestamp,
}

impl Default for Claims {
    fn default() -> Self {
        Self { salt: rand::random(), inner: Mutex::default() }
    }
}

impl Claims {
    /// Somebody was given a key package through this hub.
    pub(super) fn note(&self, by: &UserUri, package: &KeyPackage, now: Timestamp) {
        let name = self.claim(&reference(package.as_bytes()), by);
        let mut inner = self.inner();
        inner.forget(now);
        inner.insert(name, now.plus_millis(LIFE));
    }

    /// True if somebody was given a key package of `of` not long ago, and that was not taken back. A last resort can be used more
    /// than once.
    pub(super) fn holds(&self, by: &UserUri, reference: &[u8], of: &UserUri, now: Timestamp) -> bool {
        let (name, owner) = (self.claim(reference, by), self.owner(of));
        let inner = self.inner();
        let void = inner.voided.get(&owner).map_or(0, |(number, _)| *number);
        inner.claims.get(&name).is_some_and(|claim| claim.until > now && claim.number > void)
    }

    /// What was claimed of somebody's key packages up to now is good for nothing.
    pub(super) fn void(&self, of: &UserUri, now: Timestamp) {
        let owner = self.owner(of);
        let mut inner = self.inner();
        inner.voided.retain(|_, (_, until)| *until > now);
        let number = inner.number;
        inner.voided.insert(owner, (number, now.plus_millis(LIFE)));
    }

    fn claim(&self, reference: &[u8], by: &UserUri) -> Name {
        self.name(0, &[reference, by.to_string().as_bytes()].concat())
    }

    fn owner(&self, of: &UserUri) -> Name {
        self.name(1, of.to_string().as_bytes())
    }

    fn name(&self, kind: u8, of: &[u8]) -> Name {
        Sha256::new().chain_update(self.salt).chain_update([kind]).chain_update(of).finalize().into()
    }

    /// The maps are whole between any two statements, so a panic elsewhere leaves them usable.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn insert(&mut self, name: Name, until: Timestamp) {
        self.number += 1;
        self.claims.insert(name, Claim { number: self.number, until });
        self.order.push_back((name, self.number));
    }

    /// Forgets what has run out, and makes room for one more.
    fn forget(&mut self, now: Timestamp) {
        while let Some((name, number)) = self.order.front().copied() {
            // What was claimed again since stands further back, and lives on.
            let claim = self.claims.get(&name).copied().filter(|claim| claim.number == number);
            if claim.is_some_and(|claim| claim.until > now) && self.order.len() < MOST {
                return;
            }
            self.order.pop_front();
            if claim.is_some() {
                self.claims.remove(&name);
            }
        }
    }
}

/// RFC 9420, section 5.2.
fn reference(package: &[u8]) -> [u8; 32] {
    Sha256::digest(super::label::labelled("KeyPackage Reference", package)).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{super::tests::client, *};
    use openmls::prelude::OpenMlsProvider as _;
    use tls_codec::Serialize as _;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn user(id: &str) -> UserUri {
        format!("mimi://other.test/u/{id}").parse().unwrap()
    }

    fn package() -> (KeyPackage, Vec<u8>) {
        let device = client::Person::new("other.test", "bob").device("1");
        let package = device.key_package(client::CLASSICAL);
        let reference = package.hash_ref(device.provider.crypto()).unwrap();
        let raw = KeyPackage::parse(&package.tls_serialize_detached().unwrap()).unwrap();
        (raw, reference.as_slice().to_vec())
    }

    #[test]
    fn a_claim_holds_for_a_day_for_whoever_made_it_under_the_name_that_mls_gives() {
        let claims = Claims::default();
        let (package, reference) = package();
        let (ann, eve, bob) = (user("ann"), user("eve"), user("bob"));
        assert!(!claims.holds(&ann, &reference, &bob, NOW));
        claims.note(&ann, &package, NOW);
        assert!(claims.holds(&ann, &reference, &bob, NOW.plus_millis(LIFE - 1)));
        assert!(!claims.holds(&ann, &reference, &bob, NOW.plus_millis(LIFE)));
        assert!(!claims.holds(&ann, &reference[..31], &bob, NOW));
        assert!(!claims.holds(&eve, &reference, &bob, NOW), "it was not given to her");
    }

    #[test]
    fn what_was_claimed_before_somebody_took_it_back_is_void_and_what_is_claimed_after_is_good() {
        let claims = Claims::default();
        let (package, reference) = package();
        let (ann, bob) = (user("ann"), user("bob"));
        claims.note(&ann, &package, NOW);
        claims.void(&user("cat"), NOW);
        assert!(claims.holds(&ann, &reference, &bob, NOW), "that was somebody else");
        claims.void(&bob, NOW);
        assert!(!claims.holds(&ann, &reference, &bob, NOW));
        claims.note(&ann, &package, NOW);
        assert!(claims.holds(&ann, &reference, &bob, NOW));
    }

    #[test]
    fn memory_is_bounded_and_a_repeated_claim_lives_on() {
        let (package, reference) = package();
        let (ann, bob) = (user("ann"), user("bob"));
        let claims = Claims::default();
        let fill = |from: usize, at: Timestamp| {
            let mut inner = claims.inner();
            for number in from..from + MOST - 1 {
                let mut name = [0; 32];
                name[..8].copy_from_slice(&number.to_be_bytes());
                inner.forget(at);
                inner.insert(name, at.plus_millis(LIFE));
            }
            (inner.claims.len(), inner.order.len())
        };
        assert_eq!(fill(1, NOW), (MOST - 1, MOST - 1));
        assert_eq!(fill(MOST, NOW), (MOST, MOST));
        claims.note(&ann, &package, NOW);
        claims.note(&ann, &package, NOW.plus_millis(LIFE / 2));
        assert_eq!(claims.inner().order.len(), MOST);
        claims.inner().forget(NOW.plus_millis(LIFE));
        assert!(claims.holds(&ann, &reference, &bob, NOW.plus_millis(LIFE)));
        assert_eq!(claims.inner().claims.len(), 1);
    }
}
