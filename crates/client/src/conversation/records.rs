//! Typed reading and writing of rows, and the keys under which they lie.

use super::{
    ConversationError, MessageId,
    rows::{EXPIRIES, Entry, MESSAGES, MessageRow, ROOMS, Record, RoomRow, Row, TIMELINE, UNREAD, row_id},
};
use crate::overlay::Overlay;
use std::{fmt, str::FromStr};
use tls_codec::{DeserializeBytes as _, Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{RoomUri, Timestamp, franking::ServerFrankingContext, mimi::Frank};
use trefoil_store::{KeyRange, Table};

/// The hub's stamp as it was verified: what a report needs beside the content.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct StoredFrank {
    /// The stamp.
    pub frank: Frank,
    /// What it was made over, beside the tag.
    pub context: ServerFrankingContext,
}

impl StoredFrank {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.tls_serialize_detached().expect("bounded structures always serialise")
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, ConversationError> {
        Self::tls_deserialize_exact_bytes(bytes).map_err(|_| ConversationError::Row("stamp"))
    }
}

/// Where a line stands in its room: the hub's accepted timestamp, then the order of arrival here. Lines that the hub
/// has not accepted stand after all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    accepted: u64,
    arrival: u64,
}

impl Position {
    /// Before every line.
    pub const START: Self = Self { accepted: 0, arrival: 0 };
    /// After every line.
    pub const END: Self = Self { accepted: u64::MAX, arrival: u64::MAX };

    pub(super) fn new(accepted: Option<u64>, arrival: u64) -> Self {
        Self { accepted: accepted.unwrap_or(u64::MAX), arrival }
    }

    pub(super) fn to_bytes(self) -> [u8; 16] {
        ((u128::from(self.accepted) << 64) | u128::from(self.arrival)).to_be_bytes()
    }

    pub(super) fn from_key(key: &[u8]) -> Result<Self, ConversationError> {
        let tail = key.len().checked_sub(16).and_then(|at| <[u8; 16]>::try_from(&key[at..]).ok());
        let both = u128::from_be_bytes(tail.ok_or(ConversationError::Row("position"))?);
        // Cutting to the low half is the point.
        Ok(Self { accepted: (both >> 64) as u64, arrival: both as u64 })
    }
}

/// As text: 32 hexadecimal digits that sort as the positions do.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.accepted, self.arrival)
    }
}

/// Text that is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a position in a timeline: it has 32 hexadecimal digits")]
pub struct BadPosition;

impl FromStr for Position {
    type Err = BadPosition;

    fn from_str(text: &str) -> Result<Self, BadPosition> {
        let half = |half: &str| u64::from_str_radix(half, 16).map_err(|_| BadPosition);
        let digits = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let (accepted, arrival) = if digits { text.split_at(16) } else { return Err(BadPosition) };
        Ok(Self { accepted: half(accepted)?, arrival: half(arrival)? })
    }
}

/// The start of every key of a room. A URI holds no zero byte, so no room's keys lie among another's.
#[derive(Clone)]
pub(super) struct RoomKey(Vec<u8>);

impl RoomKey {
    pub(super) fn of(room: &RoomUri) -> Self {
        let mut key = room.to_string().into_bytes();
        key.push(0);
        Self(key)
    }

    pub(super) fn key(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut key = self.0.clone();
        parts.iter().for_each(|part| key.extend_from_slice(part));
        key
    }

    pub(super) fn range(&self, parts: &[&[u8]]) -> KeyRange {
        KeyRange::prefix(self.key(parts))
    }

    /// What follows the room in a key.
    pub(super) fn tail<'k>(&self, key: &'k [u8]) -> &'k [u8] {
        key.get(self.0.len()..).unwrap_or_default()
    }

    /// The room URI's bytes.
    pub(super) fn room(&self) -> &[u8] {
        &self.0[..self.0.len() - 1]
    }
}

pub(super) fn get<T: Row>(tx: &Overlay, table: Table, key: &[u8]) -> Result<Option<T>, ConversationError> {
    tx.get(table, key)?.map(|row| T::from_bytes(&row)).transpose()
}

