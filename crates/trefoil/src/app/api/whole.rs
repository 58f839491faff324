//! Sessions, everything that the page starts from, settings, services, and the stream of what happens.

use super::{
    super::{
        App, PageLink,
        error::{Answer, Problem, ProblemCode},
        hub::Happening,
        session::Who,
        shape::{Account, Alarm, KnownService, Limits, State as Whole},
    },
    Body,
};
use crate::{
    person::{self, Place},
    settings::{Choice, Settings},
};
use axum::{
    Extension, Json,
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::broadcast;
use utoipa::ToSchema;

/// What opens a session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Launch {
    /// The token of the link that `trefoil app` opened.
    launch: String,
}

/// An address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Address {
    /// Of a service: `https://…`.
    url: String,
    /// Certificate authorities (PEM) to trust there instead of the public web's, or of what the suggestions name.
    #[serde(default)]
    ca: Option<String>,
}

/// Where a code is to go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CodeFor {
    /// Address of the service.
    url: String,
    /// Phone number in international form.
    number: String,
    /// Certificate authorities (PEM) to trust there instead of the public web's, or of what the suggestions name.
    #[serde(default)]
    ca: Option<String>,
}

/// What a window shows with each request, beside the cookie that comes with this.
#[derive(Serialize, ToSchema)]
pub(super) struct WindowKey {
    /// Goes into the header `X-Trefoil`, or, where a browser sets none, into the address as `key`.
    key: String,
}

/// Opens a session with a launch token; works once.
#[utoipa::path(post, path = "/session", request_body = Launch, responses((status = 200, body = WindowKey), (status = 401, body = Problem)))]
pub(super) async fn open_session(State(app): State<Arc<App>>, Body(ask): Body<Launch>) -> Answer<Response> {
    let opened = app.sessions.open(&ask.launch)?;
    let key = WindowKey { key: opened.key.to_string() };
    Ok(([(header::SET_COOKIE, opened.cookie)], Json(key)).into_response())
}

/// Ends the session.
#[utoipa::path(delete, path = "/session", responses((status = 204)))]
pub(super) async fn end_session(State(app): State<Arc<App>>, Extension(who): Extension<Who>) -> Response {
    let cookie = app.sessions.end(who);
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}

/// Makes another link to the page, for a script alone: it has the token file, as whoever ran `trefoil app` has. A window
/// cannot make sessions beside its own.
#[utoipa::path(post, path = "/launch", responses((status = 200, body = PageLink), (status = 403, body = Problem)))]
pub(super) async fn launch(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
) -> Answer<Json<PageLink>> {
    if who != Who::Script {
        let why = "a window makes no link to the page: run `trefoil app` for another";
        return Err(Problem::new(StatusCode::FORBIDDEN, ProblemCode::ScriptOnly, why));
    }
    Ok(Json(PageLink { link: app.link() }))
}

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

/// What a service says of itself.
#[utoipa::path(post, path = "/services/look", request_body = Address, responses((status = 200, body = KnownService), (status = 502, body = Problem)))]
pub(super) async fn look(
    State(app): State<Arc<App>>,
    Body(ask): Body<Address>,
) -> Answer<Json<KnownService>> {
    let (url, ca) = (ask.url.trim(), app.accounts.authority(ask.url.trim(), ask.ca.as_deref()));
    app.accounts.look(Place { service: url, ca: ca.as_deref() }).await.map(Json)
}

/// Has a service send a one-time code to a phone number. Whether it did is not told.
#[utoipa::path(post, path = "/codes", request_body = CodeFor, responses((status = 204), (status = 502, body = Problem)))]
pub(super) async fn code(State(app): State<Arc<App>>, Body(ask): Body<CodeFor>) -> Answer<StatusCode> {
    let ca = app.accounts.authority(ask.url.trim(), ask.ca.as_deref());
    let place = Place { service: ask.url.trim(), ca: ca.as_deref() };
    person::request_code(place, ask.number.trim()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What happens, as it happens: a WebSocket of `Happening` objects.
#[utoipa::path(get, path = "/events", responses((status = 101, body = Happening)))]
pub(super) async fn events(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Who>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.max_message_size(4096).on_upgrade(move |socket| tell(socket, app, who))
}

/// Until the window goes, or the session ends by which it was let in.
async fn tell(mut socket: WebSocket, app: Arc<App>, who: Who) {
    let (mut listening, mut endings) = (app.accounts.hub().listen(), app.sessions.endings());
    while app.sessions.lets(who) {
        let text = tokio::select! {
            heard = listening.recv() => match heard {
                Ok(text) => text,
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    serde_json::to_string(&Happening::Behind).unwrap_or_default().into()
                }
                Err(broadcast::error::RecvError::Closed) => break,
            },
            _ = endings.changed() => continue,
            // Windows say nothing here; what they send is read so that closing is seen.
            said = socket.recv() => match said {
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => break,
            },
        };
        if socket.send(Message::Text((&*text).into())).await.is_err() {
            break;
        }
    }
}
