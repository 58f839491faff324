//! The participant list and who may change what.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::{ProtoError, Wire as _, credential::AccountKey, limits};
use ed25519_dalek::SigningKey;
use proptest::{collection::vec, prelude::*};
use std::collections::BTreeSet;

fn uri() -> crate::RoomUri {
    "mimi://a.example/r/r1".parse().unwrap()
}

fn user(name: &str) -> UserUri {
    format!("mimi://a.example/u/{name}").parse().unwrap()
}

fn pair(name: &str, role: Role) -> UserRolePair {
    UserRolePair { user: user(name), role }
}

fn users(names: &[&str]) -> BTreeSet<UserUri> {
    names.iter().map(|name| user(name)).collect()
}

/// ada is admin, ben and cy are members, dan is banned.
fn room() -> ParticipantList {
    ParticipantList {
        participants: vec![
            pair("ada", Role::ADMIN),
            pair("ben", Role::MEMBER),
            pair("cy", Role::MEMBER),
            pair("dan", Role::BANNED),
        ],
    }
}

fn added(name: &str, role: Role) -> ParticipantListUpdate {
    ParticipantListUpdate { added: vec![pair(name, role)], ..Default::default() }
}

fn removed(index: u32) -> ParticipantListUpdate {
    ParticipantListUpdate { removed: vec![index], ..Default::default() }
}

fn changed(index: u32, role: Role) -> ParticipantListUpdate {
    ParticipantListUpdate { changed: vec![IndexRolePair { index, role }], ..Default::default() }
}

/// A change after which ada, ben and cy have devices.
fn change() -> MembershipChange {
    MembershipChange { device_owners_after: users(&["ada", "ben", "cy"]), ..Default::default() }
}

fn with(update: ParticipantListUpdate) -> MembershipChange {
    MembershipChange { update: Some(update), ..change() }
}

fn by(actor: &str, change: &MembershipChange) -> Result<(), Refusal> {
    authorise(&room(), Some(&user(actor)), change)
}

#[test]
fn updates_apply_in_order() {
    let update = ParticipantListUpdate {
        changed: vec![IndexRolePair { index: 1, role: Role::ADMIN }],
        removed: vec![0, 3],
        added: vec![pair("eve", Role::MEMBER), pair("fay", Role::BANNED)],
    };
    let after = room().apply(&update).unwrap();
    let expected = [
        pair("ben", Role::ADMIN),
        pair("cy", Role::MEMBER),
        pair("eve", Role::MEMBER),
        pair("fay", Role::BANNED),
    ];
    assert_eq!(after.participants, expected);
    assert_eq!(after.index_of(&user("eve")), Some(2));
    assert_eq!((after.role_of(&user("ada")), after.role_of(&user("ben"))), (Role::NONE, Role::ADMIN));
    assert_eq!(after.members().count(), 3);
    assert_eq!(room().apply(&ParticipantListUpdate::default()), Ok(room()));
}

#[test]
fn rubbish_is_refused() {
    let index = |index, role| IndexRolePair { index, role };
    let updates = [
        removed(4),
        removed(u32::MAX),
        changed(4, Role::MEMBER),
        changed(0, Role::NONE),
        changed(0, Role(4)),
        changed(0, Role::ADMIN),
        added("ada", Role::MEMBER),
        added("eve", Role::NONE),
        added("eve", Role(9)),
        ParticipantListUpdate { removed: vec![1, 1], ..Default::default() },
        ParticipantListUpdate {
            changed: vec![index(1, Role::ADMIN), index(1, Role::BANNED)],
            ..Default::default()
        },
        ParticipantListUpdate {
            changed: vec![index(1, Role::ADMIN)],
            removed: vec![1],
            ..Default::default()
        },
        ParticipantListUpdate {
            removed: vec![1],
            added: vec![pair("ben", Role::MEMBER)],
            ..Default::default()
        },
        ParticipantListUpdate {
            added: vec![pair("eve", Role::MEMBER), pair("eve", Role::ADMIN)],
            ..Default::default()
        },
    ];
    for update in updates {
        assert_eq!(
            room().apply(&update),
            Err(ProtoError::Malformed("participant list update")),
            "{update:?}"
        );
        assert!(matches!(by("ada", &with(update)), Err(Refusal::Update(_))));
    }
    let many = (0..=limits::PARTICIPANTS).map(|n| pair(&format!("u{n}"), Role::MEMBER)).collect();
    assert!(matches!(ParticipantList { participants: many }.check(), Err(ProtoError::TooLarge { .. })));
    let twice = ParticipantList { participants: vec![pair("ada", Role::ADMIN), pair("ada", Role::MEMBER)] };
    assert!(twice.check().is_err());
    assert!(ParticipantList::decode(&twice.encode()).is_err());
    let nobody = ParticipantList { participants: vec![pair("ada", Role::NONE)] };
    assert!(ParticipantList::decode(&nobody.encode()).is_err());
    assert!(room().check().is_ok());
}

