//! The attachments that a report shows: opened for whoever has the case, and compared with lists of what others found before. A match
//! brings a case forward and does nothing else.

use super::{
    Act, Safety, SafetyError,
    case::{self, Case, CaseRefusal, KnownMatch},
    due,
    evidence::{self, Bounds, EvidenceError, Exhibit},
    known::{Algorithm, Kind},
    rows::{self, DUE, Due, ReportRow},
};
use crate::{json_row::JsonRow as _, staff::Member};
use trefoil_proto::{Timestamp, decisions::CaseId};
use trefoil_store::Batch;

/// How often a case is brought forward again because it changed meanwhile.
const ATTEMPTS: usize = 8;

/// What came of comparing the attachments of a report.
pub(super) enum Compared {
    /// All that can be looked at was.
    Done,
    /// Some lie where they cannot be read now.
    Later,
}

impl Safety {
    /// The attachments of a case, for whoever has it and opened it.
    ///
    /// # Errors
    /// [`CaseRefusal::NotOpened`]; as for looking at a case.
    pub async fn exhibits(
        &self,
        id: CaseId,
        who: &Member,
        now: Timestamp,
    ) -> Result<Vec<Exhibit>, SafetyError> {
        let Some(report) = self.opened_report(id, who, now).await? else { return Ok(Vec::new()) };
        Ok(evidence::gather(&report.messages, Bounds::default(), &self.reach).await)
    }

    /// One of them, by its place, counted from 0.
    ///
    /// # Errors
    /// As [`Self::exhibits`].
    pub async fn exhibit(
        &self,
        id: CaseId,
        number: usize,
        who: &Member,
        now: Timestamp,
    ) -> Result<Option<Exhibit>, SafetyError> {
        let Some(report) = self.opened_report(id, who, now).await? else { return Ok(None) };
        self.note_fetch(id, number, who, now).await?;
        Ok(evidence::gather_one(&report.messages, number, Bounds::default(), &self.reach).await)
    }

    /// That somebody fetched an attachment stands in the trail, once for each claim: a report to NCMEC says which files a person
    /// looked at.
    async fn note_fetch(
        &self,
        id: CaseId,
        number: usize,
        who: &Member,
        now: Timestamp,
    ) -> Result<(), SafetyError> {
        let (_, case) = self.case(id).await?.ok_or(SafetyError::NoSuchCase)?;
        if case.claimed(now).is_some_and(|claim| claim.fetched.contains(&number)) {
            return Ok(());
        }
        let fetch = |case: &mut Case, _: Option<&ReportRow>| {
            case.fetch(who, number, now)?;
            Ok((Act::Opened, format!("attachment {}", number + 1)))
        };
        self.act(id, who, now, fetch).await.map(drop)
    }

    async fn opened_report(
        &self,
        id: CaseId,
        who: &Member,
        now: Timestamp,
    ) -> Result<Option<ReportRow>, SafetyError> {
        let (_, case) = self.case(id).await?.ok_or(SafetyError::NoSuchCase)?;
        case.may_see(who)?;
        if !case.claimed(now).is_some_and(|claim| claim.by == who.name && claim.opened) {
            return Err(CaseRefusal::NotOpened.into());
        }
        self.report_of(id).await
    }

    /// Compares the attachments of a case with the lists, and brings it forward if there is a match.
    pub(super) async fn compare(&self, id: CaseId, now: Timestamp) -> Result<Compared, SafetyError> {
        let Some(report) = self.report_of(id).await? else { return Ok(Compared::Done) };
        let Some(known) = self.known.get() else { return Ok(Compared::Later) };
        if known.lists().is_empty() {
            return Ok(Compared::Done);
        }
        let (mut matches, mut done) = (Vec::new(), Compared::Done);
        for exhibit in evidence::gather(&report.messages, Bounds::default(), &self.reach).await {
            if let Err(EvidenceError::Elsewhere(_) | EvidenceError::Slow) = exhibit.opened {
                done = Compared::Later;
            }
            for found in known.compare(&exhibit).await.map_err(SafetyError::Known)? {
                matches.push(KnownMatch {
                    list: found.list,
                    of: found.kind.as_str().to_owned(),
                    exact: found.by == Algorithm::Sha256,
                    distance: found.distance,
                });
            }
        }
        if !matches.is_empty() {
            self.bring_forward(id, matches, now).await?;
        }
        Ok(done)
    }

    /// A list was taken in: the attachments of what is not decided are compared with it.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn compare_again(&self, now: Timestamp) -> Result<(), SafetyError> {
        let mut batch = Batch::new();
        for (id, case) in self.every_case().await? {
            if case.queue().is_some() && case.exposed.has_files() {
                batch.put(DUE, rows::due_key(id, due::COMPARE), Due::Compare { since: now }.encode());
            }
        }
        self.store.commit(batch).await.map_err(SafetyError::Write)?;
        self.due.notify_one();
        Ok(())
    }

    async fn bring_forward(
        &self,
        id: CaseId,
        matches: Vec<KnownMatch>,
        now: Timestamp,
    ) -> Result<(), SafetyError> {
        let of_children = matches.iter().any(|found| found.of == Kind::ChildAbuse.as_str());
        let urgency = if of_children { case::FOREMOST } else { case::KNOWN };
        for _ in 0..ATTEMPTS {
            let (row, before) = self.case(id).await?.ok_or(SafetyError::NoSuchCase)?;
            let mut after = before.clone();
            after.matches.clone_from(&matches);
            after.priority = after.priority.max(urgency);
            // Nobody who is not trained for it opens it first.
            after.escalated |= of_children;
            let mut batch = Batch::new();
            self.put_case(&mut batch, id, (row, &before), &after, now);
            if self.commit(batch).await? {
                return Ok(());
            }
        }
        Err(SafetyError::Contended)
    }
}
