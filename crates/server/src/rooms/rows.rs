//! The stored rows of rooms.

use crate::catalogue::TableNote;
use bytes::Bytes;
use trefoil_proto::{RoomUri, Timestamp, UserUri, mls::MlsMessage};
use trefoil_store::Table;

/// Room to its epoch. Asserted by everything that depends on the epoch.
pub(super) const EPOCH: Table = Table::new("rooms.epoch");
/// Room to the public group as it was at some commit.
pub(super) const SNAPSHOT: Table = Table::new("rooms.snapshot");
/// Room, zero, number to a commit or proposal since the snapshot.
pub(super) const LOG: Table = Table::new("rooms.log");
/// Room to the newest `GroupInfo`.
pub(super) const GROUP_INFO: Table = Table::new("rooms.group_info");
/// Room to the digest of the request that opened it.
pub(super) const CREATED: Table = Table::new("rooms.created");
/// Room, zero, person to the signed request to remove them.
pub(super) const REMOVALS: Table = Table::new("rooms.removals");

/// What this room stores.
pub const TABLES: &[TableNote] = &[
    TableNote {
        table: EPOCH,
        holds: "for each room whose hub this is, its current epoch",
        kept: "as long as the room",
        discloses: "that the room exists and how often its group changed",
    },
    TableNote {
        table: SNAPSHOT,
        holds: "the public part of the room's MLS group: tree, group context with participant list and room name",
        kept: "until the next snapshot",
        discloses: "which devices, by opaque URI, are in the room, in which role; the room's metadata",
    },
    TableNote {
        table: LOG,
        holds: "commits and proposals since the snapshot, as they were handed in, with time",
        kept: "until the next snapshot",
        discloses: "who changed the room and how",
    },
    TableNote {
        table: GROUP_INFO,
        holds: "the GroupInfo that a member's new device needs to join",
        kept: "until the next commit",
        discloses: "as the snapshot, without the tree",
    },
    TableNote {
        table: CREATED,
        holds: "the digest of the request that opened the room",
        kept: "as long as the room",
        discloses: "nothing beyond the room's existence",
    },
    TableNote {
        table: REMOVALS,
        holds: "whom the operator wants out of which room, as the members were asked: when, and why",
        kept: "until the operator takes it back",
        discloses: "that the operator acted against this person in this room, and the reason given",
    },
];

const VERSION: u8 = 1;

pub(super) fn room_key(room: &RoomUri) -> Bytes {
    room.to_string().into_bytes().into()
}

pub(super) fn encode_epoch(epoch: u64) -> Bytes {
    [&[VERSION], &epoch.to_be_bytes()[..]].concat().into()
}

pub(super) fn log_prefix(room: &RoomUri) -> Vec<u8> {
    let mut key = room.to_string().into_bytes();
    key.push(0);
    key
}

pub(super) fn log_key(room: &RoomUri, number: u64) -> Vec<u8> {
    let mut key = log_prefix(room);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

pub(super) fn encode_log(accepted: Timestamp, message: &MlsMessage) -> Vec<u8> {
    let mut row = vec![VERSION];
    row.extend_from_slice(&accepted.0.to_be_bytes());
    row.extend_from_slice(message.as_bytes());
    row
}

pub(super) fn decode_log(row: &Bytes) -> Option<(Timestamp, MlsMessage)> {
    let rest = body(row)?;
    let accepted = Timestamp(u64::from_be_bytes(rest.get(..8)?.try_into().ok()?));
    Some((accepted, MlsMessage::from_bytes(rest.slice(8..)).ok()?))
}

pub(super) fn removal_prefix(room: &RoomUri) -> Vec<u8> {
    log_prefix(room)
}

pub(super) fn removal_key(room: &RoomUri, user: &UserUri) -> Vec<u8> {
    [removal_prefix(room), user.to_string().into_bytes()].concat()
}

/// Whom the row of a key is about.
pub(super) fn removed_user(room: &RoomUri, key: &[u8]) -> Option<UserUri> {
    std::str::from_utf8(key.strip_prefix(&removal_prefix(room)[..])?).ok()?.parse().ok()
}

/// A snapshot: the number of the first log entry after it, and the parts of the group.
pub(super) fn encode_snapshot(next: u64, parts: &[Vec<u8>; 4]) -> Vec<u8> {
    let mut row = vec![VERSION];
    row.extend_from_slice(&next.to_be_bytes());
    for part in parts {
        row.extend_from_slice(&(part.len() as u64).to_be_bytes());
        row.extend_from_slice(part);
    }
    row
}

pub(super) fn decode_snapshot(row: &Bytes) -> Option<(u64, [Bytes; 4])> {
    let mut rest = body(row)?;
    let mut number = || -> Option<(u64, Bytes)> {
        let value = u64::from_be_bytes(rest.get(..8)?.try_into().ok()?);
        rest = rest.slice(8..);
        Some((value, rest.clone()))
    };
    let (next, mut rest) = number()?;
    let mut part = || -> Option<Bytes> {
        let length = u64::from_be_bytes(rest.get(..8)?.try_into().ok()?);
        let end = usize::try_from(length).ok()?.checked_add(8)?;
        rest.get(8..end)?;
        let part = rest.slice(8..end);
        rest = rest.slice(end..);
        Some(part)
    };
    let parts = [part()?, part()?, part()?, part()?];
    rest.is_empty().then_some((next, parts))
}

/// Any row whose body needs no structure of its own.
pub(super) fn encode_plain(content: &[u8]) -> Vec<u8> {
    [&[VERSION], content].concat()
}

pub(super) fn body(row: &Bytes) -> Option<Bytes> {
    (row.first() == Some(&VERSION)).then(|| row.slice(1..))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn snapshots_come_back() {
        let parts = [vec![], vec![1], vec![2; 300], vec![3]];
        let row = Bytes::from(encode_snapshot(77, &parts));
        let (next, found) = decode_snapshot(&row).unwrap();
        assert_eq!(next, 77);
        assert_eq!(found.map(|part| part.to_vec()), parts);
        for cut in 0..row.len() {
            assert!(decode_snapshot(&row.slice(..cut)).is_none(), "{cut}");
        }
        let longer = Bytes::from([&row[..], &[0]].concat());
        assert!(decode_snapshot(&longer).is_none());
    }

    #[test]
    fn a_log_is_in_order_and_apart_from_its_neighbours() {
        let room: RoomUri = "mimi://a.example/r/x".parse().unwrap();
        let longer: RoomUri = "mimi://a.example/r/xy".parse().unwrap();
        assert!(log_key(&room, 255) < log_key(&room, 256));
        assert!(!log_key(&longer, 0).starts_with(&log_prefix(&room)));
    }
}
