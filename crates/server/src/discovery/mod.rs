//! Finding the service's people by number, without being told which number is looked for (`docs/spec/discovery.md`).
//!
//! An entry is made when a person registers: a tag and a sealed user id, both from a keyed function of the number. Whoever
//! asks has the function evaluated on a blinded number, takes the tag from it, and asks for the bucket of entries that
//! begin as it does. Nothing here depends on whether a number is there.

mod decide;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod rows;
#[cfg(test)]
mod tests;

pub use error::DiscoveryError;
pub use rows::TABLES;

use crate::secrets::SecretKey;
use decide::Function;
use rows::EntryRow;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::OnceCell;
use trefoil_proto::{
    UserId,
    discovery::{Bucket, DiscoveryRequest, DiscoveryResponse, ENTRIES, Entry, SEALED, Tag},
    edge::Profile,
};
use trefoil_store::{Batch, KeyRange, Store};

/// Rows that are counted at a time.
const PAGE: usize = 4096;

/// The people of a service who may be found by number.
pub struct Discovery {
    store: Arc<dyn Store>,
    profile: Profile,
    function: Function,
    /// How many entries there are, once they were counted.
    people: OnceCell<AtomicU64>,
}

impl Discovery {
    /// The entries in a store, under the key of this service.
    ///
    /// # Errors
    /// [`DiscoveryError::Derive`].
    pub fn new(store: Arc<dyn Store>, profile: Profile, key: &SecretKey) -> Result<Self, DiscoveryError> {
        Ok(Self { store, profile, function: Function::new(key)?, people: OnceCell::new() })
    }

    /// Adds the entry of a person to the batch of their registration. After its commit: [`Self::entered`].
    ///
    /// # Errors
    /// [`DiscoveryError::Derive`], [`DiscoveryError::Seal`].
    pub fn enter(&self, batch: &mut Batch, number: &str, user: &UserId) -> Result<(), DiscoveryError> {
        let Entry { tag, sealed } = self.function.entry(number, user)?;
        batch.put(rows::ENTRIES, tag.0.to_vec(), EntryRow { sealed }.encode());
        Ok(())
    }

    /// The entry of a person that is not to be found yet, for [`Self::keep`].
    ///
    /// # Errors
    /// [`DiscoveryError::Derive`], [`DiscoveryError::Seal`].
    pub fn withheld(&self, number: &str, user: &UserId) -> Result<Vec<u8>, DiscoveryError> {
        let Entry { tag, sealed } = self.function.entry(number, user)?;
        Ok([&tag.0[..], &sealed].concat())
    }

    /// Adds an entry that was withheld to those by which people are found, or takes it out. After the commit: [`Self::kept`].
    ///
    /// # Errors
    /// [`DiscoveryError::DamagedRow`].
    pub fn keep(&self, batch: &mut Batch, entry: &[u8], found: bool) -> Result<(), DiscoveryError> {
        let (tag, sealed) =
            entry.split_at_checked(entry.len().wrapping_sub(SEALED)).ok_or(DiscoveryError::DamagedRow)?;
        let sealed = sealed.try_into().map_err(|_| DiscoveryError::DamagedRow)?;
        match found {
            true => batch.put(rows::ENTRIES, tag.to_vec(), EntryRow { sealed }.encode()),
            false => batch.delete(rows::ENTRIES, tag.to_vec()),
        };
        Ok(())
    }

    /// A person is found from now on, or no more.
    pub fn kept(&self, found: bool) {
        match (found, self.people.get()) {
            (true, _) => self.entered(),
            (false, Some(people)) => {
                people.fetch_sub(1, Ordering::Relaxed);
            }
            (false, None) => {}
        }
    }

    /// One more person is there.
    pub fn entered(&self) {
        if let Some(people) = self.people.get() {
            people.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Answers a question by number.
    ///
    /// # Errors
    /// People here have no numbers, the request is not one that can be, buckets are smaller or larger by now, the store
    /// failed.
    pub async fn answer(&self, request: &DiscoveryRequest) -> Result<DiscoveryResponse, DiscoveryError> {
        if self.profile != Profile::Phone {
            return Err(DiscoveryError::OtherProfile);
        }
        request.check().map_err(|_| DiscoveryError::Malformed)?;
        let now = decide::bits(self.people().await?);
        match request {
            DiscoveryRequest::Evaluate(elements) => {
                Ok(DiscoveryResponse::Evaluated(self.function.evaluate(elements, now)?))
            }
            DiscoveryRequest::Buckets { bits, prefixes } => {
                // One more bit may be in use since the question was begun.
                if *bits != now && bits + 1 != now {
                    return Err(DiscoveryError::OtherBits);
                }
                let mut buckets = Vec::with_capacity(prefixes.len());
                for prefix in prefixes {
                    buckets.push(self.bucket(*prefix, *bits).await?);
                }
                Ok(DiscoveryResponse::Buckets(buckets))
            }
        }
    }

    async fn bucket(&self, prefix: u32, bits: u8) -> Result<Bucket, DiscoveryError> {
        let range = decide::range(prefix, bits);
        let rows = self.store.scan(rows::ENTRIES, range, ENTRIES).await.map_err(DiscoveryError::Read)?;
        let mut entries = Vec::with_capacity(rows.len());
        for (key, value) in rows {
            let tag = Tag(key[..].try_into().map_err(|_| DiscoveryError::DamagedRow)?);
            entries.push(Entry { tag, sealed: EntryRow::decode(&value)?.sealed });
        }
        self.function.fill(&mut entries, prefix, bits);
        Ok(Bucket { entries })
    }

    /// How many entries there are: counted once, then kept up.
    async fn people(&self) -> Result<u64, DiscoveryError> {
        let people = self.people.get_or_try_init(|| async { self.count().await.map(AtomicU64::new) }).await?;
        Ok(people.load(Ordering::Relaxed))
    }

    async fn count(&self) -> Result<u64, DiscoveryError> {
        let (mut range, mut count) = (KeyRange::all(), 0);
        loop {
            let page =
                self.store.scan(rows::ENTRIES, range.clone(), PAGE).await.map_err(DiscoveryError::Read)?;
            let Some((last, _)) = page.last() else { return Ok(count) };
            range.start = [last, [0].as_slice()].concat().into();
            count += page.len() as u64;
        }
    }
}
