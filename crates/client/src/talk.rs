//! The client as a shell sees it, beside sending: what a person does with rooms and messages that are there.

use crate::{
    Client, ClientError, Step,
    conversation::{Body, Draft, Mark, MessageId, ReadReceipts},
    rows::Intent,
};
use trefoil_proto::{RoomUri, Timestamp, UserUri};

impl Client {
    /// Sets marks of a room, all or none: pinned, archived, muted, a draft. They stay on this device. With
    /// [`Mark::Accepted`] the person takes up a room into which a stranger brought them
    /// ([`crate::conversation::is_request`]); writing in it does so too. Declining is [`Client::leave`].
    ///
    /// # Errors
    /// [`ClientError::UnknownRoom`]; [`ClientError::Conversation`] for a draft that is too long.
    pub fn mark_room(
        &mut self,
        room: &RoomUri,
        marks: &[Mark],
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.mark_room(room, marks, now)).map(|((), step)| step)
    }

    /// Makes somebody an admin.
    ///
    /// # Errors
    /// As [`Client::add_people`].
    pub fn make_admin(
        &mut self,
        room: &RoomUri,
        user: &UserUri,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.change(room, Intent::MakeAdmin { user: user.clone() }, now)
    }

    /// Takes the role of an admin away: from then on they are a member. A room keeps at least one admin.
    ///
    /// # Errors
    /// As [`Client::add_people`]; [`ClientError::NotAllowed`] for the only admin.
    pub fn take_admin(
        &mut self,
        room: &RoomUri,
        user: &UserUri,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| {
            core.open_room(room, true)?;
            core.unblocked(room)?;
            core.take_admin(room, user)
        })
        .map(|((), step)| step)
    }

    /// Opens a message that is seen once, and gives what it says. Once the step is committed nothing on this device has it
    /// any more: show it, and do not lose it. The sender hears that it was read as with [`Client::mark_read`].
    ///
    /// # Errors
    /// [`ClientError::Conversation`] with `NoSuchMessage` or `NotToBeOpened`.
    pub fn open_once(
        &mut self,
        room: &RoomUri,
        message: MessageId,
        receipts: ReadReceipts,
        now: Timestamp,
    ) -> Result<(Body, Step<'_>), ClientError> {
        self.step(now, |core| core.open_once(room, message, receipts, now))
    }

    /// The person closes a room on this device: messages that vanish go, if they were read.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn close_room(&mut self, room: &RoomUri, now: Timestamp) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.close_room(room, now)).map(|((), step)| step)
    }

    /// What forwarding a message says, with its files, in `rooms` rooms: as [`crate::conversation::compose::forward`]. Send it
    /// there ([`Client::send_all`]), also with another account of the same person: it says neither who said it nor where.
    /// It goes to at most five rooms at a time; to one, if it was forwarded five times already.
    ///
    /// # Errors
    /// [`ClientError::Conversation`] with `NoSuchMessage`, `NotForwardable`, `TooManyRooms` or `Empty`.
    pub fn forwardable(
        &self,
        from: &RoomUri,
        message: MessageId,
        rooms: usize,
    ) -> Result<Draft, ClientError> {
        self.core().forwardable(from, message, rooms)
    }

    /// Sends a message of one's own once more that could not be sent. It is another one for everybody: this gives its
    /// new id, and the one that failed is gone.
    ///
    /// # Errors
    /// As [`Client::send`]; [`ClientError::Conversation`] with `NoSuchMessage` or `NotFailed`.
    pub fn retry(
        &mut self,
        room: &RoomUri,
        message: MessageId,
        now: Timestamp,
    ) -> Result<(MessageId, Step<'_>), ClientError> {
        self.step(now, |core| core.retry(room, message, now))
    }

    /// Forgets a message of one's own that could not be sent.
    ///
    /// # Errors
    /// [`ClientError::Conversation`] with `NoSuchMessage` or `NotFailed`.
    pub fn discard(
        &mut self,
        room: &RoomUri,
        message: MessageId,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.discard(room, message)).map(|((), step)| step)
    }
}
