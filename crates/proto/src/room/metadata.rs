//! The room metadata component (draft-ietf-mimi-protocol-06, section 7.5). An update replaces the whole.

use crate::{ProtoError, RoomUri, limits, naming, wire::Reader};
use std::{fmt, io::Write, str::FromStr};
use tls_codec::{
    DeserializeBytes, Error, Serialize, Size, TlsDeserializeBytes, TlsSerialize, TlsSize, VLByteSlice,
};

/// UTF-8 without NUL, at most [`limits::METADATA_TEXT`] bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Text(String);

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Text {
    type Err = ProtoError;
    fn from_str(raw: &str) -> Result<Self, ProtoError> {
        if raw.len() > limits::METADATA_TEXT {
            return Err(ProtoError::TooLarge { what: "text", limit: limits::METADATA_TEXT });
        }
        if raw.contains('\0') { Err(ProtoError::Malformed("text")) } else { Ok(Self(raw.to_owned())) }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Size for Text {
    fn tls_serialized_len(&self) -> usize {
        VLByteSlice(self.0.as_bytes()).tls_serialized_len()
    }
}

impl Serialize for Text {
    fn tls_serialize<W: Write>(&self, writer: &mut W) -> Result<usize, Error> {
        VLByteSlice(self.0.as_bytes()).tls_serialize(writer)
    }
}

impl DeserializeBytes for Text {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let mut reader = Reader::new(bytes);
        let text = std::str::from_utf8(reader.vector()?).ok().and_then(|raw| raw.parse().ok());
        let text = text.ok_or_else(|| Error::DecodingError("text".into()))?;
        Ok((text, reader.rest()))
    }
}

/// A description in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RichDescription {
    /// Empty for `text/plain;charset=utf-8`.
    pub media_type: Text,
    /// RFC 5646; may be empty.
    pub language_tag: Text,
    /// The description.
    #[tls_codec(with = "crate::wire::opaque")]
    pub content: Vec<u8>,
}

/// What is shown of a room.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RoomMetadata {
    /// The room.
    pub room_uri: RoomUri,
    /// Its name; may be empty.
    pub name: Text,
    /// Descriptions, one a language.
    pub descriptions: Vec<RichDescription>,
    /// `https` URI of a picture; empty for none.
    pub avatar: Text,
    /// What it talks about now; may be empty.
    pub subject: Text,
    /// Its mood; may be empty.
    pub mood: Text,
}

impl RoomMetadata {
    /// The name as it is shown: whoever gave it, nothing in it is hidden ([`naming::readable`]).
    pub fn readable_name(&self) -> String {
        naming::readable(self.name.as_str())
    }

    /// A room with a name and nothing else.
    pub fn named(room_uri: RoomUri, name: Text) -> Self {
        Self {
            room_uri,
            name,
            descriptions: Vec::new(),
            avatar: Text::default(),
            subject: Text::default(),
            mood: Text::default(),
        }
    }
}
