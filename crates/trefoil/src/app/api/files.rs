//! Files: handed over in pieces, and fetched.

use super::{
    super::{
        App,
        error::{Answer, Problem, ProblemCode},
        fetched::Whole,
        file_name::disposition,
        files::{NewFile, Progress, parse},
        hub::Happening,
        keeper::Keeper,
        pictures::{self, Drawn},
        shape::{FileKind, file_kind},
    },
    Body, Params, message_id,
    range::{self, Wanted},
    room_uri,
};
use axum::{
    Json,
    body::Body as HttpBody,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use serde::Deserialize;
use std::sync::Arc;
use trefoil_client::{
    attachment::Descriptor,
    conversation::{self, Attached},
};
use utoipa::IntoParams;

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
    let way = app.accounts.get(&account)?.way;
    blocking(move || app.files.begin(&way, &ask)).await.map(Json)
}

/// Files that are being handed over.
#[utoipa::path(get, path = "/accounts/{account}/files", params(("account" = String, Path,)), responses((status = 200, body = Vec<Progress>)))]
pub(super) async fn all(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
) -> Answer<Json<Vec<Progress>>> {
    let way = app.accounts.get(&account)?.way;
    blocking(move || app.files.all(&way)).await.map(Json)
}

/// Hands a piece over, at most 4 MiB.
#[utoipa::path(put, path = "/accounts/{account}/files/{upload}", params(("account" = String, Path,), ("upload" = String, Path,), At), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 200, body = Progress), (status = 409, body = Problem)))]
pub(super) async fn append(
    State(app): State<Arc<App>>,
    Path((account, upload)): Path<(String, String)>,
    Params(at): Params<At>,
    bytes: Bytes,
) -> Answer<Json<Progress>> {
    let way = app.accounts.get(&account)?.way;
    blocking(move || app.files.append(&way, &upload, at.offset, &bytes)).await.map(Json)
}

/// How far a file is.
#[utoipa::path(get, path = "/accounts/{account}/files/{upload}", params(("account" = String, Path,), ("upload" = String, Path,)), responses((status = 200, body = Progress), (status = 404, body = Problem)))]
pub(super) async fn progress(
    State(app): State<Arc<App>>,
    Path((account, upload)): Path<(String, String)>,
) -> Answer<Json<Progress>> {
    let way = app.accounts.get(&account)?.way;
    blocking(move || app.files.progress(&way, parse(&upload)?)).await.map(Json)
}

/// Gives a file up, unless a message waits for it.
#[utoipa::path(delete, path = "/accounts/{account}/files/{upload}", params(("account" = String, Path,), ("upload" = String, Path,)), responses((status = 204), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn forget(
    State(app): State<Arc<App>>,
    Path((account, upload)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let way = app.accounts.get(&account)?.way;
    blocking(move || app.files.forget(&way, &upload)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A file of a message, or one range of its bytes. Sound and films of known types are named as such; everything else can only
/// be saved.
#[utoipa::path(get, path = "/accounts/{account}/rooms/{room}/messages/{message}/files/{index}", params(("account" = String, Path,), ("room" = String, Path,), ("message" = String, Path,), ("index" = usize, Path,)), responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 206, body = Vec<u8>, content_type = "application/octet-stream"), (status = 404, body = Problem), (status = 416)))]
pub(super) async fn fetch(
    State(app): State<Arc<App>>,
    Path((account, room, message, index)): Path<(String, String, String, usize)>,
    headers: HeaderMap,
) -> Answer<Response> {
    let keeper = app.accounts.get(&account)?;
    let file = described(&app, &keeper, &room, &message, index).await?;
    let whole = fetched(&app, &keeper, &file, &message, index).await?;
    let media_type = match file_kind(&file.label.content_type) {
        FileKind::Audio | FileKind::Video => HeaderValue::from_str(&file.label.content_type).ok(),
        FileKind::Picture | FileKind::File => None,
    };
    let tag = format!("\"{}\"", data_encoding::HEXLOWER.encode(&file.plaintext_hash));
    let wanted = range::wanted(&headers, whole.size(), &tag);
    let (status, part) = match &wanted {
        Wanted::Whole => (StatusCode::OK, 0..whole.size()),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part.clone()),
        Wanted::Unsatisfiable => {
            let size = [(header::CONTENT_RANGE, format!("bytes */{}", whole.size()))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, size).into_response());
        }
    };
    let fixed = [
        (header::CONTENT_TYPE, media_type.unwrap_or(HeaderValue::from_static("application/octet-stream"))),
        (header::CONTENT_LENGTH, HeaderValue::from(part.end - part.start)),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (header::CONTENT_DISPOSITION, disposition(&file.label.filename)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX)),
    ];
    let which = (status == StatusCode::PARTIAL_CONTENT).then(|| {
        let which = format!("bytes {}-{}/{}", part.start, part.end.saturating_sub(1), whole.size());
        [(header::CONTENT_RANGE, which)]
    });
    let answer = (status, fixed, [(header::ETAG, tag)], HttpBody::from_stream(whole.part(part)));
    Ok(match which {
        Some(which) => (which, answer).into_response(),
        None => answer.into_response(),
    })
}

/// A picture of a message, decoded within limits and drawn anew.
#[utoipa::path(get, path = "/accounts/{account}/rooms/{room}/messages/{message}/files/{index}/picture", params(("account" = String, Path,), ("room" = String, Path,), ("message" = String, Path,), ("index" = usize, Path,), Width), responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), (status = 422, body = Problem)))]
pub(super) async fn picture(
    State(app): State<Arc<App>>,
    Path((account, room, message, index)): Path<(String, String, String, usize)>,
    Params(wanted): Params<Width>,
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
    let whole = fetched(&app, &keeper, &file, &message, index).await?;
    let drawing = Arc::clone(&app);
    let drawn = app
        .pictures
        .in_turn(move || drawing.pictures.draw(&file.plaintext_hash, &whole.bytes()?, wanted.width));
    let drawn = drawn.await?;
    Ok(shown(&drawn))
}

pub(super) fn shown(drawn: &Drawn) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(drawn.media_type)),
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

/// A file of a message, which tells the windows how far it is while it comes from the service.
async fn fetched(
    app: &App,
    keeper: &Keeper,
    file: &Descriptor,
    message: &str,
    index: usize,
) -> Answer<Whole> {
    let mut coming = Coming { app, account: &keeper.id, file: format!("{message}/{index}"), told: false };
    app.fetched.get(keeper, file, |there, of| coming.tell(there, of)).await
}

/// A file that comes from the service. The windows hear how far it is, and that it has ended, however that is.
struct Coming<'a> {
    app: &'a App,
    account: &'a str,
    file: String,
    told: bool,
}

impl Coming<'_> {
    fn tell(&mut self, there: u64, of: u64) {
        self.told = true;
        let (account, upload) = (self.account.to_owned(), self.file.clone());
        self.app.accounts.hub().tell(&Happening::Transfer { account, upload, there, of });
    }
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        if self.told {
            self.tell(0, 0);
        }
    }
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Answer<T> + Send + 'static,
) -> Answer<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Problem::internal("this program failed on it"))?
}
