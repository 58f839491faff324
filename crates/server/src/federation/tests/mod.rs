//! Two services that talk to each other, with a link that fails as it is told to.

#![allow(clippy::unwrap_used)]

mod altered;
mod hour;
mod http;
mod inbound;
mod incidents;
mod outbox;

use super::*;
use crate::clock::ManualClock;
use futures_util::future::BoxFuture;
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use trefoil_proto::{
    ErrorBody, ErrorCode, Timestamp,
    frame::MailboxEvent,
    mimi::{
        FanoutMessage, Protocol,
        fanout::{Recipient, RoomEvent},
    },
    mls::MlsMessage,
};
use trefoil_store::{Batch, LocalWakes, MemoryStore, Position, QueueKey, ReadLimit};

pub(super) const NOW: Timestamp = Timestamp(1_700_000_000_000);
pub(super) const WIDE: ReadLimit = ReadLimit { entries: 10_000, bytes: 1 << 26 };

/// How the link treats the next requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weather {
    Fine,
    /// No connection.
    Down,
    /// The peer acts, its answer is lost.
    AnswersLost,
    /// The peer refuses with a status.
    Refuses(u16),
    /// The peer refuses with 404 and a reason.
    Says(ErrorCode),
    /// The peer has too much to do and asks to be left alone for so many milliseconds.
    AsksForQuiet(u32),
    /// The peer answers what it must not.
    AnswersFalsely,
    /// Something before the peer answers with a status, in words that are not the peer's.
    Proxy(u16),
}

/// A link to one peer service in the same process.
pub(super) struct Wire {
    pub(super) weather: Mutex<Weather>,
    /// The peer, and the recipients it knows.
    pub(super) peer: Option<(Arc<Federation>, Vec<Recipient>)>,
    pub(super) from: Domain,
    /// Events that must not get through: any request that holds one is refused for good.
    pub(super) poison: Mutex<Option<FanoutMessage>>,
    /// A room whose requests something before the peer answers with 502.
    pub(super) failing: Mutex<Option<RoomUri>>,
    /// So many requests end in a panic: a defect of ours on the way to the peer.
    pub(super) panics: AtomicUsize,
    pub(super) requests: AtomicUsize,
    /// When each of them was made.
    pub(super) times: Mutex<Vec<tokio::time::Instant>>,
}

impl Wire {
    pub(super) fn set(&self, weather: Weather) {
        *self.weather.lock().unwrap() = weather;
    }

    /// The time at the peer: it goes on with the test's, from the first attempt.
    fn now(&self) -> Timestamp {
        let first = self.times.lock().unwrap().first().copied();
        let passed = first.map_or(0, |first| first.elapsed().as_millis());
        NOW.plus_millis(u64::try_from(passed).unwrap())
    }

    pub(super) fn attempts(&self) -> Vec<tokio::time::Instant> {
        self.times.lock().unwrap().clone()
    }

    async fn deliver(&self, domain: &Domain, room: &str, body: Bytes) -> Result<Bytes, FederationError> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        self.times.lock().unwrap().push(tokio::time::Instant::now());
        let left = self.panics.load(Ordering::SeqCst);
        if left > 0 {
            self.panics.store(left - 1, Ordering::SeqCst);
            panic!("as the test asked for");
        }
        let weather = *self.weather.lock().unwrap();
        let answered = |status, decoded| FederationError::Refused {
            domain: domain.clone(),
            status,
            body: ErrorBody { code: ErrorCode::NotAllowed, retry_after_ms: 0, detail: vec![] },
            decoded,
        };
        let refused = |status| answered(status, true);
        let lost =
            || FederationError::Unavailable { domain: domain.clone(), source: "the weather is bad".into() };
        match weather {
            Weather::Down => return Err(lost()),
            Weather::Refuses(status) => return Err(refused(status)),
            Weather::Says(code) => {
                let body = ErrorBody { code, retry_after_ms: 0, detail: vec![] };
                return Err(FederationError::Refused {
                    domain: domain.clone(),
                    status: 404,
                    body,
                    decoded: true,
                });
            }
            Weather::AsksForQuiet(retry_after_ms) => {
                let code = ErrorCode::RateLimited;
                return Err(FederationError::Refused {
                    domain: domain.clone(),
                    status: 503,
                    body: ErrorBody { code, retry_after_ms, detail: vec![] },
                    decoded: true,
                });
            }
            Weather::AnswersFalsely => {
                return Err(FederationError::Misbehaved { domain: domain.clone(), what: "noise" });
            }
            Weather::Proxy(status) => return Err(answered(status, false)),
            Weather::Fine | Weather::AnswersLost => {}
        }
        if self.failing.lock().unwrap().as_ref().is_some_and(|failing| failing.to_string() == room) {
            return Err(answered(502, false));
        }
        let poison = self.poison.lock().unwrap().clone();
        if poison.is_some_and(|poison| NotifyRequest::decode(&body).unwrap().messages.contains(&poison)) {
            return Err(refused(403));
        }
        let (peer, known) = self.peer.as_ref().unwrap();
        // As it comes over a wire: a refusal in the peer's own words.
        let told = |error: FederationError| FederationError::Refused {
            domain: domain.clone(),
            status: 409,
            body: error.to_body(),
            decoded: true,
        };
        let checked =
            peer.check_notify(&self.from, &room.parse().unwrap(), &body, self.now()).await.map_err(told)?;
        tokio::time::sleep(Duration::from_millis((body.len() % 3) as u64)).await;
        peer.accept_notify(checked, known).await.map_err(told)?;
        if weather == Weather::AnswersLost { Err(lost()) } else { Ok(Bytes::new()) }
    }
}