#[test]
fn outsiders_and_the_banned_do_nothing() {
    assert_eq!(authorise(&room(), None, &change()), Err(Refusal::NotAParticipant));
    for actor in ["dan", "eve"] {
        assert_eq!(by(actor, &change()), Err(Refusal::NotAParticipant));
        let mut joins = change();
        joins.external_join = true;
        joins.devices_added = users(&[actor]);
        joins.device_owners_after.insert(user(actor));
        assert_eq!(by(actor, &joins), Err(Refusal::NotAParticipant));
        assert_eq!(by(actor, &with(added("eve", Role::MEMBER))), Err(Refusal::NotAParticipant));
    }
}

#[test]
fn only_an_admin_changes_others() {
    let mut adds = with(added("eve", Role::MEMBER));
    adds.devices_added = users(&["eve"]);
    adds.device_owners_after.insert(user("eve"));
    let mut removes = with(removed(2));
    removes.devices_removed = users(&["cy"]);
    removes.device_owners_after.remove(&user("cy"));
    let mut bans = with(changed(2, Role::BANNED));
    bans.devices_removed = users(&["cy"]);
    bans.device_owners_after.remove(&user("cy"));
    let mut kicks = change();
    kicks.devices_removed = users(&["cy"]);
    let mut names = change();
    names.metadata_changed = true;
    let mut adds_device = change();
    adds_device.devices_added = users(&["cy"]);
    let changes = [
        (adds, Capability::ADD_PARTICIPANT),
        (removes, Capability::KICK),
        (bans, Capability::KICK),
        (kicks, Capability::KICK),
        (names, Capability::CHANGE_ROOM_NAME),
        (adds_device, Capability::ADD_PARTICIPANT),
        (with(added("eve", Role::ADMIN)), Capability::ADD_PARTICIPANT),
        (with(added("eve", Role::BANNED)), Capability::BAN),
        (with(changed(2, Role::ADMIN)), Capability::CHANGE_USER_ROLE),
        (with(changed(1, Role::ADMIN)), Capability::CHANGE_USER_ROLE),
        (with(changed(3, Role::MEMBER)), Capability::UNBAN),
        (with(removed(3)), Capability::REMOVE_PARTICIPANT),
    ];
    for (change, capability) in changes {
        assert_eq!(by("ada", &change), Ok(()), "{change:?}");
        assert_eq!(by("ben", &change), Err(Refusal::Lacks(capability)), "{change:?}");
    }
}

#[test]
fn members_manage_their_own_devices() {
    let mut own = change();
    own.devices_added = users(&["ben"]);
    own.devices_removed = users(&["ben"]);
    assert_eq!(by("ben", &own), Ok(()));
    assert_eq!(by("ben", &change()), Ok(()), "a commit that only updates the own leaf");
}

