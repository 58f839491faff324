//! Reading the timeline.

use super::{
    Body, ConversationError, Cursor, Item, Line, Message, MessageId, MessageStatus, Note, Once,
    OutgoingState, Page, Position, ReactionGroup, ReplyPreview, RoomSummary, StoredFrank, Version,
    apply::resolve,
    polls,
    records::{RoomKey, all, get, message_row},
    rows::{
        EDITS, EditRow, Entry, MessageRow, OnceRow, PROFILES, ProfileRow, REACTIONS, ROOMS, ReactionRow,
        Record, Row as _, STATUSES, Stamp, StatusRow, TIMELINE, UNREAD, message_id,
    },
};
use crate::{boundaries, overlay::Overlay};
use std::collections::BTreeMap;
use trefoil_proto::{
    RoomUri, Timestamp, UserUri,
    content::{Handling, MimiContent, Part, ReceivedContent},
    limits,
};
use trefoil_store::KeyRange;

/// Longest excerpt in a reply's preview, in characters.
const EXCERPT: usize = 120;
/// Unread messages are counted up to here.
const UNREAD_AT_MOST: usize = 1000;

/// Up to `limit` lines, oldest first.
///
/// # Errors
/// Only the store.
pub fn timeline(
    tx: &Overlay,
    room: &RoomUri,
    cursor: Cursor,
    limit: usize,
) -> Result<Vec<Item>, ConversationError> {
    let key = RoomKey::of(room);
    let mut range = key.range(&[]);
    match cursor {
        Cursor::Newest => {}
        Cursor::Before(position) => range.end = Some(key.key(&[&position.to_bytes()]).into()),
        Cursor::From(position) => range.start = key.key(&[&position.to_bytes()]).into(),
        Cursor::After(position) => {
            let mut start = key.key(&[&position.to_bytes()]);
            start.push(0);
            range.start = start.into();
        }
    }
    let backwards = matches!(cursor, Cursor::Newest | Cursor::Before(_));
    let mut rows = tx.scan(TIMELINE, &range, limit, backwards)?;
    if backwards {
        rows.reverse();
    }
    let mut items = Vec::with_capacity(rows.len());
    for (at, row) in rows {
        match Entry::from_bytes(&row)? {
            Entry::Message(id) => {
                let id = message_id(&id);
                let row = message_row(tx, &key, id)?.ok_or(ConversationError::Row("message"))?;
                items.push(Item::Message(Box::new(assemble(tx, &key, id, &row)?)));
            }
            Entry::Note(note) => items.push(Item::Note(Note {
                position: Position::from_key(&at)?,
                at: Timestamp(note.at),
                line: Line::of_row(&note)?,
            })),
        }
    }
    Ok(items)
}

/// The same, and whether there is more before and after.
///
/// # Errors
/// Only the store.
pub fn timeline_page(
    tx: &Overlay,
    room: &RoomUri,
    cursor: Cursor,
    limit: usize,
) -> Result<Page, ConversationError> {
    page_of(tx, room, timeline(tx, room, cursor, limit)?)
}

/// Up to `limit` lines around a message, named by the id of any of its versions; itself among them. `None` if it is not
/// here.
///
/// # Errors
/// Only the store.
pub fn timeline_around(
    tx: &Overlay,
    room: &RoomUri,
    id: MessageId,
    limit: usize,
) -> Result<Option<Page>, ConversationError> {
    let Some((_, Record::Message(row))) = resolve(tx, &RoomKey::of(room), id)? else { return Ok(None) };
    let position = row.position();
    let mut items = timeline(tx, room, Cursor::Before(position), limit / 2)?;
    items.extend(timeline(tx, room, Cursor::From(position), limit.saturating_sub(items.len()).max(1))?);
    page_of(tx, room, items).map(Some)
}

fn page_of(tx: &Overlay, room: &RoomUri, items: Vec<Item>) -> Result<Page, ConversationError> {
    let any = |cursor| Ok::<_, ConversationError>(!timeline(tx, room, cursor, 1)?.is_empty());
    let ends = items.first().map(Item::position).zip(items.last().map(Item::position));
    Ok(match ends {
        Some((first, last)) => {
            let (before, after) = (any(Cursor::Before(first))?, any(Cursor::After(last))?);
            Page { items, more_before: before, more_after: after }
        }
        None => Page::default(),
    })
}

