//! What is stored of directories, and its versioned codecs.

use crate::{ClientError, overlay::Overlay, rows::Row};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{
    DeviceUri, Domain, RoomUri, Timestamp, UserUri, credential::AccountKey, defence::Defence,
};
use trefoil_store::{KeyRange, Table};
use trefoil_transparency::{
    device_set::{DeviceEntry, DeviceSet, SignedDeviceSet},
    directory::ServiceKey,
    gossip::{Evidence, SignedRoot},
};

/// Proven device sets, by user URI.
pub const SETS: Table = Table::new("client.sets");
/// Roots that were seen: domain, zero byte, epoch.
pub const ROOTS: Table = Table::new("client.roots");
/// Roots that somebody told of and the own service is asked about: domain, zero byte, epoch.
pub const HEARD: Table = Table::new("client.heard");
/// The epoch of a directory that a room was told of last: room URI, zero byte, domain.
pub const TOLD: Table = Table::new("client.told");
/// Evidence of directories that showed two faces: domain, zero byte, epoch.
pub const EVIDENCE: Table = Table::new("client.evidence");
/// Devices that came into rooms, and were not found in a proof made since: room URI, zero byte, device URI.
pub const ARRIVED: Table = Table::new("client.arrived");
/// Devices in rooms of which a line told that no directory has them: room URI, zero byte, device URI.
pub const GHOSTS: Table = Table::new("client.ghosts");

/// Devices that a person had before and that are remembered.
const PAST: usize = 64;

impl Row for OwnSetRow {
    const WHAT: &'static str = "own device set";
}

impl Row for NextSetRow {
    const WHAT: &'static str = "next device set";
}

impl Row for SetRow {
    const WHAT: &'static str = "proven device set";
}

impl Row for RootRow {
    const WHAT: &'static str = "directory root";
}

impl Row for ServicesRow {
    const WHAT: &'static str = "directory keys";
}

impl Row for EvidenceRow {
    const WHAT: &'static str = "evidence";
}

/// The account's newest device set.
#[derive(Clone, Debug, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct OwnSetRow {
    pub(crate) signed: SignedDeviceSet,
}

/// The set that the service is asked to publish: the same one until it answers.
#[derive(Clone, Debug, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct NextSetRow {
    /// The device that comes or goes.
    pub(crate) device: DeviceUri,
    pub(crate) signed: SignedDeviceSet,
}

/// A person's devices as the directory proved them.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct SetRow {
    pub(crate) set: DeviceSet,
    /// Devices of earlier proven sets, newest last: until somebody takes them out, they are in rooms.
    pub(crate) past: Vec<DeviceEntry>,
    /// How many sets the directory has had for the person, this one included.
    pub(crate) version: u64,
    /// The directory's epoch at the time.
    pub(crate) epoch: u64,
    /// When.
    pub(crate) checked: Timestamp,
}

/// A root under its service's signature.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct RootRow {
    pub(crate) signed: SignedRoot,
}

/// Directory keys of services, as each was first heard of.
#[derive(Clone, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct ServicesRow {
    pub(crate) keys: Vec<ServiceKey>,
}

/// Two roots that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct EvidenceRow {
    pub(crate) evidence: Evidence,
    /// When the person decided to believe the directory again all the same.
    pub(crate) settled: Option<Timestamp>,
}

impl SetRow {
    /// The set that comes in the place of an earlier one, if there was one of the same account.
    pub(super) fn new(
        set: DeviceSet,
        before: Option<&Self>,
        version: u64,
        epoch: u64,
        checked: Timestamp,
    ) -> Self {
        let before = before.filter(|before| before.set.account_key == set.account_key);
        let mut past: Vec<_> = before.into_iter().flat_map(|row| &row.past).cloned().collect();
        let gone = before.into_iter().flat_map(|row| &row.set.devices);
        past.extend(gone.filter(|entry| set.device(&entry.device) != Some(*entry)).cloned());
        past.retain(|entry| set.device(&entry.device) != Some(entry));
        past.drain(..past.len().saturating_sub(PAST));
        Self { set, past, version, epoch, checked }
    }

    /// How many sets that are none of this account's the directory had in between: each set of a person's is one version
    /// there, and several may be one, but not the other way round. Of somebody of whom nothing is known (`before` is none)
    /// it is asked whether there were ever more versions than sets.
    pub(super) fn rewritten(&self, before: Option<&Self>) -> u64 {
        let (versions, sets) = match before {
            Some(before) if before.set.account_key != self.set.account_key => return 0,
            Some(before) => (
                self.version.saturating_sub(before.version),
                self.set.sequence.saturating_sub(before.set.sequence),
            ),
            None => (self.version, self.set.sequence),
        };
        if Defence::Versions.stands() { versions.saturating_sub(sets) } else { 0 }
    }

    /// Whether a device is in the set.
    pub(super) fn has(&self, account: &AccountKey, entry: &DeviceEntry) -> bool {
        self.set.account_key == *account && self.set.device(&entry.device) == Some(entry)
    }

    /// Whether a device is in the set, or was.
    pub(super) fn had(&self, account: &AccountKey, entry: &DeviceEntry) -> bool {
        self.has(account, entry) || self.set.account_key == *account && self.past.contains(entry)
    }
}

/// Key of a row of a directory at an epoch.
pub(super) fn epoch_key(directory: &Domain, epoch: u64) -> Vec<u8> {
    let mut key = domain_key(directory);
    key.extend_from_slice(&epoch.to_be_bytes());
    key
}

/// All rows of a directory.
pub(super) fn of_directory(directory: &Domain) -> KeyRange {
    KeyRange::prefix(domain_key(directory))
}

/// Key of what a room was told of a directory.
pub(super) fn told_key(room: &RoomUri, directory: &Domain) -> Vec<u8> {
    let mut key = crate::rows::room_key(room, &[]);
    key.extend_from_slice(directory.as_str().as_bytes());
    key
}

/// Key of a device in a room.
pub(super) fn ghost_key(room: &RoomUri, device: &DeviceUri) -> Vec<u8> {
    let mut key = crate::rows::room_key(room, &[]);
    key.extend_from_slice(device.to_string().as_bytes());
    key
}

/// What was proven of somebody last.
pub(crate) fn set_of(tx: &Overlay, user: &UserUri) -> Result<Option<SetRow>, ClientError> {
    SetRow::read(tx, SETS, user.to_string().as_bytes())
}

fn domain_key(directory: &Domain) -> Vec<u8> {
    let mut key = directory.as_str().as_bytes().to_vec();
    key.push(0);
    key
}
