//! Encoding of messages.

use super::{MessageId, MimiContent, NestedPart, Part, PartSemantics};
use crate::{ProtoError, limits};
use minicbor::{Encoder, encode::Error};
use std::convert::Infallible;

type Sink = Encoder<Vec<u8>>;
type Written = Result<(), Error<Infallible>>;

pub(super) fn content(content: &MimiContent) -> Result<Vec<u8>, ProtoError> {
    let mut e = Encoder::new(Vec::new());
    write(&mut e, content).map_err(|_| ProtoError::Malformed("message content"))?;
    let bytes = e.into_writer();
    // The decoder knows every limit. Asking it keeps us from sending what every receiver would refuse.
    super::decode::content(&bytes)?;
    Ok(bytes)
}

fn write(e: &mut Sink, content: &MimiContent) -> Written {
    e.array(7)?.bytes(&content.salt)?;
    message_id(e, content.replaces)?;
    e.bytes(&content.topic_id)?;
    match content.expires {
        Some(expires) => e.array(2)?.bool(expires.relative)?.u32(expires.time)?.ok()?,
        None => e.null()?.ok()?,
    }
    message_id(e, content.in_reply_to)?;
    let entries = content.extensions.entries();
    e.map(entries.len() as u64)?;
    for (key, value) in entries {
        e.writer_mut().extend_from_slice(&key);
        e.writer_mut().extend_from_slice(&value);
    }
    nested_part(e, &content.part, limits::PART_DEPTH)
}

fn message_id(e: &mut Sink, id: Option<MessageId>) -> Written {
    match id {
        Some(id) => e.bytes(&id.0)?.ok(),
        None => e.null()?.ok(),
    }
}

fn nested_part(e: &mut Sink, nested: &NestedPart, depth: usize) -> Written {
    let depth = depth.checked_sub(1).ok_or_else(|| Error::message("parts nested too deep"))?;
    e.array(match nested.part {
        Part::Null => 3,
        Part::Single { .. } | Part::Multi { .. } => 5,
        Part::External(_) => 15,
    })?;
    e.u8(nested.disposition.0)?.str(&nested.language)?;
    match &nested.part {
        Part::Null => e.u8(0)?.ok(),
        Part::Single { content_type, content } => e.u8(1)?.str(content_type)?.bytes(content)?.ok(),
        Part::External(part) => {
            e.u8(2)?.str(&part.content_type)?.str(&part.url)?.u32(part.expires)?.u64(part.size)?;
            e.u16(part.enc_alg)?.bytes(&part.key)?.bytes(&part.nonce)?.bytes(&part.aad)?;
            e.u8(part.hash_alg)?.bytes(&part.content_hash)?.str(&part.description)?.str(&part.filename)?.ok()
        }
        Part::Multi { semantics, parts } => {
            e.u8(3)?.u8(match semantics {
                PartSemantics::ChooseOne => 0,
                PartSemantics::SingleUnit => 1,
                PartSemantics::ProcessAll => 2,
            })?;
            e.array(parts.len() as u64)?;
            parts.iter().try_for_each(|part| nested_part(e, part, depth))
        }
    }
}
