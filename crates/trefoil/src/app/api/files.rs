//! Files: handed over in pieces, and fetched.

use super::{
    super::{
        App,
        error::{Answer, Problem, ProblemCode},
        files::{NewFile, Progress},
        keeper::Keeper,
        pictures::{self, Drawn},
        shape::{FileKind, file_kind},
    },
    Body, message_id, room_uri,
};
use crate::transfer;
use axum::{
    Json,
    body::Body as HttpBody,
    extract::{Path, Query, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use std::sync::Arc;
use tokio::{fs::File, io::AsyncReadExt as _};
use trefoil_client::{
    attachment::Descriptor,
    conversation::{self, Attached},
};
use utoipa::IntoParams;

/// Bytes of a file that are read at once.
const BLOCK: usize = 64 * 1024;
/// What is shown of a file must not do anything, should a browser open it by itself.
const SANDBOX: &str = "default-src 'none'; sandbox";

/// Where a piece begins.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct At {
    /// Bytes from the file's beginning.
    offset: u64,
}

/// How wide a picture is wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Width {
    /// Pixels.
    width: u32,
}

/// Begins to hand a file over.
#[utoipa::path(post, path = "/accounts/{account}/files", params(("account" = String, Path,)), request_body = NewFile, responses((status = 200, body = Progress), (status = 422, body = Problem)))]
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<NewFile>,
) -> Answer<Json<Progress>> {
    app.accounts.get(&account)?;
    app.files.begin(&account, &ask).map(Json)
}

/// Files that are being handed over.
#[utoipa::path(get, path = "/accounts/{account}/files", params(("account" = String, Path,)), responses((status = 200, body = Vec<Progress>)))]
pub(super) async fn all(State(app): State<Arc<App>>, Path(account): Path<String>) -> Json<Vec<Progress>> {
    Json(app.files.all(&account))
}

/// Hands a piece over, at most 4 MiB.
#[utoipa::path(put, path = "/accounts/{account}/files/{upload}", params(("account" = String, Path,), ("upload" = String, Path,), At), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 200, body = Progress), (status = 409, body = Problem)))]
pub(super) async fn append(
    State(app): State<Arc<App>>,
    Path((account, upload)): Path<(String, String)>,
    Query(at): Query<At>,
    bytes: Bytes,
) -> Answer<Json<Progress>> {
    blocking(move || app.files.append(&account, &upload, at.offset, &bytes)).await.map(Json)
}

/// How far a file is.
#[utoipa::path(get, path = "/accounts/{account}/files/{upload}", params(("account" = String, Path,), ("upload" = String, Path,)), responses((status = 200, body = Progress), (status = 404, body = Problem)))]
pub(super) async fn progress(
    State(app): State<Arc<App>>,
    Path((account, upload)): Path<(String, String)>,
) -> Answer<Json<Progress>> {
    app.files.progress(&account, &upload).map(Json)
}

/// Gives a file up.
#[utoipa::path(delete, path = "/accounts/{account}/files/{upload}", params(("account" = String, Path,), ("upload" = String, Path,)), responses((status = 204), (status = 404, body = Problem)))]
pub(super) async fn forget(
    State(app): State<Arc<App>>,
    Path((account, upload)): Path<(String, String)>,
) -> Answer<StatusCode> {
    app.files.progress(&account, &upload)?;
    app.files.forget(&upload);
    Ok(StatusCode::NO_CONTENT)
}

/// A file of a message. Sound and films of known types are named as such; everything else can only be saved.
#[utoipa::path(get, path = "/accounts/{account}/rooms/{room}/messages/{message}/files/{index}", params(("account" = String, Path,), ("room" = String, Path,), ("message" = String, Path,), ("index" = usize, Path,)), responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 404, body = Problem)))]
pub(super) async fn fetch(
    State(app): State<Arc<App>>,
    Path((account, room, message, index)): Path<(String, String, String, usize)>,
) -> Answer<Response> {
    let keeper = app.accounts.get(&account)?;
    let file = described(&app, &keeper, &room, &message, index).await?;
    let (opened, size) = download(&app, &keeper, &file).await?;
    let media_type = match file_kind(&file.label.content_type) {
        FileKind::Audio | FileKind::Video => HeaderValue::from_str(&file.label.content_type).ok(),
        FileKind::Picture | FileKind::File => None,
    };
    let headers = [
        (header::CONTENT_TYPE, media_type.unwrap_or(HeaderValue::from_static("application/octet-stream"))),
        (header::CONTENT_LENGTH, HeaderValue::from(size)),
        (header::CONTENT_DISPOSITION, disposition(&file.label.filename)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX)),
    ];
    Ok((headers, HttpBody::from_stream(blocks(opened))).into_response())
}

