//! Codes that a camera sees. The picture is looked at here and kept nowhere.

use super::super::{
    App,
    error::{Answer, Problem},
    scan,
};
use axum::{Json, body::Bytes, extract::State};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What was read from a picture.
#[derive(Serialize, ToSchema)]
pub(super) struct CodesSeen {
    /// The texts of its QR codes; none if there are none that can be read.
    codes: Vec<String>,
}

/// Reads the QR codes in a picture, JPEG, PNG, GIF or WebP of at most 4 MiB.
#[utoipa::path(post, path = "/scan", request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 200, body = CodesSeen), (status = 422, body = Problem)))]
pub(super) async fn scan(State(app): State<Arc<App>>, picture: Bytes) -> Answer<Json<CodesSeen>> {
    app.pictures.in_turn(move || scan::codes(&picture)).await.map(|codes| Json(CodesSeen { codes }))
}