#[test]
fn external_commits_only_join() {
    let mut joins = change();
    joins.external_join = true;
    joins.devices_added = users(&["ben"]);
    assert_eq!(by("ben", &joins), Ok(()));
    joins.devices_removed = users(&["ben"]);
    assert_eq!(by("ben", &joins), Ok(()), "in the place of the same user's device");

    let broken: [fn(&mut MembershipChange); 5] = [
        |change| change.update = Some(added("eve", Role::MEMBER)),
        |change| change.metadata_changed = true,
        |change| change.devices_added = users(&["ben", "cy"]),
        |change| change.devices_removed = users(&["cy"]),
        |change| change.self_removals = users(&["cy"]),
    ];
    for alter in broken {
        let mut more = joins.clone();
        alter(&mut more);
        assert_eq!(by("ben", &more), Err(Refusal::MoreThanJoining));
        assert_eq!(by("ada", &more), Err(Refusal::MoreThanJoining));
    }
}

#[test]
fn people_leave_by_their_own_word() {
    // cy's last device signs a SelfRemove; ben commits it, and takes cy off the list.
    let mut leaves = with(removed(2));
    leaves.self_removals = users(&["cy"]);
    leaves.device_owners_after.remove(&user("cy"));
    assert_eq!(by("ben", &leaves), Ok(()));
    // Without cy's word it needs an admin.
    leaves.self_removals.clear();
    assert_eq!(by("ben", &leaves), Err(Refusal::Lacks(Capability::REMOVE_PARTICIPANT)));
    // One of cy's devices stays: cy stays.
    let mut one_of_two = with(removed(2));
    one_of_two.self_removals = users(&["cy"]);
    assert_eq!(by("ben", &one_of_two), Err(Refusal::DeviceWithoutParticipant));
    // A proposal that ben sends to leave.
    let mut own = with(removed(1));
    own.devices_removed = users(&["ben"]);
    own.device_owners_after.remove(&user("ben"));
    assert_eq!(by("ben", &own), Ok(()));
}

#[test]
fn devices_belong_to_people_who_take_part() {
    let mut stays = with(removed(2));
    stays.devices_removed = users(&["cy"]);
    assert_eq!(by("ada", &stays), Err(Refusal::DeviceWithoutParticipant), "removed, but a device is left");
    assert_eq!(by("ada", &with(changed(2, Role::BANNED))), Err(Refusal::DeviceWithoutParticipant));
    let mut ghost = change();
    ghost.devices_added = users(&["eve"]);
    ghost.device_owners_after.insert(user("eve"));
    assert_eq!(by("ada", &ghost), Err(Refusal::DeviceWithoutParticipant), "nobody added eve to the list");
    let mut banned = with(added("eve", Role::BANNED));
    banned.devices_added = users(&["eve"]);
    assert_eq!(by("ada", &banned), Err(Refusal::DeviceWithoutParticipant));
    let mut hidden = change();
    hidden.devices_added = users(&["dan"]);
    assert_eq!(by("ada", &hidden), Err(Refusal::DeviceWithoutParticipant));
}

#[test]
fn the_last_admin_names_another() {
    let mut leaves = with(removed(0));
    leaves.devices_removed = users(&["ada"]);
    leaves.device_owners_after.remove(&user("ada"));
    assert_eq!(by("ada", &leaves), Err(Refusal::NoAdminLeft));
    assert_eq!(by("ada", &with(changed(0, Role::MEMBER))), Err(Refusal::NoAdminLeft));

    leaves.update.as_mut().unwrap().changed = vec![IndexRolePair { index: 1, role: Role::ADMIN }];
    assert_eq!(by("ada", &leaves), Ok(()));

    let alone = ParticipantList { participants: vec![pair("ada", Role::ADMIN), pair("dan", Role::BANNED)] };
    let leaves = MembershipChange { update: Some(removed(0)), ..Default::default() };
    assert_eq!(authorise(&alone, Some(&user("ada")), &leaves), Ok(()), "nobody remains");

    let pair_of_admins =
        ParticipantList { participants: vec![pair("ada", Role::ADMIN), pair("ben", Role::ADMIN)] };
    let leaves = MembershipChange {
        update: Some(removed(1)),
        self_removals: users(&["ben"]),
        device_owners_after: users(&["ada"]),
        ..Default::default()
    };
    assert_eq!(authorise(&pair_of_admins, Some(&user("ada")), &leaves), Ok(()), "either of two may leave");
}