/// A picture of a message, decoded within limits and drawn anew.
#[utoipa::path(get, path = "/accounts/{account}/rooms/{room}/messages/{message}/files/{index}/picture", params(("account" = String, Path,), ("room" = String, Path,), ("message" = String, Path,), ("index" = usize, Path,), Width), responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), (status = 422, body = Problem)))]
pub(super) async fn picture(
    State(app): State<Arc<App>>,
    Path((account, room, message, index)): Path<(String, String, String, usize)>,
    Query(wanted): Query<Width>,
) -> Answer<Response> {
    let keeper = app.accounts.get(&account)?;
    let file = described(&app, &keeper, &room, &message, index).await?;
    if let Some(drawn) = app.pictures.kept(&file.plaintext_hash, wanted.width) {
        return Ok(shown(&drawn));
    }
    if file.layout.size() > pictures::LARGEST_FILE {
        return Err(Problem::because(
            ProblemCode::PictureTooLarge,
            "this picture is too large to be shown here: save it instead",
        ));
    }
    let (mut opened, size) = download(&app, &keeper, &file).await?;
    let mut original = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    opened.read_to_end(&mut original).await.map_err(|error| Problem::internal(error.to_string()))?;
    let drawn = blocking(move || app.pictures.draw(&file.plaintext_hash, &original, wanted.width)).await?;
    Ok(shown(&drawn))
}

pub(super) fn shown(drawn: &Drawn) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(drawn.media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX)),
        (HeaderName::from_static("content-disposition"), HeaderValue::from_static("inline")),
    ];
    (headers, drawn.bytes.clone()).into_response()
}

/// What describes a file of a message.
async fn described(
    app: &App,
    keeper: &Keeper,
    room: &str,
    message: &str,
    index: usize,
) -> Answer<Descriptor> {
    let (room, id) = (room_uri(room)?, message_id(message)?);
    if let Some(Attached::Usable(file)) = app.files.opened(&keeper.id, id, index) {
        return Ok(file);
    }
    keeper
        .with(move |kept| {
            let found = conversation::message(&kept.store(), &room, id)?;
            let body = found.and_then(|message| message.body).unwrap_or_default();
            match body.attachments.into_iter().nth(index) {
                Some(Attached::Usable(file)) => Ok(file),
                Some(Attached::Unusable { reason, .. }) => {
                    Err(Problem::because(ProblemCode::AttachmentUnusable, reason))
                }
                None => Err(Problem::not_found("that file is not on this device")),
            }
        })
        .await
}

/// Fetches a file into a place without a name, and gives its size.
async fn download(app: &App, keeper: &Keeper, file: &Descriptor) -> Answer<(File, u64)> {
    let place = app.files.place(&file.sealed_hash);
    transfer::download(&keeper.way, file, &place, |_, _| {}).await?;
    let failed = |error: std::io::Error| Problem::internal(error.to_string());
    let opened = File::open(&place).await.map_err(failed)?;
    // It goes when it was read: what lies on the disk in clear lies there as short as can be.
    tokio::fs::remove_file(&place).await.map_err(failed)?;
    Ok((opened, file.layout.size()))
}

fn blocks(file: File) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> {
    stream::try_unfold(file, |mut file| async move {
        let mut block = vec![0; BLOCK];
        let read = file.read(&mut block).await?;
        block.truncate(read);
        Ok((read > 0).then(|| (Bytes::from(block), file)))
    })
}

/// A name for saving, as RFC 6266 and RFC 8187 write it.
fn disposition(name: &str) -> HeaderValue {
    let mut encoded = String::new();
    for byte in name.bytes().take(200) {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    let text = format!("attachment; filename*=UTF-8''{encoded}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("attachment"))
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Answer<T> + Send + 'static,
) -> Answer<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Problem::internal("this program failed on it"))?
}
