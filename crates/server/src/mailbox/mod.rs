//! Mailboxes: one queue of events for each device, kept until the device has acknowledged them.
//!
//! An event is encoded once and appended to every recipient's queue in one write. Whoever appends does it in a batch
//! of its own, and calls [`Mailboxes::announce`] when the batch is durable: connections look again, truth is in the
//! store.
//!
//! **Limit.** A mailbox has a [`Quota`] of entries, bytes and days without a read. Whatever comes, what is in it stays,
//! so that nobody can erase what others said by saying much:
//! - When the events of one room pass a quarter of the quota, further ones of that room are dropped.
//! - When the mailbox passes its quota, whatever is new is dropped, of every room.
//!
//! Either is told by a [`MailboxEvent::Lapsed`] after the last event that was taken, and ends when the device reads it.
//! It is emptied only when it was not read for its days, or is a quarter over its quota: each start of the service lets
//! a mailbox that is full take a sixteenth more, since what was dropped before is not known then, and so does a device
//! that reads and never acknowledges. Then its first entry is [`MailboxEvent::Lapsed`]. The device is not removed from
//! anything; it joins the rooms again by external commit, as after any loss of its state. Short of that no entry of a
//! device that exists is dropped. Devices that this service does not have get no mailbox.

mod fill;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod muted;
mod rows;
#[cfg(test)]
mod tests;
mod upkeep;

pub use fill::Quota;
pub use rows::TABLES;
pub use upkeep::Residents;

use bytes::Bytes;
use fill::Fills;
use muted::Muted;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Notify;
use trefoil_proto::{Wire as _, frame::MailboxEvent, mimi::fanout::Recipient};
use trefoil_store::{Batch, Entry, Position, QueueKey, ReadLimit, Store, StoreError, Wakes, Watch};

