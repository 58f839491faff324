//! May this commit be made? Pure, and one function for the hub and for every member: where the two judged apart, a
//! commit that only one of them takes would leave the room in two halves.
//!
//! The room's policy is [`authorise`]. Added here is what keeps ghosts out of the tree: no device stands twice, a
//! person's devices all have one account key, a committer stays who it is, and an external commit replaces nothing but
//! its own device. What a caller has checked before: the commit is valid MLS, and every new leaf carries its account's
//! signature. What stays with each of the two: a hub knows who handed the commit in and which devices its own people
//! have, a member knows which account keys it has seen elsewhere. **A hub may be stricter than a member, never the
//! other way round**, except for what a member alone can know.

use super::{
    InvitationUseTbs, Invitations, InvitationsUpdate, MembershipChange, ParticipantList,
    ParticipantListUpdate, Refusal, RoomKind, authorise,
};
use crate::{DeviceUri, RoomUri, UserUri, credential::AccountKey, limits};
use std::collections::{BTreeMap, BTreeSet};

/// One device in the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Whose it is.
    pub device: DeviceUri,
    /// The account that vouches for it.
    pub account_key: AccountKey,
}

/// What a commit does, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitFacts {
    /// The device that signed it; for an external commit the joining one.
    pub committer: DeviceUri,
    /// It is external: the committer's device joins by it.
    pub external: bool,
    /// The committer's new leaf, if it has one. An external commit has.
    pub renewed: Option<Leaf>,
    /// Devices that come in by Add proposals.
    pub added: Vec<Leaf>,
    /// Devices that go by Remove proposals.
    pub removed: Vec<DeviceUri>,
    /// Devices that go by SelfRemove proposals, which they signed.
    pub left: Vec<DeviceUri>,
    /// The change of the participant list, if there is one.
    pub list_update: Option<ParticipantListUpdate>,
    /// Whether it changes the room metadata.
    pub metadata_changed: bool,
    /// What the room is for before the commit.
    pub kind: RoomKind,
    /// Whether it makes the room one of the other kind.
    pub roles_changed: bool,
    /// The change of the invitations, if there is one.
    pub invitations_update: Option<InvitationsUpdate>,
    /// The invitations that were open before.
    pub invitations: Invitations,
    /// Every leaf of before the commit, those that go included.
    pub before: Vec<Leaf>,
}

/// Why a commit is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The room's policy forbids it.
    #[error("{0}")]
    Policy(#[from] Refusal),
    /// The committer's new leaf is someone else's.
    #[error("the committer's leaf changes its owner")]
    OtherCommitter,
    /// The committer would be gone afterwards.
    #[error("a committer does not remove itself")]
    RemovesItself,
    /// An external commit removes a device other than the joining one.
    #[error("an external commit may only replace its own device")]
    ReplacesAnother,
    /// A device would stand in the group twice.
    #[error("a device would stand in the group twice")]
    Twice,
    /// A new leaf has another account key than the person's devices in the room.
    #[error("a device has another account key than the person's other devices")]
    OtherAccountKey,
    /// An invitation is made in somebody else's name, or used that does not hold for the joining device.
    #[error("the invitation does not hold")]
    Invitation,
    /// A person would have more than [`limits::DEVICES_IN_ROOM`].
    #[error("too many devices of one person")]
    TooManyDevices,
}

/// Decides about a commit in a room whose participant list is `list`.
///
/// # Errors
/// The first rule that is broken.
pub fn judge(room: &RoomUri, list: &ParticipantList, facts: &CommitFacts) -> Result<(), Denied> {
    let committer = &facts.committer;
    if facts.renewed.as_ref().is_some_and(|leaf| leaf.device != *committer) {
        return Err(Denied::OtherCommitter);
    }
    let mut gone = facts.removed.iter().chain(&facts.left);
    match facts.external {
        true if !gone.all(|device| device == committer) => return Err(Denied::ReplacesAnother),
        false if gone.any(|device| device == committer) => return Err(Denied::RemovesItself),
        _ => {}
    }
    authorise(list, Some(&committer.user_uri()), &membership_change(facts))?;
    invitations_hold(room, list, facts)?;
    no_device_twice(facts)?;
    one_account_key(facts)?;
    not_too_many_devices(facts)
}

