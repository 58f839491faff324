//! Commits: made with all that belongs together, and judged before they are merged.

use super::{
    context::{self, RoomContext},
    credential::{self, Me},
};
use crate::{ClientError, Event, Refusal, error::mls, verification::SeenKeys};
use openmls::{
    component::ComponentData,
    group::{AppDataDictionaryUpdater, AppDataUpdates},
    prelude::*,
};
use std::collections::{BTreeMap, BTreeSet};
use trefoil_proto::{
    DeviceUri, RoomUri, UserUri, Wire as _,
    defence::Defence,
    room::{
        self, CommitFacts, Denied, INVITATIONS, Invitations, InvitationsUpdate, Leaf, PARTICIPANT_LIST,
        ParticipantList, ParticipantListUpdate, ROLES_LIST, ROOM_METADATA, RolesList, RoomKind,
    },
};

/// What the AppDataUpdate proposals of a commit come to.
#[derive(Default)]
pub(crate) struct DictionaryChange {
    pub(crate) participants: Option<ParticipantListUpdate>,
    pub(crate) metadata: bool,
    pub(crate) kind: Option<RoomKind>,
    pub(crate) invitations: Option<InvitationsUpdate>,
}

/// Computes the new dictionary from a commit's proposals, for the one who makes it and those who receive it alike.
/// Participant list, metadata, roles and invitations may change, each once; nothing else.
pub(crate) fn resolve<'p>(
    room: &RoomUri,
    mut updater: AppDataDictionaryUpdater<'_>,
    proposals: impl Iterator<Item = &'p AppDataUpdateProposal>,
) -> Result<(DictionaryChange, Option<AppDataUpdates>), Refusal> {
    let mut change = DictionaryChange::default();
    for proposal in proposals {
        let AppDataUpdateOperation::Update(data) = proposal.operation() else {
            return Err(Refusal::InvalidHandshake);
        };
        let value = match proposal.component_id() {
            PARTICIPANT_LIST if change.participants.is_none() => {
                let old = updater.old_value(PARTICIPANT_LIST).ok_or(Refusal::InvalidHandshake)?;
                let old = ParticipantList::decode(old).map_err(|_| Refusal::InvalidHandshake)?;
                let update =
                    ParticipantListUpdate::decode(data.as_slice()).map_err(|_| Refusal::InvalidHandshake)?;
                let new = old.apply(&update).map_err(|_| Refusal::InvalidHandshake)?;
                change.participants = Some(update);
                new.encode()
            }
            ROOM_METADATA if !change.metadata => {
                context::metadata(room, data.as_slice())?;
                change.metadata = true;
                data.as_slice().to_vec()
            }
            ROLES_LIST if change.kind.is_none() => {
                let old = context::kind(updater.old_value(ROLES_LIST).ok_or(Refusal::InvalidHandshake)?)?;
                let new = context::kind(data.as_slice())?;
                if new == old {
                    return Err(Refusal::InvalidHandshake);
                }
                change.kind = Some(new);
                data.as_slice().to_vec()
            }
            INVITATIONS if change.invitations.is_none() => {
                let old = updater.old_value(INVITATIONS).map(Invitations::decode);
                let old = old.transpose().map_err(|_| Refusal::InvalidHandshake)?.unwrap_or_default();
                let update =
                    InvitationsUpdate::decode(data.as_slice()).map_err(|_| Refusal::InvalidHandshake)?;
                let new = old.apply(&update).map_err(|_| Refusal::InvalidHandshake)?;
                change.invitations = Some(update);
                new.encode()
            }
            _ => return Err(Refusal::InvalidHandshake),
        };
        updater.set(ComponentData::from_parts(proposal.component_id(), value.into()));
    }
    Ok((change, updater.changes()))
}

/// Who made a commit, and what it does, once it was found to be allowed.
pub(crate) struct Judged {
    pub(crate) actor: DeviceUri,
    pub(crate) seen: SeenKeys,
    added: Vec<DeviceUri>,
    /// By somebody's commit.
    removed: Vec<DeviceUri>,
    /// By their own proposals.
    left: Vec<DeviceUri>,
    update: Option<ParticipantListUpdate>,
    renamed: bool,
    /// What the room is for from now on, if that changed.
    kind: Option<RoomKind>,
    invitations: Option<InvitationsUpdate>,
    /// Who made the invitation by which the actor came in.
    invited_by: Option<UserUri>,
    before: ParticipantList,
}

