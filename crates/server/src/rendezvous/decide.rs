//! The table of slots: what is taken, what is refused, when it ends. Told the time; waits for nothing.

use super::{Put, RendezvousError};
use bytes::Bytes;
use std::collections::HashMap;
use tokio::sync::watch;
use trefoil_proto::{
    Timestamp,
    rendezvous::{Half, SlotId},
};

/// How long a slot is there, in milliseconds.
pub(super) const LIFE: u64 = 10 * 60 * 1000;
/// Slots at a time.
pub(super) const SLOTS: usize = 4096;
/// Bytes in all of them.
pub(super) const BYTES: usize = 64 * 1024 * 1024;
/// How many may wait for one answer: a device that asks again and again leaves some behind that nobody reads.
pub(super) const WAITING: usize = 8;

struct Slot {
    ends: Timestamp,
    request: Bytes,
    answer: watch::Sender<Option<Bytes>>,
}

pub(super) struct Slots {
    slots: HashMap<SlotId, Slot>,
    /// Of all halves.
    bytes: usize,
    most_slots: usize,
    most_bytes: usize,
}

impl Default for Slots {
    fn default() -> Self {
        Self::with_room(SLOTS, BYTES)
    }
}

impl Slots {
    pub(super) fn with_room(most_slots: usize, most_bytes: usize) -> Self {
        Self { slots: HashMap::new(), bytes: 0, most_slots, most_bytes }
    }

    pub(super) fn open(
        &mut self,
        id: SlotId,
        request: Bytes,
        now: Timestamp,
    ) -> Result<Put, RendezvousError> {
        check_length(Half::Request, &request)?;
        match self.there(id, now) {
            Ok(slot) if slot.request == request => return Ok(Put::Repeated),
            Ok(_) => return Err(RendezvousError::Other),
            Err(_) => self.sweep(now),
        }
        if self.slots.len() >= self.most_slots {
            return Err(self.full(now));
        }
        self.take_room(request.len(), now)?;
        let slot = Slot { ends: now.plus_millis(LIFE), request, answer: watch::Sender::new(None) };
        self.slots.insert(id, slot);
        Ok(Put::New)
    }

    pub(super) fn answer(
        &mut self,
        id: SlotId,
        answer: Bytes,
        now: Timestamp,
    ) -> Result<Put, RendezvousError> {
        check_length(Half::Answer, &answer)?;
        let before = self.there(id, now)?.answer.borrow().clone();
        match before {
            Some(before) if before == answer => Ok(Put::Repeated),
            Some(_) => Err(RendezvousError::Other),
            None => {
                self.take_room(answer.len(), now)?;
                self.there(id, now)?.answer.send_replace(Some(answer));
                Ok(Put::New)
            }
        }
    }

    pub(super) fn request(&self, id: SlotId, now: Timestamp) -> Result<Bytes, RendezvousError> {
        Ok(self.there(id, now)?.request.clone())
    }

    pub(super) fn await_answer(
        &self,
        id: SlotId,
        now: Timestamp,
    ) -> Result<watch::Receiver<Option<Bytes>>, RendezvousError> {
        let answer = &self.there(id, now)?.answer;
        if answer.receiver_count() >= WAITING {
            Err(RendezvousError::Waiting)
        } else {
            Ok(answer.subscribe())
        }
    }

    pub(super) fn sweep(&mut self, now: Timestamp) {
        self.slots.retain(|_, slot| slot.ends > now);
        self.bytes = self.slots.values().map(Slot::bytes).sum();
    }

    fn there(&self, id: SlotId, now: Timestamp) -> Result<&Slot, RendezvousError> {
        self.slots.get(&id).filter(|slot| slot.ends > now).ok_or(RendezvousError::NoSuchSlot)
    }

    fn take_room(&mut self, more: usize, now: Timestamp) -> Result<(), RendezvousError> {
        if self.bytes + more > self.most_bytes {
            self.sweep(now);
        }
        if self.bytes + more > self.most_bytes {
            return Err(self.full(now));
        }
        self.bytes += more;
        Ok(())
    }

    fn full(&self, now: Timestamp) -> RendezvousError {
        let first = self.slots.values().map(|slot| slot.ends.0).min().unwrap_or(now.0);
        RendezvousError::Full(u32::try_from(first.saturating_sub(now.0)).unwrap_or(u32::MAX).max(1))
    }
}

impl Slot {
    fn bytes(&self) -> usize {
        self.request.len() + self.answer.borrow().as_ref().map_or(0, Bytes::len)
    }
}

fn check_length(half: Half, sealed: &[u8]) -> Result<(), RendezvousError> {
    if (1..=half.limit()).contains(&sealed.len()) { Ok(()) } else { Err(RendezvousError::Length) }
}
