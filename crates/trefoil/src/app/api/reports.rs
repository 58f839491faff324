//! Reports of somebody to the service of a room.

use super::{
    super::{
        App,
        error::{Answer, Problem},
        shape::{File, Version, inert, of_body},
    },
    Body, Params, message_id, room_uri, user_uri,
};
use crate::{
    clock,
    reporting::{self, DecisionView, Gone, MadeView, ReportReason},
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use trefoil_client::reporting::Reportable;
use trefoil_proto::decisions::{AppealDecision, CaseId, Words};
use utoipa::{IntoParams, ToSchema};

/// Messages that are shown no more in one answer, at most.
const GONE: usize = 50;

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

/// Whose messages.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Whose {
    /// By URI.
    person: String,
}

/// A message that is shown no more, and can be reported for seven days.
#[derive(Serialize, ToSchema)]
pub(super) struct GoneMessage {
    /// Its id.
    message: String,
    /// When the hub accepted it; milliseconds since the UNIX epoch.
    at: u64,
    /// Why it is shown no more.
    gone: Gone,
    /// What it said, as it was written.
    text: String,
    /// What it asked.
    poll: Option<String>,
    /// Its files; they are not fetched here any more.
    files: Vec<File>,
}

/// What was said against a decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAppeal {
    /// Why it is wrong, 1 to 4096 bytes.
    words: String,
}

/// The reports that the person made, the newest first, with what their hubs say came of each.
#[utoipa::path(get, path = "/accounts/{account}/reports", params(("account" = String, Path,)), responses((status = 200, body = [MadeView])))]
pub(super) async fn made(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
) -> Answer<Json<Vec<MadeView>>> {
    let keeper = app.accounts.get(&account)?;
    let asked = keeper
        .with(|kept| {
            let client = &kept.agent.client;
            let made = client.made_reports()?;
            let asked =
                made.iter().map(|made| client.follow_report(made.id, None)).collect::<Result<Vec<_>, _>>()?;
            Ok(made.into_iter().zip(asked).collect::<Vec<_>>())
        })
        .await?;
    let mut views = Vec::new();
    for (made, asked) in asked {
        let standing = reporting::follow(&keeper.way, &made.room, &asked).await;
        views.push(MadeView::new(&made, standing)?);
    }
    Ok(Json(views))
}

/// Asks that somebody else looks at a report again: once, after it was decided to do nothing.
#[utoipa::path(post, path = "/accounts/{account}/reports/{report}/appeal", params(("account" = String, Path,), ("report" = String, Path,)), request_body = NewAppeal, responses((status = 204), (status = 404, body = Problem), (status = 502, body = Problem)))]
pub(super) async fn appeal_report(
    State(app): State<Arc<App>>,
    Path((account, report)): Path<(String, String)>,
    Body(ask): Body<NewAppeal>,
) -> Answer<StatusCode> {
    let (keeper, words) = (app.accounts.get(&account)?, words(&ask)?);
    let (room, asked) = keeper
        .with(move |kept| {
            let client = &kept.agent.client;
            let made = client.made_reports()?.into_iter().find(|made| reporting::name(made) == report);
            let made = made.ok_or_else(|| Problem::not_found("there is no such report"))?;
            Ok((made.room.clone(), client.follow_report(made.id, Some(words))?))
        })
        .await?;
    reporting::follow(&keeper.way, &room, &asked).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the service's safety team decided about the account, the newest first.
#[utoipa::path(get, path = "/accounts/{account}/decisions", params(("account" = String, Path,)), responses((status = 200, body = [DecisionView]), (status = 502, body = Problem)))]
pub(super) async fn decisions(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
) -> Answer<Json<Vec<DecisionView>>> {
    let keeper = app.accounts.get(&account)?;
    let list = reporting::decisions(&keeper.way).await?;
    Ok(Json(list.decisions.into_iter().map(DecisionView::from).collect()))
}

/// Appeals against a decision about the account: once a case, within half a year.
#[utoipa::path(post, path = "/accounts/{account}/decisions/{case}/appeal", params(("account" = String, Path,), ("case" = String, Path,)), request_body = NewAppeal, responses((status = 204), (status = 404, body = Problem), (status = 502, body = Problem)))]
pub(super) async fn appeal_decision(
    State(app): State<Arc<App>>,
    Path((account, case)): Path<(String, String)>,
    Body(ask): Body<NewAppeal>,
) -> Answer<StatusCode> {
    let keeper = app.accounts.get(&account)?;
    let case: CaseId = case.parse().map_err(|_| Problem::not_found("there is no such case"))?;
    reporting::appeal(&keeper.way, &AppealDecision { case, words: words(&ask)? }).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn words(ask: &NewAppeal) -> Answer<Words> {
    ask.words.parse().map_err(|_| Problem::unusable("words are 1 to 4096 bytes"))
}

/// The last messages of somebody in a room that were shown and are shown no more, the oldest first, at most 50: to be chosen for a
/// report, and for nothing else.
#[utoipa::path(get, path = "/accounts/{account}/rooms/{room}/gone", params(("account" = String, Path,), ("room" = String, Path,), Whose), responses((status = 200, body = [GoneMessage])))]
pub(super) async fn gone(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
    Params(whose): Params<Whose>,
) -> Answer<Json<Vec<GoneMessage>>> {
    let (keeper, room, person) = (app.accounts.get(&account)?, room_uri(&room)?, user_uri(&whose.person)?);
    keeper
        .with(move |kept| {
            let last = kept.agent.client.reportable_gone(&room, &person, GONE, clock::now())?;
            let view = |message: Reportable| {
                let (Version { text, .. }, files) = of_body(&message.body);
                let poll = message.body.poll.map(|poll| inert(&poll.question));
                let gone = Gone::from(message.gone?);
                Some(GoneMessage {
                    message: message.id.to_string(),
                    at: message.accepted.0,
                    gone,
                    text,
                    poll,
                    files,
                })
            };
            Ok(Json(last.into_iter().filter_map(view).collect()))
        })
        .await
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
            let client = &kept.agent.client;
            let now = clock::now();
            let report = client.report(&place, &person, &chosen, ask.reason.into(), ask.note.trim(), now)?;
            client.remember_report(&place, &report, now)?;
            Ok(report)
        })
        .await?;
    reporting::show(&keeper.way, &room, &report).await?;
    Ok(StatusCode::NO_CONTENT)
}
