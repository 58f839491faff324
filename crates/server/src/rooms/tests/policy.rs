//! Properties of the decision, whatever a commit does.

use super::super::{
    Origin,
    decide::{CommitFacts, Leaf, judge},
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use trefoil_proto::{
    DeviceUri,
    credential::AccountKey,
    room::{ParticipantList, ParticipantListUpdate, Role, UserRolePair},
};

const PEOPLE: u8 = 4;

fn device(person: u8, device: u8) -> DeviceUri {
    let domain = if person.is_multiple_of(2) { "hub.test" } else { "other.test" };
    format!("mimi://{domain}/d/p{person}/d{device}").parse().unwrap()
}

fn leaf() -> impl Strategy<Value = Leaf> {
    (0..PEOPLE, 0..3_u8, prop::bool::weighted(0.97), prop::bool::weighted(0.97)).prop_map(
        |(person, of, own, authorised)| Leaf {
            device: device(person, of),
            account_key: AccountKey([if own { person } else { 99 }; 32]),
            authorised,
        },
    )
}

fn devices() -> impl Strategy<Value = Vec<DeviceUri>> {
    prop::collection::vec((0..PEOPLE, 0..3_u8).prop_map(|(person, of)| device(person, of)), 0..2)
}

fn list() -> impl Strategy<Value = ParticipantList> {
    prop::collection::vec(
        prop::option::weighted(0.9, prop_oneof![1 => Just(1_u32), 3 => Just(2), 4 => Just(3)]),
        PEOPLE as usize,
    )
    .prop_map(|roles| ParticipantList {
        participants: (0..PEOPLE)
            .zip(roles)
            .filter_map(|(person, role)| {
                Some(UserRolePair { user: device(person, 0).user_uri(), role: Role(role?) })
            })
            .collect(),
    })
}

fn update() -> impl Strategy<Value = Option<ParticipantListUpdate>> {
    let added = prop::collection::vec((0..PEOPLE, 1..=3_u32), 0..2).prop_map(|added| {
        added
            .into_iter()
            .map(|(person, role)| UserRolePair { user: device(person, 0).user_uri(), role: Role(role) })
            .collect::<Vec<_>>()
    });
    prop::option::of(
        (added, prop::collection::vec(0..5_u32, 0..2)).prop_map(|(added, removed)| ParticipantListUpdate {
            changed: vec![],
            removed,
            added,
        }),
    )
}

fn facts() -> impl Strategy<Value = CommitFacts> {
    (
        (0..PEOPLE, 0..3_u8),
        prop::bool::weighted(0.3),
        prop::option::weighted(0.3, leaf()),
        prop::collection::vec(leaf(), 0..2),
        devices(),
        devices(),
        update(),
        any::<bool>(),
        prop::collection::vec(leaf(), 0..4),
    )
        .prop_map(
            |(committer, external, renewed, added, removed, left, list_update, metadata_changed, staying)| {
                CommitFacts {
                    committer: Some(device(committer.0, committer.1)),
                    external,
                    renewed,
                    added,
                    welcomed: vec![],
                    removed,
                    left,
                    list_update,
                    metadata_changed,
                    staying,
                }
            },
        )
}

fn origin() -> impl Strategy<Value = Origin> {
    prop_oneof![
        (0..PEOPLE, 0..3_u8).prop_map(|(person, of)| Origin::Device(device(person, of))),
        Just(Origin::Peer("other.test".parse().unwrap())),
        Just(Origin::Peer("hub.test".parse().unwrap())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8192))]

    /// Whatever is allowed leaves no ghost behind.
    #[test]
    fn what_is_allowed_leaves_no_ghost(before in list(), facts in facts(), other in prop::option::weighted(0.2, origin())) {
        let committer = facts.committer.clone().unwrap();
        let origin = other.unwrap_or_else(|| Origin::Device(committer.clone()));
        if judge(&before, &facts, &origin).is_err() {
            return Ok(());
        }
        match &origin {
            Origin::Device(device) => prop_assert_eq!(device, &committer),
            Origin::Peer(domain) => prop_assert_eq!(domain, &committer.domain),
        }
        let role = before.role_of(&committer.user_uri());
        prop_assert!(role >= Role::MEMBER);
        let after = match &facts.list_update {
            Some(update) => before.apply(update).unwrap(),
            None => before.clone(),
        };
        let mut devices = BTreeSet::new();
        let joined = facts.renewed.iter().filter(|_| facts.external);
        for leaf in facts.staying.iter().chain(&facts.added).chain(joined) {
            prop_assert!(after.role_of(&leaf.device.user_uri()) >= Role::MEMBER);
            prop_assert!(devices.insert(leaf.device.clone()));
        }
        for leaf in facts.added.iter().chain(&facts.renewed) {
            prop_assert!(leaf.authorised);
        }
        if role < Role::ADMIN {
            let own = |device: &DeviceUri| device.user_uri() == committer.user_uri();
            prop_assert!(facts.added.iter().all(|leaf| own(&leaf.device)));
            prop_assert!(facts.removed.iter().all(own));
            prop_assert!(!facts.metadata_changed);
        }
        if facts.external {
            prop_assert!(facts.list_update.is_none() && facts.left.iter().chain(&facts.removed).all(|d| *d == committer));
        }
    }

    /// An admin's update of keys alone is allowed, so the rules above are not kept by refusing everything.
    #[test]
    fn a_plain_update_is_allowed(person in 0..PEOPLE, of in 0..3_u8) {
        let committer = device(person, of);
        let before = ParticipantList {
            participants: vec![UserRolePair { user: committer.user_uri(), role: Role::ADMIN }],
        };
        let leaf = Leaf { device: committer.clone(), account_key: AccountKey([1; 32]), authorised: true };
        let facts = CommitFacts {
            committer: Some(committer.clone()),
            renewed: Some(leaf.clone()),
            staying: vec![leaf],
            ..Default::default()
        };
        prop_assert!(judge(&before, &facts, &Origin::Device(committer)).is_ok());
    }
}

/// The first property would hold of a hub that refuses everything: the commits that it is tried on are not all refused.
#[test]
fn the_property_is_tried_on_commits_that_are_allowed() {
    use proptest::{strategy::ValueTree as _, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut allowed = 0;
    for _ in 0..4000 {
        let (before, facts) = (list(), facts()).new_tree(&mut runner).unwrap().current();
        let origin = Origin::Device(facts.committer.clone().unwrap());
        allowed += usize::from(judge(&before, &facts, &origin).is_ok());
    }
    assert!(allowed >= 40, "only {allowed}");
}
