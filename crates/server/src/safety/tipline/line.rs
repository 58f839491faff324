//! The line to NCMEC: its reporting API over HTTPS.

use super::{
    error::{LineError, Meaning},
    xml::Answer,
};
use crate::secrets::check_mode;
use data_encoding::HEXLOWER;
use reqwest::{Client, Response, Url, header::CONTENT_TYPE};
use std::{path::Path, time::Duration};
use zeroize::Zeroizing;

/// How long one request may take: a file of 256 MiB over a slow line.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
const CONNECT_PATIENCE: Duration = Duration::from_secs(20);
/// Largest answer that is read.
const ANSWER: usize = 64 * 1024;

/// Name and password of a service at NCMEC.
pub struct Credentials {
    user: String,
    password: Zeroizing<String>,
}

impl Credentials {
    /// Reads a file that only its owner may read: the name on the first line, the password on the second.
    ///
    /// # Errors
    /// [`LineError::Credentials`].
    pub fn read(path: &Path) -> Result<Self, LineError> {
        let unusable = |why: String| LineError::Credentials { path: path.to_owned(), why };
        check_mode(path).map_err(|error| unusable(error.to_string()))?;
        let text =
            Zeroizing::new(std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?);
        match text.lines().collect::<Vec<_>>()[..] {
            [user, password] if !user.is_empty() && !password.is_empty() => {
                Ok(Self { user: user.to_owned(), password: Zeroizing::new(password.to_owned()) })
            }
            _ => Err(unusable("it has not two lines, a name and a password".to_owned())),
        }
    }
}

/// The reporting API at one endpoint.
pub struct Line {
    http: Client,
    endpoint: String,
    credentials: Credentials,
}

impl Line {
    /// A line to an endpoint such as `https://exttest.cybertip.org/ispws`.
    ///
    /// # Errors
    /// [`LineError::Endpoint`] if it is not an `https` URL, or an `http` one of this machine; [`LineError::Unreachable`] if the
    /// client cannot be set up.
    pub fn new(
        endpoint: &str,
        credentials: Credentials,
        tls: rustls::ClientConfig,
    ) -> Result<Self, LineError> {
        let refused = || LineError::Endpoint(endpoint.to_owned());
        let url = Url::parse(endpoint).map_err(|_| refused())?;
        let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if url.scheme() != "https" && !(url.scheme() == "http" && here) {
            return Err(refused());
        }
        let http = Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(!here)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_PATIENCE)
            .timeout(PATIENCE)
            .build()
            .map_err(LineError::Unreachable)?;
        Ok(Self { http, endpoint: endpoint.trim_end_matches('/').to_owned(), credentials })
    }

    /// Opens a report; gives its number.
    pub(super) async fn submit(&self, report: &str) -> Result<u64, LineError> {
        let answer = self.post("submit", "text/xml; charset=utf-8", report.as_bytes().to_vec()).await?;
        answer.1.report_id.ok_or(LineError::NoAnswer(answer.0))
    }

    /// Adds a file to a report; gives the name that it has there.
    pub(super) async fn upload(&self, report: u64, name: &str, bytes: &[u8]) -> Result<String, LineError> {
        // Random, so that no file can hold it.
        let boundary = format!("trefoil-{}", HEXLOWER.encode(&rand::random::<[u8; 16]>()));
        // The true name goes with the description; this one must not be able to end its header.
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
        let name: String = name.chars().map(plain).collect();
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n{report}\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        let body = [head.as_bytes(), bytes, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
        let kind = format!("multipart/form-data; boundary={boundary}");
        let answer = self.post("upload", &kind, body).await?;
        answer.1.file_id.filter(|id| !id.is_empty()).ok_or(LineError::NoAnswer(answer.0))
    }

    /// Describes a file.
    pub(super) async fn describe(&self, details: &str) -> Result<(), LineError> {
        self.post("fileinfo", "text/xml; charset=utf-8", details.as_bytes().to_vec()).await.map(drop)
    }

    /// Says that everything is there.
    pub(super) async fn finish(&self, report: u64) -> Result<(), LineError> {
        self.about("finish", report).await
    }

    /// Takes a report back that is not finished.
    pub(super) async fn retract(&self, report: u64) -> Result<(), LineError> {
        self.about("retract", report).await
    }

    async fn about(&self, what: &str, report: u64) -> Result<(), LineError> {
        let body = format!("id={report}").into_bytes();
        self.post(what, "application/x-www-form-urlencoded", body).await.map(drop)
    }

    /// Posts, and takes the answer apart: code 0, with the status that it came with.
    async fn post(&self, what: &str, kind: &str, body: Vec<u8>) -> Result<(u16, Answer), LineError> {
        let Credentials { user, password } = &self.credentials;
        let request = self
            .http
            .post(format!("{}/{what}", self.endpoint))
            .basic_auth(user, Some(password.as_str()))
            .header(CONTENT_TYPE, kind)
            .body(body);
        // Without its URL: the error says enough, and is written to logs.
        let unreachable = |error: reqwest::Error| LineError::Unreachable(error.without_url());
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let answer = read(response).await.map_err(unreachable)?;
        let answer = answer.and_then(|body| Answer::read(&body)).ok_or(LineError::NoAnswer(status))?;
        match answer.response_code {
            0 if status == 200 => Ok((status, answer)),
            0 => Err(LineError::NoAnswer(status)),
            code => Err(LineError::Refused {
                code,
                meaning: Meaning::of(code),
                description: answer
                    .response_description
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(500)
                    .collect(),
            }),
        }
    }
}

/// The body of an answer; `None` if it is too long for one.
async fn read(mut response: Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > ANSWER {
            return Ok(None);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Some(body))
}
