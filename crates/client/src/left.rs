//! What a room was called and who was in it when this person left: its history stays readable, and should stay findable.

use crate::{ClientError, core::Core, overlay::Overlay};
use minicbor::{Decode, Encode};
use trefoil_proto::{ProtoError, RoomUri, UserUri};
use trefoil_store::Table;

/// Rooms that were left, by URI: name, and who was there.
pub const LEFT: Table = Table::new("client.left_rooms");

const VERSION: u8 = 1;
const WHAT: &str = "room that was left";

/// A room as it was last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct LeftRow {
    #[n(0)]
    pub(crate) name: String,
    /// URIs of its people, this one left out.
    #[n(1)]
    people: Vec<String>,
}

impl LeftRow {
    /// Who was there.
    pub(crate) fn people(&self) -> impl Iterator<Item = UserUri> {
        self.people.iter().filter_map(|user| user.parse().ok())
    }

    /// What is kept of a room.
    ///
    /// # Errors
    /// The store could not be read, or the row not be decoded.
    pub(crate) fn load(tx: &Overlay, uri: &RoomUri) -> Result<Option<Self>, ClientError> {
        tx.get(LEFT, uri.to_string().as_bytes())?.map(|row| decode(&row)).transpose()
    }
}

impl Core {
    /// Keeps how a room is called and who is in it, before its group is dropped.
    pub(crate) fn leave_behind(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        let me = self.me()?.user.clone();
        let Some(context) = self.known_room(uri)?.context().ok() else { return Ok(()) };
        let people = context.participants.participants.iter().filter(|pair| pair.user != me);
        let row = LeftRow {
            name: context.metadata.readable_name(),
            people: people.map(|pair| pair.user.to_string()).collect(),
        };
        self.tx().put(LEFT, uri.to_string().into_bytes(), encode(&row));
        Ok(())
    }
}

fn encode(row: &LeftRow) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    minicbor::encode(row, &mut bytes).expect("writing into memory does not fail");
    bytes
}

fn decode(bytes: &[u8]) -> Result<LeftRow, ClientError> {
    let unreadable = || ClientError::Row { what: WHAT, source: ProtoError::Malformed(WHAT) };
    let Some((&VERSION, rest)) = bytes.split_first() else { return Err(unreadable()) };
    minicbor::decode(rest).map_err(|_| unreadable())
}

/// The decoder, for the fuzzer.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing {
    use super::{decode, encode};
    use crate::fuzzing::Target;

    pub(crate) const TARGETS: &[Target] = &[("client_left_row", left)];

    fn left(input: &[u8]) -> bool {
        let Ok(row) = decode(input) else { return false };
        assert_eq!(decode(&encode(&row)).ok(), Some(row));
        true
    }

    #[cfg(test)]
    pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
        let people = vec!["mimi://a.test/u/grace".to_owned()];
        vec![("client_left_row", encode(&super::LeftRow { name: "Tea".to_owned(), people }))]
    }
}
