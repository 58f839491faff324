//! Three real services in this process, on free ports of this machine, with stores in memory that the adversary can
//! reach into as an operator can.

use crate::{
    between::Between,
    forge::{Forged, Voucher},
    person::Person,
};
use anyhow::Context as _;
use ed25519_dalek::SigningKey;
use std::{
    fs,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};
use trefoil::up::Plan;
use trefoil_proto::{Domain, UserUri, Wire as _, edge::Identifier};
use trefoil_server::{
    Config, Parts, RunError, Service,
    clock::SystemClock,
    edge::TlsFiles,
    federation::{HttpLink, HttpSettings},
    secrets::{SecretKey, SecretName, Secrets},
};
use trefoil_store::{Batch, KeyRange, LocalWakes, MemoryBlobs, MemoryStore, Store, Table};
use trefoil_transparency::device_set::{DeviceEntry, SignedDeviceSet};

/// The service of Ann and Ben, which opens the rooms.
pub const ACCOUNT: usize = 0;
/// Another service.
pub const HANDLE: usize = 1;
/// The place of the service of phone numbers.
pub const PHONE: usize = 2;

/// How long services may take to find each other.
const MEETING: Duration = Duration::from_secs(30);

/// Rates and waits that no attack is about; devices speak to a service without TLS, since the adversary ends it before.
const SETTINGS: &[(&str, &str)] = &[
    ("TREFOIL_SERVICE_CLIENT__PLAIN", "true"),
    ("TREFOIL_SERVICE_DIRECTORY__EPOCH_SECONDS", "1"),
    ("TREFOIL_SERVICE_LIMITS__REQUESTS_PER_MINUTE", "100000"),
    ("TREFOIL_SERVICE_LIMITS__ANONYMOUS_PER_MINUTE", "100000"),
    ("TREFOIL_SERVICE_LIMITS__REGISTRATIONS_PER_HOUR", "100000"),
];

/// Three services that know each other.
pub struct World {
    folder: TempDir,
    /// PEM of the authority that vouches for everybody.
    pub ca: Vec<u8>,
    /// In the order of the profiles: account, handle, phone.
    pub services: Vec<Standing>,
}

/// A running service, and what its owner has in hand.
pub struct Standing {
    /// Its domain.
    pub domain: Domain,
    /// Its configuration.
    pub config: Config,
    /// Its store.
    pub store: Arc<dyn Store>,
    /// Where its devices connect, without TLS.
    pub clients: SocketAddr,
    secrets: Secrets,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), RunError>>,
}

impl World {
    /// Starts all three, and lets them look at each other's directories: a service that nobody has looked at yet says so
    /// to its people, and no attack is about that.
    ///
    /// # Errors
    /// A port or a folder cannot be had, or they do not find each other.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let plan = Plan::make(&folder.path().join("data"), 0)?;
        let settings = || SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut services = Vec::new();
        for planned in &plan.services {
            let config = Config::load(&planned.config, settings())?;
            fs::create_dir_all(&config.data)?;
            services.push(Standing::start(config)?);
        }
        let world = Self { folder, ca: fs::read(&plan.ca)?, services };
        world.meet().await?;
        Ok(world)
    }

    /// Somebody comes to the services that attacks begin at, and the others audit the first epoch.
    async fn meet(&self) -> anyhow::Result<()> {
        let identifiers = [Identifier::AccountName(b"first".to_vec()), Identifier::Handle(b"first".to_vec())];
        for (service, identifier) in self.services.iter().zip(identifiers) {
            let account = SigningKey::from_bytes(&[1; 32]);
            let uri = format!("mimi://{}/d/first/first", service.domain).parse()?;
            let first = Forged::new(&uri, &Voucher::Own(&account))?;
            first.register(service.clients, identifier, &account).await?;
        }
        let audits = Table::new("directory.audits");
        let end = Instant::now() + MEETING;
        for service in &self.services[..=HANDLE] {
            while service.store.scan(audits, KeyRange::all(), 2).await?.len() < 2 {
                anyhow::ensure!(Instant::now() < end, "nobody audits {}", service.domain);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }

    /// Makes an account at a service, seen through a [`Between`] of the adversary's.
    ///
    /// # Errors
    /// The account cannot be made.
    pub async fn person(&self, name: &str, at: usize) -> anyhow::Result<Person> {
        self.person_behind(name, self.between(at).await?).await
    }

    /// The same through what the adversary has set up already.
    ///
    /// # Errors
    /// The account cannot be made.
    pub async fn person_behind(&self, name: &str, between: Between) -> anyhow::Result<Person> {
        Person::register(self.folder.path(), name, between, &self.ca)
            .await
            .with_context(|| format!("{name} cannot make an account"))
    }

    /// What the adversary puts before a service, for one more device.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn between(&self, at: usize) -> anyhow::Result<Between> {
        let service = &self.services[at];
        Between::start(service.clients, TlsFiles::read(&service.config)?.client).await
    }

    /// The folder for what people keep.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Ends the services.
    pub async fn end(self) {
        for service in self.services {
            let _ = service.stop.send(());
            service.running.abort();
            let _ = service.running.await;
        }
    }
}

