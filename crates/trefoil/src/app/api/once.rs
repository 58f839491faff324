//! What does not stay: timers of rooms, rooms that are closed, messages that are seen once.

use super::{
    super::{
        App,
        error::{Answer, Problem},
        shape::{File, Version, of_body},
    },
    Body, message_id, room_uri,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use trefoil_client::conversation::compose;
use utoipa::ToSchema;

/// A timer for a room.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTimer {
    /// Messages disappear so many seconds after they were read; 0 for never.
    seconds: u32,
    /// They also go as soon as the room is closed on a device after they were read there.
    #[serde(default)]
    vanishing: bool,
}

/// What a message that is seen once says.
#[derive(Serialize, ToSchema)]
pub(super) struct Opened {
    /// What it says.
    #[serde(flatten)]
    said: Version,
    /// Its files, which can be fetched for ten minutes.
    files: Vec<File>,
}

/// Sets the timer of a room.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/timer", params(("account" = String, Path,), ("room" = String, Path,)), request_body = NewTimer, responses((status = 204), (status = 422, body = Problem)))]
pub(super) async fn timer(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Body(ask): Body<NewTimer>,
) -> Answer<StatusCode> {
    let (keeper, room) = (app.accounts.get(&account)?, room_uri(&room)?);
    let draft = compose::room_timer(ask.seconds, ask.vanishing)?;
    keeper
        .with(move |kept| {
            kept.agent.act_for(|client, now| client.send(&room, draft, now))?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

/// The person closed a room on this device: messages that vanish go, if they were read.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/close", params(("account" = String, Path,), ("room" = String, Path,)), responses((status = 204)))]
pub(super) async fn close(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let (keeper, room) = (app.accounts.get(&account)?, room_uri(&room)?);
    keeper
        .with(move |kept| {
            kept.agent.act(|client, now| client.close_room(&room, now))?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

/// Opens a message that is seen once. The store has it no more after that; its files can be fetched for ten minutes.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/messages/{message}/open", params(("account" = String, Path,), ("room" = String, Path,), ("message" = String, Path,)), responses((status = 200, body = Opened), (status = 422, body = Problem)))]
pub(super) async fn open(
    State(app): State<Arc<App>>,
    Path((account, room, message)): Path<(String, String, String)>,
) -> Answer<Json<Opened>> {
    let (keeper, room, id) = (app.accounts.get(&account)?, room_uri(&room)?, message_id(&message)?);
    let receipts = app.accounts.settings().receipts();
    keeper
        .with(move |kept| {
            let body = kept.agent.act_for(|client, now| client.open_once(&room, id, receipts, now))?;
            let (said, files) = of_body(&body);
            // Here, as the store has it no more, whether whoever asked is still there or not.
            app.files.keep_opened(&account, id, body.attachments);
            Ok(Json(Opened { said, files }))
        })
        .await
}
