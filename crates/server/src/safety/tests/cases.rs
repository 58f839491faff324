//! Who may do what with a case, in which order.
#![allow(clippy::unwrap_used)]

use super::super::{
    case::{ALONE, APPEALABLE, Action, CLAIM, Case, CaseRefusal, Exposed, Party, Queue, Verdict},
    statement::ContentType,
};
use crate::staff::{Member, Role};
use trefoil_proto::{Timestamp, mimi::report::AbuseType};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn member(name: &str, role: Role) -> Member {
    Member { name: name.parse().unwrap(), role }
}

fn ines() -> Member {
    member("ines", Role::Reviewer)
}

fn otto() -> Member {
    member("otto", Role::Reviewer)
}

fn lena() -> Member {
    member("lena", Role::Lead)
}

fn reported(reason: AbuseType) -> Case {
    let case = Case::open("mimi://a.example/u/mallory".parse().unwrap(), true, reason, 0, NOW);
    Case { exposed: Exposed { first: Some(NOW), kinds: [ContentType::Text].into() }, ..case }
}

fn verdict(action: Action, until: Option<u64>) -> Verdict {
    Verdict {
        action,
        rule: "spam".into(),
        explanation: "the same to twenty strangers".into(),
        evidence: Vec::new(),
        until: until.map(|millis| NOW.plus_millis(millis)),
    }
}

/// Claims and opens.
fn take(case: &mut Case, who: &Member) -> Result<(), CaseRefusal> {
    case.claim(who, NOW)?;
    case.open_content(who, NOW)
}

/// Claims, opens and decides.
fn decide(case: &mut Case, who: &Member, verdict: Verdict) -> Result<(), CaseRefusal> {
    take(case, who)?;
    case.decide(who, verdict, 1, true, NOW)
}

#[test]
fn nobody_decides_what_they_did_not_claim_and_open() {
    let mut case = reported(AbuseType::Spam);
    let decided = |case: &mut Case| case.decide(&ines(), verdict(Action::Warn, None), 1, true, NOW);
    assert_eq!(decided(&mut case), Err(CaseRefusal::NotClaimed));
    case.claim(&ines(), NOW).unwrap();
    assert_eq!(decided(&mut case), Err(CaseRefusal::NotOpened));
    assert_eq!(case.claim(&otto(), NOW), Err(CaseRefusal::Claimed));
    assert_eq!(case.open_content(&otto(), NOW), Err(CaseRefusal::Claimed));
    case.open_content(&ines(), NOW).unwrap();
    // A claim ends, and with it what was opened.
    let later = NOW.plus_millis(CLAIM);
    assert_eq!(
        case.decide(&ines(), verdict(Action::Warn, None), 1, true, later),
        Err(CaseRefusal::NotClaimed)
    );
    case.claim(&otto(), later).unwrap();
    assert!(!case.claimed(later).unwrap().opened);
    case.release(&otto(), later).unwrap();
    assert!(decide(&mut case, &ines(), verdict(Action::Warn, None)).is_ok());
    assert_eq!(case.queue(), None);
    assert_eq!(case.claim(&otto(), NOW), Err(CaseRefusal::Decided));
}

#[test]
fn roles_bound_what_is_seen() {
    let mut case = reported(AbuseType::ChildExploitation);
    assert_eq!(case.queue(), Some(Queue::ChildSafety));
    assert_eq!(case.claim(&ines(), NOW), Err(CaseRefusal::Role));
    case.claim(&member("carla", Role::ChildSafetyReviewer), NOW).unwrap();
    refuses_whatever_it_is(&mut case, &ines());
    let mut case = reported(AbuseType::Spam);
    refuses_whatever_it_is(&mut case, &member("axel", Role::Auditor));
    decide(&mut case, &ines(), verdict(Action::Warn, None)).unwrap();
    refuses_whatever_it_is(&mut case, &member("axel", Role::Auditor));
}

