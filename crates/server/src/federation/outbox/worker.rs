//! One peer's worker.

use super::REFUSED;
use crate::federation::{Endpoint, Federation, FederationError, Refusal, rows};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use rand::Rng as _;
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};
use trefoil_proto::{Domain, RoomUri, Wire as _, mimi::NotifyRequest};
use trefoil_store::{Batch, Entry, Position, ReadLimit};

/// Entries read and not delivered yet, at most.
const WINDOW: usize = 256;
/// Bytes of entries in one read, at most.
const WINDOW_BYTES: usize = 8 * 1024 * 1024;
/// Requests on their way at once, each for another room.
const AT_ONCE: usize = 16;
/// Events joined into one request, and their bytes, at most.
const JOINED: usize = 64;
const JOINED_BYTES: usize = 1024 * 1024;
/// Delivered entries that may wait for a trim while others are on their way. After a crash they are sent again.
const UNTRIMMED: usize = 32;
/// Positions remembered because an earlier entry is not delivered, at most. No more is read then.
const REMEMBERED: usize = 64 * 1024;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Delivers one peer's queue, for ever.
pub(super) async fn work(federation: Arc<Federation>, domain: Domain, bell: Arc<Notify>) {
    let mut worker = Worker {
        federation,
        domain,
        read_to: Position::default(),
        waiting: HashMap::new(),
        delivered: BTreeMap::new(),
        trimmable: 0,
        parked: 0,
        next_refusal: None,
        hold: Hold::default(),
    };
    let mut on_the_way = FuturesUnordered::new();
    let mut look = true;
    loop {
        if on_the_way.is_empty() || worker.trimmable >= UNTRIMMED {
            worker.trim().await;
        }
        if look && worker.open() <= WINDOW / 2 && worker.delivered.len() < REMEMBERED {
            look = worker.fill().await;
        }
        worker.unpark().await;
        worker.start(&mut on_the_way);
        let hold = worker.next_end();
        tokio::select! {
            Some((room, run, outcome)) = on_the_way.next(), if !on_the_way.is_empty() => {
                worker.finish(room, run, outcome).await;
            }
            () = bell.notified() => look = true,
            () = tokio::time::sleep_until(hold.unwrap_or_else(Instant::now)), if hold.is_some() => {
                worker.release();
            }
        }
    }
}

/// One outbox entry.
struct Pending {
    position: Position,
    body: Bytes,
}

/// Entries of one room that go in one request.
struct Run {
    entries: Vec<Pending>,
    body: Bytes,
}

#[derive(Default)]
struct RoomQueue {
    waiting: VecDeque<Pending>,
    /// Failed before: sent again as it was.
    again: Option<Run>,
    /// Behind `waiting`: entries whose bodies were given up while the room fails, to be read again.
    parked: VecDeque<Position>,
    busy: bool,
    hold: Hold,
}

/// How long something that failed is left alone.
struct Hold {
    /// The next pause, before jitter.
    pause: Duration,
    until: Option<Instant>,
}

impl Default for Hold {
    fn default() -> Self {
        Self { pause: FIRST_PAUSE, until: None }
    }
}

impl Hold {
    /// Twice as long each time, with jitter so that services do not fall into step.
    fn longer(&mut self, at_least_ms: u64) {
        let longest = u64::try_from(self.pause.as_millis()).unwrap_or(u64::MAX);
        let jittered = Duration::from_millis(rand::rng().random_range(longest / 2..=longest));
        let asked = Duration::from_millis(at_least_ms).min(LONGEST_PAUSE);
        self.until = Some(Instant::now() + jittered.max(asked));
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    fn release(&mut self, now: Instant) {
        self.until = self.until.filter(|until| *until > now);
    }
}

type Sending = BoxFuture<'static, (RoomUri, Run, Result<(), FederationError>)>;

struct Worker {
    federation: Arc<Federation>,
    domain: Domain,
    read_to: Position,
    waiting: HashMap<RoomUri, RoomQueue>,
    /// Everything read and not trimmed, by position: is it delivered?
    delivered: BTreeMap<Position, bool>,
    trimmable: usize,
    /// Entries of all rooms that are parked.
    parked: usize,
    /// Of the peer as a whole.
    hold: Hold,
    /// The number of the next refusal; unknown until the first.
    next_refusal: Option<u64>,
}

impl Worker {
    /// Entries in memory that are not delivered.
    fn open(&self) -> usize {
        self.delivered.len() - self.trimmable - self.parked
    }

