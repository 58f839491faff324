//! What weighs: which decision takes two people, which case comes first, what is grave to look at.

use super::{ALONE, Action, Case, Verdict};
use crate::safety::policy::{self, Weight};
use trefoil_proto::{Timestamp, mimi::report::AbuseType};

/// How urgent a case is that shows what a list of abuse of children has.
pub(in crate::safety) const FOREMOST: u8 = 250;
/// The same for other lists.
pub(in crate::safety) const KNOWN: u8 = 190;
/// Other cases about a person beyond which more of them make a case no more urgent.
const OTHERS: usize = 3;
/// People who reported the same beyond which more of them make a case no more urgent: many accounts are not many people.
const REPORTERS: u32 = 4;

/// What one person does not decide: what never ends, what lasts long, and whatever is done where children are exploited.
pub(super) fn is_grave(verdict: &Verdict, is_child_safety: bool, now: Timestamp) -> bool {
    let long = verdict.until.is_some_and(|until| until.0.saturating_sub(now.0) > ALONE);
    let child =
        is_child_safety || policy::rule(&verdict.rule).is_some_and(|rule| rule.weight == Weight::TwoPeople);
    match verdict.action {
        Action::None => is_child_safety,
        Action::Ban => true,
        Action::Warn | Action::Limit | Action::Suspend | Action::AskRemoval => long || child,
    }
}

/// How urgent a case is when another report joined it: as the graver of the reasons, and a little more for each further person who
/// reported it, up to [`REPORTERS`]; the same person again makes it no more urgent.
pub(super) fn joined(
    before: u8,
    category: AbuseType,
    by_another: bool,
    reporters: u32,
    is_shown: bool,
) -> u8 {
    let of_reason = urgency(category, 0);
    let least = before.max(if is_shown { of_reason } else { unproven(of_reason) });
    if by_another && reporters <= REPORTERS && least < FOREMOST {
        least.saturating_add(5).min(FOREMOST - 1)
    } else {
        least
    }
}

/// What a report is worth that shows nothing: anybody can say anything of anybody.
const UNPROVEN: u8 = 4;

/// How urgent a case is as it is opened: where lives may be at stake comes first, and of the same reason the case of whom others
/// are about too.
pub(super) fn urgency(category: AbuseType, others: usize) -> u8 {
    let of_reason: u8 = match category {
        AbuseType::ChildExploitation => 200,
        AbuseType::SelfHarm => 180,
        AbuseType::Violence => 160,
        AbuseType::Harassment | AbuseType::SexualContent => 100,
        AbuseType::Fraud | AbuseType::Hate => 80,
        AbuseType::Impersonation => 60,
        AbuseType::Spam => 40,
        AbuseType::Other => 20,
    };
    of_reason.saturating_add(10 * u8::try_from(others.min(OTHERS)).unwrap_or(u8::MAX))
}

/// The same of a case of which nothing is shown: it comes after most of what is.
pub(super) const fn unproven(urgency: u8) -> u8 {
    urgency / UNPROVEN
}

/// What is grave to look at.
pub(in crate::safety) fn is_grave_to_see(case: &Case) -> bool {
    let grave = |category: &AbuseType| matches!(category, AbuseType::Violence | AbuseType::SelfHarm);
    case.is_child_safety() || grave(&case.category) || case.also.iter().any(grave)
}
