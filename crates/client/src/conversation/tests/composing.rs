//! What can be said, and what cannot.

use super::*;
use proptest::prelude::*;
use trefoil_proto::limits;

fn sent_text(markdown: &str) -> String {
    let sent = say(&me(), 0, text(markdown));
    Body::of(&sent.content.content).text.unwrap()
}

#[test]
fn a_long_text_fits_and_a_longer_one_does_not() {
    let mut world = World::new();
    let long = "ä".repeat(30 * 1024);
    let sent = say(&user("ann"), 0, text(&long));
    assert!(sent.content.bytes.len() < limits::MESSAGE);
    world.take(&sent);
    assert_eq!(world.text_of(sent.id()), long);
    let too_long = compose::text(&"x".repeat(limits::TEXT + 1), &[]);
    assert!(matches!(too_long, Err(ConversationError::TooLong { limit: limits::TEXT, .. })));
    assert!(matches!(compose::text(" \n", &[]), Err(ConversationError::Empty(_))));
}

#[test]
fn html_tags_are_text_but_code_is_left_alone() {
    assert_eq!(sent_text("a <b>bold</b> <!-- x --> a < b <3"), "a &lt;b>bold&lt;/b> &lt;!-- x --> a < b <3");
    assert_eq!(sent_text("`Vec<u8>` and ``a`<b>`` and ` <i>"), "`Vec<u8>` and ``a`<b>`` and ` &lt;i>");
    assert_eq!(
        plain("&lt;b> [@Ann](mimi://ann.example/u/ann) [x](https://a.example)"),
        "<b> @Ann [x](https://a.example)"
    );
}

#[test]
fn mentions_become_links_and_longer_names_win() {
    let (ann, anna) = (user("ann"), user("anna"));
    let mentions = [Mention { user: ann, name: "Ann".into() }, Mention { user: anna, name: "Anna".into() }];
    let draft = compose::text("@Anna and @Ann", &mentions).unwrap();
    let text = Body::of(&say(&me(), 0, draft).content.content).text.unwrap();
    assert_eq!(text, "[@Anna](mimi://anna.example/u/anna) and [@Ann](mimi://ann.example/u/ann)");
    let captioned = compose::attachment_mentioning(&[file("a.pdf")], "for @Ann", &mentions[..1]).unwrap();
    let text = Body::of(&say(&me(), 0, captioned).content.content).text.unwrap();
    assert_eq!(text, "for [@Ann](mimi://ann.example/u/ann)");
    let missing = compose::text("nobody", &mentions);
    assert!(matches!(missing, Err(ConversationError::NotMentioned(_))));
}

#[test]
fn what_cannot_be_sent_is_said_at_once() {
    let id = MessageId([1; 32]);
    assert!(matches!(compose::reaction(id, ""), Err(ConversationError::Unusable(_))));
    assert!(matches!(compose::reaction(id, "a b"), Err(ConversationError::Unusable(_))));
    assert!(matches!(compose::reaction(id, &"x".repeat(65)), Err(ConversationError::TooLong { .. })));
    assert!(compose::reaction(id, "👩🏽‍⚕️").is_ok());
    assert!(matches!(compose::profile(" "), Err(ConversationError::Unusable(_))));
    assert!(matches!(compose::profile(&"x".repeat(129)), Err(ConversationError::TooLong { .. })));
    assert!(matches!(compose::status(vec![]), Err(ConversationError::Empty(_))));
    assert!(matches!(compose::attachment(&[], "x"), Err(ConversationError::Empty(_))));
    assert!(text("x").disappearing_after(0).is_err());
    assert!(text("x").disappearing_after(compose::LONGEST_TIMER_SECONDS + 1).is_err());
    assert!(text("x").disappearing_at(Timestamp(NOW), Timestamp(NOW)).is_err());
    assert!(text("x").in_topic(vec![0; limits::TOPIC + 1]).is_err());
}

#[test]
fn statuses_are_merged_up_to_the_limit() {
    let id = |n: u16| {
        let mut id = [1; 32];
        id[30..].copy_from_slice(&n.to_be_bytes());
        MessageId(id)
    };
    let mut drafts: Vec<_> =
        (0..limits::STATUSES as u16 + 1).map(|n| status(id(n), MessageStatus::Delivered)).collect();
    drafts.insert(3, text("between"));
    let merged = compose::batch_statuses(drafts).unwrap();
    assert_eq!(merged.len(), 3);
    assert_eq!(merged[0], text("between"));
    assert_eq!(merged[2], status(id(limits::STATUSES as u16), MessageStatus::Delivered));
    // The largest report fits one message.
    assert!(say(&me(), 0, merged[1].clone()).content.bytes.len() <= limits::MESSAGE);
}

proptest! {
    #[test]
    fn any_text_without_entities_reads_as_it_was_typed(typed in "[a-zA-Z<>/!?` \n@\\[\\]()*_ä👍-]{1,80}") {
        prop_assume!(!typed.trim().is_empty());
        prop_assert_eq!(plain(&sent_text(&typed)), typed);
    }

    #[test]
    fn hostile_markdown_does_no_harm(text in "(\\[@|\\]\\(mimi://|a\\.example/u/x|\\)|[\\[\\]() \u{0}ä<`]){0,30}") {
        let _ = plain(&text);
        let _ = super::super::text::mentions(&text, &user("x"));
        let _ = compose::text(&text, &[Mention { user: user("x"), name: "[".into() }]);
    }
}
