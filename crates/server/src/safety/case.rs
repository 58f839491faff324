//! A case: what came of one report. Pure: who may do what, in which order, and what follows.
//!
//! Nobody decides what they did not claim; what weighs is confirmed by somebody else; whoever decided does not hear the appeal.

use super::{
    policy::{self, Weight},
    statement::ContentType,
};
use crate::staff::{Member, StaffName};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use trefoil_proto::{RoomUri, Timestamp, UserUri, decisions::Words, mimi::report::AbuseType};

/// How long a claim holds, in milliseconds: half an hour.
pub const CLAIM: u64 = 30 * 60 * 1000;
/// How long after a decision an appeal is taken, in milliseconds: half a year, as the DSA asks (article 20).
pub const APPEALABLE: u64 = 183 * 24 * 60 * 60 * 1000;
/// Longest limit or suspension that one person decides, in milliseconds: 30 days.
pub const ALONE: u64 = 30 * 24 * 60 * 60 * 1000;

/// What came of one report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// When the report was taken.
    pub opened: Timestamp,
    /// Who is reported.
    #[serde(with = "super::text")]
    pub about: UserUri,
    /// Whether this service is theirs.
    pub ours: bool,
    /// In which room; a decision is taken back there also when the report is gone.
    #[serde(default, with = "super::text::option")]
    pub room: Option<RoomUri>,
    /// Why it was reported.
    pub category: AbuseType,
    /// What the report shows, as far as it is told after the report is forgotten.
    #[serde(default)]
    pub exposed: Exposed,
    /// Higher comes first.
    pub priority: u8,
    /// Who has it now.
    pub claim: Option<Claim>,
    /// A decision that somebody else is to confirm.
    pub proposed: Option<Decision>,
    /// What was decided, the latest last.
    pub decisions: Vec<Decision>,
    /// Who asked for another look, at most one of each party.
    pub appeals: Vec<Appeal>,
    /// What was said by whom when a proposal was sent back, the latest last.
    pub sent_back: Vec<SentBack>,
    /// What others know of its attachments. It brings a case forward, and decides nothing.
    #[serde(default)]
    pub matches: Vec<KnownMatch>,
    /// Reports to NCMEC that were prepared of it.
    #[serde(default)]
    pub tips: Vec<String>,
}

/// What a report shows, without what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposed {
    /// When the first of the messages was accepted; `None` if none is shown.
    pub first: Option<Timestamp>,
    /// Which kinds of content there are, by the media types that the sender gave them.
    pub kinds: BTreeSet<ContentType>,
}

/// An attachment is on a list of what others found before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownMatch {
    /// The list.
    pub list: String,
    /// What it is of.
    pub of: String,
    /// The very file; else a picture that looks the same.
    pub exact: bool,
    /// Bits that differ, of 256.
    pub distance: u32,
}

/// Somebody has a case, until a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who.
    pub by: StaffName,
    /// Until when, unless it is done or given back.
    pub until: Timestamp,
    /// Whether they opened what was shown.
    pub opened: bool,
    /// Which of its attachments they fetched, counted from 0.
    #[serde(default)]
    pub fetched: BTreeSet<usize>,
}

/// What is done about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing: the report shows nothing against the policy.
    None,
    /// They are told.
    Warn,
    /// No new conversations for a time.
    Limit,
    /// Nothing is taken from them for a time.
    Suspend,
    /// Nothing is taken from them any more.
    Ban,
    /// The room's members are asked to remove them.
    AskRemoval,
}

/// What somebody decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// What is done.
    pub action: Action,
    /// The rule of the policy that it rests on.
    pub rule: String,
    /// Why, for the person whom it is about to read.
    pub explanation: String,
    /// Which of the shown messages it rests on, counted from 0.
    #[serde(default)]
    pub evidence: Vec<usize>,
    /// When a limit or a suspension ends.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

/// A verdict with who gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Counted from 1 within the case, proposals included.
    pub number: u32,
    /// What.
    pub verdict: Verdict,
    /// Who.
    pub by: StaffName,
    /// When.
    pub at: Timestamp,
    /// Who confirmed it, where that is needed.
    pub second: Option<Signed>,
    /// Who took it back.
    pub undone: Option<Undone>,
}

/// Who, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// Who.
    pub by: StaffName,
    /// When.
    pub at: Timestamp,
}

/// A decision was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// Who.
    pub by: StaffName,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: String,
}

/// A proposal was not confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentBack {
    /// What was proposed.
    pub proposal: Decision,
    /// Who did not confirm it.
    pub by: StaffName,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: String,
}

/// Who asks for another look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// The person whom it is about.
    Subject,
    /// Whoever reported.
    Reporter,
}

/// Another look is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appeal {
    /// Who asks.
    pub of: Party,
    /// Why.
    pub words: String,
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub answer: Option<Answer>,
}

/// The end of an appeal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether the decision stands.
    pub upheld: bool,
    /// Why, for the person who appealed.
    pub explanation: String,
    /// Who answered.
    pub by: StaffName,
    /// When.
    pub at: Timestamp,
}

