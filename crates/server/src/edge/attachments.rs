//! Attachments over HTTP: uploads that can be resumed, downloads in ranges, and downloads from other services for the
//! service's own devices.

use super::{
    Edge, Refusal,
    body::{self, Body, Reply},
    identity::Caller,
    segment::Segment,
};
use crate::media::{MediaUrl, Part, Progress, byte_range};
use axum::{
    extract::{Query, Request, State},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use std::sync::Arc;
use trefoil_proto::{
    ErrorCode,
    edge::{OpenUpload, UploadTicket},
    limits,
};

/// Bytes that are read from the blob store at a time.
const PIECE: usize = 256 * 1024;
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");

type Served = State<Arc<Edge>>;

/// `?offset=N`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Offset {
    offset: u64,
}

/// `POST media`.
pub(super) async fn open(
    State(edge): Served,
    Caller(caller): Caller,
    request: Body<OpenUpload>,
) -> Result<Reply<UploadTicket>, Refusal> {
    let id = edge.house.media.open(&caller.user, &request.value, edge.now()).await?;
    let url = MediaUrl::own(&edge.about.origin, &id).into_bytes();
    Ok(Reply(StatusCode::CREATED, UploadTicket { id: id.into_bytes(), url }))
}

/// `PUT media/{id}?offset=N`.
pub(super) async fn append(
    State(edge): Served,
    Caller(_): Caller,
    Segment(id): Segment,
    offset: Result<Query<Offset>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let Query(Offset { offset }) =
        offset.map_err(|_| Refusal::new(ErrorCode::Malformed, "the query is offset=<number>"))?;
    body::check_type(request.headers(), "application/octet-stream")?;
    let body::Raw { bytes, _held } = body::read(&edge, request, limits::MEDIA_PIECE).await?;
    let progress = edge.house.media.append(&id, offset, bytes, edge.now()).await?;
    Ok((StatusCode::NO_CONTENT, progress_headers(progress)).into_response())
}

/// `HEAD media/{id}`.
pub(super) async fn progress(
    State(edge): Served,
    Caller(_): Caller,
    Segment(id): Segment,
) -> Result<Response, Refusal> {
    let progress = edge.house.media.progress(&id, edge.now()).await?;
    Ok((StatusCode::OK, progress_headers(progress)).into_response())
}

/// `GET media/{id}`.
pub(super) async fn read(
    State(edge): Served,
    Caller(_): Caller,
    Segment(id): Segment,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    serve(&edge, &id, &headers).await
}

/// `GET proxyDownload/{url}`: own media, or those of another service from that service's own media endpoint. Never
/// any other URL.
pub(super) async fn proxy(
    State(edge): Served,
    Caller(_): Caller,
    Segment(raw): Segment,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let url = MediaUrl::parse(&raw)
        .ok_or_else(|| Refusal::new(ErrorCode::Malformed, "this is not the URL of a service's media"))?;
    if edge.is_own(&url) {
        return serve(&edge, &url.id, &headers).await;
    }
    edge.may_call(&url.host)?;
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let media = edge.house.federation.fetch_media(&url.host, &raw, range).await?;
    let status = if media.status == 206 { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    if media.length.is_some_and(|length| length > limits::MEDIA) {
        return Err(Refusal::new(
            ErrorCode::PeerMisbehaved,
            "the other service sends more than media may have",
        ));
    }
    let limited = stream::unfold((media.body, 0_u64), |(mut body, sent)| async move {
        use futures_util::StreamExt as _;
        let piece = body.next().await?.map_err(std::io::Error::other);
        let sent = sent.saturating_add(piece.as_ref().map_or(0, |piece| piece.len() as u64));
        let piece = if sent > limits::MEDIA {
            Err(std::io::Error::other("the other service sent more than media may have"))
        } else {
            piece
        };
        Some((piece, (body, sent)))
    });
    let mut response = (status, axum::body::Body::from_stream(limited)).into_response();
    describe(response.headers_mut());
    if let Some(length) = media.length {
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    let content_range = media.content_range.and_then(|range| HeaderValue::from_str(&range).ok());
    if let (StatusCode::PARTIAL_CONTENT, Some(range)) = (status, content_range) {
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    Ok(response)
}

/// Own media, or the part of them that the request's range names.
pub(super) async fn serve(edge: &Arc<Edge>, id: &str, headers: &HeaderMap) -> Result<Response, Refusal> {
    let length = edge.house.media.length(id).await?;
    let range = byte_range(headers.get(header::RANGE).map(HeaderValue::as_bytes));
    let Part { start, end, of } = match range.within(length) {
        Ok(part) => part,
        Err(error) => {
            let mut response = Refusal::from(error).into_response();
            insert(response.headers_mut(), header::CONTENT_RANGE, &format!("bytes */{length}"));
            return Ok(response);
        }
    };
    let (edge, id) = (Arc::clone(edge), id.to_owned());
    let pieces = stream::try_unfold((edge, id, start), move |(edge, id, at)| async move {
        if at >= end {
            return Ok::<_, std::io::Error>(None);
        }
        let size = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
        let piece: Bytes = edge.house.media.read(&id, at, size).await.map_err(std::io::Error::other)?;
        if piece.is_empty() {
            return Err(std::io::Error::other("the media ended early"));
        }
        let next = at + piece.len() as u64;
        Ok(Some((piece, (edge, id, next))))
    });
    let status = if end - start == of { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
    let mut response = (status, axum::body::Body::from_stream(pieces)).into_response();
    describe(response.headers_mut());
    response.headers_mut().insert(header::CONTENT_LENGTH, (end - start).into());
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {start}-{}/{of}", end - 1);
        insert(response.headers_mut(), header::CONTENT_RANGE, &range);
    }
    Ok(response)
}

impl Edge {
    /// True for media of this service.
    pub(super) fn is_own(&self, url: &MediaUrl) -> bool {
        url.base == self.about.origin
    }
}

fn progress_headers(progress: Progress) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(UPLOAD_OFFSET, progress.received.into());
    headers.insert(UPLOAD_LENGTH, progress.length.into());
    headers
}

/// What is served is encrypted and never changes: no program should guess at it, shared caches have no use for it.
fn describe(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::ACCEPT_RANGES, "bytes"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "private, immutable, max-age=31536000"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
