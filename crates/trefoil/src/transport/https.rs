//! Requests over HTTPS: one at a time, answers of bounded size, no redirects.

use super::{CONNECT_LIMIT, REQUEST_LIMIT, Service, TransportError};
use bytes::Bytes;
use http::Method;
use rustls::ClientConfig;

/// What the service answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The header `Upload-Offset`, where there is one: bytes that an upload has so far.
    pub offset: Option<u64>,
    /// The body.
    pub body: Bytes,
}

pub(super) fn client(tls: ClientConfig) -> Result<reqwest::Client, TransportError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_LIMIT)
        .timeout(REQUEST_LIMIT)
        .build()
        .map_err(|error| TransportError::SetUp(error.into()))
}

impl Service {
    /// Sends one request and reads the whole answer, of at most `limit` bytes. `path` begins with `/`.
    ///
    /// # Errors
    /// [`TransportError::Connect`] if nothing was sent; [`TransportError::Broken`] if that is unknown;
    /// [`TransportError::TooLarge`].
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        headers: &[(&'static str, String)],
        body: Bytes,
        limit: usize,
    ) -> Result<Answer, TransportError> {
        let url = format!("{}{path}", self.address());
        let mut request = self.http.request(method, url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        if !body.is_empty() {
            request = request.body(body);
        }
        let response = request.send().await.map_err(|error| self.failed(error))?;
        let status = response.status().as_u16();
        let offset =
            response.headers().get("upload-offset").and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(Answer { status, offset, body: read_limited(response, limit).await? })
    }

    fn failed(&self, error: reqwest::Error) -> TransportError {
        // The URL stands in the error's text, and path segments name rooms.
        let error = error.without_url();
        if error.is_connect() { self.unreachable(error.into()) } else { TransportError::Broken(error.into()) }
    }
}

async fn read_limited(mut response: reqwest::Response, limit: usize) -> Result<Bytes, TransportError> {
    if response.content_length().is_some_and(|length| length > limit as u64) {
        return Err(TransportError::TooLarge(limit));
    }
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(body.into()),
            Ok(Some(chunk)) if body.len() + chunk.len() > limit => {
                return Err(TransportError::TooLarge(limit));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) => return Err(TransportError::Broken(error.without_url().into())),
        }
    }
}
