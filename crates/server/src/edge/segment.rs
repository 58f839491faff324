//! The parameters of a path: segments, percent-decoded.

use super::{Edge, Refusal};
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use trefoil_proto::ErrorCode;

/// What stands in the path where the endpoint has its braces: a text, or as many as there are braces. Not checked any
/// further.
pub(super) struct Segment<T = String>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Edge>> for Segment<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, edge: &Arc<Edge>) -> Result<Self, Refusal> {
        // The router's own refusal has no code that a caller could go by.
        let refused = |_| Refusal::new(ErrorCode::Malformed, "a part of the path is not text");
        let Path(segment) = Path::from_request_parts(parts, edge).await.map_err(refused)?;
        Ok(Self(segment))
    }
}
