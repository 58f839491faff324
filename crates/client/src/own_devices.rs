//! The account's other devices: taken off it, and then out of the rooms; brought into rooms that opened while a device
//! was listed and could not be added yet.
//!
//! The account key signs a removal, the service forgets the device, and whichever other devices see it gone take its
//! leaves out.

use crate::{
    ClientError, Event, Method,
    account::{detail, path},
    core::Core,
    live::Job,
    mls::credential,
    rows::{Intent, MISSING, REMOVALS, RoomState, room_key},
};
use std::collections::BTreeSet;
use trefoil_proto::{DeviceUri, ErrorBody, RoomUri, Timestamp, Wire as _, edge::RemoveDeviceRequest};
use trefoil_store::KeyRange;

impl Core {
    /// On the first device: has another one taken off.
    pub(crate) fn unlink(&mut self, device: &DeviceUri) -> Result<(), ClientError> {
        let me = self.me()?;
        if me.account.is_none() {
            return Err(ClientError::NotPrimary);
        }
        if *device == me.device {
            return Err(ClientError::ThisDevice);
        }
        if !self.devices()?.contains(device) {
            return Err(ClientError::UnknownDevice(device.clone()));
        }
        self.tx().put(REMOVALS, device.to_string(), Vec::new());
        Ok(())
    }

    pub(crate) fn pump_removals(&mut self, now: Timestamp) -> Result<(), ClientError> {
        let me = self.me()?;
        let Some(account) = me.account.as_ref() else { return Ok(()) };
        let removals = self.tx().scan(REMOVALS, &KeyRange::all(), usize::MAX, false)?;
        for (key, _) in removals {
            let device = std::str::from_utf8(&key).ok().and_then(|text| text.parse::<DeviceUri>().ok());
            let Some(device) = device else { continue };
            let job = Job::RemoveDevice(device.clone());
            if !self.live.may(&job, now) {
                continue;
            }
            if let Some(device_set) = self.next_set(&me, &device, None)? {
                let path = path(&format!("accounts/devices/{}", device.device));
                // Signed anew each time: it is good for minutes only. The set stays the same.
                let request = RemoveDeviceRequest::sign(account, device, now, device_set);
                self.ask(job, Method::Delete, path, request.encode());
            }
        }
        Ok(())
    }

    /// The service has forgotten the device.
    pub(crate) fn device_unlinked(&mut self, device: &DeviceUri) -> Result<(), ClientError> {
        self.tx().delete(REMOVALS, device.to_string());
        self.live.devices_known = false;
        self.settle_set(device, true)
    }

    pub(crate) fn unlink_refused(
        &mut self,
        device: &DeviceUri,
        error: &ErrorBody,
    ) -> Result<(), ClientError> {
        self.tx().delete(REMOVALS, device.to_string());
        self.settle_set(device, false)?;
        let device = device.clone();
        self.emit(Event::UnlinkRefused { device, code: error.code, detail: detail(error) });
        Ok(())
    }

    /// A room has opened: remembers which own devices are not in it. One that was approved and has not been set up has
    /// no key packages to be added with.
    pub(crate) fn note_missing(&mut self, uri: &RoomUri) -> Result<(), ClientError> {
        for device in self.devices()? {
            if !self.has_leaf(uri, &device)? {
                self.tx().put(MISSING, missing_key(uri, &device), Vec::new());
            }
        }
        Ok(())
    }

    /// A device that is to come into a room once the person takes it up.
    pub(crate) fn note_lacking(&mut self, uri: &RoomUri, device: &DeviceUri) {
        self.tx().put(MISSING, missing_key(uri, device), Vec::new());
    }

    /// Has own devices added where they are missing, and the person wants to be.
    pub(crate) fn add_missing(&mut self) -> Result<(), ClientError> {
        let me = self.me()?;
        let devices = self.devices()?;
        let missing = self.tx().scan(MISSING, &KeyRange::all(), usize::MAX, false)?;
        let mut lacking = BTreeSet::new();
        for (key, _) in missing {
            let Some((uri, device)) = read_missing(&key) else { continue };
            let open = self.room(&uri)?.is_some_and(|room| room.row.state == RoomState::Open);
            if !open || !devices.contains(&device) || self.has_leaf(&uri, &device)? {
                self.tx().delete(MISSING, key);
            } else if !self.is_request(&uri)? {
                lacking.insert(uri);
            }
        }
        for uri in lacking {
            self.intend(&uri, Intent::Add { people: vec![me.user.clone()] })?;
        }
        Ok(())
    }

    fn has_leaf(&mut self, uri: &RoomUri, device: &DeviceUri) -> Result<bool, ClientError> {
        let members = self.known_room(uri)?.group.iter().flat_map(|group| group.members());
        let mut devices = members.filter_map(|member| credential::claimed_device(&member.credential).ok());
        Ok(devices.any(|member| member == *device))
    }

    /// Devices of this account that were listed before and are no longer: no room goes on with them.
    pub(crate) fn devices_gone(&mut self, devices: Vec<DeviceUri>) -> Result<(), ClientError> {
        if devices.is_empty() {
            return Ok(());
        }
        for room in self.room_uris()? {
            if self.known_room(&room)?.row.state != RoomState::Left {
                self.intend(&room, Intent::RemoveDevices { devices: devices.clone() })?;
            }
        }
        for device in devices {
            self.emit(Event::OwnDeviceRemoved { device });
        }
        Ok(())
    }
}

fn missing_key(room: &RoomUri, device: &DeviceUri) -> Vec<u8> {
    let mut key = room_key(room, &[]);
    key.extend_from_slice(device.to_string().as_bytes());
    key
}

fn read_missing(key: &[u8]) -> Option<(RoomUri, DeviceUri)> {
    let (room, device) = std::str::from_utf8(key).ok()?.split_once('\0')?;
    Some((room.parse().ok()?, device.parse().ok()?))
}
