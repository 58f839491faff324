//! What a running service does by itself: it forgets what has run out, and looks after mailboxes.

use crate::{
    accounts::Accounts,
    clock::Clock,
    edge::{Edge, House},
    mailbox::{Mailboxes, Residents},
    staff::Staff,
};
use futures_util::future::BoxFuture;
use std::{sync::Arc, time::Duration};
use trefoil_proto::{DeviceUri, Domain, mimi::fanout::Recipient};

/// Between two rounds of forgetting what has run out.
const SWEEP: Duration = Duration::from_secs(600);
/// After mailboxes could not be looked after.
const PAUSE: Duration = Duration::from_secs(5);

/// The devices of the service's accounts.
pub(super) struct Registered {
    pub(super) accounts: Arc<Accounts>,
    pub(super) domain: Domain,
}

impl Residents for Registered {
    fn has<'a>(&'a self, device: &'a Recipient) -> BoxFuture<'a, Option<bool>> {
        let Recipient { user, device } = device.clone();
        let uri = DeviceUri { domain: self.domain.clone(), user, device };
        Box::pin(async move { self.accounts.device(&uri).await.ok().map(|found| found.is_some()) })
    }
}

/// Looks after the mailboxes that were appended to, as soon as there is something to do.
pub(super) async fn tend(mailboxes: Arc<Mailboxes>, residents: Registered, clock: Arc<dyn Clock>) {
    loop {
        mailboxes.needs_tending().await;
        while let Err(error) = mailboxes.tend(&residents, clock.now()).await {
            tracing::warn!(%error, "mailboxes could not be looked after");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Forgets what has run out, again and again.
pub(super) async fn sweep(edge: Arc<Edge>, house: House, staff: Arc<Staff>, clock: Arc<dyn Clock>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let now = clock.now();
        if edge.sweep().await.is_err() {
            tracing::warn!("the sweep of tokens stopped early");
        }
        house.rendezvous.sweep(now);
        if let Err(error) = house.accounts.sweep(now).await {
            tracing::warn!(%error, "the sweep of accounts stopped early");
        }
        if let Err(error) = house.keys.sweep(now).await {
            tracing::warn!(%error, "the sweep of key packages stopped early");
        }
        if let Err(error) = house.media.sweep(now).await {
            tracing::warn!(%error, "the sweep of media stopped early");
        }
        if let Err(error) = house.backups.sweep(now).await {
            tracing::warn!(%error, "the sweep of backups stopped early");
        }
        if let Err(error) = house.behaviour.sweep(now).await {
            tracing::warn!(%error, "the sweep of counts stopped early");
        }
        if let Err(error) = house.passes.sweep(now).await {
            tracing::warn!(%error, "the sweep of spent passes stopped early");
        }
        if let Err(error) = house.minors.sweep(now).await {
            tracing::warn!(%error, "the sweep of minors' accounts stopped early");
        }
        if let Err(error) = house.safety.sweep(now).await {
            tracing::warn!(%error, "the sweep of reports stopped early");
        }
        if let Err(error) = staff.sweep(now).await {
            tracing::warn!(%error, "the sweep of invitations stopped early");
        }
        if let Err(error) = house.mailboxes.sweep(now).await {
            tracing::warn!(%error, "the sweep of mailboxes stopped early");
        }
    }
}
