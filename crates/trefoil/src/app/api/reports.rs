//! Reports of somebody to the service of a room.

use super::{
    super::{
        App,
        error::{Answer, Problem},
    },
    Body, message_id, room_uri, user_uri,
};
use crate::reporting::{self, ReportReason};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A report.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewReport {
    /// Whom, by URI.
    person: String,
    /// Why.
    reason: ReportReason,
    /// The messages that are shown, with every version of each; none reports the person without content.
    #[serde(default)]
    messages: Vec<String>,
    /// In the person's own words, at most 4096 bytes.
    #[serde(default)]
    note: String,
}

/// Reports somebody to the service of the room: it is shown the messages that are named, the note, and who reports, and nothing else.
/// It has taken the report when this is answered.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/report", params(("account" = String, Path,), ("room" = String, Path,)), request_body = NewReport, responses((status = 204), (status = 404, body = Problem), (status = 502, body = Problem)))]
pub(super) async fn report(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Body(ask): Body<NewReport>,
) -> Answer<StatusCode> {
    let (keeper, room, person) = (app.accounts.get(&account)?, room_uri(&room)?, user_uri(&ask.person)?);
    let chosen = ask.messages.iter().map(|raw| message_id(raw)).collect::<Answer<Vec<_>>>()?;
    let place = room.clone();
    let report = keeper
        .with(move |kept| {
            Ok(kept.agent.client.report(&place, &person, &chosen, ask.reason.into(), ask.note.trim())?)
        })
        .await?;
    reporting::show(&keeper.way, &room, &report).await?;
    Ok(StatusCode::NO_CONTENT)
}
