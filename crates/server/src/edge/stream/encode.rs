//! Frames that carry stored bytes, encoded into one buffer of the right size without a copy in between. The same bytes
//! as the codec of [`trefoil_proto::frame::ServerFrame`]; a test compares them.

use trefoil_store::Entry;

const DELIVER: u8 = 1;
const PASSING: u8 = 3;
const POSITION: usize = 8;

/// `ServerFrame::Deliver`.
pub(super) fn deliver(entries: &[Entry]) -> Vec<u8> {
    let inner: usize = entries.iter().map(|entry| POSITION + vector_size(entry.body.len())).sum();
    let mut frame = Vec::with_capacity(1 + vector_size(inner));
    frame.push(DELIVER);
    push_length(&mut frame, inner);
    for entry in entries {
        frame.extend_from_slice(&entry.position.0.to_be_bytes());
        push_length(&mut frame, entry.body.len());
        frame.extend_from_slice(&entry.body);
    }
    frame
}

/// `ServerFrame::Passing`.
pub(super) fn passing(body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(1 + vector_size(body.len()));
    frame.push(PASSING);
    push_length(&mut frame, body.len());
    frame.extend_from_slice(body);
    frame
}

/// A vector's bytes with its length in front.
fn vector_size(length: usize) -> usize {
    let prefix = match length {
        0..0x40 => 1,
        0x40..0x4000 => 2,
        _ => 4,
    };
    prefix + length
}

/// The length of a vector `<V>` (RFC 9420, section 2.1.2).
fn push_length(out: &mut Vec<u8>, length: usize) {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    match length {
        0..0x40 => out.push(length as u8),
        0x40..0x4000 => out.extend_from_slice(&(0x4000 | length as u16).to_be_bytes()),
        _ => out.extend_from_slice(&(0x8000_0000 | length).to_be_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;
    use trefoil_proto::{
        Wire as _,
        frame::{MailboxEntry, ServerFrame},
    };
    use trefoil_store::Position;

    proptest! {
        #[test]
        fn the_same_bytes_as_the_codec(
            sizes in prop::collection::vec((any::<u64>(), prop_oneof![0usize..80, 16_300usize..16_500]), 1..8),
        ) {
            let entries: Vec<_> = sizes
                .iter()
                .map(|(position, size)| Entry {
                    position: Position(*position),
                    body: Bytes::from(vec![*position as u8; *size]),
                })
                .collect();
            let whole = ServerFrame::Deliver {
                entries: entries
                    .iter()
                    .map(|entry| MailboxEntry { position: entry.position.0, body: entry.body.to_vec() })
                    .collect(),
            };
            prop_assert_eq!(deliver(&entries), whole.encode());
            let body = entries[0].body.to_vec();
            prop_assert_eq!(passing(&body), ServerFrame::Passing { body }.encode());
        }
    }
}