/// Where a case waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Queue {
    /// Reports of the reasons that everybody reviews.
    General,
    /// Reports of the exploitation of children.
    ChildSafety,
    /// Decisions that somebody else is to confirm.
    Second,
    /// Decisions against which somebody appealed.
    Appeals,
}

/// Why something cannot be done with a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseRefusal {
    /// The role does not allow it.
    #[error("your role does not allow this")]
    Role,
    /// Somebody else has it.
    #[error("somebody else has this case: take another one from the queue")]
    Claimed,
    /// It was not claimed, or the claim has ended.
    #[error("claim the case first: a claim ends after half an hour")]
    NotClaimed,
    /// Somebody who decided may not do this.
    #[error("you took part in this decision: somebody else must do this")]
    TookPart,
    /// Nothing waits to be decided.
    #[error("this case is decided: take the decision back, or wait for an appeal")]
    Decided,
    /// Nothing waits to be confirmed.
    #[error("nothing in this case waits to be confirmed")]
    NothingProposed,
    /// A proposal waits to be confirmed or sent back.
    #[error("a decision waits in this case: confirm it or send it back")]
    Proposed,
    /// Nobody appealed, or it was answered.
    #[error("no appeal waits in this case")]
    NoAppeal,
    /// An appeal waits to be answered.
    #[error("an appeal waits in this case: answer it")]
    Appealed,
    /// What was shown was not opened.
    #[error("open what was shown before you decide")]
    NotOpened,
    /// No such decision, or it was taken back.
    #[error("no such decision is in force")]
    NoDecision,
    /// The policy has no such rule.
    #[error("the policy has no such rule: `policy` lists them")]
    NoRule,
    /// No explanation, or too long a one.
    #[error("explain it, in at most 4096 bytes: the person reads it")]
    Explanation,
    /// Evidence that was not shown.
    #[error("the report shows no message of that number")]
    Evidence,
    /// A limit or suspension without an end that is to come, or another action with one.
    #[error("a limit and a suspension need an end that is to come; nothing else has one")]
    Until,
    /// It is not possible towards a person of another service, or without a room.
    #[error(
        "people of other services can be banned here or removed from this service's rooms; their own service was told"
    )]
    NotOurs,
    /// It is not about the exploitation of children.
    #[error("only a case about the exploitation of children is reported to NCMEC")]
    OtherCategory,
    /// An appeal was taken already, or its time is over, or there is nothing to appeal against.
    #[error("no appeal is taken: one for each case, within half a year of the decision")]
    NoAppealTaken,
}

impl Case {
    /// A case as it is opened.
    pub fn open(about: UserUri, ours: bool, category: AbuseType, others: usize, now: Timestamp) -> Self {
        Self {
            opened: now,
            about,
            ours,
            room: None,
            category,
            exposed: Exposed::default(),
            priority: urgency(category).saturating_add(10 * u8::try_from(others.min(3)).unwrap_or(3)),
            claim: None,
            proposed: None,
            decisions: Vec::new(),
            appeals: Vec::new(),
            sent_back: Vec::new(),
            matches: Vec::new(),
            tips: Vec::new(),
        }
    }

