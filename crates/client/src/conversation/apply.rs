//! Changes to messages: edits, unsends, reactions. Each commutes with every other and may come twice.

use super::{
    ConversationError, ConversationEvent, Gone, MessageId, Refusal,
    body::{Attached, Body},
    classify::Meaning,
    index, kept, polls,
    records::{Due, RoomKey, all, clear, get, put, put_record, record, schedule},
    rows::{
        EDITS, EditRow, HELD, Held, HeldChange, HeldStatus, MessageRow, REACTIONS, ReactionRow, Record,
        STATUSES, Stamp, UNREAD, VANISHING, VOTES, message_id, row_id,
    },
    statuses,
};
use crate::{
    attachment::{Download, DownloadId},
    overlay::Overlay,
};
use trefoil_proto::{
    RoomUri, Timestamp, UserUri,
    content::{MimiContent, ReceivedContent},
};

/// How long something waits for the message that it refers to: 30 days.
pub(super) const HELD_MILLIS: u64 = 30 * 24 * 60 * 60 * 1000;

/// Of a change that waited for its target: it took effect as the target came.
const AS_IT_CAME: u64 = 0;

/// A message that changes another.
pub(super) struct Change<'a> {
    pub room: &'a RoomUri,
    pub me: &'a UserUri,
    pub sender: &'a UserUri,
    pub stamp: Stamp,
    pub received: Timestamp,
    pub content: &'a ReceivedContent,
    pub frank: Option<Vec<u8>>,
}

pub(super) type Verdict = Result<Result<(), Refusal>, ConversationError>;

/// Applies a change, or holds it until its target comes.
pub(super) fn change(
    tx: &mut Overlay,
    room: &RoomKey,
    change: &Change<'_>,
    meaning: &Meaning,
    events: &mut Vec<ConversationEvent>,
) -> Verdict {
    match meaning {
        Meaning::Edit(of) | Meaning::Unsend(of) | Meaning::Reaction(of, _) | Meaning::Vote(of, _) => {
            let Some((target, found)) = resolve(tx, room, *of)? else {
                hold(tx, room, change, *of);
                return Ok(Ok(()));
            };
            match (meaning, found) {
                (_, Record::Gone) => Ok(Ok(())),
                (Meaning::Edit(_), Record::Message(row)) => edit(tx, room, change, target, row, events),
                (Meaning::Unsend(_), Record::Message(row)) => unsend(tx, room, change, target, row, events),
                (Meaning::Unsend(_), Record::Reaction(to)) => {
                    unlike(tx, room, change, message_id(&to), target, events)
                }
                (Meaning::Reaction(_, emoji), Record::Message(_)) => {
                    like(tx, room, change, target, emoji, events)
                }
                (Meaning::Vote(_, vote), Record::Message(row)) => {
                    polls::vote(tx, room, change, target, &row, vote, events)
                }
                _ => Ok(Err(Refusal::WrongTarget)),
            }
        }
        Meaning::Statuses(report) => {
            for (id, status) in &report.statuses {
                let held = HeldStatus {
                    user: change.sender.to_string(),
                    status: (*status).into(),
                    accepted: change.stamp.accepted,
                    received: change.received.0,
                };
                statuses::take(tx, room, change, *id, held, events)?;
            }
            Ok(Ok(()))
        }
        Meaning::Message
        | Meaning::Typing(_)
        | Meaning::Profile(_)
        | Meaning::Timer(_)
        | Meaning::Picture(_)
        | Meaning::RoomPicture(_)
        | Meaning::Groups(_)
        | Meaning::Retold(_)
        | Meaning::Evidence
        | Meaning::Again
        | Meaning::Reach => Ok(Err(Refusal::Meaningless)),
    }
}

/// The message, reaction or tombstone that an id stands for; a later version stands for its first.
pub(super) fn resolve(
    tx: &Overlay,
    room: &RoomKey,
    id: MessageId,
) -> Result<Option<(MessageId, Record)>, ConversationError> {
    Ok(match record(tx, room, id)? {
        Some(Record::Edit(first)) => {
            let first = message_id(&first);
            record(tx, room, first)?.map(|found| (first, found))
        }
        found => found.map(|found| (id, found)),
    })
}

