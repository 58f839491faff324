//! The key directory, as devices, other services and anyone who looks may ask for it.

use super::{
    Edge, Refusal,
    body::{Body, Reply, encoded},
    identity::{Anyone, Caller, Peer},
    segment::Segment,
};
use crate::{
    directory::DirectoryError,
    federation::{Endpoint, IncidentReason},
};
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use std::sync::Arc;
use trefoil_proto::{Domain, ErrorCode, UserUri, Wire as _};
use trefoil_transparency::{
    directory::{
        AuditAnswer, AuditRequest, EpochRecords, KeyProof, KeyProofRequest, RootRequest, ServiceKeys,
    },
    gossip::SignedRoots,
};

type Served = State<Arc<Edge>>;

/// `GET directory/services`.
pub(super) async fn services(State(edge): Served, _: Anyone) -> Result<Reply<ServiceKeys>, Refusal> {
    Ok(Reply(StatusCode::OK, edge.house.directory.service_keys().await?))
}

/// `POST directory/proof`: about anyone, of this service or another.
pub(super) async fn proof(
    State(edge): Served,
    Caller(_): Caller,
    request: Body<KeyProofRequest>,
) -> Result<Response, Refusal> {
    let user = &request.value.user;
    if user.domain == *edge.domain() {
        let proof = edge.house.directory.prove(&request.value).await?;
        return Ok(Reply(StatusCode::OK, proof).into_response());
    }
    edge.may_call(&user.domain)?;
    let answer = edge
        .house
        .federation
        .forward(&user.domain, Endpoint::KeyProof, &user.to_string(), request.bytes.clone())
        .await?;
    edge.answer_of::<KeyProof>(&user.domain, &answer).await?;
    Ok(encoded(StatusCode::OK, answer))
}

/// `GET directory/root/{domain}/{epoch}`: that epoch's root, and those that come after it.
pub(super) async fn root(
    State(edge): Served,
    Caller(_): Caller,
    Segment((directory, epoch)): Segment<(String, String)>,
) -> Result<Response, Refusal> {
    let (directory, epoch): (Domain, u64) = (directory.parse()?, number(&epoch)?);
    if directory == *edge.domain() {
        let roots = edge.house.directory.roots_from(epoch).await?;
        return Ok(Reply(StatusCode::OK, roots).into_response());
    }
    edge.may_call(&directory)?;
    let body = RootRequest { epoch }.encode().into();
    let federation = &edge.house.federation;
    let answer = federation.forward(&directory, Endpoint::DirectoryRoot, directory.as_str(), body).await?;
    edge.answer_of::<SignedRoots>(&directory, &answer).await?;
    Ok(encoded(StatusCode::OK, answer))
}

/// `GET directory/epochs/{from}`: for auditors that are no services.
pub(super) async fn epochs(
    State(edge): Served,
    _: Anyone,
    Segment(from): Segment,
) -> Result<Reply<EpochRecords>, Refusal> {
    let records = edge.house.directory.records(number(&from)?, AuditRequest::BYTES).await?;
    Ok(Reply(StatusCode::OK, EpochRecords { records }))
}

/// `POST keyProof/{user}`: about people of this service.
pub(super) async fn proof_for_peer(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(user): Segment,
    request: Body<KeyProofRequest>,
) -> Result<Reply<KeyProof>, Refusal> {
    let user: UserUri = user.parse()?;
    if request.value.user != user {
        return Err(Refusal::new(ErrorCode::Malformed, "path and request name different people"));
    }
    if user.domain != *edge.domain() {
        return Err(edge.lie(&peer, IncidentReason::AskedForAnother).await);
    }
    Ok(Reply(StatusCode::OK, edge.house.directory.prove(&request.value).await?))
}

/// `POST auditDirectory/{domain}`: a service has its own directory looked at, none else's.
pub(super) async fn audit(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(directory): Segment,
    request: Body<AuditRequest>,
) -> Result<Reply<AuditAnswer>, Refusal> {
    if directory.parse::<Domain>()? != peer {
        return Err(edge.lie(&peer, IncidentReason::VouchedForAnother).await);
    }
    match edge.house.directory.audit(&peer, request.value).await {
        Ok(answer) => Ok(Reply(StatusCode::OK, answer)),
        Err(DirectoryError::OtherKey | DirectoryError::Audit(_) | DirectoryError::Forked) => {
            Err(edge.lie(&peer, IncidentReason::FalseDirectory).await)
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST directoryRoot/{domain}`.
pub(super) async fn root_for_peer(
    State(edge): Served,
    Peer(peer): Peer,
    Segment(directory): Segment,
    request: Body<RootRequest>,
) -> Result<Reply<SignedRoots>, Refusal> {
    if directory.parse::<Domain>()? != *edge.domain() {
        return Err(edge.lie(&peer, IncidentReason::AskedForAnother).await);
    }
    Ok(Reply(StatusCode::OK, edge.house.directory.roots_from(request.value.epoch).await?))
}

fn number(raw: &str) -> Result<u64, Refusal> {
    raw.parse().map_err(|_| Refusal::new(ErrorCode::Malformed, "an epoch is a number"))
}
