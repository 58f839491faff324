//! What survives the loss of a device: the recovery code, the backup, the PIN, and coming back with them.

use super::{
    super::{
        App,
        error::{Answer, Problem, ProblemCode},
        keeper::recovery,
        shape::{Account, Backup},
    },
    Body,
};
use crate::{
    person::Place,
    pin::{self, PinFailure},
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use trefoil_client::backup::{RecoveryCode, RecoverySecret};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// A recovery code.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    /// As it is written down.
    #[schema(value_type = String)]
    code: Zeroizing<String>,
}

/// A PIN to be set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPin {
    /// At least four characters.
    #[schema(value_type = String)]
    pin: Zeroizing<String>,
    /// On a service that finds nobody by name: the name to give when everything is lost.
    #[serde(default)]
    identifier: String,
}

/// What brings an account back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ByCode {
    /// Address of the service.
    url: String,
    /// The recovery code.
    #[schema(value_type = String)]
    code: Zeroizing<String>,
}

/// What brings an account back when nothing but a PIN is left.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ByPin {
    /// Address of the service.
    url: String,
    /// Account name, handle or phone number.
    identifier: String,
    /// The one-time code of a phone number.
    code: Option<String>,
    /// The PIN.
    #[schema(value_type = String)]
    pin: Zeroizing<String>,
}

/// Makes a recovery code. It is not in force before it was given back.
#[utoipa::path(post, path = "/accounts/{account}/recovery", params(("account" = String, Path,)), responses((status = 200, body = Code), (status = 403, body = Problem)))]
pub(super) async fn make_code(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
) -> Answer<Json<Code>> {
    let keeper = app.accounts.get(&account)?;
    keeper
        .with(|kept| {
            let code = kept.agent.act_for(|client, now| client.make_recovery_code(now))?;
            Ok(Json(Code { code: Zeroizing::new(code.to_string()) }))
        })
        .await
}

/// How the backup stands.
#[utoipa::path(get, path = "/accounts/{account}/recovery", params(("account" = String, Path,)), responses((status = 200, body = Backup)))]
pub(super) async fn backup(State(app): State<Arc<App>>, Path(account): Path<String>) -> Answer<Json<Backup>> {
    let keeper = app.accounts.get(&account)?;
    keeper
        .with(|kept| {
            let view = kept.agent.client.recovery()?;
            Ok(Json(Backup {
                recovery: recovery(view.state),
                last: view.last.map(|last| last.0),
                waiting: view.waiting,
                bytes: view.bytes,
                disputed: view.disputed.is_some(),
            }))
        })
        .await
}

/// Puts a recovery code into force, by giving it back: everything is kept from then on.
#[utoipa::path(post, path = "/accounts/{account}/recovery/confirm", params(("account" = String, Path,)), request_body = Code, responses((status = 200, body = Account), (status = 422, body = Problem)))]
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<Code>,
) -> Answer<Json<Account>> {
    let keeper = app.accounts.get(&account)?;
    keeper
        .with(move |kept| {
            kept.agent.act(|client, now| client.confirm_recovery_code(&ask.code, now))?;
            Ok(Json(kept.account()))
        })
        .await
}

/// Sets a PIN, of which three services keep a part each: two of them are needed, and none can guess it.
#[utoipa::path(post, path = "/accounts/{account}/pin", params(("account" = String, Path,)), request_body = NewPin, responses((status = 204), (status = 422, body = Problem)))]
pub(super) async fn set_pin(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<NewPin>,
) -> Answer<StatusCode> {
    let keeper = app.accounts.get(&account)?;
    let own = &keeper.way.service;
    let [one, other] = app.accounts.two_others(&own.address()).await?;
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

/// Brings an account back with its recovery code, on this device in the place of every other one.
#[utoipa::path(post, path = "/recover", request_body = ByCode, responses((status = 200, body = Account), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn recover(State(app): State<Arc<App>>, Body(ask): Body<ByCode>) -> Answer<Json<Account>> {
    let code: RecoveryCode = ask
        .code
        .parse()
        .map_err(|error| Problem::because(ProblemCode::BadRecoveryCode, format!("{error}")))?;
    let keeper = app.accounts.recover(ask.url.trim(), code.secret()).await?;
    keeper.with(|kept| Ok(Json(kept.account()))).await
}

/// Brings an account back with its PIN.
#[utoipa::path(post, path = "/recover/pin", request_body = ByPin, responses((status = 200, body = Account), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn recover_by_pin(
    State(app): State<Arc<App>>,
    Body(ask): Body<ByPin>,
) -> Answer<Json<Account>> {
    let url = ask.url.trim();
    let ca = app.accounts.authority(url);
    let place = Place { service: url, ca: ca.as_deref() };
    let code = ask.code.as_deref().map(str::trim).filter(|code| !code.is_empty());
    let recovered = pin::recover_with_pin(place, ask.identifier.trim(), code, &ask.pin).await?;
    let secret = RecoverySecret::from_bytes(recovered.secret.bytes());
    let secret = secret.ok_or_else(|| {
        Problem::because(
            ProblemCode::NothingRestored,
            "the PIN protects something that this version does not know",
        )
    })?;
    let keeper = app.accounts.recover(url, &secret).await?;
    keeper.with(|kept| Ok(Json(kept.account()))).await
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