/// Applies what waited for a message that is here now.
pub(super) fn release(
    tx: &mut Overlay,
    key: &RoomKey,
    room: &RoomUri,
    me: &UserUri,
    id: MessageId,
    events: &mut Vec<ConversationEvent>,
) -> Result<(), ConversationError> {
    for (tail, held) in all::<Held>(tx, HELD, key, &[&id.0])? {
        tx.delete(HELD, key.key(&[&tail]));
        let own_id: [u8; 32] = tail[32..].try_into().map_err(|_| ConversationError::Row("held message"))?;
        let (sender, accepted, received) = match &held {
            Held::Change(held) => (&held.sender, held.accepted, AS_IT_CAME),
            Held::Status(held) => (&held.user, held.accepted, held.received),
        };
        let sender: UserUri = sender.parse()?;
        let stamp = Stamp { accepted, id: own_id.into() };
        let (content, frank) = match &held {
            Held::Change(held) => (held.content.to_vec(), held.frank.as_ref().map(|frank| frank.to_vec())),
            Held::Status(_) => (Vec::new(), None),
        };
        match held {
            Held::Change(_) => {
                let content = ReceivedContent::decode(content)?;
                let Ok(meaning) = Meaning::of(&content.content) else { continue };
                let received = Timestamp(received);
                let held = Change { room, me, sender: &sender, stamp, received, content: &content, frank };
                // It was waiting for this message: nobody is told if it turns out not to fit it.
                let _ = change(tx, key, &held, &meaning, events)?;
            }
            Held::Status(status) => statuses::apply(tx, key, (room, me, &sender), id, status, events)?,
        }
    }
    Ok(())
}

/// Forgets what waited for a message.
pub(super) fn drop_held(tx: &mut Overlay, room: &RoomKey, id: MessageId) -> Result<(), ConversationError> {
    clear(tx, HELD, &room.range(&[&id.0]))
}

/// Forgets edits, statuses and attachment keys of a message.
pub(super) fn strip(
    tx: &mut Overlay,
    room: &RoomKey,
    id: MessageId,
    row: &MessageRow,
) -> Result<(), ConversationError> {
    forget_files(tx, &row.content)?;
    for (_, edit) in all::<EditRow>(tx, EDITS, room, &[&id.0])? {
        forget_files(tx, &edit.content)?;
    }
    for table in [EDITS, STATUSES, VOTES] {
        clear(tx, table, &room.range(&[&id.0]))?;
    }
    Ok(())
}

pub(super) fn forget_files(tx: &mut Overlay, content: &[u8]) -> Result<(), ConversationError> {
    if content.is_empty() {
        return Ok(());
    }
    for file in Body::of(&MimiContent::decode(content)?).attachments {
        if let Attached::Usable(file) = file {
            Download::forget(tx, DownloadId(file.sealed_hash));
        }
    }
    Ok(())
}

fn hold(tx: &mut Overlay, room: &RoomKey, change: &Change<'_>, target: MessageId) {
    let held = Held::Change(HeldChange {
        sender: change.sender.to_string(),
        accepted: change.stamp.accepted,
        content: change.content.bytes.to_vec().into(),
        frank: change.frank.clone().map(Into::into),
    });
    put(tx, HELD, room.key(&[&target.0, &change.stamp.id[..]]), &held);
    schedule(tx, room, change.received.plus_millis(HELD_MILLIS), Due::Held, target);
}