/// Whoever may not see a case is told that, and not how far it is or who has it.
fn refuses_whatever_it_is(case: &mut Case, who: &Member) {
    let before = case.clone();
    let refused = [
        case.claim(who, NOW),
        case.release(who, NOW),
        case.open_content(who, NOW),
        case.fetch(who, 0, NOW),
        case.decide(who, verdict(Action::Warn, None), 1, true, NOW),
        case.confirm(who, NOW),
        case.send_back(who, "", NOW),
        case.undo(who, "", NOW),
        case.answer(who, true, "", NOW),
    ];
    assert_eq!(refused, [const { Err(CaseRefusal::Role) }; 9]);
    assert_eq!(*case, before);
}

#[test]
fn what_weighs_needs_two() {
    let grave = [
        (AbuseType::Spam, verdict(Action::Ban, None)),
        (AbuseType::Spam, verdict(Action::Suspend, Some(ALONE + 1))),
        (AbuseType::Spam, Verdict { rule: "violence".into(), ..verdict(Action::Suspend, Some(1)) }),
        (AbuseType::ChildExploitation, verdict(Action::None, None)),
    ];
    for (reason, verdict) in grave {
        let (mut case, carla) = (reported(reason), member("carla", Role::ChildSafetyReviewer));
        decide(&mut case, &carla, verdict).unwrap();
        assert_eq!((case.queue(), case.in_force()), (Some(Queue::Second), None));
        // Not by oneself, neither way.
        assert_eq!(case.claim(&carla, NOW), Err(CaseRefusal::TookPart));
        assert_eq!(case.confirm(&carla, NOW), Err(CaseRefusal::TookPart));
        assert_eq!(case.send_back(&carla, "no", NOW), Err(CaseRefusal::TookPart));
        assert_eq!(case.confirm(&lena(), NOW), Err(CaseRefusal::NotClaimed));
        case.claim(&lena(), NOW).unwrap();
        assert_eq!(case.confirm(&lena(), NOW), Err(CaseRefusal::NotOpened));
        case.open_content(&lena(), NOW).unwrap();
        case.confirm(&lena(), NOW).unwrap();
        assert_eq!(case.in_force().unwrap().second.as_ref().unwrap().by, lena().name);
    }
    let mut case = reported(AbuseType::Spam);
    decide(&mut case, &ines(), verdict(Action::Suspend, Some(ALONE))).unwrap();
    assert!(case.in_force().is_some());
}

#[test]
fn what_is_sent_back_is_decided_anew() {
    let mut case = reported(AbuseType::Spam);
    decide(&mut case, &ines(), verdict(Action::Ban, None)).unwrap();
    take(&mut case, &otto()).unwrap();
    case.send_back(&otto(), "a limit does", NOW).unwrap();
    assert_eq!(case.queue(), Some(Queue::General));
    decide(&mut case, &ines(), verdict(Action::Limit, Some(1))).unwrap();
    assert_eq!((case.in_force().unwrap().number, case.sent_back.len()), (2, 1));
}

#[test]
fn what_shows_nothing_comes_after_what_does() {
    let shown = |reason| reported(reason).priority;
    let said = |reason| {
        Case::open("mimi://a.example/u/mallory".parse().unwrap(), true, reason, 3, NOW)
            .showing(Exposed::default())
            .priority
    };
    assert!(said(AbuseType::ChildExploitation) < shown(AbuseType::Harassment));
    assert!(said(AbuseType::ChildExploitation) > said(AbuseType::Harassment));
}

/// A team of two comes to an end.
#[test]
fn who_sent_a_proposal_back_can_confirm_another() {
    let mut case = reported(AbuseType::Spam);
    decide(&mut case, &ines(), verdict(Action::Ban, None)).unwrap();
    take(&mut case, &otto()).unwrap();
    case.send_back(&otto(), "two months do", NOW).unwrap();
    decide(&mut case, &ines(), verdict(Action::Suspend, Some(ALONE * 2))).unwrap();
    assert_eq!(case.claim(&ines(), NOW), Err(CaseRefusal::TookPart));
    take(&mut case, &otto()).unwrap();
    case.confirm(&otto(), NOW).unwrap();
    assert_eq!(case.in_force().unwrap().second.as_ref().unwrap().by, otto().name);
}