#[test]
fn the_list_of_roles_says_what_the_decision_does() {
    for kind in RoomKind::ALL {
        let list = RolesList::of(kind);
        assert_eq!(RolesList::decode(&list.encode()).unwrap().kind(), Some(kind));
        let roles: Vec<_> = list.roles.iter().map(|definition| definition.role).collect();
        assert_eq!(roles, [Role::NONE, Role::BANNED, Role::MEMBER, Role::ADMIN]);
        for definition in &list.roles {
            for capability in (0..=u16::MAX).map(Capability) {
                let listed = definition.capabilities.contains(&capability);
                assert_eq!(
                    listed,
                    definition.role.can(kind, capability),
                    "{:?} {capability:?}",
                    definition.role
                );
            }
            let may_be_active = definition.maximum_active_participants != Some(0);
            assert_eq!(may_be_active, definition.role >= Role::MEMBER);
        }
    }
    let mut other = RolesList::of(RoomKind::Announcement);
    other.roles[2].capabilities.push(Capability::SEND_MESSAGE);
    assert_eq!(other.kind(), None, "a third table is none of ours");
}

#[test]
fn in_an_announcement_room_a_member_only_reads_reacts_and_reports() {
    let lost: Vec<_> = (0..=u16::MAX)
        .map(Capability)
        .filter(|one| {
            Role::MEMBER.can(RoomKind::Discussion, *one) && !Role::MEMBER.can(RoomKind::Announcement, *one)
        })
        .collect();
    let writes = [
        Capability::SEND_MESSAGE,
        Capability::REPLY_TO_MESSAGE,
        Capability::EDIT_OWN_MESSAGE,
        Capability::START_TOPIC,
        Capability::REPLY_IN_TOPIC,
        Capability::UPLOAD_IMAGE,
        Capability::UPLOAD_AUDIO,
        Capability::UPLOAD_VIDEO,
        Capability::UPLOAD_ATTACHMENT,
        Capability::SEND_LINK,
    ];
    assert_eq!(lost, writes);
    for capability in (0..=u16::MAX).map(Capability) {
        let [discussion, announcement] = RoomKind::ALL.map(|kind| Role::ADMIN.can(kind, capability));
        assert_eq!(discussion, announcement, "{capability:?}");
    }
}

#[test]
fn only_an_admin_makes_a_room_one_of_the_other_kind_and_nobody_by_coming_in() {
    for kind in RoomKind::ALL {
        let switch = |by: &Leaf| CommitFacts { roles_changed: true, kind, ..commit(by) };
        assert_eq!(judge(&uri(), &room(), &switch(&leaf("ada", 1, 1))), Ok(()));
        let lacks = Err(Denied::Policy(Refusal::Lacks(Capability::CHANGE_USER_ROLE)));
        assert_eq!(judge(&uri(), &room(), &switch(&leaf("ben", 1, 2))), lacks);
        let external = CommitFacts { external: true, ..switch(&leaf("ada", 2, 1)) };
        assert_eq!(judge(&uri(), &room(), &external), Err(Denied::Policy(Refusal::MoreThanJoining)));
        let mut invited = invited(1, vec![invitation(1, "ada", 2).1]);
        assert_eq!(judge(&uri(), &room(), &invited), Ok(()));
        (invited.kind, invited.roles_changed) = (kind, true);
        assert_eq!(judge(&uri(), &room(), &invited), Err(Denied::Policy(Refusal::MoreThanJoining)));
    }
}

fn leaf(name: &str, number: usize, key: u8) -> Leaf {
    Leaf {
        device: format!("mimi://a.example/d/{name}/{number}").parse().unwrap(),
        account_key: AccountKey([key; 32]),
    }
}

