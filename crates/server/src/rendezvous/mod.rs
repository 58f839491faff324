//! Where two devices of one account meet while one is linked (`docs/spec/linking.md`): slots with a sealed request and a
//! sealed answer, for ten minutes, in memory alone. Nothing is stored: what is here when the service stops is gone, and
//! the devices put it there again.
//!
//! Nobody says who they are. What a stranger can do is bounded by the rates of the edge, and by how many slots and bytes
//! there are in all; what is there already is never pushed out.

mod decide;
mod error;
#[cfg(test)]
mod tests;

pub use error::RendezvousError;

use bytes::Bytes;
use decide::Slots;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use trefoil_proto::{
    Timestamp,
    rendezvous::{Half, SlotId},
};

/// What came of putting a half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is there now.
    New,
    /// It was there, byte for byte.
    Repeated,
}

/// The slots of one service.
#[derive(Default)]
pub struct Rendezvous {
    slots: Mutex<Slots>,
}

impl Rendezvous {
    /// Puts a half into its slot. A request opens the slot, an answer needs one that is open.
    ///
    /// # Errors
    /// [`RendezvousError::Length`], [`RendezvousError::Other`], [`RendezvousError::Full`];
    /// [`RendezvousError::NoSuchSlot`] for an answer.
    pub fn put(
        &self,
        slot: SlotId,
        half: Half,
        sealed: Bytes,
        now: Timestamp,
    ) -> Result<Put, RendezvousError> {
        match half {
            Half::Request => self.lock().open(slot, sealed, now),
            Half::Answer => self.lock().answer(slot, sealed, now),
        }
    }

    /// A half of a slot. For an answer that is not there yet it waits as long as `patience`; `None` if it did not come.
    ///
    /// # Errors
    /// [`RendezvousError::NoSuchSlot`], at once or once the slot ends; [`RendezvousError::Waiting`].
    pub async fn get(
        &self,
        slot: SlotId,
        half: Half,
        patience: Duration,
        now: Timestamp,
    ) -> Result<Option<Bytes>, RendezvousError> {
        let mut answer = match half {
            Half::Request => return self.lock().request(slot, now).map(Some),
            Half::Answer => self.lock().await_answer(slot, now)?,
        };
        match tokio::time::timeout(patience, answer.wait_for(Option::is_some)).await {
            Err(_) => Ok(None),
            Ok(Ok(answer)) => Ok(answer.clone()),
            Ok(Err(_)) => Err(RendezvousError::NoSuchSlot),
        }
    }

    /// Forgets slots whose time is over.
    pub fn sweep(&self, now: Timestamp) {
        self.lock().sweep(now);
    }

    /// The table is whole between any two statements, so a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