/// The content of a message as it was sent, while it stands in the timeline: not once it was taken back or disappeared.
pub(crate) fn original(
    tx: &Overlay,
    room: &RoomUri,
    id: MessageId,
) -> Result<Option<Vec<u8>>, ConversationError> {
    let row = message_row(tx, &RoomKey::of(room), id)?;
    let standing = row.filter(|row| row.unsent.is_none() && !row.content.is_empty());
    Ok(standing.map(|row| row.content.to_vec()))
}

/// Whether what this content changes stands: a later version of what was taken back or disappeared does not.
pub(crate) fn stands(tx: &Overlay, room: &RoomUri, content: &[u8]) -> Result<bool, ConversationError> {
    let content = ReceivedContent::decode(content.to_vec())?.content;
    let Some(of) = content.replaces.filter(|_| !matches!(content.part.part, Part::Null)) else {
        return Ok(true);
    };
    let standing = |record: Record| matches!(record, Record::Message(row) if row.unsent.is_none());
    Ok(resolve(tx, &RoomKey::of(room), of)?.is_some_and(|(_, record)| standing(record)))
}

/// A message by the id of any of its versions.
///
/// # Errors
/// Only the store.
pub fn message(tx: &Overlay, room: &RoomUri, id: MessageId) -> Result<Option<Message>, ConversationError> {
    let key = RoomKey::of(room);
    match resolve(tx, &key, id)? {
        Some((id, Record::Message(row))) => assemble(tx, &key, id, &row).map(Some),
        _ => Ok(None),
    }
}

/// Every version of a message, oldest first; none once it was unsent.
///
/// # Errors
/// Only the store.
pub fn history(tx: &Overlay, room: &RoomUri, id: MessageId) -> Result<Vec<Version>, ConversationError> {
    let key = RoomKey::of(room);
    let Some((id, Record::Message(row))) = resolve(tx, &key, id)? else { return Ok(Vec::new()) };
    if row.unsent.is_some() || row.once.is_some() {
        return Ok(Vec::new());
    }
    let mut versions = vec![version(id, row.accepted, &row.content, row.frank.as_ref())?];
    for (tail, edit) in all::<EditRow>(tx, EDITS, &key, &[&id.0])? {
        let malformed = || ConversationError::Row("edit");
        let accepted = tail.get(32..40).and_then(|at| at.try_into().ok()).ok_or_else(malformed)?;
        let id = tail.get(40..).ok_or_else(malformed).and_then(|id| Ok(MessageId::from_slice(id)?))?;
        let accepted = Some(u64::from_be_bytes(accepted));
        versions.push(version(id, accepted, &edit.content, edit.frank.as_ref())?);
    }
    Ok(versions)
}

/// The rooms that have a timeline, the one with the newest line first.
///
/// # Errors
/// Only the store.
pub fn rooms(tx: &Overlay) -> Result<Vec<RoomSummary>, ConversationError> {
    let mut rooms = Vec::new();
    for (room, _) in tx.scan(ROOMS, &KeyRange::all(), usize::MAX, false)? {
        let room = std::str::from_utf8(&room).map_err(|_| ConversationError::Row("room"))?;
        rooms.push(summary(tx, &room.parse()?)?);
    }
    rooms.sort_by_key(|room| std::cmp::Reverse(room.last.as_ref().map(Item::position)));
    Ok(rooms)
}

/// A room's last line and its number of unread messages.
///
/// # Errors
/// Only the store.
pub fn summary(tx: &Overlay, room: &RoomUri) -> Result<RoomSummary, ConversationError> {
    let last = timeline(tx, room, Cursor::Newest, 1)?.pop();
    let unread = tx.scan(UNREAD, &RoomKey::of(room).range(&[]), UNREAD_AT_MOST, false)?.len();
    Ok(RoomSummary { room: room.clone(), last, unread })
}

