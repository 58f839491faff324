//! Passes for turning to this service's people from another one, and for making accounts here (`docs/spec/passes.md`): Privacy
//! Pass tokens (RFC 9578, type 0x0001), issued on the word of another service, which knows who asks and does not say so, and
//! spent once. This service is issuer and origin; the other one is the attester (RFC 9576).
//!
//! The key is another one each day, for registrations each thirty days, derived and not stored. Spent passes are remembered as
//! long as their key is good.

mod decide;
mod error;
mod rows;
#[cfg(test)]
mod tests;

pub use error::PassesError;
pub use rows::TABLES;

use crate::secrets::SecretKey;
use decide::{Issuer, Term};
use rows::SPENT;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use trefoil_proto::{
    Domain, Timestamp,
    passes::{self, BATCH, IssueRequest, Issued, Purpose, Token},
};
use trefoil_store::{Batch, KeyRange, Store, StoreError};

/// Rows that are forgotten at a time.
const PAGE: usize = 512;

/// The passes of one service.
pub struct Passes {
    store: Arc<dyn Store>,
    seed: SecretKey,
    domain: Domain,
    /// Those whose passes are good, once they were needed.
    issuers: Mutex<BTreeMap<Term, Arc<Issuer>>>,
}

/// A good pass that is to be spent. It is spent when its batch is on the disk, and that is so once.
#[derive(Clone, Debug)]
pub struct Spending {
    key: Vec<u8>,
}

impl Spending {
    /// Spends the pass in one commit with whatever else is in it. The one assert does not hold if it was spent.
    pub fn batch(&self) -> Batch {
        let mut batch = Batch::new();
        batch.assert_absent(SPENT, self.key.clone()).put(SPENT, self.key.clone(), rows::spent());
        batch
    }
}

impl Passes {
    /// Passes of a service, under keys from a seed.
    pub fn new(store: Arc<dyn Store>, domain: &Domain, seed: SecretKey) -> Self {
        Self { store, seed, domain: domain.clone(), issuers: Mutex::default() }
    }

    /// Issues passes under the key of this time. Nothing of what is issued can be told again when it is spent.
    ///
    /// # Errors
    /// Too many at once, another type of token, the key of another time or purpose, no elements.
    pub async fn issue(&self, request: IssueRequest, now: Timestamp) -> Result<Issued, PassesError> {
        if request.requests.len() > BATCH {
            return Err(PassesError::TooMany);
        }
        let issuer = self.issuer(Term::now(request.purpose, now))?;
        // Some milliseconds each.
        tokio::task::spawn_blocking(move || issuer.issue(&request)).await.map_err(|_| PassesError::Stopped)?
    }

    /// Spends a pass for a first contact: it is good once. On the disk when this returns.
    ///
    /// # Errors
    /// [`PassesError::Bad`], [`PassesError::Spent`]; the store failed.
    pub async fn spend(&self, token: Token, now: Timestamp) -> Result<(), PassesError> {
        let spending = self.check(token, Purpose::FirstContact, now).await?;
        match self.store.commit(spending.batch()).await {
            Ok(_) => Ok(()),
            Err(StoreError::AssertFailed { .. }) => Err(PassesError::Spent),
            Err(error) => Err(PassesError::Write(error)),
        }
    }

    /// Whether this service made a pass, for this purpose and lately enough. Says nothing of whether it was spent.
    ///
    /// # Errors
    /// [`PassesError::Bad`].
    pub async fn check(
        &self,
        token: Token,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Spending, PassesError> {
        if token.challenge_digest != passes::challenge_digest(&self.domain, purpose) {
            return Err(PassesError::Bad);
        }
        let term = Term::now(purpose, now);
        for term in [term, term.before()] {
            let issuer = self.issuer(term)?;
            if issuer.key().id() != token.key_id {
                continue;
            }
            let key = rows::spent_key(term.spent_day(), &token.nonce);
            let good = tokio::task::spawn_blocking(move || issuer.is_good(&token))
                .await
                .map_err(|_| PassesError::Stopped)??;
            return if good { Ok(Spending { key }) } else { Err(PassesError::Bad) };
        }
        Err(PassesError::Bad)
    }

    /// Whether a pass was spent already.
    ///
    /// # Errors
    /// The store failed.
    pub async fn is_spent(&self, spending: &Spending) -> Result<bool, PassesError> {
        let row = self.store.get(SPENT, spending.key.clone().into()).await.map_err(PassesError::Read)?;
        Ok(row.is_some())
    }

    /// Forgets passes whose keys are no longer good.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), PassesError> {
        let today = decide::day(now);
        self.lock().retain(|term, _| term.last_good_day() >= today);
        let yesterday = today.saturating_sub(1);
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

    fn issuer(&self, term: Term) -> Result<Arc<Issuer>, PassesError> {
        if let Some(issuer) = self.lock().get(&term) {
            return Ok(Arc::clone(issuer));
        }
        let issuer = Arc::new(Issuer::of(&self.seed, term)?);
        self.lock().insert(term, Arc::clone(&issuer));
        Ok(issuer)
    }

    /// The map is whole between any two statements, so a panic elsewhere leaves it usable.
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Term, Arc<Issuer>>> {
        self.issuers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
