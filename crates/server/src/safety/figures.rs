//! What a service publishes of its safety: numbers, and nothing about a person. Counts under five are not told: with few reports of a
//! kind, a number would point at somebody.

use super::case::{Action, Case};
use serde::Serialize;
use std::collections::BTreeMap;
use trefoil_proto::{Timestamp, mimi::report::AbuseType};

/// Counts below this are only told to be below it.
const FEW: usize = 5;

/// A count as it is published: `None` if it is 1 to 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Figure(pub Option<usize>);

/// The figures of a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// From when on reports count, in milliseconds since 1970.
    pub from: u64,
    /// Until when.
    pub until: u64,
    /// Counts below this are `null`, but for none at all.
    pub fewer_than_is_null: usize,
    /// By reason, and for all of them under `all`.
    pub by_category: BTreeMap<String, CategoryFigures>,
}

/// The figures of one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CategoryFigures {
    /// Reports taken.
    pub reports: Figure,
    /// Of them, decided by now.
    pub decided: Figure,
    /// What was done, by action, decisions that were taken back included.
    pub actions: BTreeMap<String, Figure>,
    /// Appeals.
    pub appeals: Figure,
    /// Decisions that did not stand: on appeal or taken back by the team.
    pub reversed: Figure,
    /// Half of the decided were decided within so many minutes; `None` if few were.
    pub median_minutes: Option<u64>,
}

/// Counts the cases whose reports were taken in a time.
pub fn figures<'a>(cases: impl IntoIterator<Item = &'a Case>, from: Timestamp, until: Timestamp) -> Figures {
    let counted: Vec<&Case> =
        cases.into_iter().filter(|case| (from.0..until.0).contains(&case.opened.0)).collect();
    let mut by_category: BTreeMap<_, _> = AbuseType::ALL
        .into_iter()
        .map(|category| {
            let own: Vec<&Case> = counted.iter().copied().filter(|case| case.category == category).collect();
            (name(category), of(&own))
        })
        .collect();
    by_category.insert("all".to_owned(), of(&counted));
    Figures { from: from.0, until: until.0, fewer_than_is_null: FEW, by_category }
}

fn of(cases: &[&Case]) -> CategoryFigures {
    let first =
        |case: &Case| case.decisions.first().map(|decision| decision.at.0.saturating_sub(case.opened.0));
    let mut waits: Vec<u64> = cases.iter().filter_map(|case| first(case)).collect();
    waits.sort_unstable();
    let decisions = || cases.iter().flat_map(|case| &case.decisions);
    let actions =
        [Action::None, Action::Warn, Action::Limit, Action::Suspend, Action::Ban, Action::AskRemoval];
    let done = |action| decisions().filter(|decision| decision.verdict.action == action).count();
    CategoryFigures {
        reports: Figure::new(cases.len()),
        decided: Figure::new(waits.len()),
        actions: actions.into_iter().map(|action| (name(action), Figure::new(done(action)))).collect(),
        appeals: Figure::new(cases.iter().map(|case| case.appeals.len()).sum()),
        reversed: Figure::new(decisions().filter(|decision| decision.undone.is_some()).count()),
        median_minutes: (waits.len() >= FEW).then(|| waits[waits.len() / 2] / 60_000),
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
