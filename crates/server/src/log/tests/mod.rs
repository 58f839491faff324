//! Logs of three services that witness each other, over the store in memory.
#![allow(clippy::unwrap_used)]

mod growing;
mod witnessing;

use super::*;
use crate::{
    clock::ManualClock,
    federation::{Ask, Endpoint, FederationError, Link, Media, Told},
};
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use trefoil_proto::{Timestamp, mimi::directory::Directory};
use trefoil_store::{Batch, MemoryStore};
use trefoil_transparency::log::{
    DirectoryRoot, LogEntry, LogKey, LogPolicy, OpenCheckpoint, Release, Submission, TilePath, WitnessKey,
    unbundle,
};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// Directory roots and releases in turn.
fn entry(number: u64) -> LogEntry {
    if number.is_multiple_of(2) {
        LogEntry::Directory(DirectoryRoot {
            directory: "a.test".parse().unwrap(),
            epoch: number + 1,
            root: [1; 32],
            time: NOW,
            vrf_key_hash: [2; 32],
            previous: [6; 32],
        })
    } else {
        LogEntry::Release(release(number))
    }
}

fn release(number: u64) -> Release {
    Release {
        version: format!("0.{number}.0").parse().unwrap(),
        target: "x86_64-unknown-linux-gnu".parse().unwrap(),
        sha256: [3; 32],
    }
}

/// The other services that a log reaches, by domain.
type Net = Arc<Mutex<BTreeMap<Domain, Arc<Log>>>>;

/// The way of one service to the others, as the edge would answer.
struct Wire {
    from: Domain,
    net: Net,
}

impl Wire {
    fn to(&self, domain: &Domain) -> Result<Arc<Log>, FederationError> {
        let down =
            || FederationError::Unavailable { domain: domain.clone(), source: "it is switched off".into() };
        self.net.lock().unwrap().get(domain).cloned().ok_or_else(down)
    }
}

impl Link for Wire {
    fn post<'a>(
        &'a self,
        _: &'a Domain,
        _: Endpoint,
        _: &'a str,
        _: Bytes,
    ) -> BoxFuture<'a, Result<Bytes, FederationError>> {
        unreachable!("the log has nothing to do with MIMI")
    }

    fn media<'a>(
        &'a self,
        _: &'a Domain,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Media, FederationError>> {
        unreachable!("nor with attachments")
    }

    fn directory<'a>(&'a self, domain: &'a Domain) -> BoxFuture<'a, Result<Arc<Directory>, FederationError>> {
        Box::pin(async move {
            let transparency = Some(self.to(domain)?.keys());
            Ok(Arc::new(Directory { transparency, ..Directory::at("https://a.test") }))
        })
    }

    fn ask<'a>(&'a self, domain: &'a Domain, ask: Ask) -> BoxFuture<'a, Result<Told, FederationError>> {
        assert_eq!(ask.path, publish::ADD_CHECKPOINT);
        Box::pin(async move {
            let witness = self.to(domain)?;
            let submission = Submission::decode(&ask.body.unwrap()).unwrap();
            let (status, body) = match witness.cosign(&self.from, &submission).await {
                Ok(line) => (200, line),
                Err(LogError::OtherSize(size)) => (409, format!("{size}\n").into_bytes()),
                Err(_) => (422, Vec::new()),
            };
            Ok(Told { status, body: body.into() })
        })
    }
}

/// A service as far as its log goes.
struct Service {
    log: Arc<Log>,
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
}

/// Services that witness each other.
struct World {
    net: Net,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { net: Net::default(), folder: tempfile::tempdir().unwrap() }
    }

    /// A service on a store, with keys made of a number. It takes the place of the one that had its domain.
    fn start(&self, domain: &str, key: u8, store: Arc<MemoryStore>) -> Service {
        let domain: Domain = domain.parse().unwrap();
        let clock = Arc::new(ManualClock::new(NOW));
        let wire = Arc::new(Wire { from: domain.clone(), net: Arc::clone(&self.net) });
        let federation =
            Arc::new(Federation::without_mailboxes(domain.clone(), store.clone(), wire, clock.clone()));
        let all = ["a.test", "b.test", "c.test"].map(|name| name.parse::<Domain>().unwrap());
        let settings = Settings {
            domain: domain.clone(),
            log: SecretKey::fixed([key; 32]),
            witness: SecretKey::fixed([key + 100; 32]),
            witnesses: all.into_iter().filter(|other| *other != domain).collect(),
            data: self.folder.path().to_owned(),
        };
        let log = Arc::new(Log::new(settings, store.clone(), federation, clock.clone()));
        self.net.lock().unwrap().insert(domain, Arc::clone(&log));
        Service { log, store, clock }
    }

    fn three(&self) -> [Service; 3] {
        [("a.test", 1), ("b.test", 2), ("c.test", 3)]
            .map(|(domain, key)| self.start(domain, key, new_store()))
    }

    fn switch_off(&self, domain: &str) {
        self.net.lock().unwrap().remove(&domain.parse().unwrap());
    }
}

fn new_store() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new())
}

impl Service {
    /// A policy for this log and the witnesses of others.
    fn policy(&self, witnesses: &[&Self], quorum: usize) -> LogPolicy {
        let log: LogKey = self.log.keys().log.parse().unwrap();
        let witnesses = witnesses.iter().map(|other| other.log.keys().witness.parse::<WitnessKey>().unwrap());
        LogPolicy::new(log, witnesses.collect(), quorum).unwrap()
    }

    async fn grow(&self, by: u64) {
        let size = self.log.head().await.unwrap().size;
        let entries: Vec<_> = (size..size + by).map(entry).collect();
        self.log.append_with(&entries, Batch::new()).await.unwrap();
    }
}
