//! Who may talk to the local server: the browser that was opened with the launch token, and scripts that read the token
//! file. Tokens are 32 random bytes, compared in constant time; sessions live as long as the process.

use super::{
    error::{Problem, ProblemCode},
    guard::MARK,
};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use data_encoding::BASE64URL_NOPAD;
use rand::RngCore as _;
use std::{
    mem,
    sync::{Mutex, PoisonError},
};
use subtle::ConstantTimeEq as _;
use tokio::sync::watch;
use zeroize::Zeroizing;

/// Name of the session's cookie. A browser sends a cookie to every port of a machine, so it has the port in it, and whoever
/// listens on another one learns no more by it than half of what a window shows.
const COOKIE: &str = "trefoil-session";
/// What the key is called in the address of what an element loads by itself, and of the stream.
const KEY: &str = "key=";
/// Sessions at once: each window of the same browser shares one.
const SESSIONS: usize = 16;

/// 32 random bytes as text.
pub type Token = Zeroizing<String>;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A script, which has read the token file.
    Script,
    /// A window of the page.
    Window(SessionId),
}

/// Names a session of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionId(u64);

/// What a browser is given when it opens a session: it shows both with each request.
pub struct Opened {
    /// The header that sets the cookie, which no script of a page reads.
    pub cookie: String,
    /// What the page keeps for its own origin, whose port is part of it.
    pub key: Token,
}

/// The tokens of one process.
pub struct Sessions {
    port: u16,
    launch: Mutex<Vec<Token>>,
    script: Token,
    open: Mutex<Open>,
    /// Changes whenever a session has ended.
    ended: watch::Sender<()>,
}

#[derive(Default)]
struct Open {
    made: u64,
    sessions: Vec<Session>,
}

struct Session {
    id: SessionId,
    cookie: Token,
    key: Token,
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

    /// Opens a session with a launch token, which is used up.
    ///
    /// # Errors
    /// The token is none, or was used.
    pub fn open(&self, launch: &str) -> Result<Opened, Problem> {
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
        let (cookie, key) = (token(), token());
        let given = Opened { cookie: self.cookie(&cookie, ""), key: key.clone() };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.sessions.len() >= SESSIONS {
            open.sessions.remove(0);
            self.ended.send_replace(());
        }
        open.made += 1;
        let id = SessionId(open.made);
        open.sessions.push(Session { id, cookie, key });
        Ok(given)
    }

    /// Ends a session; gives the cookie that clears the browser's.
    pub fn end(&self, who: Who) -> String {
        self.open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .sessions
            .retain(|one| who != Who::Window(one.id));
        self.ended.send_replace(());
        self.cookie("", "; Max-Age=0")
    }

    /// Who asks, if it is a script that shows its token, or a window that shows the cookie and the key of its session.
    pub fn who(&self, uri: &Uri, headers: &HeaderMap) -> Option<Who> {
        if headers.contains_key(header::AUTHORIZATION) {
            return bearer(headers).is_some_and(|bearer| same(&self.script, bearer)).then_some(Who::Script);
        }
        let (cookie, key) = (self.shown_cookie(headers)?, shown_key(uri, headers)?);
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let found = open.sessions.iter().find(|one| same(&one.cookie, cookie) & same(&one.key, key))?;
        Some(Who::Window(found.id))
    }

    /// Whether they may still ask.
    pub fn lets(&self, who: Who) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        who == Who::Script || open.sessions.iter().any(|one| who == Who::Window(one.id))
    }

    /// Changes whenever a session has ended: whoever goes on serving one asks [`Self::lets`] anew then.
    pub fn endings(&self) -> watch::Receiver<()> {
        self.ended.subscribe()
    }

    fn shown_cookie<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let name = format!("{COOKIE}-{}=", self.port);
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        cookies.flat_map(|cookies| cookies.split("; ")).find_map(|cookie| cookie.strip_prefix(name.as_str()))
    }

    fn cookie(&self, session: &str, more: &str) -> String {
        format!("{COOKIE}-{}={session}; Path=/; HttpOnly; SameSite=Strict{more}", self.port)
    }
}

/// The key of a request: in the header that marks what the page asks itself, or in the address.
fn shown_key<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> Option<&'r str> {
    match headers.get(&MARK) {
        Some(mark) => mark.to_str().ok(),
        None => uri.query()?.split('&').find_map(|pair| pair.strip_prefix(KEY)),
    }
}

