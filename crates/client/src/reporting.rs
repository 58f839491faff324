//! Reports: what a person chooses to show the hub of what they were sent. The hub's own stamps prove it; nobody else's word
//! is needed, and nothing that is not chosen goes along. What was shown and is shown no more can be reported for seven days
//! ([`Gone`]).

use crate::{
    Client, ClientError,
    conversation::{self, Body, ConversationError, Cursor, Gone, Item, MessageId, Version},
    overlay::Overlay,
};
use trefoil_proto::{
    RoomUri, Timestamp, UserUri,
    mimi::{
        AppDataDictionary,
        report::{AbuseReport, AbuseType, AbusiveMessage},
    },
};

/// How many lines of a room are looked through for somebody's last messages.
const LOOKED_THROUGH: usize = 500;
/// Versions of messages that a hub takes in one report (`docs/spec/reports.md`).
const VERSIONS: usize = 50;

/// A message of somebody that can be reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reportable {
    /// The id of its first version.
    pub id: MessageId,
    /// When the hub accepted that.
    pub accepted: Timestamp,
    /// What its latest version says.
    pub body: Body,
    /// Why it is shown no more; `None` for one that stands.
    pub gone: Option<Gone>,
}

impl Client {
    /// Somebody's last messages in a room that can be reported, the oldest first; also those that were shown and are shown no more.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn reportable(
        &self,
        room: &RoomUri,
        person: &UserUri,
        most: usize,
        now: Timestamp,
    ) -> Result<Vec<Reportable>, ClientError> {
        let tx = Overlay::new(self.store().clone());
        let mut found = Vec::new();
        for line in conversation::timeline(&tx, room, Cursor::Newest, LOOKED_THROUGH)?.into_iter().rev() {
            if found.len() == most {
                break;
            }
            let Item::Message(message) = line else { continue };
            if message.sender == *person
                && let Some(standing) = standing(&tx, room, message.id)?
            {
                found.push(standing.0);
            }
        }
        found.extend(gone(&tx, room, person, now)?);
        Ok(last(found, most))
    }

    /// Those of them that are shown no more.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn reportable_gone(
        &self,
        room: &RoomUri,
        person: &UserUri,
        most: usize,
        now: Timestamp,
    ) -> Result<Vec<Reportable>, ClientError> {
        let tx = Overlay::new(self.store().clone());
        Ok(last(gone(&tx, room, person, now)?, most))
    }

    /// A message of somebody, by the id of any of its versions as long as it stands, if it can be reported.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn reportable_message(
        &self,
        room: &RoomUri,
        person: &UserUri,
        id: MessageId,
        now: Timestamp,
    ) -> Result<Option<Reportable>, ClientError> {
        let tx = Overlay::new(self.store().clone());
        Ok(find(&tx, room, person, id, now)?.map(|(found, _)| found))
    }

    /// A report of somebody, with every version of the messages that are chosen; of none for a person without content. Of more than
    /// 50 versions go each message's first and its latest ones.
    ///
    /// # Errors
    /// [`ConversationError::NoSuchMessage`] for one that is not here (any more), not theirs, or without a stamp; this device has no
    /// account; the store failed.
    pub fn report(
        &self,
        room: &RoomUri,
        person: &UserUri,
        chosen: &[MessageId],
        reason: AbuseType,
        note: &str,
        now: Timestamp,
    ) -> Result<AbuseReport, ClientError> {
        let reporting_user = self.identity().ok_or(ClientError::NoAccount)?.user;
        let tx = Overlay::new(self.store().clone());
        let mut messages = Vec::new();
        for id in chosen {
            let (_, proofs) = find(&tx, room, person, *id, now)?.ok_or(ConversationError::NoSuchMessage)?;
            messages.push(proofs);
        }
        fit(&mut messages);
        Ok(AbuseReport {
            reporting_user,
            alleged_abuser: person.clone(),
            reason,
            note: note.as_bytes().to_vec(),
            messages: messages.into_iter().flatten().collect(),
            extensions: AppDataDictionary::default(),
        })
    }
}

fn gone(
    tx: &Overlay,
    room: &RoomUri,
    person: &UserUri,
    now: Timestamp,
) -> Result<Vec<Reportable>, ConversationError> {
    let kept = conversation::kept_of(tx, room, person, now)?;
    Ok(kept.into_iter().map(|kept| of_kept(kept).0).collect())
}

fn last(mut found: Vec<Reportable>, most: usize) -> Vec<Reportable> {
    found.sort_by_key(|one| (one.accepted, one.id.0));
    found.drain(..found.len().saturating_sub(most));
    found
}

type Found = (Reportable, Vec<AbusiveMessage>);

fn find(
    tx: &Overlay,
    room: &RoomUri,
    person: &UserUri,
    id: MessageId,
    now: Timestamp,
) -> Result<Option<Found>, ConversationError> {
    let known = conversation::message(tx, room, id)?;
    let id = known.as_ref().map_or(id, |message| message.id);
    if known.is_some_and(|message| message.sender == *person)
        && let Some(standing) = standing(tx, room, id)?
    {
        return Ok(Some(standing));
    }
    let kept = conversation::kept(tx, room, id, now)?.filter(|kept| kept.sender == *person);
    Ok(kept.map(of_kept))
}

/// A message that stands, with every version and the stamp that proves it.
fn standing(tx: &Overlay, room: &RoomUri, id: MessageId) -> Result<Option<Found>, ConversationError> {
    let versions = conversation::history(tx, room, id)?;
    let Some(accepted) = versions.first().and_then(|first| first.accepted) else { return Ok(None) };
    let body = versions.last().map(|last| last.body.clone()).unwrap_or_default();
    let shown = proofs(versions);
    Ok((!shown.is_empty()).then_some((Reportable { id, accepted, body, gone: None }, shown)))
}

fn of_kept(kept: conversation::Kept) -> Found {
    let body = kept.versions.last().map(|last| last.body.clone()).unwrap_or_default();
    let found = Reportable { id: kept.id, accepted: kept.accepted, body, gone: Some(kept.gone) };
    (found, proofs(kept.versions))
}

fn proofs(versions: Vec<Version>) -> Vec<AbusiveMessage> {
    let proven = versions.into_iter().filter_map(|version| {
        let kept = version.frank?;
        Some(AbusiveMessage {
            message_content: version.content.to_vec(),
            accepted_timestamp: kept.context.accepted_timestamp,
            frank: kept.frank,
        })
    });
    proven.collect()
}

/// A message that was edited very often is not one that no hub takes: from whichever has the most, the second version goes.
fn fit(messages: &mut [Vec<AbusiveMessage>]) {
    while messages.iter().map(Vec::len).sum::<usize>() > VERSIONS {
        match messages.iter_mut().max_by_key(|versions| versions.len()) {
            Some(most) if most.len() > 1 => drop(most.remove(1)),
            _ => return,
        }
    }
}
