//! Coming into the team and signing in: with a passkey in a browser, with a key on the command line.

use super::{
    Console,
    error::Problem,
    guard::Signed,
    rates::{Anyone, Beginner},
    shape::SessionView,
};
use crate::staff::{Member, StaffError, StaffName};
use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use zeroize::Zeroizing;

type Asked<T> = Result<Json<T>, JsonRejection>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WithPasskey {
    code: String,
    /// The `RegistrationResponseJSON` of WebAuthn.
    passkey: Box<serde_json::value::RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WithKey {
    code: String,
    /// Ed25519 public key, base64url.
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignedChallenge {
    name: StaffName,
    challenge: String,
    signature: String,
}

#[derive(Serialize)]
struct Begun<'a> {
    name: &'a StaffName,
    options: &'a serde_json::value::RawValue,
}

#[derive(Serialize)]
pub(super) struct Challenge {
    challenge: String,
}

/// `POST /api/join/begin`: whom an invitation is for, and what a browser needs to make a passkey.
pub(super) async fn begin_joining(
    State(console): State<Arc<Console>>,
    _: Beginner,
    asked: Asked<Code>,
) -> Result<Response, Problem> {
    let (name, options) = console.staff.begin_joining(&asked?.code, console.now()).await?;
    let options: Box<serde_json::value::RawValue> =
        serde_json::from_slice(&options).map_err(|_| StaffError::Encode)?;
    Ok(Json(Begun { name: &name, options: &options }).into_response())
}

/// `POST /api/join/passkey`.
pub(super) async fn join_with_passkey(
    State(console): State<Arc<Console>>,
    _: Anyone,
    asked: Asked<WithPasskey>,
) -> Result<Response, Problem> {
    let Json(WithPasskey { code, passkey }) = asked?;
    let joined = console.staff.join_with_passkey(&code, passkey.get().as_bytes(), console.now()).await?;
    Ok(console.signed_in(joined, true))
}

/// `POST /api/join/key`.
pub(super) async fn join_with_key(
    State(console): State<Arc<Console>>,
    _: Anyone,
    asked: Asked<WithKey>,
) -> Result<Response, Problem> {
    let Json(WithKey { code, key }) = asked?;
    let joined = console.staff.join_with_key(&code, &bytes(&key)?, console.now()).await?;
    Ok(console.signed_in(joined, false))
}

/// `POST /api/session/begin`: what a browser needs to show a passkey.
pub(super) async fn begin_entering(
    State(console): State<Arc<Console>>,
    _: Beginner,
) -> Result<Response, Problem> {
    let options = console.staff.begin_entering()?;
    Ok(([(header::CONTENT_TYPE, "application/json")], options).into_response())
}

/// `POST /api/session/passkey`: an `AuthenticationResponseJSON` of WebAuthn.
pub(super) async fn enter_with_passkey(
    State(console): State<Arc<Console>>,
    _: Anyone,
    answer: Bytes,
) -> Result<Response, Problem> {
    let entered = console.staff.enter_with_passkey(&answer, console.now()).await;
    if matches!(entered, Err(StaffError::NotProven))
        && let Some(name) = console.staff.named_by_passkey(&answer).await?
    {
        console.note_failure(&name).await?;
    }
    Ok(console.signed_in(entered?, true))
}

/// `POST /api/session/challenge`: what a key of the command line is to sign.
pub(super) async fn challenge(State(console): State<Arc<Console>>, _: Anyone) -> Json<Challenge> {
    Json(Challenge { challenge: BASE64URL_NOPAD.encode(&console.staff.challenge(console.now())) })
}

/// `POST /api/session/key`.
pub(super) async fn enter_with_key(
    State(console): State<Arc<Console>>,
    _: Anyone,
    asked: Asked<SignedChallenge>,
) -> Result<Response, Problem> {
    let Json(SignedChallenge { name, challenge, signature }) = asked?;
    let (challenge, signature) = (bytes(&challenge)?, bytes(&signature)?);
    let entered = console.staff.enter_with_key(&name, &challenge, &signature, console.now()).await;
    if matches!(entered, Err(StaffError::NotProven)) {
        console.note_failure(&name).await?;
    }
    Ok(console.signed_in(entered?, false))
}

/// `GET /api/session`: who is signed in.
pub(super) async fn session(
    State(console): State<Arc<Console>>,
    Signed(member): Signed,
) -> Json<SessionView> {
    Json(SessionView::of(&member, &console.settings.domain, None))
}

/// `DELETE /api/session`.
pub(super) async fn leave(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    if let Some(token) = console.token(&headers) {
        console.staff.leave(token);
    }
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, console.cookie(None))]).into_response()
}

impl Console {
    /// Somebody did not prove to be who is or was of the team: that stands in the trail, once a minute at most. A name that nobody
    /// has is not written down.
    async fn note_failure(&self, name: &StaffName) -> Result<(), Problem> {
        let now = self.now();
        if self.staff.knows(name).await? && self.rates.notes_failure(name, now) {
            self.staff.note_failure(name, now).await?;
        }
        Ok(())
    }

    /// A browser keeps its session in a cookie that no script reads; a command line is told it.
    fn signed_in(&self, (member, token): (Member, Zeroizing<String>), browser: bool) -> Response {
        if browser {
            let view = SessionView::of(&member, &self.settings.domain, None);
            ([(header::SET_COOKIE, self.cookie(Some(&token)))], Json(view)).into_response()
        } else {
            Json(SessionView::of(&member, &self.settings.domain, Some(token.to_string()))).into_response()
        }
    }
}

fn bytes<const N: usize>(text: &str) -> Result<[u8; N], Problem> {
    let decoded = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
    decoded
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| Problem::malformed("not base64url of the right length"))
}
