//! The PIN vault: records of those who restore by a PIN, people of any service, and for the service's own people the note
//! that says where theirs are (`docs/spec/pin.md`).
//!
//! A record is one key of an oblivious function and one share under a mask. With both, every PIN gives a share, and
//! nothing here tells which is the right one. A try is counted in a commit before it is answered; the last one that is
//! allowed destroys the key in the same commit. No record says whose it is.

mod api;
mod decide;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod rows;
#[cfg(test)]
mod tests;

pub use api::Accepted;
pub use error::PinError;
pub use rows::TABLES;

use crate::secrets::SecretKey;
use bytes::Bytes;
use decide::Decided;
use rand::RngCore as _;
use rows::{CountRow, NoteRow, OpenRecord, OwnerRow, RecordRow};
use std::{num::NonZeroU32, sync::Arc};
use trefoil_proto::{
    Timestamp, UserId,
    pin::{
        Note, PrepareRequest, Prepared, RecordName, RemoveRequest, StoreRequest, TryRequest, TryResponse,
        UnlockRequest,
    },
};
use trefoil_store::{Batch, Store, StoreError, Table};
use zeroize::Zeroizing;

/// How often an act is decided again because another one changed the rows it rests on.
const ATTEMPTS: usize = 32;

/// What the room is told when the service opens.
pub struct Settings {
    /// Under which the keys of records are derived, together with a random part that stands in the record's row.
    pub key: SecretKey,
    /// Tries that are answered without one that succeeded in between.
    pub guesses: NonZeroU32,
    /// Records in all.
    pub records: u64,
}

/// The PIN vault of a service.
pub struct Pins {
    store: Arc<dyn Store>,
    settings: Settings,
}

impl Pins {
    /// The vault in a store.
    pub fn new(store: Arc<dyn Store>, settings: Settings) -> Self {
        Self { store, settings }
    }

    /// Evaluates an element under a fresh key, for a record that is to be made. Nothing is stored: the ticket holds the
    /// random part of the key.
    ///
    /// # Errors
    /// [`PinError::Element`].
    pub fn prepare(&self, request: &PrepareRequest, now: Timestamp) -> Result<Prepared, PinError> {
        let mut nonce = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(nonce.as_mut());
        let evaluated = decide::evaluate(&self.settings.key, &request.name, &nonce, &request.blinded)?;
        let ticket = decide::ticket(&self.settings.key, &request.name, &nonce, now);
        Ok(Prepared { ticket, evaluated })
    }

    /// Makes a record. Byte-exact repetition changes nothing, tries that were counted included.
    ///
    /// # Errors
    /// The signature or the ticket does not hold, there is a record of this name with other content (or there was, and it
    /// is locked), there are as many records as there may be, the store failed.
    pub async fn store(&self, request: &StoreRequest, now: Timestamp) -> Result<Accepted, PinError> {
        request.verify().map_err(|_| PinError::Signature)?;
        let tbs = &request.tbs;
        let nonce = decide::open_ticket(&self.settings.key, &tbs.name, &tbs.ticket, now)?;
        let new = OpenRecord { nonce: *nonce, masked: tbs.masked, serial: 0, cleared: 0 };
        for _ in 0..ATTEMPTS {
            if let Some((_, row)) = self.record(&tbs.name).await? {
                return if row.is_made_as(&new) { Ok(Accepted::Repeated) } else { Err(PinError::InUse) };
            }
            let mut batch = Batch::new();
            self.count(&mut batch, |count| {
                if count < self.settings.records { Ok(count + 1) } else { Err(PinError::Full) }
            })
            .await?;
            batch.assert_absent(rows::RECORDS, rows::record_key(&tbs.name));
            let row = RecordRow::Open(new.clone());
            batch.put(rows::RECORDS, rows::record_key(&tbs.name), row.encode());
            if self.commit(batch).await? {
                return Ok(Accepted::New);
            }
        }
        Err(PinError::Contended)
    }

