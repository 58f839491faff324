//! One-time codes on their way to a phone.

use crate::{config::CodeConfig, secrets::SecretsError};
use hmac::{Hmac, Mac as _};
use rand::Rng as _;
use sha2::Sha256;
use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use trefoil_proto::Timestamp;
use zeroize::Zeroizing;

/// How often a gateway is asked to send one code.
const TRIES: u32 = 3;

/// Carries a code to its number, in the background: how long it takes tells a caller nothing.
#[derive(Clone)]
pub enum CodeSender {
    /// With the number to a file that only the owner may read: development.
    Log(Arc<CodeFile>),
    /// By signed POST to a gateway.
    Webhook(Arc<Webhook>),
}

/// The codes that are good now, a line each: number, code, end in milliseconds since the UNIX epoch.
pub struct CodeFile {
    /// In the data folder.
    path: PathBuf,
    /// Held while the file is replaced.
    replacing: Mutex<()>,
}

/// A gateway that sends text messages.
pub struct Webhook {
    url: String,
    secret: Zeroizing<Vec<u8>>,
    client: reqwest::Client,
    /// Before the second try; twice as long before each further one.
    pause: Duration,
}

/// Why the way to phones cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum CodeSenderError {
    /// The webhook's secret cannot be read.
    #[error("read the webhook's secret {path}")]
    Secret {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is too short to be a secret.
    #[error("the webhook's secret {0} has fewer than 16 bytes")]
    ShortSecret(PathBuf),
    /// Its file is open to others.
    #[error("protect the webhook's secret")]
    Exposed(#[source] SecretsError),
    /// TLS to the gateway cannot be set up.
    #[error("set up TLS to the webhook")]
    Tls(#[source] rustls::Error),
    /// The HTTP client could not be made.
    #[error("make the webhook's client")]
    Client(#[source] reqwest::Error),
}

impl CodeSender {
    /// Opens the way that the configuration names.
    ///
    /// # Errors
    /// The webhook's secret cannot be used.
    pub fn open(config: &CodeConfig, data: &Path) -> Result<Self, CodeSenderError> {
        match config {
            CodeConfig::Log => {
                let path = data.join("codes.log");
                Ok(Self::Log(Arc::new(CodeFile { path, replacing: Mutex::default() })))
            }
            CodeConfig::Webhook { url, secret_file } => {
                crate::secrets::check_mode(secret_file).map_err(CodeSenderError::Exposed)?;
                let secret = std::fs::read(secret_file)
                    .map(Zeroizing::new)
                    .map_err(|source| CodeSenderError::Secret { path: secret_file.clone(), source })?;
                let secret = Zeroizing::new(secret.trim_ascii().to_vec());
                if secret.len() < 16 {
                    return Err(CodeSenderError::ShortSecret(secret_file.clone()));
                }
                let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
                let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
                let tls = rustls::ClientConfig::builder_with_provider(provider)
                    .with_safe_default_protocol_versions()
                    .map_err(CodeSenderError::Tls)?
                    .with_root_certificates(roots)
                    .with_no_client_auth();
                let client = reqwest::Client::builder()
                    .tls_backend_preconfigured(tls)
                    .timeout(Duration::from_secs(10))
                    .redirect(reqwest::redirect::Policy::none())
                    .no_proxy()
                    .build()
                    .map_err(CodeSenderError::Client)?;
                let pause = Duration::from_secs(1);
                Ok(Self::Webhook(Arc::new(Webhook { url: url.clone(), secret, client, pause })))
            }
        }
    }

    /// Starts sending. A failure is logged without the number; the person asks for another code.
    pub fn send(&self, number: String, code: Zeroizing<String>, now: Timestamp) {
        match self.clone() {
            Self::Log(file) => {
                tracing::info!("a one-time code was written to codes.log (development sender)");
                tokio::task::spawn_blocking(move || file.replace(Some((&number, &code)), now));
            }
            Self::Webhook(webhook) => {
                tokio::spawn(async move {
                    if let Err(error) = webhook.post(&number, &code, now).await {
                        tracing::error!(error = %error.without_url(), "send a one-time code");
                    }
                });
            }
        }
    }

    /// Forgets codes that are no longer good, where any are kept.
    pub(super) async fn sweep(&self, now: Timestamp) {
        if let Self::Log(file) = self.clone() {
            // Fails only if the runtime stops.
            let _ = tokio::task::spawn_blocking(move || file.replace(None, now)).await;
        }
    }
}

impl CodeFile {
    fn replace(&self, new: Option<(&str, &str)>, now: Timestamp) {
        if let Err(error) = self.try_replace(new, now) {
            tracing::error!(%error, "write codes.log");
        }
    }

    /// Adds a code and cuts those that have run out.
    fn try_replace(&self, new: Option<(&str, &str)>, now: Timestamp) -> io::Result<()> {
        let _held = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let old = match fs::read_to_string(&self.path) {
            Ok(old) => Zeroizing::new(old),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Zeroizing::default(),
            Err(error) => return Err(error),
        };
        let good = |line: &&str| {
            let end = line.split(' ').nth(2).and_then(|end| end.parse().ok());
            end.is_some_and(|end: u64| end > now.0)
        };
        let mut text = Zeroizing::new(String::with_capacity(old.len() + 64));
        for line in old.lines().filter(good) {
            text.push_str(line);
            text.push('\n');
        }
        if let Some((number, code)) = new {
            text.push_str(&format!("{number} {code} {}\n", now.plus_millis(super::CODE_LIFE).0));
        }
        if *text == *old {
            return Ok(());
        }
        let beside = self.path.with_extension("log.new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&beside)?.write_all(text.as_bytes())?;
        fs::rename(&beside, &self.path)
    }
}

impl Webhook {
    /// Up to [`TRIES`], with longer pauses between them; not again what the gateway refused for good. Every try is the
    /// same request: `Trefoil-Timestamp` is the time of the person's wish in seconds since the UNIX epoch, and
    /// `Trefoil-Signature: sha256=<hex of HMAC-SHA256(secret, timestamp "." body)>`. A gateway refuses an old
    /// timestamp, and what it has seen.
    async fn post(&self, number: &str, code: &str, now: Timestamp) -> Result<(), reqwest::Error> {
        let body = serde_json::json!({ "number": number, "code": code }).to_string();
        let timestamp = (now.0 / 1000).to_string();
        let signature = self.sign(&timestamp, body.as_bytes());
        let mut pause = self.pause;
        let mut tries = 0;
        loop {
            tries += 1;
            let answer = self
                .client
                .post(&self.url)
                .header("content-type", "application/json")
                .header("trefoil-timestamp", &timestamp)
                .header("trefoil-signature", &signature)
                .body(body.clone())
                .send()
                .await
                .and_then(reqwest::Response::error_for_status);
            match answer {
                Ok(_) => return Ok(()),
                Err(error) if tries == TRIES || refused_for_good(&error) => return Err(error),
                Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
    }

    fn sign(&self, timestamp: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        format!("sha256={}", data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes()))
    }
}

/// The gateway does not want this request, and will not the next time (RFC 9110, section 15.5).
fn refused_for_good(error: &reqwest::Error) -> bool {
    error.status().is_some_and(|status| {
        status.is_client_error()
            && status != http::StatusCode::REQUEST_TIMEOUT
            && status != http::StatusCode::TOO_MANY_REQUESTS
    })
}

/// Six random digits.
pub(super) fn random() -> Zeroizing<String> {
    Zeroizing::new(format!("{:06}", rand::rng().random_range(0..1_000_000_u32)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn codes_that_have_run_out_are_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("codes.log");
        fs::write(&path, "+4912345678 111111\n").unwrap();
        let file = CodeFile { path: path.clone(), replacing: Mutex::default() };
        let (begin, life) = (Timestamp(1_000), super::super::CODE_LIFE);
        file.try_replace(Some(("+491", "222222")), begin).unwrap();
        file.try_replace(Some(("+492", "333333")), begin.plus_millis(life - 1)).unwrap();
        let found = fs::read_to_string(&path).unwrap();
        assert_eq!(found, format!("+491 222222 {}\n+492 333333 {}\n", 1_000 + life, 999 + 2 * life));
        file.try_replace(Some(("+493", "444444")), begin.plus_millis(life)).unwrap();
        assert!(!fs::read_to_string(&path).unwrap().contains("+491"));
        file.try_replace(None, begin.plus_millis(3 * life)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
