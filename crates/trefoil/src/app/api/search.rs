//! Search over everything that is on this device.

use super::{
    super::{
        App,
        error::{Answer, Problem},
        shape,
    },
    Params, room_uri,
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};
use trefoil_client::conversation;
use utoipa::{IntoParams, ToSchema};

/// Hits in one answer.
const MOST: usize = 100;
const USUAL: usize = 30;

/// What is searched for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Words; all of them are wanted, the last one may be a beginning.
    q: String,
    /// In this account only.
    account: Option<String>,
    /// In this room only.
    room: Option<String>,
    /// How many, at most 100.
    limit: Option<usize>,
    /// Those before this place: where an earlier answer for the same account ended.
    after: Option<String>,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub(super) struct Found {
    /// Newest first.
    hits: Vec<Hit>,
    /// There are more.
    more: bool,
    /// Where to go on, if one account was searched and there are more.
    next: Option<String>,
}

/// A message that was found.
#[derive(Serialize, ToSchema)]
pub(super) struct Hit {
    /// The account.
    account: String,
    /// The room.
    room: String,
    /// What the room is called.
    room_title: String,
    /// The message.
    message: String,
    /// Where it stands.
    position: String,
    /// When the hub accepted it, in milliseconds since the UNIX epoch.
    at: u64,
    /// Who said it: the name that they gave, or their URI.
    sender: String,
    /// What surrounds the first word that was found.
    excerpt: Vec<Piece>,
}

/// A piece of an excerpt.
#[derive(Serialize, ToSchema)]
pub(super) struct Piece {
    /// What it says.
    text: String,
    /// It was searched for.
    hit: bool,
}

/// Searches everything that is on this device; no service learns of it.
#[utoipa::path(get, path = "/search", params(Wanted), responses((status = 200, body = Found)))]
pub(super) async fn search(
    State(app): State<Arc<App>>,
    Params(wanted): Params<Wanted>,
) -> Answer<Json<Found>> {
    let room = wanted.room.as_deref().map(room_uri).transpose()?;
    let after = wanted
        .after
        .as_deref()
        .map(|after| after.parse().map_err(|_| Problem::unusable("that is no place in what was found")));
    let after: Option<conversation::SearchCursor> = after.transpose()?;
    let limit = wanted.limit.unwrap_or(USUAL).clamp(1, MOST);
    let keepers = match &wanted.account {
        Some(account) => vec![app.accounts.get(account)?],
        None => app.accounts.working(),
    };
    let alone = keepers.len() == 1;
    let mut found = Found { hits: Vec::new(), more: false, next: None };
    for keeper in keepers {
        let (words, room) = (wanted.q.clone(), room.clone());
        let (hits, next) = keeper
            .with(move |kept| {
                let store = kept.store();
                let found = conversation::search(&store, &words, room.as_ref(), after, limit)?;
                let (mut hits, mut titles) = (Vec::new(), BTreeMap::new());
                for hit in found.hits {
                    if !titles.contains_key(&hit.room) {
                        let listed = shape::room(&mut kept.agent.client, &kept.id, &hit.room)?;
                        titles.insert(hit.room.clone(), listed.map(|room| room.title).unwrap_or_default());
                    }
                    let name = conversation::profile(&store, &hit.room, &hit.sender)?;
                    hits.push(Hit {
                        account: kept.id.clone(),
                        room: hit.room.to_string(),
                        room_title: titles[&hit.room].clone(),
                        message: hit.message.to_string(),
                        position: hit.position.to_string(),
                        at: hit.accepted.0,
                        sender: name.unwrap_or_else(|| hit.sender.to_string()),
                        excerpt: hit
                            .excerpt
                            .into_iter()
                            .map(|(text, hit)| Piece { text: shape::inert(&text), hit })
                            .collect(),
                    });
                }
                Ok((hits, found.next.map(|next| next.to_string())))
            })
            .await?;
        found.more |= next.is_some();
        found.next = next.filter(|_| alone);
        found.hits.extend(hits);
    }
    found.hits.sort_by_cached_key(|hit| Reverse(hit.position.clone()));
    found.more |= found.hits.len() > limit;
    found.hits.truncate(limit);
    Ok(Json(found))
}
