//! What people hear: whoever reported, what came of it; whoever is decided about, what and why. Both may ask for another look.

use super::{
    Safety, SafetyError,
    case::{Action, Appeal as AppealOfCase, Case, Decision, Party},
    rows::{self, TAKEN},
};
use crate::trail::{Act, Note};
use trefoil_proto::{
    Timestamp, UserUri,
    decisions::{
        Appeal, AppealDecision, CaseId, DecisionList, DecisionNotice, DecisionStage, Measure, Words,
    },
    mimi::report::{FollowReport, ReportStage, ReportStanding},
};
use trefoil_store::Batch;

/// How often an appeal is entered again because the case changed meanwhile.
const ATTEMPTS: usize = 8;

impl Safety {
    /// What came of a report; takes the reporter's appeal if there is one.
    ///
    /// # Errors
    /// [`SafetyError::NoSuchCase`] if this person made no such report; [`CaseRefusal::NoAppealTaken`].
    pub async fn follow(&self, asked: &FollowReport, now: Timestamp) -> Result<ReportStanding, SafetyError> {
        let row = self.store.get(TAKEN, asked.report.to_vec().into()).await.map_err(SafetyError::Read)?;
        let id = rows::case_of(&row.ok_or(SafetyError::NoSuchCase)?)?;
        let reports = self.reports_of(id).await?.into_iter();
        let own = reports.filter(|report| report.reporter.as_ref() == Some(&asked.reporting_user));
        let own = own.into_iter().find(|report| report.digest == asked.report);
        let at = own.ok_or(SafetyError::NoSuchCase)?.at;
        if let Some(words) = &asked.appeal {
            self.take_appeal(id, Party::Reporter, words, now).await?;
        }
        let (_, case) = self.case(id).await?.ok_or(SafetyError::NoSuchCase)?;
        Ok(standing_of(&case, at, now))
    }

    /// The decisions about somebody of this service, the newest first.
    ///
    /// # Errors
    /// The store failed, or a row cannot be read.
    pub async fn decisions_about(&self, user: &UserUri, now: Timestamp) -> Result<DecisionList, SafetyError> {
        let mut all = Vec::new();
        for (id, case) in self.cases_about(user).await? {
            all.extend(case.decisions.iter().filter_map(|decision| notice(id, &case, decision, now)));
        }
        all.sort_by_key(|notice| std::cmp::Reverse(notice.at));
        all.truncate(DecisionList::MOST);
        Ok(DecisionList { decisions: all })
    }

    /// Takes the appeal of somebody about whom was decided.
    ///
    /// # Errors
    /// [`SafetyError::NoSuchCase`] if it is not about them; [`CaseRefusal::NoAppealTaken`].
    pub async fn appeal(
        &self,
        user: &UserUri,
        appeal: &AppealDecision,
        now: Timestamp,
    ) -> Result<(), SafetyError> {
        let case = self.case(appeal.case).await?;
        case.filter(|(_, case)| case.about == *user).ok_or(SafetyError::NoSuchCase)?;
        self.take_appeal(appeal.case, Party::Subject, &appeal.words, now).await
    }

    async fn take_appeal(
        &self,
        id: CaseId,
        of: Party,
        words: &Words,
        now: Timestamp,
    ) -> Result<(), SafetyError> {
        for _ in 0..ATTEMPTS {
            let (row, before) = self.case(id).await?.ok_or(SafetyError::NoSuchCase)?;
            // The same words again: the answer was lost on the way.
            let repeated = |appeal: &AppealOfCase| {
                let of_this = before.in_force().is_none_or(|last| last.number == appeal.against);
                appeal.of == of && of_this && appeal.words == words.as_str()
            };
            if before.appeals.iter().any(repeated) {
                return Ok(());
            }
            let mut after = before.clone();
            after.appeal(of, words, now)?;
            let mut batch = Batch::new();
            self.put_case(&mut batch, id, (row, &before), &after, now);
            if self.commit(batch).await? {
                return Ok(());
            }
        }
        Err(SafetyError::Contended)
    }

    /// A record that somebody looked at an account.
    ///
    /// # Errors
    /// The store failed.
    pub async fn note_look(&self, who: &str, user: &UserUri, now: Timestamp) -> Result<(), SafetyError> {
        let note = Note::new(who, Act::LookedUp).saying(user.to_string());
        Ok(self.trail.enter(note, Batch::new(), now).await?)
    }
}

/// How a report stands that was taken at a time. That others reported the same before is not told.
fn standing_of(case: &Case, at: Timestamp, now: Timestamp) -> ReportStanding {
    let appeals = if case.takes_appeal(Party::Reporter, now) { Appeal::Open } else { Appeal::Closed };
    let (stage, since) = if let Some(appeal) = case.open_appeal() {
        (ReportStage::Appealed, appeal.at)
    } else if let Some(decision) = case.in_force() {
        let nothing = decision.verdict.action == Action::None;
        (if nothing { ReportStage::NoAction } else { ReportStage::ActedOn }, decision.at)
    } else if case.proposed.is_some() || case.claimed(now).is_some() {
        (ReportStage::InReview, at)
    } else {
        (ReportStage::Waiting, at)
    };
    ReportStanding { stage, since, appeals }
}

/// What the person is told of one decision; nothing of one by which nothing was done.
fn notice(case_id: CaseId, case: &Case, decision: &Decision, now: Timestamp) -> Option<DecisionNotice> {
    let measure = match decision.verdict.action {
        Action::None => return None,
        Action::Warn => Measure::Warned,
        Action::Limit => Measure::Limited,
        Action::Suspend => Measure::Suspended,
        Action::Ban => Measure::Banned,
        Action::AskRemoval => Measure::RemovalAsked,
    };
    let is_last = case.in_force().is_some_and(|last| last.number == decision.number);
    let own =
        case.appeals.iter().find(|appeal| appeal.of == Party::Subject && appeal.against == decision.number);
    let stage = match (&decision.undone, own) {
        (Some(_), _) => DecisionStage::Undone,
        (None, Some(appeal)) if appeal.answer.is_none() => DecisionStage::Appealed,
        (None, Some(_)) => DecisionStage::Upheld,
        (None, None) => DecisionStage::Made,
    };
    let open = is_last && case.takes_appeal(Party::Subject, now);
    Some(DecisionNotice {
        case: case_id,
        at: decision.at,
        measure,
        rule: decision.verdict.rule.parse().ok()?,
        explanation: decision.verdict.explanation.parse().ok()?,
        until: decision.verdict.until,
        stage,
        appeal: if open { Appeal::Open } else { Appeal::Closed },
    })
}
