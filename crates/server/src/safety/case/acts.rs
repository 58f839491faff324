//! What the team and the people do with a case: who may, in which order, and what it is afterwards.

use super::{
    APPEALABLE, Action, Answer, Appeal, CLAIM, Case, CaseRefusal, Claim, Decision, Exposed, Party, Queue,
    SentBack, Signed, Undone, Verdict, weight,
};
use crate::{
    safety::policy,
    staff::{Member, StaffName},
};
use std::collections::{BTreeMap, BTreeSet};
use trefoil_proto::{Timestamp, UserUri, decisions::Words, mimi::report::AbuseType};

impl Case {
    /// A case as it is opened.
    pub fn open(about: UserUri, ours: bool, category: AbuseType, others: usize, now: Timestamp) -> Self {
        Self {
            opened: now,
            about,
            ours,
            room: None,
            category,
            escalated: false,
            opened_by: BTreeSet::new(),
            exposed: Exposed::default(),
            joined: 0,
            reporters: 1,
            also: BTreeSet::new(),
            priority: weight::urgency(category, others),
            claim: None,
            proposed: None,
            decisions: Vec::new(),
            appeals: Vec::new(),
            sent_back: Vec::new(),
            matches: Vec::new(),
            tips: Vec::new(),
        }
    }

    /// What the report shows. If it is nothing the case is less urgent: anybody can say anything of anybody.
    pub fn showing(mut self, exposed: Exposed) -> Self {
        if exposed.first.is_none() {
            self.priority = weight::unproven(self.priority);
        }
        self.exposed = exposed;
        self
    }

    /// Whether another report about the same joins it: while it is not decided. What is said to exploit a child joins only what those
    /// who are trained for it look at.
    pub fn may_be_joined(&self, category: AbuseType) -> bool {
        let undecided = matches!(self.queue(), Some(Queue::General | Queue::ChildSafety | Queue::Second));
        undecided && (category != AbuseType::ChildExploitation || self.is_child_safety())
    }

    /// Another report about the same joins it: of a reason, of somebody who did or did not report it before.
    pub fn join(&mut self, category: AbuseType, by_another: bool, exposed: Exposed) {
        self.joined = self.joined.saturating_add(1);
        self.reporters = self.reporters.saturating_add(u32::from(by_another));
        if category != self.category {
            self.also.insert(category);
        }
        self.exposed.first = self.exposed.first.into_iter().chain(exposed.first).min();
        self.exposed.kinds.extend(exposed.kinds);
        self.priority =
            weight::joined(self.priority, category, by_another, self.reporters, self.exposed.first.is_some());
    }

    /// Where it waits; `None` if there is nothing to do.
    pub fn queue(&self) -> Option<Queue> {
        if self.proposed.is_some() {
            Some(Queue::Second)
        } else if self.open_appeal().is_some() {
            Some(Queue::Appeals)
        } else if self.in_force().is_some() {
            None
        } else if self.is_child_safety() {
            Some(Queue::ChildSafety)
        } else {
            Some(Queue::General)
        }
    }

    /// Whether it is about the exploitation of a child: by the reporter's word, or by what was found.
    pub fn is_child_safety(&self) -> bool {
        self.escalated || self.category == AbuseType::ChildExploitation
    }

    /// The latest decision, unless it was taken back.
    pub fn in_force(&self) -> Option<&Decision> {
        self.decisions.last().filter(|decision| decision.undone.is_none())
    }

    /// When it last changed.
    pub fn changed(&self) -> Timestamp {
        let decided = self
            .decisions
            .iter()
            .map(|decision| decision.undone.as_ref().map_or(decision.at, |undone| undone.at));
        let appealed =
            self.appeals.iter().map(|appeal| appeal.answer.as_ref().map_or(appeal.at, |answer| answer.at));
        decided.chain(appealed).fold(self.opened, Timestamp::max)
    }

    /// The removals that are asked for, by decision: rule and time.
    pub(in crate::safety) fn removals(&self) -> BTreeMap<u32, (String, Timestamp)> {
        let standing = self.decisions.iter().filter(|decision| decision.undone.is_none());
        let asked = standing.filter(|decision| decision.verdict.action == Action::AskRemoval);
        asked.map(|decision| (decision.number, (decision.verdict.rule.clone(), decision.at))).collect()
    }

    /// The appeal that waits.
    pub fn open_appeal(&self) -> Option<&Appeal> {
        self.appeals.iter().find(|appeal| appeal.answer.is_none())
    }

