//! One service: opens its stores and keys, wires the rooms together, listens, and ends in peace.

pub(crate) mod fingerprints;
mod upkeep;

use crate::{
    accounts::{self, Accounts, CodeSender, CodeSenderError},
    backup::{self, Backups},
    behaviour::Behaviour,
    clock::{Clock, SystemClock},
    config::{Config, TiplineConfig},
    console::{self, Console, PageFile},
    directory::{self, Directory, DirectoryError},
    discovery::{Discovery, DiscoveryError},
    edge::{About, Edge, House, Listener, Scheme, TlsError, TlsFiles},
    federation::{Federation, FederationError, HttpLink, HttpSettings, Link, Records},
    keys::Keys,
    log::{self, Log, LogError},
    mailbox::{Mailboxes, Quota},
    media::{self, Media},
    minors::Minors,
    passes::Passes,
    pin::{self, Pins},
    policy_lists::{self, PolicyListError, PolicyLists},
    rooms::{FrankingKeys, People, PeopleError, Rooms, RoomsError, RoomsSettings, asked_removal},
    safety::{
        self, Figures, Quarter, QuarterError, Safety, SafetyError, TakenReport, TipSettings,
        evidence::Reach,
        statement::StatementError,
        tipline::{Credentials, Line, LineError},
    },
    secrets::{self, SecretName, Secrets, SecretsError},
    staff::Staff,
    trail::Trail,
};
use fingerprints::Fingerprints;
use futures_util::future::BoxFuture;
use std::{
    collections::BTreeMap,
    io,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::{mpsc, watch};
use trefoil_proto::{
    DeviceUri, RoomUri, Timestamp, UserUri,
    edge::{NewDevice, ServiceInfo},
    mimi::removal::RemovalRequest,
    mls::Credential,
};
use trefoil_store::{
    Blobs, FolderBlobs, LocalWakes, SqliteOptions, SqliteStore, SqliteView, Store, StoreError, Wakes,
};
use trefoil_transparency::{gossip::Evidence, log::Release};

/// The id of the hub's first stamp key.
const FRANKING_KEY: u32 = 1;

/// The store's file in the data folder.
const DATABASE: &str = "service.db";

/// An opened service. Its sockets are bound; nothing is accepted before [`Service::run`].
pub struct Service {
    config: Config,
    edge: Arc<Edge>,
    house: House,
    tls: TlsFiles,
    client: TcpListener,
    federation: TcpListener,
    console: Option<(TcpListener, Scheme)>,
    page: &'static [PageFile],
    staff: Arc<Staff>,
    trail: Arc<Trail>,
    addresses: Addresses,
    clock: Arc<dyn Clock>,
    store: Arc<dyn Store>,
    fingerprints: Fingerprints,
    drain: watch::Sender<bool>,
    ended: mpsc::Receiver<()>,
}

/// Where a service listens; port 0 of the configuration is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// For its own devices.
    pub client: SocketAddr,
    /// For other services.
    pub federation: SocketAddr,
    /// For the service's own teams.
    pub console: Option<SocketAddr>,
}

/// What a service stands on, given by a simulation or a test instead of the data folder.
pub struct Parts {
    /// Rows and queues.
    pub store: Arc<dyn Store>,
    /// Attachments.
    pub blobs: Arc<dyn Blobs>,
    /// The wake-up bus.
    pub wakes: Arc<dyn Wakes>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Secret keys.
    pub secrets: Secrets,
    /// The way to other services; `None`: HTTPS with mutual TLS.
    pub link: Option<Arc<dyn Link>>,
}