#[test]
fn a_verdict_is_whole_or_none() {
    let refused = |verdict: Verdict, ours: bool, has_room: bool| {
        let mut case = Case { ours, ..reported(AbuseType::Spam) };
        case.claim(&ines(), NOW).unwrap();
        case.open_content(&ines(), NOW).unwrap();
        let before = case.clone();
        let refusal = case.decide(&ines(), verdict, 1, has_room, NOW).unwrap_err();
        assert_eq!(case, before, "a refusal changes nothing");
        refusal
    };
    let warn = || verdict(Action::Warn, None);
    assert_eq!(refused(Verdict { rule: "whim".into(), ..warn() }, true, true), CaseRefusal::NoRule);
    assert_eq!(refused(Verdict { explanation: " ".into(), ..warn() }, true, true), CaseRefusal::Explanation);
    assert_eq!(refused(Verdict { evidence: vec![1], ..warn() }, true, true), CaseRefusal::Evidence);
    assert_eq!(refused(verdict(Action::Limit, None), true, true), CaseRefusal::Until);
    assert_eq!(refused(verdict(Action::Limit, Some(0)), true, true), CaseRefusal::Until);
    assert_eq!(refused(verdict(Action::Ban, Some(9)), true, true), CaseRefusal::Until);
    assert_eq!(refused(warn(), false, true), CaseRefusal::NotOurs);
    assert_eq!(refused(verdict(Action::AskRemoval, None), false, false), CaseRefusal::NotOurs);
}

#[test]
fn an_appeal_goes_to_somebody_else_and_can_be_granted() {
    let mut case = reported(AbuseType::Spam);
    decide(&mut case, &ines(), verdict(Action::Limit, Some(9))).unwrap();
    let no = "that was not spam".parse().unwrap();
    // Whoever reported appeals against doing nothing only.
    assert_eq!(case.appeal(Party::Reporter, &no, NOW), Err(CaseRefusal::NoAppealTaken));
    assert_eq!(
        case.appeal(Party::Subject, &no, NOW.plus_millis(APPEALABLE)),
        Err(CaseRefusal::NoAppealTaken)
    );
    case.appeal(Party::Subject, &no, NOW).unwrap();
    assert_eq!(case.queue(), Some(Queue::Appeals));
    assert_eq!(case.claim(&ines(), NOW), Err(CaseRefusal::TookPart));
    assert_eq!(case.undo(&lena(), "meanwhile", NOW), Err(CaseRefusal::Appealed));
    case.claim(&otto(), NOW).unwrap();
    assert_eq!(case.answer(&otto(), false, "it was a party", NOW), Err(CaseRefusal::NotOpened));
    case.open_content(&otto(), NOW).unwrap();
    case.answer(&otto(), false, "it was a party", NOW).unwrap();
    assert_eq!(case.in_force().unwrap().verdict.action, Action::None);
    assert_eq!(case.queue(), None);
    // Once.
    assert_eq!(case.appeal(Party::Subject, &no, NOW), Err(CaseRefusal::NoAppealTaken));
}

#[test]
fn a_reporter_who_is_right_has_it_decided_anew_and_one_who_is_not_hears_why() {
    let mut case = reported(AbuseType::Harassment);
    decide(&mut case, &ines(), Verdict { rule: "none".into(), ..verdict(Action::None, None) }).unwrap();
    case.appeal(Party::Reporter, &"look at the third one".parse().unwrap(), NOW).unwrap();
    take(&mut case, &otto()).unwrap();
    let mut upheld = case.clone();
    case.answer(&otto(), false, "we overlooked it", NOW).unwrap();
    assert_eq!((case.in_force(), case.queue()), (None, Some(Queue::General)));
    // Not by whoever overlooked it.
    assert_eq!(case.claim(&ines(), NOW), Err(CaseRefusal::TookPart));
    case.claim(&lena(), NOW).unwrap();
    upheld.answer(&otto(), true, "we did not overlook it", NOW).unwrap();
    assert!(upheld.in_force().is_some());
    assert_eq!(upheld.appeals[0].answer.as_ref().unwrap().explanation, "we did not overlook it");
}

