//! What is taken, what is not, and what comes of it.

#![allow(clippy::unwrap_used)]

use super::{decide::judge, *};
use ed25519_dalek::VerifyingKey;
use trefoil_proto::policy_list::{Recommendation, Subject};

pub(super) const WRITTEN: &str = "sequence = 3\n\
    [[entry]]\nservice = \"bad.test\"\nrecommend = \"refuse\"\nreason = \"spam\"\nuntil = 2026-12-31\n\
    [[entry]]\nperson = \"mimi://b.test/u/mallory\"\nrecommend = \"limit\"\nreason = \"fraud\"\nuntil = 2026-12-31\n";
const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn subscription(key: VerifyingKey, limit: Action, refuse: Action) -> Subscription {
    Subscription { from: "a.test".parse().unwrap(), key, limit, refuse }
}

fn list(sequence: u64) -> PolicyList {
    PolicyList { sequence, ..own::parse(WRITTEN, &"a.test".parse().unwrap()).unwrap() }
}

fn signed(list: PolicyList, by: u8) -> Vec<u8> {
    SignedPolicyList::sign(list, &key(by)).unwrap().encode()
}

#[test]
fn what_an_operator_wrote_is_a_list_or_says_what_is_wrong() {
    let list = list(3);
    assert_eq!(list.entries.len(), 2);
    assert_eq!(list.entries[0].subject, Subject::Service("bad.test".parse().unwrap()));
    assert_eq!(list.entries[1].recommend, Recommendation::Limit);
    let wrong = |from: &str, to: &str| {
        let text = WRITTEN.replacen(from, to, 1);
        own::parse(&text, &"a.test".parse().unwrap()).unwrap_err().to_string()
    };
    assert!(wrong("\"refuse\"", "\"destroy\"").contains("entry 1"));
    assert!(wrong("\"fraud\"", "\"taste\"").contains("entry 2"));
    assert!(wrong("2026-12-31", "12:00:00").contains("entry 1"));
    assert!(wrong("service = \"bad.test\"", "service = \"BAD\"").contains("entry 1"));
    let twice = format!("{WRITTEN}{}", &WRITTEN[WRITTEN.find("[[").unwrap()..]);
    assert!(own::parse(&twice, &"a.test".parse().unwrap()).is_err());
}

#[test]
fn a_list_under_another_key_for_another_domain_or_older_is_not_taken() {
    let subscription = subscription(key(1).verifying_key(), Action::Limit, Action::Refuse);
    let known = judge(&subscription, None, &signed(list(3), 1)).unwrap();
    let refused = |bytes: &[u8]| judge(&subscription, Some(&known), bytes).unwrap_err();
    assert!(matches!(refused(&signed(list(4), 2)), PolicyListError::List(_)));
    assert!(matches!(refused(b"noise"), PolicyListError::List(_)));
    let other = PolicyList { publisher: "c.test".parse().unwrap(), ..list(4) };
    assert!(matches!(refused(&signed(other, 1)), PolicyListError::OtherPublisher));
    assert!(matches!(refused(&signed(list(2), 1)), PolicyListError::Older));
    let mut otherwise = list(3);
    otherwise.entries.pop();
    assert!(matches!(refused(&signed(otherwise, 1)), PolicyListError::TwoOfOneSequence));
    assert!(judge(&subscription, Some(&known), &signed(list(3), 1)).is_ok());
    assert!(judge(&subscription, Some(&known), &signed(list(9), 1)).is_ok());
}

#[test]
fn what_a_recommendation_does_is_the_subscribers_choice() {
    let (service, person) = ("bad.test".parse().unwrap(), "mimi://b.test/u/mallory".parse().unwrap());
    let done = |limit, refuse, now| {
        let mut index = Index::new("own.test".parse().unwrap());
        index.put(&subscription(key(1).verifying_key(), limit, refuse), &list(3));
        (index.about_service(&service, now), index.about_person(&person, now))
    };
    assert_eq!(done(Action::Limit, Action::Refuse, NOW), (Action::Refuse, Action::Limit));
    assert_eq!(done(Action::Nothing, Action::Limit, NOW), (Action::Limit, Action::Nothing));
    assert_eq!(done(Action::Refuse, Action::Nothing, NOW), (Action::Nothing, Action::Refuse));
    let later = NOW.plus_millis(365 * 24 * 60 * 60 * 1000);
    assert_eq!(done(Action::Limit, Action::Refuse, later), (Action::Nothing, Action::Nothing));
}

#[test]
fn of_several_lists_the_most_severe_counts_and_a_new_one_replaces_the_old() {
    let one = subscription(key(1).verifying_key(), Action::Limit, Action::Limit);
    let other = Subscription { from: "c.test".parse().unwrap(), refuse: Action::Refuse, ..one.clone() };
    let bad = "bad.test".parse().unwrap();
    let mut index = Index::new("own.test".parse().unwrap());
    index.put(&one, &list(3));
    assert_eq!(index.about_service(&bad, NOW), Action::Limit);
    index.put(&other, &list(3));
    assert_eq!(index.about_service(&bad, NOW), Action::Refuse);
    index.put(&other, &PolicyList { entries: Vec::new(), ..list(4) });
    assert_eq!(index.about_service(&bad, NOW), Action::Limit);
}

#[test]
fn what_a_list_says_of_its_subscriber_does_not_count() {
    let subscription = subscription(key(1).verifying_key(), Action::Limit, Action::Refuse);
    for (own, ignored) in [("bad.test", 1), ("b.test", 1), ("c.test", 0)] {
        let own: Domain = own.parse().unwrap();
        let mut index = Index::new(own.clone());
        assert_eq!(index.put(&subscription, &list(3)), ignored, "{own}");
        assert_eq!(index.about_service(&own, NOW), Action::Nothing);
        let mallory: UserUri = "mimi://b.test/u/mallory".parse().unwrap();
        let expected = if mallory.domain == own { Action::Nothing } else { Action::Limit };
        assert_eq!(index.about_person(&mallory, NOW), expected);
    }
}
