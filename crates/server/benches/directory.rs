//! The key directory's bars: `cargo bench -p trefoil-server --bench directory -- [PEOPLE]` (10 000 unless told). Builds
//! a directory of so many people in SQLite, changes some people's devices ten times, and prints what a proof weighs and
//! costs, what an epoch costs, what an auditor pays, and what a person takes on disk.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use futures_util::future::BoxFuture;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use trefoil_proto::{
    DeviceUri, Domain, Month, UserId, UserUri, Wire as _,
    credential::{AccountKey, DeviceAuthorisation},
    edge::NewDevice,
};
use trefoil_server::{
    clock::{Clock as _, SystemClock},
    directory::{Directory, Settings},
    federation::{Endpoint, Federation, FederationError, Link, Media},
    log::{self, Log},
    mailbox::Mailboxes,
    secrets::SecretKey,
};
use trefoil_store::{Batch, LocalWakes, SqliteOptions, SqliteStore, Store};
use trefoil_transparency::{
    device_set::{DeviceEntry, DeviceSet, SignedDeviceSet},
    directory::{KeyProofRequest, Policy, ServiceKey},
};

/// People whose devices change, and how often.
const CHANGING: usize = 100;
const VERSIONS: usize = 10;

struct Nowhere;

impl Link for Nowhere {
    fn post<'a>(
        &'a self,
        domain: &'a Domain,
        _: Endpoint,
        _: &'a str,
        _: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, FederationError>> {
        Box::pin(async move { Err(FederationError::Misbehaved { domain: domain.clone(), what: "nobody" }) })
    }

    fn media<'a>(
        &'a self,
        domain: &'a Domain,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Media, FederationError>> {
        Box::pin(async move { Err(FederationError::Misbehaved { domain: domain.clone(), what: "nobody" }) })
    }
}

struct Person {
    id: UserId,
    key: SigningKey,
    devices: Vec<NewDevice>,
    set: Option<DeviceSet>,
}

impl Person {
    fn new(number: usize) -> Self {
        let mut seed = [1; 32];
        seed[..8].copy_from_slice(&number.to_be_bytes());
        let id = format!("person{number:08}").parse().unwrap();
        let mut person = Self { id, key: SigningKey::from_bytes(&seed), devices: Vec::new(), set: None };
        person.take_in(0);
        person
    }

    fn user(&self) -> UserUri {
        UserUri { domain: "a.example".parse().unwrap(), id: self.id.clone() }
    }

    /// Another device in the place of the second one.
    fn take_in(&mut self, version: usize) {
        let uri: DeviceUri = format!("mimi://a.example/d/{}/d{version}", self.id).parse().unwrap();
        let mut signature_key = self.key.verifying_key().to_bytes();
        signature_key[0] ^= u8::try_from(version + 1).unwrap();
        let authorisation = DeviceAuthorisation::sign(&self.key, &uri, &signature_key);
        self.devices.truncate(1);
        self.devices.push(NewDevice { uri, signature_key, authorisation });
    }

    async fn hand_in(&mut self, to: &Directory, batch: &mut Batch) {
        let entries = self.devices.iter().map(|device| {
            DeviceEntry::new(device.uri.device.clone(), device.signature_key, &device.authorisation)
        });
        let account_key = AccountKey(self.key.verifying_key().to_bytes());
        let next = match &self.set {
            None => DeviceSet::first(self.user(), Month(600), account_key, entries.collect()),
            Some(set) => set.followed_by(entries.collect()),
        };
        self.set = Some(next.clone());
        let signed = SignedDeviceSet::by_account(next, &self.key).encode();
        to.enter(batch, &self.id, account_key, &self.devices, &signed).await.unwrap();
    }
}

fn open(folder: &Path) -> (Arc<SqliteStore>, Directory) {
    let store = Arc::new(SqliteStore::open(folder.join("bench.db"), SqliteOptions::default()).unwrap());
    let domain: Domain = "a.example".parse().unwrap();
    let clock = Arc::new(SystemClock);
    let mailboxes = Arc::new(Mailboxes::new(store.clone(), Arc::new(LocalWakes::new())));
    let federation =
        Arc::new(Federation::new(domain.clone(), store.clone(), mailboxes, Arc::new(Nowhere), clock.clone()));
    let settings = Settings {
        domain,
        signing: SecretKey::random(),
        vrf: SecretKey::random(),
        epoch: Duration::from_secs(30),
        auditors: Vec::new(),
    };
    let log = log(store.clone(), federation.clone(), clock.clone());
    (store.clone(), Directory::new(store, federation, log, clock, settings))
}