    /// Where it waits; `None` if there is nothing to do.
    pub fn queue(&self) -> Option<Queue> {
        if self.proposed.is_some() {
            Some(Queue::Second)
        } else if self.open_appeal().is_some() {
            Some(Queue::Appeals)
        } else if self.in_force().is_some() {
            None
        } else if self.category == AbuseType::ChildExploitation {
            Some(Queue::ChildSafety)
        } else {
            Some(Queue::General)
        }
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
    pub(super) fn removals(&self) -> BTreeMap<u32, (String, Timestamp)> {
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
        if matches!(queue, Queue::Second | Queue::Appeals) && self.took_part(&who.name) {
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

    /// Decides it. What weighs waits for somebody else. `shown` is how many messages the report shows.
    ///
    /// # Errors
    /// Any [`CaseRefusal`] but those of appeals.
    pub fn decide(
        &mut self,
        who: &Member,
        verdict: Verdict,
        shown: usize,
        has_room: bool,
        now: Timestamp,
    ) -> Result<(), CaseRefusal> {
        self.holds(who, now)?;
        match self.queue() {
            Some(Queue::General | Queue::ChildSafety) => {}
            Some(Queue::Second) => return Err(CaseRefusal::Proposed),
            Some(Queue::Appeals) => return Err(CaseRefusal::Appealed),
            None => return Err(CaseRefusal::Decided),
        }
        if shown > 0 && !self.claim.as_ref().is_some_and(|claim| claim.opened) {
            return Err(CaseRefusal::NotOpened);
        }
        self.fits(&verdict, shown, has_room, now)?;
        let grave = is_grave(&verdict, self.category, now);
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

    /// Takes back the decision in force: its maker may, and a lead.
    ///
    /// # Errors
    /// [`CaseRefusal::NoDecision`], [`CaseRefusal::Role`], [`CaseRefusal::Explanation`], [`CaseRefusal::Appealed`].
    pub fn undo(&mut self, who: &Member, why: &str, now: Timestamp) -> Result<(), CaseRefusal> {
        self.may_see(who)?;
        explained(why)?;
        let made_by = self.in_force().ok_or(CaseRefusal::NoDecision)?.by.clone();
        if made_by != who.name && !who.role.leads() {
            return Err(CaseRefusal::Role);
        }
        if self.open_appeal().is_some() {
            return Err(CaseRefusal::Appealed);
        }
        self.take_back(&who.name, why, now);
        Ok(())
    }

    /// Takes an appeal: one of each party, against what is in force; of whoever reported, against doing nothing only.
    ///
    /// # Errors
    /// [`CaseRefusal::NoAppealTaken`].
    pub fn appeal(&mut self, of: Party, words: &Words, now: Timestamp) -> Result<(), CaseRefusal> {
        if !self.takes_appeal(of, now) {
            return Err(CaseRefusal::NoAppealTaken);
        }
        self.appeals.push(Appeal { of, words: words.as_str().to_owned(), at: now, answer: None });
        Ok(())
    }

    /// Whether an appeal is taken now.
    pub fn takes_appeal(&self, of: Party, now: Timestamp) -> bool {
        let against = self.in_force().filter(|decision| {
            let nothing = decision.verdict.action == Action::None;
            let theirs = if of == Party::Reporter { nothing } else { !nothing };
            theirs && decision.at.0.saturating_add(APPEALABLE) > now.0
        });
        against.is_some() && self.open_appeal().is_none() && self.appeals.iter().all(|appeal| appeal.of != of)
    }

    /// Answers the appeal that waits. If the decision does not stand it is taken back, and, where nothing had been done, the case
    /// waits to be decided anew.
    ///
    /// # Errors
    /// [`CaseRefusal::NoAppeal`], [`CaseRefusal::NotClaimed`], [`CaseRefusal::TookPart`], [`CaseRefusal::Explanation`].
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
        let answer = Answer { upheld, explanation: explanation.to_owned(), by: who.name.clone(), at: now };
        let appeal =
            self.appeals.iter_mut().find(|appeal| appeal.answer.is_none()).ok_or(CaseRefusal::NoAppeal)?;
        appeal.answer = Some(answer);
        let of = appeal.of;
        if !upheld {
            self.take_back(&who.name, explanation, now);
            if of == Party::Subject {
                // That is the end of it; where nothing had been done it is decided anew, by anybody.
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
        let child = self.category == AbuseType::ChildExploitation;
        if who.role.reviews() && (!child || who.role.sees_child_safety()) {
            Ok(())
        } else {
            Err(CaseRefusal::Role)
        }
    }

    /// Who has it now.
    pub fn claimed(&self, now: Timestamp) -> Option<&Claim> {
        self.claim.as_ref().filter(|claim| claim.until > now)
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
        let decided = self.decisions.iter().chain(&self.proposed).any(|decision| {
            decision.by == *name || decision.second.as_ref().is_some_and(|second| second.by == *name)
        });
        decided || self.sent_back.iter().any(|sent| sent.by == *name || sent.proposal.by == *name)
    }

    fn proposal_for(&mut self, who: &Member, now: Timestamp) -> Result<Decision, CaseRefusal> {
        self.may_see(who)?;
        let proposal = self.proposed.as_ref().ok_or(CaseRefusal::NothingProposed)?;
        if proposal.by == who.name {
            return Err(CaseRefusal::TookPart);
        }
        self.holds(who, now)?;
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
        has_room: bool,
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
            Action::AskRemoval => has_room,
        };
        if possible { Ok(()) } else { Err(CaseRefusal::NotOurs) }
    }
}

/// What one person does not decide: what never ends, what lasts long, and whatever is done where children are exploited.
fn is_grave(verdict: &Verdict, category: AbuseType, now: Timestamp) -> bool {
    let long = verdict.until.is_some_and(|until| until.0.saturating_sub(now.0) > ALONE);
    let child = category == AbuseType::ChildExploitation
        || policy::rule(&verdict.rule).is_some_and(|rule| rule.weight == Weight::TwoPeople);
    match verdict.action {
        Action::None => category == AbuseType::ChildExploitation,
        Action::Ban => true,
        Action::Warn | Action::Limit | Action::Suspend | Action::AskRemoval => long || child,
    }
}

fn explained(text: &str) -> Result<(), CaseRefusal> {
    text.parse::<Words>().map(|_| ()).map_err(|_| CaseRefusal::Explanation)
}

/// Where lives may be at stake comes first.
fn urgency(category: AbuseType) -> u8 {
    match category {
        AbuseType::ChildExploitation => 200,
        AbuseType::SelfHarm => 180,
        AbuseType::Violence => 160,
        AbuseType::Harassment | AbuseType::SexualContent => 100,
        AbuseType::Fraud | AbuseType::Hate => 80,
        AbuseType::Impersonation => 60,
        AbuseType::Spam => 40,
        AbuseType::Other => 20,
    }
}
