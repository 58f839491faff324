//! Known material: hashes that others have made of what they found before, compared with what a report shows.
//!
//! Only evidence is compared ([`super::evidence`]): what a person who received it has shown, opened and proven. Nothing that
//! nobody reported can come here, and this service could not open it. A match says that somebody else knows the picture; it
//! lets a report be looked at sooner, and decides nothing: what is done, people decide.
//!
//! Two kinds of hash: SHA-256 of the bytes, for the very file; and PDQ ([`pdq`]) of a still picture, for the picture after it
//! was scaled, compressed or coloured anew. Films are compared by their bytes only.

mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod index;
mod list;
mod pdq;
mod picture;
mod rows;
#[cfg(test)]
mod tests;

pub use error::KnownError;
pub use index::Near;
pub use list::{Algorithm, Kind, Provenance};
pub use pdq::Pdq;
pub use picture::{PIXELS, pdq_of};
pub use rows::TABLES;

use super::evidence::Exhibit;
use crate::{
    staff::StaffName,
    trail::{Act, Note, Trail},
};
use bytes::Bytes;
use list::Listed;
use rows::ListRow;
use std::{
    collections::BTreeMap,
    io::BufRead,
    sync::{Arc, PoisonError, RwLock},
};
use tokio::sync::Semaphore;
use trefoil_proto::Timestamp;
use trefoil_store::{Batch, Store};

/// Farthest PDQ hash that still counts as the same picture, in bits of 256: the reference's own advice.
pub const RADIUS: u32 = 31;
/// Least quality of a picture whose PDQ hash says something: that of a flat one is near to many others by chance.
pub const QUALITY: u8 = 50;

/// What somebody else knows of an attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The list's name.
    pub list: String,
    /// Bits that differ: 0 for the very file, at most [`RADIUS`] for a picture.
    pub distance: u32,
    /// What the list is of.
    pub kind: Kind,
    /// How it was recognised.
    pub by: Algorithm,
}

/// A list that is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Where it comes from.
    pub provenance: Provenance,
    /// When it was taken in.
    pub taken: Timestamp,
    /// Hashes of each algorithm.
    pub hashes: BTreeMap<Algorithm, u32>,
}

/// What was taken in of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Hashes that are in use now.
    pub taken: u64,
    /// Those of algorithms that are not used here.
    pub passed_over: u64,
}

/// The lists of one service.
pub struct Known {
    store: Arc<dyn Store>,
    trail: Arc<Trail>,
    /// Imports come one after the other: each takes the next number.
    importing: tokio::sync::Mutex<()>,
    compared: RwLock<Arc<Compared>>,
    /// A picture of 48 million points takes more than half a GB while it is decoded: one at a time.
    decoding: Semaphore,
}

/// What attachments are compared with, in memory.
#[derive(Default)]
struct Compared {
    lists: Vec<List>,
    pictures: Near,
    /// For each list that has pictures, where its hashes end in `pictures`, rising.
    ends: Vec<(u32, usize)>,
    /// For each list that has files, their sorted hashes.
    files: Vec<(usize, Vec<[u8; 32]>)>,
}

