//! Whose word on the key directories counts, and whether they are believed.

use super::{
    super::{
        App,
        error::{Answer, Problem},
        keeper::Kept,
    },
    Body,
};
use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};
use trefoil_proto::Domain;
use utoipa::ToSchema;

/// How the key directories are believed.
#[derive(Serialize, ToSchema)]
pub(super) struct Auditing {
    /// So many services other than its own must vouch for a directory.
    needed: usize,
    /// Why the directory's word on this person's own devices is not believed; none if it is proven.
    own_entry_refused: Option<String>,
}

/// One thing that is to be chosen anew.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditingChoice {
    /// So many services other than its own must vouch for a directory; with 0 one is believed that nobody but its service
    /// has looked at.
    #[serde(default)]
    needed: Option<usize>,
    /// Only the word of these services counts, by domain, under the keys that are kept of them now; with an empty list, that
    /// of every service that the own one names.
    #[serde(default)]
    vouched_by: Option<Vec<String>>,
    /// A directory, by domain, that is believed again although it showed two faces. The evidence is kept.
    #[serde(default)]
    believe_again: Option<String>,
}

/// How the key directories are believed.
#[utoipa::path(get, path = "/accounts/{account}/auditing", params(("account" = String, Path,)), responses((status = 200, body = Auditing)))]
pub(super) async fn auditing(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
) -> Answer<Json<Auditing>> {
    app.accounts.get(&account)?.with(now).await.map(Json)
}

/// Chooses whose word counts: one of the fields in each request, so that what is refused changed nothing.
#[utoipa::path(post, path = "/accounts/{account}/auditing", params(("account" = String, Path,)), request_body = AuditingChoice, responses((status = 200, body = Auditing), (status = 422, body = Problem)))]
pub(super) async fn choose(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<AuditingChoice>,
) -> Answer<Json<Auditing>> {
    let named = ask.vouched_by.as_deref().map(domains).transpose()?;
    let again = ask.believe_again.as_deref().map(domain).transpose()?;
    if [ask.needed.is_some(), named.is_some(), again.is_some()].into_iter().filter(|given| *given).count()
        != 1
    {
        return Err(Problem::unusable(
            "choose one thing in each request: needed, vouched_by or believe_again",
        ));
    }
    let keeper = app.accounts.get(&account)?;
    keeper
        .with(move |kept| {
            if let Some(needed) = ask.needed {
                kept.agent.act(|client, now| client.set_auditors_needed(needed, now))?;
            }
            if let Some(named) = named {
                kept.agent.act(|client, now| client.name_auditors(&named, now))?;
            }
            if let Some(directory) = again {
                kept.agent.act(|client, now| client.believe_again(&directory, now))?;
            }
            now(kept)
        })
        .await
        .map(Json)
}

fn now(kept: &mut Kept) -> Answer<Auditing> {
    Ok(Auditing {
        needed: kept.agent.client.auditors_needed()?,
        own_entry_refused: kept.agent.client.own_entry_refused()?.map(|reason| reason.to_string()),
    })
}

fn domains(raw: &[String]) -> Answer<BTreeSet<Domain>> {
    raw.iter().map(|one| domain(one)).collect()
}

pub(super) fn domain(raw: &str) -> Answer<Domain> {
    raw.trim()
        .parse()
        .map_err(|_| Problem::unusable(format!("{} is not the domain of a service", raw.trim())))
}