impl Standing {
    fn start(config: Config) -> anyhow::Result<Self> {
        let secrets = || Secrets::open(&config.data.join("secrets.toml"));
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let parts = Parts {
            store: Arc::clone(&store),
            blobs: Arc::new(MemoryBlobs::new()),
            wakes: Arc::new(LocalWakes::new()),
            clock: Arc::new(SystemClock),
            secrets: secrets()?,
            link: None,
        };
        let service = Service::with_parts(config.clone(), parts)?;
        let clients = service.addresses().client;
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(service.run(async move {
            let _ = stopped.await;
        }));
        Ok(Self { domain: config.domain.clone(), secrets: secrets()?, store, clients, stop, running, config })
    }

    /// As an operator with a hand in the database: enters a device into a person's newest device set, under a signature
    /// that is none, to be published with the next epoch.
    ///
    /// # Errors
    /// The person has no set; the store fails.
    pub async fn enter_device(&self, user: &UserUri, entry: &DeviceEntry) -> anyhow::Result<()> {
        // The rows of `trefoil_server::directory`: a version, then the structure.
        const VERSION: u8 = 1;
        let (newest, pending) = (Table::new("directory.newest"), Table::new("directory.pending"));
        let key = user.id.as_str().as_bytes().to_vec();
        let row = self.store.get(newest, key.clone().into()).await?.context("a person's newest set")?;
        let known = SignedDeviceSet::decode(row.get(1..).unwrap_or_default())?.set;
        let mut devices = known.devices.clone();
        devices.push(entry.clone());
        devices.sort_by(|one, other| one.device.cmp(&other.device));
        let set = known.followed_by(devices);
        let sequence = set.sequence.to_be_bytes();
        let forged = SignedDeviceSet::by_account(set, &SigningKey::from_bytes(&[7; 32]));
        let row = [&[VERSION][..], &forged.encode()].concat();
        let mut batch = Batch::new();
        batch.put(newest, key.clone(), row.clone());
        batch.put(Table::new("directory.sets"), [&key[..], &[0], &sequence].concat(), row);
        batch.put(pending, key, sequence.to_vec());
        self.store.commit(batch).await?;
        Ok(())
    }

    /// As an operator with a hand in the database: puts a set in the place of a person's newest one, to be published with
    /// the next epoch, and gives back the one that was there.
    ///
    /// # Errors
    /// The person has no set; the store fails.
    pub async fn replace_set(
        &self,
        user: &UserUri,
        set: &SignedDeviceSet,
    ) -> anyhow::Result<SignedDeviceSet> {
        const VERSION: u8 = 1;
        let (newest, pending) = (Table::new("directory.newest"), Table::new("directory.pending"));
        let key = user.id.as_str().as_bytes().to_vec();
        let row = self.store.get(newest, key.clone().into()).await?.context("a person's newest set")?;
        let before = SignedDeviceSet::decode(row.get(1..).unwrap_or_default())?;
        let sequence = set.set.sequence.to_be_bytes();
        let row = [&[VERSION][..], &set.encode()].concat();
        let mut batch = Batch::new();
        batch.put(newest, key.clone(), row.clone());
        batch.put(Table::new("directory.sets"), [&key[..], &[0], &sequence].concat(), row);
        batch.put(pending, key, sequence.to_vec());
        self.store.commit(batch).await?;
        Ok(before)
    }

    /// One of its secret keys: whoever compels a service has them all.
    pub fn secret(&self, name: SecretName) -> &SecretKey {
        self.secrets.key(name)
    }

    /// Calls to other services under its own certificate, saying whatever its owner likes.
    ///
    /// # Errors
    /// The certificate cannot be read.
    pub fn link(&self) -> anyhow::Result<HttpLink> {
        Ok(HttpLink::new(HttpSettings {
            domain: self.domain.clone(),
            tls: TlsFiles::read(&self.config)?.outbound,
            routes: self.config.peers.clone().into_iter().collect(),
        })?)
    }
}
