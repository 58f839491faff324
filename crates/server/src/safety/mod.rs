//! Reports, and what a team decides about them. A report is taken only if this hub's own stamps prove each message that it shows
//! (`docs/spec/reports.md`); nothing here reads what nobody reported, and nothing can. What is decided is for one reason of a written
//! policy, told to the person, and open to appeal before somebody else (`docs/spec/decisions.md`).

pub mod case;
mod decide;
mod desk;
mod due;
mod error;
pub mod evidence;
mod exhibits;
mod figures;
mod follow;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod joining;
pub mod known;
mod load;
mod look;
pub mod policy;
mod quarter;
mod reports;
mod rows;
mod standing;
pub mod statement;
mod statements;
#[cfg(test)]
mod tests;
pub mod tipline;
mod tips;

pub use decide::{MESSAGES, NOTE, shown_by};
pub use error::SafetyError;
pub use exhibits::Listed;
pub use figures::{Figure, Figures, figures};
pub use load::Wellbeing;
pub use look::{History, Item, Shown, Waiting, cases};
pub use quarter::{Quarter, QuarterError};
pub use reports::{KEPT, Taken, TakenReport, taken};
pub use rows::TABLES;
pub use standing::Standing;
pub use statements::statements;
pub use tips::{Tip, TipSettings};

use crate::{federation::Federation, json_row::JsonRow as _, rooms::Rooms, secrets::SecretKey, trail::Trail};
use evidence::{Kept, Reach};
use known::Known;
use rows::{CASES, MEASURES, Measure};
use standing::Standings;
use std::{num::NonZeroU32, sync::Arc};
use tipline::Tipline;
use tokio::sync::{Mutex, Notify, OnceCell};
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
    /// Reports of one person that are looked at at a time.
    pub open_reports: NonZeroU32,
    /// The way to the attachments of what is reported.
    pub reach: Reach,
    /// The key under which files of reports to NCMEC lie.
    pub tips: SecretKey,
    /// The line to NCMEC, where there is one.
    pub tipline: Option<TipSettings>,
}

/// The reports of one service, and what became of them.
pub struct Safety {
    domain: Domain,
    reporters: SecretKey,
    wellbeing: Wellbeing,
    open_reports: NonZeroU32,
    reach: Reach,
    /// Read before anybody is served.
    known: OnceCell<Known>,
    kept: Kept,
    tipline: Tipline,
    tip_settings: Option<TipSettings>,
    store: Arc<dyn Store>,
    trail: Arc<Trail>,
    rooms: Arc<Rooms>,
    federation: Arc<Federation>,
    standings: Standings,
    /// The team's acts follow each other; what is asked at the same moment waits here instead of being tried again.
    turn: Mutex<()>,
    /// Reports are taken one after the other: the second about the same joins the first.
    taking: Mutex<()>,
    due: due::Bells,
    /// Rung when a report to NCMEC can go on.
    tips_due: Notify,
}

impl Safety {
    /// Those about messages in the rooms of this hub, and those that other hubs hand on.
    pub fn new(
        settings: Settings,
        store: Arc<dyn Store>,
        trail: Arc<Trail>,
        rooms: Arc<Rooms>,
        federation: Arc<Federation>,
    ) -> Self {
        let Settings { domain, reporters, wellbeing, open_reports, reach, tips, tipline: tip_settings } =
            settings;
        let tipline = Tipline::new(Arc::clone(&store), Arc::clone(&trail), tips);
        Self {
            domain,
            reporters,
            wellbeing,
            open_reports,
            reach,
            known: OnceCell::new(),
            kept: Kept::new(Arc::clone(&store)),
            tipline,
            tip_settings,
            store,
            trail,
            rooms,
            federation,
            standings: Standings::default(),
            turn: Mutex::default(),
            taking: Mutex::default(),
            due: due::Bells::default(),
            tips_due: Notify::new(),
        }
    }

    /// Reads what is in force. Called once, before anybody is served.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn load(&self) -> Result<(), SafetyError> {
        let rows = self.store.scan(MEASURES, KeyRange::all(), usize::MAX).await;
        for (key, row) in rows.map_err(SafetyError::Read)? {
            let (user, mark) = rows::measured(&key)?;
            self.standings.put(user, mark, Measure::decode(&row)?);
        }
        let open = || Known::open(Arc::clone(&self.store), Arc::clone(&self.trail));
        self.known.get_or_try_init(open).await.map_err(SafetyError::Known)?;
        Ok(())
    }

    /// How somebody stands here now. In memory.
    pub fn standing(&self, user: &UserUri, now: Timestamp) -> Standing {
        self.standings.of(user, now)
    }

    /// Lists of what others found before.
    ///
    /// # Errors
    /// None were read yet: [`Self::load`] comes first.
    pub fn known(&self) -> Result<&Known, SafetyError> {
        self.known.get().ok_or(SafetyError::Contended)
    }

    /// Whose service this one calls: a name that somebody made up must not make it knock at hosts of an inner network.
    fn may_call(&self, domain: &Domain) -> bool {
        *domain == self.domain || self.reach.may_call(domain)
    }

    async fn case(&self, id: CaseId) -> Result<Option<(bytes::Bytes, case::Case)>, SafetyError> {
        let row = self.store.get(CASES, rows::case_key(id).into()).await.map_err(SafetyError::Read)?;
        row.map(|row| Ok((row.clone(), case::Case::decode(&row)?))).transpose()
    }
}
