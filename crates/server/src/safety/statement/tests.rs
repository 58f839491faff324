//! The documented example, and each rule of the database broken once.
#![allow(clippy::unwrap_used)]

use super::*;

/// 8 August 2023.
const DAY: Timestamp = Timestamp(1_691_452_800_000);

/// The example of the database's documentation.
fn example() -> Statement {
    Statement {
        actions: Actions {
            visibility: vec![Visibility::Disabled],
            monetary: Some(Monetary::Ended),
            monetary_ends: Some(DAY),
            provision: Some(Provision::Suspended),
            account: Some(AccountDecision::Suspended),
            account_type: Some(AccountType::Business),
            ..Actions::default()
        },
        ground: Ground::Incompatible {
            term: "incompatible content grounds".into(),
            explanation: "incompatible content explanation".into(),
            illegal: Some(true),
        },
        ground_url: Some("https://www.anurl.com".into()),
        facts: "facts about the decision".into(),
        category: Category::CyberViolenceAgainstWomen,
        more_categories: Vec::new(),
        keywords: Vec::new(),
        content: vec![ContentType::Video, ContentType::Audio, ContentType::SyntheticMedia],
        other_content: None,
        territory: ["PT", "ES", "DE"].map(str::to_owned).to_vec(),
        language: Some("EN".into()),
        sent: DAY,
        applies: DAY,
        source: Source::TrustedFlagger,
        source_identity: None,
        found_by_machine: false,
        automation: Automation::Partially,
        puid: "TK421".into(),
    }
}

/// Without its number of goods (`content_id`), which no message has, and without the grounds of illegality, which the database
/// drops where the ground is another.
#[test]
fn the_documented_example_is_written_as_documented() {
    let documented = json!({
        "decision_visibility": ["DECISION_VISIBILITY_CONTENT_DISABLED"],
        "decision_monetary": "DECISION_MONETARY_TERMINATION",
        "end_date_monetary_restriction": "2023-08-08",
        "decision_provision": "DECISION_PROVISION_TOTAL_SUSPENSION",
        "decision_account": "DECISION_ACCOUNT_SUSPENDED",
        "account_type": "ACCOUNT_TYPE_BUSINESS",
        "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        "decision_ground_reference_url": "https://www.anurl.com",
        "content_type": ["CONTENT_TYPE_VIDEO", "CONTENT_TYPE_AUDIO", "CONTENT_TYPE_SYNTHETIC_MEDIA"],
        "category": "STATEMENT_CATEGORY_CYBER_VIOLENCE_AGAINST_WOMEN",
        "incompatible_content_ground": "incompatible content grounds",
        "incompatible_content_explanation": "incompatible content explanation",
        "incompatible_content_illegal": "Yes",
        "territorial_scope": ["PT", "ES", "DE"],
        "content_language": "EN",
        "content_date": "2023-08-08",
        "application_date": "2023-08-08",
        "decision_facts": "facts about the decision",
        "source_type": "SOURCE_TRUSTED_FLAGGER",
        "automated_detection": "No",
        "automated_decision": "AUTOMATED_DECISION_PARTIALLY",
        "puid": "TK421"
    });
    assert_eq!(example().to_json().unwrap(), documented);
}

#[test]
fn what_is_illegal_and_what_stands_in_no_list_is_said_in_words() {
    let mut statement = example();
    statement.actions = Actions {
        visibility: vec![Visibility::Other],
        other_visibility: Some("shown to nobody who did not ask".into()),
        account_ends: Some(DAY),
        ..Actions::default()
    };
    let (law, explanation) = ("§ 184b StGB".into(), "see the facts".into());
    statement.ground = Ground::Illegal { law, explanation };
    statement.keywords = vec![Keyword::ChildSexualAbuse];
    (statement.content, statement.other_content) = (vec![ContentType::Other], Some("a sticker".into()));
    let made = statement.to_json().unwrap();
    assert_eq!(made["decision_ground"], "DECISION_GROUND_ILLEGAL_CONTENT");
    assert_eq!(made["illegal_content_legal_ground"], "§ 184b StGB");
    assert_eq!(made["category_specification"], json!(["KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL"]));
    assert_eq!(made["decision_visibility_other"], "shown to nobody who did not ask");
    assert_eq!(made["content_type_other"], "a sticker");
    assert_eq!(made["end_date_account_restriction"], "2023-08-08");
    assert!(made.get("incompatible_content_ground").is_none() && made.get("decision_monetary").is_none());
}

#[test]
fn each_rule_of_the_database_is_kept() {
    let refused = |spoil: &dyn Fn(&mut Statement)| {
        let mut statement = example();
        spoil(&mut statement);
        statement.to_json().unwrap_err()
    };
    let missing = StatementError::Missing;
    let value = StatementError::Value;
    assert_eq!(refused(&|it| it.actions = Actions::default()), StatementError::NoDecision);
    assert_eq!(refused(&|it| it.facts = " ".into()), missing("decision_facts"));
    assert_eq!(
        refused(&|it| it.facts = "é".repeat(FACTS + 1)),
        StatementError::TooLong { attribute: "decision_facts", limit: FACTS }
    );
    assert_eq!(refused(&|it| it.content.clear()), missing("content_type"));
    assert_eq!(refused(&|it| it.content.push(ContentType::Other)), missing("content_type_other"));
    assert_eq!(
        refused(&|it| it.actions.visibility.push(Visibility::Other)),
        missing("decision_visibility_other")
    );
    assert_eq!(
        refused(&|it| it.actions.monetary = Some(Monetary::Other)),
        missing("decision_monetary_other")
    );
    let illegal = |explanation: String| Ground::Illegal { law: "law".into(), explanation };
    assert_eq!(refused(&|it| it.ground = illegal(String::new())), missing("illegal_content_explanation"));
    assert_eq!(
        refused(&|it| it.ground = illegal("x".repeat(2001))),
        StatementError::TooLong { attribute: "illegal_content_explanation", limit: 2000 }
    );
    assert_eq!(refused(&|it| it.territory.push("US".into())), value("territorial_scope"));
    assert_eq!(refused(&|it| it.language = Some("eng".into())), value("content_language"));
    assert_eq!(refused(&|it| it.sent = Timestamp(0)), value("content_date"));
    assert_eq!(refused(&|it| it.applies = Timestamp(YEAR_2020 - 1)), value("application_date"));
    assert_eq!(refused(&|it| it.puid = "a b".into()), value("puid"));
    assert_eq!(refused(&|it| it.puid = String::new()), missing("puid"));
    assert_eq!(refused(&|it| it.ground_url = Some("ftp://a".into())), value("decision_ground_reference_url"));
    assert_eq!(
        refused(&|it| it.facts = "mimi://a.example/u/ada was insulted".into()),
        StatementError::NamesSomebody("decision_facts")
    );
    // As many characters as may be, though they are more bytes.
    let mut statement = example();
    statement.facts = "é".repeat(FACTS);
    assert!(statement.to_json().is_ok());
}
