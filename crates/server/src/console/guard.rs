//! What stands before every request of the console: its own name, its own page or a command line, a session.

use super::{Console, error::Problem, team::leads};
use crate::staff::{Member, StaffError};
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use std::sync::Arc;

/// What the cookie of a browser's session is called, before its port.
const COOKIE: &str = "trefoil-desk";

/// Nothing is loaded from elsewhere, nobody frames it. Reported pictures come from this port, and are shown by the page only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src blob:; connect-src 'self'; \
    font-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; \
    trusted-types 'none'";

/// Lets through what may pass, and marks every answer.
pub(super) async fn guard(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    let mut response = match console.may_pass(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// There is nothing at this path.
pub(super) async fn no_such_path() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not-found", "the console has no such address")
}

/// Somebody of the team who is signed in.
pub(super) struct Signed(pub(super) Member);

impl FromRequestParts<Arc<Console>> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, Problem> {
        let token = console.token(&parts.headers).ok_or(StaffError::NoSession)?;
        Ok(Self(console.staff.whose(token, console.now())?))
    }
}

/// A lead who is signed in: asked before the body of a request is read.
pub(super) struct LeadSigned(pub(super) Member);

impl FromRequestParts<Arc<Console>> for LeadSigned {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, Problem> {
        let Signed(who) = Signed::from_request_parts(parts, console).await?;
        leads(&who)?;
        Ok(Self(who))
    }
}

impl Console {
    /// DNS rebinding and pages elsewhere end here: another host's name, a change that another origin's page asks for.
    fn may_pass(&self, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
        let own_host = self.settings.origin.split_once("://").map_or("", |(_, host)| host);
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        // HTTP/2 has its host in the address.
        if host.is_some_and(|host| host != own_host) {
            let why = format!("this console answers as {} only", self.settings.origin);
            return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "other-host", why));
        }
        let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("?"));
        let from_elsewhere = origin.is_some_and(|origin| origin != self.settings.origin);
        // A browser that changes something says where from; a command line shows its session otherwise.
        let changes = !matches!(*method, Method::GET | Method::HEAD);
        let by_cookie = headers.contains_key(header::COOKIE) && !headers.contains_key(header::AUTHORIZATION);
        if from_elsewhere || (changes && by_cookie && origin.is_none()) {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "other-site",
                "this request comes from another site",
            ));
        }
        Ok(())
    }

    /// The session that somebody shows: a browser its cookie, the command line a header.
    pub(super) fn token<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        if let Some(shown) = headers.get(header::AUTHORIZATION) {
            return shown.to_str().ok()?.strip_prefix("Bearer ");
        }
        let own = self.cookie_name();
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == own).map(|(_, value)| value)
    }

    /// A browser sends a cookie to every port of a host: consoles of several services on one machine have one each. Under `https` no
    /// other host can set it.
    fn cookie_name(&self) -> String {
        let origin = &self.settings.origin;
        let port = origin.rsplit_once(':').map(|(_, port)| port).filter(|port| port.parse::<u16>().is_ok());
        let prefix = if origin.starts_with("https://") { "__Host-" } else { "" };
        match port {
            Some(port) => format!("{prefix}{COOKIE}-{port}"),
            None => format!("{prefix}{COOKIE}"),
        }
    }

    /// The cookie of a session; `None` ends it.
    pub(super) fn cookie(&self, token: Option<&str>) -> HeaderValue {
        let secure = if self.settings.origin.starts_with("https://") { "; Secure" } else { "" };
        let (value, ends) = match token {
            Some(token) => (token, ""),
            None => ("", "; Max-Age=0"),
        };
        let name = self.cookie_name();
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{ends}");
        HeaderValue::from_str(&text).expect("base64url and fixed text are a header")
    }
}
