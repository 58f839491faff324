//! Accounts of minors (`docs/spec/minors.md`): which they are, who reaches them, and what their guardians opened.
//!
//! A marked account is reached by whoever shows a proof under its reach key, which the minor's devices hand to their
//! connections: the service checks that somebody is connected, and does not learn who. Everybody else hears what they hear
//! of somebody who is not there.

mod decide;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod orders;
mod rows;
#[cfg(test)]
mod tests;

pub use error::MinorsError;
pub use orders::{OrderError, hand_in};
pub use rows::TABLES;

use crate::discovery::Discovery;
use bytes::Bytes;
use rows::{LinkRow, MARKED, MinorRow, SPENT};
use std::sync::{Arc, OnceLock};
use trefoil_proto::{
    Timestamp, UserId, UserUri,
    minors::{
        Act, Guarded, GuardianWord, InviteGuardian, LINK_LIFE, Marking, MinorStanding, Openness, ReachProof,
    },
};
use trefoil_store::{Batch, KeyRange, Store, StoreError};

/// How often an act is decided again because another one changed the row.
const ATTEMPTS: usize = 8;
/// Rows that a sweep looks at at a time.
const PAGE: usize = 256;

/// What somebody shows who asks for key packages.
#[derive(Clone, Copy, Debug)]
pub enum Shown<'a> {
    /// Nothing.
    Nothing,
    /// They are a device of that very account.
    Own,
    /// A proof of reach.
    Proof(&'a ReachProof),
}

/// Whose word does not count.
type Barred = Box<dyn Fn(&UserUri, Timestamp) -> bool + Send + Sync>;

/// The accounts of minors of a service.
pub struct Minors {
    store: Arc<dyn Store>,
    discovery: Arc<Discovery>,
    barred: OnceLock<Barred>,
}

impl Minors {
    /// Those in a store.
    pub fn new(store: Arc<dyn Store>, discovery: Arc<Discovery>) -> Self {
        Self { store, discovery, barred: OnceLock::new() }
    }

    /// Says whom this service suspended or banned: as long as that lasts, they are nobody's guardian, and what they opened is closed.
    /// Once.
    pub fn bar(&self, barred: Barred) {
        let _ = self.barred.set(barred);
    }

    /// Marks an account in the batch of its registration. `entry` is that of finding by number, empty for none.
    ///
    /// # Errors
    /// [`MinorsError::Ends`].
    pub fn mark(
        &self,
        batch: &mut Batch,
        user: &UserId,
        marking: &Marking,
        entry: Vec<u8>,
        now: Timestamp,
    ) -> Result<(), MinorsError> {
        let row = decide::marked(marking, entry, now)?;
        batch.put(MARKED, key(user), row.encode());
        Ok(())
    }

    /// Whether key packages of somebody are handed out for what was shown. A proof is spent by it, and is good for accounts
    /// that are marked only: nobody else needs one.
    ///
    /// # Errors
    /// The store failed.
    pub async fn admits(
        &self,
        target: &UserUri,
        shown: Shown<'_>,
        now: Timestamp,
    ) -> Result<bool, MinorsError> {
        let Some((_, row)) = self.row(&target.id, now).await? else {
            return Ok(!matches!(shown, Shown::Proof(_)));
        };
        if !row.admits(target, shown, now) {
            return Ok(false);
        }
        match shown {
            Shown::Proof(proof) => self.spend(proof).await,
            Shown::Nothing | Shown::Own => Ok(true),
        }
    }

    /// Whether somebody is found by their handle or number.
    ///
    /// # Errors
    /// The store failed.
    pub async fn is_found(&self, user: &UserId, now: Timestamp) -> Result<bool, MinorsError> {
        let row = self.row(user, now).await?;
        Ok(row.is_none_or(|(_, row)| row.openness(now) == Openness::Found))
    }

