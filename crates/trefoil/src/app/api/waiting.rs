//! Messages with files: taken into the store at once, sent when their files are with the service. What was taken does not end with
//! this process: it goes on with the next. What is refused waits for its writer's word.

use super::{
    super::{
        App,
        error::{Answer, Problem},
        files,
        keeper::Keeper,
        shape::{Waiting, WaitingRoom},
        waiting::{Again, Order, Place},
    },
    Body,
    files::blocking,
    messages::{NewMessage, draft},
    queue, room_uri,
};
use crate::clock;
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use data_encoding::BASE64URL_NOPAD;
use rand::RngCore as _;
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::oneshot;
use trefoil_client::attachment::{Parcel, ParcelId};
use trefoil_proto::RoomUri;
use utoipa::ToSchema;

/// Takes a message with files. It is kept when this is answered.
pub(super) async fn take(app: &Arc<App>, keeper: Keeper, room: RoomUri, ask: NewMessage) -> Answer<()> {
    let mut id = [0; 16];
    rand::rng().fill_bytes(&mut id);
    let files = ask.files.iter().map(|upload| files::parse(upload)).collect::<Answer<Vec<_>>>()?;
    let letter = serde_json::to_vec(&ask).map_err(|error| Problem::internal(error.to_string()))?;
    let parcel = Parcel { id: ParcelId(id), room: room.clone(), files, letter, taken: clock::now() };
    if !ask.text.trim().is_empty() {
        // What cannot be said is refused now, and not once its files are with the service.
        let place = room.clone();
        keeper.with(move |kept| draft(kept, &place, &ask, &[]).map(drop)).await?;
    }
    let app = Arc::clone(app);
    // Whoever asked may go in between: what is kept is sent all the same.
    let taken = tokio::spawn(async move {
        let (keeping, way) = (Arc::clone(&app), keeper.way.clone());
        blocking(move || keeping.files.keep(&way, &parcel)).await?;
        order(&app, keeper, room, Order::Look);
        Ok(())
    });
    taken.await.map_err(|error| Problem::internal(error.to_string()))?
}

/// Goes on with what an earlier process took.
pub fn resume(app: &Arc<App>) {
    for keeper in app.accounts.all() {
        if let Err(problem) = app.files.expire(&keeper.way) {
            tracing::warn!(problem = problem.message, "files that no message took are kept");
        }
        match app.files.waiting(&keeper.way) {
            Ok(parcels) => {
                for parcel in parcels {
                    order(app, keeper.clone(), parcel.room, Order::Look);
                }
            }
            Err(problem) => tracing::warn!(problem = problem.message, "messages with files wait unread"),
        }
    }
}

/// Messages of a room that wait for their files, in the order in which they go.
#[utoipa::path(get, path = "/accounts/{account}/rooms/{room}/waiting", params(("account" = String, Path,), ("room" = String, Path,)), responses((status = 200, body = Vec<Waiting>)))]
pub(super) async fn all(
    State(app): State<Arc<App>>,
    Path((account, room)): Path<(String, String)>,
) -> Answer<Json<Vec<Waiting>>> {
    let (keeper, room) = (app.accounts.get(&account)?, room_uri(&room)?);
    let place = (keeper.id.clone(), room);
    blocking(move || Ok(Json(shown(&app, &keeper, &parcels(&app, &keeper, &place)?)))).await
}

/// Messages of every account that wait for their files, by room.
#[utoipa::path(get, path = "/waiting", responses((status = 200, body = Vec<WaitingRoom>)))]
pub(super) async fn everywhere(State(app): State<Arc<App>>) -> Answer<Json<Vec<WaitingRoom>>> {
    blocking(move || {
        let mut rooms = Vec::new();
        for keeper in app.accounts.all() {
            let mut by_room: BTreeMap<String, Vec<Parcel>> = BTreeMap::new();
            for parcel in app.files.waiting(&keeper.way)? {
                by_room.entry(parcel.room.to_string()).or_default().push(parcel);
            }
            rooms.extend(by_room.into_iter().map(|(room, parcels)| {
                let waiting = shown(&app, &keeper, &parcels);
                WaitingRoom { account: keeper.id.clone(), room, waiting }
            }));
        }
        Ok(Json(rooms))
    })
    .await
}

