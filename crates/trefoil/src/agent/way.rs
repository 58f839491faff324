//! What the transfer of files needs of an account, so that it goes on beside the agent: the store, the service, and the
//! token as it is now.

use super::AgentError;
use crate::transport::Service;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use trefoil_store::LocalStore;
use zeroize::Zeroizing;

/// How long whoever wants to use the way waits for the account to be let in.
const FIRST_TOKEN: Duration = Duration::from_secs(10);

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

    /// The same, but waits a while for the first one: for what goes on beside the agent.
    ///
    /// # Errors
    /// [`AgentError::TooSlow`] if none came, or the account was closed.
    pub async fn first_bearer(&self) -> Result<Zeroizing<String>, AgentError> {
        let mut token = self.token.clone();
        let given = tokio::time::timeout(FIRST_TOKEN, token.wait_for(|token| !token.is_empty()));
        match given.await {
            Ok(Ok(token)) => Ok(token.clone()),
            Ok(Err(_)) | Err(_) => Err(AgentError::TooSlow),
        }
    }
}

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Way").field("service", &self.service).finish_non_exhaustive()
    }
}
