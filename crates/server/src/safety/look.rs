//! What the team sees: queues, a case with what was shown, and an account as this service knows it.

use super::{
    Safety, SafetyError, Standing,
    case::{Case, CaseRefusal, Exposed, Queue},
    decide::content_of,
    rows::{self, QUEUE},
    statement::ContentType,
};
use crate::{
    json_row::JsonRow as _,
    staff::Member,
    trail::{Anchor, AuditEntry},
};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::collections::{BTreeMap, BTreeSet};
use trefoil_proto::{
    Domain, Timestamp, UserUri,
    content::{MimiContent, NestedPart, Part},
    decisions::CaseId,
    mimi::report::AbusiveMessage,
};
use trefoil_store::{KeyRange, Pair, SqliteView};

/// How many cases wait where, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Where.
    pub queue: Queue,
    /// How many.
    pub cases: usize,
    /// When the oldest was opened.
    pub oldest: Option<Timestamp>,
}

/// A case as somebody of the team sees it.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its name.
    pub id: CaseId,
    /// Everything about it.
    pub case: Case,
    /// The hub that handed it on.
    pub by: Option<Domain>,
    /// The same word for the same reporter, of the first report: it tells apart who reports often, and nobody's name.
    pub reporter: Option<String>,
    /// The words of those who reported, for whoever opened what was shown.
    pub note: String,
    /// How many messages are shown, each counted once whoever shows it.
    pub messages: usize,
    /// What they are, for whoever opened them.
    pub shown: Option<Vec<Shown>>,
    /// Other cases about the same person.
    pub others: Vec<(CaseId, Case)>,
}

/// A message that was shown, proven to be of the person who is reported.
#[derive(Clone, Debug)]
pub struct Shown {
    /// When the hub accepted it.
    pub at: Timestamp,
    /// What it is.
    pub content: MimiContent,
}

/// An account, made only of what this service holds for its safety.
#[derive(Clone, Debug)]
pub struct History {
    /// Whose.
    pub user: UserUri,
    /// How it stands.
    pub standing: Standing,
    /// Cases about it, the oldest first.
    pub cases: Vec<(CaseId, Case)>,
}

impl Safety {
    /// What waits, by queue, of what somebody may see.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn waiting(&self, who: &Member) -> Result<Vec<Waiting>, SafetyError> {
        let mut all = Vec::new();
        for queue in [Queue::General, Queue::ChildSafety, Queue::Second, Queue::Appeals] {
            if queue == Queue::ChildSafety && !who.role.counts_child_safety() {
                continue;
            }
            let keys = self.store.scan(QUEUE, KeyRange::prefix(rows::queue_prefix(queue)), usize::MAX).await;
            let mut keys = keys.map_err(SafetyError::Read)?;
            if !who.role.counts_child_safety() && matches!(queue, Queue::Second | Queue::Appeals) {
                // Here those about the exploitation of children wait among the others: not even their number is told.
                let mut seen = Vec::new();
                for key in keys {
                    if self
                        .case(rows::queued(&key.0)?)
                        .await?
                        .is_some_and(|(_, case)| case.may_see(who).is_ok())
                    {
                        seen.push(key);
                    }
                }
                keys = seen;
            }
            let opened = |key: &[u8]| key.get(2..10)?.try_into().ok().map(u64::from_be_bytes).map(Timestamp);
            let oldest = keys.iter().filter_map(|(key, _)| opened(key)).min();
            all.push(Waiting { queue, cases: keys.len(), oldest });
        }
        Ok(all)
    }

    /// A case. What was shown is in it only for whoever has it and opened it.
    ///
    /// # Errors
    /// [`SafetyError::NoSuchCase`]; [`CaseRefusal::Role`]; the store failed.
    pub async fn item(&self, id: CaseId, who: &Member, now: Timestamp) -> Result<Item, SafetyError> {
        let (_, case) = self.case(id).await?.ok_or(SafetyError::NoSuchCase)?;
        if !who.role.reads_every_case() {
            case.may_see(who).map_err(SafetyError::Case)?;
        }
        let opened = case.claimed(now).is_some_and(|claim| claim.by == who.name && claim.opened);
        let report = self.report_of(id).await?;
        let mut others = self.cases_about(&case.about).await?;
        others.retain(|(other, case)| {
            *other != id && (who.role.reads_every_case() || case.may_see(who).is_ok())
        });
        let mut item = Item {
            id,
            by: None,
            reporter: None,
            note: String::new(),
            messages: 0,
            shown: None,
            others,
            case,
        };
        let Some(report) = report else { return Ok(item) };
        item.reporter = report.reporter.as_ref().map(|reporter| self.word_for(reporter));
        item.messages = report.messages.len();
        if opened {
            let shown = report.messages.iter().map(|message| {
                let content = content_of(message).ok_or(SafetyError::DamagedRow)?;
                Ok(Shown { at: message.accepted_timestamp, content })
            });
            item.shown = Some(shown.collect::<Result<_, SafetyError>>()?);
            let notes = self.reports_of(id).await?.into_iter().map(|report| report.note);
            let notes = notes.filter(|note| !note.is_empty());
            item.note = notes
                .map(|note| String::from_utf8_lossy(&note).into_owned())
                .collect::<Vec<_>>()
                .join("\n\n");
        }
        item.by = report.by;
        Ok(item)
    }

    /// Somebody's account, as far as safety knows it: of whom there is a case that this person may see; for leads, of anybody.
    ///
    /// # Errors
    /// [`CaseRefusal::Role`]; [`SafetyError::NoSuchCase`]; the store failed.
    pub async fn history(
        &self,
        user: &UserUri,
        who: &Member,
        now: Timestamp,
    ) -> Result<History, SafetyError> {
        if !who.role.reviews() {
            return Err(CaseRefusal::Role.into());
        }
        let mut cases = self.cases_about(user).await?;
        cases.retain(|(_, case)| case.may_see(who).is_ok());
        if cases.is_empty() && !who.role.leads() {
            return Err(SafetyError::NoSuchCase);
        }
        Ok(History { user: user.clone(), standing: self.standing(user, now), cases })
    }

    /// Every case, for figures and statements.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn every_case(&self) -> Result<BTreeMap<CaseId, Case>, SafetyError> {
        read(&self.all(rows::CASES).await?)
    }

    /// The trail after a number, so many entries of it.
    ///
    /// # Errors
    /// [`CaseRefusal::Role`]; the store failed.
    pub async fn trail(
        &self,
        after: u64,
        limit: usize,
        who: &Member,
    ) -> Result<Vec<AuditEntry>, SafetyError> {
        if !who.role.audits() {
            return Err(CaseRefusal::Role.into());
        }
        Ok(self.trail.after(after, limit).await?)
    }

    /// The heads of the trail that this service said in its public log, the oldest first.
    ///
    /// # Errors
    /// [`CaseRefusal::Role`]; the store failed.
    pub async fn anchors(&self, who: &Member) -> Result<Vec<Anchor>, SafetyError> {
        if !who.role.audits() {
            return Err(CaseRefusal::Role.into());
        }
        Ok(self.trail.anchors().await?)
    }

    fn word_for(&self, reporter: &UserUri) -> String {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.reporters.bytes()).expect("HMAC takes keys of any length");
        mac.update(reporter.to_string().as_bytes());
        data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes()[..4])
    }
}

