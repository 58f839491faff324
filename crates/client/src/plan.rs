//! From an intent to one commit: what it comes to in the room as it is now, with the proposals of those who leave.

use crate::{
    Refusal, inviting,
    live::Material,
    mls::{
        credential::{self, Me},
        membership::Plan,
        provider::Provider,
        suite, wire,
    },
    room::Room,
    rows::Intent,
    verification::SeenKeys,
};
use openmls::prelude::*;
use std::collections::BTreeSet;
use trefoil_proto::{
    UserUri, Wire as _,
    mls::MlsMessage,
    room::{IndexRolePair, InvitationsUpdate, ParticipantListUpdate, Role, RoomMetadata, UserRolePair},
};

/// What an intent comes to in the room as it is now; `None` if there is nothing left to do.
pub(crate) fn plan(
    room: &mut Room,
    me: &Me,
    intent: &Intent,
    material: &Material,
    provider: &Provider,
) -> Result<Option<Plan>, Refusal> {
    let context = room.context()?.clone();
    let leaving = leaving(room, provider)?;
    let Some(group) = &room.group else { return Err(Refusal::UnknownRoom) };
    let mut plan = Plan::default();
    let mut update = ParticipantListUpdate::default();
    let mut devices = Vec::new();
    for member in group.members() {
        devices.push((member.index, credential::claimed_device(&member.credential)?));
    }
    match intent {
        Intent::Add { people } => {
            // One look at all of them, those who are there included: two devices of one person cannot claim two accounts.
            let mut seen = SeenKeys::new(me);
            for member in group.members().filter(|member| !leaving.contains(&member.index.u32())) {
                let leaf = group.public_group().leaf(member.index).ok_or(Refusal::InvalidHandshake)?;
                let leaf = credential::claimed_leaf(leaf)?;
                if people.contains(&leaf.device.user_uri()) {
                    seen.note(&leaf)?;
                }
            }
            let mut coming = BTreeSet::new();
            for user in people {
                if context.participants.index_of(user).is_none() {
                    update.added.push(UserRolePair { user: user.clone(), role: Role::MEMBER });
                }
                for package in material.get(user).into_iter().flatten() {
                    let package = wire::key_package(provider.crypto(), package)?;
                    if package.ciphersuite() != group.ciphersuite() {
                        return Err(Refusal::Downgrade);
                    }
                    let leaf = credential::check_leaf(package.leaf_node())?;
                    if leaf.device.user_uri() != *user {
                        return Err(Refusal::UntrustedDevice { device: leaf.device.to_string() });
                    }
                    seen.note(&leaf)?;
                    let present = devices.iter().any(|(_, device)| *device == leaf.device);
                    if !present && coming.insert(leaf.device) {
                        plan.key_packages.push(package);
                    }
                }
            }
            if plan.key_packages.is_empty() && update.added.is_empty() {
                return Ok(None);
            }
            if !plan.key_packages.is_empty() {
                let present = group.members().filter_map(|member| group.public_group().leaf(member.index));
                let coming = plan.key_packages.iter().map(KeyPackage::leaf_node);
                suite::refuse_downgrade(group.ciphersuite(), present.chain(coming))?;
            }
        }
        Intent::Remove { people } => {
            plan.removals = devices
                .iter()
                .filter(|(_, device)| people.contains(&device.user_uri()))
                .map(|(index, _)| *index)
                .collect();
            update.removed.extend(people.iter().filter_map(|user| context.participants.index_of(user)));
            if plan.removals.is_empty() && update.removed.is_empty() {
                return Ok(None);
            }
        }
        Intent::Rename { name } => {
            let name = std::str::from_utf8(name.as_slice()).ok().and_then(|name| name.parse().ok());
            let name = name.ok_or(Refusal::Malformed)?;
            let metadata = RoomMetadata { name, ..context.metadata.clone() };
            if metadata == context.metadata {
                return Ok(None);
            }
            plan.metadata = Some(metadata.encode());
        }
        Intent::MakeAdmin { user } => match context.participants.index_of(user) {
            Some(index) if context.role_of(user) < Role::ADMIN => {
                update.changed.push(IndexRolePair { index, role: Role::ADMIN });
            }
            _ => return Ok(None),
        },
        Intent::TakeAdmin { user } => match context.participants.index_of(user) {
            Some(index) if context.role_of(user) == Role::ADMIN => {
                update.changed.push(IndexRolePair { index, role: Role::MEMBER });
            }
            _ => return Ok(None),
        },
        Intent::RemoveOwnOthers => {
            let own = group.own_leaf_index();
            let others =
                devices.iter().filter(|(index, device)| *index != own && device.user_uri() == me.user);
            plan.removals = others.map(|(index, _)| *index).collect();
            if plan.removals.is_empty() {
                return Ok(None);
            }
        }
        Intent::RemoveDevices { devices: gone } => {
            plan.removals =
                devices.iter().filter(|(_, device)| gone.contains(device)).map(|(index, _)| *index).collect();
            if plan.removals.is_empty() {
                return Ok(None);
            }
        }
        Intent::Invitations { update } => {
            let update = InvitationsUpdate::decode(update.as_slice()).map_err(|_| Refusal::Malformed)?;
            let role = context.role_of(&me.user);
            plan.invitations = inviting::left_to_do(update, &context.invitations, role);
            if plan.invitations.is_none() {
                return Ok(None);
            }
        }
        Intent::Kind { kind } => {
            let kind = kind.kind();
            if kind == context.kind {
                return Ok(None);
            }
            plan.kind = Some(kind);
        }
        Intent::Leave => return Ok(None),
        Intent::CommitProposals if room.row.proposals.is_empty() => return Ok(None),
        Intent::CommitProposals => {}
    }
    // Whoever leaves with the last device leaves the list too; somebody who is being removed has left already.
    plan.removals.retain(|index| !leaving.contains(&index.u32()));
    let staying: BTreeSet<UserUri> = devices
        .iter()
        .filter(|(index, _)| !leaving.contains(&index.u32()) && !plan.removals.contains(index))
        .map(|(_, device)| device.user_uri())
        .collect();
    for (_, device) in devices.iter().filter(|(index, _)| leaving.contains(&index.u32())) {
        let user = device.user_uri();
        if let Some(index) = context.participants.index_of(&user)
            && !staying.contains(&user)
            && !update.removed.contains(&index)
        {
            update.removed.push(index);
            update.changed.retain(|changed| changed.index != index);
        }
    }
    if update != ParticipantListUpdate::default() {
        plan.participants = Some(update);
    }
    Ok(Some(plan))
}

/// Leaves whose devices proposed to leave in this epoch.
fn leaving(room: &mut Room, provider: &Provider) -> Result<BTreeSet<u32>, Refusal> {
    let proposals = room.row.proposals.clone();
    let Some(group) = room.group.as_mut() else { return Err(Refusal::UnknownRoom) };
    let mut leaving = BTreeSet::new();
    for proposal in &proposals {
        let message = MlsMessage::parse(proposal.as_slice()).map_err(|_| Refusal::Malformed)?;
        let processed = group
            .process_message(provider, wire::protocol_message(&message)?)
            .map_err(|_| Refusal::InvalidHandshake)?;
        if let Sender::Member(index) = processed.sender() {
            leaving.insert(index.u32());
        }
    }
    Ok(leaving)
}
