//! The way to a person's service: HTTPS requests and one WebSocket, over one TLS configuration.
//!
//! What to ask and what an answer means is the client core's business; this room carries bytes, limits their size and
//! says why they did not get through.

mod https;
mod stream;
mod tls;

pub use https::Answer;
pub use stream::{Heard, Incoming, Outgoing};
pub use tls::client_config;

use rustls::ClientConfig;
use std::{sync::Arc, time::Duration};

/// How long a connection may take to be made.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long a request may take from its first byte to the answer's last.
const REQUEST_LIMIT: Duration = Duration::from_secs(60);

/// A service, by its address.
#[derive(Clone, Debug)]
pub struct Service {
    base: reqwest::Url,
    http: reqwest::Client,
    tls: Arc<ClientConfig>,
}

/// What can go wrong on the way.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The address is not one.
    #[error("{0} is not the address of a service: it must look like https://example.org")]
    Address(String),
    /// The file of certificate authorities is not one.
    #[error("the certificate authority is not in PEM form, or holds no certificate")]
    Authorities,
    /// TLS cannot be set up at all.
    #[error("encrypted connections cannot be set up on this machine")]
    SetUp(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Nobody answers.
    #[error("the service {address} cannot be reached: check the address and the network, then try again")]
    Connect {
        /// Where.
        address: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Somebody answers there, but not with a certificate that proves it is the service.
    #[error(
        "{address} shows a certificate that is not trusted here, and nothing was sent to it: a service with an \
         authority of its own needs --ca FILE when the account is made; otherwise somebody may be in between"
    )]
    Untrusted {
        /// Where.
        address: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The connection broke while a request was under way.
    #[error("the connection to the service broke: try again")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The service did not open the stream.
    #[error("the service did not open the stream of deliveries (status {0})")]
    StreamRefused(u16),
    /// The answer is larger than any right answer.
    #[error("the service's answer is larger than {0} bytes and was refused")]
    TooLarge(usize),
    /// What came is not of the protocol.
    #[error("the service sent something that is not of the protocol")]
    Garbled(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl TransportError {
    /// Whether trying again later may help.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::Untrusted { .. } | Self::Broken(_))
    }
}

impl Service {
    /// Prepares connections to the service at `base`; connects nowhere yet. `authorities` are PEM certificates to
    /// trust instead of the public web's.
    ///
    /// # Errors
    /// [`TransportError::Address`] unless `base` is an `https` URL; [`TransportError::Authorities`];
    /// [`TransportError::SetUp`].
    pub fn new(base: &str, authorities: Option<&[u8]>) -> Result<Self, TransportError> {
        let refused = || TransportError::Address(base.to_owned());
        let parsed = reqwest::Url::parse(base).map_err(|_| refused())?;
        let bare = parsed.path() == "/" && parsed.query().is_none() && parsed.fragment().is_none();
        let plain = parsed.username().is_empty() && parsed.password().is_none();
        if parsed.scheme() != "https" || parsed.host_str().is_none() || !bare || !plain {
            return Err(refused());
        }
        let tls = client_config(authorities)?;
        let http = https::client(tls.clone())?;
        Ok(Self { base: parsed, http, tls: Arc::new(tls) })
    }

    /// Why no connection came about.
    fn unreachable(&self, source: Box<dyn std::error::Error + Send + Sync>) -> TransportError {
        let address = self.address();
        if tls::is_untrusted(&*source) {
            TransportError::Untrusted { address, source }
        } else {
            TransportError::Connect { address, source }
        }
    }

    /// The address, as `https://host:port` without a final slash.
    pub fn address(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }
}
