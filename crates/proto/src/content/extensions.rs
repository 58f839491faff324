//! The extensions map of a message (draft-ietf-mimi-content-09, section 4.3).

use super::deterministic;
use crate::{ProtoError, limits};
use minicbor::Encoder;

/// Nesting of an extension's value: the map of extensions is the first of four levels (section 6.3).
const VALUE_DEPTH: usize = 3;
/// Integers that a double float holds without loss.
const LARGEST_INTEGER: i64 = (1 << 53) - 1;

/// Sender and room, which franking needs inside the encryption, and what we do not know, kept as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Key 1: who sends.
    pub sender_uri: Option<String>,
    /// Key 2: where.
    pub room_uri: Option<String>,
    others: Vec<(ExtensionKey, Vec<u8>)>,
}

/// The key of an extension. Positive integers are registered, the others are for private use.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ExtensionKey {
    /// An integer.
    Integer(i64),
    /// 1 to 255 bytes.
    Text(String),
}

impl ExtensionKey {
    /// Its encoding, which also orders it.
    fn encoding(&self) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new());
        let written = match self {
            Self::Integer(key) => encoder.i64(*key).is_ok(),
            Self::Text(key) => encoder.str(key).is_ok(),
        };
        debug_assert!(written, "writing into memory does not fail");
        encoder.into_writer()
    }

    fn is_acceptable(&self) -> bool {
        match self {
            Self::Integer(1 | 2) => false,
            Self::Integer(key) => (-LARGEST_INTEGER..=LARGEST_INTEGER).contains(key),
            Self::Text(key) => (1..=255).contains(&key.len()),
        }
    }
}

impl Extensions {
    /// Sender and room.
    pub fn of(sender_uri: impl ToString, room_uri: impl ToString) -> Self {
        Self {
            sender_uri: Some(sender_uri.to_string()),
            room_uri: Some(room_uri.to_string()),
            others: Vec::new(),
        }
    }

    /// The value of another extension: one item of deterministic CBOR.
    pub fn get(&self, key: &ExtensionKey) -> Option<&[u8]> {
        self.others.iter().find(|(other, _)| other == key).map(|(_, value)| value.as_slice())
    }

    /// The other extensions, in the order of their encoding.
    pub fn others(&self) -> impl Iterator<Item = (&ExtensionKey, &[u8])> {
        self.others.iter().map(|(key, value)| (key, value.as_slice()))
    }

    /// Adds another extension; the value is one item of CBOR.
    ///
    /// # Errors
    /// [`ProtoError::TooLarge`] if the value is longer than [`limits::EXTENSION`]; [`ProtoError::Malformed`] if it is
    /// not deterministic or nests too deep, if the key is out of bounds, or there already (1 and 2 are fields).
    pub fn insert(&mut self, key: ExtensionKey, value: Vec<u8>) -> Result<(), ProtoError> {
        if value.len() > limits::EXTENSION {
            return Err(ProtoError::TooLarge { what: "extension", limit: limits::EXTENSION });
        }
        deterministic::check_to_depth(&value, VALUE_DEPTH)?;
        if !key.is_acceptable() {
            return Err(ProtoError::Malformed("extension key"));
        }
        let encoding = key.encoding();
        match self.others.binary_search_by(|(other, _)| other.encoding().cmp(&encoding)) {
            Ok(_) => Err(ProtoError::Malformed("extension key")),
            Err(place) => {
                self.others.insert(place, (key, value));
                Ok(())
            }
        }
    }

    /// All entries as encoded key and encoded value, in the order in which they are written.
    pub(super) fn entries(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let known = [(1, &self.sender_uri), (2, &self.room_uri)];
        let known = known.into_iter().filter_map(|(key, uri)| {
            let uri = ExtensionKey::Text(uri.clone()?).encoding();
            Some((ExtensionKey::Integer(key).encoding(), uri))
        });
        let others = self.others.iter().map(|(key, value)| (key.encoding(), value.clone()));
        let mut entries: Vec<_> = known.chain(others).collect();
        entries.sort();
        entries
    }
}
