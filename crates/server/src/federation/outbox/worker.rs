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
        pause: FIRST_PAUSE,
        hold_until: None,
    };
    let mut on_the_way = FuturesUnordered::new();
    let mut look = true;
    loop {
        if on_the_way.is_empty() || worker.trimmable >= UNTRIMMED {
            worker.trim().await;
        }
        if look && worker.open() <= WINDOW / 2 {
            look = worker.fill().await;
        }
        worker.start(&mut on_the_way);
        let hold = worker.hold_until;
        tokio::select! {
            Some((room, run, outcome)) = on_the_way.next(), if !on_the_way.is_empty() => {
                worker.finish(room, run, outcome).await;
            }
            () = bell.notified() => look = true,
            () = tokio::time::sleep_until(hold.unwrap_or_else(Instant::now)), if hold.is_some() => {
                worker.hold_until = None;
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

struct RoomQueue {
    waiting: VecDeque<Pending>,
    /// Failed before: sent again as it was.
    again: Option<Run>,
    busy: bool,
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
    pause: Duration,
    hold_until: Option<Instant>,
}

impl Worker {
    /// Entries that were read and are not delivered.
    fn open(&self) -> usize {
        self.delivered.len() - self.trimmable
    }

    /// Reads more of the queue. True if there may be more than that.
    async fn fill(&mut self) -> bool {
        let limit = ReadLimit { entries: WINDOW - self.open(), bytes: WINDOW_BYTES };
        let read = self.federation.store.read(rows::outbox(&self.domain), self.read_to, limit).await;
        let entries = match read {
            Ok(entries) => entries,
            Err(error) => {
                tracing::error!(%error, peer = %self.domain, "the outbox cannot be read");
                self.hold(0);
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
                    self.waiting
                        .entry(room)
                        .or_insert_with(|| RoomQueue { waiting: VecDeque::new(), again: None, busy: false })
                        .waiting
                        .push_back(Pending { position, body });
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

    /// Sends what may be sent now.
    fn start(&mut self, on_the_way: &mut FuturesUnordered<Sending>) {
        if self.hold_until.is_some() {
            return;
        }
        for (room, queue) in &mut self.waiting {
            if on_the_way.len() >= AT_ONCE {
                return;
            }
            if queue.busy {
                continue;
            }
            let Some(run) = queue.again.take().or_else(|| join(&mut queue.waiting)) else { continue };
            queue.busy = true;
            let (federation, domain, room) =
                (Arc::clone(&self.federation), self.domain.clone(), room.clone());
            on_the_way.push(
                async move {
                    let sent = federation
                        .link
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
                if queue.waiting.is_empty() && queue.again.is_none() {
                    self.waiting.remove(&room);
                }
                self.pause = FIRST_PAUSE;
            }
            Err(error) => {
                tracing::info!(%error, peer = %self.domain, "not delivered yet");
                queue.again = Some(run);
                self.hold(error.retry_after_ms());
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

    async fn record(&self, room: &RoomUri, run: &Run, error: FederationError) -> Result<(), FederationError> {
        tracing::warn!(%error, peer = %self.domain, "refused for good");
        let FederationError::Refused { status, body, .. } = error else { return Err(error) };
        let code = body.code;
        let at = self.federation.clock.now();
        let mut batch = Batch::new();
        for entry in &run.entries {
            let refusal = Refusal { at, status, code, room: room.clone(), body: entry.body.clone() };
            let slot = u16::try_from(entry.position.0 % u64::from(REFUSED))
                .expect("a remainder is below its divisor");
            batch.put(rows::REFUSED, rows::slot_key(&self.domain, slot), rows::encode_refused(&refusal));
        }
        self.federation.store.commit(batch).await?;
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

    /// Leaves the peer alone for a while: twice as long each time, with jitter so that services do not fall into step.
    fn hold(&mut self, at_least_ms: u64) {
        let longest = u64::try_from(self.pause.as_millis()).unwrap_or(u64::MAX);
        let jittered = Duration::from_millis(rand::rng().random_range(longest / 2..=longest));
        let asked = Duration::from_millis(at_least_ms).min(LONGEST_PAUSE);
        self.hold_until = Some(Instant::now() + jittered.max(asked));
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
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
