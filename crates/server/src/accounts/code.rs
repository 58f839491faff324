//! One-time codes on their way to a phone.

use crate::{config::CodeConfig, secrets::SecretsError};
use hmac::{Hmac, Mac as _};
use rand::Rng as _;
use sha2::Sha256;
use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use zeroize::Zeroizing;

/// Carries a code to its number, in the background: how long it takes tells a caller nothing.
#[derive(Clone)]
pub enum CodeSender {
    /// To the service's log, and with the number to a file that only the owner may read: development.
    Log {
        /// The file, in the data folder.
        file: PathBuf,
    },
    /// By signed POST to a gateway.
    Webhook(Arc<Webhook>),
}

/// A gateway that sends text messages.
pub struct Webhook {
    url: String,
    secret: Zeroizing<Vec<u8>>,
    client: reqwest::Client,
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
            CodeConfig::Log => Ok(Self::Log { file: data.join("codes.log") }),
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
                let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
                let client = reqwest::Client::builder()
                    .tls_backend_preconfigured(tls)
                    .timeout(Duration::from_secs(10))
                    .redirect(reqwest::redirect::Policy::none())
                    .build()
                    .map_err(CodeSenderError::Client)?;
                Ok(Self::Webhook(Arc::new(Webhook { url: url.clone(), secret, client })))
            }
        }
    }

    /// Starts sending. A failure is logged without the number; the person asks for another code.
    pub fn send(&self, number: String, code: Zeroizing<String>) {
        match self.clone() {
            Self::Log { file } => {
                tracing::info!(code = code.as_str(), "one-time code (development sender)");
                tokio::task::spawn_blocking(move || {
                    if let Err(error) = note(&file, &number, &code) {
                        tracing::error!(%error, "write codes.log");
                    }
                });
            }
            Self::Webhook(webhook) => {
                tokio::spawn(async move {
                    if let Err(error) = webhook.post(&number, &code).await {
                        tracing::error!(error = %error.without_url(), "send a one-time code");
                    }
                });
            }
        }
    }
}

impl Webhook {
    /// Up to three tries, a second apart. `Trefoil-Signature: sha256=<hex of HMAC-SHA256(secret, body)>`.
    async fn post(&self, number: &str, code: &str) -> Result<(), reqwest::Error> {
        let body = serde_json::json!({ "number": number, "code": code }).to_string();
        let signature = self.sign(body.as_bytes());
        let mut tries = 0;
        loop {
            tries += 1;
            let answer = self
                .client
                .post(&self.url)
                .header("content-type", "application/json")
                .header("trefoil-signature", &signature)
                .body(body.clone())
                .send()
                .await
                .and_then(reqwest::Response::error_for_status);
            match answer {
                Ok(_) => return Ok(()),
                Err(error) if tries == 3 => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        }
    }

    fn sign(&self, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        mac.update(body);
        format!("sha256={}", data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes()))
    }
}

/// Six random digits.
pub(super) fn random() -> Zeroizing<String> {
    Zeroizing::new(format!("{:06}", rand::rng().random_range(0..1_000_000_u32)))
}

fn note(file: &Path, number: &str, code: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(format!("{number} {code}\n").as_bytes())
}
