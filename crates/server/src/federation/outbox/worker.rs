//! One peer's worker.
//!
//! A room that fails costs one position, however much waits for it: its entries are left in the queue, and read again
//! from there when it may be tried. So no number of them keeps the worker from reading on for the other rooms.

use super::{REFUSED, strange};
use crate::federation::{Endpoint, Federation, FederationError, Refusal, rows};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use rand::Rng as _;
use std::{
    collections::{HashMap, VecDeque},
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
/// Delivered entries that may wait for being settled while others are on their way. After a crash they are sent again.
const UNSETTLED: usize = 32;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Delivers one peer's queue, for ever.
pub(super) async fn work(federation: Arc<Federation>, domain: Domain, bell: Arc<Notify>) {
    let mut worker = Worker {
        federation,
        domain,
        read_to: Position::default(),
        waiting: HashMap::new(),
        open: 0,
        unsettled: 0,
        next_refusal: None,
        hold: Hold::default(),
    };
    let mut start = Hold::default();
    while let Err(error) = worker.begin().await {
        tracing::error!(%error, peer = %worker.domain, "the outbox cannot be read");
        start.longer(0);
        tokio::time::sleep_until(start.until.unwrap_or_else(Instant::now)).await;
    }
    let mut on_the_way = FuturesUnordered::new();
    let mut look = true;
    loop {
        if on_the_way.is_empty() || worker.unsettled >= UNSETTLED {
            worker.settle().await;
        }
        if look && worker.may_read() {
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
            // What was read was of rooms that fail: nothing else would come to ask for more.
            () = tokio::task::yield_now(), if look && worker.may_read() => {}
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
    /// The room failed: its entries after this position are in the queue only, to be read again from there.
    parked: Option<Position>,
    /// The first entry of what is on its way.
    busy: Option<Position>,
    hold: Hold,
}

impl RoomQueue {
    /// The first entry in memory, which is the first that is not delivered.
    fn first(&self) -> Option<Position> {
        let again = || self.again.as_ref().and_then(|run| run.entries.first());
        self.busy.or_else(|| again().or_else(|| self.waiting.front()).map(|entry| entry.position))
    }
}

/// The position just before another one.
fn before(position: Position) -> Position {
    Position(position.0.saturating_sub(1))
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
    /// Entries in memory that are not delivered.
    open: usize,
    /// Entries dealt with since [`Worker::settle`].
    unsettled: usize,
    /// Of the peer as a whole.
    hold: Hold,
    /// The number of the next refusal; unknown until the first.
    next_refusal: Option<u64>,
}

impl Worker {
    /// Takes up where the last worker of this peer was.
    async fn begin(&mut self) -> Result<(), FederationError> {
        strange::take_back(&*self.federation.store, &self.domain).await?;
        let key = self.domain.as_str().as_bytes().to_vec();
        let row = self.federation.store.get(rows::PROGRESS, key.into()).await?;
        if let Some(progress) = row.as_deref().and_then(rows::decode_progress) {
            self.read_to = progress.settled;
            for (room, after) in progress.parked {
                self.waiting.entry(room).or_default().parked = Some(after);
            }
        }
        Ok(())
    }

    fn may_read(&self) -> bool {
        self.open <= WINDOW / 2 && self.hold.until.is_none()
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
        let limit = ReadLimit { entries: WINDOW - self.open, bytes: WINDOW_BYTES };
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
        let (known, strange): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .map(|entry| (rows::decode_outbox(&entry.body), entry))
            .partition(|(known, _)| known.is_some());
        let strange: Vec<_> = strange.into_iter().map(|(_, entry)| entry).collect();
        if !strange.is_empty()
            && let Err(error) = strange::put_by(&self.federation, &self.domain, &strange).await
        {
            tracing::error!(%error, peer = %self.domain, "outbox entries of an unknown form were not put by");
            self.hold.longer(0);
            return true;
        }
        self.unsettled += strange.len();
        let last =
            known.last().map(|(_, entry)| entry.position).max(strange.last().map(|entry| entry.position));
        self.read_to = last.unwrap_or(self.read_to);
        for (decoded, Entry { position, .. }) in known {
            let Some((room, body)) = decoded else { continue };
            let queue = self.waiting.entry(room).or_default();
            if queue.parked.is_none() {
                queue.waiting.push_back(Pending { position, body });
                self.open += 1;
            }
        }
        more
    }

    /// Reads again what was parked, for rooms that may be tried now and have nothing else to send.
    async fn unpark(&mut self) {
        if self.hold.until.is_some() {
            return;
        }
        for (room, queue) in &mut self.waiting {
            if self.open > WINDOW / 2 {
                return;
            }
            let Some(after) = queue.parked else { continue };
            if queue.hold.until.is_some() || queue.first().is_some() {
                continue;
            }
            if after >= self.read_to {
                queue.parked = None;
                continue;
            }
            let limit = ReadLimit { entries: WINDOW, bytes: JOINED_BYTES };
            let read = self.federation.store.read(rows::outbox(&self.domain), after, limit).await;
            let entries = match read {
                Ok(entries) => entries,
                Err(error) => {
                    tracing::error!(%error, peer = %self.domain, "the outbox cannot be read");
                    queue.hold.longer(0);
                    continue;
                }
            };
            let mut looked = entries.last().map_or(self.read_to, |last| last.position.min(self.read_to));
            for Entry { position, body } in entries {
                // Entries of other rooms stand between.
                match rows::decode_outbox(&body) {
                    Some((of, body)) if of == *room && position <= self.read_to => {
                        queue.waiting.push_back(Pending { position, body });
                        self.open += 1;
                    }
                    _ => continue,
                }
                if queue.waiting.len() == JOINED {
                    looked = position;
                    break;
                }
            }
            queue.parked = Some(looked);
            if queue.waiting.is_empty() {
                // The next stretch after the others had their turn.
                queue.hold.until = Some(Instant::now());
            }
        }
        self.waiting.retain(|_, queue| queue.parked.is_some() || queue.first().is_some());
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
            if queue.busy.is_some() || queue.hold.until.is_some() {
                continue;
            }
            let Some(run) = queue.again.take().or_else(|| join(&mut queue.waiting)) else { continue };
            queue.busy = run.entries.first().map(|entry| entry.position);
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
        queue.busy = None;
        match outcome {
            Ok(()) => {
                self.open -= run.entries.len();
                self.unsettled += run.entries.len();
                queue.hold = Hold::default();
                if queue.parked.is_none() && queue.first().is_none() {
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
                self.open -= run.entries.len() + queue.waiting.len();
                queue.waiting.clear();
                queue.parked = run.entries.first().map(|entry| before(entry.position));
                queue.hold.longer(error.retry_after_ms());
            }
        }
    }

    fn split(&mut self, room: &RoomUri, run: Run) {
        if let Some(queue) = self.waiting.get_mut(room) {
            queue.busy = None;
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

    /// Makes durable how far everything is delivered, and forgets the front of the queue. Of rooms that fail, each by
    /// itself: else a restart would send again all that others were sent since the first of them began to fail, more
    /// than a peer can know again.
    async fn settle(&mut self) {
        if self.unsettled == 0 {
            return;
        }
        let (mut settled, mut parked) = (self.read_to, Vec::new());
        for (room, queue) in &self.waiting {
            match (queue.parked, queue.first()) {
                (Some(after), None) if after >= self.read_to => {}
                (Some(after), first) => parked.push((room.clone(), first.map_or(after, before))),
                (None, Some(first)) => settled = settled.min(before(first)),
                (None, None) => {}
            }
        }
        let through = parked.iter().map(|(_, after)| *after).fold(settled, Position::min);
        let mut batch = Batch::new();
        batch.trim(rows::outbox(&self.domain), through);
        let key = self.domain.as_str().as_bytes().to_vec();
        if parked.is_empty() {
            batch.delete(rows::PROGRESS, key);
        } else {
            batch.put(rows::PROGRESS, key, rows::encode_progress(&rows::Progress { settled, parked }));
        }
        self.unsettled = 0;
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
