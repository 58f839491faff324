//! Bodies in and out: read up to the limit of their type and within what may be in memory, decoded exactly, encoded
//! with their media type.

use super::{Edge, Refusal, budget::Reservation, identity::Connection, leases::Slot, rates::network};
use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt as _;
use std::{sync::Arc, time::Duration};
use trefoil_proto::{ErrorCode, Wire, paths};

/// A body of which nothing more comes for so long is given up.
const STALL: Duration = Duration::from_secs(15);

/// A decoded body together with the bytes it was decoded from, for those who hand it on.
pub(super) struct Body<T> {
    /// What it says.
    pub value: T,
    /// As it came.
    pub bytes: Bytes,
    /// Counts it while it is in memory.
    pub _held: Reservation,
}

/// The bytes of a body that is no structure.
pub(super) struct Raw {
    /// As they came.
    pub bytes: Bytes,
    /// Counts them while they are in memory.
    pub _held: Reservation,
}

impl<T: Wire> FromRequest<Arc<Edge>> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, edge: &Arc<Edge>) -> Result<Self, Refusal> {
        check_type(request.headers(), paths::MEDIA_TYPE)?;
        let Raw { bytes, _held } = read(edge, request, T::LIMIT).await?;
        Ok(Self { value: T::decode(&bytes)?, bytes, _held })
    }
}

/// Reads a whole body, and refuses it before it is read if it says that it is too large. Ends early if the device
/// that sends it is removed.
pub(super) async fn read(edge: &Edge, request: Request, limit: usize) -> Result<Raw, Refusal> {
    let connection = request.extensions().get::<Arc<Connection>>();
    let holder =
        connection.filter(|_| !edge.about.behind_proxy).map(|connection| network(connection.address));
    let slot = request.extensions().get::<Slot>().cloned().unwrap_or_default();
    let reading = collect(request.into_body(), limit, edge.bodies.reservation(holder), STALL);
    tokio::select! {
        biased;
        () = slot.ended() => Err(Refusal::new(ErrorCode::Unauthenticated, "the device was removed")),
        read = reading => read,
    }
}

async fn collect(
    mut body: axum::body::Body,
    limit: usize,
    mut held: Reservation,
    stall: Duration,
) -> Result<Raw, Refusal> {
    let too_large = || Refusal::new(ErrorCode::TooLarge, &format!("the body is larger than {limit} bytes"));
    if axum::body::HttpBody::size_hint(&body).lower() > limit as u64 {
        return Err(too_large());
    }
    let mut whole = BytesMut::new();
    let mut only = Bytes::new();
    loop {
        let frame = match tokio::time::timeout(stall, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(_))) => return Err(Refusal::new(ErrorCode::Malformed, "the body broke off")),
            Ok(None) => break,
            Err(_) => {
                return Err(Refusal::new(ErrorCode::Malformed, "the body stopped coming")
                    .with_status(StatusCode::REQUEST_TIMEOUT));
            }
        };
        let Ok(piece) = frame.into_data() else { continue };
        if whole.len() + only.len() + piece.len() > limit {
            return Err(too_large());
        }
        if !held.grow(piece.len()) {
            return Err(Refusal::busy("too many bodies are in memory at this moment"));
        }
        // A body in one piece, as small ones are, is not copied.
        if whole.is_empty() && only.is_empty() {
            only = piece;
        } else {
            whole.extend_from_slice(&std::mem::take(&mut only));
            whole.extend_from_slice(&piece);
        }
    }
    Ok(Raw { bytes: if whole.is_empty() { only } else { whole.freeze() }, _held: held })
}

/// A body that says it is of another type is not guessed at; one that says nothing is taken for what it must be.
pub(super) fn check_type(headers: &HeaderMap, wanted: &str) -> Result<(), Refusal> {
    let said = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if said.is_none_or(|said| said.eq_ignore_ascii_case(wanted.as_bytes())) {
        Ok(())
    } else {
        Err(Refusal::new(ErrorCode::Malformed, &format!("the body is of another type than {wanted}"))
            .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE))
    }
}
/// An answer with a status and an encoded structure.
pub(super) struct Reply<T>(pub StatusCode, pub T);

impl<T: Wire> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        encoded(self.0, self.1.encode().into())
    }
}

/// An answer whose body is encoded already.
pub(super) fn encoded(status: StatusCode, body: Bytes) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(paths::MEDIA_TYPE));
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{super::budget::Budget, *};
    use axum::body::Body;
    use futures_util::{StreamExt as _, stream};
    use std::{convert::Infallible, net::IpAddr};

    fn pieces(sizes: &[usize]) -> Body {
        let pieces: Vec<_> =
            sizes.iter().map(|size| Ok::<_, Infallible>(Bytes::from(vec![7; *size]))).collect();
        Body::from_stream(stream::iter(pieces))
    }

    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn bodies_in_memory_are_bounded_and_given_back() {
        let budget = Budget::new(1000);
        let address = |last: u8| Some(IpAddr::from([192, 0, 2, last]));
        let read =
            |sizes: &[usize], from: u8| collect(pieces(sizes), 400, budget.reservation(address(from)), LONG);
        let first = read(&[100, 0, 100], 1).await.unwrap();
        assert_eq!(&first.bytes[..], [7; 200]);
        // The address has 250 of the 1000: 50 fit, 51 do not, and what was refused holds nothing.
        let refused = read(&[40, 11], 1).await.map(|_| ()).unwrap_err().into_body();
        assert_eq!((refused.code, refused.retry_after_ms), (ErrorCode::RateLimited, 1000));
        let second = read(&[50], 1).await.unwrap();
        let others = [read(&[250], 2).await.unwrap(), read(&[250], 3).await.unwrap()];
        let third = read(&[200, 50], 4).await.unwrap();
        assert!(read(&[1], 5).await.is_err());
        drop(second);
        assert_eq!(read(&[50], 5).await.unwrap().bytes.len(), 50);
        drop((first, others, third));
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_or_stops_coming_is_refused_and_holds_nothing() {
        let budget = Budget::new(4000);
        let too_large = collect(pieces(&[300, 101]), 400, budget.reservation(None), LONG).await;
        assert_eq!(too_large.map(|_| ()).unwrap_err().into_body().code, ErrorCode::TooLarge);
        let stalls =
            stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"begun"))]).chain(stream::pending());
        let short = Duration::from_millis(10);
        let stalled = collect(Body::from_stream(stalls), 400, budget.reservation(None), short).await;
        let refusal = stalled.map(|_| ()).unwrap_err();
        assert_eq!(refusal.into_response().status(), StatusCode::REQUEST_TIMEOUT);
        assert!(budget.reservation(None).grow(4000));
    }
}
