//! Decisions as statements of reasons for the European database: a row for each that took something away.

use super::{
    case::{Action, Case, Decision},
    policy::{self, Rule},
    statement::{
        AccountDecision, AccountType, Actions, Automation, ContentType, Ground, Provision, Source, Statement,
        StatementError, Visibility,
    },
};
use serde_json::Value;
use std::collections::BTreeMap;
use trefoil_proto::{Timestamp, decisions::CaseId};

/// The statements of the decisions made in a time, each with its number or why it cannot be one.
pub fn statements<'a>(
    cases: impl IntoIterator<Item = (&'a CaseId, &'a Case)>,
    from: Timestamp,
    until: Timestamp,
) -> BTreeMap<String, Result<Value, StatementError>> {
    let mut all = BTreeMap::new();
    for (id, case) in cases {
        for decision in &case.decisions {
            let counted = (from.0..until.0).contains(&decision.at.0) && decision.undone.is_none();
            if let Some(statement) = counted.then(|| of(*id, case, decision)).flatten() {
                all.insert(statement.puid.clone(), statement.to_json());
            }
        }
    }
    all
}

/// Nothing where nothing was taken away: a warning is no restriction.
fn of(id: CaseId, case: &Case, decision: &Decision) -> Option<Statement> {
    let verdict = &decision.verdict;
    let mut actions = Actions::default();
    match verdict.action {
        Action::None | Action::Warn => return None,
        Action::Limit => {
            actions.provision = Some(Provision::PartlySuspended);
            actions.provision_ends = verdict.until;
        }
        Action::Suspend => {
            actions.account = Some(AccountDecision::Suspended);
            actions.account_ends = verdict.until;
        }
        Action::Ban => actions.account = Some(AccountDecision::Ended),
        Action::AskRemoval => {
            actions.visibility = vec![Visibility::Other];
            actions.other_visibility =
                Some("the members of a conversation were asked to remove the person".to_owned());
        }
    }
    actions.account_type = Some(AccountType::Private);
    let rule = policy::rule(&verdict.rule)?;
    let nothing_shown = case.exposed.kinds.is_empty();
    let other_content = if nothing_shown {
        Some("none was shown: the report is about an account".to_owned())
    } else {
        case.exposed.kinds.contains(&ContentType::Other).then(|| "another kind of file".to_owned())
    };
    let content =
        if nothing_shown { vec![ContentType::Other] } else { case.exposed.kinds.iter().copied().collect() };
    Some(Statement {
        actions,
        ground: Ground::Incompatible {
            term: rule.title.to_owned(),
            explanation: rule.text.to_owned(),
            illegal: None,
        },
        ground_url: None,
        // The explanation is written for the person, and may name somebody: it is not published.
        facts: facts(case, rule),
        category: rule.category,
        more_categories: Vec::new(),
        keywords: Vec::new(),
        content,
        other_content,
        territory: Vec::new(),
        language: None,
        sent: case.exposed.first.unwrap_or(case.opened),
        applies: decision.at,
        source: Source::Notice,
        source_identity: None,
        found_by_machine: false,
        automation: Automation::None,
        puid: format!("{id}-{}", decision.number),
    })
}

fn facts(case: &Case, rule: &Rule) -> String {
    let about = if case.exposed.first.is_some() {
        "Messages that a recipient chose to report, proven to have been sent by this account, were found to be"
    } else {
        "An account that somebody reported, without showing messages, was found to have acted"
    };
    format!("{about} against the rule \"{}\". Nothing that was not reported was looked at.", rule.title)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{
        super::case::{Exposed, Verdict},
        *,
    };
    use crate::staff::{Member, Role};
    use trefoil_proto::mimi::report::AbuseType;

    #[test]
    fn what_takes_something_away_is_a_statement_that_names_nobody() {
        let (ines, now) =
            (Member { name: "ines".parse().unwrap(), role: Role::Reviewer }, Timestamp(1_700_000_000_000));
        let decided = |action, until| {
            let mut case =
                Case::open("mimi://a.example/u/mallory".parse().unwrap(), true, AbuseType::Hate, 0, now);
            case.exposed.first = Some(Timestamp(now.0 - 86_400_000));
            case.exposed.kinds = [ContentType::Text, ContentType::Image].into();
            case.claim(&ines, now).unwrap();
            case.open_content(&ines, now).unwrap();
            let verdict = Verdict {
                action,
                rule: "spam".into(),
                explanation: "Mallory wrote to Ada at home".into(),
                evidence: Vec::new(),
                until,
            };
            case.decide(&ines, verdict, 0, true, now).unwrap();
            case
        };
        let id = CaseId([1; 10]);
        let made = |case: &Case| statements([(&id, case)], now, now.plus_millis(1));
        let limit = made(&decided(Action::Limit, Some(now.plus_millis(86_400_000))));
        let (number, json) = limit.first_key_value().unwrap();
        assert_eq!(*number, format!("{id}-1"));
        let json = json.as_ref().unwrap();
        assert_eq!(json["decision_provision"], "DECISION_PROVISION_PARTIAL_SUSPENSION");
        assert_eq!(json["decision_ground"], "DECISION_GROUND_INCOMPATIBLE_CONTENT");
        // Reported for hate, decided as spam.
        assert_eq!(json["category"], "STATEMENT_CATEGORY_OTHER_VIOLATION_TC");
        assert_eq!(json["content_type"], serde_json::json!(["CONTENT_TYPE_IMAGE", "CONTENT_TYPE_TEXT"]));
        assert_ne!(json["content_date"], json["application_date"]);
        for name in ["Mallory", "mallory", "Ada", "mimi://", "ines"] {
            assert!(!json.to_string().contains(name), "{name}");
        }
        let mut removal = decided(Action::AskRemoval, None);
        removal.exposed = Exposed::default();
        let made_of_it = made(&removal);
        let json = made_of_it.first_key_value().unwrap().1.as_ref().unwrap();
        assert_eq!(json["content_type"], serde_json::json!(["CONTENT_TYPE_OTHER"]));
        assert!(json["decision_facts"].as_str().unwrap().contains("without showing messages"));
        assert!(made(&decided(Action::Warn, None)).is_empty());
        let mut undone = decided(Action::Limit, Some(now.plus_millis(1)));
        undone.undo(&ines, "the wrong person", now).unwrap();
        assert!(made(&undone).is_empty());
    }
}
