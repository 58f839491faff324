//! Reports about the same are one case: many of them do not fill the queue, and each of those who reported hears what came of it. And
//! how many reports of one person are looked at at a time.

use super::{
    Safety, SafetyError,
    case::Case,
    decide, due, look,
    reports::{self, KEPT},
    rows::{self, DUE, Due, REPORTERS, REPORTS, ReportRow, SUBJECTS, TAKEN},
};
use crate::json_row::JsonRow as _;
use bytes::Bytes;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashSet};
use trefoil_proto::{
    Timestamp, UserUri,
    decisions::CaseId,
    franking::{self, FrankingTag},
    mimi::report::AbusiveMessage,
};
use trefoil_store::{Batch, KeyRange};

/// Most messages of a case: a report with which it had more opens another.
const MESSAGES: usize = 200;
/// By which the keys of reporters are told from other uses of the same secret.
const PURPOSE: &[u8] = b"trefoil open reports\0";

/// A case that waits, with its reports.
pub(super) struct Open {
    id: CaseId,
    row: Bytes,
    case: Case,
    reports: Vec<ReportRow>,
}

impl Safety {
    /// The case that waits already and is about the same.
    pub(super) async fn case_about_the_same(&self, row: &ReportRow) -> Result<Option<Open>, SafetyError> {
        for subject in subjects(row) {
            let found = self.store.get(SUBJECTS, subject.to_vec().into()).await.map_err(SafetyError::Read)?;
            let Some(id) = found.map(|id| rows::case_of(&id)).transpose()? else { continue };
            let Some((stored, case)) = self.case(id).await? else { continue };
            if !case.may_be_joined(row.reason) {
                continue;
            }
            let reports = self.reports_of(id).await?;
            let open = Open { id, row: stored, case, reports };
            if open.messages() + open.new_messages(row).len() <= MESSAGES {
                return Ok(Some(open));
            }
        }
        Ok(None)
    }

    /// A report joins a case. What it shows beside what the case has is handed on and compared as if it had come alone.
    pub(super) fn join(&self, open: Open, row: &ReportRow, now: Timestamp) -> Batch {
        let (id, new) = (open.id, open.new_messages(row));
        let by_another =
            row.reporter.is_some() && open.reports.iter().all(|before| before.reporter != row.reporter);
        let mut after = open.case.clone();
        after.join(row.reason, by_another, look::exposed(&new));
        let number = after.joined;
        let mut batch = Batch::new();
        self.put_case(&mut batch, id, (open.row, &open.case), &after, now);
        self.keep(&mut batch, id, number, row);
        if reports::attached(&new) {
            batch.put(DUE, rows::due_key(id, due::COMPARE), Due::Compare { since: now }.encode());
        }
        if !after.ours && row.by.is_none() && !new.is_empty() {
            batch.put(DUE, due::hand_on_key(id, number), Due::HandOn { since: now, report: number }.encode());
        }
        batch
    }

    /// A report, and by what it is found.
    pub(super) fn keep(&self, batch: &mut Batch, id: CaseId, number: u32, row: &ReportRow) {
        batch.put(TAKEN, row.digest.to_vec(), rows::case_key(id));
        batch.put(REPORTS, rows::report_key(id, number), row.encode());
        for subject in subjects(row) {
            batch.put(SUBJECTS, subject.to_vec(), rows::case_key(id));
        }
        if let Some(reporter) = &row.reporter {
            batch.put(REPORTERS, rows::reporter_key(self.key_of(reporter), id, number), Vec::new());
        }
    }

    /// Whether somebody may report once more: not while as many of their reports as one may have are not decided.
    pub(super) async fn may_report(&self, row: &ReportRow) -> Result<(), SafetyError> {
        let Some(reporter) = &row.reporter else { return Ok(()) };
        let own = KeyRange::prefix(self.key_of(reporter).to_vec());
        let (mut open, mut known) = (0, BTreeMap::new());
        for (key, _) in self.store.scan(REPORTERS, own, usize::MAX).await.map_err(SafetyError::Read)? {
            let id = rows::reporter_case(&key)?;
            let waits = match known.get(&id) {
                Some(waits) => *waits,
                None => {
                    let waits = self.case(id).await?.is_some_and(|(_, case)| case.in_force().is_none());
                    known.insert(id, waits);
                    waits
                }
            };
            open += u32::from(waits);
            if open >= self.open_reports.get() {
                return Err(SafetyError::TooManyOpen);
            }
        }
        Ok(())
    }

    /// Every report of a case, in the order in which they came.
    pub(super) async fn reports_of(&self, id: CaseId) -> Result<Vec<ReportRow>, SafetyError> {
        let found = self.store.scan(REPORTS, KeyRange::prefix(rows::case_key(id)), usize::MAX).await;
        found.map_err(SafetyError::Read)?.iter().map(|(_, row)| ReportRow::decode(row)).collect()
    }

