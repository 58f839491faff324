//! What peers did that they must not: counted, bounded, for the operator.

use super::{FederationError, rows};
use std::sync::Arc;
use tokio::sync::Mutex;
use trefoil_proto::{Domain, ErrorCode, Timestamp};
use trefoil_store::{Batch, KeyRange, Store};

/// Incidents kept.
const KEPT: u16 = 1024;

/// Something a peer sent that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// When.
    pub at: Timestamp,
    /// Who, by its certificate.
    pub from: Domain,
    /// Why it was refused.
    pub reason: IncidentReason,
}

/// Why something from a peer was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum IncidentReason {
    /// It notified about a room of another service.
    RoomOfAnotherService = 1,
    /// An event in the notification belongs to another room.
    EventOfAnotherRoom = 2,
    /// The notification cannot be decoded, or holds what no notification holds.
    Malformed = 3,
    /// It handed on a message or change of someone who is not its own.
    VouchedForAnother = 4,
}

impl IncidentReason {
    const ALL: [Self; 4] =
        [Self::RoomOfAnotherService, Self::EventOfAnotherRoom, Self::Malformed, Self::VouchedForAnother];

    /// The code that the peer is answered with.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::RoomOfAnotherService | Self::EventOfAnotherRoom | Self::VouchedForAnother => {
                ErrorCode::WrongDomain
            }
            Self::Malformed => ErrorCode::Malformed,
        }
    }

    /// For a log or a developer.
    pub fn text(self) -> &'static str {
        match self {
            Self::RoomOfAnotherService => "a room of another service",
            Self::EventOfAnotherRoom => "an event of another room",
            Self::Malformed => "a malformed notification",
            Self::VouchedForAnother => "someone of another service",
        }
    }

    pub(super) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| *reason as u8 == number)
    }
}

impl std::fmt::Display for IncidentReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

pub(super) struct Incidents {
    store: Arc<dyn Store>,
    /// The number of the next one; unknown until the first.
    next: Mutex<Option<u64>>,
}

impl Incidents {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, next: Mutex::default() }
    }

    /// Newest last.
    async fn all(&self) -> Result<Vec<(u64, Incident)>, FederationError> {
        let found = self.store.scan(rows::INCIDENTS, KeyRange::all(), usize::from(KEPT)).await?;
        let mut all: Vec<_> = found.iter().filter_map(|(_, row)| rows::decode_incident(row)).collect();
        all.sort_by_key(|(number, _)| *number);
        Ok(all)
    }

    async fn record(&self, incident: &Incident) -> Result<(), FederationError> {
        let mut next = self.next.lock().await;
        let number = match *next {
            Some(number) => number,
            None => self.all().await?.last().map_or(0, |(number, _)| number + 1),
        };
        let slot = u16::try_from(number % u64::from(KEPT)).expect("a remainder is below its divisor");
        let mut batch = Batch::new();
        batch.put(rows::INCIDENTS, slot.to_be_bytes().to_vec(), rows::encode_incident(number, incident));
        self.store.commit(batch).await?;
        *next = Some(number + 1);
        Ok(())
    }
}

impl super::Federation {
    /// Records that a peer sent what it must not, and says so in the log. A failure to record is logged and no more:
    /// the refusal stands in any case.
    pub async fn record_incident(&self, from: &Domain, reason: IncidentReason, now: Timestamp) {
        tracing::warn!(%from, %reason, "refused from another service");
        let incident = Incident { at: now, from: from.clone(), reason };
        if let Err(error) = self.incidents.record(&incident).await {
            tracing::error!(%error, "an incident was not recorded");
        }
    }

    /// The last incidents, newest last; at most 1024.
    ///
    /// # Errors
    /// [`FederationError::Store`].
    pub async fn incidents(&self) -> Result<Vec<Incident>, FederationError> {
        Ok(self.incidents.all().await?.into_iter().map(|(_, incident)| incident).collect())
    }
}
