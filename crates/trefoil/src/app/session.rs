//! Who may talk to the local server: the browser that was opened with the launch token, and scripts that read the token
//! file. Tokens are 32 random bytes, compared in constant time; sessions live as long as the process.

use super::error::{Problem, ProblemCode};
use axum::http::{HeaderMap, StatusCode, header};
use data_encoding::BASE64URL_NOPAD;
use rand::RngCore as _;
use std::sync::{Mutex, PoisonError};
use subtle::ConstantTimeEq as _;
use tokio::sync::watch;
use zeroize::Zeroizing;

/// Name of the session's cookie. Cookies are not kept apart by port, so it has the port in it.
const COOKIE: &str = "trefoil-session";
/// Sessions at once: each window of the same browser shares one.
const SESSIONS: usize = 16;

/// 32 random bytes as text.
pub type Token = Zeroizing<String>;

/// The tokens of one process.
pub struct Sessions {
    port: u16,
    launch: Mutex<Vec<Token>>,
    script: Token,
    open: Mutex<Vec<Token>>,
    /// Changes whenever a session has ended.
    ended: watch::Sender<()>,
}

impl Sessions {
    /// None is open yet.
    pub fn new(port: u16) -> Self {
        Self {
            port,
            launch: Mutex::default(),
            script: token(),
            open: Mutex::default(),
            ended: watch::Sender::new(()),
        }
    }

    /// A token that opens one session, once.
    pub fn launch(&self) -> Token {
        let made = token();
        let mut waiting = self.launch.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= SESSIONS {
            waiting.remove(0);
        }
        waiting.push(made.clone());
        made
    }

    /// The token for scripts.
    pub fn script(&self) -> &Token {
        &self.script
    }

    /// Opens a session with a launch token, which is used up; gives the cookie.
    ///
    /// # Errors
    /// The token is none, or was used.
    pub fn open(&self, launch: &str) -> Result<String, Problem> {
        let mut waiting = self.launch.lock().unwrap_or_else(PoisonError::into_inner);
        let found = waiting.iter().position(|token| same(token, launch));
        let Some(found) = found else {
            return Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                ProblemCode::LaunchUsed,
                "this link was used already, or is not from this program: run `trefoil app` again",
            ));
        };
        waiting.remove(found);
        let session = token();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= SESSIONS {
            open.remove(0);
            self.ended.send_replace(());
        }
        open.push(session.clone());
        Ok(self.cookie(&session, ""))
    }

    /// Ends the session of a request; gives the cookie that clears the browser's.
    pub fn end(&self, headers: &HeaderMap) -> String {
        if let Some(session) = self.presented(headers) {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.retain(|token| !same(token, session));
            self.ended.send_replace(());
        }
        self.cookie("", "; Max-Age=0")
    }

    /// Whether a request is by a script, which has read the token file.
    pub fn is_script(&self, headers: &HeaderMap) -> bool {
        bearer(headers).is_some_and(|bearer| same(&self.script, bearer))
    }

    /// Whether a request is by the page of an open session, or by a script.
    pub fn allows(&self, headers: &HeaderMap) -> bool {
        if let Some(bearer) = bearer(headers) {
            return same(&self.script, bearer);
        }
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        self.presented(headers).is_some_and(|session| open.iter().any(|token| same(token, session)))
    }

    /// Changes whenever a session has ended: whoever goes on serving one asks [`Self::allows`] anew then.
    pub fn endings(&self) -> watch::Receiver<()> {
        self.ended.subscribe()
    }

    fn presented<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let name = format!("{COOKIE}-{}=", self.port);
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        cookies.flat_map(|cookies| cookies.split("; ")).find_map(|cookie| cookie.strip_prefix(name.as_str()))
    }

    fn cookie(&self, session: &str, more: &str) -> String {
        format!("{COOKIE}-{}={session}; Path=/; HttpOnly; SameSite=Strict{more}", self.port)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn token() -> Token {
    let mut bytes = Zeroizing::new([0; 32]);
    rand::rng().fill_bytes(&mut *bytes);
    Zeroizing::new(BASE64URL_NOPAD.encode(&*bytes))
}

fn same(token: &Token, given: &str) -> bool {
    token.as_bytes().ct_eq(given.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::http::HeaderValue;

    fn with(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_launch_token_opens_one_session_once() {
        let sessions = Sessions::new(7);
        let launch = sessions.launch();
        assert!(sessions.open("wrong").is_err());
        let cookie = sessions.open(&launch).unwrap();
        assert!(sessions.open(&launch).is_err(), "it was used");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        let pair = cookie.split(';').next().unwrap();
        let headers = with(header::COOKIE, &format!("other=1; {pair}"));
        assert!(sessions.allows(&headers));
        assert!(!sessions.is_script(&headers), "a browser is no script");
        assert!(!Sessions::new(7).allows(&headers), "another process knows nothing of it");
        assert!(!sessions.allows(&with(header::COOKIE, "trefoil-session-7=")));
        assert!(!sessions.allows(&HeaderMap::new()));
        sessions.end(&headers);
        assert!(!sessions.allows(&headers));
    }

    #[test]
    fn scripts_show_their_token() {
        let sessions = Sessions::new(7);
        let shown = with(header::AUTHORIZATION, &format!("Bearer {}", &**sessions.script()));
        assert!(sessions.allows(&shown) && sessions.is_script(&shown));
        assert!(!sessions.allows(&with(header::AUTHORIZATION, "Bearer x")));
        assert!(!sessions.allows(&with(header::AUTHORIZATION, "Bearer ")));
    }
}