    /// Takes it for somebody.
    ///
    /// # Errors
    /// [`CaseRefusal::Decided`], [`CaseRefusal::Role`], [`CaseRefusal::Claimed`], [`CaseRefusal::TookPart`].
    pub fn claim(&mut self, who: &Member, now: Timestamp) -> Result<(), CaseRefusal> {
        self.may_see(who)?;
        let queue = self.queue().ok_or(CaseRefusal::Decided)?;
        let (opened, fetched) = match self.claimed(now) {
            Some(claim) if claim.by != who.name => return Err(CaseRefusal::Claimed),
            Some(claim) => (claim.opened, claim.fetched.clone()),
            None => (false, BTreeSet::new()),
        };
        let again = self.appeals.iter().any(|appeal| appeal.answer.as_ref().is_some_and(|one| !one.upheld));
        let took_part = match queue {
            _ if again => self.took_part(&who.name),
            Queue::Appeals => self.took_part(&who.name),
            Queue::Second => self.decided(&who.name),
            Queue::General | Queue::ChildSafety => false,
        };
        if took_part {
            return Err(CaseRefusal::TookPart);
        }
        self.claim = Some(Claim { by: who.name.clone(), until: now.plus_millis(CLAIM), opened, fetched });
        Ok(())
    }

    /// Gives it back.
    ///
    /// # Errors
    /// [`CaseRefusal::NotClaimed`].
    pub fn release(&mut self, who: &Member, now: Timestamp) -> Result<(), CaseRefusal> {
        self.holds(who, now)?;
        self.claim = None;
        Ok(())
    }

    /// What was shown is opened by whoever claimed it.
    ///
    /// # Errors
    /// [`CaseRefusal::NotClaimed`].
    pub fn open_content(&mut self, who: &Member, now: Timestamp) -> Result<(), CaseRefusal> {
        self.holds(who, now)?;
        if let Some(claim) = &mut self.claim {
            claim.opened = true;
        }
        self.opened_by.insert(who.name.clone());
        Ok(())
    }

    /// Whoever has it finds that it is about the exploitation of a child: it waits for those who are trained for it, and for
    /// nobody else.
    ///
    /// # Errors
    /// [`CaseRefusal::NotClaimed`], [`CaseRefusal::Escalated`].
    pub fn escalate(&mut self, who: &Member, now: Timestamp) -> Result<(), CaseRefusal> {
        self.holds(who, now)?;
        if self.is_child_safety() {
            return Err(CaseRefusal::Escalated);
        }
        self.escalated = true;
        self.priority = self.priority.max(weight::urgency(AbuseType::ChildExploitation, 0));
        self.claim = None;
        Ok(())
    }

    /// An attachment is fetched by whoever has it and opened it.
    ///
    /// # Errors
    /// [`CaseRefusal::NotClaimed`], [`CaseRefusal::NotOpened`].
    pub fn fetch(&mut self, who: &Member, number: usize, now: Timestamp) -> Result<(), CaseRefusal> {
        self.holds(who, now)?;
        let claim = self.claim.as_mut().filter(|claim| claim.opened).ok_or(CaseRefusal::NotOpened)?;
        claim.fetched.insert(number);
        Ok(())
    }

    /// Decides it. What weighs waits for somebody else. `shown` is how many messages the report shows; `hub_is_here`
    /// whether this service can ask the room's members for something.
    ///
    /// # Errors
    /// Any [`CaseRefusal`] but those of appeals.
    pub fn decide(
        &mut self,
        who: &Member,
        verdict: Verdict,
        shown: usize,
        hub_is_here: bool,
        now: Timestamp,
    ) -> Result<(), CaseRefusal> {
        self.holds(who, now)?;
        match self.queue() {
            Some(Queue::General | Queue::ChildSafety) => {}
            Some(Queue::Second) => return Err(CaseRefusal::Proposed),
            Some(Queue::Appeals) => return Err(CaseRefusal::Appealed),
            None => return Err(CaseRefusal::Decided),
        }
        self.was_opened()?;
        self.fits(&verdict, shown, hub_is_here, now)?;
        let grave = weight::is_grave(&verdict, self.is_child_safety(), now);
        let number = self.next_number();
        let decision =
            Decision { number, verdict, by: who.name.clone(), at: now, second: None, undone: None };
        if grave {
            self.proposed = Some(decision);
        } else {
            self.decisions.push(decision);
        }
        self.claim = None;
        Ok(())
    }

    /// Somebody else agrees.
    ///
    /// # Errors
    /// [`CaseRefusal::NotClaimed`], [`CaseRefusal::NothingProposed`], [`CaseRefusal::TookPart`].
    pub fn confirm(&mut self, who: &Member, now: Timestamp) -> Result<(), CaseRefusal> {
        let proposal = self.proposal_for(who, now)?;
        self.decisions.push(Decision { second: Some(Signed { by: who.name.clone(), at: now }), ..proposal });
        self.claim = None;
        Ok(())
    }

