//! What is recorded of other services, read from beside a service that may run.

use super::{FederationError, Incident, Refusal, incidents, rows};
use trefoil_proto::Domain;
use trefoil_store::{KeyRange, SqliteView};

/// Refused entries that are held in memory at once: each may be as large as a notification.
const STEP: usize = 16;

/// The records of one service.
pub struct Records {
    view: SqliteView,
}

impl Records {
    /// Those in a service's store.
    pub fn new(view: SqliteView) -> Self {
        Self { view }
    }

    /// What other services did that they must not, newest last; at most the last 64 of each.
    ///
    /// # Errors
    /// [`FederationError::Store`].
    pub fn incidents(&self) -> Result<Vec<Incident>, FederationError> {
        let found = self.view.scan(rows::INCIDENTS, &KeyRange::all(), incidents::ROWS)?;
        Ok(incidents::in_order(incidents::decode(&found)))
    }

    /// Shows what each other service refused for good, service by service; of each at most its last 1024.
    ///
    /// # Errors
    /// [`FederationError::Store`].
    pub fn refused(&self, mut see: impl FnMut(Domain, Refusal)) -> Result<(), FederationError> {
        let mut range = KeyRange::all();
        loop {
            let found = self.view.scan(rows::REFUSED, &range, STEP)?;
            let Some((last, _)) = found.last() else { return Ok(()) };
            range.start = [last.as_ref(), &[0]].concat().into();
            for (key, row) in &found {
                if let (Some(domain), Some(refusal)) = (rows::domain_of(key), rows::decode_refused(row)) {
                    see(domain, refusal);
                }
            }
        }
    }
}
