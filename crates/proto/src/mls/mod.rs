//! MLS objects as bytes whose extent and routing header are checked, and nothing more (RFC 9420).
//!
//! They stand in MIMI's structures without a length in front, so decoding finds where each ends.

mod extent;
mod path;
mod safe_aad;
#[cfg(test)]
mod tests;

pub use safe_aad::{safe_aad, safe_aad_data};

use crate::{ProtoError, franking::FrankingTag, limits, wire::Reader};
use bytes::Bytes;
use extent::{Framing, Header};
use std::{fmt, io::Write};
use tls_codec::{DeserializeBytes, Error, Serialize, Size};

/// What an [`MlsMessage`] is, by wire format and content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// `PrivateMessage` with application content.
    Application,
    /// `PublicMessage` with a commit.
    Commit,
    /// `PublicMessage` with a proposal.
    Proposal,
    /// `PrivateMessage` with a commit or proposal. Our rooms refuse it: a hub could not check it.
    PrivateHandshake,
    /// Welcome.
    Welcome,
    /// `GroupInfo` in an `MLSMessage`.
    GroupInfo,
    /// `KeyPackage` in an `MLSMessage`.
    KeyPackage,
}

/// A whole `MLSMessage` (RFC 9420, section 6). Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct MlsMessage {
    bytes: Bytes,
    header: Header,
}

impl MlsMessage {
    /// What it is.
    pub fn kind(&self) -> MessageKind {
        self.header.kind
    }

    /// The group it belongs to; a Welcome and a key package do not say.
    pub fn group_id(&self) -> Option<&[u8]> {
        self.header.framing.as_ref().map(|framing| &self.bytes[framing.group_id.clone()])
    }

    /// The epoch it belongs to; a Welcome and a key package do not say.
    pub fn epoch(&self) -> Option<u64> {
        self.header.framing.as_ref().map(|framing| framing.epoch)
    }

    /// The authenticated data of a framed message.
    pub fn authenticated_data(&self) -> Option<&[u8]> {
        let range = self.header.framing.as_ref()?.authenticated_data.clone()?;
        Some(&self.bytes[range])
    }

    /// The franking tag in the Safe AAD (draft-ietf-mls-extensions-09, section 4.9). `None` if there is none, or if
    /// the authenticated data does not begin with a well-formed Safe AAD.
    pub fn franking_tag(&self) -> Option<FrankingTag> {
        safe_aad::franking_tag(self.authenticated_data()?)
    }

    fn walk(bytes: &[u8]) -> Result<(Header, usize), Error> {
        let mut reader = Reader::new(bytes);
        let header = extent::mls_message(&mut reader)?;
        let limit = match header.kind {
            MessageKind::Application | MessageKind::PrivateHandshake => limits::MESSAGE,
            MessageKind::Proposal => limits::PROPOSAL,
            MessageKind::KeyPackage => limits::KEY_PACKAGE,
            _ => limits::HANDSHAKE,
        };
        within(reader.position(), limit)?;
        Ok((header, reader.position()))
    }
}

impl fmt::Debug for MlsMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MlsMessage({:?}, {} bytes)", self.header.kind, self.bytes.len())
    }
}

/// A raw `KeyPackage` (RFC 9420, section 10), without `MLSMessage` around it. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyPackage {
    bytes: Bytes,
}

impl KeyPackage {
    /// The ciphersuite it is for.
    pub fn ciphersuite(&self) -> u16 {
        u16::from_be_bytes([self.bytes[2], self.bytes[3]])
    }

    fn walk(bytes: &[u8]) -> Result<((), usize), Error> {
        extent_of(bytes, limits::KEY_PACKAGE, extent::key_package)
    }
}

/// A raw `GroupInfo` (RFC 9420, section 12.4.3), without `MLSMessage` around it. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupInfo {
    bytes: Bytes,
    framing: Framing,
}

impl GroupInfo {
    /// The group it describes.
    pub fn group_id(&self) -> &[u8] {
        &self.bytes[self.framing.group_id.clone()]
    }

    /// The epoch it describes.
    pub fn epoch(&self) -> u64 {
        self.framing.epoch
    }

    /// The group's ciphersuite.
    pub fn ciphersuite(&self) -> u16 {
        u16::from_be_bytes([self.bytes[2], self.bytes[3]])
    }

    fn walk(bytes: &[u8]) -> Result<(Framing, usize), Error> {
        extent_of(bytes, limits::HANDSHAKE, extent::group_info)
    }
}

/// A raw ratchet tree: `optional<Node> ratchet_tree<V>` (RFC 9420, section 12.4.3.3). Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct RatchetTree {
    bytes: Bytes,
}

impl RatchetTree {
    fn walk(bytes: &[u8]) -> Result<((), usize), Error> {
        extent_of(bytes, limits::HANDSHAKE, extent::ratchet_tree)
    }
}

