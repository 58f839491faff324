//! What the transfer of files needs of an account, so that it goes on beside the agent: the store, the service, and the
//! token as it is now.

use crate::transport::Service;
use std::sync::Arc;
use tokio::sync::watch;
use trefoil_store::LocalStore;
use zeroize::Zeroizing;

/// The way of an account's files.
#[derive(Clone)]
pub struct Way {
    /// Where progress is kept.
    pub store: Arc<dyn LocalStore>,
    /// Where the account is.
    pub service: Service,
    pub(super) token: watch::Receiver<Zeroizing<String>>,
}

impl Way {
    /// The token for `Authorization: Bearer`; empty before the service gave one.
    pub fn bearer(&self) -> Zeroizing<String> {
        self.token.borrow().clone()
    }
}

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Way").field("service", &self.service).finish_non_exhaustive()
    }
}
