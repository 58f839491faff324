//! Whom an account keeps away, how strangers are received, and which words are hidden. All of it stays on the device.

use super::{
    super::{
        App,
        error::Answer,
        hub::Happening,
        keeper::Kept,
        shape::{Boundaries, KeptAway, Stance},
    },
    Body,
    people::seen,
    user_uri,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use std::sync::Arc;
use trefoil_client::boundaries::{self, Reception};
use utoipa::ToSchema;

/// How near somebody is to be let.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStance {
    /// How.
    stance: Stance,
}

/// What is chosen anew; what is left away stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBoundaries {
    /// What strangers do makes no noise.
    silence_unknown: Option<bool>,
    /// Contacts only.
    strict: Option<bool>,
    /// All the words that are hidden: at most 500, of at most 100 bytes each.
    hidden_words: Option<Vec<String>>,
}

/// Whom the account keeps away, and how it receives strangers.
#[utoipa::path(get, path = "/accounts/{account}/boundaries", params(("account" = String, Path,)), responses((status = 200, body = Boundaries)))]
pub(super) async fn all(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
) -> Answer<Json<Boundaries>> {
    app.accounts.get(&account)?.with(now).await.map(Json)
}

/// Chooses how strangers are received, and which words are hidden.
#[utoipa::path(post, path = "/accounts/{account}/boundaries", params(("account" = String, Path,)), request_body = NewBoundaries, responses((status = 200, body = Boundaries), (status = 422, body = super::super::error::Problem)))]
pub(super) async fn choose(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<NewBoundaries>,
) -> Answer<Json<Boundaries>> {
    let keeper = app.accounts.get(&account)?;
    keeper
        .with(move |kept| {
            if let Some(words) = &ask.hidden_words {
                kept.agent.act(|client, now| client.set_hidden_words(words, now))?;
            }
            let is = boundaries::reception(&kept.store())?;
            let wanted = Reception {
                silence_unknown: ask.silence_unknown.unwrap_or(is.silence_unknown),
                strict: ask.strict.unwrap_or(is.strict),
            };
            if wanted != is {
                kept.agent.act(|client, now| client.set_reception(wanted, now))?;
            }
            // Lines read otherwise than before, in every room.
            kept.tell_all(&Happening::Behind);
            now(kept)
        })
        .await
        .map(Json)
}

/// Lets somebody near, or keeps them away. They are not told, and no service is.
#[utoipa::path(post, path = "/accounts/{account}/people/{user}/stance", params(("account" = String, Path,), ("user" = String, Path,)), request_body = NewStance, responses((status = 204), (status = 422, body = super::super::error::Problem)))]
pub(super) async fn stance(
    State(app): State<Arc<App>>,
    Path((account, user)): Path<(String, String)>,
    Body(ask): Body<NewStance>,
) -> Answer<StatusCode> {
    let (keeper, user) = (app.accounts.get(&account)?, user_uri(&user)?);
    keeper
        .with(move |kept| {
            kept.agent.act(|client, now| client.set_stance(&user, ask.stance.into(), now))?;
            kept.tell_all(&Happening::Behind);
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

fn now(kept: &mut Kept) -> Answer<Boundaries> {
    let store = kept.store();
    let Reception { silence_unknown, strict } = boundaries::reception(&store)?;
    let mut people = Vec::new();
    for one in boundaries::kept(&store)? {
        people.push(KeptAway { person: seen(kept, &one.user)?, since: one.since.0 });
    }
    let hidden_words = boundaries::hidden_words(&store)?;
    Ok(Boundaries { people, silence_unknown, strict, hidden_words })
}