    /// When the first of the holds ends.
    fn next_end(&self) -> Option<Instant> {
        let rooms = self.waiting.values().filter_map(|queue| queue.hold.until);
        rooms.chain(self.hold.until).min()
    }

    /// Ends the holds whose time is over.
    fn release(&mut self) {
        let now = Instant::now();
        self.hold.release(now);
        for queue in self.waiting.values_mut() {
            queue.hold.release(now);
        }
    }

    /// Reads more of the queue. True if there may be more than that.
    async fn fill(&mut self) -> bool {
        let limit = ReadLimit { entries: WINDOW - self.open(), bytes: WINDOW_BYTES };
        let read = self.federation.store.read(rows::outbox(&self.domain), self.read_to, limit).await;
        let entries = match read {
            Ok(entries) => entries,
            Err(error) => {
                tracing::error!(%error, peer = %self.domain, "the outbox cannot be read");
                self.hold.longer(0);
                return true;
            }
        };
        let bytes: usize = entries.iter().map(|entry| entry.body.len()).sum();
        let more = entries.len() == limit.entries || bytes > limit.bytes / 2;
        for Entry { position, body } in entries {
            self.read_to = position;
            match rows::decode_outbox(&body) {
                Some((room, body)) => {
                    self.delivered.insert(position, false);
                    let queue = self.waiting.entry(room).or_default();
                    if queue.hold.until.is_some() || !queue.parked.is_empty() {
                        queue.parked.push_back(position);
                        self.parked += 1;
                    } else {
                        queue.waiting.push_back(Pending { position, body });
                    }
                }
                None => {
                    // Written by another version: it stays in the queue for the version that knows it.
                    tracing::error!(peer = %self.domain, "an outbox entry of an unknown form was left alone");
                    self.delivered.insert(position, false);
                }
            }
        }
        more
    }

    /// Reads again what was parked, for rooms that may be tried now and have nothing else to send.
    async fn unpark(&mut self) {
        if self.hold.until.is_some() {
            return;
        }
        for queue in self.waiting.values_mut() {
            if self.delivered.len() - self.trimmable - self.parked > WINDOW / 2 {
                return;
            }
            let idle = !queue.busy && queue.hold.until.is_none();
            let Some(first) = queue.parked.front().copied() else { continue };
            if !idle || !queue.waiting.is_empty() || queue.again.is_some() {
                continue;
            }
            let limit = ReadLimit { entries: JOINED, bytes: JOINED_BYTES };
            let after = Position(first.0.saturating_sub(1));
            let read = self.federation.store.read(rows::outbox(&self.domain), after, limit).await;
            let entries = match read {
                Ok(entries) => entries,
                Err(error) => {
                    tracing::error!(%error, peer = %self.domain, "the outbox cannot be read");
                    queue.hold.longer(0);
                    continue;
                }
            };
            for Entry { position, body } in entries {
                // Entries of other rooms stand between.
                if queue.parked.front() == Some(&position)
                    && let Some((_, body)) = rows::decode_outbox(&body)
                {
                    queue.parked.pop_front();
                    self.parked -= 1;
                    queue.waiting.push_back(Pending { position, body });
                }
            }
        }
    }

    /// Sends what may be sent now.
    fn start(&mut self, on_the_way: &mut FuturesUnordered<Sending>) {
        if self.hold.until.is_some() {
            return;
        }
        for (room, queue) in &mut self.waiting {
            if on_the_way.len() >= AT_ONCE {
                return;
            }
            if queue.busy || queue.hold.until.is_some() {
                continue;
            }
            let Some(run) = queue.again.take().or_else(|| join(&mut queue.waiting)) else { continue };
            queue.busy = true;
            let (federation, domain, room) =
                (Arc::clone(&self.federation), self.domain.clone(), room.clone());
            on_the_way.push(
                async move {
                    let sent = federation
                        .calls
                        .post(&domain, Endpoint::Notify, &room.to_string(), run.body.clone())
                        .await;
                    (room, run, sent.map(drop))
                }
                .boxed(),
            );
        }
    }

