//! The wake-up bus inside one process: a sharded map from queue to whoever watches it.

use super::{Signal, Wakes, Watch};
use crate::QueueKey;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Shards of the map, a power of two.
const SHARDS: usize = 128;

/// Passing bodies one watcher keeps until it asks; the oldest go first.
const PASSING: usize = 16;

/// Wake-ups between tasks of one process. A watcher costs a few hundred bytes and no task.
#[derive(Clone, Default)]
pub struct LocalWakes {
    shards: Arc<Shards>,
}

impl LocalWakes {
    /// A bus that nobody watches yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many queues are watched now.
    pub fn watched(&self) -> usize {
        self.shards.maps.iter().map(|map| lock(map).len()).sum()
    }
}

impl Wakes for LocalWakes {
    fn look(&self, queue: &QueueKey) {
        self.shards.tell(queue, |state| state.look = true);
    }

    fn pass(&self, queue: &QueueKey, body: Bytes) {
        self.shards.tell(queue, |state| {
            if state.passing.len() == PASSING {
                state.passing.pop_front();
            }
            state.passing.push_back(body.clone());
        });
    }

    fn watch(&self, queue: &QueueKey) -> Box<dyn Watch> {
        let ear = Arc::new(Ear::default());
        let mut map = lock(self.shards.of(queue));
        match map.get_mut(queue) {
            Some(ears) => ears.add(Arc::clone(&ear)),
            None => {
                map.insert(queue.clone(), Ears::One(Arc::clone(&ear)));
            }
        }
        drop(map);
        Box::new(LocalWatch { shards: Arc::clone(&self.shards), queue: queue.clone(), ear })
    }
}

struct LocalWatch {
    shards: Arc<Shards>,
    queue: QueueKey,
    ear: Arc<Ear>,
}

impl Watch for LocalWatch {
    fn next(&mut self) -> BoxFuture<'_, Signal> {
        Box::pin(poll_fn(|context| self.ear.poll(context)))
    }
}

impl Drop for LocalWatch {
    fn drop(&mut self) {
        let mut map = lock(self.shards.of(&self.queue));
        if map.get_mut(&self.queue).is_some_and(|ears| ears.remove(&self.ear)) {
            map.remove(&self.queue);
            // After a wave of disconnections the table would otherwise stay as large as it ever was.
            if map.capacity() > 64 && map.len() * 4 < map.capacity() {
                let room = map.len() * 2;
                map.shrink_to(room);
            }
        }
    }
}

struct Shards {
    hasher: RandomState,
    maps: Box<[Mutex<HashMap<QueueKey, Ears>>]>,
}

impl Default for Shards {
    fn default() -> Self {
        let maps = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { hasher: RandomState::new(), maps }
    }
}

impl Shards {
    fn of(&self, queue: &QueueKey) -> &Mutex<HashMap<QueueKey, Ears>> {
        let hash = self.hasher.hash_one(queue);
        &self.maps[hash as usize % SHARDS]
    }

    fn tell(&self, queue: &QueueKey, change: impl Fn(&mut Heard)) {
        let map = lock(self.of(queue));
        match map.get(queue) {
            None => {}
            Some(Ears::One(ear)) => {
                let ear = Arc::clone(ear);
                drop(map);
                ear.tell(&change);
            }
            Some(Ears::Many(ears)) => {
                let ears = ears.clone();
                drop(map);
                ears.iter().for_each(|ear| ear.tell(&change));
            }
        }
    }
}

/// The watchers of one queue; nearly always one, which then needs no list.
enum Ears {
    One(Arc<Ear>),
    Many(Vec<Arc<Ear>>),
}

impl Ears {
    fn add(&mut self, ear: Arc<Ear>) {
        match self {
            Self::One(first) => *self = Self::Many(vec![Arc::clone(first), ear]),
            Self::Many(ears) => ears.push(ear),
        }
    }

    /// True if nobody is left.
    fn remove(&mut self, ear: &Arc<Ear>) -> bool {
        match self {
            Self::One(only) => Arc::ptr_eq(only, ear),
            Self::Many(ears) => {
                ears.retain(|other| !Arc::ptr_eq(other, ear));
                if let [last] = ears.as_slice() {
                    *self = Self::One(Arc::clone(last));
                }
                false
            }
        }
    }
}

#[derive(Default)]
struct Ear(Mutex<Heard>);

#[derive(Default)]
struct Heard {
    look: bool,
    passing: VecDeque<Bytes>,
    waker: Option<Waker>,
}

impl Ear {
    fn tell(&self, change: &impl Fn(&mut Heard)) {
        let mut heard = lock(&self.0);
        change(&mut heard);
        let waker = heard.waker.take();
        drop(heard);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Signal> {
        let mut heard = lock(&self.0);
        if std::mem::take(&mut heard.look) {
            return Poll::Ready(Signal::Look);
        }
        if let Some(body) = heard.passing.pop_front() {
            return Poll::Ready(Signal::Passing(body));
        }
        match &mut heard.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

/// The data behind these locks is whole between any two statements, so a panic elsewhere leaves it usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn dropped_watchers_leave_nothing_behind() {
        let bus = LocalWakes::new();
        let watches: Vec<_> =
            (0..20_000_u32).map(|n| bus.watch(&QueueKey::new(n.to_be_bytes().to_vec()))).collect();
        assert_eq!(bus.watched(), 20_000);
        drop(watches);
        assert_eq!(bus.watched(), 0);
        let room: usize = bus.shards.maps.iter().map(|map| map.lock().unwrap().capacity()).sum();
        assert!(room <= SHARDS * 64, "{room} slots are still held");
    }

    #[test]
    fn a_watcher_is_small() {
        assert!(size_of::<Ear>() + size_of::<LocalWatch>() + size_of::<(QueueKey, Ears)>() < 256);
    }

    #[tokio::test]
    async fn the_oldest_passing_bodies_go_first() {
        let bus = LocalWakes::new();
        let queue = QueueKey::new("q");
        let mut watch = bus.watch(&queue);
        for n in 0..(PASSING as u8 + 3) {
            bus.pass(&queue, Bytes::from(vec![n]));
        }
        bus.look(&queue);
        assert_eq!(watch.next().await, Signal::Look);
        for n in 3..(PASSING as u8 + 3) {
            assert_eq!(watch.next().await, Signal::Passing(Bytes::from(vec![n])));
        }
    }
}
