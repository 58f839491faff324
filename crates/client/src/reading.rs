//! What a person does by reading: senders hear of it, what is seen once is gone, what vanishes goes.

use crate::{
    ClientError, Event,
    conversation::{self, Body, ConversationEvent, Draft, MessageId, Opened, ReadReceipts},
    core::Core,
    rows::RoomState,
};
use trefoil_proto::{RoomUri, Timestamp};

impl Core {
    /// Sends read statuses, where anybody is to hear of it.
    pub(crate) fn tell_read(
        &mut self,
        room: &RoomUri,
        statuses: Vec<Draft>,
        receipts: ReadReceipts,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let Some(known) = self.room(room)? else { return Ok(()) };
        let people = known.context().map_or(usize::MAX, |context| context.participants.participants.len());
        let told = receipts == ReadReceipts::Send
            && known.row.state == RoomState::Open
            && people <= conversation::STATUS_PARTICIPANTS
            && !self.is_quiet(room)?;
        for draft in statuses.into_iter().filter(|_| told) {
            self.queue(room, draft, now)?;
        }
        Ok(())
    }

    pub(crate) fn open_once(
        &mut self,
        room: &RoomUri,
        message: MessageId,
        receipts: ReadReceipts,
        now: Timestamp,
    ) -> Result<Body, ClientError> {
        let opened = conversation::open_once(&mut self.tx(), room, message, now)?;
        let Opened { body, statuses, events } = opened;
        self.emit_all(events);
        self.tell_read(room, statuses, receipts, now)?;
        Ok(body)
    }

    pub(crate) fn close_room(&mut self, room: &RoomUri, now: Timestamp) -> Result<(), ClientError> {
        let events = conversation::close_room(&mut self.tx(), room, now)?;
        self.emit_all(events);
        Ok(())
    }

    fn emit_all(&mut self, events: Vec<ConversationEvent>) {
        for event in events {
            self.emit(Event::Conversation(event));
        }
    }
}
