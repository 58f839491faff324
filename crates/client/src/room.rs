//! One room in memory: its row and its MLS group, written back once a step.

use crate::{
    ClientError, Refusal,
    core::Core,
    directory::Leaves,
    error::mls,
    mls::{context::RoomContext, provider::Provider},
    rows::{HELD, ROOMS, RoomRow, Row as _, room_range},
    verification::{Blocked, Contacts},
};
use openmls::{
    group::PastEpochDeletion,
    prelude::{GroupId, MlsGroup},
};
use openmls_traits::OpenMlsProvider as _;
use std::time::SystemTime;
use trefoil_proto::RoomUri;

/// A room.
pub(crate) struct Room {
    pub(crate) uri: RoomUri,
    pub(crate) row: RoomRow,
    pub(crate) group: Option<MlsGroup>,
    /// Read from the group's context, anew after each change of epoch.
    context: Option<(u64, RoomContext)>,
    /// Why nothing is sent here: as it was found at this epoch with these verified contacts.
    pub(crate) blocked: Option<(Option<u64>, Contacts, Blocked)>,
    /// Which of its devices are proven, as it was found last.
    pub(crate) leaves: Option<Leaves>,
    saved: Vec<u8>,
    changed: bool,
}

impl Room {
    /// A room that is not stored yet.
    pub(crate) fn new(uri: RoomUri, row: RoomRow, group: Option<MlsGroup>) -> Self {
        Self { uri, row, group, context: None, blocked: None, leaves: None, saved: Vec::new(), changed: true }
    }

    fn load(provider: &Provider, uri: &RoomUri) -> Result<Option<Self>, ClientError> {
        let stored = provider.storage.overlay().get(ROOMS, uri.to_string().as_bytes())?;
        let Some(saved) = stored else { return Ok(None) };
        let row = RoomRow::from_row(&saved)?;
        let group = MlsGroup::load(provider.storage(), &group_id(uri)).map_err(mls("load a group"))?;
        let uri = uri.clone();
        Ok(Some(Self { uri, row, group, context: None, blocked: None, leaves: None, saved, changed: false }))
    }

    /// Puts another group in the place of the one before.
    pub(crate) fn replace(&mut self, group: Option<MlsGroup>) -> Option<MlsGroup> {
        (self.context, self.blocked, self.leaves) = (None, None, None);
        self.changed = true;
        std::mem::replace(&mut self.group, group)
    }

    /// Says that the group is about to be changed.
    pub(crate) fn touch(&mut self) {
        self.changed = true;
    }

    /// Says that everything is in the store.
    pub(crate) fn saved(&mut self) {
        self.changed = false;
    }

    /// The group's ciphersuite as on the wire.
    pub(crate) fn suite(&self) -> Option<u16> {
        self.group.as_ref().map(|group| group.ciphersuite().into())
    }

    pub(crate) fn touched(&self) -> bool {
        self.changed || self.row.to_row() != self.saved
    }

    /// The epoch of the group; `None` without one.
    pub(crate) fn epoch(&self) -> Option<u64> {
        self.group.as_ref().map(|group| group.epoch().as_u64())
    }

    /// What the group context says.
    pub(crate) fn context(&mut self) -> Result<&RoomContext, Refusal> {
        let group = self.group.as_ref().ok_or(Refusal::UnknownRoom)?;
        let epoch = group.epoch().as_u64();
        if self.context.as_ref().is_none_or(|(of, _)| *of != epoch) {
            self.context = Some((epoch, RoomContext::read(&self.uri, group.public_group().group_context())?));
        }
        self.context.as_ref().map(|(_, context)| context).ok_or(Refusal::UnknownRoom)
    }

    /// Writes what changed.
    pub(crate) fn write(&mut self, provider: &Provider) -> Result<(), ClientError> {
        if let Some(group) = self.group.as_mut() {
            let id = group.group_id().clone();
            // Deletes nothing: it is the one call that writes the ratchet state.
            let keep_all = PastEpochDeletion::before_timestamp(SystemTime::UNIX_EPOCH);
            let written =
                provider.storage.write_due(&id, || group.delete_past_epoch_secrets(provider, keep_all));
            written.transpose().map_err(mls("write a group's ratchet state"))?;
        }
        let row = self.row.to_row();
        if row != self.saved {
            provider.storage.overlay().put(ROOMS, self.uri.to_string(), row.clone());
            self.saved = row;
            self.changed = true;
        }
        Ok(())
    }
}

/// The MLS group of a room.
pub(crate) fn group_id(room: &RoomUri) -> GroupId {
    GroupId::from_slice(room.to_string().as_bytes())
}

impl Core {
    /// A room, from memory or from the store.
    pub(crate) fn room(&mut self, uri: &RoomUri) -> Result<Option<&mut Room>, ClientError> {
        if !self.rooms.contains_key(uri) {
            let Some(room) = Room::load(&self.provider, uri)? else { return Ok(None) };
            self.rooms.insert(uri.clone(), room);
        }
        Ok(self.rooms.get_mut(uri))
    }

    /// A room that must be there.
    pub(crate) fn known_room(&mut self, uri: &RoomUri) -> Result<&mut Room, ClientError> {
        self.room(uri)?.ok_or_else(|| ClientError::UnknownRoom(uri.clone()))
    }

    /// Deletes a room's keys, and everything that waited in it. What was said stays.
    pub(crate) fn drop_group(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        self.give_up_all(uri)?;
        self.forget_keys(uri)
    }

    /// Deletes a room's keys, and what was held for them.
    pub(crate) fn forget_keys(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        self.forget_group(uri)?;
        if let Some(room) = self.room(uri)? {
            (room.row.astray.held, room.row.astray.held_bytes) = (0, 0);
        }
        let mut tx = self.tx();
        for (key, _) in tx.scan(HELD, &room_range(uri), usize::MAX, false)? {
            tx.delete(HELD, key);
        }
        Ok(())
    }

    /// Deletes a room's keys.
    pub(crate) fn forget_group(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        self.room(uri)?;
        if let Some(room) = self.rooms.get_mut(uri)
            && let Some(mut group) = room.replace(None)
        {
            group.delete(self.provider.storage()).map_err(mls("delete a group"))?;
        }
        Ok(())
    }
}
