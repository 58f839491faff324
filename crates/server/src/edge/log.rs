//! The public log over HTTP: tiles for anyone (C2SP tlog-tiles), the witness for other services (C2SP tlog-witness).

use super::{
    Edge, Refusal, body,
    identity::{Anyone, Peer},
    segment::Segment,
};
use crate::log::LogError;
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use std::sync::Arc;
use trefoil_proto::ErrorCode;
use trefoil_transparency::log::{Submission, TilePath};

type Served = State<Arc<Edge>>;

const TEXT: &str = "text/plain; charset=utf-8";

/// `GET /log/checkpoint`.
pub(super) async fn checkpoint(State(edge): Served, Anyone(_): Anyone) -> Result<Response, Refusal> {
    let note = edge.house.log.checkpoint().await?;
    Ok(public(note, TEXT, "no-cache"))
}

/// `GET /log/tile/{*path}`: what is at such a path once never changes.
pub(super) async fn tile(
    State(edge): Served,
    Anyone(_): Anyone,
    Segment(path): Segment,
) -> Result<Response, Refusal> {
    let path: TilePath = format!("tile/{path}")
        .parse()
        .map_err(|_| Refusal::new(ErrorCode::Malformed, "this is not the path of a tile"))?;
    let tile = edge.house.log.tile(&path).await?;
    Ok(public(tile, "application/octet-stream", "public, max-age=31536000, immutable"))
}

/// `POST /log/witness/add-checkpoint`. C2SP names no type for the body, so none is asked for.
pub(super) async fn add_checkpoint(
    State(edge): Served,
    Peer(peer): Peer,
    request: Request,
) -> Result<Response, Refusal> {
    let body::Raw { bytes, _held } = body::read(&edge, request, Submission::LIMIT).await?;
    let submission =
        Submission::decode(&bytes).map_err(|error| Refusal::new(ErrorCode::Malformed, &error.to_string()))?;
    match edge.house.log.cosign(&peer, &submission).await {
        Ok(line) => Ok(public(line.into(), TEXT, "no-store")),
        Err(LogError::OtherSize(size)) => {
            let mut response = (StatusCode::CONFLICT, format!("{size}\n")).into_response();
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/x.tlog.size"));
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

fn public(body: Bytes, media_type: &'static str, caching: &'static str) -> Response {
    let mut response = (StatusCode::OK, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}