/// Checks a staged commit: every new leaf is its owner's, and [`room::judge`] allows the change, as it did at the hub.
pub(crate) fn judge(
    me: &Me,
    room: &RoomUri,
    group: &MlsGroup,
    staged: &StagedCommit,
    sender: &Sender,
    dictionary: DictionaryChange,
) -> Result<Judged, Refusal> {
    let kind = dictionary.kind;
    let facts = facts(room, group, staged, sender, dictionary)?;
    let mut seen = SeenKeys::new(me);
    for leaf in facts.new_leaves() {
        seen.note(leaf)?;
    }
    decide(room, group, staged, (facts, kind), seen)
}

fn facts(
    room: &RoomUri,
    group: &MlsGroup,
    staged: &StagedCommit,
    sender: &Sender,
    dictionary: DictionaryChange,
) -> Result<CommitFacts, Refusal> {
    let device_at = |index: LeafNodeIndex| {
        group.member(index).ok_or(Refusal::InvalidHandshake).and_then(credential::claimed_device)
    };
    let renewed = staged.update_path_leaf_node().map(credential::check_leaf).transpose()?;
    let (committer, external) = match sender {
        Sender::Member(index) => (device_at(*index)?, false),
        Sender::NewMemberCommit => {
            (renewed.as_ref().map(|leaf| leaf.device.clone()).ok_or(Refusal::InvalidHandshake)?, true)
        }
        _ => return Err(Refusal::InvalidHandshake),
    };
    let context = RoomContext::read(room, group.public_group().group_context())?;
    let mut facts = CommitFacts {
        committer,
        external,
        renewed,
        added: Vec::new(),
        removed: Vec::new(),
        left: Vec::new(),
        list_update: dictionary.participants,
        metadata_changed: dictionary.metadata,
        kind: context.kind,
        roles_changed: dictionary.kind.is_some(),
        invitations_update: dictionary.invitations,
        invitations: context.invitations,
        before: leaves(group)?,
    };
    for queued in staged.queued_proposals() {
        match queued.proposal() {
            Proposal::Add(add) => facts.added.push(credential::check_leaf(add.key_package().leaf_node())?),
            Proposal::Remove(remove) => facts.removed.push(device_at(remove.removed())?),
            Proposal::SelfRemove => {
                let Sender::Member(index) = queued.sender() else { return Err(Refusal::InvalidHandshake) };
                facts.left.push(device_at(*index)?);
            }
            Proposal::AppDataUpdate(_) => {}
            Proposal::ExternalInit(_) if external => {}
            _ => return Err(Refusal::InvalidHandshake),
        }
    }
    Ok(facts)
}

/// Every leaf of the group. They were checked when they came in.
fn leaves(group: &MlsGroup) -> Result<Vec<Leaf>, Refusal> {
    let leaf = |member: Member| {
        let node = group.public_group().leaf(member.index).ok_or(Refusal::InvalidHandshake)?;
        credential::claimed_leaf(node)
    };
    group.members().map(leaf).collect()
}

fn decide(
    room: &RoomUri,
    group: &MlsGroup,
    staged: &StagedCommit,
    (facts, kind): (CommitFacts, Option<RoomKind>),
    seen: SeenKeys,
) -> Result<Judged, Refusal> {
    let before = RoomContext::read(room, group.public_group().group_context())?.participants;
    RoomContext::read(room, staged.group_context())?;
    if Defence::RoomRules.stands() {
        room::judge(room, &before, &facts).map_err(|denied| refusal(denied, &facts))?;
    }
    let invited_by = match &facts.invitations_update {
        Some(InvitationsUpdate::Use(used)) => facts.invitations.of(&used.key).map(|one| one.by.clone()),
        _ => None,
    };
    let mut added: Vec<_> = facts.added.into_iter().map(|leaf| leaf.device).collect();
    added.extend(facts.external.then(|| facts.committer.clone()));
    Ok(Judged {
        actor: facts.committer,
        seen,
        added,
        removed: facts.removed,
        left: facts.left,
        update: facts.list_update,
        renamed: facts.metadata_changed,
        kind,
        invitations: facts.invitations_update,
        invited_by,
        before,
    })
}

