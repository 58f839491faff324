//! Backups: sealed segments and a sealed manifest, kept for a person under an id that says nothing, read by whoever has
//! the token.
//!
//! What is in them nobody here can open. A segment never changes; the manifest is replaced by compare-and-set, and takes
//! segments that it no longer names with it in the same commit. Whoever writes is a device of the person who opened the
//! backup *and* has its token; whoever reads has the token alone, since a device that lost everything has no more.

mod decide;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod rows;
#[cfg(test)]
mod tests;

pub use error::BackupError;
pub use rows::TABLES;

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use rand::RngCore as _;
use rows::{DoomedRow, HoldingsRow, RecordRow, SegmentRow};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use trefoil_proto::{
    Timestamp, UserId,
    backup::{
        BackupId, BackupKind, BackupPart, DeleteBackup, OpenBackup, PutManifest, PutSegment, ReadBackup,
        SealedPart,
    },
    limits,
};
use trefoil_store::{Batch, Blobs, KeyRange, Pair, Store, StoreError, Table};

/// How long a passing backup is kept, in milliseconds.
const PASSING_LIFE: u64 = 24 * 60 * 60 * 1000;
/// When bytes that are no segment (or no longer) are deleted, in milliseconds: later than any request that may still
/// write some, or make them one, ends.
const DOOMED_LIFE: u64 = 60 * 60 * 1000;
const ATTEMPTS: usize = 8;

/// What the room is told when the service opens.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Bytes of all backups of one person.
    pub bytes: u64,
}

/// The backups of a service's people.
pub struct Backups {
    store: Arc<dyn Store>,
    blobs: Arc<dyn Blobs>,
    settings: Settings,
}

/// Whether a request took effect now, or had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// Now.
    New,
    /// Before.
    Repeated,
}

impl Backups {
    /// The backups in a store of rows and a store of blobs.
    pub fn new(store: Arc<dyn Store>, blobs: Arc<dyn Blobs>, settings: Settings) -> Self {
        Self { store, blobs, settings }
    }

    /// Makes an empty backup of a person.
    ///
    /// # Errors
    /// [`BackupError::Taken`], [`BackupError::TooMany`]; the store failed.
    pub async fn open(
        &self,
        owner: &UserId,
        request: &OpenBackup,
        now: Timestamp,
    ) -> Result<Put, BackupError> {
        for _ in 0..ATTEMPTS {
            if let Some((_, row)) = self.record(&request.id).await? {
                return if decide::is_same(&row, owner, request) {
                    Ok(Put::Repeated)
                } else {
                    Err(BackupError::Taken)
                };
            }
            let (old, mut held) = self.holdings(owner).await?;
            if usize::try_from(held.records).is_ok_and(|records| records >= limits::BACKUPS) {
                return Err(BackupError::TooMany);
            }
            held.records += 1;
            let row = RecordRow {
                owner: owner.clone(),
                token_hash: request.token_hash,
                ends: match request.kind {
                    BackupKind::Lasting => None,
                    BackupKind::Passing => Some(now.plus_millis(PASSING_LIFE)),
                },
                counter: 0,
                bytes: 0,
                segments: 0,
            };
            let mut batch = Batch::new();
            hold(&mut batch, owner, old, &held);
            batch.assert_absent(rows::RECORDS, request.id.0.to_vec());
            batch.put(rows::RECORDS, request.id.0.to_vec(), row.encode());
            if self.commit(batch).await? {
                return Ok(Put::New);
            }
        }
        Err(BackupError::Contended)
    }