/// The cases in a store, for whoever reads beside the service.
///
/// # Errors
/// The store failed, or a row cannot be read.
pub fn cases(view: &SqliteView) -> Result<BTreeMap<CaseId, Case>, SafetyError> {
    read(&view.scan(rows::CASES, &KeyRange::all(), usize::MAX).map_err(SafetyError::Read)?)
}

fn read(rows: &[Pair]) -> Result<BTreeMap<CaseId, Case>, SafetyError> {
    rows.iter().map(|(key, row)| Ok((rows::case_of(key)?, Case::decode(row)?))).collect()
}

/// The words in a content. Depth is bounded by its codec.
pub(super) fn texts(nested: &NestedPart) -> Vec<String> {
    match &nested.part {
        Part::Single { content_type, content } if content_type.starts_with("text/") => {
            std::str::from_utf8(content).map(str::to_owned).into_iter().collect()
        }
        Part::Multi { parts, .. } => parts.iter().flat_map(texts).collect(),
        Part::Null | Part::Single { .. } | Part::External(_) => Vec::new(),
    }
}

/// What messages show, without what they say.
pub(super) fn exposed(messages: &[AbusiveMessage]) -> Exposed {
    let mut kinds = BTreeSet::new();
    for content in messages.iter().filter_map(content_of) {
        add_kinds(&content.part, &mut kinds);
    }
    Exposed { first: messages.iter().map(|message| message.accepted_timestamp).min(), kinds }
}

fn add_kinds(nested: &NestedPart, kinds: &mut BTreeSet<ContentType>) {
    let kind = |media_type: &str| match media_type.split('/').next() {
        Some("text") => ContentType::Text,
        Some("image") => ContentType::Image,
        Some("audio") => ContentType::Audio,
        Some("video") => ContentType::Video,
        _ => ContentType::Other,
    };
    match &nested.part {
        Part::Null => {}
        Part::Single { content_type, .. } => drop(kinds.insert(kind(content_type))),
        Part::External(external) => drop(kinds.insert(kind(&external.content_type))),
        Part::Multi { parts, .. } => parts.iter().for_each(|part| add_kinds(part, kinds)),
    }
}

/// Whether there is an attachment in a content.
pub(super) fn attached(nested: &NestedPart) -> bool {
    match &nested.part {
        Part::External(_) => true,
        Part::Multi { parts, .. } => parts.iter().any(attached),
        Part::Null | Part::Single { .. } => false,
    }
}
