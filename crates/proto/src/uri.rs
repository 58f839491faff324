//! Opaque URIs: `mimi://<domain>/u/<id>`, `/d/<user id>/<device id>`, `/r/<id>`.
//! Names, handles and numbers never appear in one.

use crate::{ProtoError, limits};
use std::{fmt, str::FromStr, sync::Arc};
use tls_codec::{DeserializeBytes, Serialize, Size};

/// A service's domain name, lower case, with a port where one is needed on a test network (`a.example`, `localhost:4443`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(Arc<str>);

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as it stands in a URI.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// An id from random bytes, in lower-case base 32 without padding.
            pub fn from_random(bytes: &[u8]) -> Self {
                Self(data_encoding::BASE32_NOPAD.encode(bytes).to_ascii_lowercase().into())
            }
        }

        impl FromStr for $name {
            type Err = ProtoError;
            fn from_str(raw: &str) -> Result<Self, ProtoError> {
                let fits = !raw.is_empty()
                    && raw.len() <= 64
                    && raw.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
                if fits { Ok(Self(raw.into())) } else { Err(ProtoError::Uri($what)) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        text_codec!($name, $what);
    };
}

/// Encodes a type by its text as `opaque<V>`, and parses on the way in.
macro_rules! text_codec {
    ($name:ident, $what:literal) => {
        impl Size for $name {
            fn tls_serialized_len(&self) -> usize {
                self.to_string().as_bytes().tls_serialized_len()
            }
        }
        impl Serialize for $name {
            fn tls_serialize<W: std::io::Write>(&self, writer: &mut W) -> Result<usize, tls_codec::Error> {
                self.to_string().as_bytes().tls_serialize(writer)
            }
        }
        impl DeserializeBytes for $name {
            fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), tls_codec::Error> {
                let mut reader = crate::wire::Reader::new(bytes);
                let raw = reader.vector()?;
                let rest = reader.rest();
                let text = std::str::from_utf8(raw)
                    .ok()
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| tls_codec::Error::DecodingError($what.into()))?;
                Ok((text, rest))
            }
        }
    };
}

opaque_id!(
    /// A person's id at a service: 128 random bits.
    UserId,
    "user id"
);
opaque_id!(
    /// A device's id within its account: 64 random bits.
    DeviceId,
    "device id"
);
opaque_id!(
    /// A room's id at its hub: 128 random bits.
    RoomId,
    "room id"
);

impl Domain {
    /// The domain as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Domain {
    type Err = ProtoError;
    fn from_str(raw: &str) -> Result<Self, ProtoError> {
        let refused = ProtoError::Uri("domain");
        let (name, port) = raw.split_once(':').map_or((raw, None), |(name, port)| (name, Some(port)));
        let labels_fit = name.len() <= 253
            && name.split('.').all(|label| {
                !label.is_empty()
                    && label.len() <= 63
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            });
        let port_fits = port.is_none_or(|port| !port.starts_with('0') && port.parse::<u16>().is_ok());
        if labels_fit && port_fits { Ok(Self(raw.into())) } else { Err(refused) }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_codec!(Domain, "domain");

/// A person: `mimi://<domain>/u/<id>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserUri {
    /// The person's service.
    pub domain: Domain,
    /// The id there.
    pub id: UserId,
}

/// A device (MIMI: client): `mimi://<domain>/d/<user id>/<device id>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceUri {
    /// The person's service.
    pub domain: Domain,
    /// Whose device.
    pub user: UserId,
    /// Which device.
    pub device: DeviceId,
}

/// A room: `mimi://<domain>/r/<id>`; the domain is its hub's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomUri {
    /// The hub.
    pub domain: Domain,
    /// The id there.
    pub id: RoomId,
}

impl DeviceUri {
    /// Whose device this is.
    pub fn user_uri(&self) -> UserUri {
        UserUri { domain: self.domain.clone(), id: self.user.clone() }
    }
}

impl fmt::Display for UserUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mimi://{}/u/{}", self.domain, self.id)
    }
}

impl fmt::Display for DeviceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mimi://{}/d/{}/{}", self.domain, self.user, self.device)
    }
}

impl fmt::Display for RoomUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mimi://{}/r/{}", self.domain, self.id)
    }
}

/// Splits `mimi://<domain>/<kind>/<rest>` and checks the kind.
fn split<'a>(raw: &'a str, kind: &str, what: &'static str) -> Result<(Domain, &'a str), ProtoError> {
    if raw.len() > limits::URI {
        return Err(ProtoError::TooLarge { what, limit: limits::URI });
    }
    let refused = || ProtoError::Uri(what);
    let (domain, path) =
        raw.strip_prefix("mimi://").and_then(|rest| rest.split_once('/')).ok_or_else(refused)?;
    let rest = path.strip_prefix(kind).and_then(|rest| rest.strip_prefix('/')).ok_or_else(refused)?;
    Ok((domain.parse()?, rest))
}

impl FromStr for UserUri {
    type Err = ProtoError;
    fn from_str(raw: &str) -> Result<Self, ProtoError> {
        let (domain, id) = split(raw, "u", "user URI")?;
        Ok(Self { domain, id: id.parse()? })
    }
}

impl FromStr for DeviceUri {
    type Err = ProtoError;
    fn from_str(raw: &str) -> Result<Self, ProtoError> {
        let (domain, rest) = split(raw, "d", "device URI")?;
        let (user, device) = rest.split_once('/').ok_or(ProtoError::Uri("device URI"))?;
        Ok(Self { domain, user: user.parse()?, device: device.parse()? })
    }
}

impl FromStr for RoomUri {
    type Err = ProtoError;
    fn from_str(raw: &str) -> Result<Self, ProtoError> {
        let (domain, id) = split(raw, "r", "room URI")?;
        Ok(Self { domain, id: id.parse()? })
    }
}

text_codec!(UserUri, "user URI");
text_codec!(DeviceUri, "device URI");
text_codec!(RoomUri, "room URI");
