//! The way of somebody of a safety team to the console of their service: a key in a file of its own, a session for each command.

mod key;

pub use key::{DeskError, DeskKey};

use crate::transport::client_config;
use data_encoding::BASE64URL_NOPAD;
use ed25519_dalek::Signer as _;
use reqwest::{Method, Url};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::time::Duration;
use trefoil_server::staff::SESSION_LABEL;

/// Largest answer that is read, in bytes: all attachments of a report that are opened.
const ANSWER: usize = 65 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who is signed in.
#[derive(Debug)]
pub struct Desk {
    http: reqwest::Client,
    base: Url,
    token: String,
}

/// Who signed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Their name.
    pub name: String,
    /// Their role.
    pub role: String,
    /// The service.
    pub domain: String,
    #[serde(default, skip_serializing)]
    token: String,
}

/// What the console refuses.
#[derive(Debug, Deserialize)]
struct Problem {
    code: String,
    message: String,
    until: Option<u64>,
}

#[derive(Deserialize)]
struct Challenge {
    challenge: String,
}

impl Desk {
    /// Comes into a team by an invitation, with a fresh key.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn join(
        console: &str,
        authorities: Option<Vec<u8>>,
        code: &str,
    ) -> Result<(DeskKey, Session), DeskError> {
        let key = DeskKey::fresh(console, authorities);
        let (http, base) = connect(&key)?;
        let public = BASE64URL_NOPAD.encode(key.signing().verifying_key().as_bytes());
        let body = serde_json::json!({ "code": code.trim(), "key": public });
        let session: Session = ask(&http, &base, Method::POST, "api/join/key", None, Some(&body)).await?;
        let mut key = key;
        key.name.clone_from(&session.name);
        Ok((key, session))
    }

    /// Signs in.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn enter(key: &DeskKey) -> Result<(Self, Session), DeskError> {
        let (http, base) = connect(key)?;
        let asked: Challenge = ask(&http, &base, Method::POST, "api/session/challenge", None, None).await?;
        let challenge = BASE64URL_NOPAD.decode(asked.challenge.as_bytes()).map_err(|_| DeskError::Garbled)?;
        let signature = key.signing().sign(&[SESSION_LABEL, &challenge].concat()).to_bytes();
        let body = serde_json::json!({
            "name": key.name, "challenge": asked.challenge, "signature": BASE64URL_NOPAD.encode(&signature),
        });
        let session: Session = ask(&http, &base, Method::POST, "api/session/key", None, Some(&body)).await?;
        Ok((Self { http, base, token: session.token.clone() }, session))
    }

    /// Asks for something.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, DeskError> {
        ask(&self.http, &self.base, Method::GET, path, Some(&self.token), None).await
    }

    /// Does something.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<T, DeskError> {
        ask(&self.http, &self.base, Method::POST, path, Some(&self.token), body).await
    }

    /// Hands in a file.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn send<T: DeserializeOwned>(&self, path: &str, file: Vec<u8>) -> Result<T, DeskError> {
        let url = self.base.join(path).map_err(|_| DeskError::Garbled)?;
        let request = self.http.post(url).bearer_auth(&self.token).body(file);
        serde_json::from_slice(&answer(request).await?).map_err(|_| DeskError::Garbled)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn bytes(&self, path: &str) -> Result<Vec<u8>, DeskError> {
        let url = self.base.join(path).map_err(|_| DeskError::Garbled)?;
        answer(self.http.get(url).bearer_auth(&self.token)).await
    }

    /// Takes something away.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn delete(&self, path: &str) -> Result<(), DeskError> {
        let _: Option<()> =
            ask(&self.http, &self.base, Method::DELETE, path, Some(&self.token), None).await?;
        Ok(())
    }

    /// Ends the session. Whether the console hears it changes nothing: it ends by itself.
    pub async fn leave(self) {
        let _ = self.delete("api/session").await;
    }
}

fn connect(key: &DeskKey) -> Result<(reqwest::Client, Url), DeskError> {
    let refused = || DeskError::Address(key.console.clone());
    let base = Url::parse(&key.console).map_err(|_| refused())?;
    let local = base.scheme() == "http" && base.host_str() == Some("localhost");
    if (base.scheme() != "https" && !local) || base.path() != "/" {
        return Err(refused());
    }
    let tls = client_config(key.authorities.as_deref()).map_err(DeskError::Transport)?;
    let http = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .map_err(DeskError::Way)?;
    Ok((http, base))
}

async fn ask<T: DeserializeOwned>(
    http: &reqwest::Client,
    base: &Url,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Option<&serde_json::Value>,
) -> Result<T, DeskError> {
    let mut request = http.request(method, base.join(path).map_err(|_| DeskError::Garbled)?);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    let bytes = answer(request).await?;
    let whole = if bytes.is_empty() { b"null".as_slice() } else { &bytes };
    serde_json::from_slice(whole).map_err(|_| DeskError::Garbled)
}

/// The body of an answer, or what is refused.
async fn answer(request: reqwest::RequestBuilder) -> Result<Vec<u8>, DeskError> {
    let mut answer = request.send().await.map_err(|error| DeskError::Way(error.without_url()))?;
    let status = answer.status();
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| DeskError::Way(error.without_url()))? {
        if bytes.len() + chunk.len() > ANSWER {
            return Err(DeskError::Garbled);
        }
        bytes.extend_from_slice(&chunk);
    }
    if status.is_success() {
        return Ok(bytes);
    }
    let problem: Problem = serde_json::from_slice(&bytes).map_err(|_| DeskError::Garbled)?;
    Err(DeskError::Refused { code: problem.code, message: problem.message, until: problem.until })
}
