//! Decoding of messages. Form first ([`deterministic`]), then meaning, so that this file reads checked CBOR.

use super::{
    Disposition, Expiration, ExtensionKey, Extensions, ExternalPart, MessageId, MimiContent, NestedPart,
    Part, PartSemantics, deterministic,
};
use crate::{ProtoError, limits};
use minicbor::{Decoder, data::Type};

const REFUSED: ProtoError = ProtoError::Malformed("message content");

pub(super) fn content(bytes: &[u8]) -> Result<MimiContent, ProtoError> {
    if bytes.len() > limits::MESSAGE {
        return Err(ProtoError::TooLarge { what: "message content", limit: limits::MESSAGE });
    }
    deterministic::check(bytes)?;
    let mut d = Decoder::new(bytes);
    array_of(&mut d, 7)?;
    let salt = d.bytes()?.try_into().map_err(|_| REFUSED)?;
    let replaces = optional(&mut d, message_id)?;
    let topic_id = d.bytes()?.to_vec();
    if topic_id.len() > limits::TOPIC {
        return Err(ProtoError::TooLarge { what: "topic", limit: limits::TOPIC });
    }
    let expires = optional(&mut d, expiration)?;
    let in_reply_to = optional(&mut d, message_id)?;
    let extensions = extensions(&mut d)?;
    let part = nested_part(&mut d, limits::PART_DEPTH, &mut 0)?;
    Ok(MimiContent { salt, replaces, topic_id, expires, in_reply_to, extensions, part })
}

impl From<minicbor::decode::Error> for ProtoError {
    fn from(_: minicbor::decode::Error) -> Self {
        REFUSED
    }
}

fn array_of(d: &mut Decoder<'_>, length: u64) -> Result<(), ProtoError> {
    if d.array()? == Some(length) { Ok(()) } else { Err(REFUSED) }
}

fn optional<'b, T>(
    d: &mut Decoder<'b>,
    read: impl FnOnce(&mut Decoder<'b>) -> Result<T, ProtoError>,
) -> Result<Option<T>, ProtoError> {
    if d.datatype()? == Type::Null {
        d.null()?;
        return Ok(None);
    }
    read(d).map(Some)
}

pub(super) fn message_id(d: &mut Decoder<'_>) -> Result<MessageId, ProtoError> {
    MessageId::from_slice(d.bytes()?)
}

fn expiration(d: &mut Decoder<'_>) -> Result<Expiration, ProtoError> {
    array_of(d, 2)?;
    Ok(Expiration { relative: d.bool()?, time: d.u32()? })
}

fn extensions(d: &mut Decoder<'_>) -> Result<Extensions, ProtoError> {
    let count = d.map()?.ok_or(REFUSED)?;
    let mut extensions = Extensions::default();
    for _ in 0..count {
        let key = match d.datatype()? {
            Type::String => ExtensionKey::Text(d.str()?.to_owned()),
            _ => ExtensionKey::Integer(d.i64()?),
        };
        match key {
            ExtensionKey::Integer(1) => extensions.sender_uri = Some(uri(d)?),
            ExtensionKey::Integer(2) => extensions.room_uri = Some(uri(d)?),
            other => {
                let start = d.position();
                d.skip()?;
                extensions.insert(other, d.input()[start..d.position()].to_vec())?;
            }
        }
    }
    Ok(extensions)
}

fn uri(d: &mut Decoder<'_>) -> Result<String, ProtoError> {
    let uri = d.str()?;
    if uri.len() > limits::URI {
        return Err(ProtoError::TooLarge { what: "URI", limit: limits::URI });
    }
    Ok(uri.to_owned())
}

fn nested_part(d: &mut Decoder<'_>, depth: usize, seen: &mut usize) -> Result<NestedPart, ProtoError> {
    let depth = depth
        .checked_sub(1)
        .ok_or(ProtoError::TooLarge { what: "nesting of parts", limit: limits::PART_DEPTH })?;
    *seen += 1;
    if *seen > limits::PARTS {
        return Err(ProtoError::TooLarge { what: "number of parts", limit: limits::PARTS });
    }
    let fields = d.array()?.ok_or(REFUSED)?;
    let disposition = Disposition(d.u8()?);
    let language = d.str()?.to_owned();
    let part = match (d.u8()?, fields) {
        (0, 3) => Part::Null,
        (1, 5) => Part::Single { content_type: d.str()?.to_owned(), content: d.bytes()?.to_vec() },
        (2, 15) => Part::External(external_part(d)?),
        (3, 5) => {
            let semantics = match d.u8()? {
                0 => PartSemantics::ChooseOne,
                1 => PartSemantics::SingleUnit,
                2 => PartSemantics::ProcessAll,
                _ => return Err(REFUSED),
            };
            let count = d.array()?.filter(|count| *count >= 2).ok_or(REFUSED)?;
            let parts = (0..count).map(|_| nested_part(d, depth, seen)).collect::<Result<_, _>>()?;
            Part::Multi { semantics, parts }
        }
        _ => return Err(REFUSED),
    };
    Ok(NestedPart { disposition, language, part })
}

fn external_part(d: &mut Decoder<'_>) -> Result<ExternalPart, ProtoError> {
    Ok(ExternalPart {
        content_type: d.str()?.to_owned(),
        url: d.str()?.to_owned(),
        expires: d.u32()?,
        size: d.u64()?,
        enc_alg: d.u16()?,
        key: d.bytes()?.to_vec(),
        nonce: d.bytes()?.to_vec(),
        aad: d.bytes()?.to_vec(),
        hash_alg: d.u8()?,
        content_hash: d.bytes()?.to_vec(),
        description: d.str()?.to_owned(),
        filename: d.str()?.to_owned(),
    })
}
