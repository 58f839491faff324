//! What keys of the command line sign: told by a secret of this process, so that asking for many of them takes nothing from anybody.

use hmac::{Hmac, Mac as _};
use rand::RngCore as _;
use sha2::Sha256;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};
use trefoil_proto::Timestamp;
use zeroize::Zeroizing;

/// How long one is good, in milliseconds.
pub(super) const CHALLENGE: u64 = 2 * 60 * 1000;
const LABEL: &[u8] = b"Trefoil 1.0 StaffChallenge\0";

/// Challenges: 8 bytes of when it ends, 8 that are random, and 16 of HMAC-SHA256 over both under a secret that ends with the process.
pub(super) struct Challenges {
    secret: Zeroizing<[u8; 32]>,
    /// Those that somebody of the team signed in with, until they are too old anyway: no more than there were sign-ins.
    spent: Mutex<HashMap<[u8; 32], u64>>,
}

impl Default for Challenges {
    fn default() -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(secret.as_mut());
        Self { secret, spent: Mutex::default() }
    }
}

impl Challenges {
    /// A fresh one. Nothing is kept of it.
    pub(super) fn fresh(&self, now: Timestamp) -> [u8; 32] {
        let mut challenge = [0; 32];
        challenge[..8].copy_from_slice(&now.plus_millis(CHALLENGE).0.to_be_bytes());
        rand::rng().fill_bytes(&mut challenge[8..16]);
        let tag = self.mac(&challenge).finalize().into_bytes();
        challenge[16..].copy_from_slice(&tag[..16]);
        challenge
    }

    /// Whether it is one of this process, good, and nobody has signed in with it.
    pub(super) fn is_good(&self, challenge: &[u8; 32], now: Timestamp) -> bool {
        let ours = self.mac(challenge).verify_truncated_left(&challenge[16..]).is_ok();
        ours && until(challenge) > now.0 && !self.spent().contains_key(challenge)
    }

    /// Somebody signed in with it.
    pub(super) fn spend(&self, challenge: &[u8; 32], now: Timestamp) {
        let mut spent = self.spent();
        spent.retain(|_, until| *until > now.0);
        spent.insert(*challenge, until(challenge));
    }

    fn mac(&self, challenge: &[u8; 32]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.secret.as_ref()).expect("HMAC takes keys of any length");
        mac.update(LABEL);
        mac.update(&challenge[..16]);
        mac
    }

    /// Whole whatever panicked elsewhere.
    fn spent(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], u64>> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn until(challenge: &[u8; 32]) -> u64 {
    let (until, _) = challenge.split_first_chunk().expect("32 bytes have 8");
    u64::from_be_bytes(*until)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    #[test]
    fn each_is_good_once_for_a_time_in_this_process_and_however_many_were_asked_for() {
        let challenges = Challenges::default();
        let first = challenges.fresh(NOW);
        for _ in 0..5000 {
            challenges.fresh(NOW);
        }
        assert!(
            challenges.is_good(&first, NOW) && challenges.is_good(&first, NOW.plus_millis(CHALLENGE - 1))
        );
        assert!(!challenges.is_good(&first, NOW.plus_millis(CHALLENGE)));
        assert!(!Challenges::default().is_good(&first, NOW), "of another process");
        for at in 0..32 {
            let mut altered = first;
            altered[at] ^= 1;
            assert!(!challenges.is_good(&altered, NOW), "byte {at}");
        }
        challenges.spend(&first, NOW);
        assert!(!challenges.is_good(&first, NOW));
        // What is too old anyway is forgotten with the next sign-in.
        let later = NOW.plus_millis(CHALLENGE + 1);
        challenges.spend(&challenges.fresh(later), later);
        assert_eq!(challenges.spent().len(), 1);
    }
}
