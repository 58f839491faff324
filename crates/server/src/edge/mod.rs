//! The edge: HTTPS and WebSocket for the service's own devices, HTTPS with mutual TLS for other services.
//!
//! Everything that comes from a network is limited, authenticated and decoded here, once, into verified types; every
//! refusal leaves through one mapping ([`refusal`]). What a request means is decided in the rooms behind.

mod attachments;
mod backups;
mod body;
mod budget;
mod connections;
mod conversation;
mod directory;
mod discovery;
mod first_contacts;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod guard;
mod identity;
mod leases;
mod listener;
mod log;
mod mimi;
mod minors;
mod people;
mod pin;
mod rates;
mod refusal;
mod registration;
mod rendezvous;
mod routes;
mod rows;
mod safety;
mod segment;
mod stream;
mod tls;
mod tokens;

pub use listener::{Listener, Scheme};
pub use refusal::Refusal;
pub use routes::Endpoint;
pub use rows::TABLES;
pub use tls::{TlsError, TlsFiles};

use crate::{
    accounts::Accounts, backup::Backups, behaviour::Behaviour, clock::Clock, directory::Directory,
    discovery::Discovery, federation::Federation, keys::Keys, log::Log, mailbox::Mailboxes, media::Media,
    minors::Minors, passes::Passes, pin::Pins, policy_lists::PolicyLists, rendezvous::Rendezvous,
    rooms::Rooms, safety::Safety, secrets::SecretKey,
};
use axum::{Router, extract::DefaultBodyLimit, middleware};
use budget::Budget;
use connections::Connections;
use leases::Leases;
use rates::EdgeRates;
use std::{collections::BTreeSet, sync::Arc};
use tokens::Tokens;
use tokio::sync::{mpsc, watch};
use trefoil_proto::{Domain, Timestamp, edge::ServiceInfo};
use trefoil_store::Store;

/// What the edge is told about the service.
pub struct About {
    /// What clients are told; its clock is filled in at each answer.
    pub info: ServiceInfo,
    /// `https://` and the domain: media URLs and the directory for other services begin with it.
    pub origin: String,
    /// Services that are reached by configuration.
    pub peers: BTreeSet<Domain>,
    /// The rates.
    pub limits: crate::config::Limits,
    /// Who may turn to whom.
    pub first_contacts: crate::config::FirstContacts,
    /// From which age on somebody is of age.
    pub ages: trefoil_proto::minors::Ages,
    /// Who may make an account.
    pub registration: crate::config::Registration,
    /// A proxy on this machine stands in front: the address of a caller is in `X-Forwarded-For`.
    pub behind_proxy: bool,
}

/// The rooms that the edge calls.
#[derive(Clone)]
pub struct House {
    /// People and devices.
    pub accounts: Arc<Accounts>,
    /// People by number.
    pub discovery: Arc<Discovery>,
    /// Key packages.
    pub keys: Arc<Keys>,
    /// Mailboxes.
    pub mailboxes: Arc<Mailboxes>,
    /// Accounts of minors.
    pub minors: Arc<Minors>,
    /// Attachments.
    pub media: Arc<Media>,
    /// Backups.
    pub backups: Arc<Backups>,
    /// What is counted of accounts.
    pub behaviour: Arc<Behaviour>,
    /// Passes for turning to people here.
    pub passes: Arc<Passes>,
    /// Recommendations of other services.
    pub policy_lists: Arc<PolicyLists>,
    /// The PIN vault.
    pub pins: Arc<Pins>,
    /// Where devices that are being linked meet.
    pub rendezvous: Arc<Rendezvous>,
    /// The hub.
    pub rooms: Arc<Rooms>,
    /// Reports.
    pub safety: Arc<Safety>,
    /// Other services.
    pub federation: Arc<Federation>,
    /// The public log.
    pub log: Arc<Log>,
    /// The key directory.
    pub directory: Arc<Directory>,
}

/// The edge of one service.
pub struct Edge {
    about: About,
    house: House,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    tokens: Tokens,
    rates: EdgeRates,
    bodies: Arc<Budget>,
    connections: Connections,
    leases: Leases,
    /// True once the service is told to stop.
    draining: watch::Receiver<bool>,
    /// A clone lives in every connection; the service waits until the last is gone.
    alive: mpsc::Sender<()>,
}

impl Edge {
    /// Puts the edge before the rooms. `draining` becomes true when the service is told to stop; a clone of `alive`
    /// lives as long as each connection.
    pub fn new(
        about: About,
        house: House,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        challenges: SecretKey,
        draining: watch::Receiver<bool>,
        alive: mpsc::Sender<()>,
    ) -> Self {
        Self {
            tokens: Tokens::new(Arc::clone(&store), challenges),
            rates: EdgeRates::new(&about.limits, &about.first_contacts, &about.registration),
            bodies: Budget::new(about.limits.body_bytes),
            connections: Connections::default(),
            leases: Leases::default(),
            about,
            house,
            store,
            clock,
            draining,
            alive,
        }
    }

    /// What the service's own devices may ask.
    pub fn client_router(self: &Arc<Self>) -> Router {
        self.finish(routes::client().router)
    }

    /// What other services may ask.
    pub fn federation_router(self: &Arc<Self>) -> Router {
        self.finish(routes::federation().router)
    }

    /// Forgets what has run out: rates, challenges.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sweep(&self) -> Result<(), Refusal> {
        self.rates.sweep(self.now());
        self.tokens.sweep(self.now()).await.map_err(Refusal::from)
    }

    /// How many devices are connected.
    pub fn connected(&self) -> usize {
        self.connections.count()
    }

    fn finish(self: &Arc<Self>, router: Router<Arc<Self>>) -> Router {
        router
            .fallback(guard::no_such_path)
            .method_not_allowed_fallback(guard::wrong_method)
            .layer(DefaultBodyLimit::disable())
            .layer(middleware::from_fn_with_state(Arc::clone(self), guard::guard))
            .with_state(Arc::clone(self))
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn domain(&self) -> &Domain {
        &self.about.info.domain
    }
}

/// Resolves when the service is told to stop, or is gone.
async fn stopping(draining: &mut watch::Receiver<bool>) {
    let _ = draining.wait_for(|draining| *draining).await;
}