/// What a person is told about a commit that [`room::judge`] denies.
fn refusal(denied: Denied, facts: &CommitFacts) -> Refusal {
    let by = &facts.committer;
    match denied {
        Denied::OtherAccountKey => {
            let keys: BTreeMap<UserUri, _> =
                facts.before.iter().map(|leaf| (leaf.device.user_uri(), leaf.account_key)).collect();
            let changed = facts.new_leaves().find(|leaf| {
                keys.get(&leaf.device.user_uri()).is_some_and(|known| *known != leaf.account_key)
            });
            Refusal::AccountKeyChanged { user: changed.map_or(by, |leaf| &leaf.device).user_uri() }
        }
        Denied::OtherCommitter | Denied::Twice => Refusal::UntrustedDevice { device: by.to_string() },
        Denied::Policy(_)
        | Denied::RemovesItself
        | Denied::ReplacesAnother
        | Denied::Invitation
        | Denied::TooManyDevices => Refusal::NotAllowed { by: by.clone() },
    }
}

impl Judged {
    /// Whether the room's metadata changed.
    pub(crate) fn renamed(&self) -> bool {
        self.renamed
    }

    /// Devices that came in.
    pub(crate) fn added(&self) -> &[DeviceUri] {
        &self.added
    }

    /// What there is to show, once the commit is merged.
    pub(crate) fn events(&self, room: &RoomUri, metadata_name: Option<String>) -> Vec<Event> {
        let (room, by) = (|| room.clone(), || self.actor.clone());
        let mut events = Vec::new();
        let mut listed: BTreeMap<UserUri, bool> = BTreeMap::new();
        if let Some(update) = &self.update {
            let at = |index: u32| self.before.participants.get(index as usize).map(|pair| pair.user.clone());
            for pair in &update.added {
                listed.insert(pair.user.clone(), true);
                let user = pair.user.clone();
                events.push(match &self.invited_by {
                    Some(invited_by) => {
                        Event::MemberJoined { room: room(), user, invited_by: invited_by.clone(), by: by() }
                    }
                    None => Event::MemberAdded { room: room(), user, by: by() },
                });
            }
            for user in update.removed.iter().filter_map(|index| at(*index)) {
                listed.insert(user.clone(), false);
                let of_theirs = |device: &DeviceUri| device.user_uri() == user;
                events.push(if self.left.iter().any(of_theirs) && !self.removed.iter().any(of_theirs) {
                    Event::MemberLeft { room: room(), user }
                } else {
                    Event::MemberRemoved { room: room(), user, by: by() }
                });
            }
            for changed in &update.changed {
                if let Some(user) = at(changed.index) {
                    events.push(Event::RoleChanged { room: room(), user, role: changed.role, by: by() });
                }
            }
        }
        let alone = |device: &&DeviceUri| !listed.contains_key(&device.user_uri());
        for device in self.added.iter().filter(alone) {
            let device = device.clone();
            events.push(if self.removed.contains(&device) {
                Event::DeviceRejoined { room: room(), device }
            } else {
                Event::DeviceAdded { room: room(), device, by: by() }
            });
        }
        let stays_away = |device: &&DeviceUri| !self.added.contains(device);
        for device in self.removed.iter().filter(alone).filter(stays_away) {
            events.push(Event::DeviceRemoved { room: room(), device: device.clone(), by: by() });
        }
        for device in self.left.iter().filter(alone) {
            events.push(Event::DeviceRemoved { room: room(), device: device.clone(), by: device.clone() });
        }
        if let Some(InvitationsUpdate::Change { made, taken_back }) = &self.invitations {
            let by = || self.actor.user_uri();
            let made = made.iter().map(|one| (one.left, one.not_after));
            events.extend(made.map(|(people, not_after)| Event::InvitationMade {
                room: room(),
                by: by(),
                people,
                not_after,
            }));
            events.extend(taken_back.iter().map(|_| Event::InvitationTakenBack { room: room(), by: by() }));
        }
        if let Some(kind) = self.kind {
            events.push(Event::RoomKindChanged { room: room(), kind, by: by() });
        }
        if let Some(name) = metadata_name {
            events.push(Event::RoomRenamed { room: room(), name, by: by() });
        }
        events
    }
}

