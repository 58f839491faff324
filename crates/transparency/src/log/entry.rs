//! What the log holds.

use sha2::{Digest as _, Sha256};
use std::{fmt, str::FromStr};
use tls_codec::{DeserializeBytes, Serialize, Size, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{Domain, ProtoError, Timestamp, Wire};

/// One entry of the log. The leaf of the tree is the hash of its encoding.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum LogEntry {
    /// An epoch of a key directory.
    #[tls_codec(discriminant = 1)]
    Directory(DirectoryRoot),
    /// A program that people run.
    #[tls_codec(discriminant = 2)]
    Release(Release),
    /// How far the audit trail of the service's team has come.
    #[tls_codec(discriminant = 3)]
    Trail(TrailHead),
}

/// What a service says its key directory is at an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct DirectoryRoot {
    /// Whose directory.
    pub directory: Domain,
    /// From 1; 0 is the empty directory, which is not published.
    pub epoch: u64,
    /// Root hash of the directory's tree.
    pub root: [u8; 32],
    /// When it was published.
    pub time: Timestamp,
    /// SHA-256 of the directory's VRF public key.
    pub vrf_key_hash: [u8; 32],
    /// [`DirectoryRoot::hash`] of the root before: whoever has seen two roots can be led from one to the other, so that a
    /// service cannot show one history to some and another to others. Zero in the first epoch.
    pub previous: [u8; 32],
}

/// The hash of a released binary.
#[derive(Clone, Debug, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Release {
    /// Its version (`0.1.0`).
    pub version: ReleaseLabel,
    /// What it runs on (`x86_64-unknown-linux-gnu`).
    pub target: ReleaseLabel,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
}

/// The last entry of the service's audit trail when this was said, and nothing of what is in it: a trail that is written anew later
/// does not have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct TrailHead {
    /// Its number: how many entries there were.
    pub number: u64,
    /// Its hash, SHA-256, which holds that of the one before.
    pub hash: [u8; 32],
}

/// A version or target: 1 to 64 of `a` to `z`, digits, `.`, `_`, `-`, `+`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReleaseLabel(String);

impl DirectoryRoot {
    /// What the next root names it by. Two roots of one epoch that differ in their time alone have the same.
    pub fn hash(&self) -> [u8; 32] {
        let timeless = Self { time: Timestamp(0), ..self.clone() };
        let encoded = timeless.tls_serialize_detached().expect("a root of bounded parts always encodes");
        Sha256::new().chain_update(b"Trefoil 1.0 previous root\0").chain_update(encoded).finalize().into()
    }

    /// Whether this root can come right after another of the same directory.
    pub fn follows(&self, before: &Self) -> bool {
        before.epoch.checked_add(1) == Some(self.epoch) && self.previous == before.hash()
    }

    /// The hash that stands for a VRF public key.
    pub fn hash_of_vrf_key(key: &[u8; 32]) -> [u8; 32] {
        Sha256::digest(key).into()
    }
}

impl FromStr for ReleaseLabel {
    type Err = ProtoError;
    fn from_str(raw: &str) -> Result<Self, ProtoError> {
        let allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-+".contains(&byte);
        let fits = (1..=64).contains(&raw.len()) && raw.bytes().all(allowed);
        if fits { Ok(Self(raw.to_owned())) } else { Err(ProtoError::Malformed("release label")) }
    }
}

impl fmt::Display for ReleaseLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Size for ReleaseLabel {
    fn tls_serialized_len(&self) -> usize {
        self.0.as_bytes().tls_serialized_len()
    }
}

impl Serialize for ReleaseLabel {
    fn tls_serialize<W: std::io::Write>(&self, writer: &mut W) -> Result<usize, tls_codec::Error> {
        self.0.as_bytes().tls_serialize(writer)
    }
}

impl DeserializeBytes for ReleaseLabel {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), tls_codec::Error> {
        let (raw, rest) = Vec::<u8>::tls_deserialize_bytes(bytes)?;
        let label = std::str::from_utf8(&raw)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| tls_codec::Error::DecodingError("release label".into()))?;
        Ok((label, rest))
    }
}

impl Wire for LogEntry {
    const LIMIT: usize = 1024;
    const NAME: &'static str = "log entry";
}