/// Why a service cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder cannot be made.
    #[error("make the data folder {path}")]
    Data {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The store or the blobs cannot be opened.
    #[error("open the store")]
    Store(#[from] StoreError),
    /// The keys file cannot be used.
    #[error("open the secret keys")]
    Secrets(#[from] SecretsError),
    /// TLS cannot be set up.
    #[error("set up TLS")]
    Tls(#[from] TlsError),
    /// The way of one-time codes cannot be opened.
    #[error("set up one-time codes")]
    Codes(#[from] CodeSenderError),
    /// The function by which people are found by number cannot be made.
    #[error("set up finding by number")]
    Discovery(#[from] DiscoveryError),
    /// The line to NCMEC cannot be used.
    #[error("set up the line to NCMEC")]
    Tipline(#[from] LineError),
    /// The client towards other services cannot be made.
    #[error("set up federation")]
    Federation(#[from] FederationError),
    /// An address cannot be listened on.
    #[error("listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Why figures are not published.
#[derive(Debug, thiserror::Error)]
pub enum FiguresError {
    /// Nothing is published of that quarter.
    #[error(transparent)]
    Quarter(#[from] QuarterError),
    /// The store cannot be read.
    #[error(transparent)]
    Safety(#[from] SafetyError),
}

/// Why a service stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The sockets could not be handed to the runtime.
    #[error("start listening")]
    Listen(#[source] io::Error),
    /// The secret keys are not those that the store was made with.
    #[error(
        "the keys file is not the one that this service's store was made with (key {0:?} differs): restore \
         secrets.toml beside it from a backup; with other keys nobody would be found by name or number, and the \
         stamps of this hub would be refused"
    )]
    OtherSecrets(&'static str),
    /// The store failed before anything was served.
    #[error("read the store")]
    Store(#[from] StoreError),
    /// What is in force against people could not be read.
    #[error("read what was decided")]
    Safety(#[from] SafetyError),
    /// The policy lists that were taken before cannot be read.
    #[error("read the policy lists")]
    PolicyLists(#[from] PolicyListError),
    /// Deliveries to other services could not begin.
    #[error("deliver to other services")]
    Federation(#[source] FederationError),
    /// Deliveries to other services ended while the service ran.
    #[error("deliveries to other services stopped")]
    Outbox(#[source] Option<tokio::task::JoinError>),
}

impl Service {
    /// Opens a service in its data folder. Blocks for some milliseconds; needs no runtime.
    ///
    /// # Errors
    /// [`OpenError`] says which part failed; nothing listens then.
    pub fn open(config: Config) -> Result<Self, OpenError> {
        let data = config.data.clone();
        make_folder(&data).map_err(|source| OpenError::Data { path: data.clone(), source })?;
        let parts = Parts {
            store: Arc::new(SqliteStore::open(data.join(DATABASE), SqliteOptions::default())?),
            blobs: Arc::new(FolderBlobs::open(data.join("media"))?),
            wakes: Arc::new(LocalWakes::new()),
            clock: Arc::new(SystemClock),
            secrets: Secrets::open(&data.join("secrets.toml"))?,
            link: None,
        };
        Self::with_parts(config, parts)
    }

    /// The reports that were taken, read beside a service that may run.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn reports(data: &Path) -> Result<Vec<TakenReport>, SafetyError> {
        let view = SqliteView::open(&data.join(DATABASE)).map_err(SafetyError::Read)?;
        safety::taken(&view)
    }

    /// What this service publishes of its safety, of a quarter that has ended; read beside a service that may run.
    ///
    /// # Errors
    /// [`FiguresError`].
    pub fn figures(data: &Path, quarter: Quarter, now: Timestamp) -> Result<Figures, FiguresError> {
        let (from, until) = quarter.published(now)?;
        let view = SqliteView::open(&data.join(DATABASE)).map_err(SafetyError::Read)?;
        Ok(safety::figures(safety::cases(&view)?.values(), from, until))
    }

    /// The decisions made in a time as statements of reasons for the European database, by number; read beside a service that may run.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn statements(
        data: &Path,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<BTreeMap<String, Result<serde_json::Value, StatementError>>, SafetyError> {
        let view = SqliteView::open(&data.join(DATABASE)).map_err(SafetyError::Read)?;
        Ok(safety::statements(&safety::cases(&view)?, from, until))
    }

    /// Adds a key by which this hub stamps from its next start on, and returns its id. What earlier keys stamped stays proven.
    ///
    /// # Errors
    /// [`SecretsError`].
    pub fn rotate_stamp(data: &Path) -> Result<u32, SecretsError> {
        secrets::rotate_stamp(&data.join("secrets.toml"))
    }

    /// Opens a service on parts that stand already. The data folder is used for `codes.log` and for what an
    /// operator hands in only.
    ///
    /// # Errors
    /// As [`Service::open`].
    pub fn with_parts(config: Config, parts: Parts) -> Result<Self, OpenError> {
        let tls = TlsFiles::read(&config)?;
        let client = listen(config.client.listen)?;
        let federation_socket = listen(config.federation.listen)?;
        let console =
            config.console.as_ref().map(|console| listen(console.listen).map(|socket| (socket, console)));
        let console = console.transpose()?;
        let addresses = Addresses {
            client: local(&client, config.client.listen)?,
            federation: local(&federation_socket, config.federation.listen)?,
            console: console.as_ref().map(|(socket, console)| local(socket, console.listen)).transpose()?,
        };
        let console = console.map(|(socket, console)| {
            let scheme = if console.plain { Scheme::Plain } else { Scheme::Tls(Arc::clone(&tls.client)) };
            (socket, scheme)
        });
        let Parts { store, blobs, wakes, clock, secrets, link } = parts;
        let link = match link {
            Some(link) => link,
            None => Arc::new(HttpLink::new(HttpSettings {
                domain: config.domain.clone(),
                tls: tls.outbound.clone(),
                routes: config.peers.clone().into_iter().collect(),
            })?),
        };
        let fingerprints = Fingerprints::of(&secrets);
        let franking = FrankingKeys::new(
            FRANKING_KEY,
            secrets.key(SecretName::FrankingStamp1).bytes(),
            secrets.key(SecretName::FrankingSign1).bytes(),
        );
        let franking =
            secrets.later_stamps().fold(franking, |keys, (id, stamp)| keys.with_stamp(id, stamp.bytes()));
        let info = ServiceInfo {
            domain: config.domain.clone(),
            profile: config.profile,
            franking_signature_key: franking.public_key(),
            franking_credential: Credential::basic(config.domain.as_str().as_bytes()),
            now: Timestamp(0),
        };
        let settings = accounts::Settings {
            domain: config.domain.clone(),
            profile: config.profile,
            identifiers: secrets.key(SecretName::Identifiers).clone(),
            codes: secrets.key(SecretName::Codes).clone(),
            sender: CodeSender::open(&config.code, &config.data)?,
            codes_per_hour: config.limits.codes_per_hour,
            codes_per_hour_in_all: config.limits.codes_per_hour_in_all,
            registrations_per_hour_in_all: config.limits.registrations_per_hour_in_all,
        };
        let media_settings = media::Settings {
            bytes_per_day: config.limits.media_bytes_per_day,
            days: config.limits.media_days,
        };
        let backup_settings = backup::Settings { bytes: config.limits.backup_bytes };
        let pin_settings = pin::Settings {
            key: secrets.key(SecretName::PinRecords).clone(),
            guesses: config.limits.pin_guesses,
            records: config.limits.pin_records,
        };
        let quota = Quota {
            entries: config.limits.mailbox_entries.get(),
            bytes: config.limits.mailbox_bytes,
            days: config.limits.mailbox_days.get(),
        };
        let mailboxes = Arc::new(Mailboxes::with_quota(Arc::clone(&store), wakes, quota));
        let federation = Arc::new(Federation::new(
            config.domain.clone(),
            Arc::clone(&store),
            Arc::clone(&mailboxes),
            link,
            Arc::clone(&clock),
        ));
        let log_settings = log::Settings {
            domain: config.domain.clone(),
            log: secrets.key(SecretName::LogSign1).clone(),
            witness: secrets.key(SecretName::WitnessSign1).clone(),
            witnesses: config.log.witnesses.clone(),
            data: config.data.clone(),
        };
        let log =
            Arc::new(Log::new(log_settings, Arc::clone(&store), Arc::clone(&federation), Arc::clone(&clock)));
        let directory = Arc::new(Directory::new(
            Arc::clone(&store),
            Arc::clone(&federation),
            Arc::clone(&log),
            Arc::clone(&clock),
            directory::Settings {
                domain: config.domain.clone(),
                signing: secrets.key(SecretName::DirectorySign).clone(),
                vrf: secrets.key(SecretName::DirectoryVrf).clone(),
                epoch: config.directory.epoch,
                auditors: config.directory.auditors.clone(),
            },
        ));
        let discovery =
            Arc::new(Discovery::new(Arc::clone(&store), config.profile, secrets.key(SecretName::Discovery))?);
        let minors = Arc::new(Minors::new(Arc::clone(&store), Arc::clone(&discovery)));
        let accounts = Arc::new(Accounts::new(
            Arc::clone(&store),
            Arc::clone(&directory),
            Arc::clone(&discovery),
            Arc::clone(&minors),
            settings,
        ));
        let rooms = Arc::new(Rooms::new(
            config.domain.clone(),
            Arc::clone(&store),
            Arc::clone(&mailboxes),
            Arc::clone(&federation),
            Arc::new(PeopleHere(Arc::clone(&accounts))),
            franking,
            RoomsSettings::default(),
        ));
        let media = Arc::new(Media::new(Arc::clone(&store), Arc::clone(&blobs), media_settings));
        let trail = Arc::new(Trail::new(Arc::clone(&store)));
        let house = House {
            accounts,
            discovery,
            keys: Arc::new(Keys::new(Arc::clone(&store))),
            media: Arc::clone(&media),
            minors,
            backups: Arc::new(Backups::new(Arc::clone(&store), blobs, backup_settings)),
            behaviour: Arc::new(Behaviour::new(
                Arc::clone(&store),
                config.first_contacts.rules,
                config.registration.giving,
            )),
            passes: Arc::new(Passes::new(
                Arc::clone(&store),
                &config.domain,
                secrets.key(SecretName::Passes).clone(),
            )),
            policy_lists: Arc::new(PolicyLists::new(
                policy_lists::Settings {
                    domain: config.domain.clone(),
                    subscriptions: config.policy_lists.clone(),
                    own: config.policy_list.clone(),
                    signing: secrets.key(SecretName::PolicyList).clone(),
                },
                Arc::clone(&store),
                Arc::clone(&federation),
                Arc::clone(&clock),
            )),
            pins: Arc::new(Pins::new(Arc::clone(&store), pin_settings)),
            rendezvous: Arc::default(),
            safety: Arc::new(Safety::new(
                safety::Settings {
                    domain: config.domain.clone(),
                    reporters: secrets.key(SecretName::Reporters).clone(),
                    wellbeing: config.wellbeing,
                    open_reports: config.open_reports,
                    reach: Reach {
                        media: Arc::clone(&media),
                        federation: Arc::clone(&federation),
                        origin: format!("https://{}", config.domain),
                        peers: config.peers.keys().cloned().collect(),
                    },
                    tips: secrets.key(SecretName::TiplineFiles).clone(),
                    tipline: config.tipline.as_ref().map(tip_settings).transpose()?,
                },
                Arc::clone(&store),
                Arc::clone(&trail),
                Arc::clone(&rooms),
                Arc::clone(&federation),
            )),
            rooms,
            mailboxes,
            federation,
            log,
            directory,
        };
        // Safety holds the rooms: held by them in turn, neither would ever let go of the store.
        let decided = Arc::downgrade(&house.safety);
        let barred = move |user: &UserUri, now: Timestamp| {
            let standing = decided.upgrade().map(|safety| safety.standing(user, now));
            matches!(standing, Some(safety::Standing::Suspended(_) | safety::Standing::Banned))
        };
        house.rooms.bar(Box::new(barred.clone()));
        house.minors.bar(Box::new(barred));
        let staff = Arc::new(Staff::new(
            Arc::clone(&store),
            Arc::clone(&trail),
            config.console.as_ref().map(|console| console.place.clone()),
        ));
        let about = About {
            info,
            origin: format!("https://{}", config.domain),
            peers: config.peers.keys().cloned().collect(),
            limits: config.limits.clone(),
            first_contacts: config.first_contacts.clone(),
            ages: config.ages.clone(),
            registration: config.registration.clone(),
            behind_proxy: config.client.plain,
        };
        let (drain, draining) = watch::channel(false);
        let (alive, ended) = mpsc::channel(1);
        let challenges = secrets.key(SecretName::Challenges).clone();
        let edge = Edge::new(
            about,
            house.clone(),
            Arc::clone(&store),
            Arc::clone(&clock),
            challenges,
            draining,
            alive,
        );
        Ok(Self {
            edge: Arc::new(edge),
            config,
            house,
            tls,
            client,
            federation: federation_socket,
            console,
            page: &[],
            staff,
            trail,
            addresses,
            clock,
            store,
            fingerprints,
            drain,
            ended,
        })
    }

    /// What the service with this data folder recorded of other services. It may run meanwhile; nothing is changed.
    ///
    /// # Errors
    /// [`OpenError::Store`] if no service has its store there, or it cannot be read.
    pub fn records(data: &Path) -> Result<Records, OpenError> {
        Ok(Records::new(SqliteView::open(&data.join(DATABASE))?))
    }

    /// What the service with this data folder saw of other services that contradict what they signed: their key
    /// directories and their logs. It may run meanwhile.
    ///
    /// # Errors
    /// [`DirectoryError::Read`] if no service has its store there, or it cannot be read;
    /// [`DirectoryError::DamagedRow`], [`DirectoryError::Log`].
    pub fn evidence(data: &Path) -> Result<Vec<Evidence>, DirectoryError> {
        let view = SqliteView::open(&data.join(DATABASE)).map_err(DirectoryError::Read)?;
        let mut evidence = directory::splits(&view)?;
        evidence.extend(log::forks(&view).map_err(DirectoryError::Log)?);
        Ok(evidence)
    }

    /// The index of a release in the public log of the service with this data folder, if it is there by now.
    ///
    /// # Errors
    /// [`LogError::Store`] if no service has its store there, or it cannot be read; [`LogError::DamagedRow`].
    pub fn logged(data: &Path, release: &Release) -> Result<Option<u64>, LogError> {
        log::found(&SqliteView::open(&data.join(DATABASE))?, release)
    }

    /// What the service with this data folder asked of a room's members about a person. It may run meanwhile.
    ///
    /// # Errors
    /// As [`asked_removal`].
    pub fn removal(
        data: &Path,
        room: &RoomUri,
        user: &UserUri,
    ) -> Result<Option<RemovalRequest>, RoomsError> {
        asked_removal(&SqliteView::open(&data.join(DATABASE))?, room, user)
    }

    /// With the files of the console's page.
    #[must_use]
    pub fn with_console_page(self, page: &'static [PageFile]) -> Self {
        Self { page, ..self }
    }

    /// Where it listens.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Serves until `shutdown` resolves. Then nothing new is accepted, devices are told ([`ServerFrame::Draining`]),
    /// what was begun is finished and answered, and this returns; at the latest after the configured drain time.
    ///
    /// [`ServerFrame::Draining`]: trefoil_proto::frame::ServerFrame::Draining
    ///
    /// # Errors
    /// [`RunError`] if it could not begin, or deliveries to other services stopped.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
        let Self {
            config,
            edge,
            house,
            tls,
            client,
            federation,
            console,
            page,
            staff,
            trail,
            clock,
            drain,
            mut ended,
            ..
        } = self;
        self.fingerprints.check(&*self.store).await?;
        house.safety.load().await?;
        house.policy_lists.load().await?;
        let connections = usize::try_from(config.limits.connections.get()).unwrap_or(usize::MAX);
        let per_address = usize::try_from(config.limits.connections_per_address.get()).unwrap_or(usize::MAX);
        let scheme = if config.client.plain { Scheme::Plain } else { Scheme::Tls(tls.client) };
        let client = Listener {
            socket: tokio::net::TcpListener::from_std(client).map_err(RunError::Listen)?,
            scheme,
            router: edge.client_router(),
            connections,
            connections_per_address: if config.client.plain { None } else { Some(per_address) },
            for_services: false,
        };
        let federation = Listener {
            socket: tokio::net::TcpListener::from_std(federation).map_err(RunError::Listen)?,
            scheme: Scheme::Tls(tls.federation),
            router: edge.federation_router(),
            connections,
            connections_per_address: Some(per_address),
            for_services: true,
        };
        let mut background = tokio::task::JoinSet::new();
        if let (Some((socket, scheme)), Some(told)) = (console, &config.console) {
            let settings = console::Settings {
                domain: config.domain.clone(),
                origin: told.place.origin.clone(),
                page,
                behind_proxy: told.plain,
            };
            let (team, safety, accounts) =
                (Arc::clone(&staff), Arc::clone(&house.safety), Arc::clone(&house.accounts));
            let console = Arc::new(Console::new(settings, team, safety, accounts, Arc::clone(&clock)));
            let listener = Listener {
                socket: tokio::net::TcpListener::from_std(socket).map_err(RunError::Listen)?,
                scheme,
                router: console.router(),
                connections,
                connections_per_address: if told.plain { None } else { Some(per_address) },
                for_services: false,
            };
            background.spawn(listener.run(Arc::clone(&edge)));
        }
        background.spawn(Arc::clone(&house.safety).work(Arc::clone(&clock)));
        let (team, data, by) = (Arc::clone(&staff), config.data.clone(), Arc::clone(&clock));
        background.spawn(async move { team.keep_following(&data, &*by).await });
        let (minors, data, by) = (Arc::clone(&house.minors), config.data.clone(), Arc::clone(&clock));
        let entered = Arc::clone(&trail);
        background.spawn(async move { minors.keep_following(&data, &entered, &*by).await });
        let (log, by) = (Arc::clone(&house.log), Arc::clone(&clock));
        background.spawn(async move { trail.keep_anchored(&log, &*by).await });
        background.spawn(client.run(Arc::clone(&edge)));
        background.spawn(federation.run(Arc::clone(&edge)));
        let residents = upkeep::Registered { accounts: Arc::clone(&house.accounts), domain: config.domain };
        background.spawn(upkeep::tend(Arc::clone(&house.mailboxes), residents, Arc::clone(&clock)));
        background.spawn(Arc::clone(&house.log).run());
        background.spawn(Arc::clone(&house.policy_lists).run());
        background.spawn(Arc::clone(&house.directory).run());
        let (rooms, data, by) = (Arc::clone(&house.rooms), config.data.clone(), Arc::clone(&clock));
        background.spawn(async move { rooms.follow_orders(&data, &*by).await });
        background.spawn(upkeep::sweep(Arc::clone(&edge), house.clone(), staff, clock));
        let mut outbox = tokio::spawn(Arc::clone(&house.federation).run());
        drop(edge);
        tokio::pin!(shutdown);
        let outcome = tokio::select! {
            () = &mut shutdown => Ok(()),
            stopped = &mut outbox => match stopped {
                Ok(Err(error)) => Err(RunError::Federation(error)),
                // A service that delivers nothing must not look like one that was asked to stop: whoever watches it
                // starts it again.
                Ok(Ok(())) => Err(RunError::Outbox(None)),
                Err(panicked) => Err(RunError::Outbox(Some(panicked))),
            },
        };
        tracing::info!("draining");
        // Nobody listens only if no connection is open.
        let _ = drain.send(true);
        // Sockets and sweeps end at once; connections hold a sender each, and the last one gone ends the wait.
        background.shutdown().await;
        drop(house.rooms);
        let rest = async { while ended.recv().await.is_some() {} };
        if tokio::time::timeout(config.drain, rest).await.is_err() {
            tracing::warn!("connections were cut off at the end of the drain time");
        }
        if !outbox.is_finished() {
            outbox.abort();
            // It holds the store, which whoever opens the service again must find released.
            let _ = outbox.await;
        }
        outcome
    }
}

fn tip_settings(told: &TiplineConfig) -> Result<TipSettings, LineError> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has TLS 1.3 and 1.2")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let line = Line::new(&told.endpoint, Credentials::read(&told.credentials)?, tls)?;
    Ok(TipSettings { line, reporter: told.reporter.clone() })
}

/// What the hub asks of the accounts.
struct PeopleHere(Arc<Accounts>);

impl People for PeopleHere {
    fn device<'a>(&'a self, device: &'a DeviceUri) -> BoxFuture<'a, Result<Option<NewDevice>, PeopleError>> {
        Box::pin(async move { self.0.device(device).await.map_err(|error| PeopleError(Box::new(error))) })
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, OpenError> {
    let failed = |source| OpenError::Listen { address, source };
    let socket = TcpListener::bind(address).map_err(failed)?;
    socket.set_nonblocking(true).map_err(failed)?;
    Ok(socket)
}

fn local(socket: &TcpListener, address: SocketAddr) -> Result<SocketAddr, OpenError> {
    socket.local_addr().map_err(|source| OpenError::Listen { address, source })
}

fn make_folder(path: &std::path::Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
