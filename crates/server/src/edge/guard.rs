//! What stands before every handler: a time limit, a floor under panics, a line in the log that names nobody.

use super::{Edge, Refusal, leases::Slot};
use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use std::{sync::Arc, time::Instant};
use trefoil_proto::ErrorCode;

/// The outermost layer. A panic ends its own request only; an answer that takes too long is given up.
pub(super) async fn guard(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let method = request.method().clone();
    let begun = Instant::now();
    // On a task of its own: a device that hangs up must not stop what it began between commit and wake-up.
    let slot = Slot::default();
    request.extensions_mut().insert(slot.clone());
    let mut answer = tokio::spawn(async move {
        let response = next.run(request).await;
        slot.leave();
        response
    });
    let response = match tokio::time::timeout(edge.about.limits.request_timeout, &mut answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => {
            tracing::error!(path, "a handler panicked");
            Refusal::new(ErrorCode::Internal, "the service failed").into_response()
        }
        Err(_) => {
            answer.abort();
            Refusal::new(ErrorCode::Internal, "the request took too long")
                .with_status(StatusCode::REQUEST_TIMEOUT)
                .into_response()
        }
    };
    let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    tracing::debug!(%method, path, status = response.status().as_u16(), micros, "request");
    response
}

/// There is nothing at this path.
pub(super) async fn no_such_path() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "there is nothing at this path")
}

/// There is something at this path, but it is asked for by another method.
pub(super) async fn wrong_method() -> Refusal {
    Refusal::new(ErrorCode::Unsupported, "this path takes another method")
        .with_status(StatusCode::METHOD_NOT_ALLOWED)
}

/// A part of MIMI that this version does not offer.
pub(super) async fn unsupported() -> Refusal {
    Refusal::new(ErrorCode::Unsupported, "this version does not offer this")
}