/// Takes the key out of an address: nothing behind the guard needs it.
pub fn take_key(uri: &mut Uri) {
    let Some(query) = uri.query().filter(|query| query.contains(KEY)) else { return };
    let others: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with(KEY)).collect();
    let mut left = uri.path().to_owned();
    for (at, pair) in others.into_iter().enumerate() {
        left.push(if at == 0 { '?' } else { '&' });
        left.push_str(pair);
    }
    let mut parts = mem::take(uri).into_parts();
    parts.path_and_query = Some(left.parse().expect("a part of an address is one"));
    *uri = Uri::from_parts(parts).expect("only the query is shorter");
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

    fn with(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    fn pair(opened: &Opened) -> &str {
        opened.cookie.split(';').next().unwrap()
    }

    #[test]
    fn a_launch_token_opens_one_session_once() {
        let (sessions, here) = (Sessions::new(7), Uri::from_static("/api/v1/state"));
        let launch = sessions.launch();
        assert!(sessions.open("wrong").is_err());
        let opened = sessions.open(&launch).unwrap();
        assert!(sessions.open(&launch).is_err(), "it was used");
        assert!(opened.cookie.contains("HttpOnly") && opened.cookie.contains("SameSite=Strict"));
        let cookie = format!("other=1; {}", pair(&opened));
        let headers = with(&[(header::COOKIE, &cookie), (MARK, &opened.key)]);
        let who = sessions.who(&here, &headers).unwrap();
        assert!(who != Who::Script, "a browser is no script");
        assert!(sessions.lets(who));
        assert_eq!(Sessions::new(7).who(&here, &headers), None, "another process knows nothing of it");
        sessions.end(who);
        assert!(!sessions.lets(who));
        assert_eq!(sessions.who(&here, &headers), None);
    }

    #[test]
    fn a_window_shows_the_cookie_and_the_key_of_one_session() {
        let (sessions, here) = (Sessions::new(7), Uri::from_static("/api/v1/state"));
        let [one, other] = [(), ()].map(|()| sessions.open(&sessions.launch()).unwrap());
        let who = |uri: &Uri, pairs: &[_]| sessions.who(uri, &with(pairs));
        assert!(who(&here, &[(header::COOKIE, pair(&one)), (MARK, &one.key)]).is_some());
        let address: Uri = format!("/api/v1/state?width=320&key={}", &*one.key).parse().unwrap();
        assert!(who(&address, &[(header::COOKIE, pair(&one))]).is_some());
        assert_eq!(who(&here, &[(header::COOKIE, pair(&one))]), None, "a cookie goes to every port");
        assert_eq!(who(&here, &[(header::COOKIE, pair(&one)), (MARK, "1")]), None);
        assert_eq!(who(&here, &[(header::COOKIE, pair(&one)), (MARK, "")]), None);
        assert_eq!(who(&here, &[(header::COOKIE, pair(&one)), (MARK, &other.key)]), None);
        assert_eq!(who(&here, &[(header::COOKIE, "trefoil-session-7="), (MARK, &one.key)]), None);
        assert_eq!(who(&address, &[]), None, "an address that was seen is not enough");
        assert_eq!(who(&here, &[]), None);
    }

    #[test]
    fn the_key_goes_no_further() {
        for (address, left) in [
            ("/api/v1/files/a", "/api/v1/files/a"),
            ("/api/v1/files/a?key=abc", "/api/v1/files/a"),
            ("/api/v1/files/a?width=320&key=abc&v=%3F", "/api/v1/files/a?width=320&v=%3F"),
            ("http://127.0.0.1:7/files/a?key=abc&monkey=1", "http://127.0.0.1:7/files/a?monkey=1"),
        ] {
            let mut uri: Uri = address.parse().unwrap();
            take_key(&mut uri);
            assert_eq!(uri, left, "{address}");
        }
    }

    #[test]
    fn scripts_show_their_token() {
        let (sessions, here) = (Sessions::new(7), Uri::from_static("/api/v1/state"));
        let who = |shown: &str| sessions.who(&here, &with(&[(header::AUTHORIZATION, shown)]));
        assert_eq!(who(&format!("Bearer {}", &**sessions.script())), Some(Who::Script));
        assert_eq!(who("Bearer x"), None);
        assert_eq!(who("Bearer "), None);
    }
}