    /// What a case is decided on: the first report, with every message that it and those that joined it show, each once. The number of
    /// a message stays what it is when another report joins.
    pub(super) async fn report_of(&self, id: CaseId) -> Result<Option<ReportRow>, SafetyError> {
        let mut reports = self.reports_of(id).await?.into_iter();
        let Some(mut first) = reports.next() else { return Ok(None) };
        let mut known: HashSet<_> = tags(&first.messages).into_iter().flatten().map(|tag| tag.0).collect();
        for message in reports.flat_map(|report| report.messages) {
            if tag(&message).is_some_and(|tag| known.insert(tag.0)) {
                first.messages.push(message);
            }
        }
        Ok(Some(first))
    }

    /// One report of a case.
    pub(super) async fn one_report(&self, id: CaseId, number: u32) -> Result<Option<ReportRow>, SafetyError> {
        let found = self.store.get(REPORTS, rows::report_key(id, number).into()).await;
        found.map_err(SafetyError::Read)?.map(|row| ReportRow::decode(&row)).transpose()
    }

    /// Forgets the reports of cases whose last one is old enough, and which nobody decides or hears an appeal about.
    pub(super) async fn forget_reports(&self, batch: &mut Batch, now: Timestamp) -> Result<(), SafetyError> {
        let mut cases: BTreeMap<CaseId, Vec<(Bytes, ReportRow)>> = BTreeMap::new();
        for (key, row) in self.all(REPORTS).await? {
            cases.entry(rows::report_case(&key)?).or_default().push((key, ReportRow::decode(&row)?));
        }
        for (id, reports) in cases {
            let last = reports.iter().map(|(_, report)| report.at).max().unwrap_or_default();
            if last.0.saturating_add(KEPT) > now.0 {
                continue;
            }
            // Who decides or hears an appeal sees what it is about.
            let case = self.case(id).await?;
            if case.is_some_and(|(_, case)| case.queue().is_some() || case.is_appealable(now)) {
                continue;
            }
            // First: what is left when it fails is asked for again.
            self.kept.forget(id).await.map_err(SafetyError::Evidence)?;
            for (key, report) in reports {
                let number = rows::report_number(&key);
                batch.delete(REPORTS, key).delete(TAKEN, report.digest.to_vec());
                if let Some(reporter) = &report.reporter {
                    batch.delete(REPORTERS, rows::reporter_key(self.key_of(reporter), id, number));
                }
                for subject in subjects(&report) {
                    let row = self.store.get(SUBJECTS, subject.to_vec().into()).await;
                    let row = row.map_err(SafetyError::Read)?.filter(|row| *row == rows::case_key(id));
                    if let Some(row) = row {
                        batch.assert_equals(SUBJECTS, subject.to_vec(), row);
                        batch.delete(SUBJECTS, subject.to_vec());
                    }
                }
            }
        }
        Ok(())
    }

    /// By which the reports of one person are counted, without their name.
    fn key_of(&self, reporter: &UserUri) -> [u8; 16] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.reporters.bytes()).expect("HMAC takes keys of any length");
        mac.update(PURPOSE);
        mac.update(reporter.to_string().as_bytes());
        let hash = mac.finalize().into_bytes();
        std::array::from_fn(|at| hash[at])
    }
}

impl Open {
    fn messages(&self) -> usize {
        self.known().len()
    }

    fn known(&self) -> HashSet<[u8; 32]> {
        self.reports.iter().flat_map(|report| tags(&report.messages)).flatten().map(|tag| tag.0).collect()
    }

    /// What a report shows that the case does not have.
    fn new_messages(&self, row: &ReportRow) -> Vec<AbusiveMessage> {
        let known = self.known();
        let is_new = |message: &&AbusiveMessage| tag(message).is_some_and(|tag| !known.contains(&tag.0));
        row.messages.iter().filter(is_new).cloned().collect()
    }
}

/// What a report is about, as far as two can be about the same: each message that it shows, of this person in this room; if it shows
/// none, this person in this room, for this reason.
fn subjects(row: &ReportRow) -> Vec<[u8; 32]> {
    let of = |kind: &[u8], rest: &[u8]| {
        let names = [row.about.to_string(), row.room.to_string()].join("\0");
        Sha256::new()
            .chain_update(kind)
            .chain_update(names)
            .chain_update([0])
            .chain_update(rest)
            .finalize()
            .into()
    };
    if row.messages.is_empty() {
        return vec![of(b"account\0", &[row.reason as u8])];
    }
    let tags: HashSet<_> = tags(&row.messages).into_iter().flatten().map(|tag| tag.0).collect();
    tags.into_iter().map(|tag| of(b"message\0", &tag)).collect()
}

fn tags(messages: &[AbusiveMessage]) -> Vec<Option<FrankingTag>> {
    messages.iter().map(tag).collect()
}

fn tag(message: &AbusiveMessage) -> Option<FrankingTag> {
    decide::content_of(message).map(|content| franking::tag(&content.salt, &message.message_content))
}
