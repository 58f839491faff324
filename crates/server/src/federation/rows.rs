//! The stored rows of federation. The outbox itself is one store queue for each peer.

use super::{Incident, IncidentReason, Refusal, Strange, mark::Mark};
use crate::catalogue::TableNote;
use bytes::Bytes;
use trefoil_proto::{Domain, ErrorCode, RoomUri, Timestamp};
use trefoil_store::{Position, QueueKey, Table};

/// Domain to nothing: which outboxes exist.
pub(super) const PEERS: Table = Table::new("federation.peers");
/// Domain, zero, slot to the marks of an event: what was accepted from a peer lately.
pub(super) const SEEN: Table = Table::new("federation.seen");
/// Domain, zero, slot to an outbox entry that a peer will never take.
pub(super) const REFUSED: Table = Table::new("federation.refused");
/// Domain to how far its outbox is delivered, where that is not all before its first entry.
pub(super) const PROGRESS: Table = Table::new("federation.progress");
/// Domain, zero, position to an outbox entry of a form that this version does not know.
pub(super) const STRANGE: Table = Table::new("federation.strange");
/// Domain, zero, slot to what a peer tried; no domain for those who showed none.
pub(super) const INCIDENTS: Table = Table::new("federation.incidents");

/// What this room stores.
pub const TABLES: &[TableNote] = &[
    TableNote {
        table: PEERS,
        holds: "the domain of each service that was ever sent anything; beside it a queue of what is not delivered \
                yet, each entry a room, recipients by opaque id, and encrypted messages",
        kept: "the domain for ever, a queue entry until the peer has stored it",
        discloses: "which services are talked to; while a peer is down, which of its devices are in which room",
    },
    TableNote {
        table: SEEN,
        holds: "SHA-256 digests of the last events that each peer notified of, with the time it gave them",
        kept: "until 4096 later ones came from the peer",
        discloses: "how many events came from each peer and when; of whose rooms, nothing to someone who has not the \
                    event itself",
    },
    TableNote {
        table: REFUSED,
        holds: "an outbox entry that its peer refused for good, with time and reason",
        kept: "until 1024 later ones were refused by the peer",
        discloses: "as an outbox entry",
    },
    TableNote {
        table: PROGRESS,
        holds: "of a peer's outbox, while some of its rooms fail: these rooms, and how far each, and all others, are \
                delivered",
        kept: "until these rooms are delivered",
        discloses: "as the outbox entries that wait",
    },
    TableNote {
        table: STRANGE,
        holds: "an outbox entry that another version of this service wrote in a form that this one does not know, \
                with the time it was found",
        kept: "until a version that knows it starts",
        discloses: "as an outbox entry",
    },
    TableNote {
        table: INCIDENTS,
        holds: "what a peer sent that it may not: time, domain, reason",
        kept: "until 64 later ones of the peer, or of those without a name, happened",
        discloses: "which services misbehaved",
    },
];

const VERSION: u8 = 1;

/// A peer's outbox. The double slash keeps it apart from every mailbox (`user/device`).
pub(super) fn outbox(domain: &Domain) -> QueueKey {
    QueueKey::new(format!("outbox//{domain}").into_bytes())
}

pub(super) fn encode_outbox(room: &RoomUri, notify: &[u8]) -> Bytes {
    let room = room.to_string();
    let length = u16::try_from(room.len()).expect("a URI has at most limits::URI bytes");
    let mut row = Vec::with_capacity(3 + room.len() + notify.len());
    row.push(VERSION);
    row.extend_from_slice(&length.to_be_bytes());
    row.extend_from_slice(room.as_bytes());
    row.extend_from_slice(notify);
    row.into()
}

/// Room and encoded `NotifyRequest`.
pub(super) fn decode_outbox(row: &Bytes) -> Option<(RoomUri, Bytes)> {
    let mut reader = Reader::new(row)?;
    let length = usize::from(reader.u16()?);
    let room = std::str::from_utf8(reader.take(length)?).ok()?.parse().ok()?;
    Some((room, row.slice_ref(reader.0)))
}

pub(super) fn slot_key(domain: &Domain, slot: u16) -> Vec<u8> {
    let mut key = domain_prefix(domain);
    key.extend_from_slice(&slot.to_be_bytes());
    key
}

pub(super) fn domain_prefix(domain: &Domain) -> Vec<u8> {
    let mut key = domain.as_str().as_bytes().to_vec();
    key.push(0);
    key
}

/// The domain in the key of a slot.
pub(super) fn domain_of(slot_key: &[u8]) -> Option<Domain> {
    let end = slot_key.iter().position(|byte| *byte == 0)?;
    std::str::from_utf8(&slot_key[..end]).ok()?.parse().ok()
}

/// The slot at the end of a key.
pub(super) fn slot_of(key: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(*key.last_chunk()?))
}

