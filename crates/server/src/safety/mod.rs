//! Reports, and what a team decides about them. A report is taken only if this hub's own stamps prove each message that it shows
//! (`docs/spec/reports.md`); nothing here reads what nobody reported, and nothing can. What is decided is for one reason of a written
//! policy, told to the person, and open to appeal before somebody else (`docs/spec/decisions.md`).

mod audit;
pub mod case;
mod decide;
mod desk;
mod due;
mod error;
pub mod evidence;
mod figures;
mod follow;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
pub mod known;
mod load;
mod look;
pub mod policy;
mod reports;
mod rows;
mod standing;
pub mod statement;
#[cfg(test)]
mod tests;
mod text;
pub mod tipline;

pub use audit::{Act, AuditEntry, broken};
pub use decide::{MESSAGES, NOTE};
pub use error::SafetyError;
pub use figures::{Figure, Figures, figures};
pub use load::Wellbeing;
pub use look::{History, Item, Shown, Waiting, cases};
pub use reports::{KEPT, Taken, TakenReport, taken};
pub use rows::TABLES;
pub use standing::Standing;

use crate::{federation::Federation, rooms::Rooms, secrets::SecretKey};
use rows::{CASES, JsonRow as _, MEASURES, Measure};
use standing::Standings;
use std::sync::Arc;
use tokio::sync::{Mutex, Notify};
use trefoil_proto::{Domain, Timestamp, UserUri, decisions::CaseId};
use trefoil_store::{KeyRange, Store};

/// How long a case is kept after its last change, in milliseconds: two years.
const CASE_KEPT: u64 = 2 * 365 * 24 * 60 * 60 * 1000;

/// What the room is told when the service opens.
pub struct Settings {
    /// The service's domain.
    pub domain: Domain,
    /// By which the team tells reporters apart without learning who they are.
    pub reporters: SecretKey,
    /// What one person of the team sees at most.
    pub wellbeing: Wellbeing,
}

/// The reports of one service, and what became of them.
pub struct Safety {
    settings: Settings,
    store: Arc<dyn Store>,
    rooms: Arc<Rooms>,
    federation: Arc<Federation>,
    standings: Standings,
    /// The team's acts follow each other in the trail; what is asked at the same moment waits here instead of being tried again.
    turn: Mutex<()>,
    /// Rung when something is due.
    due: Notify,
}

impl Safety {
    /// Those about messages in the rooms of this hub, and those that other hubs hand on.
    pub fn new(
        settings: Settings,
        store: Arc<dyn Store>,
        rooms: Arc<Rooms>,
        federation: Arc<Federation>,
    ) -> Self {
        Self {
            settings,
            store,
            rooms,
            federation,
            standings: Standings::default(),
            turn: Mutex::default(),
            due: Notify::new(),
        }
    }

    /// Reads what is in force. Called once, before anybody is served.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn load(&self) -> Result<(), SafetyError> {
        let rows = self.store.scan(MEASURES, KeyRange::all(), usize::MAX).await;
        for (key, row) in rows.map_err(SafetyError::Read)? {
            let user = rows::measured(&key)?;
            let mark = key.get(user.to_string().len() + 1..).and_then(|mark| mark.split_at_checked(10));
            let (case, number) = mark.ok_or(SafetyError::DamagedRow)?;
            let number = number.try_into().map(u32::from_be_bytes).map_err(|_| SafetyError::DamagedRow)?;
            self.standings.put(user, (rows::case_of(case)?, number), Measure::decode(&row)?);
        }
        Ok(())
    }

    /// How somebody stands here now. In memory.
    pub fn standing(&self, user: &UserUri, now: Timestamp) -> Standing {
        self.standings.of(user, now)
    }

    async fn case(&self, id: CaseId) -> Result<Option<(bytes::Bytes, case::Case)>, SafetyError> {
        let row = self.store.get(CASES, rows::case_key(id).into()).await.map_err(SafetyError::Read)?;
        row.map(|row| Ok((row.clone(), case::Case::decode(&row)?))).transpose()
    }
}