/// A raw `Credential` (RFC 9420, section 5.3). Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Credential {
    bytes: Bytes,
}

impl Credential {
    const BASIC: [u8; 2] = [0, 1];

    /// A basic credential.
    ///
    /// # Panics
    /// If the identity is longer than [`limits::CREDENTIAL`] less its header: identities are our own URIs and domains.
    pub fn basic(identity: &[u8]) -> Self {
        let mut bytes = Self::BASIC.to_vec();
        crate::wire::opaque::tls_serialize(identity, &mut bytes)
            .expect("an identity is far below 2^30 bytes");
        assert!(
            bytes.len() <= limits::CREDENTIAL,
            "an identity is a URI or a domain, both of which have limits"
        );
        Self { bytes: bytes.into() }
    }

    /// The identity of a basic credential; `None` for other kinds.
    pub fn identity(&self) -> Option<&[u8]> {
        let content = self.bytes.strip_prefix(&Self::BASIC)?;
        Reader::new(content).vector().ok()
    }

    fn walk(bytes: &[u8]) -> Result<((), usize), Error> {
        extent_of(bytes, limits::CREDENTIAL, extent::credential)
    }
}

fn extent_of<T>(
    bytes: &[u8],
    limit: usize,
    walk: impl FnOnce(&mut Reader<'_>) -> Result<T, Error>,
) -> Result<(T, usize), Error> {
    let mut reader = Reader::new(bytes);
    let found = walk(&mut reader)?;
    within(reader.position(), limit)?;
    Ok((found, reader.position()))
}

fn within(length: usize, limit: usize) -> Result<(), Error> {
    if length > limit { Err(Error::InvalidVectorLength) } else { Ok(()) }
}

macro_rules! raw_object {
    ($type:ident, $what:literal, $limit:expr, |$found:pat_param, $bytes:ident| $build:expr) => {
        impl $type {
            /// Takes exactly one object.
            ///
            /// # Errors
            /// [`ProtoError::TooLarge`], or [`ProtoError::Malformed`] for anything else than exactly one object.
            pub fn parse(raw: &[u8]) -> Result<Self, ProtoError> {
                Self::from_bytes(Bytes::copy_from_slice(Self::bounded(raw)?))
            }

            /// Takes exactly one object, without a copy.
            ///
            /// # Errors
            /// As [`Self::parse`].
            pub fn from_bytes($bytes: Bytes) -> Result<Self, ProtoError> {
                Self::bounded(&$bytes)?;
                match Self::walk(&$bytes) {
                    Ok(($found, length)) if length == $bytes.len() => Ok($build),
                    _ => Err(ProtoError::Malformed($what)),
                }
            }

            /// Its encoding.
            pub fn as_bytes(&self) -> &[u8] {
                &self.bytes
            }

            /// Its encoding.
            pub fn into_bytes(self) -> Bytes {
                self.bytes
            }

            fn bounded(raw: &[u8]) -> Result<&[u8], ProtoError> {
                if raw.len() > $limit {
                    return Err(ProtoError::TooLarge { what: $what, limit: $limit });
                }
                Ok(raw)
            }
        }

        impl TryFrom<Vec<u8>> for $type {
            type Error = ProtoError;
            fn try_from(raw: Vec<u8>) -> Result<Self, ProtoError> {
                Self::from_bytes(raw.into())
            }
        }

        impl Size for $type {
            fn tls_serialized_len(&self) -> usize {
                self.bytes.len()
            }
        }

        impl Serialize for $type {
            fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
                writer.write_all(&self.bytes)?;
                Ok(self.bytes.len())
            }
        }

        impl DeserializeBytes for $type {
            fn tls_deserialize_bytes(raw: &[u8]) -> Result<(Self, &[u8]), Error> {
                let ($found, length) = Self::walk(raw)?;
                let (own, rest) = raw.split_at(length);
                let $bytes = Bytes::copy_from_slice(own);
                Ok(($build, rest))
            }
        }
    };
}

raw_object!(MlsMessage, "MLS message", limits::HANDSHAKE, |header, bytes| Self { bytes, header });
raw_object!(KeyPackage, "key package", limits::KEY_PACKAGE, |(), bytes| Self { bytes });
raw_object!(GroupInfo, "group info", limits::HANDSHAKE, |framing, bytes| Self { bytes, framing });
raw_object!(RatchetTree, "ratchet tree", limits::HANDSHAKE, |(), bytes| Self { bytes });
raw_object!(Credential, "credential", limits::CREDENTIAL, |(), bytes| Self { bytes });

macro_rules! short_debug {
    ($($type:ident)*) => {
        $(impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({} bytes)", stringify!($type), self.bytes.len())
            }
        })*
    };
}
short_debug!(KeyPackage GroupInfo RatchetTree Credential);