/// ada commits, in a room where ada, ben and cy have a device each.
fn commit(committer: &Leaf) -> CommitFacts {
    CommitFacts {
        committer: committer.device.clone(),
        external: false,
        renewed: Some(committer.clone()),
        added: Vec::new(),
        removed: Vec::new(),
        left: Vec::new(),
        list_update: None,
        metadata_changed: false,
        kind: RoomKind::Discussion,
        roles_changed: false,
        invitations_update: None,
        invitations: Invitations::default(),
        before: vec![leaf("ada", 1, 1), leaf("ben", 1, 2), leaf("cy", 1, 3)],
    }
}

#[test]
fn a_new_leaf_has_its_persons_account_key_whatever_goes_with_it() {
    let (ada, ben) = (leaf("ada", 1, 1), leaf("ben", 1, 2));
    assert_eq!(judge(&uri(), &room(), &commit(&ada)), Ok(()));
    assert_eq!(judge(&uri(), &room(), &commit(&leaf("ada", 1, 9))), Err(Denied::OtherAccountKey));
    // An external commit that replaces its own leaf.
    let rejoin = |key| CommitFacts {
        external: true,
        removed: vec![ben.device.clone()],
        ..commit(&leaf("ben", 1, key))
    };
    assert_eq!(judge(&uri(), &room(), &rejoin(2)), Ok(()));
    assert_eq!(judge(&uri(), &room(), &rejoin(9)), Err(Denied::OtherAccountKey));
    // A commit that removes the old device and adds a new one.
    let replace = |key| CommitFacts {
        removed: vec![ben.device.clone()],
        added: vec![leaf("ben", 2, key)],
        ..commit(&ada)
    };
    assert_eq!(judge(&uri(), &room(), &replace(2)), Ok(()));
    assert_eq!(judge(&uri(), &room(), &replace(9)), Err(Denied::OtherAccountKey));
    // Two new ones of somebody who was not there.
    let update = Some(added("eve", Role::MEMBER));
    let two = |key| CommitFacts {
        added: vec![leaf("eve", 1, 5), leaf("eve", 2, key)],
        list_update: update.clone(),
        ..commit(&ada)
    };
    assert_eq!(judge(&uri(), &room(), &two(5)), Ok(()));
    assert_eq!(judge(&uri(), &room(), &two(6)), Err(Denied::OtherAccountKey));
}

#[test]
fn a_committer_stays_who_and_where_it_is() {
    let (ada, ben) = (leaf("ada", 1, 1), leaf("ben", 1, 2));
    let other = CommitFacts { renewed: Some(ben.clone()), ..commit(&ada) };
    assert_eq!(judge(&uri(), &room(), &other), Err(Denied::OtherCommitter));
    let removes = CommitFacts { removed: vec![ada.device.clone()], ..commit(&ada) };
    assert_eq!(judge(&uri(), &room(), &removes), Err(Denied::RemovesItself));
    let leaves = CommitFacts { left: vec![ada.device.clone()], ..commit(&ada) };
    assert_eq!(judge(&uri(), &room(), &leaves), Err(Denied::RemovesItself));
    let replaces =
        CommitFacts { external: true, removed: vec![ben.device.clone()], ..commit(&leaf("ada", 2, 1)) };
    assert_eq!(judge(&uri(), &room(), &replaces), Err(Denied::ReplacesAnother));
    let twice = CommitFacts { external: true, ..commit(&ada) };
    assert_eq!(judge(&uri(), &room(), &twice), Err(Denied::Twice));
    let twice = CommitFacts { added: vec![ben], ..commit(&ada) };
    assert_eq!(judge(&uri(), &room(), &twice), Err(Denied::Twice));
}