impl Link for Wire {
    fn post<'a>(
        &'a self,
        domain: &'a Domain,
        endpoint: Endpoint,
        segment: &'a str,
        body: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, FederationError>> {
        assert_eq!(endpoint, Endpoint::Notify);
        Box::pin(self.deliver(domain, segment, body))
    }

    fn media<'a>(
        &'a self,
        domain: &'a Domain,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Media, FederationError>> {
        Box::pin(async move { Err(FederationError::Misbehaved { domain: domain.clone(), what: "no media" }) })
    }
}

pub(super) struct Service {
    pub(super) store: Arc<MemoryStore>,
    pub(super) mailboxes: Arc<Mailboxes>,
    pub(super) federation: Arc<Federation>,
    pub(super) wire: Arc<Wire>,
}

/// A service on a store, with a way to a peer.
pub(super) fn service(
    domain: &str,
    store: Arc<MemoryStore>,
    peer: Option<(Arc<Federation>, Vec<Recipient>)>,
) -> Service {
    let domain: Domain = domain.parse().unwrap();
    let mailboxes = Arc::new(Mailboxes::new(store.clone(), Arc::new(LocalWakes::new())));
    let wire = Arc::new(Wire {
        weather: Mutex::new(Weather::Fine),
        peer,
        from: domain.clone(),
        poison: Mutex::default(),
        failing: Mutex::default(),
        panics: AtomicUsize::new(0),
        requests: AtomicUsize::new(0),
        times: Mutex::default(),
    });
    let clock = Arc::new(ManualClock::new(NOW));
    let federation = Arc::new(Federation::new(domain, store.clone(), mailboxes.clone(), wire.clone(), clock));
    Service { store, mailboxes, federation, wire }
}

pub(super) fn follower() -> Service {
    service("follower.test", Arc::new(MemoryStore::new()), None)
}

pub(super) fn bob() -> Recipient {
    Recipient { user: "bob".parse().unwrap(), device: "1".parse().unwrap() }
}

pub(super) fn room(name: &str) -> RoomUri {
    format!("mimi://hub.test/r/{name}").parse().unwrap()
}

/// An application message of a room as it looks from outside.
pub(super) fn event(room: &RoomUri, number: u64) -> FanoutMessage {
    let group_id = room.to_string().into_bytes();
    let mut bytes = vec![0, 1, 0, 2, u8::try_from(group_id.len()).unwrap()];
    bytes.extend_from_slice(&group_id);
    bytes.extend_from_slice(&number.to_be_bytes());
    bytes.extend_from_slice(&[1, 0, 1, 0, 1, 0]);
    let message = MlsMessage::parse(&bytes).unwrap();
    let event = RoomEvent::Application { message, frank: None };
    FanoutMessage { protocol: Protocol::Mls10, timestamp: Timestamp(number), event }
}

pub(super) fn notify(room: &RoomUri, numbers: &[u64]) -> NotifyRequest {
    let messages = numbers.iter().map(|number| event(room, *number)).collect();
    NotifyRequest { delivery: Delivery::Durable, recipients: vec![bob()], messages }
}

impl Service {
    /// Puts events into the outbox for the follower, one entry each.
    pub(super) async fn queue(&self, room: &RoomUri, numbers: impl IntoIterator<Item = u64>) {
        let domain: Domain = "follower.test".parse().unwrap();
        for number in numbers {
            let mut batch = Batch::new();
            self.federation.queue_notify(&mut batch, &domain, room, &notify(room, &[number]));
            Store::commit(&*self.store, batch).await.unwrap();
        }
        self.federation.announce(&domain);
    }

    /// The numbers of the events in Bob's mailbox, by room, in order.
    pub(super) async fn received(&self) -> BTreeMap<String, Vec<u64>> {
        let mut found = BTreeMap::<_, Vec<u64>>::new();
        for entry in self.mailboxes.read(&bob(), Position::default(), WIDE).await.unwrap() {
            let MailboxEvent::Room { room, message } = MailboxEvent::decode(&entry.body).unwrap() else {
                panic!("not a room's event")
            };
            found.entry(room.to_string()).or_default().push(message.timestamp.0);
        }
        found
    }

    pub(super) async fn waiting(&self) -> usize {
        let queue = QueueKey::new("outbox//follower.test");
        Store::read(&*self.store, queue, Position::default(), WIDE).await.unwrap().len()
    }
}

/// Waits until something holds, at most ten seconds.
pub(super) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    for _ in 0..1000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}
