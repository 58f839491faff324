//! What is dropped instead of appended: of one room for one device, or everything for it.
//!
//! Each began together with a durable [`MailboxEvent::Lapsed`] in the device's queue, and ends when that entry is read:
//! so whatever was dropped came before the device was told, and it joins the room again after all of it. It is kept in
//! memory; after a start the queue is weighed again before anything more is dropped.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use trefoil_proto::{RoomUri, Wire as _, frame::MailboxEvent};
use trefoil_store::{Entry, QueueKey};

/// What is dropped, by queue; no queue with nothing.
#[derive(Default)]
pub(super) struct Muted(Mutex<HashMap<QueueKey, Vec<Option<RoomUri>>>>);

impl Muted {
    /// Takes out the queues that get nothing of this room now.
    pub(super) fn drop_from(&self, queues: &mut Vec<QueueKey>, room: Option<&RoomUri>) {
        let muted = self.muted();
        if muted.is_empty() {
            return;
        }
        queues.retain(|queue| {
            muted.get(queue).is_none_or(|muted| !muted.iter().any(|of| of.is_none() || of.as_ref() == room))
        });
    }

    /// From now on nothing of the room, or nothing at all, is appended. False if that was so before.
    pub(super) fn begin(&self, queue: &QueueKey, room: Option<&RoomUri>) -> bool {
        let mut muted = self.muted();
        let rooms = muted.entry(queue.clone()).or_default();
        let new = !rooms.iter().any(|of| of.as_ref() == room);
        if new {
            rooms.push(room.cloned());
        }
        new
    }

    /// The device could not be told.
    pub(super) fn take_back(&self, queue: &QueueKey, rooms: &[Option<RoomUri>]) {
        self.end(queue, |of| rooms.contains(of));
    }

    /// These entries go to the device: what they tell of is over.
    pub(super) fn read(&self, queue: &QueueKey, entries: &[Entry]) {
        if !self.muted().contains_key(queue) {
            return;
        }
        for entry in entries {
            if let Ok(MailboxEvent::Lapsed { room }) = MailboxEvent::decode(&entry.body) {
                self.end(queue, |of| room.is_none() || *of == room);
            }
        }
    }

    /// The queue was emptied.
    pub(super) fn forget(&self, queue: &QueueKey) {
        self.muted().remove(queue);
    }

    fn end(&self, queue: &QueueKey, ends: impl Fn(&Option<RoomUri>) -> bool) {
        let mut muted = self.muted();
        let Some(rooms) = muted.get_mut(queue) else { return };
        rooms.retain(|of| !ends(of));
        if rooms.is_empty() {
            muted.remove(queue);
        }
    }

    /// The map is whole between any two statements, so a panic elsewhere leaves it usable.
    fn muted(&self) -> MutexGuard<'_, HashMap<QueueKey, Vec<Option<RoomUri>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
