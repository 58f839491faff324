//! Attachments as opaque bytes: uploaded in pieces that can be resumed, read in ranges.
//!
//! Nothing says who uploaded what: an upload is opened against a person's daily quota, and from then on its id (128
//! random bits) is all that matters. It can be read when it is whole.

mod api;
mod decide;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod rows;
#[cfg(test)]
mod tests;

pub use api::{Part, Progress};
pub use decide::{ByteRange, MediaUrl, byte_range};
pub use error::MediaError;
pub use rows::TABLES;

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use rand::RngCore as _;
use rows::{BlobRow, UploadRow};
use std::sync::Arc;
use trefoil_proto::{Timestamp, UserId, edge::OpenUpload, limits};
use trefoil_store::{Batch, Blobs, KeyRange, Pair, Store, StoreError, Table};

/// How long an upload may take, in milliseconds.
const UPLOAD_LIFE: u64 = 24 * 60 * 60 * 1000;
/// How long the bytes of what is gone are deleted again and again, in milliseconds: longer than any request that may
/// still write some.
const DOOMED_LIFE: u64 = 60 * 60 * 1000;
const ATTEMPTS: usize = 8;

/// What the room is told when the service opens.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Bytes a day and person.
    pub bytes_per_day: u64,
    /// Days that a whole upload is kept.
    pub days: u32,
}

/// The media of a service.
pub struct Media {
    store: Arc<dyn Store>,
    blobs: Arc<dyn Blobs>,
    settings: Settings,
}

impl Media {
    /// The media in a store of rows and a store of blobs.
    pub fn new(store: Arc<dyn Store>, blobs: Arc<dyn Blobs>, settings: Settings) -> Self {
        Self { store, blobs, settings }
    }

    /// Opens an upload against the person's quota of today; returns its id.
    ///
    /// # Errors
    /// The length is zero or too large, the quota is used up, the store failed.
    pub async fn open(
        &self,
        user: &UserId,
        request: &OpenUpload,
        now: Timestamp,
    ) -> Result<String, MediaError> {
        if request.length == 0 || request.length > limits::MEDIA {
            return Err(MediaError::Length);
        }
        let mut random = [0; 16];
        rand::rng().fill_bytes(&mut random);
        let id = BASE64URL_NOPAD.encode(&random);
        let quota_key = rows::quota_key(user, decide::day(now));
        for _ in 0..ATTEMPTS {
            let old = self.get(rows::QUOTAS, &quota_key).await?;
            let used = old.as_deref().map_or(Ok(0), rows::decode_quota)?;
            let after = used.saturating_add(request.length);
            if after > self.settings.bytes_per_day {
                return Err(MediaError::Quota);
            }
            let mut batch = Batch::new();
            match old {
                Some(old) => batch.assert_equals(rows::QUOTAS, quota_key.clone(), old),
                None => batch.assert_absent(rows::QUOTAS, quota_key.clone()),
            };
            batch.put(rows::QUOTAS, quota_key.clone(), rows::encode_quota(after));
            batch.assert_absent(rows::UPLOADS, id.clone());
            let row = UploadRow { length: request.length, expires: now.plus_millis(UPLOAD_LIFE) };
            batch.put(rows::UPLOADS, id.clone(), row.encode());
            match self.store.commit(batch).await {
                Ok(_) => return Ok(id),
                Err(StoreError::AssertFailed { .. }) => {}
                Err(error) => return Err(MediaError::Write(error)),
            }
        }
        Err(MediaError::Contended)
    }

