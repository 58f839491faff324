//! What was said: parts of a timeline, reading, earlier versions.

use super::{
    super::{
        App,
        error::{Answer, Problem},
        shape::{self, Item, Version},
    },
    Body, message_id, room_uri,
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use trefoil_client::conversation::{self, Cursor, Position, ReadReceipts};
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
    Query(which): Query<Which>,
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
            let read = |cursor, limit| conversation::timeline(&store, &room, cursor, limit);
            let (mut lines, more_before, more_after);
            if let Some(id) = around {
                let found = conversation::message(&store, &room, id)?;
                let position =
                    found.ok_or_else(|| Problem::not_found("that message is not on this device"))?.position;
                lines = read(Cursor::Before(position), limit / 2 + 1)?;
                more_before = lines.len() > limit / 2;
                lines.drain(..usize::from(more_before));
                // What stands at the position itself comes with a cursor just before it.
                let older = lines.last().map_or(Position::START, conversation::Item::position);
                let mut newer = read(Cursor::After(older), limit / 2 + 2)?;
                more_after = newer.len() > limit / 2 + 1;
                newer.truncate(limit / 2 + 1);
                lines.extend(newer);
            } else if let Some(after) = after {
                lines = read(Cursor::After(after), limit + 1)?;
                more_after = lines.len() > limit;
                lines.truncate(limit);
                more_before = true;
            } else {
                lines = read(before.map_or(Cursor::Newest, Cursor::Before), limit + 1)?;
                more_before = lines.len() > limit;
                lines.drain(..usize::from(more_before));
                more_after = before.is_some();
            }
            let items = lines.into_iter().map(|line| shape::item(&store, &me, &room, line));
            Ok(Json(Part { items: items.collect::<Result<_, _>>()?, more_before, more_after }))
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
    let receipts = match app.accounts.settings().read_receipts {
        true => ReadReceipts::Send,
        false => ReadReceipts::Withhold,
    };
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