/// The messages of others in a room that were not marked as read, oldest first, at most 1000.
///
/// # Errors
/// Only the store.
pub fn unread(tx: &Overlay, room: &RoomUri) -> Result<Vec<MessageId>, ConversationError> {
    let rows = tx.scan(UNREAD, &RoomKey::of(room).range(&[]), UNREAD_AT_MOST, false)?;
    let id = |row: &[u8]| MessageId::from_slice(row).map_err(|_| ConversationError::Row("unread mark"));
    rows.iter().map(|(_, row)| id(row)).collect()
}

/// The display name that someone gave in a room.
///
/// # Errors
/// Only the store.
pub fn profile(tx: &Overlay, room: &RoomUri, user: &UserUri) -> Result<Option<String>, ConversationError> {
    let row: Option<ProfileRow> = get(tx, PROFILES, &RoomKey::of(room).key(&[user.to_string().as_bytes()]))?;
    Ok(row.map(|row| row.name))
}

/// The newest messages of others in a room of which they may hear, as many as fit a status report.
pub(crate) fn of_others(tx: &Overlay, room: &RoomUri) -> Result<Vec<MessageId>, ConversationError> {
    let key = RoomKey::of(room);
    let mut others = Vec::new();
    for (_, row) in tx.scan(TIMELINE, &key.range(&[]), limits::STATUSES, true)? {
        let Entry::Message(id) = Entry::from_bytes(&row)? else { continue };
        let id = message_id(&id);
        let row = message_row(tx, &key, id)?.filter(|row| !row.mine && row.unsent.is_none());
        if let Some(row) = row
            && boundaries::stance(tx, &row.sender.parse()?)? == boundaries::Stance::Normal
        {
            others.push(id);
        }
    }
    Ok(others)
}

fn assemble(
    tx: &Overlay,
    key: &RoomKey,
    id: MessageId,
    row: &MessageRow,
) -> Result<Message, ConversationError> {
    let unsent = row.unsent.is_some();
    let first =
        if unsent || row.content.is_empty() { None } else { Some(MimiContent::decode(&row.content)?) };
    let body = match &first {
        Some(first) if row.once.is_none() => Some(current_body(tx, key, id, row, first)?),
        _ => None,
    };
    let sender: UserUri = row.sender.parse()?;
    let folded = match row.mine || unsent {
        true => None,
        false => boundaries::folded(tx, &sender, body.as_ref())?,
    };
    let handling = first.as_ref().map(|first| Handling::of(&first.extensions)).unwrap_or_default();
    let timer = first.as_ref().and_then(|first| first.expires);
    let asked = body.as_ref().and_then(|body| body.poll.clone());
    let poll = asked.map(|poll| polls::counted(tx, key, id, poll)).transpose()?;
    let in_reply_to = first.as_ref().and_then(|first| first.in_reply_to);
    let outgoing = match (&row.failure, row.accepted) {
        _ if !row.mine => None,
        (_, Some(_)) => Some(OutgoingState::Sent),
        (Some(why), None) => Some(OutgoingState::Failed(why.clone())),
        (None, None) => Some(OutgoingState::Queued),
    };
    Ok(Message {
        id,
        version: row.current.map_or(id, |current| message_id(&current.id)),
        position: row.position(),
        sender,
        device: row.device.parse()?,
        mine: row.mine,
        accepted: row.accepted.map(Timestamp),
        received: Timestamp(row.received),
        outgoing,
        once: row.once.map(|once| match once {
            OnceRow::Closed => Once::Closed,
            OnceRow::Opened => Once::Opened,
            OnceRow::Sent => Once::Sent,
        }),
        body,
        edited: row.current.map(|current| Timestamp(current.accepted)),
        unsent: row.unsent.map(|stamp| Timestamp(stamp.accepted)),
        poll,
        topic_id: first.map(|first| first.topic_id).unwrap_or_default(),
        reply: in_reply_to.map(|to| preview(tx, key, to)).transpose()?,
        reactions: if unsent { Vec::new() } else { reactions(tx, key, id)? },
        statuses: statuses(tx, key, id)?,
        mentions_me: row.mentions_me,
        unread: !row.mine && row.read.is_none() && !unsent,
        vanishing: handling.vanishing,
        folded,
        forwarded: Some(handling.forwarded).filter(|hops| *hops > 0),
        timer,
        expires: row.expires.map(Timestamp),
    })
}

