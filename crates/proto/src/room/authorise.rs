//! May this person make this change? Pure, and the same code at the hub and at every member, so that they agree.

use super::{Capability, InvitationUse, ParticipantList, ParticipantListUpdate, Role, RoomKind};
use crate::{ProtoError, UserUri};
use std::collections::{BTreeSet, HashMap};

/// What one commit changes, as the MLS library's staged commit shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MembershipChange {
    /// The change of the participant list, if there is one.
    pub update: Option<ParticipantListUpdate>,
    /// Owners of the devices that come in by Add proposals, or by the external commit itself.
    pub devices_added: BTreeSet<UserUri>,
    /// Owners of the devices that the actor removes by Remove proposals.
    pub devices_removed: BTreeSet<UserUri>,
    /// Owners of the devices that leave by SelfRemove proposals, which those devices signed.
    pub self_removals: BTreeSet<UserUri>,
    /// Whether the commit is external: the actor's device joins by it.
    pub external_join: bool,
    /// Whether it changes the room metadata.
    pub metadata_changed: bool,
    /// What the room is for before the change.
    pub kind: RoomKind,
    /// Whether it makes the room one of the other kind.
    pub roles_changed: bool,
    /// Whether the actor comes in by an invitation. That they hold it is not decided here.
    pub invited: bool,
    /// Whether it makes invitations or takes any back.
    pub invitations_changed: bool,
    /// Owners of all devices in the group after the commit.
    pub device_owners_after: BTreeSet<UserUri>,
}

/// Why a change is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The actor is not in the list, or is banned.
    #[error("the actor does not take part in the room")]
    NotAParticipant,
    /// The actor's role does not hold the capability that the change needs.
    #[error("the actor's role lacks capability {:#06x}", .0.0)]
    Lacks(Capability),
    /// The update of the list makes no sense.
    #[error("the participant list cannot be updated so")]
    Update(#[source] ProtoError),
    /// A device would be in the group whose owner does not take part.
    #[error("a device's owner does not take part in the room")]
    DeviceWithoutParticipant,
    /// Members would remain without anyone to administer the room.
    #[error("the last admin must name another first")]
    NoAdminLeft,
    /// Somebody is invited who is on the list already, banned people included.
    #[error("an invitation is for people who are not in the room")]
    InvitedAlready,
    /// An external commit does more than let the actor's device in.
    #[error("an external commit may only join")]
    MoreThanJoining,
}

/// Decides whether `actor` may make `change` in a room whose participant list is `before`.
///
/// * Only an admin adds, removes or bans others, changes roles, or changes metadata or what the room is for.
/// * A member leaves, and adds, removes or updates devices of their own.
/// * Whoever is not in the list, or banned, does nothing; an external join needs its user in the list.
/// * But whoever is invited, and not in the list, comes in by an external join, as a member, and does nothing else by it.
/// * Only who adds others makes invitations, or takes any back.
/// * A device that signs its own SelfRemove needs nobody's leave; if it was its owner's last, any member may take the
///   owner off the list with it.
/// * Afterwards every device's owner takes part, and if members remain, one of them is an admin.
///
/// `actor` is the user of the leaf that signed the commit (or of the new leaf, for an external one); `None` for a
/// sender outside the group.
///
/// # Errors
/// The first rule that is broken.
pub fn authorise(
    before: &ParticipantList,
    actor: Option<&UserUri>,
    change: &MembershipChange,
) -> Result<(), Refusal> {
    let actor = actor.ok_or(Refusal::NotAParticipant)?;
    let role = before.role_of(actor);
    if change.invited {
        return comes_in(before, actor, role, change);
    }
    if role < Role::MEMBER {
        return Err(Refusal::NotAParticipant);
    }
    if change.external_join {
        only_joins(actor, change)?;
    }
    let needs = |capability: Capability| {
        if role.can(change.kind, capability) { Ok(()) } else { Err(Refusal::Lacks(capability)) }
    };
    if change.metadata_changed {
        needs(Capability::CHANGE_ROOM_NAME)?;
    }
    if change.roles_changed {
        // The registry's canChangeRoleDefinitions stands in no list of ours: it would make the bytes of every room's other.
        needs(Capability::CHANGE_USER_ROLE)?;
    }
    if change.invitations_changed {
        needs(Capability::ADD_PARTICIPANT)?;
    }
    for owner in &change.devices_added {
        needs(if owner == actor { Capability::ADD_OWN_CLIENT } else { Capability::ADD_PARTICIPANT })?;
    }
    for owner in &change.devices_removed {
        needs(if owner == actor { Capability::REMOVE_OWN_CLIENT } else { Capability::KICK })?;
    }
    let after = match &change.update {
        Some(update) => {
            let after = before.apply(update).map_err(Refusal::Update)?;
            for capability in capabilities_for(before, actor, change, update) {
                needs(capability)?;
            }
            after
        }
        None => before.clone(),
    };
    leaves_in_order(before, &after, change)
}