    /// Appends a piece at exactly `offset`; returns how far the upload has come.
    ///
    /// # Errors
    /// [`MediaError::Offset`] says the length so far; the piece goes past the end; there is no such upload.
    pub async fn append(
        &self,
        id: &str,
        offset: u64,
        piece: Bytes,
        now: Timestamp,
    ) -> Result<Progress, MediaError> {
        let progress = self.progress(id, now).await?;
        if offset != progress.received {
            return Err(MediaError::Offset(progress.received));
        }
        let end = offset.checked_add(piece.len() as u64).filter(|end| *end <= progress.length);
        end.ok_or(MediaError::Length)?;
        if piece.is_empty() {
            return Ok(progress);
        }
        let received = match self.blobs.append(id, offset, piece).await {
            Ok(received) => received,
            Err(StoreError::AssertFailed { .. }) => {
                return Err(MediaError::Offset(self.received(id).await?));
            }
            Err(error) => return Err(MediaError::Write(error)),
        };
        let progress = Progress { received, ..progress };
        if progress.whole() {
            self.finish(id, &progress, now).await?;
        } else if self.get(rows::UPLOADS, id.as_bytes()).await?.is_none() {
            self.ended(id).await?;
        }
        Ok(progress)
    }

    /// How far an upload has come; also for one that is whole.
    ///
    /// # Errors
    /// There is no such upload, or the store failed.
    pub async fn progress(&self, id: &str, now: Timestamp) -> Result<Progress, MediaError> {
        if !decide::is_id(id) {
            return Err(MediaError::NotFound);
        }
        if let Some(row) = self.blob_row(id).await? {
            return Ok(Progress { received: row.length, length: row.length });
        }
        let value = self.get(rows::UPLOADS, id.as_bytes()).await?.ok_or(MediaError::NotFound)?;
        let row = UploadRow::decode(&value)?;
        if row.expires <= now {
            return Err(MediaError::NotFound);
        }
        let progress = Progress { received: self.received(id).await?, length: row.length };
        if progress.whole() {
            // The service stopped between the last piece and its note of it.
            self.finish(id, &progress, now).await?;
        }
        Ok(progress)
    }

    /// The length of something whole.
    ///
    /// # Errors
    /// There is no such thing, it is not whole yet, or the store failed.
    pub async fn length(&self, id: &str) -> Result<u64, MediaError> {
        if !decide::is_id(id) {
            return Err(MediaError::NotFound);
        }
        Ok(self.blob_row(id).await?.ok_or(MediaError::NotFound)?.length)
    }

    /// Up to `length` bytes from `offset` of something whole ([`Media::length`] was asked before).
    ///
    /// # Errors
    /// It has gone, or the store failed.
    pub async fn read(&self, id: &str, offset: u64, length: usize) -> Result<Bytes, MediaError> {
        self.blobs.read(id, offset, length).await.map_err(MediaError::Read)?.ok_or(MediaError::NotFound)
    }

    /// Bytes that a person has opened uploads for today.
    ///
    /// # Errors
    /// The store failed.
    pub async fn used(&self, user: &UserId, now: Timestamp) -> Result<u64, MediaError> {
        let value = self.get(rows::QUOTAS, &rows::quota_key(user, decide::day(now))).await?;
        value.as_deref().map_or(Ok(0), rows::decode_quota)
    }

