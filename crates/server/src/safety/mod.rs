//! Reports: what people show this service of what they were sent in its rooms. A report is taken only if this hub's own stamps
//! prove each message that it shows (`docs/spec/reports.md`); nothing here reads what nobody reported, and nothing can.

mod decide;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod rows;
#[cfg(test)]
mod tests;

pub use decide::{MESSAGES, NOTE};
pub use error::SafetyError;
pub use rows::TABLES;

use crate::rooms::Rooms;
use rows::{REPORTS, ReportRow};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use trefoil_proto::{RoomUri, Timestamp, UserUri, Wire as _, mimi::report::AbuseReport};
use trefoil_store::{Batch, KeyRange, SqliteView, Store, StoreError};

/// How long a report is kept, in milliseconds: half a year.
pub const KEPT: u64 = 180 * 24 * 60 * 60 * 1000;

/// A report that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenReport {
    /// When.
    pub at: Timestamp,
    /// In which room its messages were sent.
    pub room: RoomUri,
    /// What was shown, proven.
    pub report: AbuseReport,
}

/// What came of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is kept.
    New,
    /// The same bytes were taken before.
    Repeated,
}

/// The reports of one service.
pub struct Safety {
    store: Arc<dyn Store>,
    rooms: Arc<Rooms>,
}

impl Safety {
    /// Those about messages in the rooms of this hub.
    pub fn new(store: Arc<dyn Store>, rooms: Arc<Rooms>) -> Self {
        Self { store, rooms }
    }

    /// Takes a report of `reporter` about a room. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`SafetyError::NotTheReporter`], [`SafetyError::TooMuch`], [`SafetyError::Unproven`]; the store failed.
    pub async fn take(
        &self,
        reporter: &UserUri,
        room: &RoomUri,
        report: AbuseReport,
        now: Timestamp,
    ) -> Result<Taken, SafetyError> {
        decide::prove(reporter, room, &report, |tag, context, frank| {
            self.rooms.has_stamped(tag, context, frank)
        })?;
        let key = Sha256::digest(report.encode()).to_vec();
        let row = ReportRow { at: now, room: room.clone(), report };
        let mut batch = Batch::new();
        batch.assert_absent(REPORTS, key.clone()).put(REPORTS, key, row.encode());
        match self.store.commit(batch).await {
            Ok(_) => Ok(Taken::New),
            Err(StoreError::AssertFailed { .. }) => Ok(Taken::Repeated),
            Err(error) => Err(SafetyError::Write(error)),
        }
    }

    /// Forgets reports whose time is over.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), SafetyError> {
        let mut batch = Batch::new();
        let rows = self.store.scan(REPORTS, KeyRange::all(), usize::MAX).await;
        for (key, row) in rows.map_err(SafetyError::Read)? {
            if ReportRow::decode(&row)?.at.0.saturating_add(KEPT) <= now.0 {
                batch.delete(REPORTS, key);
            }
        }
        self.store.commit(batch).await.map_err(SafetyError::Write)?;
        Ok(())
    }
}

/// The reports in a store, the oldest first, for whoever reads beside the service.
///
/// # Errors
/// The store failed, or a row cannot be read.
pub fn taken(view: &SqliteView) -> Result<Vec<TakenReport>, SafetyError> {
    let rows = view.scan(REPORTS, &KeyRange::all(), usize::MAX).map_err(SafetyError::Read)?;
    let mut all = rows
        .into_iter()
        .map(|(_, row)| {
            let ReportRow { at, room, report } = ReportRow::decode(&row)?;
            Ok(TakenReport { at, room, report })
        })
        .collect::<Result<Vec<_>, SafetyError>>()?;
    all.sort_by_key(|taken| taken.at);
    Ok(all)
}
