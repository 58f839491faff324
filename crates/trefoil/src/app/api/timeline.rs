//! What was said: parts of a timeline, reading, earlier versions.

use super::{
    super::{
        App,
        error::{Answer, Problem},
        shape::{self, Item, Version},
    },
    Body, Params, message_id, room_uri,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use trefoil_client::conversation::{self, Cursor, Position};
use utoipa::{IntoParams, ToSchema};

/// Lines in one answer, at most.
const MOST: usize = 200;
const USUAL: usize = 60;

/// Which lines.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Those that end before this position.
    before: Option<String>,
    /// Those that begin after this position.
    after: Option<String>,
    /// Those on both sides of this message.
    around: Option<String>,
    /// How many, at most 200.
    limit: Option<usize>,
}

/// A part of a timeline.
#[derive(Serialize, ToSchema)]
pub(super) struct Part {
    /// Its lines, oldest first.
    items: Vec<Item>,
    /// There are older ones.
    more_before: bool,
    /// There are newer ones.
    more_after: bool,
}

/// Up to where a room was read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Through {
    /// A position: everything up to and including it.
    through: String,
}

/// Lines of a room: the newest, unless others are asked for.
#[utoipa::path(get, path = "/accounts/{account}/rooms/{room}/timeline", params(("account" = String, Path,), ("room" = String, Path,), Which), responses((status = 200, body = Part), (status = 404, body = Problem)))]
pub(super) async fn timeline(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Params(which): Params<Which>,
) -> Answer<Json<Part>> {
    let (keeper, room) = (app.accounts.get(&account)?, room_uri(&room)?);
    let limit = which.limit.unwrap_or(USUAL).clamp(1, MOST);
    let at = |named: &Option<String>| -> Answer<Option<Position>> {
        named
            .as_deref()
            .map(|named| named.parse().map_err(|_| Problem::unusable("that is no position")))
            .transpose()
    };
    let (before, after) = (at(&which.before)?, at(&which.after)?);
    let around = which.around.as_deref().map(message_id).transpose()?;
    keeper
        .with(move |kept| {
            let (store, me) = (kept.store(), kept.me()?);
            let page = match around {
                Some(id) => conversation::timeline_around(&store, &room, id, limit)?
                    .ok_or_else(|| Problem::not_found("that message is not on this device"))?,
                None => {
                    let older = before.map_or(Cursor::Newest, Cursor::Before);
                    conversation::timeline_page(&store, &room, after.map_or(older, Cursor::After), limit)?
                }
            };
            let items = page.items.into_iter().map(|line| shape::item(&store, &me, &room, line));
            Ok(Json(Part {
                items: items.collect::<Result<_, _>>()?,
                more_before: page.more_before,
                more_after: page.more_after,
            }))
        })
        .await
}

/// Marks a room as read.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/read", params(("account" = String, Path,), ("room" = String, Path,)), request_body = Through, responses((status = 204)))]
pub(super) async fn read(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Body(ask): Body<Through>,
) -> Answer<StatusCode> {
    let (keeper, room) = (app.accounts.get(&account)?, room_uri(&room)?);
    let through: Position = ask.through.parse().map_err(|_| Problem::unusable("that is no position"))?;
    let receipts = app.accounts.settings().receipts();
    keeper
        .with(move |kept| {
            kept.agent.act(|client, now| client.mark_read(&room, through, receipts, now))?;
            kept.tell_room(&room);
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

/// The versions of a message, oldest first.
#[utoipa::path(get, path = "/accounts/{account}/rooms/{room}/messages/{message}/history", params(("account" = String, Path,), ("room" = String, Path,), ("message" = String, Path,)), responses((status = 200, body = Vec<Version>)))]
pub(super) async fn history(
    State(app): State<Arc<App>>,
    Path((account, room, message)): Path<(String, String, String)>,
) -> Answer<Json<Vec<Version>>> {
    let (keeper, room, id) = (app.accounts.get(&account)?, room_uri(&room)?, message_id(&message)?);
    keeper.with(move |kept| Ok(Json(shape::versions(conversation::history(&kept.store(), &room, id)?)))).await
}
