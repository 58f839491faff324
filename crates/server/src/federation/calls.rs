//! Calls to other services: the one way out, so that a peer that answers what it must not is remembered for it whoever
//! asked, a person, the outbox, or a hub in passing.

use super::{Ask, Endpoint, FederationError, IncidentReason, Link, Media, Told, incidents::Incidents};
use crate::clock::Clock;
use bytes::Bytes;
use std::sync::Arc;
use trefoil_proto::{Domain, mimi::directory::Directory};

pub(super) struct Calls {
    link: Arc<dyn Link>,
    incidents: Arc<Incidents>,
    clock: Arc<dyn Clock>,
}

impl Calls {
    pub(super) fn new(link: Arc<dyn Link>, incidents: Arc<Incidents>, clock: Arc<dyn Clock>) -> Self {
        Self { link, incidents, clock }
    }

    /// Posts a body and waits for the answer. `segment` is the URI or domain in the endpoint's path, as text.
    pub(super) async fn post(
        &self,
        domain: &Domain,
        endpoint: Endpoint,
        segment: &str,
        body: Bytes,
    ) -> Result<Bytes, FederationError> {
        let answer = self.link.post(domain, endpoint, segment, body).await;
        self.note(domain, answer.as_ref().err()).await;
        answer
    }

    pub(super) async fn media(
        &self,
        domain: &Domain,
        url: &str,
        range: Option<&str>,
    ) -> Result<Media, FederationError> {
        let answer = self.link.media(domain, url, range).await;
        self.note(domain, answer.as_ref().err()).await;
        answer
    }

    pub(super) async fn directory(&self, domain: &Domain) -> Result<Arc<Directory>, FederationError> {
        let answer = self.link.directory(domain).await;
        self.note(domain, answer.as_ref().err()).await;
        answer
    }

    pub(super) async fn ask(&self, domain: &Domain, ask: Ask) -> Result<Told, FederationError> {
        let answer = self.link.ask(domain, ask).await;
        self.note(domain, answer.as_ref().err()).await;
        answer
    }

    async fn note(&self, domain: &Domain, failed: Option<&FederationError>) {
        if let Some(FederationError::Misbehaved { .. } | FederationError::Directory { .. }) = failed {
            self.incidents.note_peer(domain, IncidentReason::AnsweredFalsely, self.clock.now()).await;
        }
    }
}
