//! What newcomers are told of a room: names, pictures and timers that were given before they came. One device of those that
//! could tell it does.

use crate::{
    ClientError,
    conversation::{self, compose},
    core::Core,
    mls::credential,
};
use trefoil_proto::{DeviceUri, RoomUri, Timestamp, UserUri, room::Role};

impl Core {
    /// Somebody came in by a device's commit: whether this is the device that tells them of the room. It is the one that
    /// added them; else the first device of whoever invited them, if that is an admin; else that of the first admin.
    pub(crate) fn tell_newcomer(
        &mut self,
        uri: &RoomUri,
        by: &DeviceUri,
        invited_by: Option<&UserUri>,
        newcomer: Option<&DeviceUri>,
    ) -> Result<(), ClientError> {
        let me = self.me()?.device.clone();
        let room = self.known_room(uri)?;
        let Ok(context) = room.context().cloned() else { return Ok(()) };
        let admins: Vec<_> = context
            .participants
            .members()
            .filter(|pair| pair.role == Role::ADMIN)
            .map(|pair| &pair.user)
            .collect();
        let devices: Vec<DeviceUri> = room
            .group
            .iter()
            .flat_map(|group| group.members())
            .filter_map(|member| credential::claimed_device(&member.credential).ok())
            .filter(|device| Some(device) != newcomer)
            .collect();
        let first = |user: &UserUri| devices.iter().find(|device| device.user_uri() == *user);
        let adder = devices.iter().find(|device| *device == by && admins.contains(&&device.user_uri()));
        let inviter = invited_by.filter(|user| admins.contains(user)).and_then(first);
        let any = || admins.iter().find_map(|user| first(user));
        // By an invitation the newcomer commits, who is no admin.
        if adder.or(inviter).or_else(any) == Some(&me) {
            self.retellings.insert(uri.clone());
        }
        Ok(())
    }

    /// Tells of the rooms that somebody came into in this step.
    pub(crate) fn retell(&mut self, now: Timestamp) -> Result<(), ClientError> {
        for room in std::mem::take(&mut self.retellings) {
            if !self.takes_messages(&room)? || self.is_request(&room)? {
                continue;
            }
            let told = conversation::retold(&self.tx(), &room)?;
            for retold in told {
                self.queue(&room, compose::retold(&retold)?, now)?;
            }
        }
        Ok(())
    }
}
