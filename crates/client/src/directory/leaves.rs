//! Which devices of a room are proven. Nothing is sent to a room before all of them are.

use super::{
    KeysRefusal, Looked,
    rows::{ARRIVED, GHOSTS, ghost_key},
};
use crate::{ClientError, Event, conversation::Line, core::Core, mls::credential};
use openmls::prelude::MlsGroup;
use trefoil_proto::{DeviceUri, RoomUri, Timestamp, UserUri, defence::Defence};

/// The devices of a room that are not proven, as they were found at an epoch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leaves {
    epoch: u64,
    generation: u64,
    unproven: Vec<DeviceUri>,
}

/// Where a room stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proven {
    /// Every device is its person's, as the directories say.
    All,
    /// Not everything has been looked at.
    Waiting,
    /// Somebody's keys are not believed.
    Refused,
}

impl Core {
    /// Whether all devices of a room are proven; what is missing is asked for, and a device that no directory has is
    /// told of.
    pub(crate) fn prove_members(&mut self, uri: &RoomUri, now: Timestamp) -> Result<Proven, ClientError> {
        let mut proven = Proven::All;
        for device in self.unproven_devices(uri)? {
            let user = device.user_uri();
            if self.found_since(uri, &device)? {
                continue;
            }
            // What was proven before the device was there says nothing of it.
            if self.directories.sought.insert(device.clone())
                && self.directories.looked.get(&user) == Some(&Looked::Done)
            {
                self.want_fresh_proof(&user);
            }
            match self.directories.looked.get(&user) {
                Some(Looked::Done) => {
                    self.tell_of_ghost(uri, &device, now)?;
                    proven = Proven::Refused;
                }
                Some(Looked::Refused(_)) => {
                    // It is asked for again, and the room goes on when a proof comes.
                    self.want_proof(&user, Some(uri));
                    proven = Proven::Refused;
                }
                _ => {
                    self.want_proof(&user, Some(uri));
                    if proven == Proven::All {
                        proven = Proven::Waiting;
                    }
                }
            }
        }
        Ok(proven)
    }

    /// Devices of a room that are not in a proven set. Looked up anew when the epoch or what is proven changed.
    pub(crate) fn unproven_devices(&mut self, uri: &RoomUri) -> Result<Vec<DeviceUri>, ClientError> {
        if !Defence::KeyDirectory.stands() {
            return Ok(Vec::new());
        }
        let me = self.me()?;
        let generation = self.directories.generation;
        let Some(room) = self.room(uri)? else { return Ok(Vec::new()) };
        let Some(epoch) = room.epoch() else { return Ok(Vec::new()) };
        if let Some(leaves) = room.leaves.as_ref().filter(|leaves| leaves.epoch == epoch)
            && (leaves.unproven.is_empty() || leaves.generation == generation)
        {
            return Ok(leaves.unproven.clone());
        }
        let entries: Vec<_> = room.group.iter().flat_map(published_entries).collect();
        let mut unproven = Vec::new();
        for (device, account, entry) in entries.into_iter().filter(|(device, ..)| *device != me.device) {
            let row = self.proven_set(&device.user_uri())?;
            let arrived = self.tx().get(ARRIVED, &ghost_key(uri, &device))?.is_some();
            if arrived || !row.is_some_and(|row| row.had(&account, &entry)) {
                unproven.push(device);
            }
        }
        if let Some(room) = self.room(uri)? {
            room.leaves = Some(Leaves { epoch, generation, unproven: unproven.clone() });
        }
        Ok(unproven)
    }

    /// Whether a device was looked for in its person's directory, and is not there.
    pub(crate) fn is_ghost(&mut self, uri: &RoomUri, device: &DeviceUri) -> Result<bool, ClientError> {
        let looked = self.directories.looked.get(&device.user_uri()) == Some(&Looked::Done);
        Ok(looked && self.directories.sought.contains(device) && self.unproven_devices(uri)?.contains(device))
    }

    /// Devices that came into a room by somebody else's commit: each must be in a proof that is made from now on. One that
    /// its person took off must not come back because it was theirs once.
    pub(crate) fn devices_came(&mut self, uri: &RoomUri, devices: &[DeviceUri]) {
        for device in devices {
            self.directories.sought.remove(device);
            self.tx().put(ARRIVED, ghost_key(uri, device), Vec::new());
        }
        self.directories.generation += 1;
    }

    /// Whether a device that came into a room is in a proof that was made since; it is like any other then.
    fn found_since(&mut self, uri: &RoomUri, device: &DeviceUri) -> Result<bool, ClientError> {
        let key = ghost_key(uri, device);
        let looked = self.directories.looked.get(&device.user_uri()) == Some(&Looked::Done);
        let sought = self.directories.sought.contains(device);
        if !looked || !sought || self.tx().get(ARRIVED, &key)?.is_none() {
            return Ok(false);
        }
        let row = self.proven_set(&device.user_uri())?;
        let entries = self.known_room(uri)?.group.iter().flat_map(published_entries).collect::<Vec<_>>();
        let found = entries
            .into_iter()
            .find(|(of, ..)| of == device)
            .is_some_and(|(_, account, entry)| row.is_some_and(|row| row.has(&account, &entry)));
        if found {
            self.tx().delete(ARRIVED, key);
            self.directories.generation += 1;
        }
        Ok(found)
    }

    /// Why people's devices in a room are not proven.
    pub(crate) fn unproven_people(
        &mut self,
        uri: &RoomUri,
    ) -> Result<Vec<(UserUri, Option<KeysRefusal>)>, ClientError> {
        let mut people: Vec<(UserUri, Option<KeysRefusal>)> = Vec::new();
        for device in self.unproven_devices(uri)? {
            let user = device.user_uri();
            if people.iter().any(|(known, _)| *known == user) {
                continue;
            }
            let reason = match self.directories.looked.get(&user) {
                Some(Looked::Done) => Some(KeysRefusal::NotInDirectory),
                Some(Looked::Refused(reason)) => Some(reason.clone()),
                _ => None,
            };
            people.push((user, reason));
        }
        Ok(people)
    }

    fn tell_of_ghost(
        &mut self,
        uri: &RoomUri,
        device: &DeviceUri,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let key = ghost_key(uri, device);
        let told = self.tx().get(GHOSTS, &key)?.is_some();
        if told {
            return Ok(());
        }
        self.tx().put(GHOSTS, key, Vec::new());
        self.write_line(uri, &Line::GhostDevice { device: device.clone() }, now)?;
        self.emit(Event::GhostDevice { room: uri.clone(), device: device.clone() });
        Ok(())
    }
}

/// Every leaf as a directory would list it. A leaf that cannot be read was refused when it came in.
fn published_entries(group: &MlsGroup) -> Vec<credential::Published> {
    let leaf = |member: openmls::prelude::Member| group.public_group().leaf(member.index);
    group.members().filter_map(leaf).filter_map(|leaf| credential::published(leaf).ok()).collect()
}
