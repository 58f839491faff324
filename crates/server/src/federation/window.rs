//! The last events of each peer, so that a repetition changes nothing and an alteration is noticed.
//!
//! A peer repeats what it got no answer for, and it has at most a few hundred such events on their way at once, so the
//! last [`KEPT`] of each peer are enough.

use super::{
    FederationError,
    mark::{Digest, Kinship, Mark},
    rows,
};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use trefoil_proto::{Domain, Timestamp};
use trefoil_store::{Batch, KeyRange, Store};

/// Events remembered of each peer.
pub(super) const KEPT: usize = 4096;

/// How often an event may come again within [`SPAN`]. A peer that loses every answer pauses longer each time, and comes
/// to half as many.
pub(super) const REPETITIONS: u8 = 16;
/// In milliseconds.
pub(super) const SPAN: u64 = 60_000;

pub(super) struct Windows {
    store: Arc<dyn Store>,
    peers: Mutex<HashMap<Domain, Arc<Mutex<Window>>>>,
    loading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Window {
    next: u64,
    order: VecDeque<(u64, Mark)>,
    seen: HashSet<Digest>,
    /// The newest event of each identity.
    known: HashMap<Digest, (u64, Mark)>,
    /// How often each event came again, and since when that is counted.
    repeated: HashMap<Digest, (Timestamp, u8)>,
    /// Wholes and identities that are being committed now.
    claimed: HashSet<Digest>,
}

/// Events that are new, claimed until [`Claim::done`] or until it is dropped.
pub(super) struct Claim {
    window: Arc<Mutex<Window>>,
    marks: Vec<(u64, Mark)>,
}

/// What a request's events are to what came before.
pub(super) enum Claimed {
    /// Of each, whether it is to be delivered.
    Some(Claim, Vec<bool>),
    /// One of them came before, altered.
    Altered,
    /// All of them came before, more than [`REPETITIONS`] times in a minute.
    Replayed,
}

impl Windows {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, peers: Mutex::default(), loading: tokio::sync::Mutex::default() }
    }

    /// Claims those of the events that did not come before; says of each whether it is new.
    pub(super) async fn claim(
        &self,
        from: &Domain,
        marks: &[Mark],
        now: Timestamp,
    ) -> Result<Claimed, FederationError> {
        let shared = self.window(from).await?;
        let mut window = lock(&shared);
        let under_way = |digest: &Digest| window.claimed.contains(digest);
        if marks.iter().any(|mark| under_way(&mark.whole) || under_way(&mark.identity)) {
            return Err(FederationError::Busy);
        }
        let (mut claimed, mut new) = (Vec::new(), Vec::with_capacity(marks.len()));
        let mut own = HashMap::<_, &Mark>::new();
        for mark in marks {
            let known = window.known.get(&mark.identity).map(|(_, mark)| mark);
            let before = own.get(&mark.identity).copied().or(known);
            let is_new = match before.map(|before| mark.kinship(before)) {
                None => true,
                Some(Kinship::Same) => !window.seen.contains(&mark.whole),
                Some(Kinship::StampedAgain) => false,
                Some(Kinship::Altered) => return Ok(Claimed::Altered),
            };
            let is_new = is_new && own.insert(mark.identity, mark).is_none();
            new.push(is_new);
            if is_new {
                claimed.push((window.next + claimed.len() as u64, *mark));
            }
        }
        if claimed.is_empty() && window.count_repetition(marks, now) {
            return Ok(Claimed::Replayed);
        }
        window.next += claimed.len() as u64;
        for (_, mark) in &claimed {
            window.claimed.extend([mark.whole, mark.identity]);
        }
        drop(window);
        Ok(Claimed::Some(Claim { window: shared, marks: claimed }, new))
    }

    async fn window(&self, from: &Domain) -> Result<Arc<Mutex<Window>>, FederationError> {
        let known = |windows: &Self| lock(&windows.peers).get(from).cloned();
        if let Some(window) = known(self) {
            return Ok(window);
        }
        let _one_at_a_time = self.loading.lock().await;
        if let Some(window) = known(self) {
            return Ok(window);
        }
        let range = KeyRange::prefix(rows::domain_prefix(from));
        let found = self.store.scan(rows::SEEN, range, KEPT).await?;
        let mut found: Vec<_> = found.iter().filter_map(|(_, row)| rows::decode_seen(row)).collect();
        found.sort_unstable_by_key(|(number, _)| *number);
        let mut window = Window::default();
        for (number, mark) in found {
            window.next = number + 1;
            window.remember(number, mark);
        }
        let window = Arc::new(Mutex::new(window));
        lock(&self.peers).insert(from.clone(), Arc::clone(&window));
        Ok(window)
    }
}

impl Window {
    /// Events that all came before come again. True if they have done so too often.
    fn count_repetition(&mut self, marks: &[Mark], now: Timestamp) -> bool {
        let mut least = u8::MAX;
        for mark in marks {
            let (since, times) = self.repeated.entry(mark.identity).or_insert((now, 0));
            if now.millis_since(*since) > SPAN {
                (*since, *times) = (now, 0);
            }
            *times = times.saturating_add(1);
            least = least.min(*times);
        }
        !marks.is_empty() && least > REPETITIONS
    }

    fn remember(&mut self, number: u64, mark: Mark) {
        self.seen.insert(mark.whole);
        self.known.insert(mark.identity, (number, mark));
        self.order.push_back((number, mark));
        if self.order.len() > KEPT
            && let Some((number, oldest)) = self.order.pop_front()
        {
            self.seen.remove(&oldest.whole);
            self.repeated.remove(&oldest.identity);
            if self.known.get(&oldest.identity).is_some_and(|(newest, _)| *newest == number) {
                self.known.remove(&oldest.identity);
            }
        }
    }
}

impl Claim {
    /// Adds to a batch what makes the claim durable.
    pub(super) fn write(&self, from: &Domain, batch: &mut Batch) {
        for (number, mark) in &self.marks {
            let slot = u16::try_from(number % KEPT as u64).expect("a remainder is below its divisor");
            batch.put(rows::SEEN, rows::slot_key(from, slot), rows::encode_seen(*number, mark));
        }
    }

    /// The batch is durable: these events are known from now on.
    pub(super) fn done(mut self) {
        let mut window = lock(&self.window);
        for (number, mark) in std::mem::take(&mut self.marks) {
            window.claimed.remove(&mark.whole);
            window.claimed.remove(&mark.identity);
            window.remember(number, mark);
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut window = lock(&self.window);
        for (_, mark) in &self.marks {
            window.claimed.remove(&mark.whole);
            window.claimed.remove(&mark.identity);
        }
    }
}

/// The data behind these locks is whole between any two statements, so a panic elsewhere leaves it usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