    /// Adds a segment.
    ///
    /// # Errors
    /// [`BackupError::NotFound`] for another's, or with another token; [`BackupError::Length`],
    /// [`BackupError::Quota`]; [`BackupError::Other`] if another segment has this name; the store failed.
    pub async fn put(
        &self,
        owner: &UserId,
        request: &PutSegment,
        now: Timestamp,
    ) -> Result<Put, BackupError> {
        if request.sealed.is_empty() || request.sealed.len() > limits::BACKUP_SEGMENT {
            return Err(BackupError::Length);
        }
        let length = request.sealed.len() as u64;
        let hash: [u8; 32] = Sha256::digest(&request.sealed).into();
        let key = rows::segment_key(&request.id, request.name);
        let mut blob = None;
        for _ in 0..ATTEMPTS {
            let (old, mut row) = self.own(owner, &request.id, &request.token, now).await?;
            if let Some(found) = self.get(rows::SEGMENTS, &key).await? {
                let same = SegmentRow::decode(&found)?.hash == hash;
                return if same { Ok(Put::Repeated) } else { Err(BackupError::Other) };
            }
            let (before, mut held) = self.holdings(owner).await?;
            held.bytes = held.bytes.saturating_add(length);
            if held.bytes > self.settings.bytes || row.segments as usize >= 2 * limits::BACKUP_SEGMENTS {
                return Err(BackupError::Quota);
            }
            row.bytes = row.bytes.saturating_add(length);
            row.segments += 1;
            // The bytes come first, doomed: only the commit below makes them a segment.
            let place = match &blob {
                Some(place) => place,
                None => blob.insert(self.write(&request.sealed, now).await?),
            };
            let segment = SegmentRow { blob: place.clone().into_bytes().into(), length, hash };
            let mut batch = Batch::new();
            hold(&mut batch, owner, before, &held);
            batch.assert_equals(rows::RECORDS, request.id.0.to_vec(), old);
            batch.put(rows::RECORDS, request.id.0.to_vec(), row.encode());
            batch.assert_absent(rows::SEGMENTS, key.clone());
            batch.put(rows::SEGMENTS, key.clone(), segment.encode());
            batch.delete(rows::DOOMED, place.clone());
            if self.commit(batch).await? {
                return Ok(Put::New);
            }
        }
        Err(BackupError::Contended)
    }

    /// Replaces the manifest, and removes segments.
    ///
    /// # Errors
    /// [`BackupError::NotFound`], [`BackupError::Length`]; [`BackupError::Counter`] names the counter that there is;
    /// the store failed.
    pub async fn replace(
        &self,
        owner: &UserId,
        request: &PutManifest,
        now: Timestamp,
    ) -> Result<(), BackupError> {
        if request.sealed.is_empty() || request.sealed.len() > limits::BACKUP_MANIFEST {
            return Err(BackupError::Length);
        }
        let (old, mut row) = self.own(owner, &request.id, &request.token, now).await?;
        let key = request.id.0.to_vec();
        let manifest = self.get(rows::MANIFESTS, &key).await?;
        if row.counter != request.expected {
            // Its answer was lost: it took effect, and nothing came after it.
            let again = row.counter == request.expected.saturating_add(1)
                && manifest.as_deref().is_some_and(|manifest| manifest == request.sealed);
            return if again { Ok(()) } else { Err(BackupError::Counter(row.counter)) };
        }
        let (before, mut held) = self.holdings(owner).await?;
        let mut batch = Batch::new();
        let mut gone = Vec::new();
        for name in &request.dropped {
            let at = rows::segment_key(&request.id, *name);
            let Some(found) = self.get(rows::SEGMENTS, &at).await? else { continue };
            let segment = SegmentRow::decode(&found)?;
            if gone.contains(&segment.blob) {
                continue;
            }
            row.bytes = row.bytes.saturating_sub(segment.length);
            row.segments = row.segments.saturating_sub(1);
            held.bytes = held.bytes.saturating_sub(segment.length);
            batch.delete(rows::SEGMENTS, at);
            doom(&mut batch, segment.blob.as_slice(), now);
            gone.push(segment.blob);
        }
        let replaced = manifest.as_ref().map_or(0, |manifest| manifest.len() as u64);
        let length = request.sealed.len() as u64;
        row.bytes = row.bytes.saturating_sub(replaced).saturating_add(length);
        held.bytes = held.bytes.saturating_sub(replaced).saturating_add(length);
        if held.bytes > self.settings.bytes {
            return Err(BackupError::Quota);
        }
        row.counter = row.counter.checked_add(1).ok_or(BackupError::DamagedRow)?;
        hold(&mut batch, owner, before, &held);
        batch.assert_equals(rows::RECORDS, key.clone(), old);
        batch.put(rows::RECORDS, key.clone(), row.encode());
        batch.put(rows::MANIFESTS, key, request.sealed.clone());
        if !self.commit(batch).await? {
            return Err(BackupError::Contended);
        }
        for blob in gone {
            self.delete_bytes(blob.as_slice()).await?;
        }
        Ok(())
    }

