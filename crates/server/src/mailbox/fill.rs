//! How full each mailbox may be by now: counted in memory, so that an append costs no read.
//!
//! A count says how much may still be appended before the queue must be *weighed*, that is read through in the store.
//! Acknowledgements are not counted back: a weighing finds out what they left, and gives the queue that much room
//! anew, or less if one room's events are near the part of the quota that a room may take ([`ROOM`]). So a device that
//! keeps up is weighed once in that part, and a device that is away some times on the way to its end. After a start
//! nothing is known; then a queue may take [`SHARE`] of its quota before it is weighed, and that is also the most by
//! which a queue, or a room in it, passes its quota between two starts.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use trefoil_store::QueueKey;

/// The part of a quota, one in so many, that a queue may take between two weighings however full it is.
const SHARE: u32 = 16;
/// The part of a quota, one in so many, that the events of one room may take.
const ROOM: u32 = 4;

/// What one device's mailbox may hold, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Entries.
    pub entries: u32,
    /// Bytes of entries.
    pub bytes: u64,
    /// Days without a read.
    pub days: u32,
}

impl Quota {
    /// When it is passed, nothing new is taken until the device has read.
    pub(super) fn whole(&self) -> Weight {
        Weight { entries: self.entries, bytes: self.bytes }
    }

    /// When the events of one room pass it, no more of that room's are taken until the device has read.
    pub(super) fn room(&self) -> Weight {
        Weight { entries: self.entries / ROOM, bytes: self.bytes / u64::from(ROOM) }
    }

    /// What is appended past the quota, after a start of the service or for a device that reads and never
    /// acknowledges, comes to its end here.
    pub(super) fn brim(&self) -> Weight {
        let (whole, more) = (self.whole(), self.room());
        Weight {
            entries: whole.entries.saturating_add(more.entries),
            bytes: whole.bytes.saturating_add(more.bytes),
        }
    }
}

impl Default for Quota {
    fn default() -> Self {
        Self { entries: 200_000, bytes: 512 * 1024 * 1024, days: 60 }
    }
}

/// What a queue holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Weight {
    pub(super) entries: u32,
    pub(super) bytes: u64,
}

impl Weight {
    pub(super) fn add(&mut self, bytes: usize) {
        self.entries = self.entries.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes as u64);
    }

    pub(super) fn exceeds(&self, limit: Weight) -> bool {
        self.entries > limit.entries || self.bytes > limit.bytes
    }
}

/// What is known of one queue.
enum Fill {
    /// Appended to since the start; whose it is was not looked up yet.
    New(Weight),
    /// A device's, with what may still be appended before it is weighed.
    Known(Weight),
    /// It has taken what it may: waits to be weighed.
    Due,
    /// No device of this service: nothing is appended.
    Stranger,
}

/// What is to be done about a queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Find out whose it is.
    Identify(QueueKey),
    /// Weigh it.
    Weigh(QueueKey),
}

#[derive(Default)]
struct Inner {
    fills: HashMap<QueueKey, Fill>,
    tasks: Vec<Task>,
}

/// Every queue that was appended to since the start.
pub(super) struct Fills {
    quota: Quota,
    inner: Mutex<Inner>,
}

impl Fills {
    pub(super) fn new(quota: Quota) -> Self {
        Self { quota, inner: Mutex::default() }
    }

    /// Counts one entry for each of the queues and takes out those of strangers. True if there is something to do.
    pub(super) fn count(&self, queues: &mut Vec<QueueKey>, bytes: usize) -> bool {
        let mut inner = self.inner();
        let Inner { fills, tasks } = &mut *inner;
        queues.retain(|queue| {
            let Some(fill) = fills.get_mut(queue) else {
                let left = self.share().less(bytes).unwrap_or_default();
                fills.insert(queue.clone(), Fill::New(left));
                tasks.push(Task::Identify(queue.clone()));
                return true;
            };
            match fill {
                Fill::Stranger => return false,
                Fill::Due => {}
                // What it takes until it is identified is counted, and weighed at once if it was much.
                Fill::New(left) => *left = left.less(bytes).unwrap_or_default(),
                Fill::Known(left) => match left.less(bytes) {
                    Some(less) => *left = less,
                    None => {
                        *fill = Fill::Due;
                        tasks.push(Task::Weigh(queue.clone()));
                    }
                },
            }
            true
        });
        !tasks.is_empty()
    }

    /// What is to be done, each once.
    pub(super) fn take_tasks(&self) -> Vec<Task> {
        std::mem::take(&mut self.inner().tasks)
    }

    /// What could not be done stays to be done.
    pub(super) fn give_back(&self, tasks: impl IntoIterator<Item = Task>) {
        self.inner().tasks.extend(tasks);
    }

    /// The queue is that of a device of this service.
    pub(super) fn admit(&self, queue: &QueueKey) {
        let mut inner = self.inner();
        let left = match inner.fills.get(queue) {
            Some(Fill::New(left)) => *left,
            Some(Fill::Known(_) | Fill::Due) => return,
            Some(Fill::Stranger) | None => self.share(),
        };
        inner.fills.insert(queue.clone(), Fill::Known(left));
    }

    /// The queue is that of nobody, unless it was admitted in the meantime. True if it is so now.
    pub(super) fn shun_new(&self, queue: &QueueKey) -> bool {
        let mut inner = self.inner();
        let fill = inner.fills.get_mut(queue).filter(|fill| matches!(fill, Fill::New(_)));
        let found = fill.is_some();
        if let Some(fill) = fill {
            *fill = Fill::Stranger;
        }
        found
    }

    /// The queue's device is gone.
    pub(super) fn shun(&self, queue: &QueueKey) {
        self.inner().fills.insert(queue.clone(), Fill::Stranger);
    }

    /// The queue was weighed: what is in it, and the most of it that is of one room and may still become more.
    pub(super) fn weighed(&self, queue: &QueueKey, weight: Weight, heaviest: Weight) {
        let share = self.share();
        let (whole, room) = (self.quota.whole(), self.quota.room());
        let until = |whole: u64, weight: u64, room: u64, heaviest: u64, share: u64| {
            whole.saturating_sub(weight).min(room.saturating_sub(heaviest)).max(share)
        };
        let entries = until(
            whole.entries.into(),
            weight.entries.into(),
            room.entries.into(),
            heaviest.entries.into(),
            share.entries.into(),
        );
        let bytes = until(whole.bytes, weight.bytes, room.bytes, heaviest.bytes, share.bytes);
        let left = Weight { entries: u32::try_from(entries).unwrap_or(u32::MAX), bytes };
        if let Some(fill @ Fill::Due) = self.inner().fills.get_mut(queue) {
            *fill = Fill::Known(left);
        }
    }

    /// Forgets strangers, or names that anybody makes up would fill the memory: they are found out again.
    pub(super) fn forget_strangers(&self) {
        self.inner().fills.retain(|_, fill| !matches!(fill, Fill::Stranger));
    }

    fn share(&self) -> Weight {
        Weight { entries: self.quota.entries / SHARE, bytes: self.quota.bytes / u64::from(SHARE) }
    }

    /// The maps are whole between any two statements, so a panic elsewhere leaves them usable.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Weight {
    /// Room that is left after one more entry; `None` if it does not fit.
    fn less(self, bytes: usize) -> Option<Self> {
        Some(Self {
            entries: self.entries.checked_sub(1)?,
            bytes: self.bytes.checked_sub(u64::try_from(bytes).ok()?)?,
        })
    }
}
