//! The hub asks that somebody be removed: whether it did is checked, everybody in the room reads it, and an admin's
//! client makes the change. It is the one thing that a hub can bring about in a room, and it adds nobody.

use crate::{Event, Refusal, conversation::Line, core::Core, inbox::Taken, rows::Intent};
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
        // Somebody was quicker.
        if context.role_of(user) < Role::MEMBER {
            return Ok(Ok(()));
        }
        let can_remove = context.role_of(&me) == Role::ADMIN && *user != me;
        let reason = asked.tbs.reason.to_string();
        self.write_line(uri, &Line::RemovalAsked { user: user.clone(), reason: reason.clone() }, accepted)?;
        self.emit(Event::RemovalAsked { room: uri.clone(), user: user.clone(), reason });
        if can_remove {
            self.intend(uri, Intent::Remove { people: vec![user.clone()] })?;
        }
        Ok(Ok(()))
    }
}
