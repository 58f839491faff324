//! A rendezvous over HTTP: within the rate of the address, since nobody says who they are.

use super::{
    Edge, Refusal,
    body::{Body, Reply},
    identity::Anyone,
    segment::Segment,
};
use crate::rendezvous::Put;
use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use std::{sync::Arc, time::Duration};
use trefoil_proto::{
    ErrorCode,
    rendezvous::{Half, SealedHalf, SlotId},
};

type Served = State<Arc<Edge>>;

/// How long an answer is waited for, at the most.
const PATIENCE: Duration = Duration::from_secs(25);

/// `PUT rendezvous/{slot}/{half}`.
pub(super) async fn put(
    State(edge): Served,
    Anyone(address): Anyone,
    Segment((slot, half)): Segment<(String, String)>,
    request: Body<SealedHalf>,
) -> Result<StatusCode, Refusal> {
    let (slot, half): (SlotId, Half) = (slot.parse()?, half.parse()?);
    if half == Half::Request {
        edge.rates.rendezvous(address, edge.now())?;
    }
    let put = edge.house.rendezvous.put(slot, half, request.value.sealed.into(), edge.now())?;
    Ok(match put {
        Put::New => StatusCode::CREATED,
        Put::Repeated => StatusCode::OK,
    })
}

/// `GET rendezvous/{slot}/{half}`. Waits for an answer that is not there yet, well within the time of a request.
pub(super) async fn get(
    State(edge): Served,
    _: Anyone,
    Segment((slot, half)): Segment<(String, String)>,
) -> Result<Response, Refusal> {
    let (slot, half): (SlotId, Half) = (slot.parse()?, half.parse()?);
    let patience = PATIENCE.min(edge.about.limits.request_timeout / 2);
    let mut draining = edge.draining.clone();
    let found = tokio::select! {
        biased;
        found = edge.house.rendezvous.get(slot, half, patience, edge.now()) => found?,
        () = super::stopping(&mut draining) => {
            return Err(Refusal::new(ErrorCode::Draining, "the service is shutting down"));
        }
    };
    Ok(match found {
        Some(sealed) => Reply(StatusCode::OK, SealedHalf { sealed: sealed.into() }).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}
