//! What a message costs the hub: from the request to everyone's mailbox.
//!
//! Times are processor time of the whole process for each message (all threads together, writer included), so that
//! they mean the same on a busy machine. Where the system does not tell it, they are wall time.

#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)]
#[path = "../src/rooms/tests/client.rs"]
mod client;

use bytes::Bytes;
use client::{CLASSICAL, Device, HYBRID, Person, adding};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::BoxFuture;
use openmls_traits::types::Ciphersuite;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tls_codec::Serialize as _;
use tokio::runtime::Runtime;
use trefoil_proto::{
    DeviceUri, Domain, RoomUri, Timestamp,
    edge::NewDevice,
    mimi::{
        KeyMaterialResponse, Protocol, SubmitMessageRequest, SubmitMessageResponse,
        key_material::{ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialUserCode},
    },
    mls::{KeyPackage, MlsMessage},
};
use trefoil_server::{
    clock::ManualClock,
    federation::{Endpoint, Federation, FederationError, Link, Media},
    mailbox::Mailboxes,
    rooms::{FrankingKeys, Origin, People, PeopleError, Rooms, RoomsSettings},
};
use trefoil_store::{LocalWakes, MemoryStore, SqliteOptions, SqliteStore, Store};

const NOW: Timestamp = Timestamp(1_700_000_000_000);
/// Messages under way at once: what a service has when it is busy.
const AT_ONCE: u64 = 64;

struct Nowhere;

impl Link for Nowhere {
    fn post<'a>(
        &'a self,
        domain: &'a Domain,
        _: Endpoint,
        _: &'a str,
        _: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, FederationError>> {
        Box::pin(async move { Err(FederationError::Misbehaved { domain: domain.clone(), what: "not here" }) })
    }

    fn media<'a>(
        &'a self,
        domain: &'a Domain,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Media, FederationError>> {
        Box::pin(async move { Err(FederationError::Misbehaved { domain: domain.clone(), what: "not here" }) })
    }
}

/// The devices that are registered at the hub.
#[derive(Default)]
struct Registered(Mutex<BTreeMap<DeviceUri, NewDevice>>);

impl Registered {
    fn register(&self, device: &Device) {
        let registered = NewDevice {
            uri: device.uri.clone(),
            signature_key: device.signer.public().try_into().unwrap(),
            authorisation: device.authorisation.clone(),
        };
        self.0.lock().unwrap().insert(device.uri.clone(), registered);
    }
}

impl People for Registered {
    fn device<'a>(&'a self, device: &'a DeviceUri) -> BoxFuture<'a, Result<Option<NewDevice>, PeopleError>> {
        let found = self.0.lock().unwrap().get(device).cloned();
        Box::pin(async move { Ok(found) })
    }
}

/// A key package as another service gives it to the hub.
fn claimed(device: &Device, package: &openmls::prelude::KeyPackage) -> KeyMaterialResponse {
    let package = KeyPackage::parse(&package.tls_serialize_detached().unwrap()).unwrap();
    let status = ClientKeyMaterialStatus::Success(package);
    KeyMaterialResponse {
        protocol: Protocol::Mls10,
        user_status: KeyMaterialUserCode::Success,
        user_uri: device.uri.user_uri(),
        clients: vec![ClientKeyMaterial { status, client_uri: device.uri.clone() }],
        proof: Vec::new(),
    }
}

#[derive(Clone)]
struct Ready {
    rooms: Arc<Rooms>,
    room: RoomUri,
    device: trefoil_proto::DeviceUri,
    request: SubmitMessageRequest,
}

