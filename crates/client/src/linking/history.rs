//! What was said before goes to a linked device: sealed segments under a key that only the two devices have, once the
//! person has compared their numbers.

use super::compare::ComparisonRow;
use crate::{
    Client, ClientError, Step,
    backup::{ArchiveError, Manifest, SegmentEntry, collect_everything, manifest_request, segment_request},
    rows::{LINKS, Row as _},
};
use sha2::{Digest as _, Sha256};
use trefoil_proto::{
    DeviceUri, Timestamp,
    backup::{BackupKind, DeleteBackup, PutManifest, PutSegment, ReadBackup, SealedPart, SegmentName},
};

/// A piece of history on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPiece {
    /// `POST backups/segment`.
    pub put: PutSegment,
    /// For [`Client::history_list`], in this order.
    pub entry: SegmentEntry,
    /// For the next call of [`Client::history_piece`]; `None` after the last.
    pub next: Option<Vec<u8>>,
}

impl Client {
    /// On the first device: the next piece of history for a device. `from` is empty at first, then
    /// [`HistoryPiece::next`]; `number` counts from 0.
    ///
    /// # Errors
    /// [`ClientError::NotCompared`], [`ClientError::NoLink`].
    pub fn history_piece(
        &self,
        device: &DeviceUri,
        from: &[u8],
        number: u64,
    ) -> Result<HistoryPiece, ClientError> {
        let keys = self.sending(device)?.keys();
        let (writer, next) = collect_everything(&self.core().tx(), from)?;
        let name = SegmentName(*self.core().random::<16>()?);
        let sealed = writer.seal(&keys, number, name);
        let length = u32::try_from(sealed.len()).unwrap_or(u32::MAX);
        let entry = SegmentEntry { number, name, hash: Sha256::digest(&sealed).into(), length };
        let put = PutSegment { id: keys.id(), token: keys.token(), name, sealed };
        Ok(HistoryPiece { put, entry, next })
    }

    /// On the first device: `POST backups/manifest` with this once every piece is there. `replaces` is the counter of
    /// the list that is there already, from an attempt that was interrupted; 0 for none.
    ///
    /// # Errors
    /// [`ClientError::NotCompared`], [`ClientError::NoLink`].
    pub fn history_list(
        &self,
        device: &DeviceUri,
        entries: Vec<SegmentEntry>,
        replaces: u64,
        now: Timestamp,
    ) -> Result<PutManifest, ClientError> {
        let keys = self.sending(device)?.keys();
        let salt = *self.core().random::<16>()?;
        let sealed = Manifest { made: now, segments: entries }
            .seal(&keys, replaces + 1, salt)
            .ok_or(ClientError::TooLarge { limit: trefoil_proto::limits::BACKUP_MANIFEST })?;
        Ok(PutManifest {
            id: keys.id(),
            token: keys.token(),
            expected: replaces,
            sealed,
            dropped: Vec::new(),
        })
    }

    /// On the new device: `POST backups/read` with this. `NotFound` says that nothing was sent yet.
    ///
    /// # Errors
    /// [`ClientError::NoLink`].
    pub fn history_request(&self, device: &DeviceUri) -> Result<ReadBackup, ClientError> {
        Ok(manifest_request(&self.receiving(device)?.keys()))
    }

    /// On the new device: the list of pieces.
    ///
    /// # Errors
    /// [`ClientError::Archive`], [`ClientError::NoLink`].
    pub fn history_listed(&self, device: &DeviceUri, part: &SealedPart) -> Result<Manifest, ClientError> {
        let keys = self.receiving(device)?.keys();
        Ok(Manifest::open(&keys, part.counter, &part.sealed).ok_or(ArchiveError::Manifest)?)
    }

    /// On the new device: `POST backups/read` with this for a piece.
    ///
    /// # Errors
    /// [`ClientError::NoLink`].
    pub fn history_piece_request(
        &self,
        device: &DeviceUri,
        entry: &SegmentEntry,
    ) -> Result<ReadBackup, ClientError> {
        Ok(segment_request(&self.receiving(device)?.keys(), entry))
    }

    /// On the new device: takes a piece in. What is here already stays; the same piece twice changes nothing.
    ///
    /// # Errors
    /// [`ClientError::Archive`], [`ClientError::NoLink`].
    pub fn take_history(
        &mut self,
        device: &DeviceUri,
        entry: &SegmentEntry,
        sealed: &[u8],
        now: Timestamp,
    ) -> Result<Step<'_>, ClientError> {
        let keys = self.receiving(device)?.keys();
        self.step(now, |core| core.merge_segment(&keys, entry, sealed)).map(|((), step)| step)
    }

    /// Everything was sent, or taken in. The new device then has what lies at the service removed.
    ///
    /// # Errors
    /// [`ClientError::NoLink`].
    pub fn history_done(
        &mut self,
        device: &DeviceUri,
        now: Timestamp,
    ) -> Result<(DeleteBackup, Step<'_>), ClientError> {
        self.step(now, |core| {
            let row = core.comparison(device)?;
            let delete = row.keys().delete_request(BackupKind::Passing);
            row.ended().write(&mut core.tx(), LINKS, device.to_string());
            Ok(delete)
        })
    }

    fn sending(&self, device: &DeviceUri) -> Result<ComparisonRow, ClientError> {
        let row = self.core().comparison(device)?;
        if row.may_send_history() { Ok(row) } else { Err(ClientError::NotCompared(device.clone())) }
    }

    fn receiving(&self, device: &DeviceUri) -> Result<ComparisonRow, ClientError> {
        let row = self.core().comparison(device)?;
        if row.is_new_device() { Ok(row) } else { Err(ClientError::NoLink(device.clone())) }
    }
}
