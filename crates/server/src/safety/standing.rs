//! What is in force against whom, in memory: asked at every message.

use super::{
    case::{Action, Case},
    rows::Measure,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{PoisonError, RwLock},
};
use trefoil_proto::{Timestamp, UserUri, decisions::CaseId};

/// How a person stands at this service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As everybody.
    Good,
    /// Begins no conversations until a time.
    Limited(Timestamp),
    /// Nothing is taken from them until a time.
    Suspended(Timestamp),
    /// Nothing is taken from them.
    Banned,
}

/// What one decision puts in force.
type Mark = (CaseId, u32);

/// Everybody against whom something is in force.
#[derive(Default)]
pub(super) struct Standings(RwLock<HashMap<UserUri, HashMap<Mark, Measure>>>);

impl Standings {
    pub(super) fn put(&self, user: UserUri, mark: Mark, measure: Measure) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.entry(user).or_default().insert(mark, measure);
    }

    pub(super) fn take(&self, user: &UserUri, mark: Mark) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = all.get_mut(user) {
            own.remove(&mark);
            if own.is_empty() {
                all.remove(user);
            }
        }
    }

    /// The gravest of what is in force now.
    pub(super) fn of(&self, user: &UserUri, now: Timestamp) -> Standing {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(own) = all.get(user) else { return Standing::Good };
        let latest = |action| {
            let ends =
                own.values().filter(|measure| measure.action == action).filter_map(|measure| measure.until);
            ends.max().filter(|until| *until > now)
        };
        if own.values().any(|measure| measure.action == Action::Ban) {
            Standing::Banned
        } else if let Some(until) = latest(Action::Suspend) {
            Standing::Suspended(until)
        } else if let Some(until) = latest(Action::Limit) {
            Standing::Limited(until)
        } else {
            Standing::Good
        }
    }
}

/// What a case puts in force, by decision.
pub(super) fn measures(case: &Case) -> BTreeMap<u32, Measure> {
    let standing = case.decisions.iter().filter(|decision| decision.undone.is_none());
    let lasting = standing.filter_map(|decision| {
        let (action, until) = (decision.verdict.action, decision.verdict.until);
        let lasts = matches!(action, Action::Limit | Action::Suspend | Action::Ban);
        lasts.then_some((decision.number, Measure { action, until }))
    });
    lasting.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_gravest_counts_and_all_of_it_ends() {
        let (all, user) = (Standings::default(), "mimi://a.example/u/m".parse::<UserUri>().unwrap());
        let case = CaseId([1; 10]);
        let measure = |action, until| Measure { action, until };
        assert_eq!(all.of(&user, Timestamp(0)), Standing::Good);
        all.put(user.clone(), (case, 1), measure(Action::Limit, Some(Timestamp(20))));
        all.put(user.clone(), (case, 2), measure(Action::Suspend, Some(Timestamp(10))));
        assert_eq!(all.of(&user, Timestamp(9)), Standing::Suspended(Timestamp(10)));
        assert_eq!(all.of(&user, Timestamp(10)), Standing::Limited(Timestamp(20)));
        assert_eq!(all.of(&user, Timestamp(20)), Standing::Good);
        all.put(user.clone(), (case, 3), measure(Action::Ban, None));
        assert_eq!(all.of(&user, Timestamp(99)), Standing::Banned);
        all.take(&user, (case, 3));
        assert_eq!(all.of(&user, Timestamp(9)), Standing::Suspended(Timestamp(10)));
    }
}
