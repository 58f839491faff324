//! The hub asks that somebody be removed: whether it did is checked, everybody in the room reads it, and an admin's
//! client makes the change. It is the one thing that a hub can bring about in a room, and it adds nobody.

use crate::{
    Event, Refusal,
    conversation::Line,
    core::Core,
    inbox::Taken,
    rows::{ASKED_REMOVALS, Intent, last_number, room_key},
};
use trefoil_proto::{RoomUri, Timestamp, mimi::removal::RemovalRequest, room::Role};

impl Core {
    /// A request that came in, in a room that this device is in.
    pub(crate) fn removal_asked(
        &mut self,
        uri: &RoomUri,
        asked: &RemovalRequest,
        accepted: Timestamp,
    ) -> Taken {
        let me = self.me()?.user.clone();
        let context = match self.known_room(uri)?.context() {
            Ok(context) => context,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let user = &asked.tbs.user;
        if asked.tbs.room != *uri || asked.verify(&context.franking_key).is_err() {
            return Ok(Err(Refusal::RemovalUnasked));
        }
        let is_in = context.role_of(user) >= Role::MEMBER;
        let can_remove = context.role_of(&me) == Role::ADMIN && *user != me;
        // An order counts once: whoever delivers an old one again must not undo what was decided since.
        let key = [&room_key(uri, &[])[..], user.to_string().as_bytes()].concat();
        let before = self.tx().get(ASKED_REMOVALS, &key)?.and_then(|row| last_number(&row));
        if before.is_some_and(|before| before >= asked.tbs.at.0) {
            return Ok(Ok(()));
        }
        self.tx().put(ASKED_REMOVALS, key, asked.tbs.at.0.to_be_bytes());
        if !is_in {
            return Ok(Ok(()));
        }
        let reason = asked.tbs.reason.to_string();
        self.write_line(uri, &Line::RemovalAsked { user: user.clone(), reason: reason.clone() }, accepted)?;
        self.emit(Event::RemovalAsked { room: uri.clone(), user: user.clone(), reason });
        if can_remove {
            self.intend(uri, Intent::Remove { people: vec![user.clone()] })?;
        }
        Ok(Ok(()))
    }
}
