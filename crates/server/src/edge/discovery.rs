//! Finding people by number, without telling it: for the service's own people, here or handed on, and for other services.

use super::{
    Edge, Refusal,
    body::{Body, Reply, encoded},
    identity::{Caller, Peer},
    safety::Doing,
    segment::Segment,
};
use crate::federation::{Endpoint, IncidentReason};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use std::sync::Arc;
use trefoil_proto::{
    Domain,
    discovery::{DiscoveryRequest, DiscoveryResponse},
};

type Served = State<Arc<Edge>>;

/// `POST discovery/{domain}`. What is handed on does not say who asks.
pub(super) async fn ask(
    State(edge): Served,
    Caller(caller): Caller,
    Segment(domain): Segment,
    request: Body<DiscoveryRequest>,
) -> Result<Response, Refusal> {
    let domain: Domain = domain.parse()?;
    request.value.check()?;
    if domain != *edge.domain() {
        edge.may_call(&domain)?;
    }
    edge.is_free(&caller.user_uri(), Doing::Beginning)?;
    edge.rates.numbers(&caller.user_uri(), &request.value, edge.now())?;
    if domain == *edge.domain() {
        let answer = edge.house.discovery.answer(&request.value).await?;
        return Ok(Reply(StatusCode::OK, answer).into_response());
    }
    let federation = &edge.house.federation;
    let answer = federation.forward(&domain, Endpoint::Discovery, domain.as_str(), request.bytes).await?;
    let response: DiscoveryResponse = edge.answer_of(&domain, &answer).await?;
    if !response.is_answer_to(&request.value) {
        return Err(edge.answered_falsely(&domain, "it answered what was not asked").await);
    }
    Ok(encoded(StatusCode::OK, answer))
}

/// `POST discovery/{domain}` of another service.
pub(super) async fn ask_for_peer(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(domain): Segment,
    request: Body<DiscoveryRequest>,
) -> Result<Reply<DiscoveryResponse>, Refusal> {
    if domain.parse::<Domain>()? != *edge.domain() {
        return Err(edge.lie(&peer, IncidentReason::AskedForAnother).await);
    }
    request.value.check()?;
    edge.takes_from(&peer)?;
    edge.rates.peer_numbers(&peer, &request.value, edge.now())?;
    Ok(Reply(StatusCode::OK, edge.house.discovery.answer(&request.value).await?))
}
