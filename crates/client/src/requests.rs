//! Rooms into which a stranger brought this person: requests. While one is not taken up, no status, no typing notice, no
//! name and no further device of the person goes there. Taking it up is a mark, or the first thing that they write.

use crate::{
    ClientError, Event,
    boundaries::{self, Stance},
    conversation::{self, Mark, compose},
    core::Core,
    rows::RoomState,
    verification::Standing,
};
use trefoil_proto::{RoomUri, Timestamp, UserUri, content::status::MessageStatus};

impl Core {
    /// Sets marks of a room.
    pub(crate) fn mark_room(
        &mut self,
        room: &RoomUri,
        marks: &[Mark],
        now: Timestamp,
    ) -> Result<(), ClientError> {
        self.known_room(room)?;
        if marks.contains(&Mark::Accepted) {
            self.accept(room, now)?;
        }
        self.put_marks(room, marks)
    }

    /// Takes a request up: whoever brought the person in hears what everybody hears from now on.
    pub(crate) fn accept(&mut self, room: &RoomUri, now: Timestamp) -> Result<(), ClientError> {
        if !self.is_request(room)? {
            return Ok(());
        }
        self.put_marks(room, &[Mark::Accepted])?;
        self.connect(room, now)?;
        self.introductions.push(room.clone());
        let people = self.known_room(room)?.context().map(|context| context.participants.participants.len());
        if people.is_ok_and(|people| people <= conversation::STATUS_PARTICIPANTS) && !self.is_quiet(room)? {
            let came = conversation::of_others(&self.tx(), room)?;
            let came: Vec<_> = came.into_iter().map(|id| (id, MessageStatus::Delivered)).collect();
            if !came.is_empty() {
                self.follow_ups.entry(room.clone()).or_default().push(compose::status(came)?);
            }
        }
        self.add_missing()
    }

    pub(crate) fn is_request(&self, room: &RoomUri) -> Result<bool, ClientError> {
        Ok(conversation::is_request(&self.tx(), room)?)
    }

    /// Somebody else's commit brought this person into a room: whether they have to take it up first.
    pub(crate) fn ask_for_consent(&mut self, room: &RoomUri, adder: &UserUri) -> Result<(), ClientError> {
        // Without this room, by which alone nobody becomes a contact.
        conversation::set_request(&mut self.tx(), room, Some(adder))?;
        self.known = None;
        let unwanted = boundaries::reception(&self.tx())?.strict && !self.is_contact(adder)?;
        let kept_away = boundaries::stance(&self.tx(), adder)? != Stance::Normal;
        let stranger =
            *adder != self.me()?.user && (unwanted || kept_away || !self.is_familiar(room, adder)?);
        conversation::set_request(&mut self.tx(), room, stranger.then_some(adder))?;
        self.known = None;
        Ok(())
    }

    /// Somebody whom the person verified, or who learns of the person's statuses in another room anyway.
    fn is_familiar(&mut self, but: &RoomUri, adder: &UserUri) -> Result<bool, ClientError> {
        if self.contacts.standing(adder) == Standing::Verified {
            return Ok(true);
        }
        for room in self.shared_rooms(adder)? {
            let open = room != *but && self.known_room(&room)?.row.state == RoomState::Open;
            if !open || self.is_request(&room)? {
                continue;
            }
            let people = self.known_room(&room)?.context().map(|of| of.participants.participants.len());
            if people.is_ok_and(|people| people <= conversation::STATUS_PARTICIPANTS) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn put_marks(&mut self, room: &RoomUri, marks: &[Mark]) -> Result<(), ClientError> {
        let events = conversation::set_marks(&mut self.tx(), room, marks)?;
        for event in events {
            self.emit(Event::Conversation(event));
        }
        Ok(())
    }
}
