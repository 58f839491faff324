//! What the person should know and has not seen yet. `GET state` lists it.

use super::super::{
    App,
    error::{Answer, Problem},
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use data_encoding::HEXLOWER;
use std::sync::Arc;
use trefoil_client::alarm::AlarmId;

/// Says that the person has seen something: it is not told again. The same may happen again.
#[utoipa::path(post, path = "/accounts/{account}/alarms/{alarm}/seen", params(("account" = String, Path,), ("alarm" = String, Path,)), responses((status = 204), (status = 404, body = Problem)))]
pub(super) async fn seen(
    State(app): State<Arc<App>>,
    Path((account, alarm)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let bytes = HEXLOWER.decode(alarm.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    let id = bytes.map(AlarmId).ok_or_else(|| Problem::not_found("there is no such alarm"))?;
    app.accounts.get(&account)?.with(move |kept| kept.seen(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
