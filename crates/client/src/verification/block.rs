//! Which rooms nothing is sent to, and why. Nothing that leaves may be readable under a key that this person has not
//! decided about: no message, no status, no typing notice, and no commit whose path would be encrypted to it.

use super::{Contacts, Standing};
use crate::{
    ClientError,
    core::Core,
    mls::credential,
    room::Room,
    rows::{Intent, RoomState},
};
use std::collections::BTreeSet;
use trefoil_proto::{RoomUri, UserUri};

/// Why nothing is sent to a room; empty if it is not so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blocked {
    /// People in it whose verified account key was replaced, and who are not decided about.
    pub(crate) changed: BTreeSet<UserUri>,
    /// People with a device in its tree under another account key than the one that was verified.
    pub(crate) foreign: BTreeSet<UserUri>,
}

impl Blocked {
    pub(crate) fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.foreign.is_empty()
    }

    /// Everybody who is meant.
    pub(crate) fn people(&self) -> Vec<UserUri> {
        self.changed.union(&self.foreign).cloned().collect()
    }

    /// For whoever asked for something that is not done.
    pub(crate) fn error(&self, room: &RoomUri) -> Option<ClientError> {
        let changed = self.changed.first().map(|user| ClientError::KeyChanged(user.clone()));
        let foreign = || {
            let user = self.foreign.first()?.clone();
            Some(ClientError::OtherKeyInRoom { user, room: room.clone() })
        };
        changed.or_else(foreign)
    }

    fn of(room: &mut Room, contacts: &Contacts) -> Self {
        let mut blocked = Self::default();
        let Ok(context) = room.context() else { return blocked };
        let people = context.participants.participants.iter().map(|pair| &pair.user);
        blocked.changed =
            people.filter(|user| contacts.standing(user) == Standing::Changed).cloned().collect();
        let Some(group) = &room.group else { return blocked };
        for member in group.members() {
            let leaf = group.public_group().leaf(member.index).map(credential::claimed_leaf);
            // A leaf that cannot be read was refused when it came in.
            let Some(Ok(leaf)) = leaf else { continue };
            let user = leaf.device.user_uri();
            if contacts.refutes(&user, &leaf.account_key) {
                blocked.foreign.insert(user);
            }
        }
        blocked
    }
}

impl Core {
    /// Why nothing is sent to a room now. Looked up anew only when the room's epoch or the verified contacts changed.
    pub(crate) fn blocked(&mut self, uri: &RoomUri) -> Result<Blocked, ClientError> {
        let contacts = self.contacts.clone();
        if contacts.is_empty() {
            return Ok(Blocked::default());
        }
        let Some(room) = self.room(uri)? else { return Ok(Blocked::default()) };
        let epoch = room.epoch();
        if let Some((of, with, blocked)) = &room.blocked
            && *of == epoch
            && with.is(&contacts)
        {
            return Ok(blocked.clone());
        }
        let blocked = Blocked::of(room, &contacts);
        room.blocked = Some((epoch, contacts, blocked.clone()));
        Ok(blocked)
    }

    /// Refuses what a person asks for in a room that nothing is sent to.
    pub(crate) fn unblocked(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        self.blocked(uri)?.error(uri).map_or(Ok(()), Err)
    }

    /// Refuses people who cannot be added before it is decided about them.
    pub(crate) fn decided(&self, people: &[UserUri]) -> Result<(), ClientError> {
        match people.iter().find(|user| self.contacts.standing(user) == Standing::Changed) {
            Some(user) => Err(ClientError::KeyChanged(user.clone())),
            None => Ok(()),
        }
    }

    /// Brings the change that may be made now to the front. False if all of them wait: a commit is encrypted to
    /// everybody in the tree, so that with a foreign device there the only ones are to take it out, and to leave.
    pub(crate) fn bring_forward(&mut self, uri: &RoomUri) -> Result<bool, ClientError> {
        let foreign = self.blocked(uri)?.foreign;
        let intents = &mut self.known_room(uri)?.row.intents;
        if foreign.is_empty() {
            return Ok(!intents.is_empty());
        }
        let takes_out = |intent: &Intent| match intent {
            Intent::Remove { people } => foreign.iter().all(|user| people.contains(user)),
            Intent::Leave => true,
            _ => false,
        };
        // Whoever leaves takes other devices along first, which is a commit: that waits.
        let prepared = intents.iter().position(|intent| matches!(intent, Intent::RemoveOwnOthers));
        let at = intents
            .iter()
            .position(takes_out)
            .filter(|at| intents[*at] != Intent::Leave || prepared.is_none_or(|prepared| prepared > *at));
        let Some(at) = at else { return Ok(false) };
        let intent = intents.remove(at);
        intents.insert(0, intent);
        Ok(true)
    }

    /// Rooms that this device is in together with a person.
    pub(crate) fn shared_rooms(&mut self, user: &UserUri) -> Result<Vec<RoomUri>, ClientError> {
        let mut shared = Vec::new();
        let mut rooms: BTreeSet<RoomUri> = self.room_uris()?.into_iter().collect();
        // Those of this step are written when it ends.
        rooms.extend(self.rooms.keys().cloned());
        for uri in rooms {
            let Some(room) = self.room(&uri)? else { continue };
            let is_in = !matches!(room.row.state, RoomState::Left)
                && room.context().is_ok_and(|context| context.participants.index_of(user).is_some());
            if is_in {
                shared.push(uri);
            }
        }
        Ok(shared)
    }
}
