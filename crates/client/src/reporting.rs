//! Reports: what a person chooses to show the hub of what they were sent. The hub's own stamps prove it; nobody else's word
//! is needed, and nothing that is not chosen goes along.

use crate::{
    Client, ClientError,
    conversation::{self, ConversationError, Cursor, Item, MessageId},
    overlay::Overlay,
};
use trefoil_proto::{
    RoomUri, UserUri,
    mimi::{
        AppDataDictionary,
        report::{AbuseReport, AbuseType, AbusiveMessage},
    },
};

/// How many lines of a room are looked through for somebody's last messages.
const LOOKED_THROUGH: usize = 500;

impl Client {
    /// Somebody's last messages in a room that can be reported, the oldest first.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn last_of(
        &self,
        room: &RoomUri,
        person: &UserUri,
        most: usize,
    ) -> Result<Vec<MessageId>, ClientError> {
        let tx = Overlay::new(self.store().clone());
        let lines = conversation::timeline(&tx, room, Cursor::Newest, LOOKED_THROUGH)?;
        let mut last = Vec::new();
        for line in lines.into_iter().rev() {
            let Item::Message(message) = line else { continue };
            if message.sender == *person && !shown(&tx, room, message.id)?.is_empty() {
                last.push(message.id);
            }
            if last.len() == most {
                break;
            }
        }
        last.reverse();
        Ok(last)
    }

    /// A report of somebody, with every version of the messages that are chosen; of none for a person without content.
    ///
    /// # Errors
    /// [`ConversationError::NoSuchMessage`] for one that is not here, not theirs, taken back, or without a stamp; this
    /// device has no account; the store failed.
    pub fn report(
        &self,
        room: &RoomUri,
        person: &UserUri,
        chosen: &[MessageId],
        reason: AbuseType,
        note: &str,
    ) -> Result<AbuseReport, ClientError> {
        let reporting_user = self.identity().ok_or(ClientError::NoAccount)?.user;
        let tx = Overlay::new(self.store().clone());
        let mut messages = Vec::new();
        for id in chosen {
            let found = conversation::message(&tx, room, *id)?;
            let proofs = match found {
                Some(message) if message.sender == *person => shown(&tx, room, *id)?,
                _ => Vec::new(),
            };
            if proofs.is_empty() {
                return Err(ConversationError::NoSuchMessage.into());
            }
            messages.extend(proofs);
        }
        Ok(AbuseReport {
            reporting_user,
            alleged_abuser: person.clone(),
            reason,
            note: note.as_bytes().to_vec(),
            messages,
            extensions: AppDataDictionary::default(),
        })
    }
}

/// Every version of a message with the stamp that proves it.
fn shown(tx: &Overlay, room: &RoomUri, id: MessageId) -> Result<Vec<AbusiveMessage>, ConversationError> {
    let versions = conversation::history(tx, room, id)?;
    let proven = versions.into_iter().filter_map(|version| {
        let kept = version.frank?;
        Some(AbusiveMessage {
            message_content: version.content.to_vec(),
            accepted_timestamp: kept.context.accepted_timestamp,
            frank: kept.frank,
        })
    });
    Ok(proven.collect())
}
