//! Other services: calls to them, the durable outbox of what they must be told, and the filter for what they tell us.
//!
//! Outbound calls go over a [`Link`]; [`HttpLink`] is HTTP/2 with mutual TLS, where a peer's identity is the name in
//! its certificate. What a room's hub has for another service waits in an outbox, one store queue for each peer, until
//! the peer has stored it: nothing is dropped, order is kept within each room. Inbound notifications are checked
//! (a service speaks for its own rooms only), filtered for repetitions, and appended to mailboxes in one commit.

mod calls;
mod directory;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod http;
mod inbound;
mod incidents;
mod link;
mod mark;
mod outbox;
mod records;
mod rows;
#[cfg(test)]
mod tests;
mod window;

pub use error::FederationError;
pub use http::{HttpLink, HttpSettings};
pub use inbound::{Accepted, CheckedNotify};
pub use incidents::{Incident, IncidentReason, recorded};
pub use link::{Ask, Endpoint, Link, Media, Told, has_public_name};
pub use outbox::{Refusal, strange::Strange};
pub use records::Records;
pub use rows::TABLES;

use crate::{clock::Clock, mailbox::Mailboxes};
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::VerifyingKey;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tokio::sync::{Notify, Semaphore, mpsc};
use trefoil_proto::{
    Domain, RoomUri, Wire as _,
    mimi::{NotifyRequest, directory::LogKeys, submit::Delivery},
};
use trefoil_store::Store;

/// Passing notifications that may be on their way at once; more are dropped.
const PASSING: usize = 256;

/// A service's relations with other services.
pub struct Federation {
    domain: Domain,
    store: Arc<dyn Store>,
    mailboxes: Arc<Mailboxes>,
    calls: Arc<calls::Calls>,
    clock: Arc<dyn Clock>,
    outboxes: Outboxes,
    windows: window::Windows,
    incidents: Arc<incidents::Incidents>,
    passing: Arc<Semaphore>,
}

/// The bells of the peers' workers, and the way by which a new one is told to [`Federation::run`].
struct Outboxes {
    bells: Mutex<HashMap<Domain, Arc<Notify>>>,
    opened: mpsc::UnboundedSender<Domain>,
    to_open: tokio::sync::Mutex<mpsc::UnboundedReceiver<Domain>>,
}

impl Federation {
    /// The relations of the service at `domain`.
    pub fn new(
        domain: Domain,
        store: Arc<dyn Store>,
        mailboxes: Arc<Mailboxes>,
        link: Arc<dyn Link>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (opened, to_open) = mpsc::unbounded_channel();
        let incidents = Arc::new(incidents::Incidents::new(Arc::clone(&store)));
        Self {
            domain,
            windows: window::Windows::new(Arc::clone(&store)),
            calls: Arc::new(calls::Calls::new(link, Arc::clone(&incidents), Arc::clone(&clock))),
            incidents,
            store,
            mailboxes,
            clock,
            outboxes: Outboxes { bells: Mutex::default(), opened, to_open: to_open.into() },
            passing: Arc::new(Semaphore::new(PASSING)),
        }
    }

    /// For rooms that have nothing to do with mailboxes.
    #[cfg(test)]
    pub(crate) fn without_mailboxes(
        domain: Domain,
        store: Arc<dyn Store>,
        link: Arc<dyn Link>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let wakes = Arc::new(trefoil_store::LocalWakes::new());
        let mailboxes = Arc::new(Mailboxes::new(Arc::clone(&store), wakes));
        Self::new(domain, store, mailboxes, link, clock)
    }

    /// Asks another service and waits for its answer. `segment` is the URI or domain in the endpoint's path, as text.
    ///
    /// # Errors
    /// [`FederationError::Unavailable`], [`FederationError::Refused`] with the peer's own error body,
    /// [`FederationError::Misbehaved`], [`FederationError::Directory`].
    pub async fn forward(
        &self,
        domain: &Domain,
        endpoint: Endpoint,
        segment: &str,
        body: Bytes,
    ) -> Result<Bytes, FederationError> {
        self.calls.post(domain, endpoint, segment, body).await
    }

    /// Reads an attachment at another service. `url` must be an `https` URL at that service; `range` is an HTTP
    /// `Range` value.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub async fn fetch_media(
        &self,
        domain: &Domain,
        url: &str,
        range: Option<&str>,
    ) -> Result<Media, FederationError> {
        self.calls.media(domain, url, range).await
    }

    /// The keys of another service's public log and witness, as its directory tells them; none if it has no log.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub async fn log_keys(&self, domain: &Domain) -> Result<Option<LogKeys>, FederationError> {
        Ok(self.calls.directory(domain).await?.transparency.clone())
    }

    /// The key by which another service signs stamps and what it hands on, as its directory tells it; none if it tells none.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub async fn franking_key(&self, domain: &Domain) -> Result<Option<VerifyingKey>, FederationError> {
        let told = self.calls.directory(domain).await?;
        let key = BASE64URL_NOPAD.decode(told.franking_key.as_bytes()).ok();
        let key = key.and_then(|key| <[u8; 32]>::try_from(key).ok());
        Ok(key.and_then(|key| VerifyingKey::from_bytes(&key).ok()))
    }

    /// Asks another service for something outside MIMI. Every status is an answer.
    ///
    /// # Errors
    /// [`FederationError::Unavailable`], [`FederationError::Misbehaved`].
    pub async fn ask(&self, domain: &Domain, ask: Ask) -> Result<Told, FederationError> {
        self.calls.ask(domain, ask).await
    }

    /// Tells connected devices of another service something that is stored nowhere: one attempt, in the background.
    /// Dropped when too many are on their way already.
    pub fn pass(&self, domain: &Domain, room: &RoomUri, notify: &NotifyRequest) {
        debug_assert_eq!(notify.delivery, Delivery::Passing);
        let Ok(permit) = Arc::clone(&self.passing).try_acquire_owned() else { return };
        let (calls, domain, segment) = (Arc::clone(&self.calls), domain.clone(), room.to_string());
        let body = notify.encode().into();
        tokio::spawn(async move {
            let sent = calls.post(&domain, Endpoint::Notify, &segment, body).await;
            if let Err(error) = sent {
                tracing::debug!(%error, "a passing notification was lost");
            }
            drop(permit);
        });
    }
}
