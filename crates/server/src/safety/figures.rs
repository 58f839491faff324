//! What a service publishes of its safety: numbers, and nothing about a person. Counts under five are not told: with few reports of a
//! kind, a number would point at somebody. Nor is what would give them away by subtraction.

use super::case::{Action, Case, Decision};
use serde::Serialize;
use std::{collections::BTreeMap, ops::Range};
use trefoil_proto::{Timestamp, mimi::report::AbuseType};

/// Counts below this are only told to be below it.
const FEW: usize = 5;

/// A count as it is published: `None` if it is 1 to 4, or if one that is could be reckoned from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Figure(pub Option<usize>);

/// The figures of a time: what happened in it, each thing once, whenever the report came that it follows from. Reports about the same
/// that are one case are one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// From when on things count, in milliseconds since 1970.
    pub from: u64,
    /// Until when.
    pub until: u64,
    /// Counts below this are `null`, but for none at all; so are some others, from which such a one could be reckoned.
    pub fewer_than_is_null: usize,
    /// By reason, and for all of them under `all`.
    pub by_category: BTreeMap<String, CategoryFigures>,
}

/// The figures of one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CategoryFigures {
    /// Reports taken.
    pub reports: Figure,
    /// Cases that were decided for the first time.
    pub decided: Figure,
    /// What was done, by action, decisions that were taken back later included.
    pub actions: BTreeMap<String, Figure>,
    /// Appeals.
    pub appeals: Figure,
    /// Decisions that did not stand: on appeal or taken back by the team.
    pub reversed: Figure,
    /// Half of the decided were decided within so many minutes; `None` if few were.
    pub median_minutes: Option<u64>,
}

/// Counts what happened in a time.
pub fn figures<'a>(cases: impl IntoIterator<Item = &'a Case>, from: Timestamp, until: Timestamp) -> Figures {
    let cases: Vec<&Case> = cases.into_iter().collect();
    let time = from..until;
    let of_reason = |category| {
        let own: Vec<&Case> = cases.iter().copied().filter(|case| case.category == category).collect();
        Counts::of(&own, &time)
    };
    let rows: Vec<Counts> = AbuseType::ALL.into_iter().map(of_reason).collect();
    let all = Counts::of(&cases, &time);
    let mut told = vec![[true; MEASURES]; rows.len()];
    let mut all_told = [true; MEASURES];
    for measure in 0..MEASURES {
        let column: Vec<usize> = rows.iter().map(|row| row.counts[measure]).collect();
        let withheld = withheld(&column);
        for (told, withheld) in told.iter_mut().zip(&withheld.parts) {
            told[measure] &= !withheld;
        }
        all_told[measure] = !withheld.total && Figure::new(all.counts[measure]).0.is_some();
    }
    // What was done adds up to what was decided, nearly.
    for (row, told) in rows.iter().zip(&mut told) {
        for (at, withheld) in withheld(&row.counts[ACTIONS..]).parts.into_iter().enumerate() {
            told[ACTIONS + at] &= !withheld;
        }
    }
    let mut by_category: BTreeMap<_, _> = AbuseType::ALL
        .into_iter()
        .zip(rows.iter().zip(&told))
        .map(|(category, (row, told))| (name(category), row.as_published(told)))
        .collect();
    by_category.insert("all".to_owned(), all.as_published(&all_told));
    Figures { from: from.0, until: until.0, fewer_than_is_null: FEW, by_category }
}

const DONE: [Action; 6] =
    [Action::None, Action::Warn, Action::Limit, Action::Suspend, Action::Ban, Action::AskRemoval];
/// Reports, decided, appeals, reversed.
const ACTIONS: usize = 4;
const MEASURES: usize = ACTIONS + DONE.len();

/// The counts of some cases, none of them withheld.
struct Counts {
    counts: [usize; MEASURES],
    median_minutes: Option<u64>,
}

impl Counts {
    fn of(cases: &[&Case], time: &Range<Timestamp>) -> Self {
        let wait = |case: &&Case| {
            let first = case.decisions.first().filter(|decision| time.contains(&decision.at))?;
            Some(first.at.0.saturating_sub(case.opened.0))
        };
        let mut waits: Vec<u64> = cases.iter().filter_map(wait).collect();
        waits.sort_unstable();
        let decisions = || cases.iter().flat_map(|case| &case.decisions);
        let undone =
            |decision: &&Decision| decision.undone.as_ref().is_some_and(|one| time.contains(&one.at));
        let mut counts = [0; MEASURES];
        counts[0] = cases.iter().filter(|case| time.contains(&case.opened)).count();
        counts[1] = waits.len();
        counts[2] =
            cases.iter().flat_map(|case| &case.appeals).filter(|appeal| time.contains(&appeal.at)).count();
        counts[3] = decisions().filter(undone).count();
        for (at, action) in DONE.into_iter().enumerate() {
            let done = |one: &&Decision| one.verdict.action == action && time.contains(&one.at);
            counts[ACTIONS + at] = decisions().filter(done).count();
        }
        let median_minutes = (waits.len() >= FEW).then(|| waits[waits.len() / 2] / 60_000);
        Self { counts, median_minutes }
    }

    fn as_published(&self, told: &[bool; MEASURES]) -> CategoryFigures {
        let figure = |at: usize| Figure(Some(self.counts[at]).filter(|_| told[at]));
        let done = DONE.into_iter().enumerate();
        CategoryFigures {
            reports: figure(0),
            decided: figure(1),
            appeals: figure(2),
            reversed: figure(3),
            actions: done.map(|(at, action)| (name(action), figure(ACTIONS + at))).collect(),
            median_minutes: self.median_minutes.filter(|_| told[1]),
        }
    }
}

/// Which of some counts are withheld, and whether their sum is.
struct Withheld {
    parts: Vec<bool>,
    total: bool,
}

/// Withholds what is under [`FEW`], and as many of the smallest others as it takes that the sum does not give it away: two at
/// least, of [`FEW`] or more together. Where there are no others the sum is withheld.
fn withheld(counts: &[usize]) -> Withheld {
    let mut parts: Vec<bool> = counts.iter().map(|count| Figure::new(*count).0.is_none()).collect();
    loop {
        let hidden = || counts.iter().zip(&parts).filter(|(_, hidden)| **hidden).map(|(count, _)| *count);
        let number = hidden().count();
        if number == 0 || (number >= 2 && hidden().sum::<usize>() >= FEW) {
            return Withheld { parts, total: false };
        }
        let others = counts.iter().enumerate().filter(|(at, count)| **count > 0 && !parts[*at]);
        match others.min_by_key(|(_, count)| **count) {
            Some((at, _)) => parts[at] = true,
            None => return Withheld { parts, total: true },
        }
    }
}

fn name(of: impl Serialize) -> String {
    serde_json::to_value(of).ok().and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default()
}

impl Figure {
    fn new(count: usize) -> Self {
        Self((count == 0 || count >= FEW).then_some(count))
    }
}
