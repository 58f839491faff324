//! The key directory of this service, and its eyes on those of others.
//!
//! Every device set that accounts hand in is stored with the change of the account in one commit, and is in the tree of
//! the next epoch: within [`Settings::epoch`] when there is work, at once when somebody asks for it. Each root is signed,
//! entered into the public log, and shown to the auditors with the proof that it only grew; proofs for people are made
//! under the newest root.
//! One task makes epochs; its commit names the root it follows, so that no two can follow the same one.

mod audit;
mod error;
mod held;
mod nodes;
mod prove;
mod publish;
mod rows;
mod sets;
#[cfg(test)]
mod tests;
mod vrf;

pub use audit::splits;
pub use error::DirectoryError;
pub use rows::TABLES;

use crate::{clock::Clock, federation::Federation, log::Log, secrets::SecretKey};
use ed25519_dalek::SigningKey;
use moka::sync::Cache;
use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};
use tokio::{
    sync::{Notify, RwLock, Semaphore, watch},
    time::Instant,
};
use trefoil_proto::{Domain, UserUri};
use trefoil_store::Store;
use trefoil_transparency::gossip::SignedRoot;

/// Between two epochs at least, however many people wait.
const LEAST: Duration = Duration::from_millis(250);
/// After an epoch could not be made.
const PAUSE: Duration = Duration::from_secs(2);
/// Proofs kept for the epoch, of about 5 KiB.
const PROOFS: u64 = 2_000;
/// Proofs that are made at the same time.
const PROVING: usize = 8;

type Tree = akd::Directory<akd::WhatsAppV1Configuration, nodes::Nodes, vrf::Vrf>;

/// What the room is told when the service opens.
pub struct Settings {
    /// The service's domain.
    pub domain: Domain,
    /// Seed of the Ed25519 key that signs roots and audits.
    pub signing: SecretKey,
    /// The VRF's key.
    pub vrf: SecretKey,
    /// Between two epochs when there is work and nobody waits.
    pub epoch: Duration,
    /// Services that are asked to audit this directory.
    pub auditors: Vec<Domain>,
}

/// The key directory of a service.
pub struct Directory {
    domain: Domain,
    signing: SigningKey,
    vrf: vrf::Vrf,
    vrf_key: [u8; 32],
    epoch: Duration,
    auditors: Vec<Domain>,
    store: Arc<dyn Store>,
    federation: Arc<Federation>,
    log: Arc<Log>,
    clock: Arc<dyn Clock>,
    /// Something waits to be published.
    work: Notify,
    /// Somebody waits for it.
    hurry: Notify,
    /// Number of the newest epoch made since the start.
    epochs: watch::Sender<u64>,
    /// Number of the epoch that an auditor signed last.
    audited: watch::Sender<u64>,
    /// Number of the epoch that an auditor was waited for in vain last.
    unaudited: AtomicU64,
    held: Arc<RwLock<held::Held>>,
    proofs: Cache<UserUri, prove::Kept>,
    proving: Semaphore,
}

impl Directory {
    /// The directory in a store.
    pub fn new(
        store: Arc<dyn Store>,
        federation: Arc<Federation>,
        log: Arc<Log>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Self {
        let Settings { domain, signing, vrf, epoch, auditors } = settings;
        let vrf = vrf::Vrf::new(vrf);
        Self {
            domain,
            signing: SigningKey::from_bytes(signing.bytes()),
            vrf_key: vrf.public(),
            vrf,
            epoch,
            auditors,
            store,
            federation,
            log,
            clock,
            work: Notify::new(),
            hurry: Notify::new(),
            epochs: watch::Sender::new(0),
            audited: watch::Sender::new(0),
            unaudited: AtomicU64::new(0),
            held: Arc::new(RwLock::new(held::Held::nothing(0))),
            proofs: Cache::new(PROOFS),
            proving: Semaphore::new(PROVING),
        }
    }

    /// The key under which roots and audits are signed.
    pub fn public_key(&self) -> [u8; 32] {
        self.signing.verifying_key().to_bytes()
    }

    /// Something that [`Directory::enter`] put into a batch was committed.
    pub fn ring(&self) {
        self.work.notify_one();
    }

    /// The newest root, signed; `None` before the first epoch.
    ///
    /// # Errors
    /// The store failed.
    pub async fn head(&self) -> Result<Option<SignedRoot>, DirectoryError> {
        let row = self.store.get(rows::HEAD, rows::HEAD_KEY.into()).await.map_err(DirectoryError::Read)?;
        row.map(|row| rows::decode(&row)).transpose()
    }

    /// Makes epochs and has them audited. Ends never.
    pub async fn run(self: Arc<Self>) {
        let mut auditors = tokio::task::JoinSet::new();
        for auditor in &self.auditors {
            auditors.spawn(Arc::clone(&self).be_audited(auditor.clone()));
        }
        // What waited when the service stopped is published soon after the start.
        self.work.notify_one();
        loop {
            self.work.notified().await;
            let began = Instant::now();
            loop {
                tokio::select! {
                    () = self.hurry.notified() => {}
                    () = tokio::time::sleep_until(began + self.epoch) => {}
                }
                match Box::pin(self.publish()).await {
                    Ok(Some(epoch)) => {
                        self.epochs.send_replace(epoch);
                        tokio::time::sleep(LEAST).await;
                        break;
                    }
                    Ok(None) => {
                        self.epochs.send_modify(|_| {});
                        break;
                    }
                    Err(DirectoryError::Contended) => self.hurry.notify_one(),
                    Err(error) => {
                        tracing::error!(%error, "an epoch of the key directory could not be made");
                        tokio::time::sleep(PAUSE).await;
                        self.hurry.notify_one();
                    }
                }
            }
        }
    }
}
