//! Who was in a room when this device fell out of step with it: what happened meanwhile cannot be read any more, but who
//! came and who went is told.

use crate::{ClientError, conversation::Line, core::Core, mls::credential, rows::Row};
use openmls::prelude::MlsGroup;
use std::collections::BTreeSet;
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{DeviceUri, RoomUri, Timestamp, UserUri};
use trefoil_store::Table;

/// Rosters of rooms that are being joined anew, by room URI.
pub const ROSTERS: Table = Table::new("client.rosters");

/// The devices of a room, in order.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct RosterRow {
    pub(crate) devices: Vec<DeviceUri>,
}

impl Row for RosterRow {
    const WHAT: &'static str = "roster";
}

impl Core {
    /// Remembers who is in a group that is given up, unless an attempt before this one did: what lies between two
    /// attempts was never told either.
    pub(crate) fn keep_roster(&mut self, uri: &RoomUri, group: &MlsGroup) -> Result<(), ClientError> {
        let key = uri.to_string();
        if self.tx().get(ROSTERS, key.as_bytes())?.is_none() {
            RosterRow { devices: devices(group).into_iter().collect() }.write(&mut self.tx(), ROSTERS, key);
        }
        Ok(())
    }

    pub(crate) fn forget_roster(&mut self, uri: &RoomUri) {
        self.tx().delete(ROSTERS, uri.to_string());
    }

    /// Lines for who came and who went since the roster was kept.
    pub(crate) fn tell_who_changed(&mut self, uri: &RoomUri, now: Timestamp) -> Result<(), ClientError> {
        let key = uri.to_string();
        let Some(roster) = RosterRow::read(&self.tx(), ROSTERS, key.as_bytes())? else { return Ok(()) };
        self.forget_roster(uri);
        let before: BTreeSet<DeviceUri> = roster.devices.into_iter().collect();
        let after = self.known_room(uri)?.group.as_ref().map(devices).unwrap_or_default();
        let (people, people_after) = (people(&before), people(&after));
        let mut lines = Vec::new();
        lines.extend(people_after.difference(&people).map(|user| Line::CameMeanwhile { user: user.clone() }));
        lines.extend(people.difference(&people_after).map(|user| Line::GoneMeanwhile { user: user.clone() }));
        let stayed = |device: &&DeviceUri| {
            let user = device.user_uri();
            people.contains(&user) && people_after.contains(&user)
        };
        let came = after.difference(&before).filter(stayed);
        lines.extend(came.map(|device| Line::DeviceAdded { device: device.clone(), by: None }));
        let went = before.difference(&after).filter(stayed);
        lines.extend(went.map(|device| Line::DeviceRemoved { device: device.clone(), by: None }));
        for line in lines {
            self.write_line(uri, &line, now)?;
        }
        Ok(())
    }
}

fn devices(group: &MlsGroup) -> BTreeSet<DeviceUri> {
    group.members().filter_map(|member| credential::claimed_device(&member.credential).ok()).collect()
}

fn people(devices: &BTreeSet<DeviceUri>) -> BTreeSet<UserUri> {
    devices.iter().map(DeviceUri::user_uri).collect()
}