/// Decides whether a device may hand in its own SelfRemove, while `leaving` have handed in theirs. Other proposals are
/// not taken on their own, and a device needs no second one.
///
/// # Errors
/// [`Refusal::NotAParticipant`]; [`Refusal::NoAdminLeft`] if members would remain with nobody to administer the room:
/// whoever commits takes those without a device off the list, and the room's policy would refuse every such commit.
pub fn may_leave(
    list: &ParticipantList,
    devices: &[&DeviceUri],
    leaving: &BTreeSet<DeviceUri>,
    device: &DeviceUri,
) -> Result<(), Refusal> {
    if list.role_of(&device.user_uri()) < super::Role::MEMBER {
        return Err(Refusal::NotAParticipant);
    }
    let goes = |one: &DeviceUri| one == device || leaving.contains(one);
    let staying: BTreeSet<UserUri> =
        devices.iter().filter(|one| !goes(one)).map(|one| one.user_uri()).collect();
    let leavers: BTreeSet<UserUri> = leaving
        .iter()
        .chain([device])
        .map(DeviceUri::user_uri)
        .filter(|user| !staying.contains(user))
        .collect();
    let mut after = list.members().filter(|pair| !leavers.contains(&pair.user)).peekable();
    let has_admin = |pair: &super::UserRolePair| pair.role == super::Role::ADMIN;
    if list.members().any(has_admin) && after.peek().is_some() && !after.any(has_admin) {
        return Err(Refusal::NoAdminLeft);
    }
    Ok(())
}

impl CommitFacts {
    /// Every leaf that was not in the tree before: those added, and the committer's own.
    pub fn new_leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.added.iter().chain(&self.renewed)
    }

    /// The devices of before that are there afterwards.
    fn staying(&self) -> impl Iterator<Item = &DeviceUri> {
        let gone: BTreeSet<&DeviceUri> = self.removed.iter().chain(&self.left).collect();
        self.before.iter().map(|leaf| &leaf.device).filter(move |device| !gone.contains(device))
    }

    /// The devices that come in.
    fn coming(&self) -> impl Iterator<Item = &DeviceUri> {
        self.added.iter().map(|leaf| &leaf.device).chain(self.external.then_some(&self.committer))
    }
}

fn membership_change(facts: &CommitFacts) -> MembershipChange {
    let owners = |devices: &[DeviceUri]| devices.iter().map(DeviceUri::user_uri).collect::<BTreeSet<_>>();
    let devices_added: BTreeSet<_> = facts.coming().map(DeviceUri::user_uri).collect();
    let mut device_owners_after: BTreeSet<_> = facts.staying().map(DeviceUri::user_uri).collect();
    device_owners_after.extend(devices_added.iter().cloned());
    MembershipChange {
        update: facts.list_update.clone(),
        devices_added,
        devices_removed: owners(&facts.removed),
        self_removals: owners(&facts.left),
        external_join: facts.external,
        metadata_changed: facts.metadata_changed,
        kind: facts.kind,
        roles_changed: facts.roles_changed,
        invited: matches!(facts.invitations_update, Some(InvitationsUpdate::Use(_))),
        invitations_changed: matches!(facts.invitations_update, Some(InvitationsUpdate::Change { .. })),
        device_owners_after,
    }
}

/// Whoever makes an invitation makes it in their own name; whoever uses one holds it.
fn invitations_hold(room: &RoomUri, list: &ParticipantList, facts: &CommitFacts) -> Result<(), Denied> {
    let committer = facts.committer.user_uri();
    let holds = match &facts.invitations_update {
        None => true,
        Some(InvitationsUpdate::Change { made, .. }) => {
            made.iter().all(|invitation| invitation.by == committer)
        }
        Some(InvitationsUpdate::Use(used)) => facts.renewed.as_ref().is_some_and(|leaf| {
            let (device, account_key) = (leaf.device.clone(), leaf.account_key);
            let tbs = InvitationUseTbs { room: room.clone(), device, account_key };
            facts.invitations.verify(used, list, &tbs).is_ok()
        }),
    };
    if holds { Ok(()) } else { Err(Denied::Invitation) }
}

fn no_device_twice(facts: &CommitFacts) -> Result<(), Denied> {
    let mut met = BTreeSet::new();
    if facts.staying().chain(facts.coming()).all(|device| met.insert(device)) {
        Ok(())
    } else {
        Err(Denied::Twice)
    }
}

/// Those who go count as well: members know their account's key, and an external commit that replaces its own leaf
/// would otherwise bring another in.
fn one_account_key(facts: &CommitFacts) -> Result<(), Denied> {
    let mut keys: BTreeMap<UserUri, AccountKey> = BTreeMap::new();
    for leaf in facts.new_leaves() {
        let key = keys.entry(leaf.device.user_uri()).or_insert(leaf.account_key);
        if *key != leaf.account_key {
            return Err(Denied::OtherAccountKey);
        }
    }
    let differs = |leaf: &Leaf| keys.get(&leaf.device.user_uri()).is_some_and(|key| *key != leaf.account_key);
    if facts.before.iter().any(differs) { Err(Denied::OtherAccountKey) } else { Ok(()) }
}

fn not_too_many_devices(facts: &CommitFacts) -> Result<(), Denied> {
    let mut counts: BTreeMap<UserUri, usize> = facts.coming().map(|device| (device.user_uri(), 0)).collect();
    for device in facts.staying().chain(facts.coming()) {
        if let Some(count) = counts.get_mut(&device.user_uri()) {
            *count += 1;
        }
    }
    if counts.values().any(|count| *count > limits::DEVICES_IN_ROOM) {
        return Err(Denied::TooManyDevices);
    }
    Ok(())
}