/// Why a mailbox could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum MailboxError {
    /// The event is larger than any device would take.
    #[error("the event has {size} bytes, a mailbox takes {limit}")]
    EventTooLarge {
        /// Its encoding, in bytes.
        size: usize,
        /// The largest that is taken, in bytes.
        limit: usize,
    },
    /// The entries could not be read.
    #[error("read a mailbox")]
    Read(#[source] StoreError),
    /// Acknowledged or removed entries could not be forgotten.
    #[error("forget entries of a mailbox")]
    Forget(#[source] StoreError),
    /// Unread mailboxes could not be found or marked.
    #[error("sweep the mailboxes")]
    Sweep(#[source] StoreError),
    /// Mailboxes that were appended to could not be looked after.
    #[error("tend the mailboxes")]
    Tend(#[source] StoreError),
}

/// Every mailbox of a service.
pub struct Mailboxes {
    store: Arc<dyn Store>,
    wakes: Arc<dyn Wakes>,
    /// Mailboxes read since the last sweep. Lost in a crash, which costs a mailbox at most the time between two
    /// sweeps out of its days.
    read: Mutex<HashSet<QueueKey>>,
    quota: Quota,
    fills: Fills,
    muted: Muted,
    tending: Notify,
}

impl Mailboxes {
    /// Mailboxes of the default quota in a store, with the bus that tells connections to look.
    pub fn new(store: Arc<dyn Store>, wakes: Arc<dyn Wakes>) -> Self {
        Self::with_quota(store, wakes, Quota::default())
    }

    /// As [`Self::new`], with another quota.
    pub fn with_quota(store: Arc<dyn Store>, wakes: Arc<dyn Wakes>, quota: Quota) -> Self {
        Self {
            store,
            wakes,
            read: Mutex::default(),
            quota,
            fills: Fills::new(quota),
            muted: Muted::default(),
            tending: Notify::new(),
        }
    }

    /// The queue of a device: `user/device`.
    pub fn queue(&self, recipient: &Recipient) -> QueueKey {
        let (user, device) = (recipient.user.as_str(), recipient.device.as_str());
        let mut name = Vec::with_capacity(user.len() + 1 + device.len());
        name.extend_from_slice(user.as_bytes());
        name.push(b'/');
        name.extend_from_slice(device.as_bytes());
        QueueKey::new(name)
    }

    /// Adds one append to a batch: the event, encoded once, for each of the recipients. Nothing without recipients.
    ///
    /// # Errors
    /// [`MailboxError::EventTooLarge`]; the batch is as it was.
    pub fn append(
        &self,
        batch: &mut Batch,
        recipients: &[Recipient],
        event: &MailboxEvent,
    ) -> Result<(), MailboxError> {
        let queues = recipients.iter().map(|recipient| self.queue(recipient)).collect();
        self.append_to(batch, queues, event)
    }

    /// As [`Self::append`], for queues that the caller keeps at hand.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn append_to(
        &self,
        batch: &mut Batch,
        mut queues: Vec<QueueKey>,
        event: &MailboxEvent,
    ) -> Result<(), MailboxError> {
        if queues.is_empty() {
            return Ok(());
        }
        let body = encode(event)?;
        let room = if let MailboxEvent::Room { room, .. } = event { Some(room) } else { None };
        self.muted.drop_from(&mut queues, room);
        if self.fills.count(&mut queues, body.len()) {
            self.tending.notify_one();
        }
        if !queues.is_empty() {
            batch.append(queues, body);
        }
        Ok(())
    }

    /// Tells the recipients' connections to look. After the commit.
    pub fn announce(&self, recipients: &[Recipient]) {
        for recipient in recipients {
            self.wakes.look(&self.queue(recipient));
        }
    }

    /// As [`Self::announce`], for queues that the caller keeps at hand.
    pub fn announce_to(&self, queues: &[QueueKey]) {
        for queue in queues {
            self.wakes.look(queue);
        }
    }

    /// Hands an event to those recipients that are connected now; it is stored nowhere and may be lost. An event that
    /// is too large for a mailbox is dropped.
    pub fn pass(&self, recipients: &[Recipient], event: &MailboxEvent) {
        let Ok(body) = encode(event) else { return };
        for recipient in recipients {
            self.wakes.pass(&self.queue(recipient), body.clone());
        }
    }

    /// The entries after a position, oldest first. At least one if there is one, whatever its size.
    ///
    /// # Errors
    /// [`MailboxError::Read`].
    pub async fn read(
        &self,
        recipient: &Recipient,
        after: Position,
        limit: ReadLimit,
    ) -> Result<Vec<Entry>, MailboxError> {
        let queue = self.queue(recipient);
        self.mark_read(&queue);
        let entries = self.store.read(queue.clone(), after, limit).await.map_err(MailboxError::Read)?;
        self.muted.read(&queue, &entries);
        Ok(entries)
    }

    /// Forgets everything up to and including a position: the device has it on its own disk.
    ///
    /// # Errors
    /// [`MailboxError::Forget`].
    pub async fn acknowledge(&self, recipient: &Recipient, through: Position) -> Result<(), MailboxError> {
        let mut batch = Batch::new();
        batch.trim(self.queue(recipient), through);
        self.store.commit(batch).await.map_err(MailboxError::Forget)?;
        Ok(())
    }

    /// Watches a device's mailbox: tells when to look, and carries passing events.
    pub fn watch(&self, recipient: &Recipient) -> Box<dyn Watch> {
        let queue = self.queue(recipient);
        self.mark_read(&queue);
        self.wakes.watch(&queue)
    }

    /// A device was taken in: its mailbox takes events from now on.
    pub fn admit(&self, recipient: &Recipient) {
        self.fills.admit(&self.queue(recipient));
    }

    /// Forgets a mailbox with everything in it: the device is gone, and what still comes for it is dropped.
    ///
    /// # Errors
    /// [`MailboxError::Forget`].
    pub async fn remove(&self, recipient: &Recipient) -> Result<(), MailboxError> {
        let queue = self.queue(recipient);
        self.reads().remove(&queue);
        self.fills.shun(&queue);
        self.muted.forget(&queue);
        self.forget(&queue).await.map_err(MailboxError::Forget)
    }

    fn mark_read(&self, queue: &QueueKey) {
        let mut read = self.reads();
        if !read.contains(queue) {
            read.insert(queue.clone());
        }
    }

    /// The set is whole between any two statements, so a panic elsewhere leaves it usable.
    fn reads(&self) -> std::sync::MutexGuard<'_, HashSet<QueueKey>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn encode(event: &MailboxEvent) -> Result<Bytes, MailboxError> {
    let encoded = event.encode();
    if encoded.len() > MailboxEvent::LIMIT {
        return Err(MailboxError::EventTooLarge { size: encoded.len(), limit: MailboxEvent::LIMIT });
    }
    Ok(encoded.into())
}
