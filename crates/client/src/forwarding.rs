//! Messages that are said again: forwarded to other rooms, or sent once more after they failed.

use crate::{
    ClientError, Event,
    conversation::{self, ConversationError, Draft, MessageId, compose},
    core::Core,
};
use trefoil_proto::{RoomUri, Timestamp};

/// Rooms to which a message is forwarded at a time.
const ROOMS: usize = 5;
/// So often forwarded, it goes to one room at a time.
const OFTEN: u32 = 5;

impl Core {
    /// What is said in so many rooms when a message is forwarded to them.
    pub(crate) fn forwardable(
        &self,
        from: &RoomUri,
        message: MessageId,
        rooms: usize,
    ) -> Result<Draft, ClientError> {
        let found = conversation::message(&self.tx(), from, message)?;
        let found = found.ok_or(ConversationError::NoSuchMessage)?;
        let limit = if found.forwarded.unwrap_or(0) >= OFTEN { 1 } else { ROOMS };
        if rooms == 0 {
            return Err(ConversationError::Empty("the list of rooms").into());
        }
        if rooms > limit {
            return Err(ConversationError::TooManyRooms { limit }.into());
        }
        Ok(compose::forward(&found)?)
    }

    pub(crate) fn retry(
        &mut self,
        room: &RoomUri,
        message: MessageId,
        now: Timestamp,
    ) -> Result<MessageId, ClientError> {
        let draft = conversation::once_more(&self.tx(), room, message)?;
        self.unblocked(room)?;
        self.discard(room, message)?;
        self.say(room, draft, now)
    }

    pub(crate) fn discard(&mut self, room: &RoomUri, message: MessageId) -> Result<(), ClientError> {
        // Only what failed: the rest may be on its way.
        conversation::once_more(&self.tx(), room, message)?;
        let events = conversation::discard(&mut self.tx(), room, message)?;
        for event in events {
            self.emit(Event::Conversation(event));
        }
        Ok(())
    }
}