    /// A part of a backup, for whoever has its token.
    ///
    /// # Errors
    /// [`BackupError::NotFound`] if there is no such backup, part, or the token is another: never said which; the store
    /// failed.
    pub async fn read(&self, request: &ReadBackup, now: Timestamp) -> Result<SealedPart, BackupError> {
        let found = self.record(&request.id).await?;
        let row = decide::opened(found.map(|(_, row)| row), &request.token, now)?;
        let sealed = match request.part {
            BackupPart::Manifest => {
                self.get(rows::MANIFESTS, &request.id.0).await?.ok_or(BackupError::NotFound)?
            }
            BackupPart::Segment(name) => {
                let found = self.get(rows::SEGMENTS, &rows::segment_key(&request.id, name)).await?;
                let segment = SegmentRow::decode(&found.ok_or(BackupError::NotFound)?)?;
                let blob = blob_id(segment.blob.as_slice())?;
                let length = usize::try_from(segment.length).unwrap_or(0).min(limits::BACKUP_SEGMENT);
                let bytes = self.blobs.read(blob, 0, length).await.map_err(BackupError::Read)?;
                bytes.ok_or(BackupError::NotFound)?
            }
        };
        Ok(SealedPart { counter: row.counter, sealed: sealed.to_vec() })
    }

    /// Removes a backup with everything in it. One that is gone already stays so.
    ///
    /// # Errors
    /// [`BackupError::NotFound`] for another's, or with another token; the store failed.
    pub async fn delete(
        &self,
        owner: &UserId,
        request: &DeleteBackup,
        now: Timestamp,
    ) -> Result<(), BackupError> {
        if self.record(&request.id).await?.is_none() {
            return Ok(());
        }
        let (_, row) = self.own(owner, &request.id, &request.token, now).await?;
        if row.ends.is_some() != (request.kind == BackupKind::Passing) {
            return Err(BackupError::NotFound);
        }
        self.remove(&request.id, now).await
    }

    /// Bytes that a person's backups hold.
    ///
    /// # Errors
    /// The store failed.
    pub async fn used(&self, owner: &UserId) -> Result<u64, BackupError> {
        Ok(self.holdings(owner).await?.1.bytes)
    }

