//! A case: what came of a report, and of those about the same that joined it. Pure: who may do what, in which order, and what follows.
//!
//! Nobody decides what they did not claim; what weighs is confirmed by somebody else; whoever decided does not hear the appeal.

mod acts;
mod weight;

pub(super) use weight::{FOREMOST, KNOWN, is_grave_to_see};

use super::statement::ContentType;
use crate::staff::StaffName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use trefoil_proto::{RoomUri, Timestamp, UserUri, mimi::report::AbuseType};

/// How long a claim holds, in milliseconds: half an hour.
pub const CLAIM: u64 = 30 * 60 * 1000;
/// How long after a decision an appeal is taken, in milliseconds: half a year, as the DSA asks (article 20).
pub const APPEALABLE: u64 = 183 * 24 * 60 * 60 * 1000;
/// Longest limit or suspension that one person decides, in milliseconds: 30 days.
pub const ALONE: u64 = 30 * 24 * 60 * 60 * 1000;

/// What came of a report, and of those about the same that joined it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// When the first report was taken.
    pub opened: Timestamp,
    /// Who is reported.
    #[serde(with = "crate::json_text")]
    pub about: UserUri,
    /// Whether this service is theirs.
    pub ours: bool,
    /// In which room; a decision is taken back there also when the report is gone.
    #[serde(default, with = "crate::json_text::option")]
    pub room: Option<RoomUri>,
    /// Why it was reported.
    pub category: AbuseType,
    /// Somebody found that it is about the exploitation of a child, or a list of such material says so: it is with those who are
    /// trained for it, whatever the reporter called it.
    #[serde(default)]
    pub escalated: bool,
    /// Who opened what was shown.
    #[serde(default)]
    pub opened_by: BTreeSet<StaffName>,
    /// What the report shows, as far as it is told after the report is forgotten.
    #[serde(default)]
    pub exposed: Exposed,
    /// Reports that joined the first, about the same.
    #[serde(default)]
    pub joined: u32,
    /// How many people reported it, as far as this service knows them.
    #[serde(default = "one")]
    pub reporters: u32,
    /// Reasons that those who joined gave beside the first.
    #[serde(default)]
    pub also: BTreeSet<AbuseType>,
    /// Higher comes first.
    pub priority: u8,
    /// Who has it now.
    pub claim: Option<Claim>,
    /// A decision that somebody else is to confirm.
    pub proposed: Option<Decision>,
    /// What was decided, the latest last.
    pub decisions: Vec<Decision>,
    /// Who asked for another look, at most one of each party for each decision.
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

/// In rows of earlier versions, where each report had a case of its own.
fn one() -> u32 {
    1
}

/// What a report shows, without what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposed {
    /// When the first of the messages was accepted; `None` if none is shown.
    pub first: Option<Timestamp>,
    /// Which kinds of content there are, by the media types that the sender gave them.
    pub kinds: BTreeSet<ContentType>,
}

impl Exposed {
    /// Whether there is more than words.
    pub fn has_files(&self) -> bool {
        self.kinds.iter().any(|kind| *kind != ContentType::Text)
    }
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
    /// Against which decision.
    #[serde(default)]
    pub against: u32,
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
    /// It is with the child safety team.
    #[error("this case is with the child safety team already")]
    Escalated,
    /// Two people decided it.
    #[error("two people decided this: only a lead who took no part takes it back")]
    TwoDecided,
    /// An appeal was taken already, or its time is over, or there is nothing to appeal against.
    #[error("no appeal is taken: one for each decision, within half a year of it")]
    NoAppealTaken,
}