#[test]
fn a_person_has_so_many_devices_in_a_room() {
    let ben = leaf("ben", 1, 2);
    let bring = |count: usize| CommitFacts {
        added: (0..count).map(|number| leaf("ben", 2 + number, 2)).collect(),
        ..commit(&ben)
    };
    assert_eq!(judge(&uri(), &room(), &bring(limits::DEVICES_IN_ROOM - 1)), Ok(()));
    assert_eq!(judge(&uri(), &room(), &bring(limits::DEVICES_IN_ROOM)), Err(Denied::TooManyDevices));
    // One that goes makes room for one that comes.
    let mut exchange = bring(limits::DEVICES_IN_ROOM);
    exchange.before.push(leaf("ben", 90, 2));
    exchange.removed = vec![leaf("ben", 90, 2).device];
    exchange.added.pop();
    assert_eq!(judge(&uri(), &room(), &exchange), Ok(()));
}

#[test]
fn whoever_leaves_leaves_an_admin() {
    let leaves = [leaf("ada", 1, 1), leaf("ada", 2, 1), leaf("ben", 1, 2), leaf("cy", 1, 3)];
    let devices: Vec<_> = leaves.iter().map(|leaf| &leaf.device).collect();
    let may = |leaving: &[usize], who: usize| {
        let leaving = leaving.iter().map(|at| devices[*at].clone()).collect();
        may_leave(&room(), &devices, &leaving, devices[who])
    };
    assert_eq!(may(&[], 2), Ok(()));
    assert_eq!(may(&[], 0), Ok(()), "her other device stays");
    assert_eq!(may(&[1], 0), Err(Refusal::NoAdminLeft));
    assert_eq!(may(&[1, 2, 3], 0), Ok(()), "nobody remains");
    assert_eq!(may(&[1, 2], 0), Err(Refusal::NoAdminLeft));
    let dan = leaf("dan", 1, 4).device;
    assert_eq!(may_leave(&room(), &[&dan], &BTreeSet::new(), &dan), Err(Refusal::NotAParticipant));
}

fn any_update() -> impl Strategy<Value = ParticipantListUpdate> {
    let role = (0u32..5).prop_map(Role);
    let changed = (0u32..6, role.clone()).prop_map(|(index, role)| IndexRolePair { index, role });
    let added =
        (prop::sample::select(vec!["ada", "ben", "eve", "fay", "gus"]), role).prop_map(|(n, r)| pair(n, r));
    (vec(changed, 0..2), vec(0u32..6, 0..2), vec(added, 0..2))
        .prop_map(|(changed, removed, added)| ParticipantListUpdate { changed, removed, added })
}

