//! The own entry: what the directory says of this person, looked at with each start and every hour. A device there that
//! this one does not know is the first sign of somebody who reads along.

use super::{KeysRefusal, Looked, rows::NextSetRow};
use crate::{
    ClientError, Event,
    core::Core,
    rows::{ACCOUNT, Row as _, name},
};
use std::collections::BTreeSet;
use trefoil_proto::{DeviceId, DeviceUri, Timestamp};

/// Between two looks, in milliseconds: an hour.
const EVERY: u64 = 60 * 60 * 1000;

impl Core {
    /// Everything about directories that is due.
    pub(crate) fn pump_directories(&mut self, now: Timestamp) -> Result<(), ClientError> {
        if !self.pump_services(now) {
            return Ok(());
        }
        self.pump_heard(now)?;
        let due = self.directories.own_checked.map(|checked| checked.plus_millis(EVERY));
        match due {
            Some(due) if due > now => self.live.wake_at(due),
            // The list of the own devices is there to compare with.
            _ if self.live.devices_known => {
                let me = self.me()?;
                if self.directories.looked.get(&me.user) == Some(&Looked::Done) {
                    self.want_fresh_proof(&me.user);
                }
                self.want_proof(&me.user, None);
            }
            _ => {}
        }
        self.pump_proofs(now)
    }

    /// The look at the own entry has ended.
    pub(super) fn own_entry_looked_at(&mut self, looked: &Looked, now: Timestamp) -> Result<(), ClientError> {
        let me = self.me()?;
        match looked {
            Looked::Wanted => return Ok(()),
            Looked::Refused(KeysRefusal::OtherAccount) => self.emit(Event::OwnAccountReplaced),
            // Told of already, and looked at again.
            Looked::Refused(_) => return Ok(()),
            Looked::Done => {}
        }
        self.directories.own_checked = Some(now);
        let Some(row) = self.proven_set(&me.user)? else { return Ok(()) };
        if row.set.device(&me.device.device).is_none() {
            self.emit(Event::OwnDeviceUnpublished);
        }
        let known = self.known_own_devices()?;
        let unknown: BTreeSet<DeviceId> = row
            .set
            .devices
            .iter()
            .map(|entry| entry.device.clone())
            .filter(|id| !known.contains(id))
            .collect();
        // One that was linked a moment ago comes with the list, which is fetched again before anybody is alarmed.
        if unknown.is_subset(&self.directories.suspects) {
            for device in &unknown {
                let device = DeviceUri {
                    domain: me.user.domain.clone(),
                    user: me.user.id.clone(),
                    device: device.clone(),
                };
                self.emit(Event::OwnDeviceUnknown { device });
            }
        } else {
            self.live.devices_known = false;
            self.directories.own_checked = None;
            self.directories.looked.remove(&me.user);
        }
        self.directories.suspects = unknown;
        Ok(())
    }

    /// Devices that this one brought in or was told of.
    fn known_own_devices(&self) -> Result<BTreeSet<DeviceId>, ClientError> {
        let me = self.me()?;
        // Whoever has the account key brings in every device.
        let sets =
            [self.own_set()?, NextSetRow::read(&self.tx(), ACCOUNT, name::NEXT_SET)?.map(|row| row.signed)];
        let mut known: BTreeSet<DeviceId> = sets
            .into_iter()
            .flatten()
            .flat_map(|signed| signed.set.devices)
            .map(|entry| entry.device)
            .collect();
        if me.account.is_none() {
            known.extend(self.devices()?.into_iter().map(|uri| uri.device));
        }
        Ok(known)
    }
}