    /// How an account stands, for its own devices.
    ///
    /// # Errors
    /// The store failed.
    pub async fn standing(&self, user: &UserId, now: Timestamp) -> Result<MinorStanding, MinorsError> {
        Ok(match self.row(user, now).await? {
            Some((_, row)) if row.holds(now) => MinorStanding {
                guarded: Some(row.guarded(now)),
                guardian: row.guardian.map(|guardian| guardian.user),
                reach: Some(row.reach),
            },
            _ => MinorStanding { guarded: None, guardian: None, reach: None },
        })
    }

    /// Puts another reach key in the place of the one before.
    ///
    /// # Errors
    /// [`MinorsError::NotTheGuardian`] if the account is not marked; the store failed.
    pub async fn replace_reach(
        &self,
        user: &UserId,
        reach: [u8; 32],
        now: Timestamp,
    ) -> Result<(), MinorsError> {
        self.change(user, now, |row| Ok(MinorRow { reach, ..row.clone() })).await.map(drop)
    }

    /// Lets whoever has a link become the guardian.
    ///
    /// # Errors
    /// [`MinorsError::Guarded`]; [`MinorsError::NotTheGuardian`] if the account is not marked; the store failed.
    pub async fn invite(
        &self,
        user: &UserId,
        link: &InviteGuardian,
        now: Timestamp,
    ) -> Result<(), MinorsError> {
        let link = LinkRow { key: link.key, until: now.plus_millis(LINK_LIFE) };
        self.change(user, now, |row| match row.guardian {
            Some(_) => Err(MinorsError::Guarded),
            None => Ok(MinorRow { link: Some(link.clone()), ..row.clone() }),
        })
        .await
        .map(drop)
    }

    /// Whether somebody may speak about an account at all: a look before anything is spent on their signature.
    ///
    /// # Errors
    /// [`MinorsError::NotTheGuardian`], [`MinorsError::Link`] and what else the word would be refused for; the store failed.
    pub async fn glance(&self, word: &GuardianWord, now: Timestamp) -> Result<(), MinorsError> {
        let row = self.row(&word.tbs.minor.id, now).await?.map(|(_, row)| row).filter(|row| row.holds(now));
        row.ok_or_else(|| no_minor(&word.tbs.act))?.after(word, now).map(drop)
    }

    /// Takes a guardian's word whose signature the caller verified.
    ///
    /// # Errors
    /// [`MinorsError`] says why it does not hold.
    pub async fn hear(&self, word: &GuardianWord, now: Timestamp) -> Result<Guarded, MinorsError> {
        if word.tbs.act == Act::Look {
            self.glance(word, now).await?;
            let row = self.row(&word.tbs.minor.id, now).await?.ok_or(MinorsError::NotTheGuardian)?;
            return Ok(row.1.guarded(now));
        }
        let row = self.change(&word.tbs.minor.id, now, |row| match row.holds(now) {
            true => row.after(word, now),
            false => Err(no_minor(&word.tbs.act)),
        });
        let row = row.await?;
        self.follow(&word.tbs.minor.id, now).await?;
        Ok(row.guarded(now))
    }

