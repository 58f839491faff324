//! The client as a shell sees it: whom a person keeps away, and how strangers are received.

use super::{Reception, Stance, people, reception, words};
use crate::{Client, ClientError, Event, Step, conversation::ConversationEvent, core::Core};
use trefoil_proto::{RoomUri, Timestamp, UserUri};

impl Client {
    /// Lets somebody near, or keeps them away: on this device, of which nobody is told.
    ///
    /// # Errors
    /// [`ClientError::NoAccount`]; [`ClientError::Oneself`].
    pub fn set_stance(
        &mut self,
        user: &UserUri,
        stance: Stance,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| core.set_stance(user, stance, now)).map(|((), step)| step)
    }

    /// Chooses how strangers are received.
    ///
    /// # Errors
    /// [`ClientError::NoAccount`].
    pub fn set_reception(&mut self, wanted: Reception, now: Timestamp) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| {
            core.me()?;
            reception::set(&mut core.tx(), wanted);
            core.all_marked()
        })
        .map(|((), step)| step)
    }

    /// Hides these words and no others: messages that have one are shown only when the person asks.
    ///
    /// # Errors
    /// [`ClientError::NoAccount`]; [`ClientError::Conversation`] for a word that is empty or too long, or too many of them.
    pub fn set_hidden_words(&mut self, wanted: &[String], now: Timestamp) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| {
            core.me()?;
            words::set(&mut core.tx(), wanted)?;
            core.all_marked()
        })
        .map(|((), step)| step)
    }
}

impl Core {
    fn set_stance(&mut self, user: &UserUri, stance: Stance, now: Timestamp) -> Result<(), ClientError> {
        if *user == self.me()?.user {
            return Err(ClientError::Oneself);
        }
        let changed = people::set(&mut self.tx(), user, stance, now)?;
        if !changed {
            return Ok(());
        }
        if stance == Stance::Blocked {
            self.replace_reach()?;
        }
        self.all_marked()
    }

    /// Rooms stand elsewhere than before.
    fn all_marked(&mut self) -> Result<(), ClientError> {
        for room in self.room_uris()? {
            self.emit(Event::Conversation(ConversationEvent::Marked { room }));
        }
        Ok(())
    }

    /// Whether somebody hears that what they said in a room has come.
    pub(crate) fn is_answered(&mut self, room: &RoomUri, sender: &UserUri) -> Result<bool, ClientError> {
        let near = people::stance(&self.tx(), sender)? == Stance::Normal;
        Ok(near && !self.is_quiet(room)?)
    }
}
