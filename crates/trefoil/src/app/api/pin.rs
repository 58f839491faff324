//! The PIN of an account: set on services that the person chooses, looked at, taken back.

use super::{
    super::{
        App,
        error::{Answer, Problem, ProblemCode},
    },
    Body,
};
use crate::pin::{self, PinFailure};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// A PIN to be set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPin {
    /// At least `limits.pin_shortest` characters, as the state says.
    #[schema(value_type = String)]
    pin: Zeroizing<String>,
    /// On a service that finds nobody by name: the name to give when everything is lost.
    #[serde(default)]
    identifier: String,
    /// The two other services that keep a part, by their addresses; without them, two that are suggested.
    #[serde(default)]
    with: Vec<String>,
    /// Certificate authorities (PEM) to trust for those two, instead of those that are known for them or for the account.
    #[serde(default)]
    ca: Option<String>,
}

/// Whether there is a PIN.
#[derive(Serialize, ToSchema)]
pub(super) struct PinState {
    /// There is: it brings everything back.
    set: bool,
    /// The services that keep a part, by their addresses, the account's own first; none if there is no PIN.
    services: Vec<String>,
}

/// Whether there is a PIN, and where its parts are; the account's service is asked.
#[utoipa::path(get, path = "/accounts/{account}/pin", params(("account" = String, Path,)), responses((status = 200, body = PinState), (status = 502, body = Problem)))]
pub(super) async fn state(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
) -> Answer<Json<PinState>> {
    let keeper = app.accounts.get(&account)?;
    let places = pin::places(&keeper.way.service, &keeper.way.bearer()).await?;
    Ok(Json(PinState { set: places.is_some(), services: places.unwrap_or_default() }))
}

/// Sets a PIN, of which three services keep a part each: two of them are needed, and none can guess it.
#[utoipa::path(post, path = "/accounts/{account}/pin", params(("account" = String, Path,)), request_body = NewPin, responses((status = 204), (status = 422, body = Problem)))]
pub(super) async fn set(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<NewPin>,
) -> Answer<StatusCode> {
    let keeper = app.accounts.get(&account)?;
    let own = &keeper.way.service;
    let [one, other] = match ask.with.as_slice() {
        [] => app.accounts.two_others(&own.address()).await?,
        [one, other] => {
            let at = |url: &str| app.accounts.service(&account, url.trim(), ask.ca.as_deref());
            [at(one)?, at(other)?]
        }
        _ => return Err(Problem::unusable("name two services besides the account's own, or none")),
    };
    let secret = keeper
        .with(|kept| Ok(kept.agent.act_for(|client, now| client.prepare_recovery_secret(now))?))
        .await?;
    let token = keeper.way.bearer();
    pin::set_pin(own, &token, [&one, &other], ask.identifier.trim(), &ask.pin, secret.bytes()).await?;
    keeper
        .with(move |kept| {
            kept.agent.act(|client, now| client.confirm_recovery_secret(&secret, now))?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

/// Takes the PIN back: from then on it restores nothing. The recovery code, and what is kept, stay.
#[utoipa::path(delete, path = "/accounts/{account}/pin", params(("account" = String, Path,)), responses((status = 204), (status = 404, body = Problem), (status = 502, body = Problem)))]
pub(super) async fn remove(State(app): State<Arc<App>>, Path(account): Path<String>) -> Answer<StatusCode> {
    let keeper = app.accounts.get(&account)?;
    let own = &keeper.way.service;
    let token = keeper.way.bearer();
    let places = pin::places(own, &token).await?.ok_or(PinFailure::NoPin)?;
    // An address that is none any more keeps a part that nobody finds.
    let others: Vec<_> =
        places.iter().filter_map(|url| app.accounts.service(&account, url, None).ok()).collect();
    let secret = keeper
        .with(|kept| Ok(kept.agent.act_for(|client, now| client.prepare_recovery_secret(now))?))
        .await?;
    pin::remove_pin(own, &token, &others.iter().collect::<Vec<_>>(), secret.bytes()).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<PinFailure> for Problem {
    fn from(error: PinFailure) -> Self {
        let error = match error {
            PinFailure::Person(error) => return error.into(),
            other => other,
        };
        let (status, code) = match &error {
            PinFailure::Wrong { .. } => (StatusCode::CONFLICT, ProblemCode::PinWrong),
            PinFailure::Locked => (StatusCode::CONFLICT, ProblemCode::PinLocked),
            PinFailure::NoPin => (StatusCode::NOT_FOUND, ProblemCode::NoPin),
            PinFailure::TooFew => (StatusCode::BAD_GATEWAY, ProblemCode::Unreachable),
            PinFailure::SameService(_) => (StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::PinNeedsThree),
            PinFailure::Core(_) => (StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::BadPin),
            PinFailure::Stopped(_) | PinFailure::Person(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, ProblemCode::Internal)
            }
        };
        let problem = Self::new(status, code, error.to_string());
        match error {
            PinFailure::Wrong { left } => problem.with_tries_left(left),
            _ => problem,
        }
    }
}
