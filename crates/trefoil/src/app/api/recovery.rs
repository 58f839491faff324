//! What survives the loss of a device: the recovery code, the backup, and coming back with them or a PIN.

use super::{
    super::{
        App,
        error::{Answer, Problem, ProblemCode},
        keeper::{Kept, recovery},
        shape::{Account, Backup, Warning},
    },
    Body,
};
use crate::{person::Place, pin};
use axum::{
    Json,
    extract::{Path, State},
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

/// What brings an account back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ByCode {
    /// Address of the service.
    url: String,
    /// The recovery code.
    #[schema(value_type = String)]
    code: Zeroizing<String>,
    /// Certificate authorities (PEM) to trust there instead of the public web's, or of what the suggestions name.
    #[serde(default)]
    ca: Option<String>,
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
    /// Certificate authorities (PEM) to trust there instead of the public web's, or of what the suggestions name.
    #[serde(default)]
    ca: Option<String>,
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

/// Puts a recovery code into force, by giving it back: everything is kept from then on. It replaces the former one, and a PIN with
/// it, which is to be set anew.
#[utoipa::path(post, path = "/accounts/{account}/recovery/confirm", params(("account" = String, Path,)), request_body = Code, responses((status = 200, body = Account), (status = 422, body = Problem)))]
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<Code>,
) -> Answer<Json<Account>> {
    let keeper = app.accounts.get(&account)?;
    let (former, secret, account) = keeper
        .with(move |kept| {
            let in_force =
                |kept: &mut Kept| kept.agent.act_for(|client, now| client.prepare_recovery_secret(now));
            let former = in_force(kept)?;
            kept.agent.act(|client, now| client.confirm_recovery_code(&ask.code, now))?;
            Ok((former, in_force(kept)?, kept.account()))
        })
        .await?;
    let retired = pin::retire_pin(&keeper.way.service, &keeper.way.bearer(), &former, &secret).await;
    if let Err(error) = retired {
        tracing::warn!(%error, "a PIN that restores nothing any more may still seem to be set");
    }
    Ok(Json(account))
}

/// Brings an account back with its recovery code, on this device in the place of every other one.
#[utoipa::path(post, path = "/recover", request_body = ByCode, responses((status = 200, body = Account), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn recover(State(app): State<Arc<App>>, Body(ask): Body<ByCode>) -> Answer<Json<Account>> {
    let code: RecoveryCode = ask
        .code
        .parse()
        .map_err(|error| Problem::because(ProblemCode::BadRecoveryCode, format!("{error}")))?;
    let ca = app.accounts.authority(ask.url.trim(), ask.ca.as_deref());
    let place = Place { service: ask.url.trim(), ca: ca.as_deref() };
    let keeper = app.accounts.recover(place, code.secret()).await?;
    keeper.with(|kept| Ok(Json(kept.account()))).await
}

/// Brings an account back with its PIN.
#[utoipa::path(post, path = "/recover/pin", request_body = ByPin, responses((status = 200, body = Account), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn recover_by_pin(
    State(app): State<Arc<App>>,
    Body(ask): Body<ByPin>,
) -> Answer<Json<Account>> {
    let url = ask.url.trim();
    let ca = app.accounts.authority(url, ask.ca.as_deref());
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
    let keeper = app.accounts.recover(place, &secret).await?;
    keeper
        .with(move |kept| {
            if recovered.set_again {
                let text =
                    "the PIN was right, and not all three services keep a part of it any more: set it again";
                kept.alarm(None, Warning::new("pin-incomplete", text.to_owned()));
            }
            Ok(Json(kept.account()))
        })
        .await
}
