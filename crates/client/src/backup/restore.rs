//! The way back: a manifest, its segments, and their rows into the store, a segment a step.

use super::{
    archive::{self, Entry},
    collect::{self, OwnEntry},
    keys::BackupKeys,
    manifest::{Manifest, SegmentEntry},
    rows::{BACKUP, SEGMENTS, SecretRow, SegmentRow, StateRow, name as backup_name},
    tables::{self, NAMED, NAMES, OWN, ROOM_STATES},
};
use crate::{
    ClientError,
    conversation::{self, Merge, take_row},
    core::Core,
    recovering::RecoveringRow,
    room::Room,
    rows::{ACCOUNT, RECOVERED_ROOMS, RoomRow, RoomState, Row as _, name},
    verification::Contacts,
};
use sha2::{Digest as _, Sha256};
use trefoil_proto::{
    RoomUri,
    backup::{BackupPart, ReadBackup, SealedPart},
};

/// A backup to be read, by its secret.
#[derive(Clone)]
pub struct Archive {
    secret: super::RecoverySecret,
    keys: BackupKeys,
}

/// What is at the service is not the backup of this secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The manifest does not open, or is none.
    #[error("its manifest was altered, or is of another version")]
    Manifest,
    /// A segment is not the one that the manifest names.
    #[error("segment {0} was altered, or is of another version")]
    Segment(u64),
}

impl Archive {
    /// The backup that a code opens.
    pub fn of(secret: &super::RecoverySecret) -> Self {
        Self { secret: secret.clone(), keys: BackupKeys::of(secret.bytes()) }
    }

    /// What to ask the service for the manifest; its answer is for [`Archive::manifest`]. `NotFound` says that there is
    /// no backup under this secret.
    pub fn manifest_request(&self) -> ReadBackup {
        manifest_request(&self.keys)
    }

    /// Opens the manifest.
    ///
    /// # Errors
    /// [`ArchiveError::Manifest`].
    pub fn manifest(&self, answer: &SealedPart) -> Result<Manifest, ArchiveError> {
        Manifest::open(&self.keys, answer.counter, &answer.sealed).ok_or(ArchiveError::Manifest)
    }

    /// What to ask the service for a segment.
    pub fn segment_request(&self, segment: &SegmentEntry) -> ReadBackup {
        segment_request(&self.keys, segment)
    }
}

pub(crate) fn manifest_request(keys: &BackupKeys) -> ReadBackup {
    ReadBackup { id: keys.id(), token: keys.token(), part: BackupPart::Manifest }
}

pub(crate) fn segment_request(keys: &BackupKeys, segment: &SegmentEntry) -> ReadBackup {
    ReadBackup { id: keys.id(), token: keys.token(), part: BackupPart::Segment(segment.name) }
}

/// The rows of a segment, if it is the one that the manifest names.
fn entries(keys: &BackupKeys, named: &SegmentEntry, sealed: &[u8]) -> Result<Vec<Entry>, ArchiveError> {
    let other = ArchiveError::Segment(named.number);
    let hash: [u8; 32] = Sha256::digest(sealed).into();
    if hash != named.hash || sealed.len() as u64 != u64::from(named.length) {
        return Err(other);
    }
    archive::open(keys, named.number, named.name, sealed).ok_or(other)
}

impl Core {
    /// Takes the rows of a segment into a store without an account.
    pub(super) fn restore_segment(
        &mut self,
        archive: &Archive,
        named: &SegmentEntry,
        sealed: &[u8],
    ) -> Result<(), ClientError> {
        if self.me.is_some() {
            return Err(ClientError::AccountExists);
        }
        let entries = entries(&archive.keys, named, sealed)?;
        let row = SegmentRow {
            name: named.name,
            hash: named.hash,
            length: named.length,
            rows: 0,
            live: 0,
            there: Some(()),
            forgotten: None,
        };
        row.write(&mut self.tx(), SEGMENTS, named.number.to_be_bytes());
        for entry in entries {
            collect::found_in(&mut self.tx(), named.number, &entry)?;
            self.take_entry(&entry, Merge::Replace)?;
        }
        Ok(())
    }