impl Known {
    /// The lists in a store.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn open(store: Arc<dyn Store>, trail: Arc<Trail>) -> Result<Self, KnownError> {
        let known = Self {
            store,
            trail,
            importing: tokio::sync::Mutex::default(),
            compared: RwLock::default(),
            decoding: Semaphore::new(1),
        };
        known.reload().await?;
        Ok(known)
    }

    /// Takes a list in; one of the same name goes. Nothing of it is used if any of it cannot be read. That it is in use, and that
    /// somebody took it in stands in the trail, is one commit.
    ///
    /// # Errors
    /// [`KnownError::Line`] names the first line that is no hash; [`KnownError::Provenance`]; [`KnownError::Empty`]; the store
    /// failed.
    pub async fn import(
        &self,
        provenance: Provenance,
        file: impl BufRead,
        by: &StaffName,
        now: Timestamp,
    ) -> Result<Imported, KnownError> {
        provenance.check()?;
        let (hashes, passed_over) = list::read(file)?;
        let _one = self.importing.lock().await;
        let lists = rows::lists(&*self.store).await?;
        let number = lists.iter().map(|row| row.number + 1).max().unwrap_or(0);
        // What an import that was cut short left behind.
        rows::clear(&*self.store, number).await?;
        rows::write(&*self.store, number, &hashes).await?;
        let row = ListRow::new(number, &provenance, now);
        let old = lists.into_iter().find(|old| old.name == row.name);
        let mut batch = Batch::new();
        batch.put(rows::LISTS, provenance.name.clone(), row.encode());
        let note = Note::new(by.as_str(), Act::ListTaken).saying(provenance.name);
        self.trail.enter(note, batch, now).await.map_err(KnownError::Trail)?;
        if let Some(old) = old {
            rows::clear(&*self.store, old.number).await?;
        }
        self.reload().await?;
        Ok(Imported { taken: hashes.len() as u64, passed_over })
    }

    /// Removes a list, which stands in the trail from then on; says whether there was one of this name.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn remove(&self, name: &str, by: &StaffName, now: Timestamp) -> Result<bool, KnownError> {
        let _one = self.importing.lock().await;
        let lists = rows::lists(&*self.store).await?;
        let Some(row) = lists.into_iter().find(|row| row.name == name.as_bytes()) else { return Ok(false) };
        let mut batch = Batch::new();
        batch.delete(rows::LISTS, name.to_owned());
        let note = Note::new(by.as_str(), Act::ListRemoved).saying(name);
        self.trail.enter(note, batch, now).await.map_err(KnownError::Trail)?;
        rows::clear(&*self.store, row.number).await?;
        self.reload().await?;
        Ok(true)
    }

    /// Reads the lists anew, for when another process changed them.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn reload(&self) -> Result<(), KnownError> {
        let mut read = Vec::new();
        for row in rows::lists(&*self.store).await? {
            let hashes = rows::read(&*self.store, row.number).await?;
            read.push((row, hashes));
        }
        let compared = tokio::task::spawn_blocking(move || Compared::of(read)).await;
        let compared = compared.map_err(|_| KnownError::Ended)??;
        *self.compared.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(compared);
        Ok(())
    }

    /// The lists that are in use.
    pub fn lists(&self) -> Vec<List> {
        self.now().lists.clone()
    }

    /// What others know of a piece of evidence: for each list and algorithm the nearest. Of what did not open, whether the very file is
    /// known: no device shows a file that has not the hash that its message names.
    ///
    /// # Errors
    /// [`KnownError::Ended`].
    pub async fn compare(&self, exhibit: &Exhibit) -> Result<Vec<Match>, KnownError> {
        let compared = self.now();
        let mut found = exhibit.hash.map(|hash| compared.files(&hash)).unwrap_or_default();
        if let Ok(bytes) = &exhibit.opened
            && !compared.ends.is_empty()
        {
            let _one = self.decoding.acquire().await.map_err(|_| KnownError::Ended)?;
            let bytes: Bytes = bytes.clone();
            // A picture takes its time to be decoded.
            let pictures = tokio::task::spawn_blocking(move || compared.pictures_near(&bytes)).await;
            found.extend(pictures.map_err(|_| KnownError::Ended)?);
        }
        Ok(found)
    }

    fn now(&self) -> Arc<Compared> {
        Arc::clone(&self.compared.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Compared {
    fn of(read: Vec<(ListRow, Listed)>) -> Result<Self, KnownError> {
        let mut made = Self::default();
        let mut pictures = Vec::new();
        for (place, (row, mut hashes)) in read.into_iter().enumerate() {
            let counts = hashes.counts();
            if !hashes.pdq.is_empty() {
                pictures.append(&mut hashes.pdq);
                let end = u32::try_from(pictures.len()).map_err(|_| KnownError::TooMany)?;
                made.ends.push((end, place));
            }
            if !hashes.sha256.is_empty() {
                hashes.sha256.sort_unstable();
                made.files.push((place, hashes.sha256));
            }
            made.lists.push(row.list(counts)?);
        }
        made.pictures = Near::new(pictures)?;
        Ok(made)
    }

    /// The lists that have the very file.
    fn files(&self, sha256: &[u8; 32]) -> Vec<Match> {
        let of_list = |(place, hashes): &(usize, Vec<[u8; 32]>)| {
            hashes.binary_search(sha256).is_ok().then(|| self.found(*place, 0, Algorithm::Sha256))
        };
        self.files.iter().filter_map(of_list).collect()
    }

    /// For each list the picture that is nearest, if one is near.
    fn pictures_near(&self, bytes: &[u8]) -> Vec<Match> {
        let Some(pdq) = pdq_of(bytes).ok().flatten().filter(|pdq| pdq.quality >= QUALITY) else {
            return Vec::new();
        };
        let mut nearest = BTreeMap::new();
        self.pictures.within(&pdq.hash, RADIUS, |at, distance| {
            let list = self.ends.partition_point(|(end, _)| *end <= at);
            let place = self.ends[list].1;
            let best = nearest.entry(place).or_insert(distance);
            *best = distance.min(*best);
        });
        nearest.into_iter().map(|(place, distance)| self.found(place, distance, Algorithm::Pdq)).collect()
    }

    fn found(&self, place: usize, distance: u32, by: Algorithm) -> Match {
        let Provenance { name, kind, .. } = &self.lists[place].provenance;
        Match { list: name.clone(), distance, kind: *kind, by }
    }
}
