//! Passes for turning to this service's people from another one (`docs/spec/passes.md`): Privacy Pass tokens (RFC 9578,
//! type 0x0001), issued on the word of another service, which knows who asks and does not say so, and spent once. This
//! service is issuer and origin; the other one is the attester (RFC 9576).
//!
//! The key is another one each day, derived and not stored. Spent passes are remembered as long as their key is good.

mod decide;
mod error;
mod rows;
#[cfg(test)]
mod tests;

pub use error::PassesError;
pub use rows::TABLES;

use crate::secrets::SecretKey;
use decide::Issuer;
use rows::SPENT;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use trefoil_proto::{
    Domain, Timestamp,
    passes::{self, BATCH, IssueRequest, Issued, Token},
};
use trefoil_store::{Batch, KeyRange, Store, StoreError};

/// Rows that are forgotten at a time.
const PAGE: usize = 512;

/// The passes of one service.
pub struct Passes {
    store: Arc<dyn Store>,
    seed: SecretKey,
    challenge: [u8; 32],
    /// Those of today and yesterday, once they were needed.
    issuers: Mutex<BTreeMap<u32, Arc<Issuer>>>,
}

impl Passes {
    /// Passes of a service, under keys from a seed.
    pub fn new(store: Arc<dyn Store>, domain: &Domain, seed: SecretKey) -> Self {
        Self { store, seed, challenge: passes::challenge_digest(domain), issuers: Mutex::default() }
    }

    /// Issues passes under the key of today. Nothing of what is issued can be told again when it is spent.
    ///
    /// # Errors
    /// Too many at once, another type of token, another day's key, no elements.
    pub async fn issue(&self, request: IssueRequest, now: Timestamp) -> Result<Issued, PassesError> {
        if request.requests.len() > BATCH {
            return Err(PassesError::TooMany);
        }
        let issuer = self.issuer(decide::day(now))?;
        // Some milliseconds each.
        tokio::task::spawn_blocking(move || issuer.issue(&request)).await.map_err(|_| PassesError::Stopped)?
    }

    /// Spends a pass: it is good once. On the disk when this returns.
    ///
    /// # Errors
    /// [`PassesError::Bad`], [`PassesError::Spent`]; the store failed.
    pub async fn spend(&self, token: Token, now: Timestamp) -> Result<(), PassesError> {
        if token.challenge_digest != self.challenge {
            return Err(PassesError::Bad);
        }
        let today = decide::day(now);
        // A pass outlives midnight by a day, or some would be void as they are made.
        for day in [today, today.saturating_sub(1)] {
            let issuer = self.issuer(day)?;
            if issuer.key().id() != token.key_id {
                continue;
            }
            let nonce = token.nonce;
            let good = tokio::task::spawn_blocking(move || issuer.is_good(&token))
                .await
                .map_err(|_| PassesError::Stopped)??;
            return if good { self.spend_nonce(day, &nonce).await } else { Err(PassesError::Bad) };
        }
        Err(PassesError::Bad)
    }

    /// Forgets passes whose keys are no longer good.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), PassesError> {
        let yesterday = decide::day(now).saturating_sub(1);
        self.lock().retain(|day, _| *day >= yesterday);
        let range = KeyRange { end: Some(yesterday.to_be_bytes().to_vec().into()), ..KeyRange::all() };
        loop {
            let page = self.store.scan(SPENT, range.clone(), PAGE).await.map_err(PassesError::Read)?;
            if page.is_empty() {
                return Ok(());
            }
            let mut batch = Batch::new();
            for (key, _) in page {
                batch.delete(SPENT, key);
            }
            self.store.commit(batch).await.map_err(PassesError::Write)?;
        }
    }

    async fn spend_nonce(&self, day: u32, nonce: &[u8; 32]) -> Result<(), PassesError> {
        let key = rows::spent_key(day, nonce);
        let mut batch = Batch::new();
        batch.assert_absent(SPENT, key.clone()).put(SPENT, key, rows::spent());
        match self.store.commit(batch).await {
            Ok(_) => Ok(()),
            Err(StoreError::AssertFailed { .. }) => Err(PassesError::Spent),
            Err(error) => Err(PassesError::Write(error)),
        }
    }

    fn issuer(&self, day: u32) -> Result<Arc<Issuer>, PassesError> {
        if let Some(issuer) = self.lock().get(&day) {
            return Ok(Arc::clone(issuer));
        }
        let issuer = Arc::new(Issuer::of(&self.seed, day)?);
        self.lock().insert(day, Arc::clone(&issuer));
        Ok(issuer)
    }

    /// The map is whole between any two statements, so a panic elsewhere leaves it usable.
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u32, Arc<Issuer>>> {
        self.issuers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
