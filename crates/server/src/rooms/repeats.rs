//! The last messages that a room took, so that one which is handed in again is delivered once and answered as before.
//!
//! In memory only, and bounded: after a restart, or so many messages later, a repetition is stamped and delivered once
//! more, and receivers see the ciphertext once (ADR 0002). Kept over commits, so that whoever lost the answer to a
//! message of the epoch before need not send its content again.

use sha2::{Digest as _, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use trefoil_proto::{Timestamp, Wire as _, mimi::SubmitMessageRequest};

/// Messages remembered: what four devices may have unanswered at once.
const KEPT: usize = 256;
/// What they take up in memory, roughly, in bytes.
pub(super) const WEIGHT: usize = KEPT * 64;

/// Half of a SHA-256: who could find two messages of one digest would lose one of their own.
type MessageDigest = [u8; 16];

/// See the module.
#[derive(Default)]
pub(super) struct Repeats(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    /// `None` while it is being committed.
    taken: HashMap<MessageDigest, Option<Timestamp>>,
    order: VecDeque<MessageDigest>,
}

/// What is known of a message.
pub(super) enum Known {
    /// Nothing: whoever holds the claim may take it.
    New(Claim),
    /// It is being taken at this moment.
    UnderWay,
    /// It was taken at this time. The stamp follows from it.
    Taken(Timestamp),
}

/// The right to take a message. Dropped without [`Claim::taken`], nothing was taken.
pub(super) struct Claim {
    of: Arc<Mutex<Inner>>,
    digest: MessageDigest,
}

impl Repeats {
    pub(super) fn look(&self, request: &SubmitMessageRequest) -> Known {
        // The service that sends it again may have another key by now, and so another mark.
        let unmarked = SubmitMessageRequest { sender_frank: None, ..request.clone() };
        let whole = Sha256::digest(unmarked.encode());
        let mut digest = MessageDigest::default();
        digest.copy_from_slice(&whole[..16]);
        let mut inner = lock(&self.0);
        match inner.taken.get(&digest) {
            Some(Some(at)) => Known::Taken(*at),
            Some(None) => Known::UnderWay,
            None => {
                inner.taken.insert(digest, None);
                Known::New(Claim { of: Arc::clone(&self.0), digest })
            }
        }
    }
}

impl Claim {
    /// The message is durable.
    pub(super) fn taken(self, at: Timestamp) {
        let mut inner = lock(&self.of);
        inner.taken.insert(self.digest, Some(at));
        inner.order.push_back(self.digest);
        if inner.order.len() > KEPT
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.taken.remove(&oldest);
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut inner = lock(&self.of);
        if inner.taken.get(&self.digest) == Some(&None) {
            inner.taken.remove(&self.digest);
        }
    }
}

/// The two are whole between any two statements, so a panic elsewhere leaves them usable.
fn lock(mutex: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use trefoil_proto::{
        mimi::{Protocol, submit::Delivery},
        mls::MlsMessage,
    };

    fn request(number: u64) -> SubmitMessageRequest {
        let mut bytes = vec![0, 1, 0, 2, 1, b'r'];
        bytes.extend_from_slice(&number.to_be_bytes());
        bytes.extend_from_slice(&[1, 0, 1, 0, 1, 0]);
        SubmitMessageRequest {
            protocol: Protocol::Mls10,
            app_message: MlsMessage::parse(&bytes).unwrap(),
            sending_uri: "mimi://a.example/u/x".parse().unwrap(),
            delivery: Delivery::Durable,
            sender_frank: None,
        }
    }

    #[test]
    fn a_message_is_known_from_its_commit_on_and_the_oldest_are_forgotten() {
        let repeats = Repeats::default();
        let Known::New(claim) = repeats.look(&request(0)) else { panic!("known") };
        assert!(matches!(repeats.look(&request(0)), Known::UnderWay));
        // It failed.
        drop(claim);
        let count = 2 * KEPT as u64;
        for number in 0..count {
            let Known::New(claim) = repeats.look(&request(number)) else { panic!("{number} is known") };
            claim.taken(Timestamp(number));
        }
        for number in 0..count {
            match repeats.look(&request(number)) {
                Known::Taken(at) => assert!(number >= KEPT as u64 && at.0 == number),
                Known::New(_) => assert!(number < KEPT as u64),
                Known::UnderWay => panic!("nobody is at it"),
            }
        }
        let inner = lock(&repeats.0);
        assert_eq!((inner.taken.len(), inner.order.len()), (KEPT, KEPT));
        assert!(KEPT * (size_of::<MessageDigest>() * 2 + size_of::<Option<Timestamp>>()) <= WEIGHT);
    }
}