    /// Lets go of accounts whose people came of age, of what is open no more, and of proofs that are good no more.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), MinorsError> {
        let mut range = KeyRange::all();
        loop {
            let page = self.store.scan(MARKED, range.clone(), PAGE).await.map_err(MinorsError::Read)?;
            let Some((last, _)) = page.last() else { break };
            range.start = [last, [0].as_slice()].concat().into();
            for (key, _) in &page {
                if let Some(user) = std::str::from_utf8(key).ok().and_then(|text| text.parse().ok()) {
                    self.follow(&user, now).await?;
                }
            }
        }
        let over = decide::day(now).saturating_sub(2);
        let range = KeyRange { end: Some(over.to_be_bytes().to_vec().into()), ..KeyRange::all() };
        loop {
            let page = self.store.scan(SPENT, range.clone(), PAGE).await.map_err(MinorsError::Read)?;
            if page.is_empty() {
                return Ok(());
            }
            let mut batch = Batch::new();
            for (key, _) in page {
                batch.delete(SPENT, key);
            }
            self.store.commit(batch).await.map_err(MinorsError::Write)?;
        }
    }

    /// Brings what an account is found by into line with how far it is open, and forgets a marking that ended.
    async fn follow(&self, user: &UserId, now: Timestamp) -> Result<(), MinorsError> {
        for _ in 0..ATTEMPTS {
            let Some((old, row)) = self.row(user, now).await? else { return Ok(()) };
            let found = !row.entry.is_empty() && row.openness(now) == Openness::Found;
            let entered = row.entered.is_some();
            let was_open = MinorRow::decode(&old)?.open.is_some();
            let (ended, over) = (!row.holds(now), was_open && row.opening(now).is_none());
            if found == entered && !ended && !over {
                return Ok(());
            }
            let mut batch = Batch::new();
            batch.assert_equals(MARKED, key(user), old);
            if found != entered {
                self.discovery.keep(&mut batch, &row.entry, found).map_err(MinorsError::Discovery)?;
            }
            match ended {
                true => batch.delete(MARKED, key(user)),
                false => {
                    let row = MinorRow { entered: found.then_some(()), open: row.opening(now), ..row };
                    batch.put(MARKED, key(user), row.encode())
                }
            };
            if self.commit(batch).await? {
                if found != entered {
                    self.discovery.kept(found);
                }
                return Ok(());
            }
        }
        Err(MinorsError::Contended)
    }

    async fn change(
        &self,
        user: &UserId,
        now: Timestamp,
        decide: impl Fn(&MinorRow) -> Result<MinorRow, MinorsError>,
    ) -> Result<MinorRow, MinorsError> {
        for _ in 0..ATTEMPTS {
            let (old, row) = self.row(user, now).await?.ok_or(MinorsError::NotTheGuardian)?;
            let row = decide(&row)?;
            let mut batch = Batch::new();
            batch.assert_equals(MARKED, key(user), old);
            batch.put(MARKED, key(user), row.encode());
            if self.commit(batch).await? {
                return Ok(row);
            }
        }
        Err(MinorsError::Contended)
    }

    /// False if it was spent before.
    async fn spend(&self, proof: &ReachProof) -> Result<bool, MinorsError> {
        let key = rows::spent_key(proof.day, &proof.nonce);
        let mut batch = Batch::new();
        batch.assert_absent(SPENT, key.clone()).put(SPENT, key, rows::spent());
        self.commit(batch).await
    }

    /// A row as it is kept, and as it counts: what was opened by a guardian who does not count now, is not open.
    async fn row(&self, user: &UserId, now: Timestamp) -> Result<Option<(Bytes, MinorRow)>, MinorsError> {
        let found = self.store.get(MARKED, key(user).into()).await.map_err(MinorsError::Read)?;
        let Some(bytes) = found else { return Ok(None) };
        let mut row = MinorRow::decode(&bytes)?;
        let barred = |user: &UserUri| self.barred.get().is_some_and(|barred| barred(user, now));
        if row.guardian.as_ref().is_some_and(|guardian| barred(&guardian.user)) {
            row.open = None;
        }
        Ok(Some((bytes, row)))
    }

    /// False if an assert did not hold.
    async fn commit(&self, batch: Batch) -> Result<bool, MinorsError> {
        match self.store.commit(batch).await {
            Ok(_) => Ok(true),
            Err(StoreError::AssertFailed { .. }) => Ok(false),
            Err(error) => Err(MinorsError::Write(error)),
        }
    }
}

/// What somebody hears about an account that is no minor's: the same as about one whose guardian they are not.
fn no_minor(act: &Act) -> MinorsError {
    match act {
        Act::Accept(_) => MinorsError::Link,
        _ => MinorsError::NotTheGuardian,
    }
}

fn key(user: &UserId) -> Vec<u8> {
    user.as_str().as_bytes().to_vec()
}
