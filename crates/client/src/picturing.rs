//! The client as a shell sees it: pictures of the person and of rooms. And what newcomers are told of a room.

use crate::{
    Client, ClientError, Step,
    conversation::{self, MessageId, compose},
    core::Core,
    mls::credential,
    rows::{ACCOUNT, RoomState, name},
};
use trefoil_proto::{
    DeviceUri, RoomUri, Timestamp, UserUri,
    content::picture::{Picture, PictureType},
    room::Role,
};

impl Client {
    /// The picture that goes, end-to-end encrypted, into every room that this device opens from now on and into those
    /// that are open; none takes it away.
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn set_picture(
        &mut self,
        picture: Option<&Picture>,
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        self.step(now, |core| {
            match picture {
                Some(picture) => core.tx().put(ACCOUNT, name::PICTURE, row(picture)),
                None => core.tx().delete(ACCOUNT, name::PICTURE),
            }
            for room in core.room_uris()? {
                let open = core.room(&room)?.is_some_and(|room| room.row.state == RoomState::Open);
                if open && !core.is_request(&room)? {
                    core.queue(&room, compose::picture(picture), now)?;
                }
            }
            Ok(())
        })
        .map(|((), step)| step)
    }

    /// The picture that was chosen with [`Client::set_picture`].
    ///
    /// # Errors
    /// [`ClientError::Store`].
    pub fn picture(&self) -> Result<Option<Picture>, ClientError> {
        self.core().own_picture()
    }

    /// Gives a room a picture, or takes it away.
    ///
    /// # Errors
    /// [`ClientError::NotAllowed`] unless this person is an admin; as [`Client::send`].
    pub fn set_room_picture(
        &mut self,
        room: &RoomUri,
        picture: Option<&Picture>,
        now: Timestamp,
    ) -> Result<(MessageId, Step<'_>), ClientError> {
        self.send(room, compose::room_picture(picture), now)
    }
}

impl Core {
    pub(crate) fn own_picture(&self) -> Result<Option<Picture>, ClientError> {
        let row = self.tx().get(ACCOUNT, name::PICTURE)?;
        Ok(row.and_then(|row| {
            let (kind, bytes) = row.split_first()?;
            let kind = if *kind == 1 { PictureType::Jpeg } else { PictureType::Png };
            Picture::new(kind, bytes.to_vec()).ok()
        }))
    }

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

/// One byte for the type, then the file.
fn row(picture: &Picture) -> Vec<u8> {
    let kind = match picture.kind() {
        PictureType::Jpeg => 1,
        PictureType::Png => 2,
    };
    [&[kind], picture.bytes()].concat()
}
