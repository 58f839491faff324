//! What is done to mailboxes beside deliveries: strangers' are emptied, full ones take no more, unread ones lapse.

use super::{
    MailboxError, Mailboxes,
    fill::{Task, Weight},
    rows,
};
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use tls_codec::DeserializeBytes as _;
use trefoil_proto::{RoomUri, Timestamp, Wire as _, frame::MailboxEvent, mimi::fanout::Recipient};
use trefoil_store::{Batch, KeyRange, Position, QueueKey, ReadLimit, StoreError};

/// Rows that one step of a sweep looks at.
const SWEEP_STEP: usize = 1024;
/// What one step of a weighing reads.
const WEIGH_STEP: ReadLimit = ReadLimit { entries: 512, bytes: 1024 * 1024 };

/// Knows which devices this service has.
pub trait Residents: Send + Sync {
    /// True if the device exists, as the store says now; `None` if that cannot be found out.
    fn has<'a>(&'a self, device: &'a Recipient) -> BoxFuture<'a, Option<bool>>;
}

impl Mailboxes {
    /// Resolves when an append has left something for [`Mailboxes::tend`] to do.
    pub async fn needs_tending(&self) {
        self.tending.notified().await;
    }

    /// Looks after the mailboxes that were appended to: empties those of devices that do not exist, and lets those
    /// take no more that are over their quota, whole or of a room. Returns how many began to drop something.
    ///
    /// # Errors
    /// [`MailboxError::Tend`]; what was not done is done the next time.
    pub async fn tend(&self, residents: &dyn Residents, now: Timestamp) -> Result<usize, MailboxError> {
        let mut tasks = self.fills.take_tasks().into_iter();
        let mut lapsed = 0;
        while let Some(task) = tasks.next() {
            let done = match &task {
                Task::Identify(queue) => self.identify(queue, residents, now).await.map(|()| false),
                Task::Weigh(queue) => self.weigh(queue, now).await,
            };
            match done {
                Ok(true) => lapsed += 1,
                Ok(false) => {}
                Err(error) => {
                    self.fills.give_back(std::iter::once(task).chain(tasks));
                    return Err(MailboxError::Tend(error));
                }
            }
        }
        Ok(lapsed)
    }

    /// Marks the mailboxes that were read since the last sweep, and lets those lapse that nobody reads. Once an hour
    /// is enough. Returns how many lapsed.
    ///
    /// # Errors
    /// [`MailboxError::Sweep`]; the next sweep does what this one left.
    pub async fn sweep(&self, now: Timestamp) -> Result<usize, MailboxError> {
        let today = day(now);
        self.fills.forget_strangers();
        let read: Vec<QueueKey> = self.reads().drain().collect();
        for chunk in read.chunks(SWEEP_STEP) {
            let mut batch = Batch::new();
            for queue in chunk {
                batch.put(rows::LAST_READ, queue.0.clone(), rows::encode_day(today));
            }
            if let Err(error) = self.store.commit(batch).await {
                self.reads().extend(read);
                return Err(MailboxError::Sweep(error));
            }
        }
        let mut lapsed = 0;
        let mut range = KeyRange::all();
        loop {
            let found = self
                .store
                .scan(rows::LAST_READ, range.clone(), SWEEP_STEP)
                .await
                .map_err(MailboxError::Sweep)?;
            let Some((last, _)) = found.last() else { return Ok(lapsed) };
            range.start = [last.as_ref(), &[0]].concat().into();
            for (queue, row) in found {
                let Some(since) = rows::decode_day(&row) else {
                    tracing::warn!("a mailbox row of an unknown form was left alone");
                    continue;
                };
                let queue = QueueKey(queue);
                // Someone who came back while the sweep ran keeps what is there.
                if today.saturating_sub(since) >= self.quota.days && !self.reads().contains(&queue) {
                    let told = self.lapse_unread(&queue, today).await.map_err(MailboxError::Sweep)?;
                    lapsed += usize::from(told);
                }
            }
        }
    }

