//! Encoding and decoding of whole structures, and the bounded readers that the hand-written codecs share.

use crate::ProtoError;
use tls_codec::{DeserializeBytes, Error, Serialize};

/// A structure that travels on its own: a body, a frame, a mailbox entry, a component's data.
///
/// One way in and one way out, so that no caller forgets the limit or the trailing bytes.
pub trait Wire: Sized + Serialize + DeserializeBytes {
    /// Largest encoding that [`Wire::decode`] looks at, in bytes.
    const LIMIT: usize;
    /// What it is, for errors and logs.
    const NAME: &'static str;

    /// Decodes exactly one structure.
    ///
    /// # Errors
    /// [`ProtoError::TooLarge`] beyond [`Wire::LIMIT`]; [`ProtoError::Malformed`] for anything that is not exactly
    /// one well-formed structure, trailing bytes included.
    fn decode(bytes: &[u8]) -> Result<Self, ProtoError> {
        if bytes.len() > Self::LIMIT {
            return Err(ProtoError::TooLarge { what: Self::NAME, limit: Self::LIMIT });
        }
        match Self::tls_deserialize_bytes(bytes) {
            Ok((value, [])) => Ok(value),
            Ok(_) | Err(_) => Err(ProtoError::Malformed(Self::NAME)),
        }
    }

    /// Encodes it.
    fn encode(&self) -> Vec<u8> {
        self.tls_serialize_detached().expect("a structure whose vectors stay under 2^30 bytes always encodes")
    }
}

/// A cursor over bytes that were not checked yet. Every step is bounded by what is left.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(all: &'a [u8]) -> Self {
        Self { all, at: 0 }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at == self.all.len()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.all[self.at..]
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, _) = self.rest().split_at_checked(count).ok_or(Error::EndOfStream)?;
        self.at += count;
        Ok(taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Error> {
        Ok(self.take(1)?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Error> {
        let taken = self.take(2)?;
        Ok(u16::from_be_bytes([taken[0], taken[1]]))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Error> {
        let taken = self.take(4)?;
        Ok(u32::from_be_bytes([taken[0], taken[1], taken[2], taken[3]]))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Error> {
        let (high, low) = (self.u32()?, self.u32()?);
        Ok(u64::from(high) << 32 | u64::from(low))
    }

    /// The length in front of a vector `<V>` (RFC 9420, section 2.1.2): in the shortest form, under 2^30.
    fn length(&mut self) -> Result<usize, Error> {
        let first = self.u8()?;
        let low = usize::from(first & 0x3f);
        let (length, least) = match first >> 6 {
            0 => (low, 0),
            1 => (low << 8 | usize::from(self.u8()?), 1 << 6),
            2 => (low << 24 | usize::from(self.u8()?) << 16 | usize::from(self.u16()?), 1 << 14),
            _ => return Err(Error::InvalidVectorLength),
        };
        if length < least { Err(Error::InvalidVectorLength) } else { Ok(length) }
    }

    /// The content of a vector `<V>`.
    pub(crate) fn vector(&mut self) -> Result<&'a [u8], Error> {
        let length = self.length()?;
        self.take(length)
    }

    /// The content of a vector `<V>` that is UTF-8, and what follows it.
    pub(crate) fn text(mut self) -> Result<(&'a str, &'a [u8]), Error> {
        let text = std::str::from_utf8(self.vector()?).map_err(|_| Error::InvalidInput)?;
        Ok((text, self.rest()))
    }

    /// The presence byte of an `optional<T>`.
    pub(crate) fn optional(&mut self) -> Result<bool, Error> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Error::InvalidInput),
        }
    }

    /// A structure with its own codec.
    pub(crate) fn read<T: DeserializeBytes>(&mut self) -> Result<T, Error> {
        let (value, rest) = T::tls_deserialize_bytes(self.rest())?;
        self.at = self.all.len() - rest.len();
        Ok(value)
    }
}

/// Codec of `opaque<V>` held in a `Vec<u8>`, in one copy. For `#[tls_codec(with = "crate::wire::opaque")]`:
/// the derived codec of `Vec<u8>` gives the same bytes one at a time.
pub(crate) mod opaque {
    use super::Reader;
    use std::io::Write;
    use tls_codec::{Error, Serialize as _, Size as _, VLByteSlice};

    pub(crate) fn tls_serialized_len(bytes: &[u8]) -> usize {
        VLByteSlice(bytes).tls_serialized_len()
    }

    pub(crate) fn tls_serialize<W: Write>(bytes: &[u8], writer: &mut W) -> Result<usize, Error> {
        VLByteSlice(bytes).tls_serialize(writer)
    }

    pub(crate) fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Vec<u8>, &[u8]), Error> {
        let mut reader = Reader::new(bytes);
        let content = reader.vector()?.to_vec();
        Ok((content, reader.rest()))
    }
}
