//! The PIN vault over HTTP: records for whoever knows their names, notes for the service's own people. What concerns a
//! record comes without a token, so that it cannot be tied to an account.

use super::{
    Edge, Refusal,
    body::{Body, Reply},
    identity::{Anyone, Caller},
};
use crate::pin::Accepted;
use axum::extract::State;
use http::StatusCode;
use std::sync::Arc;
use trefoil_proto::pin::{
    FindRequest, Note, PrepareRequest, Prepared, PutNoteRequest, RemoveRequest, StoreRequest, TryRequest,
    TryResponse, UnlockRequest,
};

type Served = State<Arc<Edge>>;

/// `POST pin/prepare`.
pub(super) async fn prepare(
    State(edge): Served,
    Anyone(address): Anyone,
    request: Body<PrepareRequest>,
) -> Result<Reply<Prepared>, Refusal> {
    edge.rates.pin_record(address, edge.now())?;
    Ok(Reply(StatusCode::OK, edge.house.pins.prepare(&request.value, edge.now())?))
}

/// `POST pin/records`.
pub(super) async fn store(
    State(edge): Served,
    Anyone(address): Anyone,
    request: Body<StoreRequest>,
) -> Result<StatusCode, Refusal> {
    edge.rates.pin_record(address, edge.now())?;
    Ok(match edge.house.pins.store(&request.value, edge.now()).await? {
        Accepted::New => StatusCode::CREATED,
        Accepted::Repeated => StatusCode::OK,
    })
}

/// `POST pin/tries`.
pub(super) async fn attempt(
    State(edge): Served,
    Anyone(address): Anyone,
    request: Body<TryRequest>,
) -> Result<Reply<TryResponse>, Refusal> {
    edge.rates.pin_try(address, edge.now())?;
    Ok(Reply(StatusCode::OK, edge.house.pins.attempt(&request.value).await?))
}

/// `POST pin/unlock`.
pub(super) async fn unlock(
    State(edge): Served,
    Anyone(address): Anyone,
    request: Body<UnlockRequest>,
) -> Result<StatusCode, Refusal> {
    edge.rates.pin_try(address, edge.now())?;
    edge.house.pins.unlock(&request.value).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST pin/remove`.
pub(super) async fn remove(
    State(edge): Served,
    Anyone(address): Anyone,
    request: Body<RemoveRequest>,
) -> Result<StatusCode, Refusal> {
    edge.rates.pin_record(address, edge.now())?;
    edge.house.pins.remove(&request.value).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST pin/find`.
pub(super) async fn find(
    State(edge): Served,
    Anyone(address): Anyone,
    request: Body<FindRequest>,
) -> Result<Reply<Note>, Refusal> {
    edge.rates.pin_try(address, edge.now())?;
    let locator = edge.house.accounts.locate(&request.value.identifier, edge.now()).await?;
    Ok(Reply(StatusCode::OK, edge.house.pins.find(&locator).await?))
}

/// `GET pin/note`.
pub(super) async fn note(State(edge): Served, Caller(caller): Caller) -> Result<Reply<Note>, Refusal> {
    Ok(Reply(StatusCode::OK, edge.house.pins.note(&caller.user).await?))
}

/// `PUT pin/note`.
pub(super) async fn put_note(
    State(edge): Served,
    Caller(caller): Caller,
    request: Body<PutNoteRequest>,
) -> Result<StatusCode, Refusal> {
    let PutNoteRequest { account_name, note } = &request.value;
    let locator = edge.house.accounts.locator(&caller.user, account_name).await?;
    edge.house.pins.put_note(&caller.user, locator, note).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE pin/note`.
pub(super) async fn remove_note(State(edge): Served, Caller(caller): Caller) -> Result<StatusCode, Refusal> {
    edge.house.pins.remove_note(&caller.user).await?;
    Ok(StatusCode::NO_CONTENT)
}