    /// Somebody else does not agree: it is to be decided anew.
    ///
    /// # Errors
    /// As [`Self::confirm`]; [`CaseRefusal::Explanation`].
    pub fn send_back(&mut self, who: &Member, why: &str, now: Timestamp) -> Result<(), CaseRefusal> {
        self.may_see(who)?;
        explained(why)?;
        let proposal = self.proposal_for(who, now)?;
        self.sent_back.push(SentBack { proposal, by: who.name.clone(), at: now, why: why.to_owned() });
        self.claim = None;
        Ok(())
    }

    /// Takes back the decision in force: its maker may, and a lead; what two people decided, a lead who took no part.
    ///
    /// # Errors
    /// [`CaseRefusal::NoDecision`], [`CaseRefusal::Role`], [`CaseRefusal::TwoDecided`], [`CaseRefusal::Explanation`],
    /// [`CaseRefusal::Appealed`].
    pub fn undo(&mut self, who: &Member, why: &str, now: Timestamp) -> Result<(), CaseRefusal> {
        self.may_see(who)?;
        explained(why)?;
        let decision = self.in_force().ok_or(CaseRefusal::NoDecision)?;
        if decision.by != who.name && !who.role.leads() {
            return Err(CaseRefusal::Role);
        }
        if decision.second.is_some() && (!who.role.leads() || self.took_part(&who.name)) {
            return Err(CaseRefusal::TwoDecided);
        }
        if self.open_appeal().is_some() {
            return Err(CaseRefusal::Appealed);
        }
        self.take_back(&who.name, why, now);
        Ok(())
    }

    /// Takes an appeal: one of each party against each decision, while it is in force; of whoever reported, against doing nothing only.
    ///
    /// # Errors
    /// [`CaseRefusal::NoAppealTaken`].
    pub fn appeal(&mut self, of: Party, words: &Words, now: Timestamp) -> Result<(), CaseRefusal> {
        let against = self.in_force().filter(|_| self.takes_appeal(of, now));
        let against = against.ok_or(CaseRefusal::NoAppealTaken)?.number;
        let words = words.as_str().to_owned();
        self.appeals.push(Appeal { of, against, words, at: now, answer: None });
        Ok(())
    }

    /// Whether an appeal is taken now.
    pub fn takes_appeal(&self, of: Party, now: Timestamp) -> bool {
        let against = self.in_force().filter(|decision| {
            let nothing = decision.verdict.action == Action::None;
            let theirs = if of == Party::Reporter { nothing } else { !nothing };
            theirs && decision.at.0.saturating_add(APPEALABLE) > now.0
        });
        against.is_some_and(|decision| {
            let heard = |appeal: &Appeal| appeal.of == of && appeal.against == decision.number;
            self.open_appeal().is_none() && !self.appeals.iter().any(heard)
        })
    }

    /// Whether the decision in force is young enough to be appealed against, by whomever.
    pub fn is_appealable(&self, now: Timestamp) -> bool {
        self.in_force().is_some_and(|decision| decision.at.0.saturating_add(APPEALABLE) > now.0)
    }

    /// Answers the appeal that waits. If the decision does not stand it is taken back, and, where nothing had been done, the case
    /// waits to be decided anew.
    ///
    /// # Errors
    /// [`CaseRefusal::NoAppeal`], [`CaseRefusal::NotClaimed`], [`CaseRefusal::NotOpened`], [`CaseRefusal::TookPart`],
    /// [`CaseRefusal::TwoDecided`], [`CaseRefusal::Explanation`].
    pub fn answer(
        &mut self,
        who: &Member,
        upheld: bool,
        explanation: &str,
        now: Timestamp,
    ) -> Result<(), CaseRefusal> {
        self.may_see(who)?;
        explained(explanation)?;
        self.open_appeal().ok_or(CaseRefusal::NoAppeal)?;
        self.holds(who, now)?;
        if self.took_part(&who.name) {
            return Err(CaseRefusal::TookPart);
        }
        self.was_opened()?;
        let by_two = self.in_force().is_some_and(|decision| decision.second.is_some());
        if !upheld && by_two && !who.role.leads() {
            return Err(CaseRefusal::TwoDecided);
        }
        let answer = Answer { upheld, explanation: explanation.to_owned(), by: who.name.clone(), at: now };
        let appeal =
            self.appeals.iter_mut().find(|appeal| appeal.answer.is_none()).ok_or(CaseRefusal::NoAppeal)?;
        appeal.answer = Some(answer);
        let of = appeal.of;
        if !upheld {
            self.take_back(&who.name, explanation, now);
            // That is the end of it; where nothing had been done, or where one person does not end it, others decide it anew.
            if of == Party::Subject && !self.is_child_safety() {
                let verdict = Verdict {
                    action: Action::None,
                    rule: policy::NOTHING.to_owned(),
                    explanation: explanation.to_owned(),
                    evidence: Vec::new(),
                    until: None,
                };
                let number = self.next_number();
                let by = who.name.clone();
                self.decisions.push(Decision { number, verdict, by, at: now, second: None, undone: None });
            }
        }
        self.claim = None;
        Ok(())
    }

