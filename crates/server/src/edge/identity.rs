//! Who asks: a device by its token, a service by its certificate, or an address.

use super::{Edge, Refusal, connections::Seat, leases::Slot};
use crate::{federation::IncidentReason, rate::Address};
use axum::extract::FromRequestParts;
use data_encoding::BASE64URL_NOPAD;
use http::{header, request::Parts};
use std::{net::IpAddr, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use trefoil_proto::{DeviceUri, Domain, ErrorCode};

/// What is known of a connection. Kept by everything that runs on it.
pub(super) struct Connection {
    /// The other end.
    pub address: IpAddr,
    /// The DNS names in the other end's certificate; empty for devices.
    pub names: Vec<Domain>,
    /// Counts the connection against the listener's number.
    pub _place: OwnedSemaphorePermit,
    /// Counts it against the number of its address.
    pub _seat: Option<Seat>,
    /// Tells the service that something still runs.
    pub _alive: mpsc::Sender<()>,
}

/// A device of this service, by its token.
pub(super) struct Caller(pub DeviceUri);

/// Another service, by its certificate and its `From` header, which agree.
pub(super) struct Peer(pub Domain);

/// Someone without a token, within the rate of their address.
pub(super) struct Anyone(pub IpAddr);

impl FromRequestParts<Arc<Edge>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, edge: &Arc<Edge>) -> Result<Self, Refusal> {
        let refused = || Refusal::new(ErrorCode::Unauthenticated, "no token, or it has expired");
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
            .and_then(|encoded| BASE64URL_NOPAD.decode(encoded).ok())
            .ok_or_else(refused)?;
        let device = edge.tokens.device(&token, edge.now()).await?.ok_or_else(refused)?;
        edge.rates.request(&device, edge.now())?;
        if let Some(slot) = parts.extensions.get::<Slot>() {
            // First in, then another look at the token: a removal that did not see us is seen by us (`leases`).
            slot.keep(edge.leases.enter(&device).ok_or_else(refused)?);
            edge.tokens.device(&token, edge.now()).await?.ok_or_else(refused)?;
        }
        Ok(Self(device))
    }
}

impl FromRequestParts<Arc<Edge>> for Peer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, edge: &Arc<Edge>) -> Result<Self, Refusal> {
        let refused =
            || Refusal::new(ErrorCode::WrongDomain, "the From header and the certificate do not agree");
        let connection = parts.extensions.get::<Arc<Connection>>().ok_or_else(refused)?;
        let from: Option<Domain> = parts
            .headers
            .get(header::FROM)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("mimi@"))
            .and_then(|domain| domain.parse().ok());
        let Some(from) = from.filter(|from| edge.may_be(from, &connection.names)) else {
            // Remembered under the name that it proved, and not so often that remembering costs more than refusing.
            let proven = connection.names.first();
            if let Some(proven) = proven.filter(|proven| edge.rates.may_note_name(proven, edge.now())) {
                edge.lie(proven, IncidentReason::NameNotCertified).await;
            }
            return Err(refused());
        };
        edge.rates.peer(&from, edge.now())?;
        Ok(Self(from))
    }
}

impl FromRequestParts<Arc<Edge>> for Anyone {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, edge: &Arc<Edge>) -> Result<Self, Refusal> {
        let connection = parts
            .extensions
            .get::<Arc<Connection>>()
            .ok_or_else(|| Refusal::new(ErrorCode::Unauthenticated, "the connection has no address"))?;
        let mut address = connection.address;
        if edge.about.behind_proxy {
            address = Address(address).forwarded(&parts.headers).0;
        }
        edge.rates.anonymous(address, edge.now())?;
        Ok(Self(address))
    }
}

impl Edge {
    /// True if whoever proved these names may call itself by that one.
    fn may_be(&self, from: &Domain, names: &[Domain]) -> bool {
        let certified = |name: &Domain| name.as_str() == host(from);
        // A certificate vouches for a host. Its ports would be as many services as it likes: one that the operator
        // did not name is none.
        let one_of_many = host(from) != from.as_str() && !self.about.peers.contains(from);
        *from != *self.domain() && !one_of_many && names.iter().any(certified)
    }

    /// Records what a peer did that it must not, and says so.
    pub(super) async fn lie(&self, peer: &Domain, reason: IncidentReason) -> Refusal {
        self.house.federation.record_incident(peer, reason, self.now()).await;
        Refusal::new(reason.code(), reason.text())
    }
}

/// A domain without its port: certificates name hosts.
pub(super) fn host(domain: &Domain) -> &str {
    domain.as_str().split(':').next().unwrap_or_default()
}
