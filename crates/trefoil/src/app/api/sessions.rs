//! Sessions of windows, and links that open one.

use super::{
    super::{
        App, PageLink,
        error::{Answer, Problem, ProblemCode},
        session::Who,
    },
    Body,
};
use axum::{
    Extension, Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// What opens a session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Launch {
    /// The token of the link that `trefoil app` opened.
    launch: String,
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
