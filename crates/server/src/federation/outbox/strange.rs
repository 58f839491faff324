//! Outbox entries that another version wrote and this one does not know. They are put by, so that the others go on, and
//! for the operator to see; the version that knows them sends them when it starts.

use crate::federation::{Federation, FederationError, rows};
use bytes::Bytes;
use trefoil_proto::{Domain, Timestamp};
use trefoil_store::{Batch, Entry, KeyRange, Store};

/// Rows held in memory at once: each may be as large as a notification.
pub(in crate::federation) const STEP: usize = 16;

/// An outbox entry of an unknown form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strange {
    /// When it was put by.
    pub at: Timestamp,
    /// The entry as it was found.
    pub entry: Bytes,
}

/// Puts entries by. The same ones again change nothing else.
pub(super) async fn put_by(
    federation: &Federation,
    domain: &Domain,
    entries: &[Entry],
) -> Result<(), FederationError> {
    tracing::error!(peer = %domain, count = entries.len(), "outbox entries of an unknown form were put by");
    let at = federation.clock.now();
    let mut batch = Batch::new();
    for Entry { position, body } in entries {
        let strange = Strange { at, entry: body.clone() };
        batch.put(rows::STRANGE, rows::strange_key(domain, *position), rows::encode_strange(&strange));
    }
    federation.store.commit(batch).await?;
    Ok(())
}

/// Hands those entries of a peer that this version knows back to its queue, behind what waits there.
pub(super) async fn take_back(store: &dyn Store, domain: &Domain) -> Result<(), FederationError> {
    let mut range = KeyRange::prefix(rows::domain_prefix(domain));
    loop {
        let found = store.scan(rows::STRANGE, range.clone(), STEP).await?;
        let Some((last, _)) = found.last() else { return Ok(()) };
        range.start = [last.as_ref(), &[0]].concat().into();
        let mut batch = Batch::new();
        for (key, row) in &found {
            if let Some(Strange { entry, .. }) = rows::decode_strange(row)
                && rows::decode_outbox(&entry).is_some()
            {
                batch.append(vec![rows::outbox(domain)], entry);
                batch.delete(rows::STRANGE, key.clone());
            }
        }
        if !batch.is_empty() {
            store.commit(batch).await?;
        }
    }
}
