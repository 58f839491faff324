//! Taking reports, of people and of hubs, and forgetting them.

use super::{
    CASE_KEPT, Safety, SafetyError,
    case::Case,
    decide, due, look,
    rows::{self, ABOUT, CASES, DUE, Due, LOAD, MEASURES, Measure, QUEUE, REPORTS, ReportRow, TAKEN},
};
use crate::json_row::JsonRow as _;
use sha2::{Digest as _, Sha256};
use trefoil_proto::{
    Domain, RoomUri, Timestamp, UserUri, Wire as _,
    decisions::CaseId,
    defence::Defence,
    franking::{FrankingTag, SenderFrank},
    mimi::report::{AbuseReport, AbuseType, AbusiveMessage, ForwardedReport},
};
use trefoil_store::{Batch, KeyRange, SqliteView};

/// How often a report is taken again because the case that it joins changed meanwhile.
const ATTEMPTS: usize = 8;
/// How long a report is kept, in milliseconds: half a year.
pub const KEPT: u64 = 180 * 24 * 60 * 60 * 1000;
/// Other cases about a person that are counted when a new one is opened.
const OTHERS: usize = 4;

/// A report that was taken, as far as an operator is shown it: neither who reported nor what was shown. That is the team's, whose
/// looks are in the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenReport {
    /// The case that it opened or joined.
    pub case: CaseId,
    /// When.
    pub at: Timestamp,
    /// Which hub handed it on.
    pub by: Option<Domain>,
    /// Who is reported.
    pub about: UserUri,
    /// In which room its messages were sent.
    pub room: RoomUri,
    /// Why.
    pub reason: AbuseType,
    /// How many messages are shown, all proven.
    pub messages: usize,
}

/// What came of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is kept.
    New,
    /// The same bytes were taken before.
    Repeated,
}

impl Safety {
    /// Takes a report of `reporter` about a room. It is on the disk, and waits for the team, when this returns: in a case of its own,
    /// or in one that waits already and has the same message. What is about a person of another service is handed on to it.
    ///
    /// # Errors
    /// [`SafetyError::NotTheReporter`], [`SafetyError::Stranger`], [`SafetyError::TooMuch`], [`SafetyError::Unproven`]; the store
    /// failed; [`SafetyError::TooManyOpen`].
    pub async fn take(
        &self,
        reporter: &UserUri,
        room: &RoomUri,
        report: AbuseReport,
        now: Timestamp,
    ) -> Result<Taken, SafetyError> {
        if !self.may_call(&report.alleged_abuser.domain) {
            return Err(SafetyError::Stranger);
        }
        decide::prove(reporter, room, &report, |tag, context, frank| {
            self.rooms.has_stamped(tag, context, frank)
        })?;
        let digest = Sha256::digest(report.encode()).into();
        let row = ReportRow {
            digest,
            at: now,
            reporter: Some(report.reporting_user),
            by: None,
            about: report.alleged_abuser,
            room: room.clone(),
            reason: report.reason,
            note: report.note,
            messages: report.messages,
        };
        self.open(row, now).await
    }

    /// Takes what another service, the hub of a room, hands on about a person of this one. `hub_key` is the key by which that service
    /// stamps.
    ///
    /// # Errors
    /// [`SafetyError::HandedOn`], [`SafetyError::TooMuch`]; the store failed.
    pub async fn take_over(
        &self,
        hub: &Domain,
        hub_key: &ed25519_dalek::VerifyingKey,
        report: ForwardedReport,
        now: Timestamp,
    ) -> Result<Taken, SafetyError> {
        let tbs = &report.tbs;
        if tbs.messages.len() > decide::MESSAGES {
            return Err(SafetyError::TooMuch);
        }
        let by_hub = tbs.room.domain == *hub || !Defence::HandedOnByHub.stands();
        let concerns = by_hub && tbs.alleged_abuser.domain == self.domain;
        let marked = |tag: &FrankingTag, mark: &SenderFrank| {
            self.rooms.has_marked(tag, &tbs.alleged_abuser, &tbs.room, mark)
        };
        let sent = tbs.messages.iter().all(|message| decide::was_handed_over(message, marked));
        if !concerns || !sent || report.verify(hub_key).is_err() {
            return Err(SafetyError::HandedOn);
        }
        let digest = Sha256::digest(report.encode()).into();
        let row = ReportRow {
            digest,
            at: now,
            reporter: None,
            by: Some(hub.clone()),
            about: report.tbs.alleged_abuser,
            room: report.tbs.room,
            reason: report.tbs.reason,
            note: Vec::new(),
            messages: report.tbs.messages,
        };
        self.open(row, now).await
    }

