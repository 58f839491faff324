//! The parameter of a path: one segment, percent-decoded.

use super::{Edge, Refusal};
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use std::sync::Arc;
use trefoil_proto::ErrorCode;

/// What stands in the path where the endpoint has its braces. Not checked any further.
pub(super) struct Segment(pub String);

impl FromRequestParts<Arc<Edge>> for Segment {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, edge: &Arc<Edge>) -> Result<Self, Refusal> {
        // The router's own refusal has no code that a caller could go by.
        let refused = |_| Refusal::new(ErrorCode::Malformed, "a part of the path is not text");
        let Path(segment) = Path::from_request_parts(parts, edge).await.map_err(refused)?;
        Ok(Self(segment))
    }
}
