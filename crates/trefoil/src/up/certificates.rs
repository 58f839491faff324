//! A certificate authority of this data folder's own, and certificates for its three services. For trying things out:
//! the authority may only speak for `*.test` and this machine, and its key lies in the same folder.

use crate::{clock, home};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

/// Years that a new certificate holds.
const YEARS: i32 = 10;

/// What can go wrong with certificates.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file or folder cannot be used.
    #[error("{path} cannot be used: check that the data folder is yours and the disk is not full")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A certificate or key cannot be written.
    #[error("a certificate or its key cannot be kept")]
    Keep(#[from] home::HomeError),
    /// A certificate cannot be made or read.
    #[error(
        "the certificates in {path} cannot be used: move that folder away and start again to have new ones made"
    )]
    Make {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: rcgen::Error,
    },
}

/// A certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// The key, PEM (PKCS #8), mode 0600.
    pub key: PathBuf,
}

/// The certificate folder of a data folder.
#[derive(Clone, Debug)]
pub struct Authority {
    folder: PathBuf,
}

impl Authority {
    /// Uses the authority in `folder`, or makes one.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn open(folder: &Path) -> Result<Self, CertificateError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| CertificateError::File { path: folder.to_owned(), source })?;
        let authority = Self { folder: folder.to_owned() };
        if !authority.certificate().exists() {
            let key = KeyPair::generate().map_err(|error| authority.failed(error))?;
            let mut parameters = authority.parameters(&[], "Trefoil development authority")?;
            parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            parameters.name_constraints = Some(NameConstraints {
                permitted_subtrees: vec![
                    GeneralSubtree::DnsName("test".to_owned()),
                    GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(
                        IpAddr::V4(Ipv4Addr::LOCALHOST),
                        32,
                    )),
                ],
                excluded_subtrees: Vec::new(),
            });
            let certificate = parameters.self_signed(&key).map_err(|error| authority.failed(error))?;
            home::write_private(&authority.key(), key.serialize_pem().as_bytes())?;
            home::write_private(&authority.certificate(), certificate.pem().as_bytes())?;
        }
        Ok(authority)
    }

    /// Where the authority's certificate is, PEM: what clients and services are told to trust.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The identity of a service, kept from the last time or made now: its domain and 127.0.0.1, as server and as
    /// client.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn service(&self, domain: &str) -> Result<Identity, CertificateError> {
        self.identity(domain, &[domain, "127.0.0.1"])
    }

    fn identity(&self, file: &str, names: &[&str]) -> Result<Identity, CertificateError> {
        let kept = Identity {
            certificate: self.folder.join(format!("{file}.pem")),
            key: self.folder.join(format!("{file}.key")),
        };
        if kept.certificate.exists() && kept.key.exists() {
            return Ok(kept);
        }
        let failed = |error| self.failed(error);
        let ca_key = KeyPair::from_pem(&self.read(&self.key())?).map_err(failed)?;
        let issuer = Issuer::from_ca_cert_pem(&self.read(&self.certificate())?, ca_key).map_err(failed)?;
        let mut parameters = self.parameters(names, names.first().copied().unwrap_or_default())?;
        parameters.use_authority_key_identifier_extension = true;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = parameters.signed_by(&key, &issuer).map_err(failed)?;
        home::write_private(&kept.key, key.serialize_pem().as_bytes())?;
        home::write_private(&kept.certificate, certificate.pem().as_bytes())?;
        Ok(kept)
    }

    fn parameters(&self, names: &[&str], subject: &str) -> Result<CertificateParams, CertificateError> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut parameters = CertificateParams::new(names).map_err(|error| self.failed(error))?;
        parameters.distinguished_name.push(DnType::CommonName, subject);
        let (year, month, _) = clock::today();
        // The first of the month, so that a clock that is a little behind does not refuse it, whatever the day.
        let (year, month) = (i32::try_from(year).unwrap_or(1970), u8::try_from(month).unwrap_or(1));
        parameters.not_before = date_time_ymd(year - 1, month, 1);
        parameters.not_after = date_time_ymd(year + YEARS, month, 1);
        Ok(parameters)
    }

    fn key(&self) -> PathBuf {
        self.folder.join("ca.key")
    }

    fn read(&self, path: &Path) -> Result<String, CertificateError> {
        fs::read_to_string(path).map_err(|source| CertificateError::File { path: path.to_owned(), source })
    }

    fn failed(&self, source: rcgen::Error) -> CertificateError {
        CertificateError::Make { path: self.folder.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn certificates_are_private_and_kept() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("certificates");
        let first = Authority::open(&folder).unwrap().service("account.test").unwrap();
        let before = fs::read(&first.certificate).unwrap();
        let again = Authority::open(&folder).unwrap().service("account.test").unwrap();
        assert_eq!(first, again);
        assert_eq!(before, fs::read(&again.certificate).unwrap());
        for file in fs::read_dir(&folder).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
        }
        let pem = fs::read(folder.join("ca.pem")).unwrap();
        crate::transport::client_config(Some(&pem)).unwrap();
    }
}
