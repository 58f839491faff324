//! The client as a shell sees it: pictures of the person and of rooms.

use crate::{
    Client, ClientError, Step,
    conversation::{MessageId, compose},
    core::Core,
    rows::{ACCOUNT, RoomState, name},
};
use trefoil_proto::{
    RoomUri, Timestamp,
    content::picture::{Picture, PictureType},
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
                if open && !core.is_shut(&room)? {
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
}

/// One byte for the type, then the file.
fn row(picture: &Picture) -> Vec<u8> {
    let kind = match picture.kind() {
        PictureType::Jpeg => 1,
        PictureType::Png => 2,
    };
    [&[kind], picture.bytes()].concat()
}
