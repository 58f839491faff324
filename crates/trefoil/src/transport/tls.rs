//! TLS towards a service: rustls with aws-lc-rs, hybrid post-quantum key exchange first.

use super::TransportError;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use std::{error::Error, io, sync::Arc};

/// A configuration that trusts `authorities` (PEM), or the public web's when there are none. TLS 1.3 only.
///
/// # Errors
/// [`TransportError::Authorities`], [`TransportError::SetUp`].
pub fn client_config(authorities: Option<&[u8]>) -> Result<ClientConfig, TransportError> {
    let mut roots = RootCertStore::empty();
    match authorities {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|_| TransportError::Authorities)?;
                roots.add(certificate).map_err(|_| TransportError::Authorities)?;
            }
            if roots.is_empty() {
                return Err(TransportError::Authorities);
            }
        }
    }
    Ok(ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| TransportError::SetUp(error.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// Whether a certificate that does not prove what it should is among the causes of an error.
pub(super) fn is_untrusted(error: &(dyn Error + 'static)) -> bool {
    if let Some(rustls::Error::InvalidCertificate(_)) = error.downcast_ref() {
        return true;
    }
    // An I/O error gives the causes of what it wraps, not what it wraps.
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    wrapped.is_some_and(|wrapped| is_untrusted(wrapped)) || error.source().is_some_and(is_untrusted)
}
