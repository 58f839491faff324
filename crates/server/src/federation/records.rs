//! What is recorded of other services, read from beside a service that may run.

use super::{FederationError, Incident, Refusal, Strange, incidents, rows};
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

    /// Shows what waits for another service in a form that this version does not know, service by service.
    ///
    /// # Errors
    /// [`FederationError::Store`].
    pub fn strange(&self, mut see: impl FnMut(Domain, Strange)) -> Result<(), FederationError> {
        let mut range = KeyRange::all();
        loop {
            let found = self.view.scan(rows::STRANGE, &range, STEP)?;
            let Some((last, _)) = found.last() else { return Ok(()) };
            range.start = [last.as_ref(), &[0]].concat().into();
            for (key, row) in &found {
                if let (Some(domain), Some(strange)) = (rows::domain_of(key), rows::decode_strange(row)) {
                    see(domain, strange);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::federation::IncidentReason;
    use trefoil_proto::{ErrorCode, Timestamp};
    use trefoil_store::{Batch, SqliteOptions, SqliteStore, Store as _};

    fn refusal(number: u64) -> Refusal {
        Refusal {
            number,
            at: Timestamp(1000 + number),
            status: 403,
            code: ErrorCode::WrongDomain,
            room: "mimi://account.test/r/x".parse().unwrap(),
            body: b"what was refused".to_vec().into(),
        }
    }

    #[tokio::test]
    async fn everything_recorded_is_read_beside_the_store_that_holds_it() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("service.db");
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        let [first, second]: [Domain; 2] = ["a.test", "b.test"].map(|domain| domain.parse().unwrap());
        let mut batch = Batch::new();
        // More than one step of the first, one of the second.
        let many = 2 * STEP as u64 + 1;
        for number in 0..many {
            let slot = u16::try_from(number).unwrap();
            batch.put(rows::REFUSED, rows::slot_key(&first, slot), rows::encode_refused(&refusal(number)));
        }
        batch.put(rows::REFUSED, rows::slot_key(&second, 0), rows::encode_refused(&refusal(0)));
        let incidents: Vec<_> = [Some(second.clone()), None, Some(first.clone())]
            .into_iter()
            .map(|from| Incident { at: Timestamp(1), from, reason: IncidentReason::Malformed })
            .collect();
        for (number, incident) in (0..).zip(&incidents) {
            let key = rows::incident_key(incident.from.as_ref(), 0);
            batch.put(rows::INCIDENTS, key, rows::encode_incident(number, incident));
        }
        let strange = Strange { at: Timestamp(5), entry: b"of tomorrow".to_vec().into() };
        let key = rows::strange_key(&second, trefoil_store::Position(1));
        batch.put(rows::STRANGE, key, rows::encode_strange(&strange));
        store.commit(batch).await.unwrap();

        let records = Records::new(SqliteView::open(&path).unwrap());
        assert_eq!(records.incidents().unwrap(), incidents);
        let mut put_by = Vec::new();
        records.strange(|domain, strange| put_by.push((domain, strange))).unwrap();
        assert_eq!(put_by, [(second.clone(), strange)]);
        let mut seen = Vec::new();
        records.refused(|domain, refusal| seen.push((domain, refusal))).unwrap();
        let expected = (0..many).map(|number| (first.clone(), refusal(number)));
        let expected: Vec<_> = expected.chain([(second.clone(), refusal(0))]).collect();
        assert_eq!(seen, expected);
    }
}