/// A room of the sender and so many others, here and at another service, and a message of 1 KiB.
async fn ready(store: Arc<dyn Store>, suite: Ciphersuite, local: usize, remote: usize) -> Ready {
    let domain: Domain = "hub.test".parse().unwrap();
    let mailboxes = Arc::new(Mailboxes::new(store.clone(), Arc::new(LocalWakes::new())));
    let clock = Arc::new(ManualClock::new(NOW));
    let federation =
        Arc::new(Federation::new(domain.clone(), store.clone(), mailboxes.clone(), Arc::new(Nowhere), clock));
    let keys = FrankingKeys::new(1, &[1; 32], &[2; 32]);
    let agent = keys.agent(&domain);
    let registered = Arc::new(Registered::default());
    let settings = RoomsSettings::default();
    let rooms =
        Arc::new(Rooms::new(domain, store, mailboxes, federation, registered.clone(), keys, settings));
    let room: RoomUri = "mimi://hub.test/r/bench".parse().unwrap();
    let mut sender = Person::new("hub.test", "sender").device("1");
    registered.register(&sender);
    let request = sender.begin(&room, &agent, suite, |_| {});
    rooms.create(&sender.uri, request, NOW).await.unwrap();
    let people: Vec<Person> = (0..local)
        .map(|number| Person::new("hub.test", &format!("l{number}")))
        .chain((0..remote).map(|number| Person::new("other.test", &format!("r{number}"))))
        .collect();
    let devices: Vec<Device> = people.iter().map(|person| person.device("1")).collect();
    let mut packages = Vec::new();
    for device in &devices {
        registered.register(device);
        let package = device.key_package(suite);
        rooms.claimed(&sender.uri.user_uri(), &claimed(device, &package), NOW);
        packages.push(package);
    }
    let commit = sender.commit(packages, vec![], Some(adding(&people.iter().collect::<Vec<_>>())));
    let origin = Origin::Device(sender.uri.clone());
    let response = rooms.update(&origin, &room, commit, NOW).await.unwrap();
    assert!(matches!(response.outcome, trefoil_proto::mimi::update::UpdateOutcome::Success { .. }));
    sender.merge();
    let request = sender.message(&[b'x'; 1024]);
    Ready { rooms, room, device: sender.uri, request }
}

impl Ready {
    /// A message that the hub did not see yet. It cannot open any, so the last bytes of the ciphertext may be a number.
    fn another(&self) -> SubmitMessageRequest {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut bytes = self.request.app_message.as_bytes().to_vec();
        let at = bytes.len() - 8;
        bytes[at..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        SubmitMessageRequest { app_message: MlsMessage::parse(&bytes).unwrap(), ..self.request.clone() }
    }

    async fn submit(&self) {
        let origin = Origin::Device(self.device.clone());
        let request = self.another();
        let answer = self.rooms.submit(&origin, &self.room, request, Some(&self.device), NOW).await.unwrap();
        assert!(matches!(answer, SubmitMessageResponse::Accepted { .. }));
    }

    /// Processor time of `count` messages, so many at once.
    fn measure(&self, runtime: &Runtime, count: u64) -> Duration {
        let started = Meter::start();
        let mut left = count;
        while left > 0 {
            let now = left.min(AT_ONCE);
            runtime.block_on(async {
                let tasks: Vec<_> = (0..now)
                    .map(|_| {
                        let ready = self.clone();
                        tokio::spawn(async move { ready.submit().await })
                    })
                    .collect();
                for task in tasks {
                    task.await.unwrap();
                }
            });
            left -= now;
        }
        started.stop()
    }
}

/// Processor time of every thread of this process.
enum Meter {
    Processor(u64),
    Wall(Instant),
}

impl Meter {
    fn start() -> Self {
        processor_nanos().map_or_else(|| Self::Wall(Instant::now()), Self::Processor)
    }

    fn stop(self) -> Duration {
        match self {
            Self::Processor(before) => Duration::from_nanos(processor_nanos().unwrap_or(before) - before),
            Self::Wall(before) => before.elapsed(),
        }
    }
}

fn processor_nanos() -> Option<u64> {
    let mut nanos = 0;
    for task in std::fs::read_dir("/proc/self/task").ok()? {
        let stat = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        nanos += stat.split(' ').next()?.parse::<u64>().ok()?;
    }
    Some(nanos)
}

fn submit(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut opened = 0;
    for (name, local, remote) in [("to_1", 1, 0), ("to_100", 100, 0), ("to_5_and_5_elsewhere", 5, 5)] {
        let mut group = criterion.benchmark_group(format!("submit/{name}"));
        group.throughput(Throughput::Elements(1)).sample_size(20).measurement_time(Duration::from_secs(4));
        for suite in [CLASSICAL, HYBRID] {
            let ready = runtime.block_on(ready(Arc::new(MemoryStore::new()), suite, local, remote));
            let suite = if suite == HYBRID { "hybrid" } else { "classical" };
            group.bench_function(format!("memory/{suite}"), |bench| {
                bench.iter_custom(|count| ready.measure(&runtime, count));
            });
        }
        opened += 1;
        let path = folder.path().join(format!("{opened}.sqlite"));
        let store = Arc::new(SqliteStore::open(path, SqliteOptions::default()).unwrap());
        let ready = runtime.block_on(ready(store, CLASSICAL, local, remote));
        group.bench_function("sqlite", |bench| bench.iter_custom(|count| ready.measure(&runtime, count)));
        group.finish();
    }
}

criterion_group!(benches, submit);
criterion_main!(benches);
