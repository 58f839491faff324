//! Pure decisions: how many people an account may turn to today, and when again.

use trefoil_proto::Timestamp;

/// Days after which somebody who was turned to and wrote nothing counts as not answering.
pub const WAIT_DAYS: u32 = 3;
/// Days for which answers, and answers that did not come, are kept.
pub const ANSWER_DAYS: u32 = 7;
/// Days for which reports are kept.
pub const REPORT_DAYS: u32 = 28;
/// Days for which the passes are kept that an account gave.
pub const GIVING_DAYS: u32 = 28;

/// So many outcomes say something about an account: below it a few people on holiday would.
const OUTCOMES: u32 = 5;
/// Fewer answers than one in so many is what unwanted messages look like.
const ONE_IN: u32 = 5;
/// What is left of an account's allowance then.
const LEFT: u32 = 4;

const DAY: u64 = Timestamp::DAY;

/// The thresholds, as the operator sets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether anything is refused at all.
    pub limited: bool,
    /// People whose answer an account may wait for on its first day.
    pub first_day: u32,
    /// So many more with each day of its age.
    pub more_each_day: u32,
    /// And never more than this.
    pub most: u32,
    /// So many reports in their window, and it may turn to nobody.
    pub reports: u32,
}

/// Who gives passes for registrations, as the operator sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Giving {
    /// So many in [`GIVING_DAYS`].
    pub most: u32,
    /// Days of age from which on an account gives any.
    pub from_day: u32,
}

/// What is counted of an account, in its windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// People it turned to for the first time in [`WAIT_DAYS`].
    pub begun: u32,
    /// Passes that it got today, for people of other services.
    pub passes: u32,
    /// How many answered in the same days.
    pub answered_lately: u32,
    /// How many answered in [`ANSWER_DAYS`].
    pub answered: u32,
    /// How many did not, in the same days.
    pub unanswered: u32,
    /// Reports about it in [`REPORT_DAYS`].
    pub reports: u32,
    /// Passes for registrations that it gave in [`GIVING_DAYS`].
    pub given: u32,
}

/// How many people an account may have turned to in [`WAIT_DAYS`], all told.
pub(super) fn allowance(rules: &Rules, age: u32, counts: &Counts) -> u32 {
    if counts.reports >= rules.reports {
        return 0;
    }
    let by_age = rules.first_day.saturating_add(rules.more_each_day.saturating_mul(age)).min(rules.most);
    let outcomes = counts.answered.saturating_add(counts.unanswered);
    let unwanted = outcomes >= OUTCOMES && counts.answered.saturating_mul(ONE_IN) < outcomes;
    let by_answers = if unwanted { by_age / LEFT } else { by_age };
    // Each report halves what is left; who is not stopped may turn to one.
    let by_reports = by_answers.checked_shr(counts.reports).unwrap_or(0).max(1);
    // Who answered is no stranger any more, and does not count.
    by_reports.saturating_add(counts.answered_lately)
}

/// Whether an account may give so many passes for registrations: none of who was reported, who vouches for nobody.
pub(super) fn may_give(giving: &Giving, age: u32, counts: &Counts, count: u32) -> bool {
    age >= giving.from_day && counts.reports == 0 && counts.given.saturating_add(count) <= giving.most
}

/// What is left of an allowance where a policy list recommends to limit.
pub(super) fn limited(allowance: u32) -> u32 {
    if allowance == 0 { 0 } else { (allowance / LEFT).max(1) }
}

/// The first day from `today` on which an account may turn to somebody else, as far as is known now: what was begun grows
/// old, the account grows older, reports leave their window. `free` says whether it may on a day.
pub(super) fn next_day(today: u32, free: impl Fn(u32) -> bool) -> u32 {
    (today + 1..today.saturating_add(REPORT_DAYS)).find(|day| free(*day)).unwrap_or(today + REPORT_DAYS)
}

/// Days since the UNIX epoch.
pub(super) fn day(now: Timestamp) -> u32 {
    now.short_day().min(u32::MAX - REPORT_DAYS)
}

/// When a day begins.
pub(super) fn start_of(day: u32) -> Timestamp {
    Timestamp(u64::from(day) * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { limited: true, first_day: 5, more_each_day: 3, most: 50, reports: 5 };

    #[test]
    fn an_allowance_grows_with_age_and_shrinks_with_reports() {
        let none = Counts::default();
        assert_eq!([0, 1, 10, 15, 400].map(|age| allowance(&RULES, age, &none)), [5, 8, 35, 50, 50]);
        let reported = |reports| allowance(&RULES, 400, &Counts { reports, ..none });
        assert_eq!([0, 1, 2, 4, 5, 60].map(reported), [50, 25, 12, 3, 0, 0]);
        // One that was reported on its first day is not at nothing before it is stopped.
        assert_eq!(allowance(&RULES, 0, &Counts { reports: 4, ..none }), 1);
    }

    #[test]
    fn who_is_answered_goes_on_and_who_never_is_does_not() {
        let answered = Counts { answered_lately: 7, answered: 7, ..Counts::default() };
        assert_eq!(allowance(&RULES, 0, &answered), 12);
        let of = |answered, unanswered| Counts { answered, unanswered, ..Counts::default() };
        // Four outcomes say nothing yet.
        assert_eq!(allowance(&RULES, 5, &of(0, 4)), 20);
        assert_eq!(allowance(&RULES, 5, &of(0, 5)), 5);
        assert_eq!(allowance(&RULES, 5, &of(1, 5)), 5);
        assert_eq!(allowance(&RULES, 5, &of(1, 4)), 20);
    }

    #[test]
    fn the_next_day_is_the_first_that_is_free() {
        assert_eq!(next_day(1000, |_| true), 1001);
        assert_eq!(next_day(1000, |day| day >= 1007), 1007);
        assert_eq!(next_day(1000, |_| false), 1000 + REPORT_DAYS);
        assert_eq!(start_of(day(Timestamp(86_400_000 * 3 + 5))), Timestamp(86_400_000 * 3));
    }
}
