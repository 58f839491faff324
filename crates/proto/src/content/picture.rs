//! Small pictures of people and of rooms, which travel within messages (`docs/spec/conversation.md`): no service sees them,
//! nothing has to be fetched.

use super::deterministic;
use crate::{ProtoError, limits};
use minicbor::{Decoder, Encoder, data::Type};
use std::fmt;

/// The media type of a room's picture, as content of a part.
pub const ROOM_PICTURE: &str = "application/vnd.trefoil.room-picture";

const BAD: ProtoError = ProtoError::Malformed("picture");

/// How a picture is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PictureType {
    /// `image/jpeg`.
    Jpeg,
    /// `image/png`.
    Png,
}

impl PictureType {
    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    /// By its media type; none for another.
    pub fn of(media_type: &str) -> Option<Self> {
        [Self::Jpeg, Self::Png].into_iter().find(|kind| kind.media_type() == media_type)
    }

    /// What its files begin with.
    const fn signature(self) -> &'static [u8] {
        match self {
            Self::Jpeg => b"\xff\xd8\xff",
            Self::Png => b"\x89PNG\r\n\x1a\n",
        }
    }
}

/// A picture of at most [`limits::PICTURE`] bytes that begins as its type does. The rest is a stranger's: draw it anew
/// before it is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    kind: PictureType,
    bytes: Vec<u8>,
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({}, {} bytes)", self.kind.media_type(), self.bytes.len())
    }
}

impl Picture {
    /// A picture from its file.
    ///
    /// # Errors
    /// [`ProtoError::TooLarge`]; [`ProtoError::Malformed`] if it begins otherwise.
    pub fn new(kind: PictureType, bytes: Vec<u8>) -> Result<Self, ProtoError> {
        if bytes.len() > limits::PICTURE {
            return Err(ProtoError::TooLarge { what: "picture", limit: limits::PICTURE });
        }
        if bytes.starts_with(kind.signature()) { Ok(Self { kind, bytes }) } else { Err(BAD) }
    }

    /// How it is encoded.
    pub fn kind(&self) -> PictureType {
        self.kind
    }

    /// The file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Decodes the body of a room's picture: `null` if it is taken away, else `[media type, bytes]`, in deterministic CBOR.
///
/// # Errors
/// [`ProtoError::Malformed`], [`ProtoError::TooLarge`].
pub fn decode(bytes: &[u8]) -> Result<Option<Picture>, ProtoError> {
    if bytes.len() > limits::PICTURE + 64 {
        return Err(ProtoError::TooLarge { what: "picture", limit: limits::PICTURE });
    }
    deterministic::check(bytes)?;
    let mut d = Decoder::new(bytes);
    if d.datatype()? == Type::Null {
        return Ok(None);
    }
    if d.array()? != Some(2) {
        return Err(BAD);
    }
    let kind = PictureType::of(d.str()?).ok_or(BAD)?;
    Picture::new(kind, d.bytes()?.to_vec()).map(Some)
}

/// Encodes the body of a room's picture.
pub fn encode(picture: Option<&Picture>) -> Vec<u8> {
    let mut e = Encoder::new(Vec::new());
    let written = match picture {
        None => e.null().map(drop),
        Some(picture) => e
            .array(2)
            .and_then(|e| e.str(picture.kind.media_type()))
            .and_then(|e| e.bytes(&picture.bytes))
            .map(drop),
    };
    written.expect("writing into memory does not fail");
    e.into_writer()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn any_picture() -> impl Strategy<Value = Picture> {
        let kind = prop::sample::select(vec![PictureType::Jpeg, PictureType::Png]);
        (kind, prop::collection::vec(any::<u8>(), 0..300))
            .prop_map(|(kind, rest)| Picture::new(kind, [kind.signature(), &rest].concat()).unwrap())
    }

    proptest! {
        #[test]
        fn pictures_come_back(picture in prop::option::of(any_picture())) {
            prop_assert_eq!(decode(&encode(picture.as_ref())).unwrap(), picture);
        }
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let jpeg = |length: usize| [PictureType::Jpeg.signature(), &vec![0; length - 3]].concat();
        assert!(Picture::new(PictureType::Jpeg, jpeg(limits::PICTURE)).is_ok());
        assert!(matches!(
            Picture::new(PictureType::Jpeg, jpeg(limits::PICTURE + 1)),
            Err(ProtoError::TooLarge { .. })
        ));
        assert!(Picture::new(PictureType::Png, jpeg(100)).is_err());
        assert!(Picture::new(PictureType::Jpeg, Vec::new()).is_err());
        for bytes in [&b""[..], b"\x80", b"\xf6\xf6", b"\x82\x60\x40", b"\x82\x6aimage/jpeg\x40"] {
            assert!(decode(bytes).is_err(), "{bytes:?}");
        }
        let svg = b"\x82\x6dimage/svg+xml\x45<svg>";
        assert!(decode(svg).is_err());
        assert_eq!(PictureType::of("image/gif"), None);
    }
}