/// How it is tried again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TryAgain {
    /// With where and when its pictures were taken, if that cannot be taken out of them.
    #[serde(default)]
    whole: bool,
}

/// Tries one again that could not be sent, now.
#[utoipa::path(post, path = "/accounts/{account}/rooms/{room}/waiting/{waiting}/again", params(("account" = String, Path,), ("room" = String, Path,), ("waiting" = String, Path,)), request_body = TryAgain, responses((status = 204)))]
pub(super) async fn again(
    State(app): State<Arc<App>>,
    Path((account, room, waiting)): Path<(String, String, String)>,
    Body(ask): Body<TryAgain>,
) -> Answer<StatusCode> {
    let (keeper, room, id) = (app.accounts.get(&account)?, room_uri(&room)?, parse(&waiting)?);
    let how = if ask.whole { Again::Whole } else { Again::AsItWas };
    order(&app, keeper, room, Order::Again(id, how));
    Ok(StatusCode::NO_CONTENT)
}

/// Gives one up, its files with it.
#[utoipa::path(delete, path = "/accounts/{account}/rooms/{room}/waiting/{waiting}", params(("account" = String, Path,), ("room" = String, Path,), ("waiting" = String, Path,)), responses((status = 204), (status = 404, body = Problem)))]
pub(super) async fn give_up(
    State(app): State<Arc<App>>,
    Path((account, room, waiting)): Path<(String, String, String)>,
) -> Answer<StatusCode> {
    let (keeper, room, id) = (app.accounts.get(&account)?, room_uri(&room)?, parse(&waiting)?);
    let (say, hear) = oneshot::channel();
    order(&app, keeper, room, Order::GiveUp(id, say));
    hear.await.map_err(|_| Problem::internal("whoever was to give it up failed"))??;
    Ok(StatusCode::NO_CONTENT)
}

fn order(app: &Arc<App>, keeper: Keeper, room: RoomUri, order: Order) {
    let place = (keeper.id.clone(), room);
    app.waiting.order(&place, order, |orders| {
        tokio::spawn(queue::work(Arc::clone(app), keeper, place.clone(), orders));
    });
}

/// Those of a room.
pub(super) fn parcels(app: &App, keeper: &Keeper, (_, room): &Place) -> Answer<Vec<Parcel>> {
    let all = app.files.waiting(&keeper.way)?;
    Ok(all.into_iter().filter(|parcel| parcel.room == *room).collect())
}

/// The same for the windows. Files that cannot be read are left out: they are said to be missing when they should go.
pub(super) fn shown(app: &App, keeper: &Keeper, parcels: &[Parcel]) -> Vec<Waiting> {
    let shown = parcels.iter().map(|parcel| {
        let said = letter(parcel).unwrap_or_default();
        let there = parcel.files.iter().filter_map(|id| app.files.progress(&keeper.way, *id).ok());
        let trouble = app.waiting.trouble(&keeper.id, parcel.id);
        Waiting {
            waiting: BASE64URL_NOPAD.encode(&parcel.id.0),
            text: said.text,
            files: there.collect(),
            taken: parcel.taken.0,
            reply_to: said.reply_to,
            view_once: said.view_once,
            held: trouble.as_ref().is_some_and(|trouble| trouble.held),
            problem: trouble.map(|trouble| trouble.problem),
        }
    });
    shown.collect()
}

/// What a message says.
///
/// # Errors
/// Another version of this program kept it.
pub(super) fn letter(parcel: &Parcel) -> Answer<NewMessage> {
    serde_json::from_slice(&parcel.letter)
        .map_err(|error| Problem::unusable(format!("it was kept by another version: {error}")))
}

fn parse(waiting: &str) -> Answer<ParcelId> {
    let bytes = BASE64URL_NOPAD.decode(waiting.as_bytes()).ok();
    let id = bytes.and_then(|bytes| bytes.try_into().ok()).map(ParcelId);
    id.ok_or_else(|| Problem::not_found("no such message waits"))
}
