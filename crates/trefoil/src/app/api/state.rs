//! Everything that the page starts from, and the settings.

use super::{
    super::{
        App,
        error::Answer,
        shape::{Account, Alarm, Limits, State as Whole},
    },
    Body,
};
use crate::settings::{Choice, Settings};
use axum::{Json, extract::State};
use std::sync::Arc;

/// Everything that the page starts from.
#[utoipa::path(get, path = "/state", responses((status = 200, body = Whole)))]
pub(super) async fn state(State(app): State<Arc<App>>) -> Answer<Json<Whole>> {
    let mut accounts: Vec<Account> = Vec::new();
    let mut alarms: Vec<Alarm> = Vec::new();
    for keeper in app.accounts.all() {
        accounts.extend(keeper.account().await);
        // An account that stopped has said so itself.
        alarms.extend(keeper.with(|kept| kept.alarms()).await.unwrap_or_default());
    }
    Ok(Json(Whole {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        accounts,
        alarms,
        services: app.accounts.services().await,
        settings: app.accounts.settings(),
        limits: Limits::OF_CORE,
    }))
}

/// Keeps what the person chose; what is left away stays as it is.
#[utoipa::path(post, path = "/settings", request_body = Choice, responses((status = 200, body = Settings)))]
pub(super) async fn settings(
    State(app): State<Arc<App>>,
    Body(chosen): Body<Choice>,
) -> Answer<Json<Settings>> {
    app.accounts.choose(chosen).map(Json)
}
