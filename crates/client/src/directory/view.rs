//! What a person can be shown of the directories.

use super::{
    KeysRefusal, Looked,
    rows::{EVIDENCE, EvidenceRow, ROOTS, RootRow, of_directory},
};
use crate::{ClientError, core::Core, rows::Row as _};
use trefoil_proto::{Domain, Timestamp, UserUri};
use trefoil_store::KeyRange;
use trefoil_transparency::gossip::Evidence;

/// What this device knows of a service's key directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryView {
    /// Whose.
    pub directory: Domain,
    /// The Ed25519 key that its roots are signed under, as it was first heard of: compare it with what the service says
    /// elsewhere.
    pub key: [u8; 32],
    /// The newest epoch whose root was seen; `None` before the first proof.
    pub epoch: Option<u64>,
    /// When that epoch was made, as the service says.
    pub time: Option<Timestamp>,
    /// It was caught showing two faces.
    pub caught: bool,
    /// Its word on the directories of others counts.
    pub vouches: bool,
}

/// Somebody in a room whose devices are not proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unproven {
    /// Who.
    pub user: UserUri,
    /// Why; `None` while it is being looked at.
    pub reason: Option<KeysRefusal>,
}

impl Core {
    pub(crate) fn directories(&self) -> Result<Vec<DirectoryView>, ClientError> {
        let named = self.named_auditors()?;
        self.services()?
            .into_iter()
            .map(|known| {
                let newest = self.tx().scan(ROOTS, &of_directory(&known.service), 1, true)?;
                let newest = newest.first().map(|(_, row)| RootRow::from_row(row)).transpose()?;
                Ok(DirectoryView {
                    caught: self.is_caught(&known.service)?,
                    vouches: named.as_ref().is_none_or(|named| named.contains(&known)),
                    directory: known.service,
                    key: known.key,
                    epoch: newest.as_ref().map(|row| row.signed.root.epoch),
                    time: newest.map(|row| row.signed.root.time),
                })
            })
            .collect()
    }

    /// All evidence on this device.
    pub(crate) fn evidence(&self) -> Result<Vec<Evidence>, ClientError> {
        let rows = self.tx().scan(EVIDENCE, &KeyRange::all(), usize::MAX, false)?;
        rows.iter().map(|(_, row)| Ok(EvidenceRow::from_row(row)?.evidence)).collect()
    }

    /// Why the own entry is not believed, if it was looked at.
    pub(crate) fn own_entry_refused(&self) -> Result<Option<KeysRefusal>, ClientError> {
        Ok(match self.directories.looked.get(&self.me()?.user) {
            Some(Looked::Refused(reason)) => Some(reason.clone()),
            _ => None,
        })
    }
}