    async fn open(&self, row: ReportRow, now: Timestamp) -> Result<Taken, SafetyError> {
        let _one = self.taking.lock().await;
        for _ in 0..ATTEMPTS {
            let digest = row.digest.to_vec();
            if self.store.get(TAKEN, digest.clone().into()).await.map_err(SafetyError::Read)?.is_some() {
                return Ok(Taken::Repeated);
            }
            self.may_report(&row).await?;
            let mut batch = match self.case_about_the_same(&row).await? {
                Some(open) => self.join(open, &row, now),
                None => self.open_case(&row, now).await?,
            };
            batch.assert_absent(TAKEN, digest);
            // Not: the case that it joins changed meanwhile.
            if self.commit(batch).await? {
                self.due.ring();
                return Ok(Taken::New);
            }
        }
        Err(SafetyError::Contended)
    }

    /// A report opens a case.
    async fn open_case(&self, row: &ReportRow, now: Timestamp) -> Result<Batch, SafetyError> {
        // Told to whom it is about, and in published statements: made of the report it would say who reported.
        let id = CaseId(rand::random());
        let others = KeyRange::prefix(rows::about_prefix(&row.about));
        let others = self.store.scan(ABOUT, others, OTHERS).await.map_err(SafetyError::Read)?.len();
        let ours = row.about.domain == self.domain;
        let case = Case::open(row.about.clone(), ours, row.reason, others, now);
        let case = Case { room: Some(row.room.clone()), ..case.showing(look::exposed(&row.messages)) };
        let mut batch = Batch::new();
        batch.assert_absent(CASES, rows::case_key(id)).put(CASES, rows::case_key(id), case.encode());
        batch.put(ABOUT, rows::about_key(&row.about, id), Vec::new());
        if let Some(queue) = case.queue() {
            batch.put(QUEUE, rows::queue_key(queue, id, &case), Vec::new());
        }
        self.keep(&mut batch, id, 0, row);
        if attached(&row.messages) {
            batch.put(DUE, rows::due_key(id, due::COMPARE), Due::Compare { since: now }.encode());
        }
        if !ours && row.by.is_none() {
            batch.put(DUE, due::hand_on_key(id, 0), Due::HandOn { since: now, report: 0 }.encode());
        }
        Ok(batch)
    }

    /// Forgets what has run out: reports, cases, ended measures, the trail, what was seen on days that are over, reports to NCMEC.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn sweep(&self, now: Timestamp) -> Result<(), SafetyError> {
        let mut batch = Batch::new();
        self.forget_reports(&mut batch, now).await?;
        let mut ended = Vec::new();
        for (key, row) in self.all(MEASURES).await? {
            if Measure::decode(&row)?.until.is_some_and(|until| until <= now) {
                ended.push(rows::measured(&key)?);
                batch.delete(MEASURES, key);
            }
        }
        for (key, row) in self.all(CASES).await? {
            let (id, case) = (rows::case_of(&key)?, Case::decode(&row)?);
            let banned = super::standing::measures(&case).values().any(|measure| measure.until.is_none());
            if case.changed().0.saturating_add(CASE_KEPT) <= now.0 && case.queue().is_none() && !banned {
                batch.assert_equals(CASES, key.clone(), row).delete(CASES, key);
                batch.delete(ABOUT, rows::about_key(&case.about, id));
            }
        }
        let over = rows::loads_before(now.day().saturating_sub(1));
        for (key, _) in self.store.scan(LOAD, over, usize::MAX).await.map_err(SafetyError::Read)? {
            batch.delete(LOAD, key);
        }
        // Somebody works on a case at this moment: the next round.
        if self.commit(batch).await? {
            ended.iter().for_each(|(user, mark)| self.standings.take(user, *mark));
        }
        self.trail.sweep(now).await?;
        self.tipline.sweep(now).await.map_err(SafetyError::Tip)
    }

    pub(super) async fn all(
        &self,
        table: trefoil_store::Table,
    ) -> Result<Vec<trefoil_store::Pair>, SafetyError> {
        self.store.scan(table, KeyRange::all(), usize::MAX).await.map_err(SafetyError::Read)
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
        .map(|(key, row)| {
            let ReportRow { at, by, about, room, reason, messages, .. } = ReportRow::decode(&row)?;
            let (case, messages) = (rows::report_case(&key)?, messages.len());
            Ok(TakenReport { case, at, by, about, room, reason, messages })
        })
        .collect::<Result<Vec<_>, SafetyError>>()?;
    all.sort_by_key(|taken| taken.at);
    Ok(all)
}

/// Whether there is more than words in messages.
pub(super) fn attached(messages: &[AbusiveMessage]) -> bool {
    messages.iter().filter_map(decide::content_of).any(|content| look::attached(&content.part))
}