pub(super) fn current_body(
    tx: &Overlay,
    key: &RoomKey,
    id: MessageId,
    row: &MessageRow,
    first: &MimiContent,
) -> Result<Body, ConversationError> {
    let Some(current) = row.current else { return Ok(Body::of(first)) };
    let at = key.key(&[&id.0, &current.accepted.to_be_bytes(), &current.id[..]]);
    let edit: EditRow = get(tx, EDITS, &at)?.ok_or(ConversationError::Row("edit"))?;
    Ok(Body::of(&MimiContent::decode(&edit.content)?))
}

fn preview(tx: &Overlay, key: &RoomKey, to: MessageId) -> Result<ReplyPreview, ConversationError> {
    let Some((id, Record::Message(row))) = resolve(tx, key, to)? else {
        return Ok(ReplyPreview { id: to, message: None, excerpt: None, since_edited: false });
    };
    let excerpt = if row.unsent.is_some() || row.once.is_some() {
        None
    } else {
        let body = current_body(tx, key, id, &row, &MimiContent::decode(&row.content)?)?;
        match !row.mine && boundaries::folded(tx, &row.sender.parse()?, Some(&body))?.is_some() {
            true => None,
            false => body.gist().map(|text| super::plain(text).chars().take(EXCERPT).collect()),
        }
    };
    let shown = row.current.map_or(id, |current| message_id(&current.id));
    let since_edited = row.unsent.is_none() && shown != to;
    Ok(ReplyPreview { id: to, message: Some((id, row.sender.parse()?)), excerpt, since_edited })
}

/// One of each emoji a person: it is there if the last thing they did with it was to add it.
fn reactions(tx: &Overlay, key: &RoomKey, id: MessageId) -> Result<Vec<ReactionGroup>, ConversationError> {
    let mut people: BTreeMap<(String, String), (Stamp, Option<Stamp>)> = BTreeMap::new();
    for (_, row) in all::<ReactionRow>(tx, REACTIONS, key, &[&id.0])? {
        let state = people.entry((row.emoji, row.sender)).or_insert((row.added, row.removed));
        *state = (state.0.max(row.added), state.1.max(row.removed));
    }
    let mut live: Vec<_> = people
        .into_iter()
        .filter(|(_, (added, removed))| removed.is_none_or(|removed| removed < *added))
        .collect();
    live.sort_by_key(|(_, (added, _))| *added);
    let mut groups: Vec<ReactionGroup> = Vec::new();
    for ((emoji, sender), (added, _)) in live {
        let by = (sender.parse()?, message_id(&added.id));
        match groups.iter_mut().find(|group| group.emoji == emoji) {
            Some(group) => group.by.push(by),
            None => groups.push(ReactionGroup { emoji, by: vec![by] }),
        }
    }
    Ok(groups)
}

fn statuses(
    tx: &Overlay,
    key: &RoomKey,
    id: MessageId,
) -> Result<Vec<(UserUri, MessageStatus, Timestamp)>, ConversationError> {
    all::<StatusRow>(tx, STATUSES, key, &[&id.0])?
        .into_iter()
        .map(|(tail, row)| {
            let user = tail.get(32..).and_then(|user| std::str::from_utf8(user).ok());
            let user = user.ok_or(ConversationError::Row("message status"))?.parse()?;
            Ok((user, row.status.into(), Timestamp(row.accepted)))
        })
        .collect()
}

fn version(
    id: MessageId,
    accepted: Option<u64>,
    content: &[u8],
    frank: Option<&minicbor::bytes::ByteVec>,
) -> Result<Version, ConversationError> {
    let content = ReceivedContent::decode(content.to_vec())?;
    Ok(Version {
        id,
        accepted: accepted.map(Timestamp),
        body: Body::of(&content.content),
        content: content.bytes,
        frank: frank.map(|frank| StoredFrank::from_bytes(frank)).transpose()?,
    })
}