fn any_change() -> impl Strategy<Value = MembershipChange> {
    let some = || {
        let names = vec!["ada", "ben", "cy", "dan", "eve"];
        prop::sample::subsequence(names, 0..=2).prop_map(|names| users(&names))
    };
    let flags = [any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()];
    (prop::option::of(any_update()), some(), some(), some(), some(), flags).prop_map(
        |(update, devices_added, devices_removed, self_removals, device_owners_after, flags)| {
            MembershipChange {
                update,
                devices_added,
                devices_removed,
                self_removals,
                external_join: flags[0],
                metadata_changed: flags[1],
                invited: flags[2],
                invitations_changed: flags[3],
                roles_changed: flags[4],
                kind: if flags[5] { RoomKind::Announcement } else { RoomKind::Discussion },
                device_owners_after,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]

    /// Whatever is allowed leaves a room that can be: a right list, no device without its person, an admin if anyone.
    #[test]
    fn allowed_changes_keep_rooms_whole(actor in prop::sample::select(vec!["ada", "ben", "dan", "eve"]), change in any_change()) {
        let before = room();
        if by(actor, &change).is_ok() {
            let after = change.update.as_ref().map_or_else(|| before.clone(), |update| before.apply(update).unwrap());
            prop_assert!(after.check().is_ok());
            let invited = change.invited && before.role_of(&user(actor)) == Role::NONE;
            prop_assert!(invited || before.role_of(&user(actor)) >= Role::MEMBER);
            for owner in change.device_owners_after.iter().chain(&change.devices_added) {
                prop_assert!(after.role_of(owner) >= Role::MEMBER);
            }
            prop_assert!(after.members().next().is_none() || after.members().any(|pair| pair.role == Role::ADMIN));
        }
    }

    /// A member who is no admin never brings anyone in, never raises a role, never removes a third person.
    #[test]
    fn members_cannot_touch_others(change in any_change()) {
        if by("ben", &change).is_ok() {
            let ben = user("ben");
            prop_assert!(!change.metadata_changed && !change.roles_changed);
            prop_assert!(change.devices_added.iter().chain(&change.devices_removed).all(|owner| *owner == ben));
            if let Some(update) = &change.update {
                prop_assert!(update.added.is_empty() && update.changed.is_empty());
                for index in &update.removed {
                    let gone = &room().participants[*index as usize].user;
                    prop_assert!(*gone == ben || change.self_removals.contains(gone));
                }
            }
        }
    }
}

fn invitation(secret: u8, by: &str, left: u32) -> (SigningKey, Invitation) {
    let key = SigningKey::from_bytes(&[secret; 32]);
    let public = key.verifying_key().to_bytes();
    (key, Invitation { key: public, by: user(by), left, not_after: crate::Timestamp(9) })
}

fn used_by(key: &SigningKey, joiner: &Leaf) -> InvitationUse {
    let (device, account_key) = (joiner.device.clone(), joiner.account_key);
    InvitationUse::sign(key, &InvitationUseTbs { room: uri(), device, account_key })
}

/// eve, who is not on the list, comes in by an invitation of ada's.
fn invited(secret: u8, invitations: Vec<Invitation>) -> CommitFacts {
    let eve = leaf("eve", 1, 9);
    let (key, _) = invitation(secret, "ada", 1);
    CommitFacts {
        external: true,
        list_update: Some(InvitationUse::list_update(user("eve"))),
        invitations_update: Some(InvitationsUpdate::Use(used_by(&key, &eve))),
        invitations: Invitations { open: invitations },
        ..commit(&eve)
    }
}

#[test]
fn whoever_holds_an_open_invitation_of_an_admin_comes_in_and_does_nothing_else() {
    let open = || vec![invitation(1, "ada", 2).1, invitation(2, "ben", 1).1];
    assert_eq!(judge(&uri(), &room(), &invited(1, open())), Ok(()));
    // Made by a member, made by nobody, not for this room, not for this device.
    assert_eq!(judge(&uri(), &room(), &invited(2, open())), Err(Denied::Invitation));
    assert_eq!(judge(&uri(), &room(), &invited(3, open())), Err(Denied::Invitation));
    assert_eq!(judge(&uri(), &room(), &invited(1, Vec::new())), Err(Denied::Invitation));
    let elsewhere = "mimi://a.example/r/r2".parse().unwrap();
    assert_eq!(judge(&elsewhere, &room(), &invited(1, open())), Err(Denied::Invitation));
    let (key, _) = invitation(1, "ada", 1);
    for other in [leaf("eve", 2, 9), leaf("eve", 1, 8), leaf("fay", 1, 9)] {
        let stolen = CommitFacts {
            invitations_update: Some(InvitationsUpdate::Use(used_by(&key, &other))),
            ..invited(1, open())
        };
        assert_eq!(judge(&uri(), &room(), &stolen), Err(Denied::Invitation));
    }
    // Whoever made it is no admin any more.
    let without_ada =
        room().apply(&changed(1, Role::ADMIN)).unwrap().apply(&changed(0, Role::MEMBER)).unwrap();
    assert_eq!(judge(&uri(), &without_ada, &invited(1, open())), Err(Denied::Invitation));

    let alterations: [fn(&mut CommitFacts); 7] = [
        |facts| facts.external = false,
        |facts| facts.list_update = None,
        |facts| facts.list_update = Some(added("eve", Role::ADMIN)),
        |facts| facts.list_update.as_mut().unwrap().added.push(pair("fay", Role::MEMBER)),
        |facts| facts.metadata_changed = true,
        |facts| facts.added.push(leaf("fay", 1, 7)),
        |facts| facts.left.push(leaf("ben", 1, 2).device),
    ];
    for (number, alter) in alterations.into_iter().enumerate() {
        let mut facts = invited(1, open());
        alter(&mut facts);
        assert!(judge(&uri(), &room(), &facts).is_err(), "{number}");
    }
}

#[test]
fn an_invitation_is_for_nobody_who_is_on_the_list() {
    for (name, key) in [("ben", 2), ("dan", 4)] {
        let joiner = leaf(name, 2, key);
        let facts = CommitFacts {
            list_update: None,
            committer: joiner.device.clone(),
            renewed: Some(joiner.clone()),
            invitations_update: Some(InvitationsUpdate::Use(used_by(&invitation(1, "ada", 1).0, &joiner))),
            ..invited(1, vec![invitation(1, "ada", 1).1])
        };
        assert_eq!(judge(&uri(), &room(), &facts), Err(Denied::Policy(Refusal::InvitedAlready)), "{name}");
    }
}

#[test]
fn only_admins_make_invitations_in_their_own_name() {
    let makes = |by: &Leaf, name: &str| CommitFacts {
        invitations_update: Some(InvitationsUpdate::Change {
            made: vec![invitation(1, name, 1).1],
            taken_back: Vec::new(),
        }),
        ..commit(by)
    };
    let (ada, ben) = (leaf("ada", 1, 1), leaf("ben", 1, 2));
    assert_eq!(judge(&uri(), &room(), &makes(&ada, "ada")), Ok(()));
    assert_eq!(judge(&uri(), &room(), &makes(&ada, "ben")), Err(Denied::Invitation));
    let lacks = Err(Denied::Policy(Refusal::Lacks(Capability::ADD_PARTICIPANT)));
    assert_eq!(judge(&uri(), &room(), &makes(&ben, "ben")), lacks);
    let external = CommitFacts { external: true, ..makes(&leaf("ada", 2, 1), "ada") };
    assert_eq!(judge(&uri(), &room(), &external), Err(Denied::Policy(Refusal::MoreThanJoining)));
}

#[test]
fn invitations_are_made_used_up_and_taken_back() {
    let [one, two, three] = [1, 2, 3].map(|secret| invitation(secret, "ada", 2).1);
    let change = |made: &[&Invitation], taken_back: &[&Invitation]| InvitationsUpdate::Change {
        made: made.iter().map(|invitation| (*invitation).clone()).collect(),
        taken_back: taken_back.iter().map(|invitation| invitation.key).collect(),
    };
    let uses = |of: &Invitation| InvitationsUpdate::Use(InvitationUse { key: of.key, signature: [0; 64] });
    let open = Invitations::default().apply(&change(&[&one, &two], &[])).unwrap();
    let open = open.apply(&uses(&one)).unwrap();
    assert_eq!(open.open, [Invitation { left: 1, ..one.clone() }, two.clone()]);
    let open = open.apply(&uses(&one)).unwrap();
    assert_eq!(open, Invitations { open: vec![two.clone()] });
    let open = open.apply(&change(&[&three], &[&two])).unwrap();
    assert_eq!(open, Invitations { open: vec![three.clone()] });
    for refused in [
        uses(&one),
        change(&[], &[&one]),
        change(&[&three], &[]),
        change(&[&one, &one], &[]),
        change(&[&Invitation { left: 0, ..one.clone() }], &[]),
    ] {
        assert!(open.apply(&refused).is_err(), "{refused:?}");
    }
    let many: Vec<_> =
        (10..).map(|secret| invitation(secret, "ada", 1).1).take(limits::INVITATIONS).collect();
    let too_many = change(&many.iter().collect::<Vec<_>>(), &[]);
    assert!(matches!(open.apply(&too_many), Err(ProtoError::TooLarge { .. })));
    let mut twice = Invitations { open: vec![one.clone()] };
    twice.open.push(one);
    assert!(Invitations::decode(&twice.encode()).is_err());
}