#[test]
fn its_maker_and_a_lead_take_a_decision_back() {
    let mut case = reported(AbuseType::Spam);
    decide(&mut case, &ines(), verdict(Action::Limit, Some(9))).unwrap();
    assert_eq!(case.undo(&otto(), "no", NOW), Err(CaseRefusal::Role));
    assert_eq!(case.undo(&ines(), " ", NOW), Err(CaseRefusal::Explanation));
    let mut by_lead = case.clone();
    by_lead.undo(&lena(), "the wrong person", NOW).unwrap();
    case.undo(&ines(), "the wrong person", NOW).unwrap();
    assert_eq!((case.in_force(), case.queue()), (None, Some(Queue::General)));
    assert_eq!(case.undo(&ines(), "again", NOW), Err(CaseRefusal::NoDecision));
}

#[test]
fn what_two_people_decided_a_lead_who_took_no_part_takes_back() {
    let mut case = reported(AbuseType::Spam);
    decide(&mut case, &ines(), verdict(Action::Ban, None)).unwrap();
    take(&mut case, &otto()).unwrap();
    case.confirm(&otto(), NOW).unwrap();
    assert_eq!(case.undo(&ines(), "no", NOW), Err(CaseRefusal::TwoDecided));
    let mut appealed = case.clone();
    case.undo(&lena(), "the wrong person", NOW).unwrap();
    assert_eq!(case.in_force(), None);
    // An appeal against it is granted by a lead, and upheld by anybody who took no part.
    appealed.appeal(Party::Subject, &"that was not me".parse().unwrap(), NOW).unwrap();
    let ida = member("ida", Role::Reviewer);
    take(&mut appealed, &ida).unwrap();
    assert_eq!(appealed.answer(&ida, false, "it was not", NOW), Err(CaseRefusal::TwoDecided));
    appealed.release(&ida, NOW).unwrap();
    take(&mut appealed, &lena()).unwrap();
    appealed.answer(&lena(), false, "it was not", NOW).unwrap();
    assert_eq!(appealed.in_force().unwrap().verdict.action, Action::None);
}

#[test]
fn each_decision_can_be_appealed_once() {
    let (mut case, no) = (reported(AbuseType::Spam), "that was not spam".parse().unwrap());
    decide(&mut case, &ines(), verdict(Action::Warn, None)).unwrap();
    case.appeal(Party::Subject, &no, NOW).unwrap();
    take(&mut case, &otto()).unwrap();
    case.answer(&otto(), true, "it was", NOW).unwrap();
    assert_eq!(case.appeal(Party::Subject, &no, NOW), Err(CaseRefusal::NoAppealTaken));
    case.undo(&ines(), "more is needed", NOW).unwrap();
    decide(&mut case, &ines(), verdict(Action::Suspend, Some(9))).unwrap();
    case.appeal(Party::Subject, &no, NOW).unwrap();
    assert_eq!(case.appeals.iter().map(|appeal| appeal.against).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn whoever_finds_that_it_is_about_a_child_hands_it_to_those_who_are_trained() {
    let mut case = reported(AbuseType::SexualContent);
    assert_eq!(case.escalate(&ines(), NOW), Err(CaseRefusal::NotClaimed));
    take(&mut case, &ines()).unwrap();
    case.escalate(&ines(), NOW).unwrap();
    assert_eq!((case.queue(), case.claim(&ines(), NOW)), (Some(Queue::ChildSafety), Err(CaseRefusal::Role)));
    let carla = member("carla", Role::ChildSafetyReviewer);
    decide(&mut case, &carla, verdict(Action::None, None)).unwrap();
    assert_eq!(case.queue(), Some(Queue::Second), "it takes two");
}