    /// Counts a try, and only when that is durable answers it.
    ///
    /// # Errors
    /// There is no such record, the element is none (then nothing is counted), the store failed (then it may be counted,
    /// and is not answered).
    pub async fn attempt(&self, request: &TryRequest) -> Result<TryResponse, PinError> {
        let blinded = decide::element(&request.blinded)?;
        for _ in 0..ATTEMPTS {
            let (old, row) = self.record(&request.name).await?.ok_or(PinError::NoSuchRecord)?;
            let Decided { row, answer } = decide::attempt(row, self.settings.guesses.get());
            let mut batch = Batch::new();
            batch.assert_equals(rows::RECORDS, rows::record_key(&request.name), old);
            batch.put(rows::RECORDS, rows::record_key(&request.name), row.encode());
            if !self.commit(batch).await? {
                continue;
            }
            let Some(counted) = answer else { return Ok(TryResponse::Locked) };
            return Ok(TryResponse::Evaluated(counted.evaluate(
                &self.settings.key,
                &request.name,
                &blinded,
            )?));
        }
        Err(PinError::Contended)
    }

    /// Forgives the tries up to one that succeeded: whoever signs has what the PIN protects. A repetition forgives nothing
    /// more.
    ///
    /// # Errors
    /// The signature does not verify, there is no such record, it is locked, it never had such a try, the store failed.
    pub async fn unlock(&self, request: &UnlockRequest) -> Result<(), PinError> {
        request.verify().map_err(|_| PinError::Signature)?;
        let tbs = &request.tbs;
        for _ in 0..ATTEMPTS {
            let (old, row) = self.record(&tbs.name).await?.ok_or(PinError::NoSuchRecord)?;
            let Some(row) = decide::unlock(row, tbs.through)? else { return Ok(()) };
            let mut batch = Batch::new();
            batch.assert_equals(rows::RECORDS, rows::record_key(&tbs.name), old);
            batch.put(rows::RECORDS, rows::record_key(&tbs.name), row.encode());
            if self.commit(batch).await? {
                return Ok(());
            }
        }
        Err(PinError::Contended)
    }

    /// Removes a record, if it is there.
    ///
    /// # Errors
    /// The signature does not verify, or the store failed.
    pub async fn remove(&self, request: &RemoveRequest) -> Result<(), PinError> {
        request.verify().map_err(|_| PinError::Signature)?;
        let name = &request.tbs.name;
        for _ in 0..ATTEMPTS {
            let Some((old, _)) = self.record(name).await? else { return Ok(()) };
            let mut batch = Batch::new();
            self.count(&mut batch, |count| Ok(count.saturating_sub(1))).await?;
            batch.assert_equals(rows::RECORDS, rows::record_key(name), old);
            batch.delete(rows::RECORDS, rows::record_key(name));
            if self.commit(batch).await? {
                return Ok(());
            }
        }
        Err(PinError::Contended)
    }

    /// Keeps a person's note where `locator` finds it, instead of the one they had.
    ///
    /// # Errors
    /// It is no note, somebody else's is found by the same locator, the store failed.
    pub async fn put_note(&self, user: &UserId, locator: [u8; 32], note: &Note) -> Result<(), PinError> {
        note.places().map_err(|_| PinError::NoNote)?;
        let row = NoteRow { user: user.clone(), note: note.clone() };
        for _ in 0..ATTEMPTS {
            let mut batch = Batch::new();
            let there = self.get(rows::NOTES, &locator).await?;
            if let Some(there) = &there
                && NoteRow::decode(there)?.user != *user
            {
                return Err(PinError::Taken);
            }
            self.expect(&mut batch, rows::NOTES, &locator, there);
            let owner = self.get(rows::OWNERS, user.as_str().as_bytes()).await?;
            if let Some(owner) = &owner {
                let before = OwnerRow::decode(owner)?.locator;
                if before != locator {
                    batch.delete(rows::NOTES, before.to_vec());
                }
            }
            self.expect(&mut batch, rows::OWNERS, user.as_str().as_bytes(), owner);
            batch.put(rows::NOTES, locator.to_vec(), row.encode());
            batch.put(rows::OWNERS, user.as_str().as_bytes().to_vec(), OwnerRow { locator }.encode());
            if self.commit(batch).await? {
                return Ok(());
            }
        }
        Err(PinError::Contended)
    }

