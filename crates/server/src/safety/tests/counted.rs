//! The figures that are published.
#![allow(clippy::unwrap_used)]

use super::super::{
    Figure,
    case::{Action, Case, Verdict},
    figures,
};
use crate::staff::{Member, Role};
use trefoil_proto::{Timestamp, mimi::report::AbuseType};

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const LATER: Timestamp = NOW.plus_millis(60 * 60_000);

#[test]
fn figures_count_and_do_not_point_at_anybody() {
    let ines = Member { name: "ines".parse().unwrap(), role: Role::Reviewer };
    let reported = |reason, minutes: u64| {
        let mut case = Case::open("mimi://a.example/u/m".parse().unwrap(), true, reason, 0, NOW);
        let at = NOW.plus_millis(minutes * 60_000);
        case.claim(&ines, at).unwrap();
        let verdict = Verdict {
            action: Action::Warn,
            rule: "spam".into(),
            explanation: "bulk".into(),
            evidence: Vec::new(),
            until: None,
        };
        case.decide(&ines, verdict, 0, false, at).unwrap();
        case
    };
    let mut cases: Vec<Case> = (1..=9).map(|minutes| reported(AbuseType::Spam, minutes)).collect();
    let made = figures(&cases, NOW, LATER);
    let spam = &made.by_category["spam"];
    assert_eq!(
        (spam.reports, spam.decided, spam.median_minutes),
        (Figure(Some(9)), Figure(Some(9)), Some(5))
    );
    assert_eq!((spam.actions["warn"], spam.actions["ban"]), (Figure(Some(9)), Figure(Some(0))));
    assert_eq!(made.by_category["violence"].reports, Figure(Some(0)));
    assert_eq!(made.by_category["all"].reports, Figure(Some(9)));
    // One report of hate beside the nine: neither that it is one is told, nor what that would follow from.
    cases.push(reported(AbuseType::Hate, 1));
    let made = figures(&cases, NOW, LATER);
    let hate = &made.by_category["hate"];
    assert_eq!((hate.reports, hate.median_minutes), (Figure(None), None));
    assert_eq!(made.by_category["spam"].reports, Figure(None));
    assert_eq!(made.by_category["all"].reports, Figure(Some(10)));
    // Two reasons of one each add up to two: a third is withheld with them.
    cases.push(reported(AbuseType::Other, 1));
    cases.extend((1..=12).map(|minutes| reported(AbuseType::Fraud, minutes)));
    let made = figures(&cases, NOW, LATER);
    let told = |reason: &str| made.by_category[reason].reports;
    assert_eq!(["hate", "other", "spam"].map(told), [Figure(None); 3]);
    assert_eq!((told("fraud"), told("all")), (Figure(Some(12)), Figure(Some(23))));
    // Where there is nothing else, the sum is withheld.
    let only = [reported(AbuseType::Hate, 1)];
    assert_eq!(figures(&only, NOW, LATER).by_category["all"].reports, Figure(None));
    assert_eq!(figures(&cases, LATER, LATER.plus_millis(1)).by_category["all"].reports, Figure(Some(0)));
}

/// What happens later is counted when it happens: the figures of a time that is over stay what they are.
#[test]
fn what_happens_later_changes_no_figures_that_were_published() {
    let ines = Member { name: "ines".parse().unwrap(), role: Role::Reviewer };
    let opened = || Case::open("mimi://a.example/u/m".parse().unwrap(), true, AbuseType::Spam, 0, NOW);
    let mut cases: Vec<Case> = std::iter::repeat_with(opened).take(9).collect();
    let before = figures(&cases, NOW, LATER);
    for case in &mut cases {
        let verdict = Verdict {
            action: Action::Warn,
            rule: "spam".into(),
            explanation: "bulk".into(),
            evidence: Vec::new(),
            until: None,
        };
        case.claim(&ines, LATER).unwrap();
        case.decide(&ines, verdict, 0, false, LATER).unwrap();
        case.undo(&ines, "not bulk", LATER).unwrap();
    }
    assert_eq!(figures(&cases, NOW, LATER), before);
    let after = figures(&cases, LATER, LATER.plus_millis(1));
    let spam = &after.by_category["spam"];
    assert_eq!(
        (spam.reports, spam.decided, spam.actions["warn"], spam.reversed),
        (Figure(Some(0)), Figure(Some(9)), Figure(Some(9)), Figure(Some(9)))
    );
}