    /// Everything is there: the backup goes on from here.
    pub(super) fn restored(
        &mut self,
        archive: &Archive,
        manifest: &Manifest,
        counter: u64,
    ) -> Result<(), ClientError> {
        if RecoveringRow::read(&self.tx(), ACCOUNT, name::RECOVERING)?.is_none() {
            return Err(ClientError::NothingRestored);
        }
        let next = manifest.segments.last().map_or(0, |segment| segment.number + 1);
        // What fell due while nobody was here is gone from the store, and has to go from the segments.
        let walk = Some(Vec::new().into());
        let last = manifest.made;
        let state = StateRow { opened: Some(()), counter, next, last, walk, ..StateRow::default() };
        let mut tx = self.tx();
        state.write(&mut tx, BACKUP, backup_name::STATE);
        SecretRow::of(&archive.secret).write(&mut tx, BACKUP, backup_name::SECRET);
        drop(tx);
        let contacts = Contacts::load(&self.tx())?;
        self.contacts = contacts;
        self.index_anew()
    }

    fn index_anew(&mut self) -> Result<(), ClientError> {
        conversation::begin_index_anew(&mut self.tx())?;
        self.live.indexing = true;
        Ok(())
    }

    /// Takes the rows of a segment that another device of this account made for this one.
    pub(crate) fn merge_segment(
        &mut self,
        keys: &BackupKeys,
        named: &SegmentEntry,
        sealed: &[u8],
    ) -> Result<(), ClientError> {
        let me = self.me()?;
        for entry in entries(keys, named, sealed)? {
            self.take_entry(&entry, Merge::Keep(&me.user))?;
        }
        let contacts = Contacts::load(&self.tx())?;
        self.contacts = contacts;
        self.index_anew()
    }

    fn take_entry(&mut self, entry: &Entry, merge: Merge<'_>) -> Result<(), ClientError> {
        let Entry { table, key, value } = entry;
        let keep = merge != Merge::Replace;
        match *table {
            OWN => {
                let own = value.as_deref().map(OwnEntry::from_row).transpose()?;
                if let Some(own) = own.filter(|_| !keep) {
                    RecoveringRow::restored(own.user, own.account_secret).write(
                        &mut self.tx(),
                        ACCOUNT,
                        name::RECOVERING,
                    );
                }
            }
            NAMED => {
                let wanted = NAMES.contains(&&key[..]) && !(keep && self.tx().get(ACCOUNT, key)?.is_some());
                if let Some(value) = value.as_ref().filter(|_| wanted) {
                    self.tx().put(ACCOUNT, key.clone(), value.clone());
                }
            }
            ROOM_STATES => {
                let Some(value) = value else { return Ok(()) };
                if keep {
                    return self.know_room(key, value);
                }
                self.tx().put(RECOVERED_ROOMS, key.clone(), value.clone());
            }
            number => {
                // A later version may keep more.
                let Some(table) = tables::table_of(number) else { return Ok(()) };
                take_row(&mut self.tx(), table, key, value.as_deref(), merge)?;
            }
        }
        Ok(())
    }

    /// A room of this person, as another device or a backup knows it: joined, or kept to be read.
    pub(crate) fn know_room(&mut self, uri: &[u8], state: &[u8]) -> Result<(), ClientError> {
        let uri = std::str::from_utf8(uri).ok().and_then(|text| text.parse::<RoomUri>().ok());
        let Some(uri) = uri else { return Ok(()) };
        if self.room(&uri)?.is_some() {
            return Ok(());
        }
        if *state != [RoomState::Left as u8] {
            return self.start_joining(&uri);
        }
        self.rooms.insert(uri.clone(), Room::new(uri, RoomRow::new(RoomState::Left), None));
        Ok(())
    }
}
