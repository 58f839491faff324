//! Properties of the decision, whatever a commit does.

use super::{
    super::{
        Origin,
        decide::{Facts, HubLeaf, judge},
    },
    NOW,
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use trefoil_proto::{
    DeviceUri,
    credential::AccountKey,
    room::{
        CommitFacts, Invitations, Leaf, ParticipantList, ParticipantListUpdate, Role, RoomKind, UserRolePair,
    },
};

const PEOPLE: u8 = 4;

fn room() -> trefoil_proto::RoomUri {
    "mimi://hub.test/r/tea".parse().unwrap()
}

fn device(person: u8, device: u8) -> DeviceUri {
    let domain = if person.is_multiple_of(2) { "hub.test" } else { "other.test" };
    format!("mimi://{domain}/d/p{person}/d{device}").parse().unwrap()
}

fn leaf() -> impl Strategy<Value = Leaf> {
    (0..PEOPLE, 0..3_u8, prop::bool::weighted(0.97)).prop_map(|(person, of, own)| Leaf {
        device: device(person, of),
        account_key: AccountKey([if own { person } else { 99 }; 32]),
    })
}

/// Devices that were in the tree, those that go by the word of others, and those that go by their own.
fn tree() -> impl Strategy<Value = (Vec<Leaf>, Vec<DeviceUri>, Vec<DeviceUri>)> {
    prop::collection::vec((leaf(), 0..8_u8), 0..5).prop_map(|leaves| {
        let gone = |fate| {
            let going = leaves.iter().filter(move |(_, of)| *of == fate);
            going.map(|(leaf, _)| leaf.device.clone()).collect()
        };
        let (removed, left) = (gone(0), gone(1));
        (leaves.into_iter().map(|(leaf, _)| leaf).collect(), removed, left)
    })
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

fn facts() -> impl Strategy<Value = Facts> {
    (
        (0..PEOPLE, 0..3_u8),
        prop::bool::weighted(0.3),
        prop::option::weighted(0.3, leaf()),
        prop::collection::vec(leaf(), 0..2),
        tree(),
        update(),
        any::<bool>(),
        prop::bool::weighted(0.97),
    )
        .prop_map(
            |(committer, external, renewed, added, tree, list_update, metadata_changed, authorised)| {
                let (before, removed, left) = tree;
                let commit = CommitFacts {
                    committer: device(committer.0, committer.1),
                    external,
                    renewed,
                    added,
                    removed,
                    left,
                    list_update,
                    metadata_changed,
                    kind: RoomKind::Discussion,
                    roles_changed: false,
                    invitations_update: None,
                    invitations: Invitations::default(),
                    before,
                };
                let new = commit.new_leaves().map(|leaf| hub_leaf(leaf, authorised)).collect();
                Facts { commit, new }
            },
        )
}

fn hub_leaf(leaf: &Leaf, authorised: bool) -> HubLeaf {
    HubLeaf { leaf: leaf.clone(), signature_key: vec![1; 32], authorised, size: 2048, package: None }
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
        let committer = facts.commit.committer.clone();
        let origin = other.unwrap_or_else(|| Origin::Device(committer.clone()));
        if judge(&room(), &before, &BTreeSet::new(), &facts, &origin, NOW).is_err() {
            return Ok(());
        }
        prop_assert!(facts.new.iter().all(|new| new.authorised));
        let facts = facts.commit;
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
        let gone = |leaf: &&Leaf| facts.removed.contains(&leaf.device) || facts.left.contains(&leaf.device);
        let joined = facts.renewed.iter().filter(|_| facts.external);
        let staying = facts.before.iter().filter(|leaf| !gone(leaf));
        for leaf in staying.chain(&facts.added).chain(joined) {
            prop_assert!(after.role_of(&leaf.device.user_uri()) >= Role::MEMBER);
            prop_assert!(devices.insert(leaf.device.clone()));
        }
        // A person's account key is the one that members know, also from a device that goes in the same commit.
        for leaf in facts.new_leaves() {
            for known in facts.before.iter().chain(facts.new_leaves()) {
                prop_assert!(known.device.user_uri() != leaf.device.user_uri() || known.account_key == leaf.account_key);
            }
        }
        prop_assert!(facts.external || !facts.removed.contains(&committer) && !facts.left.contains(&committer));
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
        let leaf = Leaf { device: committer.clone(), account_key: AccountKey([1; 32]) };
        let commit = CommitFacts {
            committer: committer.clone(),
            external: false,
            renewed: Some(leaf.clone()),
            added: vec![],
            removed: vec![],
            left: vec![],
            list_update: None,
            metadata_changed: false,
            kind: RoomKind::Discussion,
            roles_changed: false,
            invitations_update: None,
            invitations: Invitations::default(),
            before: vec![leaf.clone()],
        };
        let facts = Facts { commit, new: vec![hub_leaf(&leaf, true)] };
        prop_assert!(judge(&room(), &before, &BTreeSet::new(), &facts, &Origin::Device(committer), NOW).is_ok());
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
        let origin = Origin::Device(facts.commit.committer.clone());
        allowed += usize::from(judge(&room(), &before, &BTreeSet::new(), &facts, &origin, NOW).is_ok());
    }
    assert!(allowed >= 40, "only {allowed}");
}