    /// Removes uploads that were not finished in a day, media past their days, and the quotas of past days.
    ///
    /// # Errors
    /// The store failed; what is left is removed next time.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), MediaError> {
        let today = decide::day(now);
        self.bury(now).await?;
        self.sweep_table(rows::UPLOADS, now, |value| Ok(UploadRow::decode(value)?.expires <= now)).await?;
        let days = self.settings.days;
        self.sweep_table(rows::BLOBS, now, |value| {
            Ok(BlobRow::decode(value)?.day.saturating_add(days) < today)
        })
        .await?;
        let past = KeyRange { start: Bytes::new(), end: Some(today.to_be_bytes().to_vec().into()) };
        loop {
            let page = self.page(rows::QUOTAS, past.clone()).await?;
            if page.is_empty() {
                return Ok(());
            }
            let mut batch = Batch::new();
            for (key, _) in page {
                batch.delete(rows::QUOTAS, key);
            }
            self.store.commit(batch).await.map_err(MediaError::Write)?;
        }
    }

    async fn sweep_table(
        &self,
        table: Table,
        now: Timestamp,
        gone: impl Fn(&[u8]) -> Result<bool, MediaError>,
    ) -> Result<(), MediaError> {
        let mut range = KeyRange::all();
        loop {
            let page = self.page(table, range.clone()).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            range.start = [last, [0].as_slice()].concat().into();
            for (key, value) in page {
                if !gone(&value)? {
                    continue;
                }
                // The row goes first, and only if it still is what was judged: an upload that was finished in the
                // meantime keeps its bytes.
                let mut batch = Batch::new();
                batch.assert_equals(table, key.clone(), value);
                batch.delete(table, key.clone());
                let doomed = UploadRow { length: 0, expires: now.plus_millis(DOOMED_LIFE) };
                batch.put(rows::DOOMED, key.clone(), doomed.encode());
                match self.store.commit(batch).await {
                    Ok(_) => {}
                    Err(StoreError::AssertFailed { .. }) => continue,
                    Err(error) => return Err(MediaError::Write(error)),
                }
                self.delete_bytes(&key).await?;
            }
        }
    }

    /// Deletes the bytes of what is gone once more: a crash may have come before the first time, and a piece that was on
    /// its way after it.
    async fn bury(&self, now: Timestamp) -> Result<(), MediaError> {
        let mut range = KeyRange::all();
        loop {
            let page = self.page(rows::DOOMED, range.clone()).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            range.start = [last, [0].as_slice()].concat().into();
            let mut batch = Batch::new();
            for (key, value) in page {
                self.delete_bytes(&key).await?;
                if UploadRow::decode(&value)?.expires <= now {
                    batch.delete(rows::DOOMED, key);
                }
            }
            if !batch.is_empty() {
                self.store.commit(batch).await.map_err(MediaError::Write)?;
            }
        }
    }

    async fn delete_bytes(&self, key: &[u8]) -> Result<(), MediaError> {
        let id = std::str::from_utf8(key).map_err(|_| MediaError::DamagedRow)?;
        self.blobs.delete(id).await.map_err(MediaError::Write)
    }

    /// The upload's row is gone. Either another request finished it, or it has run out: then a piece that came after
    /// that is not kept.
    async fn ended(&self, id: &str) -> Result<(), MediaError> {
        if self.blob_row(id).await?.is_some() {
            return Ok(());
        }
        self.delete_bytes(id.as_bytes()).await?;
        Err(MediaError::NotFound)
    }

    /// From upload to something that can be read.
    async fn finish(&self, id: &str, progress: &Progress, now: Timestamp) -> Result<(), MediaError> {
        let Some(upload) = self.get(rows::UPLOADS, id.as_bytes()).await? else { return self.ended(id).await };
        let row = BlobRow { length: progress.length, day: decide::day(now) };
        let mut batch = Batch::new();
        batch.assert_equals(rows::UPLOADS, id.to_owned(), upload);
        batch.delete(rows::UPLOADS, id.to_owned());
        batch.put(rows::BLOBS, id.to_owned(), row.encode());
        match self.store.commit(batch).await {
            Ok(_) => Ok(()),
            Err(StoreError::AssertFailed { .. }) => self.ended(id).await,
            Err(error) => Err(MediaError::Write(error)),
        }
    }

    async fn received(&self, id: &str) -> Result<u64, MediaError> {
        Ok(self.blobs.length(id).await.map_err(MediaError::Read)?.unwrap_or(0))
    }

    async fn blob_row(&self, id: &str) -> Result<Option<BlobRow>, MediaError> {
        self.get(rows::BLOBS, id.as_bytes()).await?.map(|value| BlobRow::decode(&value)).transpose()
    }

    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, MediaError> {
        self.store.get(table, Bytes::copy_from_slice(key)).await.map_err(MediaError::Read)
    }

    async fn page(&self, table: Table, range: KeyRange) -> Result<Vec<Pair>, MediaError> {
        self.store.scan(table, range, 256).await.map_err(MediaError::Read)
    }
}
