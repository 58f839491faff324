//! The name that this person shows to the people they write to: kept in the encrypted store, sent as a profile message
//! to every room, never told to a service.

use bytes::Bytes;
use trefoil_client::{Client, ClientError, Event, Outcome, RoomState, conversation::compose};
use trefoil_proto::{RoomUri, Timestamp};
use trefoil_store::{Batch, Table};

/// One row: the name, UTF-8.
const PROFILE: Table = Table::new("shell.profile");
const NAME: &[u8] = b"name";
/// In larger rooms a newcomer learns names as people write, or the greetings would outnumber the messages.
const GREETED: usize = 32;

/// The name, if one was chosen.
///
/// # Errors
/// The store cannot be read.
pub fn name(client: &Client) -> Result<Option<String>, ClientError> {
    let row = client.store().get(PROFILE, NAME)?;
    Ok(row.map(|bytes: Bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// Keeps a name. Whether it can be one is checked before.
///
/// # Errors
/// The name cannot be one, or the store cannot be written.
pub fn keep(client: &Client, name: &str) -> Result<(), ClientError> {
    compose::profile(name)?;
    let mut batch = Batch::new();
    batch.put(PROFILE, NAME.to_vec(), name.as_bytes().to_vec());
    Ok(client.store().commit(batch)?)
}

/// Sends the name to a room, if there is one and the room is open.
///
/// # Errors
/// The core failed.
pub fn introduce(
    client: &mut Client,
    room: &RoomUri,
    now: Timestamp,
) -> Result<Option<Outcome>, ClientError> {
    let open = client.room(room)?.is_some_and(|room| room.state == RoomState::Open);
    let Some(name) = name(client)?.filter(|_| open) else { return Ok(None) };
    let (_, step) = client.send(room, compose::profile(&name)?, now)?;
    step.commit().map(Some)
}

/// The room in which an event makes an introduction due: this device came in, or someone who knows no names yet.
pub fn due(client: &Client, event: &Event) -> Option<RoomUri> {
    match event {
        Event::RoomJoined { room, .. } => Some(room.clone()),
        Event::MemberAdded { room, user, .. } => {
            let me = client.identity()?.user;
            let people = client.room(room).ok()??.participants.len();
            (*user != me && people <= GREETED).then(|| room.clone())
        }
        _ => None,
    }
}