    /// A person's own note.
    ///
    /// # Errors
    /// They have none, or the store failed.
    pub async fn note(&self, user: &UserId) -> Result<Note, PinError> {
        let owner = self.get(rows::OWNERS, user.as_str().as_bytes()).await?.ok_or(PinError::NotKept)?;
        self.find(&OwnerRow::decode(&owner)?.locator).await
    }

    /// The note that a locator finds.
    ///
    /// # Errors
    /// There is none, or the store failed.
    pub async fn find(&self, locator: &[u8; 32]) -> Result<Note, PinError> {
        let row = self.get(rows::NOTES, locator).await?.ok_or(PinError::NotKept)?;
        Ok(NoteRow::decode(&row)?.note)
    }

    /// Forgets a person's note, if there is one. Records stay: they are removed by who can sign for them.
    ///
    /// # Errors
    /// The store failed.
    pub async fn remove_note(&self, user: &UserId) -> Result<(), PinError> {
        for _ in 0..ATTEMPTS {
            let Some(owner) = self.get(rows::OWNERS, user.as_str().as_bytes()).await? else { return Ok(()) };
            let locator = OwnerRow::decode(&owner)?.locator;
            let mut batch = Batch::new();
            batch.assert_equals(rows::OWNERS, user.as_str().as_bytes().to_vec(), owner);
            batch.delete(rows::OWNERS, user.as_str().as_bytes().to_vec());
            batch.delete(rows::NOTES, locator.to_vec());
            if self.commit(batch).await? {
                return Ok(());
            }
        }
        Err(PinError::Contended)
    }

    /// A record as stored and decoded.
    async fn record(&self, name: &RecordName) -> Result<Option<(Bytes, RecordRow)>, PinError> {
        let Some(value) = self.get(rows::RECORDS, &name.0).await? else { return Ok(None) };
        let row = RecordRow::decode(&value)?;
        Ok(Some((value, row)))
    }

    /// Adds the change of the number of records to a batch.
    async fn count(
        &self,
        batch: &mut Batch,
        change: impl Fn(u64) -> Result<u64, PinError>,
    ) -> Result<(), PinError> {
        let old = self.get(rows::COUNT, rows::COUNT_KEY).await?;
        let count = old.as_deref().map(CountRow::decode).transpose()?.map_or(0, |row| row.records);
        let row = CountRow { records: change(count)? };
        self.expect(batch, rows::COUNT, rows::COUNT_KEY, old);
        batch.put(rows::COUNT, rows::COUNT_KEY.to_vec(), row.encode());
        Ok(())
    }

    /// A row must still be what was read when the batch is committed.
    fn expect(&self, batch: &mut Batch, table: Table, key: &[u8], read: Option<Bytes>) {
        match read {
            Some(value) => batch.assert_equals(table, key.to_vec(), value),
            None => batch.assert_absent(table, key.to_vec()),
        };
    }

    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, PinError> {
        self.store.get(table, Bytes::copy_from_slice(key)).await.map_err(PinError::Read)
    }

    /// False if an assert did not hold: read and decide again.
    async fn commit(&self, batch: Batch) -> Result<bool, PinError> {
        match self.store.commit(batch).await {
            Ok(_) => Ok(true),
            Err(StoreError::AssertFailed { .. }) => Ok(false),
            Err(error) => Err(PinError::Write(error)),
        }
    }
}
