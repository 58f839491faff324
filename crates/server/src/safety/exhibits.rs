//! The attachments that a report shows: opened for whoever has the case, and compared with lists of what others found before. A match
//! brings a case forward and does nothing else.

use super::{
    Safety, SafetyError,
    case::{self, Case, CaseRefusal, KnownMatch},
    due,
    evidence::{self, A_REPORT, Bounds, EvidenceError, Exhibit, Named, OfCase},
    known::{Algorithm, Kind},
    rows::{self, DUE, Due, ReportRow},
};
use crate::{
    json_row::JsonRow as _,
    staff::Member,
    trail::{Act, Note, SERVICE, TrailError},
};
use bytes::Bytes;
use std::time::Duration;
use trefoil_proto::{
    Timestamp,
    attachment::{Digest32, Label},
    decisions::CaseId,
};
use trefoil_store::Batch;

/// How often a case is brought forward again because it changed meanwhile.
const ATTEMPTS: usize = 8;

/// How long one attachment may take to be kept.
const FETCHED_IN: Duration = Duration::from_secs(120);
/// So many of the first bytes of an attachment are told with its name: enough to say what it is, and too few to show it.
const BEGINS: usize = 64;

/// What an attachment of a report is.
pub struct Listed {
    /// Which message has it, counted from 0.
    pub message: usize,
    /// What its sender says about it.
    pub label: Label,
    /// The SHA-256 of its plaintext as the stamped content names it.
    pub hash: Option<Digest32>,
    /// Its size in bytes and the first of them, or why it could not be opened.
    pub opened: Result<(usize, Bytes), EvidenceError>,
}

impl Listed {
    fn of(exhibit: Exhibit) -> Self {
        let Exhibit { message, label, hash, opened } = exhibit;
        let opened =
            opened.map(|bytes| (bytes.len(), Bytes::copy_from_slice(&bytes[..bytes.len().min(BEGINS)])));
        Self { message, label, hash, opened }
    }
}

/// What came of comparing the attachments of a report.
pub(super) enum Compared {
    /// All that can be looked at was.
    Done,
    /// Some lie where they cannot be read now.
    Later,
}

impl Safety {
    /// The attachments of a case, for whoever has it and opened it: what each is, without its bytes.
    ///
    /// # Errors
    /// [`CaseRefusal::NotOpened`]; as for looking at a case.
    pub async fn exhibits(
        &self,
        id: CaseId,
        who: &Member,
        now: Timestamp,
    ) -> Result<Vec<Listed>, SafetyError> {
        let Some(report) = self.opened_report(id, who, now).await? else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for named in evidence::named(&report.messages, Bounds::default()) {
            // One at a time: together they can be more than there is memory.
            all.push(Listed::of(named.open(&self.way_to(id)).await));
        }
        Ok(all)
    }

    /// One of them, by its place, counted from 0. That it was fetched stands in the trail.
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
        let Some(named) = evidence::named(&report.messages, Bounds::default()).into_iter().nth(number) else {
            return Ok(None);
        };
        let exhibit = named.open(&self.way_to(id)).await;
        if exhibit.opened.is_ok() {
            self.note_fetch(id, number, who, now).await?;
        }
        Ok(Some(exhibit))
    }

    /// The way to the attachments of a case.
    pub(super) fn way_to(&self, case: CaseId) -> OfCase<'_> {
        OfCase { kept: &self.kept, case, reach: &self.reach }
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

    pub(super) async fn opened_report(
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

    /// Keeps the attachments of a case, compares them with the lists, and brings it forward if there is a match.
    pub(super) async fn compare(&self, id: CaseId, now: Timestamp) -> Result<Compared, SafetyError> {
        let Some(report) = self.report_of(id).await? else { return Ok(Compared::Done) };
        let Some(known) = self.known.get() else { return Ok(Compared::Later) };
        self.keep_attachments(id, &report).await?;
        let (mut matches, mut done) = (Vec::new(), Compared::Done);
        for named in evidence::named(&report.messages, Bounds::default()) {
            let exhibit = named.open(&self.way_to(id)).await;
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

    /// Keeps what can be kept of what a report shows, the small files first: what a sender puts beside a picture does not keep it away.
    async fn keep_attachments(&self, id: CaseId, report: &ReportRow) -> Result<(), SafetyError> {
        let named = evidence::named(&report.messages, Bounds::default());
        let mut files: Vec<_> = named.iter().filter_map(Named::file).collect();
        files.sort_by_key(|file| file.layout.size());
        let mut left = A_REPORT;
        for file in files {
            let Some(rest) = left.checked_sub(file.layout.size()) else { break };
            left = rest;
            match tokio::time::timeout(FETCHED_IN, self.kept.keep(id, file, &self.reach)).await {
                Ok(Err(EvidenceError::Kept(error))) => return Err(SafetyError::Write(error)),
                // Opening it says why.
                Ok(Err(error)) => tracing::debug!(%error, "an attachment of a report is not kept"),
                Ok(Ok(())) | Err(_) => {}
            }
        }
        Ok(())
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
        self.due.ring();
        Ok(())
    }

    /// That a list brought a case forward stands in the trail, as what people do: it decides who sees it, and when.
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
            if before.matches == matches {
                return Ok(());
            }
            let mut after = before.clone();
            after.matches.clone_from(&matches);
            after.priority = after.priority.max(urgency);
            // Nobody who is not trained for it opens it first.
            after.escalated |= of_children;
            let mut batch = Batch::new();
            self.put_case(&mut batch, id, (row, &before), &after, now);
            let mut lists: Vec<_> = matches.iter().map(|found| found.list.as_str()).collect();
            lists.sort_unstable();
            lists.dedup();
            let note = Note::new(SERVICE, Act::Matched).of(id).saying(lists.join(", "));
            match self.trail.enter(note, batch, now).await {
                Ok(()) => return Ok(()),
                // The case changed meanwhile.
                Err(TrailError::Assert { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(SafetyError::Contended)
    }
}
