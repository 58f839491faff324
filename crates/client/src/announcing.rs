//! The client as a shell sees it: rooms in which only admins write.

use crate::{
    Client, ClientError, Step, Suite,
    rows::{Intent, KindRow},
};
use trefoil_proto::{RoomUri, Timestamp, UserUri, room::RoomKind};

impl Client {
    /// Makes a room in which only admins write. Members read, react and vote.
    ///
    /// # Errors
    /// As [`Client::create_room_with`].
    pub fn create_announcement_room(
        &mut self,
        title: &str,
        people: &[UserUri],
        suite: Suite,
        now: Timestamp,
    ) -> Result<(RoomUri, Step<'_>), ClientError> {
        self.step(now, |core| core.create_room(title, people, (suite, RoomKind::Announcement)))
    }

    /// From now on only admins write in the room, or everybody does. What was said stays.
    ///
    /// # Errors
    /// As [`Client::add_people`].
    pub fn set_room_kind(
        &mut self,
        room: &RoomUri,
        kind: RoomKind,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.change(room, Intent::Kind { kind: KindRow::of(kind) }, now)
    }
}
