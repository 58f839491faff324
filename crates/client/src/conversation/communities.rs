//! The groups of a community, as its admins published them last, and in which communities a room is known to be.

use super::{
    ConversationError, ConversationEvent, Line,
    apply::drop_held,
    note::note,
    records::{RoomKey, get, put, put_record, record},
    rows::{GROUP_OF, GROUPS, GroupsRow, Record, Stamp, message_id},
};
use crate::overlay::Overlay;
use std::collections::BTreeSet;
use trefoil_proto::{RoomUri, Timestamp, UserUri, content::groups::GroupList};

/// The groups of a room that is a community; none if it is not one.
///
/// # Errors
/// Only the store.
pub fn groups(tx: &Overlay, room: &RoomUri) -> Result<Option<GroupList>, ConversationError> {
    Ok(told(tx, &RoomKey::of(room))?.map(|(list, ..)| list))
}

/// Whether a room is a community.
///
/// # Errors
/// Only the store.
pub fn is_community(tx: &Overlay, room: &RoomUri) -> Result<bool, ConversationError> {
    Ok(tx.get(GROUPS, RoomKey::of(room).room())?.is_some())
}

/// The communities of this person in whose lists a room stands.
///
/// # Errors
/// Only the store.
pub fn part_of(tx: &Overlay, room: &RoomUri) -> Result<Vec<RoomUri>, ConversationError> {
    let key = RoomKey::of(room);
    let rows = tx.scan(GROUP_OF, &key.range(&[]), usize::MAX, false)?;
    let community = |at: &[u8]| std::str::from_utf8(key.tail(at)).ok().and_then(|uri| uri.parse().ok());
    rows.iter().map(|(at, _)| community(at).ok_or(ConversationError::Row("group"))).collect()
}

/// The list with who published it and when, as it is retold.
#[allow(clippy::type_complexity, reason = "two callers, which take it apart at once")]
pub(super) fn told(
    tx: &Overlay,
    room: &RoomKey,
) -> Result<Option<(GroupList, Stamp, Option<String>)>, ConversationError> {
    let Some(row) = get::<GroupsRow>(tx, GROUPS, room.room())? else { return Ok(None) };
    let mut list = GroupList::decode(&row.list)?;
    // What changed by it has its lines already.
    (list.came, list.went) = (Vec::new(), Vec::new());
    Ok(Some((list, row.stamp, row.by)))
}

/// When the list was published last.
pub(super) fn stamp(tx: &Overlay, room: &RoomKey) -> Result<Option<Stamp>, ConversationError> {
    Ok(get::<GroupsRow>(tx, GROUPS, room.room())?.map(|row| row.stamp))
}

/// An admin published a list: a line for each group that came or went by it, and it holds if none is later.
pub(super) fn set(
    tx: &mut Overlay,
    room: &RoomKey,
    (uri, by): (&RoomUri, Option<&UserUri>),
    stamp: Stamp,
    list: &GroupList,
    events: &mut Vec<ConversationEvent>,
) -> Result<(), ConversationError> {
    let id = message_id(&stamp.id);
    if record(tx, room, id)?.is_some() {
        return Ok(());
    }
    put_record(tx, room, id, &Record::Line);
    drop_held(tx, room, id)?;
    if let Some(by) = by {
        let came = list.came.iter().map(|name| Line::GroupAdded { by: by.clone(), name: name.clone() });
        let went = list.went.iter().map(|name| Line::GroupRemoved { by: by.clone(), name: name.clone() });
        for line in came.chain(went) {
            events.extend(note(tx, uri, &line, Timestamp(stamp.accepted))?);
        }
    }
    let before: Option<GroupsRow> = get(tx, GROUPS, room.room())?;
    if before.as_ref().is_some_and(|before| before.stamp >= stamp) {
        return Ok(());
    }
    let before = before.map(|row| GroupList::decode(&row.list)).transpose()?.unwrap_or_default().groups;
    let stood: BTreeSet<&RoomUri> = before.iter().map(|group| &group.room).collect();
    let stand: BTreeSet<&RoomUri> = list.groups.iter().map(|group| &group.room).collect();
    for group in stood.difference(&stand) {
        tx.delete(GROUP_OF, of_group(group, uri));
    }
    for group in stand.difference(&stood) {
        tx.put(GROUP_OF, of_group(group, uri), Vec::new());
    }
    events.extend(
        stood.symmetric_difference(&stand).map(|&group| ConversationEvent::Groups { room: group.clone() }),
    );
    let row = GroupsRow { list: list.encode()?.into(), stamp, by: by.map(ToString::to_string) };
    put(tx, GROUPS, room.room().to_vec(), &row);
    events.push(ConversationEvent::Groups { room: uri.clone() });
    Ok(())
}

fn of_group(group: &RoomUri, community: &RoomUri) -> Vec<u8> {
    RoomKey::of(group).key(&[community.to_string().as_bytes()])
}