fn only_joins(actor: &UserUri, change: &MembershipChange) -> Result<(), Refusal> {
    let joins_alone = change.update.is_none()
        && !change.metadata_changed
        && !change.roles_changed
        && !change.invitations_changed
        && change.self_removals.is_empty()
        && change.devices_added.iter().all(|owner| owner == actor)
        && change.devices_removed.iter().all(|owner| owner == actor);
    if joins_alone { Ok(()) } else { Err(Refusal::MoreThanJoining) }
}

/// The rules for whoever is invited.
fn comes_in(
    before: &ParticipantList,
    actor: &UserUri,
    role: Role,
    change: &MembershipChange,
) -> Result<(), Refusal> {
    if role != Role::NONE {
        return Err(Refusal::InvitedAlready);
    }
    let update = InvitationUse::list_update(actor.clone());
    let comes_in_alone = change.external_join
        && change.update.as_ref() == Some(&update)
        && !change.metadata_changed
        && !change.roles_changed
        && change.self_removals.is_empty()
        && change.devices_added.iter().eq([actor])
        && change.devices_removed.is_empty();
    if !comes_in_alone {
        return Err(Refusal::MoreThanJoining);
    }
    let after = before.apply(&update).map_err(Refusal::Update)?;
    leaves_in_order(before, &after, change)
}

/// What the parts of an update that applies need of the actor's role.
fn capabilities_for<'a>(
    before: &'a ParticipantList,
    actor: &'a UserUri,
    change: &'a MembershipChange,
    update: &'a ParticipantListUpdate,
) -> impl Iterator<Item = Capability> + 'a {
    let at = |index: u32| usize::try_from(index).ok().and_then(|place| before.participants.get(place));
    let changed = update.changed.iter().filter_map(move |new| {
        Some(match (at(new.index)?.role, new.role) {
            (_, Role::BANNED) => Capability::BAN,
            (Role::BANNED, _) => Capability::UNBAN,
            _ => Capability::CHANGE_USER_ROLE,
        })
    });
    let removed = update.removed.iter().filter_map(move |index| {
        let gone = &at(*index)?.user;
        Some(if gone == actor || change.self_removals.contains(gone) {
            Capability::REMOVE_SELF
        } else {
            Capability::REMOVE_PARTICIPANT
        })
    });
    let added = update.added.iter().map(|new| match new.role {
        Role::BANNED => Capability::BAN,
        _ => Capability::ADD_PARTICIPANT,
    });
    changed.chain(removed).chain(added)
}

/// The rules about what is left afterwards.
fn leaves_in_order(
    before: &ParticipantList,
    after: &ParticipantList,
    change: &MembershipChange,
) -> Result<(), Refusal> {
    let roles: HashMap<_, _> = after.participants.iter().map(|pair| (&pair.user, pair.role)).collect();
    let takes_part = |user: &UserUri| roles.get(user).is_some_and(|role| *role >= Role::MEMBER);
    if !change.devices_added.iter().chain(&change.device_owners_after).all(takes_part) {
        return Err(Refusal::DeviceWithoutParticipant);
    }
    let has_admin = |list: &ParticipantList| list.members().any(|pair| pair.role == Role::ADMIN);
    if has_admin(before) && !has_admin(after) && after.members().next().is_some() {
        return Err(Refusal::NoAdminLeft);
    }
    Ok(())
}