    async fn identify(
        &self,
        queue: &QueueKey,
        residents: &dyn Residents,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let there = match recipient(queue) {
            Some(device) => residents.has(&device).await.ok_or(StoreError::Closed)?,
            None => false,
        };
        if !there {
            if self.fills.shun_new(queue) {
                tracing::debug!("events for a device that does not exist were dropped");
                self.forget(queue).await?;
            }
            return Ok(());
        }
        self.fills.admit(queue);
        // The days of a device that never connects are counted from its first event.
        if self.store.get(rows::LAST_READ, queue.0.clone()).await?.is_none() {
            let mut batch = Batch::new();
            batch.assert_absent(rows::LAST_READ, queue.0.clone());
            batch.put(rows::LAST_READ, queue.0.clone(), rows::encode_day(day(now)));
            match self.store.commit(batch).await {
                Ok(_) | Err(StoreError::AssertFailed { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads a queue through, and tells its device what is dropped from now on. True if there is something new.
    async fn weigh(&self, queue: &QueueKey, now: Timestamp) -> Result<bool, StoreError> {
        let mut weight = Weight::default();
        let mut rooms: HashMap<RoomUri, Weight> = HashMap::new();
        let mut after = Position::default();
        loop {
            let entries = self.store.read(queue.clone(), after, WEIGH_STEP).await?;
            let Some(last) = entries.last() else { break };
            after = last.position;
            for entry in &entries {
                weight.add(entry.body.len());
                if let Some(room) = room_of(&entry.body) {
                    rooms.entry(room).or_default().add(entry.body.len());
                }
            }
            if weight.exceeds(self.quota.brim()) {
                self.lapse(queue, day(now)).await?;
                self.fills.weighed(queue, Weight::default(), Weight::default());
                return Ok(true);
            }
        }
        let mut over: Vec<Option<RoomUri>> = Vec::new();
        let mut heaviest = Weight::default();
        for (room, weight) in rooms {
            if weight.exceeds(self.quota.room()) {
                over.push(Some(room));
            } else {
                heaviest.entries = heaviest.entries.max(weight.entries);
                heaviest.bytes = heaviest.bytes.max(weight.bytes);
            }
        }
        if weight.exceeds(self.quota.whole()) {
            over = vec![None];
        }
        over.retain(|room| self.muted.begin(queue, room.as_ref()));
        if let Err(error) = self.tell(queue, &over).await {
            self.muted.take_back(queue, &over);
            return Err(error);
        }
        self.fills.weighed(queue, weight, heaviest);
        Ok(!over.is_empty())
    }

    /// Tells a device which rooms' events are dropped from here on.
    async fn tell(&self, queue: &QueueKey, dropped: &[Option<RoomUri>]) -> Result<(), StoreError> {
        if dropped.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        for room in dropped {
            batch.append(vec![queue.clone()], MailboxEvent::Lapsed { room: room.clone() }.encode());
        }
        self.store.commit(batch).await?;
        self.wakes.look(queue);
        tracing::info!("a mailbox takes no more, whole or of a room");
        Ok(())
    }

    /// Lets an unread mailbox lapse, if there is something in it that its device would miss.
    async fn lapse_unread(&self, queue: &QueueKey, today: u32) -> Result<bool, StoreError> {
        let first = ReadLimit { entries: 2, bytes: 2 * MailboxEvent::LIMIT };
        let entries = self.store.read(queue.clone(), Position::default(), first).await?;
        let told = |body: &[u8]| body == MailboxEvent::Lapsed { room: None }.encode();
        if entries.is_empty() || matches!(&entries[..], [only] if told(&only.body)) {
            // Nothing to lose: the days count anew, or every sweep would look again.
            let mut batch = Batch::new();
            batch.put(rows::LAST_READ, queue.0.clone(), rows::encode_day(today));
            self.store.commit(batch).await?;
            return Ok(false);
        }
        self.lapse(queue, today).await?;
        Ok(true)
    }

    /// Empties a mailbox and tells its device so, in one commit. The days of a lapsed mailbox count anew, so that what
    /// comes after the lapse does not stay for ever either.
    async fn lapse(&self, queue: &QueueKey, today: u32) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        batch
            .trim(queue.clone(), Position(u64::MAX))
            .append(vec![queue.clone()], MailboxEvent::Lapsed { room: None }.encode())
            .put(rows::LAST_READ, queue.0.clone(), rows::encode_day(today));
        self.store.commit(batch).await?;
        self.muted.forget(queue);
        self.wakes.look(queue);
        tracing::info!("a mailbox lapsed");
        Ok(())
    }

    /// Removes a queue with everything that is known of it.
    pub(super) async fn forget(&self, queue: &QueueKey) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        batch.trim(queue.clone(), Position(u64::MAX)).delete(rows::LAST_READ, queue.0.clone());
        self.store.commit(batch).await.map(drop)
    }
}

/// The room of a stored event, without a look at the event.
fn room_of(body: &[u8]) -> Option<RoomUri> {
    const ROOM: u8 = 1;
    let (&kind, rest) = body.split_first()?;
    let (room, _) = RoomUri::tls_deserialize_bytes(rest).ok()?;
    (kind == ROOM).then_some(room)
}

/// Whose a queue is; neither part of its name has a slash.
fn recipient(queue: &QueueKey) -> Option<Recipient> {
    let (user, device) = std::str::from_utf8(&queue.0).ok()?.split_once('/')?;
    Some(Recipient { user: user.parse().ok()?, device: device.parse().ok()? })
}

fn day(now: Timestamp) -> u32 {
    const DAY_MILLIS: u64 = 24 * 60 * 60 * 1000;
    u32::try_from(now.0 / DAY_MILLIS).unwrap_or(u32::MAX)
}
