//! Communities and their groups.

use super::{
    super::{
        App,
        error::{Answer, Problem},
    },
    Body, room_uri,
    rooms::RoomBegun,
    users,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A community to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCommunity {
    /// Its name.
    name: String,
    /// Who shall be in it, by URI.
    people: Vec<String>,
}

/// A group to be put into a community.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGroup {
    /// The group's room, by URI. This person is an admin of it.
    room: String,
    /// What it is about, at most 512 bytes; may be empty.
    #[serde(default)]
    description: String,
}

/// A group of a community.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneGroup {
    /// The group's room, by URI.
    room: String,
}

/// Makes a community: a room in which only admins write, with an empty list of groups.
#[utoipa::path(post, path = "/accounts/{account}/communities", params(("account" = String, Path,)), request_body = NewCommunity, responses((status = 200, body = RoomBegun), (status = 409, body = Problem)))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<NewCommunity>,
) -> Answer<Json<RoomBegun>> {
    let people = users(&ask.people)?;
    let keeper = app.accounts.get(&account)?;
    keeper
        .with(move |kept| {
            let name = ask.name.trim().to_owned();
            let room = kept.agent.act_for(|client, now| client.create_community(&name, &people, now))?;
            kept.tell_room(&room);
            Ok(Json(RoomBegun { room: room.to_string() }))
        })
        .await
}

/// Puts a group into a community's list, with an invitation made for it. It stands there once the group has taken that.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/groups", params(("account" = String, Path,), ("room" = String, Path,)), request_body = NewGroup, responses((status = 204), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn add(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Body(ask): Body<NewGroup>,
) -> Answer<StatusCode> {
    let (keeper, room, group) = (app.accounts.get(&account)?, room_uri(&room)?, room_uri(&ask.room)?);
    keeper
        .with(move |kept| {
            let about = ask.description.trim().to_owned();
            kept.agent.act(|client, now| client.add_group(&room, &group, &about, now))?;
            kept.tell_room(&room);
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

/// Takes a group out of a community's list, and its invitation back where this person may.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/groups/remove", params(("account" = String, Path,), ("room" = String, Path,)), request_body = OneGroup, responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Body(ask): Body<OneGroup>,
) -> Answer<StatusCode> {
    let (keeper, room, group) = (app.accounts.get(&account)?, room_uri(&room)?, room_uri(&ask.room)?);
    keeper
        .with(move |kept| {
            kept.agent.act(|client, now| client.remove_group(&room, &group, now))?;
            kept.tell_room(&room);
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

/// Comes into a group of a community.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/groups/join", params(("account" = String, Path,), ("room" = String, Path,)), request_body = OneGroup, responses((status = 200, body = RoomBegun), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn join(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Body(ask): Body<OneGroup>,
) -> Answer<Json<RoomBegun>> {
    let (keeper, room, group) = (app.accounts.get(&account)?, room_uri(&room)?, room_uri(&ask.room)?);
    keeper
        .with(move |kept| {
            let joined = kept.agent.act_for(|client, now| client.join_group(&room, &group, now))?;
            Ok(Json(RoomBegun { room: joined.to_string() }))
        })
        .await
}