    async fn finish(&mut self, room: RoomUri, run: Run, outcome: Result<(), FederationError>) {
        let outcome = match outcome {
            // Only the peer knows which of them it will not take: each on its own.
            Err(error) if error.is_final() && run.entries.len() > 1 => return self.split(&room, run),
            Err(error) if error.is_final() => self.record(&room, &run, error).await,
            outcome => outcome,
        };
        let Some(queue) = self.waiting.get_mut(&room) else { return };
        queue.busy = false;
        match outcome {
            Ok(()) => {
                for entry in run.entries {
                    self.delivered.insert(entry.position, true);
                    self.trimmable += 1;
                }
                queue.hold = Hold::default();
                if queue.waiting.is_empty() && queue.again.is_none() && queue.parked.is_empty() {
                    self.waiting.remove(&room);
                }
                self.hold.pause = FIRST_PAUSE;
            }
            Err(error) if error.is_of_the_peer() => {
                tracing::info!(%error, peer = %self.domain, "not delivered yet");
                queue.again = Some(run);
                // Rooms that were on their way together failed for one reason: one pause, not one on top of the other.
                if self.hold.until.is_none() {
                    self.hold.longer(error.retry_after_ms());
                }
            }
            Err(error) => {
                tracing::info!(%error, peer = %self.domain, "not delivered yet, other rooms go on");
                // Its entries must not fill the window that the other rooms share.
                let mut positions: VecDeque<_> = run.entries.iter().map(|entry| entry.position).collect();
                positions.extend(queue.waiting.drain(..).map(|entry| entry.position));
                self.parked += positions.len();
                positions.append(&mut queue.parked);
                queue.parked = positions;
                queue.hold.longer(error.retry_after_ms());
            }
        }
    }

    fn split(&mut self, room: &RoomUri, run: Run) {
        if let Some(queue) = self.waiting.get_mut(room) {
            queue.busy = false;
            let mut entries = run.entries.into_iter();
            queue.again = entries.next().map(Run::single);
            for entry in entries.rev() {
                queue.waiting.push_front(entry);
            }
        }
    }

    async fn record(
        &mut self,
        room: &RoomUri,
        run: &Run,
        error: FederationError,
    ) -> Result<(), FederationError> {
        tracing::warn!(%error, peer = %self.domain, "refused for good");
        let FederationError::Refused { status, body, .. } = error else { return Err(error) };
        let code = body.code;
        let at = self.federation.clock.now();
        let mut number = match self.next_refusal {
            Some(number) => number,
            None => self.federation.refused(&self.domain).await?.last().map_or(0, |last| last.number + 1),
        };
        let mut batch = Batch::new();
        for entry in &run.entries {
            let refusal = Refusal { number, at, status, code, room: room.clone(), body: entry.body.clone() };
            let slot = u16::try_from(number % u64::from(REFUSED)).expect("a remainder is below its divisor");
            batch.put(rows::REFUSED, rows::slot_key(&self.domain, slot), rows::encode_refused(&refusal));
            number += 1;
        }
        self.federation.store.commit(batch).await?;
        self.next_refusal = Some(number);
        Ok(())
    }

    /// Forgets the delivered entries at the front of the queue.
    async fn trim(&mut self) {
        let mut through = None;
        while let Some(entry) = self.delivered.first_entry()
            && *entry.get()
        {
            through = Some(*entry.key());
            entry.remove();
            self.trimmable -= 1;
        }
        let Some(through) = through else { return };
        let mut batch = Batch::new();
        batch.trim(rows::outbox(&self.domain), through);
        if let Err(error) = self.federation.store.commit(batch).await {
            // They are sent again after a restart, and the peer knows them.
            tracing::error!(%error, peer = %self.domain, "delivered entries were not trimmed");
        }
    }
}

impl Run {
    fn single(entry: Pending) -> Self {
        let body = entry.body.clone();
        Self { entries: vec![entry], body }
    }
}

/// Takes the first entry of a room, joined with those behind it that go to the same devices in the same way.
fn join(waiting: &mut VecDeque<Pending>) -> Option<Run> {
    let first = waiting.pop_front()?;
    if waiting.is_empty() {
        return Some(Run::single(first));
    }
    let Ok(mut joined) = NotifyRequest::decode(&first.body) else { return Some(Run::single(first)) };
    let mut bytes = first.body.len();
    let mut entries = vec![first];
    while let Some(next) = waiting.front() {
        bytes += next.body.len();
        if entries.len() == JOINED || bytes > JOINED_BYTES {
            break;
        }
        let Ok(request) = NotifyRequest::decode(&next.body) else { break };
        if request.delivery != joined.delivery || request.recipients != joined.recipients {
            break;
        }
        joined.messages.extend(request.messages);
        entries.extend(waiting.pop_front());
    }
    match entries.len() {
        1 => entries.pop().map(Run::single),
        _ => Some(Run { entries, body: joined.encode().into() }),
    }
}
