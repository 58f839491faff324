//! Accounts of minors and their guardians.

use super::{
    super::{
        App,
        error::{Answer, Problem},
        keeper::Keeper,
        shape::{GuardedMinor, GuardianLink, MinorState, Minors, Open, OwnMinor, Qr},
    },
    Body,
    people::seen,
    user_uri,
};
use crate::{clock, minors};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use std::sync::Arc;
use trefoil_proto::{
    UserUri,
    minors::{Act, Guarded, LONGEST_CONSENT, Opening, Openness},
};
use utoipa::ToSchema;

/// A day, in milliseconds.
const DAY: u64 = trefoil_proto::Timestamp::DAY;

/// A link that a minor showed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShownLink {
    /// The whole link.
    link: String,
}

/// What a guardian opens.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOpening {
    /// How far; `connections` closes the account.
    open: Open,
    /// For so many days, 1 to 366. Of no weight where it is closed.
    #[serde(default)]
    days: u64,
}

/// How the own account stands, if it is a minor's, and those whose guardian this person is. Their services are asked.
#[utoipa::path(get, path = "/accounts/{account}/minors", params(("account" = String, Path,)), responses((status = 200, body = Minors), (status = 502, body = Problem)))]
pub(super) async fn all(State(app): State<Arc<App>>, Path(account): Path<String>) -> Answer<Json<Minors>> {
    let keeper = app.accounts.get(&account)?;
    let standing = minors::standing_by(&keeper.way).await?;
    let of_age = standing.guarded.is_none();
    let own = keeper
        .with(move |kept| {
            if of_age && kept.agent.client.is_minor()? {
                kept.agent.act(|client, now| client.come_of_age(now))?;
            }
            let guardian = standing.guardian.as_ref().map(|guardian| seen(kept, guardian)).transpose()?;
            Ok(standing.guarded.as_ref().map(|guarded| OwnMinor { standing: guarded.into(), guardian }))
        })
        .await?;
    let mut guarded = Vec::new();
    for minor in keeper.with(|kept| Ok(kept.agent.client.guarded()?)).await? {
        // What one service does not answer keeps nobody from the others.
        let standing = say(&keeper, &minor, Act::Look).await.ok().as_ref().map(MinorState::from);
        let person = keeper.with(move |kept| seen(kept, &minor)).await?;
        guarded.push(GuardedMinor { person, standing });
    }
    Ok(Json(Minors { own, guarded }))
}

/// As a minor: a link that makes whoever takes it up the guardian.
#[utoipa::path(post, path = "/accounts/{account}/guardian/link", params(("account" = String, Path,)), responses((status = 200, body = GuardianLink), (status = 409, body = Problem)))]
pub(super) async fn link(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
) -> Answer<Json<GuardianLink>> {
    let keeper = app.accounts.get(&account)?;
    let (link, invite) = keeper.with(|kept| Ok(kept.agent.client.guardian_link()?)).await?;
    minors::invite_by(&keeper.way, &invite).await?;
    let qr = Qr::of(&link).ok_or_else(|| Problem::internal("the link does not fit a QR code"))?;
    Ok(Json(GuardianLink { link, qr }))
}

/// Becomes the guardian of whoever showed the link.
#[utoipa::path(post, path = "/accounts/{account}/guardian/accept", params(("account" = String, Path,)), request_body = ShownLink, responses((status = 204), (status = 422, body = Problem)))]
pub(super) async fn accept(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<ShownLink>,
) -> Answer<StatusCode> {
    let keeper = app.accounts.get(&account)?;
    let word =
        keeper.with(move |kept| Ok(kept.agent.client.take_up_guardian(&ask.link, clock::now())?)).await?;
    minors::send(&keeper.way, &word).await?;
    guards(&keeper, word.tbs.minor, true).await
}

/// As a guardian: opens a minor's account for a time, or closes it.
#[utoipa::path(post, path = "/accounts/{account}/guarded/{user}", params(("account" = String, Path,), ("user" = String, Path,)), request_body = NewOpening, responses((status = 200, body = MinorState), (status = 422, body = Problem)))]
pub(super) async fn open(
    State(app): State<Arc<App>>,
    Path((account, user)): Path<(String, String)>,
    Body(ask): Body<NewOpening>,
) -> Answer<Json<MinorState>> {
    let (keeper, minor) = (app.accounts.get(&account)?, user_uri(&user)?);
    let act = match Openness::from(ask.open) {
        Openness::Connections => Act::Close,
        how => {
            let span = ask.days.saturating_mul(DAY);
            if span == 0 || span > LONGEST_CONSENT {
                return Err(Problem::unusable("an account is opened for 1 to 366 days"));
            }
            Act::Open(Opening { how, until: clock::now().plus_millis(span) })
        }
    };
    Ok(Json(MinorState::from(&say(&keeper, &minor, act).await?)))
}

/// As a guardian: is it no longer.
#[utoipa::path(delete, path = "/accounts/{account}/guarded/{user}", params(("account" = String, Path,), ("user" = String, Path,)), responses((status = 204), (status = 404, body = Problem)))]
pub(super) async fn release(
    State(app): State<Arc<App>>,
    Path((account, user)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let (keeper, minor) = (app.accounts.get(&account)?, user_uri(&user)?);
    say(&keeper, &minor, Act::Release).await?;
    guards(&keeper, minor, false).await
}

async fn say(keeper: &Keeper, minor: &UserUri, act: Act) -> Answer<Guarded> {
    let about = minor.clone();
    let word =
        keeper.with(move |kept| Ok(kept.agent.client.guardian_word(&about, act, clock::now())?)).await?;
    Ok(minors::send(&keeper.way, &word).await?)
}

async fn guards(keeper: &Keeper, minor: UserUri, guards: bool) -> Answer<StatusCode> {
    keeper
        .with(move |kept| {
            kept.agent.act(|client, now| client.set_guarding(&minor, guards, now))?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}