/// Checks every leaf of a group that this device is about to be in: each is its owner's, each owner takes part, no
/// device is there twice.
pub(crate) fn check_tree(
    me: &Me,
    room: &RoomUri,
    group: &MlsGroup,
) -> Result<(RoomContext, SeenKeys), Refusal> {
    let context = RoomContext::read(room, group.public_group().group_context())?;
    let mut seen = SeenKeys::new(me);
    let mut devices = BTreeSet::new();
    let members: BTreeSet<UserUri> = context.participants.members().map(|pair| pair.user.clone()).collect();
    for member in group.members() {
        let leaf = group.public_group().leaf(member.index).ok_or(Refusal::InvalidHandshake)?;
        let leaf = credential::check_leaf(leaf)?;
        seen.note(&leaf)?;
        let is_member = members.contains(&leaf.device.user_uri());
        if !is_member || !devices.insert(leaf.device.clone()) {
            return Err(Refusal::UntrustedDevice { device: leaf.device.to_string() });
        }
    }
    Ok((context, seen))
}

/// One commit with everything that belongs together: devices in and out, the participant list, the name, what the room is for.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) key_packages: Vec<KeyPackage>,
    pub(crate) removals: Vec<LeafNodeIndex>,
    pub(crate) participants: Option<ParticipantListUpdate>,
    pub(crate) metadata: Option<Vec<u8>>,
    pub(crate) kind: Option<RoomKind>,
    pub(crate) invitations: Option<InvitationsUpdate>,
}

/// The messages of a commit that is staged in its group.
pub(crate) struct Made {
    pub(crate) commit: MlsMessageOut,
    pub(crate) welcome: Option<MlsMessageOut>,
    pub(crate) group_info: MlsMessageOut,
}

/// Makes and stages a commit.
pub(crate) fn make(
    provider: &super::provider::Provider,
    signer: &credential::DeviceKey,
    room: &RoomUri,
    group: &mut MlsGroup,
    plan: Plan,
) -> Result<Result<Made, Refusal>, ClientError> {
    const ACT: &str = "make a commit";
    let update =
        |id: u16, bytes: Vec<u8>| Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::update(id, bytes)));
    let mut proposals = Vec::new();
    proposals.extend(plan.participants.map(|list| update(PARTICIPANT_LIST, list.encode())));
    proposals.extend(plan.metadata.map(|metadata| update(ROOM_METADATA, metadata)));
    proposals.extend(plan.kind.map(|kind| update(ROLES_LIST, RolesList::of(kind).encode())));
    proposals.extend(plan.invitations.map(|change| update(INVITATIONS, change.encode())));
    let mut stage = group
        .commit_builder()
        .consume_proposal_store(true)
        .propose_adds(plan.key_packages)
        .propose_removals(plan.removals)
        .add_proposals(proposals)
        .load_psks(provider.storage())
        .map_err(mls(ACT))?;
    let changes = match resolve(room, stage.app_data_dictionary_updater(), stage.app_data_update_proposals())
    {
        Ok((_, changes)) => changes,
        Err(refusal) => return Ok(Err(refusal)),
    };
    stage.with_app_data_dictionary_updates(changes);
    let bundle = stage.create_group_info(true).use_ratchet_tree_extension(false).build(
        provider.rand(),
        provider.crypto(),
        signer,
        |_| true,
    );
    let bundle = match bundle {
        Ok(bundle) => bundle,
        // Somebody's key package or leaf has a key that nothing can be encrypted to, or what was planned is no commit.
        Err(error) => {
            tracing::debug!(%error, "a commit cannot be made");
            return Ok(Err(Refusal::InvalidHandshake));
        }
    };
    let bundle = bundle.stage_commit(provider).map_err(mls(ACT))?;
    let (commit, welcome, group_info) = bundle.into_messages();
    let group_info = group_info.ok_or("no group info").map_err(mls(ACT))?;
    Ok(Ok(Made { commit, welcome, group_info }))
}
