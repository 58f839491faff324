//! Pictures of people and of rooms: set, and shown as this program draws them anew.

use super::{
    super::{
        App,
        error::{Answer, Problem},
        pictures,
        shape::Account,
    },
    files::shown,
    room_uri, user_uri,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use trefoil_client::{
    conversation::{self, ConversationError},
    overlay::Overlay,
};
use trefoil_proto::{RoomUri, content::picture::Picture};

/// How wide they are drawn, in pixels.
const WIDTH: u32 = 320;

/// Chooses the picture that others see, from a picture of any usual kind: the body is the file, at most 8 MiB.
#[utoipa::path(post, path = "/accounts/{account}/picture", params(("account" = String, Path,)), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 200, body = Account), (status = 422, body = Problem)))]
pub(super) async fn set_own(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    original: Bytes,
) -> Answer<Json<Account>> {
    let picture = app.pictures.in_turn(move || pictures::small(&original)).await?;
    put_own(&app, &account, Some(picture)).await
}

/// Takes the picture that others see away.
#[utoipa::path(delete, path = "/accounts/{account}/picture", params(("account" = String, Path,)), responses((status = 200, body = Account)))]
pub(super) async fn forget_own(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
) -> Answer<Json<Account>> {
    put_own(&app, &account, None).await
}

/// The picture that others see of this person, drawn anew.
#[utoipa::path(get, path = "/accounts/{account}/picture", params(("account" = String, Path,)), responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), (status = 404, body = Problem)))]
pub(super) async fn own(State(app): State<Arc<App>>, Path(account): Path<String>) -> Answer<Response> {
    let picture = app.accounts.get(&account)?.with(|kept| Ok(kept.agent.client.picture()?)).await?;
    drawn(app, picture).await
}

/// Gives the room a picture, from a picture of any usual kind: the body is the file, at most 8 MiB.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/picture", params(("account" = String, Path,), ("room" = String, Path,)), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 204), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn set_room(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    original: Bytes,
) -> Answer<StatusCode> {
    let picture = app.pictures.in_turn(move || pictures::small(&original)).await?;
    put_room(&app, &account, &room, Some(picture)).await
}

/// Takes the room's picture away.
#[utoipa::path(delete, path = "/accounts/{account}/rooms/{room}/picture", params(("account" = String, Path,), ("room" = String, Path,)), responses((status = 204), (status = 403, body = Problem)))]
pub(super) async fn forget_room(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
) -> Answer<StatusCode> {
    put_room(&app, &account, &room, None).await
}

/// The room's picture, drawn anew. None while the room is not taken up.
#[utoipa::path(get, path = "/accounts/{account}/rooms/{room}/picture", params(("account" = String, Path,), ("room" = String, Path,)), responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), (status = 404, body = Problem)))]
pub(super) async fn of_room(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
) -> Answer<Response> {
    let room = room_uri(&room)?;
    in_room(app, &account, room, conversation::room_picture).await
}

/// The picture that somebody has in a room, drawn anew. None while the room is not taken up.
#[utoipa::path(get, path = "/accounts/{account}/rooms/{room}/people/{user}/picture", params(("account" = String, Path,), ("room" = String, Path,), ("user" = String, Path,)), responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), (status = 404, body = Problem)))]
pub(super) async fn of_person(
    State(app): State<Arc<App>>,
    Path((account, room, user)): Path<(String, String, String)>,
) -> Answer<Response> {
    let (room, user) = (room_uri(&room)?, user_uri(&user)?);
    in_room(app, &account, room, move |store, room| conversation::picture(store, room, &user)).await
}

async fn put_own(app: &App, account: &str, picture: Option<Picture>) -> Answer<Json<Account>> {
    let keeper = app.accounts.get(account)?;
    keeper
        .with(move |kept| {
            kept.set_picture(picture.as_ref())?;
            Ok(Json(kept.account()))
        })
        .await
}

async fn put_room(app: &App, account: &str, room: &str, picture: Option<Picture>) -> Answer<StatusCode> {
    let (keeper, room) = (app.accounts.get(account)?, room_uri(room)?);
    keeper
        .with(move |kept| {
            kept.agent.act_for(|client, now| client.set_room_picture(&room, picture.as_ref(), now))?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

/// A picture of a room, drawn anew, once the room is taken up.
async fn in_room(
    app: Arc<App>,
    account: &str,
    room: RoomUri,
    read: impl FnOnce(&Overlay, &RoomUri) -> Result<Option<Picture>, ConversationError> + Send + 'static,
) -> Answer<Response> {
    let keeper = app.accounts.get(account)?;
    let picture = keeper.with(move |kept| {
        let store = kept.store();
        Ok(match conversation::is_request(&store, &room)? {
            true => None,
            false => read(&store, &room)?,
        })
    });
    let picture = picture.await?;
    drawn(app, picture).await
}

async fn drawn(app: Arc<App>, picture: Option<Picture>) -> Answer<Response> {
    let picture = picture.ok_or_else(|| Problem::not_found("there is no picture"))?;
    let hash: [u8; 32] = Sha256::digest(picture.bytes()).into();
    let drawn = match app.pictures.kept(&hash, WIDTH) {
        Some(drawn) => drawn,
        None => {
            let drawing = Arc::clone(&app);
            app.pictures.in_turn(move || drawing.pictures.draw(&hash, picture.bytes(), WIDTH)).await?
        }
    };
    Ok(shown(&drawn))
}