    /// Removes passing backups past their end, and the bytes of what is gone.
    ///
    /// # Errors
    /// The store failed; what is left is removed next time.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), BackupError> {
        let mut range = KeyRange::all();
        loop {
            let page = self.page(rows::DOOMED, range.clone()).await?;
            let Some((last, _)) = page.last() else { break };
            range.start = [last, [0].as_slice()].concat().into();
            let mut batch = Batch::new();
            for (key, value) in page {
                if DoomedRow::decode(&value)?.ends <= now {
                    batch.assert_equals(rows::DOOMED, key.clone(), value);
                    batch.delete(rows::DOOMED, key.clone());
                    self.delete_bytes(&key).await?;
                }
            }
            if !batch.is_empty() {
                self.commit(batch).await?;
            }
        }
        let mut range = KeyRange::all();
        loop {
            let page = self.page(rows::RECORDS, range.clone()).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            range.start = [last, [0].as_slice()].concat().into();
            for (key, value) in page {
                if RecordRow::decode(&value)?.has_ended(now) {
                    let id = key[..].try_into().map(BackupId).map_err(|_| BackupError::DamagedRow)?;
                    self.remove(&id, now).await?;
                }
            }
        }
    }

    /// Segments first, some at a time; the record last, so that a crash leaves something to go on from.
    async fn remove(&self, id: &BackupId, now: Timestamp) -> Result<(), BackupError> {
        for _ in 0..4 * limits::BACKUP_SEGMENTS {
            let Some((old, mut row)) = self.record(id).await? else { return Ok(()) };
            let (before, mut held) = self.holdings(&row.owner).await?;
            let page = self.page(rows::SEGMENTS, KeyRange::prefix(id.0.to_vec())).await?;
            let mut batch = Batch::new();
            let mut gone = Vec::new();
            for (key, value) in page {
                let segment = SegmentRow::decode(&value)?;
                row.bytes = row.bytes.saturating_sub(segment.length);
                row.segments = row.segments.saturating_sub(1);
                held.bytes = held.bytes.saturating_sub(segment.length);
                batch.delete(rows::SEGMENTS, key);
                doom(&mut batch, segment.blob.as_slice(), now);
                gone.push(segment.blob);
            }
            batch.assert_equals(rows::RECORDS, id.0.to_vec(), old);
            if gone.is_empty() {
                held.bytes = held.bytes.saturating_sub(row.bytes);
                held.records = held.records.saturating_sub(1);
                batch.delete(rows::MANIFESTS, id.0.to_vec());
                batch.delete(rows::RECORDS, id.0.to_vec());
            } else {
                batch.put(rows::RECORDS, id.0.to_vec(), row.encode());
            }
            hold(&mut batch, &row.owner, before, &held);
            if self.commit(batch).await? {
                for blob in gone {
                    self.delete_bytes(blob.as_slice()).await?;
                }
            }
        }
        Err(BackupError::Contended)
    }

    /// Writes bytes under a name of their own, as something that goes unless it is kept.
    async fn write(&self, sealed: &[u8], now: Timestamp) -> Result<String, BackupError> {
        let mut random = [0; 16];
        rand::rng().fill_bytes(&mut random);
        let blob = BASE64URL_NOPAD.encode(&random);
        let mut batch = Batch::new();
        doom(&mut batch, blob.as_bytes(), now);
        if !self.commit(batch).await? {
            return Err(BackupError::Contended);
        }
        let written = self.blobs.append(&blob, 0, Bytes::copy_from_slice(sealed)).await;
        written.map_err(BackupError::Write)?;
        Ok(blob)
    }

    /// The backup of a person that this token opens.
    async fn own(
        &self,
        owner: &UserId,
        id: &BackupId,
        token: &trefoil_proto::backup::BackupToken,
        now: Timestamp,
    ) -> Result<(Bytes, RecordRow), BackupError> {
        let (old, row) = self.record(id).await?.ok_or(BackupError::NotFound)?;
        let row = decide::opened(Some(row), token, now)?;
        if row.owner == *owner { Ok((old, row)) } else { Err(BackupError::NotFound) }
    }

    async fn record(&self, id: &BackupId) -> Result<Option<(Bytes, RecordRow)>, BackupError> {
        let value = self.get(rows::RECORDS, &id.0).await?;
        value.map(|value| Ok((value.clone(), RecordRow::decode(&value)?))).transpose()
    }

    async fn holdings(&self, owner: &UserId) -> Result<(Option<Bytes>, HoldingsRow), BackupError> {
        let value = self.get(rows::HOLDINGS, owner.as_str().as_bytes()).await?;
        let row = value.as_deref().map_or_else(|| Ok(HoldingsRow::default()), HoldingsRow::decode)?;
        Ok((value, row))
    }

    async fn delete_bytes(&self, blob: &[u8]) -> Result<(), BackupError> {
        self.blobs.delete(blob_id(blob)?).await.map_err(BackupError::Write)
    }

    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, BackupError> {
        self.store.get(table, Bytes::copy_from_slice(key)).await.map_err(BackupError::Read)
    }

    async fn page(&self, table: Table, range: KeyRange) -> Result<Vec<Pair>, BackupError> {
        self.store.scan(table, range, 256).await.map_err(BackupError::Read)
    }

    /// False if an assert did not hold: read and decide again.
    async fn commit(&self, batch: Batch) -> Result<bool, BackupError> {
        match self.store.commit(batch).await {
            Ok(_) => Ok(true),
            Err(StoreError::AssertFailed { .. }) => Ok(false),
            Err(error) => Err(BackupError::Write(error)),
        }
    }
}

/// Puts what a person holds in all, if it still is what it was.
fn hold(batch: &mut Batch, owner: &UserId, old: Option<Bytes>, held: &HoldingsRow) {
    let key = owner.as_str().as_bytes().to_vec();
    match old {
        Some(old) => batch.assert_equals(rows::HOLDINGS, key.clone(), old),
        None => batch.assert_absent(rows::HOLDINGS, key.clone()),
    };
    if held.records == 0 {
        batch.delete(rows::HOLDINGS, key);
    } else {
        batch.put(rows::HOLDINGS, key, held.encode());
    }
}

fn doom(batch: &mut Batch, blob: &[u8], now: Timestamp) {
    batch.put(rows::DOOMED, blob.to_vec(), DoomedRow { ends: now.plus_millis(DOOMED_LIFE) }.encode());
}

fn blob_id(blob: &[u8]) -> Result<&str, BackupError> {
    std::str::from_utf8(blob).map_err(|_| BackupError::DamagedRow)
}
