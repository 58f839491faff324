//! The local API: what the page asks, and what scripts can. One file an area; each handler is described where it stands,
//! and `docs/openapi.json` is made from that.

mod accounts;
mod alarms;
mod auditing;
mod boundaries;
mod codes;
mod communities;
mod events;
mod export;
mod files;
mod links;
mod messages;
mod minors;
mod once;
mod people;
mod pictures;
mod pin;
mod queue;
mod range;
mod recovery;
mod reports;
mod rooms;
mod search;
mod services;
mod sessions;
mod state;
mod timeline;
mod waiting;

pub use waiting::resume;

use super::{
    App,
    error::{Answer, Problem, ProblemCode},
};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Query, Request, rejection::JsonRejection},
    http::request::Parts,
};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use trefoil_proto::{RoomUri, UserUri, content::MessageId};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Most bytes of a JSON request.
const BODY: usize = 256 * 1024;
/// Most bytes of a picture that is made small.
const PICTURE: usize = 8 * 1024 * 1024;
/// Most bytes of a piece of a file.
const PIECE: usize = 4 * 1024 * 1024;

#[derive(OpenApi)]
#[openapi(info(
    title = "Trefoil, local API",
    version = "1",
    license(name = "Apache-2.0", identifier = "Apache-2.0"),
    description = "What `trefoil app` offers its page, and scripts that show the token of the file `app-token`. See docs/local-api.md."
))]
struct Api;

/// Every path, with its description.
fn described() -> OpenApiRouter<Arc<App>> {
    let json = OpenApiRouter::new()
        .routes(routes!(sessions::open_session, sessions::end_session))
        .routes(routes!(sessions::launch))
        .routes(routes!(state::state))
        .routes(routes!(state::settings))
        .routes(routes!(services::look))
        .routes(routes!(services::code))
        .routes(routes!(events::events))
        .routes(routes!(accounts::register))
        .routes(routes!(links::request))
        .routes(routes!(links::wait))
        .routes(routes!(links::all))
        .routes(routes!(links::look))
        .routes(routes!(links::compared))
        .routes(routes!(links::name))
        .routes(routes!(export::export))
        .routes(routes!(once::timer))
        .routes(routes!(once::close))
        .routes(routes!(once::open))
        .routes(routes!(accounts::rename))
        .routes(routes!(accounts::card))
        .routes(routes!(accounts::devices, links::approve))
        .routes(routes!(accounts::remove_device))
        .routes(routes!(accounts::give_pass))
        .routes(routes!(accounts::directories))
        .routes(routes!(alarms::seen))
        .routes(routes!(auditing::auditing, auditing::choose))
        .routes(routes!(people::find))
        .routes(routes!(people::find_numbers))
        .routes(routes!(people::person))
        .routes(routes!(people::safety))
        .routes(routes!(people::verify))
        .routes(routes!(people::accept_key))
        .routes(routes!(boundaries::all, boundaries::choose))
        .routes(routes!(boundaries::stance))
        .routes(routes!(minors::all))
        .routes(routes!(minors::link))
        .routes(routes!(minors::accept))
        .routes(routes!(minors::open, minors::release))
        .routes(routes!(rooms::all))
        .routes(routes!(rooms::create))
        .routes(routes!(rooms::join))
        .routes(routes!(rooms::detail))
        .routes(routes!(rooms::rename))
        .routes(routes!(rooms::announcement))
        .routes(routes!(communities::create))
        .routes(routes!(communities::add))
        .routes(routes!(communities::remove))
        .routes(routes!(communities::join))
        .routes(routes!(pictures::of_person))
        .routes(routes!(rooms::add))
        .routes(routes!(rooms::remove))
        .routes(routes!(rooms::make_admin))
        .routes(routes!(rooms::leave))
        .routes(routes!(rooms::invite))
        .routes(routes!(rooms::take_back))
        .routes(routes!(rooms::mark))
        .routes(routes!(rooms::ask_again))
        .routes(routes!(reports::report))
        .routes(routes!(reports::gone))
        .routes(routes!(reports::made))
        .routes(routes!(reports::appeal_report))
        .routes(routes!(reports::decisions))
        .routes(routes!(reports::appeal_decision))
        .routes(routes!(search::search))
        .routes(routes!(timeline::timeline))
        .routes(routes!(timeline::read))
        .routes(routes!(timeline::history))
        .routes(routes!(messages::send))
        .routes(routes!(waiting::everywhere))
        .routes(routes!(waiting::all))
        .routes(routes!(waiting::again))
        .routes(routes!(waiting::give_up))
        .routes(routes!(messages::edit))
        .routes(routes!(messages::unsend))
        .routes(routes!(messages::react))
        .routes(routes!(messages::forward))
        .routes(routes!(messages::retry))
        .routes(routes!(messages::discard))
        .routes(routes!(messages::ask))
        .routes(routes!(messages::vote))
        .routes(routes!(messages::typing))
        .routes(routes!(recovery::make_code, recovery::backup))
        .routes(routes!(recovery::confirm))
        .routes(routes!(pin::state, pin::set, pin::remove))
        .routes(routes!(recovery::recover))
        .routes(routes!(recovery::recover_by_pin))
        .routes(routes!(files::begin, files::all))
        .routes(routes!(files::progress, files::forget))
        .routes(routes!(files::fetch))
        .routes(routes!(files::picture))
        .layer(DefaultBodyLimit::max(BODY));
    let pieces = OpenApiRouter::new()
        .routes(routes!(files::append))
        .routes(routes!(codes::scan))
        .layer(DefaultBodyLimit::max(PIECE));
    let pictures = OpenApiRouter::new()
        .routes(routes!(pictures::own, pictures::set_own, pictures::forget_own))
        .routes(routes!(pictures::of_room, pictures::set_room, pictures::forget_room))
        .layer(DefaultBodyLimit::max(PICTURE));
    OpenApiRouter::with_openapi(Api::openapi()).nest("/api/v1", json.merge(pieces).merge(pictures))
}

/// The handlers.
pub(super) fn router() -> Router<Arc<App>> {
    described().into()
}

/// The description, as `docs/openapi.json` holds it.
pub fn document() -> String {
    let mut text = described().into_openapi().to_pretty_json().expect("a description is always JSON");
    text.push('\n');
    text
}

/// A JSON body; what cannot be read becomes a problem like any other.
struct Body<T>(T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read: Result<Json<T>, JsonRejection> = Json::from_request(request, state).await;
        match read {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(Problem::unusable(rejection.body_text())),
        }
    }
}

/// What stands in the address behind `?`; what cannot be read becomes a problem like any other.
struct Params<T>(T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(Problem::unusable(rejection.body_text())),
        }
    }
}

fn room_uri(raw: &str) -> Answer<RoomUri> {
    raw.parse().map_err(|_| Problem::not_found("that is no room"))
}

fn user_uri(raw: &str) -> Answer<UserUri> {
    raw.trim().parse().map_err(|_| {
        Problem::because(
            ProblemCode::NoPerson,
            format!("{} is no person: give the URI of their card", raw.trim()),
        )
    })
}

fn users(raw: &[String]) -> Answer<Vec<UserUri>> {
    raw.iter().map(|one| user_uri(one)).collect()
}

fn message_id(raw: &str) -> Answer<MessageId> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(raw.as_bytes()).ok();
    let id = bytes.and_then(|bytes| MessageId::from_slice(&bytes).ok());
    id.ok_or_else(|| Problem::not_found("that is no message"))
}