pub(super) fn incident_key(from: Option<&Domain>, slot: u16) -> Vec<u8> {
    match from {
        Some(domain) => slot_key(domain, slot),
        None => [&[0], &slot.to_be_bytes()[..]].concat(),
    }
}

/// The marks of an event with its running number.
pub(super) fn encode_seen(number: u64, mark: &Mark) -> Vec<u8> {
    let mut row = vec![VERSION];
    row.extend_from_slice(&number.to_be_bytes());
    row.extend_from_slice(&mark.encode());
    row
}

pub(super) fn decode_seen(row: &[u8]) -> Option<(u64, Mark)> {
    let mut reader = Reader::new(row)?;
    Some((reader.u64()?, Mark::decode(reader.0)?))
}

pub(super) fn encode_refused(refusal: &Refusal) -> Vec<u8> {
    let entry = encode_outbox(&refusal.room, &refusal.body);
    let mut row = vec![VERSION];
    row.extend_from_slice(&refusal.number.to_be_bytes());
    row.extend_from_slice(&refusal.at.0.to_be_bytes());
    row.extend_from_slice(&refusal.status.to_be_bytes());
    row.extend_from_slice(&(refusal.code as u16).to_be_bytes());
    row.extend_from_slice(&entry);
    row
}

pub(super) fn decode_refused(row: &Bytes) -> Option<Refusal> {
    let mut reader = Reader::new(row)?;
    let (number, at) = (reader.u64()?, Timestamp(reader.u64()?));
    let (status, code) = (reader.u16()?, code(reader.u16()?)?);
    let (room, body) = decode_outbox(&row.slice_ref(reader.0))?;
    Some(Refusal { number, at, status, code, room, body })
}

/// How far an outbox is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// All up to here, but for these rooms.
    pub(super) settled: Position,
    /// Of a room that fails: up to where it is delivered.
    pub(super) parked: Vec<(RoomUri, Position)>,
}

pub(super) fn encode_progress(progress: &Progress) -> Vec<u8> {
    let mut row = vec![VERSION];
    row.extend_from_slice(&progress.settled.0.to_be_bytes());
    for (room, after) in &progress.parked {
        let room = room.to_string();
        let length = u16::try_from(room.len()).expect("a URI has at most limits::URI bytes");
        row.extend_from_slice(&length.to_be_bytes());
        row.extend_from_slice(room.as_bytes());
        row.extend_from_slice(&after.0.to_be_bytes());
    }
    row
}

pub(super) fn decode_progress(row: &[u8]) -> Option<Progress> {
    let mut reader = Reader::new(row)?;
    let mut progress = Progress { settled: Position(reader.u64()?), parked: Vec::new() };
    while !reader.0.is_empty() {
        let length = usize::from(reader.u16()?);
        let room = std::str::from_utf8(reader.take(length)?).ok()?.parse().ok()?;
        progress.parked.push((room, Position(reader.u64()?)));
    }
    Some(progress)
}

pub(super) fn strange_key(domain: &Domain, position: Position) -> Vec<u8> {
    let mut key = domain_prefix(domain);
    key.extend_from_slice(&position.0.to_be_bytes());
    key
}

pub(super) fn encode_strange(strange: &Strange) -> Vec<u8> {
    [&[VERSION], &strange.at.0.to_be_bytes()[..], &strange.entry].concat()
}

pub(super) fn decode_strange(row: &Bytes) -> Option<Strange> {
    let mut reader = Reader::new(row)?;
    let at = Timestamp(reader.u64()?);
    Some(Strange { at, entry: row.slice_ref(reader.0) })
}

pub(super) fn encode_incident(number: u64, incident: &Incident) -> Vec<u8> {
    let mut row = vec![VERSION];
    row.extend_from_slice(&number.to_be_bytes());
    row.extend_from_slice(&incident.at.0.to_be_bytes());
    row.push(incident.reason as u8);
    row.extend_from_slice(incident.from.as_ref().map_or("", Domain::as_str).as_bytes());
    row
}

pub(super) fn decode_incident(row: &[u8]) -> Option<(u64, Incident)> {
    let mut reader = Reader::new(row)?;
    let (number, at) = (reader.u64()?, Timestamp(reader.u64()?));
    let reason = IncidentReason::from_number(reader.take(1)?[0])?;
    let from = std::str::from_utf8(reader.0).ok()?;
    let from = if from.is_empty() { None } else { Some(from.parse().ok()?) };
    Some((number, Incident { at, from, reason }))
}

fn code(number: u16) -> Option<ErrorCode> {
    use tls_codec::DeserializeBytes as _;
    ErrorCode::tls_deserialize_exact_bytes(&number.to_be_bytes()).ok()
}

/// What is left of a row after its version.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn new(row: &'a [u8]) -> Option<Self> {
        let (&version, rest) = row.split_first()?;
        (version == VERSION).then_some(Self(rest))
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }
}
