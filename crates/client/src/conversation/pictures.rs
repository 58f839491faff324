//! Pictures of people and of rooms: the one with the latest stamp, kept apart from its bytes, since lists ask for the former.

use super::{
    ConversationError, ConversationEvent, Line,
    apply::drop_held,
    note::note,
    records::{RoomKey, get, put, put_record, record},
    rows::{PICTURE_BYTES, PICTURES, PictureRow, Record, Stamp, message_id},
};
use crate::overlay::Overlay;
use sha2::{Digest as _, Sha256};
use trefoil_proto::{
    RoomUri, Timestamp, UserUri,
    content::picture::{Picture, PictureType},
};

/// Names the bytes of a picture, to ask for it and to keep it by: the beginning of their hash, hexadecimal.
pub type PictureVersion = String;

/// Which picture somebody has in a room.
///
/// # Errors
/// Only the store.
pub fn picture_version(
    tx: &Overlay,
    room: &RoomUri,
    user: &UserUri,
) -> Result<Option<PictureVersion>, ConversationError> {
    version(tx, &key(&RoomKey::of(room), Some(user)))
}

/// The picture that somebody has in a room, as it was sent.
///
/// # Errors
/// Only the store.
pub fn picture(tx: &Overlay, room: &RoomUri, user: &UserUri) -> Result<Option<Picture>, ConversationError> {
    read(tx, &key(&RoomKey::of(room), Some(user)))
}

/// Which picture a room has.
///
/// # Errors
/// Only the store.
pub fn room_picture_version(
    tx: &Overlay,
    room: &RoomUri,
) -> Result<Option<PictureVersion>, ConversationError> {
    version(tx, &key(&RoomKey::of(room), None))
}

/// The picture of a room, as it was sent.
///
/// # Errors
/// Only the store.
pub fn room_picture(tx: &Overlay, room: &RoomUri) -> Result<Option<Picture>, ConversationError> {
    read(tx, &key(&RoomKey::of(room), None))
}

/// The room's picture with who set it and when, as it is retold; none if nobody ever set one.
#[allow(clippy::type_complexity, reason = "one caller, which takes it apart at once")]
pub(super) fn room_picture_told(
    tx: &Overlay,
    room: &RoomKey,
) -> Result<Option<(Option<Picture>, Stamp, Option<String>)>, ConversationError> {
    let at = key(room, None);
    let Some(row) = get::<PictureRow>(tx, PICTURES, &at)? else { return Ok(None) };
    Ok(Some((read(tx, &at)?, row.stamp, row.by)))
}

/// Names a picture's bytes.
pub fn version_of(picture: &Picture) -> PictureVersion {
    data_encoding::HEXLOWER.encode(&Sha256::digest(picture.bytes())[..8])
}

/// Somebody set their picture, or took it away.
pub(super) fn set(
    tx: &mut Overlay,
    room: &RoomKey,
    (uri, user): (&RoomUri, &UserUri),
    stamp: Stamp,
    picture: Option<&Picture>,
    events: &mut Vec<ConversationEvent>,
) -> Result<(), ConversationError> {
    if put_if_later(tx, &key(room, Some(user)), stamp, None, picture)? {
        events.push(ConversationEvent::Picture { room: uri.clone(), user: Some(user.clone()) });
    }
    Ok(())
}

/// An admin set the room's picture, or took it away: it makes a line, and holds if nobody set it later.
pub(super) fn set_room(
    tx: &mut Overlay,
    room: &RoomKey,
    (uri, by): (&RoomUri, Option<&UserUri>),
    stamp: Stamp,
    picture: Option<&Picture>,
    events: &mut Vec<ConversationEvent>,
) -> Result<(), ConversationError> {
    let id = message_id(&stamp.id);
    if record(tx, room, id)?.is_some() {
        return Ok(());
    }
    put_record(tx, room, id, &Record::Line);
    drop_held(tx, room, id)?;
    if let Some(by) = by {
        let line = Line::PictureSet { by: by.clone(), taken_away: picture.is_none() };
        events.extend(note(tx, uri, &line, Timestamp(stamp.accepted))?);
    }
    if put_if_later(tx, &key(room, None), stamp, by, picture)? {
        events.push(ConversationEvent::Picture { room: uri.clone(), user: None });
    }
    Ok(())
}

/// When the room's picture was set last.
pub(super) fn room_stamp(tx: &Overlay, room: &RoomKey) -> Result<Option<Stamp>, ConversationError> {
    Ok(get::<PictureRow>(tx, PICTURES, &key(room, None))?.map(|row| row.stamp))
}

fn put_if_later(
    tx: &mut Overlay,
    at: &[u8],
    stamp: Stamp,
    by: Option<&UserUri>,
    picture: Option<&Picture>,
) -> Result<bool, ConversationError> {
    let known: Option<PictureRow> = get(tx, PICTURES, at)?;
    if known.as_ref().is_some_and(|known| known.stamp >= stamp) {
        return Ok(false);
    }
    let row = PictureRow {
        media_type: picture.map(|picture| picture.kind().media_type().to_owned()),
        version: picture.map(version_of).unwrap_or_default(),
        stamp,
        by: by.map(ToString::to_string),
    };
    let changed = known.is_none_or(|known| known.version != row.version);
    put(tx, PICTURES, at.to_vec(), &row);
    match picture {
        Some(picture) => tx.put(PICTURE_BYTES, at, picture.bytes()),
        None => tx.delete(PICTURE_BYTES, at),
    }
    Ok(changed)
}

fn version(tx: &Overlay, at: &[u8]) -> Result<Option<PictureVersion>, ConversationError> {
    let row: Option<PictureRow> = get(tx, PICTURES, at)?;
    Ok(row.filter(|row| row.media_type.is_some()).map(|row| row.version))
}

fn read(tx: &Overlay, at: &[u8]) -> Result<Option<Picture>, ConversationError> {
    let row: Option<PictureRow> = get(tx, PICTURES, at)?;
    let kind = row.and_then(|row| row.media_type).and_then(|kind| PictureType::of(&kind));
    let (Some(kind), Some(bytes)) = (kind, tx.get(PICTURE_BYTES, at)?) else { return Ok(None) };
    Ok(Picture::new(kind, bytes.to_vec()).ok())
}

/// A room's own picture stands beside those of its people, under no name.
fn key(room: &RoomKey, user: Option<&UserUri>) -> Vec<u8> {
    room.key(&[user.map(ToString::to_string).unwrap_or_default().as_bytes()])
}
