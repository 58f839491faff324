//! What is remembered of an event that a peer sent: enough to know it again, also when it comes back altered.

use sha2::{Digest as _, Sha256};
use trefoil_proto::{
    RoomUri, Timestamp, Wire as _,
    mimi::{FanoutMessage, NotifyRequest, fanout::RoomEvent},
};

/// Half of a SHA-256. A peer that finds two events of one digest keeps one of its own from being delivered.
pub(super) type Digest = [u8; 16];

/// The marks of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Of everything that decides what becomes of it: room, recipients, event.
    pub(super) whole: Digest,
    /// Of what there is only one of: in a room, a message by its bytes, a commit by its epoch.
    pub(super) identity: Digest,
    /// Of what the hub must not change: all but time and stamp.
    pub(super) content: Digest,
    /// Of the whole event.
    pub(super) event: Digest,
    /// When the hub says that it accepted it.
    pub(super) at: Timestamp,
}

/// What a mark is to one of the same identity that came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kinship {
    /// The same event, for others.
    Same,
    /// The same message, accepted at another time: a hub that forgot, in a crash, that it had it stamps it again.
    StampedAgain,
    /// Something else under the same identity.
    Altered,
}

impl Mark {
    /// The marks of a request's events, in order.
    pub(super) fn all(room: &RoomUri, request: &NotifyRequest) -> Vec<Self> {
        let recipients = NotifyRequest { messages: Vec::new(), ..request.clone() }.encode();
        request.messages.iter().map(|message| Self::of(&room.to_string(), &recipients, message)).collect()
    }

    fn of(room: &str, recipients: &[u8], message: &FanoutMessage) -> Self {
        let encoded = message.encode();
        let (identity, content) = parts(room, &message.event);
        Self {
            whole: digest(&[room.as_bytes(), recipients, &encoded]),
            identity,
            content,
            event: digest(&[&encoded]),
            at: message.timestamp,
        }
    }

    pub(super) fn kinship(&self, before: &Self) -> Kinship {
        if self.event == before.event {
            Kinship::Same
        } else if self.content == before.content && self.at != before.at {
            Kinship::StampedAgain
        } else {
            Kinship::Altered
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let Self { whole, identity, content, event, at } = self;
        [&whole[..], identity, content, event, &at.0.to_be_bytes()].concat()
    }

    pub(super) fn decode(row: &[u8]) -> Option<Self> {
        let (digests, at) = row.split_at_checked(4 * 16)?;
        let at = Timestamp(u64::from_be_bytes(at.try_into().ok()?));
        let part = |number: usize| digests[16 * number..][..16].try_into().ok();
        Some(Self { whole: part(0)?, identity: part(1)?, content: part(2)?, event: part(3)?, at })
    }
}

fn parts(room: &str, event: &RoomEvent) -> (Digest, Digest) {
    let room = room.as_bytes();
    match event {
        RoomEvent::Application { message, .. } => {
            let identity = digest(&[b"message", room, message.as_bytes()]);
            (identity, identity)
        }
        RoomEvent::Welcome { message, ratchet_tree } => {
            let tree = tls_codec::Serialize::tls_serialize_detached(ratchet_tree).unwrap_or_default();
            (digest(&[b"Welcome", room, message.as_bytes()]), digest(&[&tree]))
        }
        RoomEvent::Proposal { message, more } => {
            let more: Vec<_> = more.iter().map(|message| message.as_bytes()).collect();
            (digest(&[b"proposal", room, message.as_bytes()]), digest(&more))
        }
        RoomEvent::Commit { message, external_proposals } => {
            let identity = match message.epoch() {
                Some(epoch) => digest(&[b"commit", room, &epoch.to_be_bytes()]),
                None => digest(&[b"closed commit", room, message.as_bytes()]),
            };
            let mut content = vec![message.as_bytes()];
            content.extend(external_proposals.iter().map(|message| message.as_bytes()));
            (identity, digest(&content))
        }
        RoomEvent::Removal(asked) => {
            let identity = digest(&[b"removal", room, &asked.encode()]);
            (identity, identity)
        }
    }
}

fn digest(parts: &[&[u8]]) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut half = Digest::default();
    half.copy_from_slice(&hash.finalize()[..16]);
    half
}