fn log(store: Arc<SqliteStore>, federation: Arc<Federation>, clock: Arc<SystemClock>) -> Arc<Log> {
    let settings = log::Settings {
        domain: "a.example".parse().unwrap(),
        log: SecretKey::random(),
        witness: SecretKey::random(),
        witnesses: Vec::new(),
        data: std::path::PathBuf::new(),
    };
    Arc::new(Log::new(settings, store, federation, clock))
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

async fn change(
    people: &mut [Person],
    version: usize,
    store: &SqliteStore,
    directory: &Directory,
) -> Duration {
    let mut batch = Batch::new();
    for person in people {
        person.take_in(version);
        person.hand_in(directory, &mut batch).await;
    }
    store.commit(batch).await.unwrap();
    let began = Instant::now();
    directory.publish().await.unwrap().unwrap();
    began.elapsed()
}

#[tokio::main]
async fn main() {
    let people: usize = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    let folder = tempfile::tempdir().unwrap();
    let (store, directory) = open(folder.path());
    let mut all: Vec<Person> = (0..people).map(Person::new).collect();
    let mut filling = Duration::ZERO;
    for page in all.chunks_mut(10_000) {
        for slice in page.chunks_mut(1000) {
            let mut batch = Batch::new();
            for person in slice {
                person.hand_in(&directory, &mut batch).await;
            }
            store.commit(batch).await.unwrap();
        }
        let began = Instant::now();
        directory.publish().await.unwrap().unwrap();
        filling += began.elapsed();
    }
    let rate = people as f64 / filling.as_secs_f64();
    println!("{people} people; epochs of 10 000: {rate:.0} people/s");
    let disk: u64 =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    println!("on disk: {:.0} bytes a person", disk as f64 / people as f64);

    let hundreds: Vec<_> = {
        let mut times = Vec::new();
        for version in 1..VERSIONS {
            times.push(change(&mut all[..CHANGING], version, &store, &directory).await);
        }
        times
    };
    println!("epoch of 100 changes: {:.1} ms", median(hundreds));
    let record = directory.records(directory.head().await.unwrap().unwrap().root.epoch, 1).await.unwrap();
    let before = directory.root_at(record[0].root.root.epoch - 1).await.unwrap().root;
    let began = Instant::now();
    record[0].verify(&"a.example".parse().unwrap(), &directory.public_key(), Some(&before)).unwrap();
    println!(
        "audit of 100 changes: {:.1} KiB, verified in {:.1} ms",
        record[0].encode().len() as f64 / 1024.0,
        began.elapsed().as_secs_f64() * 1000.0
    );
    let mut ones = Vec::new();
    for person in CHANGING..CHANGING + 50 {
        ones.push(change(&mut all[person..=person], 1, &store, &directory).await);
    }
    println!("epoch of 1 change: {:.1} ms", median(ones));

    let keys = [ServiceKey { service: "a.example".parse().unwrap(), key: directory.public_key() }];
    let policy = Policy { keys: &keys, needed: 0, newest: None };
    for (what, sample) in [("10 versions", &all[..CHANGING]), ("1 version", &all[people - CHANGING..])] {
        let (mut making, mut checking, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
        for person in sample {
            let request = KeyProofRequest { user: person.user(), known: None };
            let began = Instant::now();
            let proof = directory.prove(&request).await.unwrap();
            making.push(began.elapsed());
            sizes.push(proof.encode().len());
            let began = Instant::now();
            proof.verify(&person.user(), None, policy, SystemClock.now()).unwrap();
            checking.push(began.elapsed());
        }
        sizes.sort_unstable();
        println!(
            "proof at {what}: {} bytes (largest {}), made in {:.2} ms, verified in {:.2} ms",
            sizes[sizes.len() / 2],
            sizes[sizes.len() - 1],
            median(making),
            median(checking)
        );
    }
}
