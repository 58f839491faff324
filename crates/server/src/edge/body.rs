//! Bodies in and out: read up to the limit of their type, decoded exactly, encoded with their media type.

use super::Refusal;
use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use trefoil_proto::{ErrorCode, Wire, paths};

/// A decoded body together with the bytes it was decoded from, for those who hand it on.
pub(super) struct Body<T> {
    /// What it says.
    pub value: T,
    /// As it came.
    pub bytes: Bytes,
}

impl<S: Send + Sync, T: Wire> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        let bytes = read(request, T::LIMIT).await?;
        Ok(Self { value: T::decode(&bytes)?, bytes })
    }
}

/// Reads a whole body, and refuses it before it is read if it says that it is too large.
pub(super) async fn read(request: Request, limit: usize) -> Result<Bytes, Refusal> {
    let too_large = || Refusal::new(ErrorCode::TooLarge, &format!("the body is larger than {limit} bytes"));
    if axum::body::HttpBody::size_hint(request.body()).lower() > limit as u64 {
        return Err(too_large());
    }
    match Limited::new(request.into_body(), limit).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(Refusal::new(ErrorCode::Malformed, "the body broke off")),
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
