//! TLS of both listeners, and of the client towards other services.

use super::identity::Connection;
use crate::config::{Config, TlsConfig};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion, crypto::CryptoProvider,
    server::WebPkiClientVerifier,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use trefoil_proto::Domain;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// Services speak TLS 1.3 only: certificates of both ends are encrypted on their way, and no suite without forward
/// secrecy is left to choose.
const BETWEEN_SERVICES: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// Why TLS cannot be set up. Names files, never shows what is in them.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A PEM file cannot be read, or holds nothing of what it should hold.
    #[error("read {what} from {path}")]
    Pem {
        /// What was looked for.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// Certificate and key do not fit, or one of them is not usable.
    #[error("use certificate and key")]
    Certificate(#[source] rustls::Error),
    /// Everybody on the machine may read the private key.
    #[error("the private key {0} can be read by everybody: run `chmod 640 {0}` or `chmod 600 {0}`")]
    Exposed(PathBuf),
    /// The certificate does not name the service's domain.
    #[error("the certificate {0} does not name the service's domain")]
    OtherName(PathBuf),
    /// The authorities cannot be used.
    #[error("use the authorities of other services")]
    Authorities(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// TLS as read from the files that the configuration names.
pub struct TlsFiles {
    /// For the service's own devices.
    pub client: Arc<ServerConfig>,
    /// For other services: they must show a certificate of an authority that we trust.
    pub federation: Arc<ServerConfig>,
    /// Towards other services.
    pub outbound: ClientConfig,
}

impl TlsFiles {
    /// Reads and checks.
    ///
    /// # Errors
    /// [`TlsError`] names the file.
    pub fn read(config: &Config) -> Result<Self, TlsError> {
        let provider = CryptoProvider::get_default()
            .cloned()
            .unwrap_or_else(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
        let (chain, key) = identity(&config.tls)?;
        let host = config.domain.as_str().split(':').next().unwrap_or_default();
        if !chain.first().is_some_and(|first| names(first).iter().any(|name| name.as_str() == host)) {
            return Err(TlsError::OtherName(config.tls.certificate.clone()));
        }
        let roots = Arc::new(authorities(&config.federation.authorities)?);
        let server = |versions: &[&'static SupportedProtocolVersion]| {
            ServerConfig::builder_with_provider(Arc::clone(&provider))
                .with_protocol_versions(versions)
                .map_err(TlsError::Certificate)
        };
        let mut client = server(rustls::DEFAULT_VERSIONS)?
            .with_no_client_auth()
            .with_single_cert(chain.clone(), key.clone_key())
            .map_err(TlsError::Certificate)?;
        client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        client.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(TlsError::Certificate)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider))
            .build()
            .map_err(|error| TlsError::Authorities(error.into()))?;
        let mut federation = server(BETWEEN_SERVICES)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain.clone(), key.clone_key())
            .map_err(TlsError::Certificate)?;
        federation.alpn_protocols = client.alpn_protocols.clone();
        let outbound = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(BETWEEN_SERVICES)
            .map_err(TlsError::Certificate)?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .map_err(TlsError::Certificate)?;
        Ok(Self { client: Arc::new(client), federation: Arc::new(federation), outbound })
    }
}

/// The DNS names of a certificate that are domains; wildcards name no service.
pub(super) fn names(certificate: &CertificateDer<'_>) -> Vec<Domain> {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let Ok(Some(alternative)) = parsed.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => name.to_ascii_lowercase().parse().ok(),
        _ => None,
    };
    alternative.value.general_names.iter().filter_map(name).collect()
}

impl Connection {
    /// The names that the other end of a TLS connection proved.
    pub(super) fn proven(connection: &rustls::ServerConnection) -> Vec<Domain> {
        connection.peer_certificates().and_then(|chain| chain.first()).map(names).unwrap_or_default()
    }
}

fn identity(files: &TlsConfig) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let chain = certificates(&files.certificate)?;
    check_mode(&files.key)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|source| TlsError::Pem {
        what: "a private key",
        path: files.key.clone(),
        source,
    })?;
    Ok((chain, key))
}

/// A group may be let in, as a system's own group for such keys is; nobody else.
#[cfg(unix)]
fn check_mode(key: &Path) -> Result<(), TlsError> {
    use std::os::unix::fs::PermissionsExt as _;
    match std::fs::metadata(key) {
        Ok(found) if found.permissions().mode() & 0o007 != 0 => Err(TlsError::Exposed(key.to_owned())),
        // What is not there is said by whoever reads it.
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn check_mode(_key: &Path) -> Result<(), TlsError> {
    Ok(())
}

fn authorities(files: &[PathBuf]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for file in files {
        for certificate in certificates(file)? {
            roots.add(certificate).map_err(|error| TlsError::Authorities(error.into()))?;
        }
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::Pem { what: "certificates", path: path.to_owned(), source };
    let found: Vec<_> =
        CertificateDer::pem_file_iter(path).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
    if found.is_empty() { Err(failed(rustls_pki_types::pem::Error::NoItemsFound)) } else { Ok(found) }
}
