//! Backups over HTTP: written by a device of their person, read by whoever has the token.

use super::{
    Edge, Refusal,
    body::{Body, Reply},
    identity::{Anyone, Caller},
};
use crate::backup::Put;
use axum::extract::State;
use http::StatusCode;
use std::sync::Arc;
use trefoil_proto::backup::{DeleteBackup, OpenBackup, PutManifest, PutSegment, ReadBackup, SealedPart};

type Served = State<Arc<Edge>>;

/// `POST backups`.
pub(super) async fn open(
    State(edge): Served,
    Caller(caller): Caller,
    request: Body<OpenBackup>,
) -> Result<StatusCode, Refusal> {
    Ok(status(edge.house.backups.open(&caller.user, &request.value, edge.now()).await?))
}

/// `POST backups/segment`.
pub(super) async fn put(
    State(edge): Served,
    Caller(caller): Caller,
    request: Body<PutSegment>,
) -> Result<StatusCode, Refusal> {
    Ok(status(edge.house.backups.put(&caller.user, &request.value, edge.now()).await?))
}

/// `POST backups/manifest`.
pub(super) async fn replace(
    State(edge): Served,
    Caller(caller): Caller,
    request: Body<PutManifest>,
) -> Result<StatusCode, Refusal> {
    edge.house.backups.replace(&caller.user, &request.value, edge.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST backups/read`: within the rate of the address, since nobody says who they are.
pub(super) async fn read(
    State(edge): Served,
    _: Anyone,
    request: Body<ReadBackup>,
) -> Result<Reply<SealedPart>, Refusal> {
    Ok(Reply(StatusCode::OK, edge.house.backups.read(&request.value, edge.now()).await?))
}

/// `POST backups/delete`.
pub(super) async fn delete(
    State(edge): Served,
    Caller(caller): Caller,
    request: Body<DeleteBackup>,
) -> Result<StatusCode, Refusal> {
    edge.house.backups.delete(&caller.user, &request.value, edge.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn status(put: Put) -> StatusCode {
    match put {
        Put::New => StatusCode::CREATED,
        Put::Repeated => StatusCode::OK,
    }
}