pub(super) fn put(tx: &mut Overlay, table: Table, key: Vec<u8>, row: &impl Row) {
    tx.put(table, key, row.to_bytes());
}

/// Every row of a range, keys cut to what follows the room.
pub(super) fn all<T: Row>(
    tx: &Overlay,
    table: Table,
    room: &RoomKey,
    parts: &[&[u8]],
) -> Result<Vec<(Vec<u8>, T)>, ConversationError> {
    let rows = tx.scan(table, &room.range(parts), usize::MAX, false)?;
    rows.iter().map(|(key, row)| Ok((room.tail(key).to_vec(), T::from_bytes(row)?))).collect()
}

/// Removes every row of a range.
pub(super) fn clear(tx: &mut Overlay, table: Table, range: &KeyRange) -> Result<(), ConversationError> {
    for (key, _) in tx.scan(table, range, usize::MAX, false)? {
        tx.delete(table, key);
    }
    Ok(())
}

pub(super) fn record(
    tx: &Overlay,
    room: &RoomKey,
    id: MessageId,
) -> Result<Option<Record>, ConversationError> {
    get(tx, MESSAGES, &room.key(&[&id.0]))
}

pub(super) fn put_record(tx: &mut Overlay, room: &RoomKey, id: MessageId, record: &Record) {
    put(tx, MESSAGES, room.key(&[&id.0]), record);
}

/// A message of the timeline, and nothing else.
pub(super) fn message_row(
    tx: &Overlay,
    room: &RoomKey,
    id: MessageId,
) -> Result<Option<MessageRow>, ConversationError> {
    Ok(match record(tx, room, id)? {
        Some(Record::Message(row)) => Some(row),
        _ => None,
    })
}

/// The next number in the order of arrival.
pub(super) fn arrive(tx: &mut Overlay, room: &RoomKey) -> Result<u64, ConversationError> {
    let mut row: RoomRow = get(tx, ROOMS, room.room())?.unwrap_or_default();
    row.arrivals += 1;
    put(tx, ROOMS, room.room().to_vec(), &row);
    Ok(row.arrivals)
}

impl MessageRow {
    pub(super) fn position(&self) -> Position {
        Position::new(self.accepted, self.arrival)
    }
}

/// Puts a message into the timeline at its row's position.
pub(super) fn put_line(tx: &mut Overlay, room: &RoomKey, id: MessageId, row: &MessageRow) {
    let key = room.key(&[&row.position().to_bytes()]);
    put(tx, TIMELINE, key, &Entry::Message(row_id(id)));
}

/// Takes a message out of the timeline and from among the unread.
pub(super) fn delete_line(tx: &mut Overlay, room: &RoomKey, row: &MessageRow) {
    let key = room.key(&[&row.position().to_bytes()]);
    tx.delete(TIMELINE, key.clone());
    tx.delete(UNREAD, key);
}

/// What falls due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// A message disappears.
    Message,
    /// The mark that a message disappeared.
    Tombstone,
    /// What waited for this message.
    Held,
}

/// Notes that something falls due. Noting the same twice is harmless.
pub(super) fn schedule(tx: &mut Overlay, room: &RoomKey, at: Timestamp, due: Due, id: MessageId) {
    let kind = match due {
        Due::Message => 0,
        Due::Tombstone => 1,
        Due::Held => 2,
    };
    let key = [&at.0.to_be_bytes()[..], &room.0, &[kind], &id.0].concat();
    tx.put(EXPIRIES, key, Vec::new());
}

/// Reads a key that [`schedule`] made.
pub(super) fn scheduled(key: &[u8]) -> Option<(Timestamp, RoomUri, Due, MessageId)> {
    let (at, rest) = key.split_first_chunk::<8>()?;
    let (rest, id) = rest.split_last_chunk::<32>()?;
    let (kind, room) = rest.split_last()?;
    let due = match kind {
        0 => Due::Message,
        1 => Due::Tombstone,
        2 => Due::Held,
        _ => return None,
    };
    let room = std::str::from_utf8(room.strip_suffix(&[0])?).ok()?.parse().ok()?;
    Some((Timestamp(u64::from_be_bytes(*at)), room, due, MessageId(*id)))
}
