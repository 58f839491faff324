//! Policy lists (`docs/spec/policy-lists.md`): recommendations of other services about services and people. An operator chooses whose
//! lists count and what a recommendation does here; a list under another key, or older than the one that is known, is
//! not taken. This service's own list is published as its operator wrote it.

mod decide;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod own;
mod rows;
#[cfg(test)]
mod tests;

pub use decide::{Action, Subscription};
pub use error::PolicyListError;
pub use rows::TABLES;

use crate::{
    clock::Clock,
    federation::{Ask, Federation},
    secrets::SecretKey,
};
use decide::Index;
use ed25519_dalek::SigningKey;
use rows::LISTS;
use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use trefoil_proto::{
    Domain, Timestamp, UserUri, Wire,
    policy_list::{PATH, PolicyList, SignedPolicyList},
};
use trefoil_store::{Batch, Store};

/// Between two looks at what others publish.
const REFRESH: Duration = Duration::from_secs(3600);
/// After a list could not be had.
const AGAIN: Duration = Duration::from_secs(60);

/// What the room is told when the service opens.
pub struct Settings {
    /// The service's domain.
    pub domain: Domain,
    /// Whose lists count, and for what.
    pub subscriptions: Vec<Subscription>,
    /// What the operator wrote, to be published; nothing: there is no list.
    pub own: Option<PathBuf>,
    /// Seed of the key that signs it.
    pub signing: SecretKey,
}

/// The lists of one service.
pub struct PolicyLists {
    settings: Settings,
    signing: SigningKey,
    store: Arc<dyn Store>,
    federation: Arc<Federation>,
    clock: Arc<dyn Clock>,
    index: RwLock<Index>,
}

impl PolicyLists {
    /// The lists in a store.
    pub fn new(
        settings: Settings,
        store: Arc<dyn Store>,
        federation: Arc<Federation>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let signing = SigningKey::from_bytes(settings.signing.bytes());
        let index = RwLock::new(Index::new(settings.domain.clone()));
        Self { settings, signing, store, federation, clock, index }
    }

    /// Reads the lists that were taken before. Called once, before anybody is served.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn load(&self) -> Result<(), PolicyListError> {
        for subscription in &self.settings.subscriptions {
            if let Some(known) = self.known(&subscription.from).await? {
                // Under another key that the operator configured since, it does not count.
                if known.verify(&subscription.key).is_ok() {
                    self.count(subscription, &known.list, true);
                }
            }
        }
        Ok(())
    }

    /// Looks at what others publish, for as long as the service runs.
    pub async fn run(self: Arc<Self>) {
        if let Some(path) = &self.settings.own {
            let key = data_encoding::BASE64URL_NOPAD.encode(self.signing.verifying_key().as_bytes());
            tracing::info!(path = %path.display(), key, "a policy list is published");
        }
        if self.settings.subscriptions.is_empty() {
            return;
        }
        loop {
            let mut pause = REFRESH;
            for subscription in &self.settings.subscriptions {
                if let Err(error) = self.refresh(subscription).await {
                    tracing::warn!(from = %subscription.from, %error, "a policy list was not taken");
                    pause = AGAIN;
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// What this service does about somebody, by the lists that count here: the most severe of what is said about them and
    /// about their service.
    pub fn about(&self, user: &UserUri, now: Timestamp) -> Action {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        index.about_service(&user.domain, now).max(index.about_person(user, now))
    }

    /// The same about a service as a whole.
    pub fn about_service(&self, domain: &Domain, now: Timestamp) -> Action {
        self.index.read().unwrap_or_else(PoisonError::into_inner).about_service(domain, now)
    }

    /// This service's own list, as its operator wrote it, signed.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub async fn published(&self) -> Result<SignedPolicyList, PolicyListError> {
        let path = self.settings.own.as_ref().ok_or(PolicyListError::None)?;
        let text = tokio::fs::read_to_string(path).await.map_err(PolicyListError::File)?;
        let list = own::parse(&text, &self.settings.domain)?;
        SignedPolicyList::sign(list, &self.signing).map_err(PolicyListError::List)
    }

    async fn refresh(&self, subscription: &Subscription) -> Result<(), PolicyListError> {
        let ask = Ask { path: PATH, body: None, limit: SignedPolicyList::LIMIT };
        let told = self.federation.ask(&subscription.from, ask).await.map_err(PolicyListError::Peer)?;
        if told.status != 200 {
            return Err(PolicyListError::Status(told.status));
        }
        self.take(subscription, &told.body).await
    }

    /// Takes a list, if it is its publisher's and no older than the one that is known.
    async fn take(&self, subscription: &Subscription, bytes: &[u8]) -> Result<(), PolicyListError> {
        let known = self.known(&subscription.from).await?;
        let known = known.filter(|known| known.verify(&subscription.key).is_ok());
        let list = decide::judge(subscription, known.as_ref(), bytes)?;
        let is_new = known.as_ref() != Some(&list);
        if is_new {
            let mut batch = Batch::new();
            batch.put(LISTS, rows::key(&subscription.from), rows::encode(&list));
            self.store.commit(batch).await.map_err(PolicyListError::Write)?;
            let (from, sequence) = (&subscription.from, list.list.sequence);
            tracing::info!(%from, sequence, entries = list.list.entries.len(), at = self.clock.now().0, "a policy list was taken");
        }
        self.count(subscription, &list.list, is_new);
        Ok(())
    }

    /// From now on a list counts. What it says of this service and its people does not; that it says so stands in the log, once a
    /// list.
    fn count(&self, subscription: &Subscription, list: &PolicyList, is_new: bool) {
        let ignored = self.index().put(subscription, list);
        if is_new && ignored > 0 {
            let (from, sequence) = (&subscription.from, list.sequence);
            tracing::warn!(%from, sequence, ignored, "a policy list speaks of this service or its people: that does not count");
        }
    }

    async fn known(&self, from: &Domain) -> Result<Option<SignedPolicyList>, PolicyListError> {
        let row = self.store.get(LISTS, rows::key(from).into()).await.map_err(PolicyListError::Read)?;
        row.map(|row| rows::decode(&row)).transpose()
    }

    /// The index is whole between any two statements, so a panic elsewhere leaves it usable.
    fn index(&self) -> std::sync::RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}