fn edit(
    tx: &mut Overlay,
    room: &RoomKey,
    change: &Change<'_>,
    id: MessageId,
    mut row: MessageRow,
    events: &mut Vec<ConversationEvent>,
) -> Verdict {
    if row.sender != change.sender.to_string() {
        return Ok(Err(Refusal::NotTheSender));
    }
    let own_id = message_id(&change.stamp.id);
    let known = record(tx, room, own_id)?.is_some();
    // Kept even if the message was unsent: what answers this version must still find its message.
    put_record(tx, room, own_id, &Record::Edit(row_id(id)));
    let fixed = is_fixed(&row)?;
    if !known && row.unsent.is_none() && !fixed {
        let at = change.stamp.accepted.to_be_bytes();
        let kept = EditRow {
            content: change.content.bytes.to_vec().into(),
            frank: change.frank.clone().map(Into::into),
        };
        put(tx, EDITS, room.key(&[&id.0, &at, &own_id.0]), &kept);
        if row.current.is_none_or(|current| current < change.stamp) {
            row.current = Some(change.stamp);
            row.mentions_me = Body::of(&change.content.content).mentions(change.me);
            index::change(tx, room, id, &row)?;
            put_record(tx, room, id, &Record::Message(row));
            events.push(ConversationEvent::Edited { room: change.room.clone(), id });
        }
    }
    release(tx, room, change.room, change.me, own_id, events)?;
    Ok(if fixed { Err(Refusal::WrongTarget) } else { Ok(()) })
}

/// Whether a message stays as it was said.
fn is_fixed(row: &MessageRow) -> Result<bool, ConversationError> {
    if row.once.is_some() || row.content.is_empty() {
        return Ok(row.once.is_some());
    }
    Ok(Body::of(&MimiContent::decode(&row.content)?).poll.is_some())
}

fn unsend(
    tx: &mut Overlay,
    room: &RoomKey,
    change: &Change<'_>,
    id: MessageId,
    mut row: MessageRow,
    events: &mut Vec<ConversationEvent>,
) -> Verdict {
    if row.sender != change.sender.to_string() {
        return Ok(Err(Refusal::NotTheSender));
    }
    let first = row.unsent.is_none();
    // What was taken back before it came was not shown.
    if change.received.0 != AS_IT_CAME {
        kept::keep(tx, room, id, &row, Gone::Unsent, change.received)?;
    }
    strip(tx, room, id, &row)?;
    index::forget(tx, room, id, row.position())?;
    tx.delete(VANISHING, room.key(&[&id.0]));
    tx.delete(UNREAD, room.key(&[&row.position().to_bytes()]));
    row.unsent = Some(row.unsent.map_or(change.stamp, |before| before.min(change.stamp)));
    row.content = Vec::new().into();
    row.frank = None;
    row.current = None;
    row.mentions_me = false;
    put_record(tx, room, id, &Record::Message(row));
    if first {
        events.push(ConversationEvent::Unsent { room: change.room.clone(), id });
    }
    Ok(Ok(()))
}

fn like(
    tx: &mut Overlay,
    room: &RoomKey,
    change: &Change<'_>,
    target: MessageId,
    emoji: &str,
    events: &mut Vec<ConversationEvent>,
) -> Verdict {
    let own_id = message_id(&change.stamp.id);
    if record(tx, room, own_id)?.is_some() {
        return Ok(Ok(()));
    }
    put_record(tx, room, own_id, &Record::Reaction(row_id(target)));
    let row = ReactionRow {
        sender: change.sender.to_string(),
        emoji: emoji.to_owned(),
        added: change.stamp,
        removed: None,
    };
    put(tx, REACTIONS, room.key(&[&target.0, &own_id.0]), &row);
    events.push(ConversationEvent::Reactions { room: change.room.clone(), id: target });
    release(tx, room, change.room, change.me, own_id, events)?;
    Ok(Ok(()))
}

fn unlike(
    tx: &mut Overlay,
    room: &RoomKey,
    change: &Change<'_>,
    target: MessageId,
    reaction: MessageId,
    events: &mut Vec<ConversationEvent>,
) -> Verdict {
    let key = room.key(&[&target.0, &reaction.0]);
    let Some(mut row) = get::<ReactionRow>(tx, REACTIONS, &key)? else { return Ok(Ok(())) };
    if row.sender != change.sender.to_string() {
        return Ok(Err(Refusal::NotTheSender));
    }
    // Never earlier than what it takes back, whatever the clocks said.
    let removed = Some(change.stamp.max(row.added));
    if row.removed < removed {
        row.removed = removed;
        put(tx, REACTIONS, key, &row);
        events.push(ConversationEvent::Reactions { room: change.room.clone(), id: target });
    }
    Ok(Ok(()))
}