    /// Whether somebody may look at a case of this kind.
    ///
    /// # Errors
    /// [`CaseRefusal::Role`].
    pub fn may_see(&self, who: &Member) -> Result<(), CaseRefusal> {
        if who.role.reviews() && (!self.is_child_safety() || who.role.sees_child_safety()) {
            Ok(())
        } else {
            Err(CaseRefusal::Role)
        }
    }

    /// Who has it now.
    pub fn claimed(&self, now: Timestamp) -> Option<&Claim> {
        self.claim.as_ref().filter(|claim| claim.until > now)
    }

    /// Nobody decides, confirms or answers about messages that they did not look at.
    fn was_opened(&self) -> Result<(), CaseRefusal> {
        let opened = self.claim.as_ref().is_some_and(|claim| claim.opened);
        if opened || self.exposed.first.is_none() { Ok(()) } else { Err(CaseRefusal::NotOpened) }
    }

    fn holds(&self, who: &Member, now: Timestamp) -> Result<(), CaseRefusal> {
        // First: whoever may not see it is not told who has it either.
        self.may_see(who)?;
        match self.claimed(now) {
            Some(claim) if claim.by == who.name => Ok(()),
            Some(_) => Err(CaseRefusal::Claimed),
            None => Err(CaseRefusal::NotClaimed),
        }
    }

    /// Whoever decided, confirmed, or sent back has made up their mind.
    fn took_part(&self, name: &StaffName) -> bool {
        self.decided(name) || self.sent_back.iter().any(|sent| sent.by == *name)
    }

    /// Whoever decided, confirmed or proposed. Who sent a proposal back can confirm another one.
    fn decided(&self, name: &StaffName) -> bool {
        let proposed = self.sent_back.iter().map(|sent| &sent.proposal);
        self.decisions.iter().chain(&self.proposed).chain(proposed).any(|decision| {
            decision.by == *name || decision.second.as_ref().is_some_and(|second| second.by == *name)
        })
    }

    fn proposal_for(&mut self, who: &Member, now: Timestamp) -> Result<Decision, CaseRefusal> {
        self.may_see(who)?;
        let proposal = self.proposed.as_ref().ok_or(CaseRefusal::NothingProposed)?;
        if proposal.by == who.name {
            return Err(CaseRefusal::TookPart);
        }
        self.holds(who, now)?;
        self.was_opened()?;
        self.proposed.take().ok_or(CaseRefusal::NothingProposed)
    }

    fn next_number(&self) -> u32 {
        u32::try_from(self.decisions.len() + self.sent_back.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    fn take_back(&mut self, by: &StaffName, why: &str, now: Timestamp) {
        if let Some(decision) = self.decisions.last_mut() {
            decision.undone = Some(Undone { by: by.clone(), at: now, why: why.to_owned() });
        }
    }

    fn fits(
        &self,
        verdict: &Verdict,
        shown: usize,
        hub_is_here: bool,
        now: Timestamp,
    ) -> Result<(), CaseRefusal> {
        policy::rule(&verdict.rule).ok_or(CaseRefusal::NoRule)?;
        explained(&verdict.explanation)?;
        if verdict.evidence.iter().any(|index| *index >= shown) {
            return Err(CaseRefusal::Evidence);
        }
        let timed = matches!(verdict.action, Action::Limit | Action::Suspend);
        if timed != verdict.until.is_some() || verdict.until.is_some_and(|until| until <= now) {
            return Err(CaseRefusal::Until);
        }
        let possible = match verdict.action {
            Action::None | Action::Ban => true,
            Action::Warn | Action::Limit | Action::Suspend => self.ours,
            Action::AskRemoval => hub_is_here,
        };
        if possible { Ok(()) } else { Err(CaseRefusal::NotOurs) }
    }
}

fn explained(text: &str) -> Result<(), CaseRefusal> {
    text.parse::<Words>().map(|_| ()).map_err(|_| CaseRefusal::Explanation)
}
