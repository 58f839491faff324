//! What stands before every request: the server answers to its own name on loopback only (or DNS rebinding would let a
//! website in), changes come from its own page or from a script, and nobody without a session gets anything but the page.

use super::{
    App,
    error::{Problem, ProblemCode},
    session::{self, Who},
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use std::sync::Arc;

/// What changes something must bear this header, which no form and no link of another site can set. A window puts its key in
/// it, into what reads too; a script puts anything.
pub const MARK: HeaderName = HeaderName::from_static("x-trefoil");

/// Nothing is loaded from elsewhere, nothing runs that is not a file of this program, no string becomes markup or script,
/// and nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; \
    connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

/// Lets through what may pass, and marks every answer.
pub async fn guard(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let of_api = is_api(request.uri());
    let mut response = match check(&app, request.method(), request.uri(), request.headers()) {
        Err(problem) => problem.into_response(),
        Ok(who) => {
            if let Some(who) = who {
                request.extensions_mut().insert(who);
            }
            session::take_key(request.uri_mut());
            next.run(request).await
        }
    };
    mark(response.headers_mut(), of_api);
    response
}

/// Says what a browser must not do with an answer. Nothing of the API is ever kept by one: what is shown of messages, people
/// and rooms would lie on its disk in clear.
fn mark(headers: &mut HeaderMap, of_api: bool) {
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(self), geolocation=(), microphone=(self)"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    let unkept = HeaderValue::from_static("no-store");
    if of_api {
        headers.insert(header::CACHE_CONTROL, unkept);
    } else {
        headers.entry(header::CACHE_CONTROL).or_insert(unkept);
    }
}

fn is_api(uri: &Uri) -> bool {
    uri.path().starts_with("/api/")
}

/// Who asks, if it is known and the request may pass.
fn check(app: &App, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Option<Who>, Problem> {
    // What is there and is no text is no absent one.
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(header::HOST).unwrap_or_default();
    if !app.hosts.iter().any(|own| own == host) {
        let why = "this server answers on this machine, under its own name, only";
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, ProblemCode::OtherHost, why));
    }
    let foreign = || {
        let why = "this request comes from another site, and was refused";
        Problem::new(StatusCode::FORBIDDEN, ProblemCode::OtherOrigin, why)
    };
    let origin = text(header::ORIGIN);
    if origin.is_some_and(|origin| origin.strip_prefix("http://") != Some(host)) {
        return Err(foreign());
    }
    let api = is_api(uri);
    let site = text(HeaderName::from_static("sec-fetch-site"));
    // A page that leads here may be anywhere; its scripts may not.
    if api && site.is_some_and(|site| site != "same-origin" && site != "none") {
        return Err(foreign());
    }
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if !reads && headers.get(&MARK).is_none() {
        let why = "a request that changes something needs the header X-Trefoil: 1";
        return Err(Problem::new(StatusCode::FORBIDDEN, ProblemCode::Unmarked, why));
    }
    let who = app.sessions.who(uri, headers);
    // A browser names the origin of every WebSocket; scripts have no cookie to lose.
    if headers.contains_key(header::UPGRADE) && who != Some(Who::Script) && origin.is_none() {
        return Err(foreign());
    }
    let opens = uri.path() == "/api/v1/session" && *method == Method::POST;
    if api && !opens && who.is_none() {
        let why = match headers.contains_key(header::AUTHORIZATION) {
            true => "this is not the token of the process that runs now: read the file app-token again",
            false => {
                "this window is not signed in: run `trefoil app` again, and use the window that it opens"
            }
        };
        return Err(Problem::new(StatusCode::UNAUTHORIZED, ProblemCode::NoSession, why));
    }
    Ok(who)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn no_answer_of_the_api_is_kept_by_a_browser_whatever_its_handler_says() {
        let document: serde_json::Value = serde_json::from_str(&crate::app::document()).unwrap();
        let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
        assert!(paths.iter().any(|path| path.ends_with("/picture")), "{paths:?}");
        let kept = HeaderValue::from_static("private, max-age=3600");
        let marked = |path: &str| {
            let mut headers = HeaderMap::from_iter([(header::CACHE_CONTROL, kept.clone())]);
            mark(&mut headers, is_api(&path.replace(['{', '}'], "").parse().unwrap()));
            headers[header::CACHE_CONTROL].clone()
        };
        for path in paths {
            assert_eq!(marked(path), "no-store", "{path}");
        }
        assert_eq!(marked("/assets/page-1a2b.js"), kept);
    }
}
