//! What the team does with cases. Each act is one commit: the case, what is in force, what follows, the trail.

use super::{
    Safety, SafetyError,
    case::{Case, CaseRefusal, Queue, Verdict, is_grave_to_see},
    load::Load,
    rows::{self, CASES, DUE, Due, LOAD, MEASURES, QUEUE, ReportRow},
    standing::measures,
};
use crate::{
    json_row::JsonRow as _,
    staff::{Member, StaffName},
    trail::{Act, Note, TrailError},
};
use std::collections::BTreeMap;
use trefoil_proto::{Timestamp, UserUri, decisions::CaseId};
use trefoil_store::{Batch, KeyRange, StoreError};

/// How often an act is done again because an appeal or a comparison changed the case meanwhile.
const ATTEMPTS: usize = 8;
/// Cases of a queue that are looked at to find one that somebody may take.
const LOOKED_AT: usize = 500;

/// What an act says of itself in the trail.
type Said = (Act, String);

impl Safety {
    /// Takes the next case of a queue for somebody: the most urgent that nobody has and that they may take.
    ///
    /// # Errors
    /// [`CaseRefusal::Role`] where the role never sees this queue; the store failed.
    pub async fn claim_next(
        &self,
        queue: Queue,
        who: &Member,
        now: Timestamp,
    ) -> Result<Option<CaseId>, SafetyError> {
        if !who.role.reviews() || (queue == Queue::ChildSafety && !who.role.sees_child_safety()) {
            return Err(CaseRefusal::Role.into());
        }
        let waiting = KeyRange::prefix(rows::queue_prefix(queue));
        let waiting = self.store.scan(QUEUE, waiting, LOOKED_AT).await.map_err(SafetyError::Read)?;
        for (key, _) in waiting {
            let id = rows::queued(&key)?;
            let free = self.case(id).await?.is_some_and(|(_, case)| case.claimed(now).is_none());
            if !free {
                continue;
            }
            match self.claim(id, who, now).await {
                Ok(_) => return Ok(Some(id)),
                Err(SafetyError::Case(_) | SafetyError::NoSuchCase) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Takes one case for somebody.
    ///
    /// # Errors
    /// [`SafetyError::Case`], [`SafetyError::NoSuchCase`]; the store failed.
    pub async fn claim(&self, id: CaseId, who: &Member, now: Timestamp) -> Result<Case, SafetyError> {
        self.act(id, who, now, |case, _| {
            case.claim(who, now)?;
            Ok((Act::Claimed, String::new()))
        })
        .await
    }

    /// Gives a case back.
    ///
    /// # Errors
    /// As [`Self::claim`].
    pub async fn release(&self, id: CaseId, who: &Member, now: Timestamp) -> Result<Case, SafetyError> {
        self.act(id, who, now, |case, _| {
            case.release(who, now)?;
            Ok((Act::Released, String::new()))
        })
        .await
    }

    /// Opens what was shown, as far as one person sees it in a day.
    ///
    /// # Errors
    /// As [`Self::claim`]; [`SafetyError::Rest`].
    pub async fn open_content(&self, id: CaseId, who: &Member, now: Timestamp) -> Result<Case, SafetyError> {
        self.act(id, who, now, |case, _| {
            case.open_content(who, now)?;
            Ok((Act::Opened, String::new()))
        })
        .await
    }

    /// Hands a case to those who are trained for the exploitation of children.
    ///
    /// # Errors
    /// As [`Self::claim`].
    pub async fn escalate(&self, id: CaseId, who: &Member, now: Timestamp) -> Result<Case, SafetyError> {
        self.act(id, who, now, |case, _| {
            case.escalate(who, now)?;
            Ok((Act::Escalated, String::new()))
        })
        .await
    }

    /// Decides a case.
    ///
    /// # Errors
    /// As [`Self::claim`].
    pub async fn decide(
        &self,
        id: CaseId,
        who: &Member,
        verdict: &Verdict,
        now: Timestamp,
    ) -> Result<Case, SafetyError> {
        self.act(id, who, now, |case, report| {
            let shown = report.map_or(0, |report| report.messages.len());
            let hub_is_here = case.room.as_ref().is_some_and(|room| room.domain == self.domain);
            case.decide(who, verdict.clone(), shown, hub_is_here, now)?;
            let act = if case.proposed.is_some() { Act::Proposed } else { Act::Decided };
            Ok((act, named(verdict)))
        })
        .await
    }

    /// Who proposed what waits to be confirmed.
    ///
    /// # Errors
    /// As [`Self::claim`].
    pub async fn proposed_by(&self, id: CaseId, who: &Member) -> Result<Option<StaffName>, SafetyError> {
        let (_, case) = self.case(id).await?.ok_or(SafetyError::NoSuchCase)?;
        case.may_see(who)?;
        Ok(case.proposed.map(|decision| decision.by))
    }

    /// Who made the decision that is appealed against, if two did: whoever answers is neither of them, nor one whom they let in.
    ///
    /// # Errors
    /// As [`Self::proposed_by`].
    pub async fn decided_by_two(&self, id: CaseId, who: &Member) -> Result<Vec<StaffName>, SafetyError> {
        let (_, case) = self.case(id).await?.ok_or(SafetyError::NoSuchCase)?;
        case.may_see(who)?;
        let decision = case.in_force();
        let two =
            decision.and_then(|decision| Some([decision.by.clone(), decision.second.as_ref()?.by.clone()]));
        Ok(two.into_iter().flatten().collect())
    }

    /// Confirms what somebody else proposed.
    ///
    /// # Errors
    /// As [`Self::claim`].
    pub async fn confirm(&self, id: CaseId, who: &Member, now: Timestamp) -> Result<Case, SafetyError> {
        self.act(id, who, now, |case, _| {
            case.confirm(who, now)?;
            Ok((Act::Confirmed, String::new()))
        })
        .await
    }

    /// Sends back what somebody else proposed.
    ///
    /// # Errors
    /// As [`Self::claim`].
    pub async fn send_back(
        &self,
        id: CaseId,
        who: &Member,
        why: &str,
        now: Timestamp,
    ) -> Result<Case, SafetyError> {
        self.act(id, who, now, |case, _| {
            case.send_back(who, why, now)?;
            Ok((Act::SentBack, String::new()))
        })
        .await
    }

    /// Takes a decision back.
    ///
    /// # Errors
    /// As [`Self::claim`].
    pub async fn undo(
        &self,
        id: CaseId,
        who: &Member,
        why: &str,
        now: Timestamp,
    ) -> Result<Case, SafetyError> {
        self.act(id, who, now, |case, _| {
            case.undo(who, why, now)?;
            Ok((Act::Undone, String::new()))
        })
        .await
    }

    /// Answers an appeal.
    ///
    /// # Errors
    /// As [`Self::claim`].
    pub async fn answer(
        &self,
        id: CaseId,
        who: &Member,
        upheld: bool,
        explanation: &str,
        now: Timestamp,
    ) -> Result<Case, SafetyError> {
        self.act(id, who, now, |case, _| {
            case.answer(who, upheld, explanation, now)?;
            Ok((if upheld { Act::AppealUpheld } else { Act::AppealGranted }, String::new()))
        })
        .await
    }

    /// Every act on a case goes through here: the case as it is after it, what that puts in force, and the entry of the trail are one
    /// commit.
    pub(super) async fn act(
        &self,
        id: CaseId,
        who: &Member,
        now: Timestamp,
        change: impl Fn(&mut Case, Option<&ReportRow>) -> Result<Said, CaseRefusal>,
    ) -> Result<Case, SafetyError> {
        self.act_with(id, who, now, &Batch::new(), change).await
    }

    /// The same, in one commit with something else.
    pub(super) async fn act_with(
        &self,
        id: CaseId,
        who: &Member,
        now: Timestamp,
        also: &Batch,
        change: impl Fn(&mut Case, Option<&ReportRow>) -> Result<Said, CaseRefusal>,
    ) -> Result<Case, SafetyError> {
        let _turn = self.turn.lock().await;
        let report = self.report_of(id).await?;
        for _ in 0..ATTEMPTS {
            let (row, before) = self.case(id).await?.ok_or(SafetyError::NoSuchCase)?;
            let mut after = before.clone();
            let (act, detail) = change(&mut after, report.as_ref())?;
            let mut batch = also.clone();
            self.put_case(&mut batch, id, (row, &before), &after, now);
            let is_opened = |case: &Case| case.claim.as_ref().is_some_and(|claim| claim.opened);
            if is_opened(&after) && !is_opened(&before) {
                self.count(&mut batch, who, &after, now).await?;
            }
            let note = Note::new(who.name.as_str(), act).of(id).saying(detail);
            match self.trail.enter(note, batch, now).await {
                Ok(()) => {
                    self.follow_through(id, &before, &after);
                    return Ok(after);
                }
                // The case changed meanwhile.
                Err(TrailError::Assert { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(SafetyError::Contended)
    }

    /// The case as it is now, where it waits, what it puts in force, and what follows from it.
    pub(super) fn put_case(
        &self,
        batch: &mut Batch,
        id: CaseId,
        (row, before): (bytes::Bytes, &Case),
        after: &Case,
        now: Timestamp,
    ) {
        batch.assert_equals(CASES, rows::case_key(id), row).put(CASES, rows::case_key(id), after.encode());
        let place = |case: &Case| case.queue().map(|queue| rows::queue_key(queue, id, case));
        if place(before) != place(after) {
            if let Some(key) = place(before) {
                batch.delete(QUEUE, key);
            }
            if let Some(key) = place(after) {
                batch.put(QUEUE, key, Vec::new());
            }
        }
        let (began, ended) = difference(measures(before), measures(after));
        for (number, _) in ended {
            batch.delete(MEASURES, rows::measure_key(&after.about, id, number));
        }
        for (number, measure) in began {
            batch.put(MEASURES, rows::measure_key(&after.about, id, number), measure.encode());
        }
        let Some(room) = &after.room else { return };
        let (asked, lifted) = difference(before.removals(), after.removals());
        for (number, (rule, at)) in asked {
            let due = Due::AskRemoval { room: room.clone(), user: after.about.clone(), rule, at };
            batch.put(DUE, rows::due_key(id, 2 * number), due.encode());
        }
        for (number, _) in lifted {
            let due = Due::LiftRemoval { room: room.clone(), user: after.about.clone(), at: now };
            batch.put(DUE, rows::due_key(id, 2 * number + 1), due.encode());
        }
    }

    /// What a commit put in force is asked for from now on. What stays in force is not touched: there is no moment without it.
    fn follow_through(&self, id: CaseId, before: &Case, after: &Case) {
        let (began, ended) = difference(measures(before), measures(after));
        for (number, _) in ended {
            self.standings.take(&after.about, (id, number));
        }
        for (number, measure) in began {
            self.standings.put(after.about.clone(), (id, number), measure);
        }
        if before.removals() != after.removals() {
            self.due.ring();
        }
    }

    async fn count(
        &self,
        batch: &mut Batch,
        who: &Member,
        case: &Case,
        now: Timestamp,
    ) -> Result<(), SafetyError> {
        let key = rows::load_key(now.day(), &who.name);
        let row = self.store.get(LOAD, key.clone().into()).await.map_err(SafetyError::Read)?;
        match &row {
            Some(row) => batch.assert_equals(LOAD, key.clone(), row.clone()),
            None => batch.assert_absent(LOAD, key.clone()),
        };
        let mut load = row.map(|row| Load::decode(&row)).transpose()?.unwrap_or_default();
        load.open(is_grave_to_see(case), self.wellbeing, now).map_err(|until| SafetyError::Rest { until })?;
        batch.put(LOAD, key, load.encode());
        Ok(())
    }

    /// False if somebody else was first.
    pub(super) async fn commit(&self, batch: Batch) -> Result<bool, SafetyError> {
        match self.store.commit(batch).await {
            Ok(_) => Ok(true),
            Err(StoreError::AssertFailed { .. }) => Ok(false),
            Err(error) => Err(SafetyError::Write(error)),
        }
    }

    /// Cases about somebody, the oldest first.
    pub(super) async fn cases_about(&self, user: &UserUri) -> Result<Vec<(CaseId, Case)>, SafetyError> {
        let keys = self.store.scan(rows::ABOUT, KeyRange::prefix(rows::about_prefix(user)), usize::MAX).await;
        let mut cases = Vec::new();
        for (key, _) in keys.map_err(SafetyError::Read)? {
            let id = rows::about_case(&key)?;
            if let Some((_, case)) = self.case(id).await? {
                cases.push((id, case));
            }
        }
        cases.sort_by_key(|(_, case)| case.opened);
        Ok(cases)
    }
}

/// Something by the number of the decision that it is of.
type ByDecision<T> = BTreeMap<u32, T>;

/// What is in the second and not so in the first, and the other way round.
fn difference<T: PartialEq>(
    mut before: ByDecision<T>,
    mut after: ByDecision<T>,
) -> (ByDecision<T>, ByDecision<T>) {
    after.retain(|number, new| before.remove(number).as_ref() != Some(new));
    (after, before)
}

fn named(verdict: &Verdict) -> String {
    let action = serde_json::to_value(verdict.action).ok();
    let action = action.as_ref().and_then(|action| action.as_str()).unwrap_or_default();
    format!("{action}, rule {}", verdict.rule)
}
