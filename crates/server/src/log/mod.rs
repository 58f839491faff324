//! The public log of this service, and its work as a witness of the logs of others.
//!
//! Append-only: an entry, the hashes that it adds and the new head are one commit, which compares the head that it builds
//! on, together with whatever else the caller stores. Served as C2SP tlog-tiles says, to anyone; its checkpoints go to
//! the configured witnesses (C2SP tlog-witness, over mutual TLS) and are served with their cosignatures. The other way
//! round this room cosigns what other services' logs show, one head a log, durable before the signature leaves.

mod append;
mod cosign;
mod decide;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod handed_in;
mod publish;
mod read;
mod rows;
#[cfg(test)]
mod tests;

pub use crate::handed_in::HandInError;
pub use append::Appended;
pub use cosign::forks;
pub use error::LogError;
pub use handed_in::{found, hand_in};
pub use rows::TABLES;

use crate::{clock::Clock, federation::Federation, secrets::SecretKey};
use bytes::Bytes;
use ed25519_dalek::SigningKey;
use std::{collections::HashMap, path::PathBuf, sync::Arc, sync::Mutex};
use tokio::sync::Notify;
use trefoil_proto::{Domain, mimi::directory::LogKeys};
use trefoil_store::Store;
use trefoil_transparency::log::{LogSigner, RightEdge, WitnessSigner, log_name, witness_name};

/// What the room is told when the service opens.
pub struct Settings {
    /// Whose log.
    pub domain: Domain,
    /// Seed of the Ed25519 key that signs checkpoints.
    pub log: SecretKey,
    /// Seed of the Ed25519 key that cosigns those of other logs.
    pub witness: SecretKey,
    /// The services that are asked to cosign.
    pub witnesses: Vec<Domain>,
    /// Where an operator hands in entries ([`hand_in`]); the service's data folder.
    pub data: PathBuf,
}

/// The log of a service.
pub struct Log {
    store: Arc<dyn Store>,
    federation: Arc<Federation>,
    clock: Arc<dyn Clock>,
    signer: LogSigner,
    witness: WitnessSigner,
    witnesses: Vec<Domain>,
    data: PathBuf,
    /// Held by who appends; read from the store when it is first needed.
    edge: tokio::sync::Mutex<Option<RightEdge>>,
    /// Held by who cosigns: of two requests for one log the second must see what the first kept.
    cosigning: tokio::sync::Mutex<()>,
    served: Mutex<Option<(decide::Published, Bytes)>>,
    /// The size that each witness is believed to have cosigned last.
    sizes: Mutex<HashMap<Domain, u64>>,
    /// Rung when the log grew.
    bell: Notify,
}

impl Log {
    /// The log in a store.
    pub fn new(
        settings: Settings,
        store: Arc<dyn Store>,
        federation: Arc<Federation>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let Settings { domain, log, witness, witnesses, data } = settings;
        let named = "a domain has neither spaces nor pluses";
        Self {
            signer: LogSigner::new(&log_name(&domain), SigningKey::from_bytes(log.bytes())).expect(named),
            witness: WitnessSigner::new(&witness_name(&domain), SigningKey::from_bytes(witness.bytes()))
                .expect(named),
            store,
            federation,
            clock,
            witnesses,
            data,
            edge: tokio::sync::Mutex::default(),
            cosigning: tokio::sync::Mutex::default(),
            served: Mutex::default(),
            sizes: Mutex::default(),
            bell: Notify::new(),
        }
    }

    /// The keys of the log and of the witness, as the service's directory tells them.
    pub fn keys(&self) -> LogKeys {
        LogKeys { log: self.signer.public().to_string(), witness: self.witness.public().to_string() }
    }
}
