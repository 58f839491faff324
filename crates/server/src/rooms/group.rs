//! The public part of a room's MLS group, followed by way of openmls, and what a handshake would change in it.

use super::{
    decide::{Facts, HubLeaf, Package},
    handshake::{InfoEnd, Invalid, protocol_message},
    leaf::{leaves_of, new_leaf},
    storage::{Forget, Given, Keep},
};
use crate::usable::{all_usable, leaf_key};
use bytes::Bytes;
use openmls::{
    component::ComponentData,
    group::{ProposalStore, PublicGroup},
    messages::group_info::VerifiableGroupInfo,
    prelude::{
        AppDataUpdateOperation, Extensions, GroupContext, GroupId, LeafNode, LeafNodeIndex,
        ProcessedMessageContent, Proposal, QueuedProposal, RatchetTreeIn, Sender, StagedCommit,
    },
};
use openmls_rust_crypto::RustCrypto;
use std::collections::BTreeMap;
use tls_codec::{DeserializeBytes as _, Serialize as _};
use trefoil_proto::{
    DeviceUri, Wire as _,
    mls::{GroupInfo, MlsMessage, RatchetTree},
    room::{
        CommitFacts, INVITATIONS, Invitations, InvitationsUpdate, Leaf, PARTICIPANT_LIST, ParticipantList,
        ParticipantListUpdate, ROLES_LIST, ROOM_METADATA, RolesList, RoomKind, RoomMetadata,
    },
};

/// A room's group as the hub sees it.
pub(super) struct Group {
    public: PublicGroup,
    /// By leaf index.
    leaves: BTreeMap<u32, Leaf>,
    participants: ParticipantList,
    invitations: Invitations,
    kind: RoomKind,
}

/// A group from its beginning: itself, the parts of its snapshot, and its leaves as new ones.
pub(super) type Opened = (Group, [Vec<u8>; 4], Vec<HubLeaf>);

/// What a commit changes in the group context.
#[derive(Default)]
struct Update {
    list: Option<ParticipantListUpdate>,
    metadata: bool,
    kind: Option<RoomKind>,
    invitations: Option<InvitationsUpdate>,
}

/// A commit that is valid MLS, with what it would change.
pub(super) struct Staged {
    commit: Box<StagedCommit>,
    participants: ParticipantList,
    invitations: Invitations,
    kind: RoomKind,
    pub(super) facts: Facts,
    /// The key that signed the commit's GroupInfo, if its committer did.
    signature_key: Vec<u8>,
    committer_index: u32,
}

impl Staged {
    /// The group context of the epoch that the commit makes.
    pub(super) fn context(&self) -> &GroupContext {
        self.commit.group_context()
    }
}

/// A standalone proposal that is valid MLS.
pub(super) struct StagedProposal {
    queued: Box<QueuedProposal>,
    pub(super) sender: DeviceUri,
    /// It is a SelfRemove: its sender goes, and nothing else happens.
    pub(super) leaves: bool,
}

impl Group {
    /// Starts to follow a group from its GroupInfo and tree. Returns it with the parts of its snapshot, and its leaves
    /// as new ones.
    pub(super) fn open(
        crypto: &RustCrypto,
        group_info: &GroupInfo,
        tree: &RatchetTree,
    ) -> Result<Opened, Invalid> {
        let tree = RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes())
            .map_err(|_| Invalid("the ratchet tree cannot be decoded"))?;
        let group_info = VerifiableGroupInfo::tls_deserialize_exact_bytes(group_info.as_bytes())
            .map_err(|_| Invalid("the group info cannot be decoded"))?;
        check_extensions(group_info.extensions())?;
        let keep = Keep::default();
        let (public, _) = PublicGroup::from_external(crypto, &keep, tree, group_info, ProposalStore::new())
            .map_err(|_| Invalid("the group info does not fit the ratchet tree"))?;
        let group = Self::from_public(public)?;
        let node = |index: &u32| group.leaf(*index).and_then(new_leaf);
        let leaves = group.leaves.keys().map(node).collect::<Result<_, _>>()?;
        Ok((group, keep.into_parts(), leaves))
    }

    /// The group of a snapshot.
    pub(super) fn load(group_id: &[u8], parts: &[Bytes; 4]) -> Option<Self> {
        let public = PublicGroup::load(&Given(parts), &GroupId::from_slice(group_id)).ok()??;
        Self::from_public(public).ok()
    }

    pub(super) fn epoch(&self) -> u64 {
        self.public.group_context().epoch().as_u64()
    }

    pub(super) fn suite(&self) -> u16 {
        self.public.ciphersuite().into()
    }

    pub(super) fn context(&self) -> &GroupContext {
        self.public.group_context()
    }

    pub(super) fn participants(&self) -> &ParticipantList {
        &self.participants
    }

    /// The invitations that are open.
    pub(super) fn invitations(&self) -> &Invitations {
        &self.invitations
    }

    /// Every device in the group.
    pub(super) fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.leaves.values()
    }

    /// The tree, as a new member needs it.
    pub(super) fn ratchet_tree(&self) -> Result<RatchetTree, Invalid> {
        let encoded = self.public.export_ratchet_tree().tls_serialize_detached();
        encoded.ok().and_then(|tree| tree.try_into().ok()).ok_or(Invalid("the ratchet tree is too large"))
    }

    /// Checks a commit against the group and computes what it would change. Changes nothing.
    pub(super) fn stage(&self, crypto: &RustCrypto, message: &MlsMessage) -> Result<Staged, Invalid> {
        let processed = self
            .public
            .process_message(crypto, protocol_message(message)?)
            .map_err(|_| Invalid("the commit is not valid in this epoch"))?;
        let sender = processed.sender().clone();
        let mut participants = self.participants.clone();
        let mut invitations = self.invitations.clone();
        let mut update = Update::default();
        let commit = match processed.into_content() {
            ProcessedMessageContent::StagedCommitMessage(commit) => commit,
            ProcessedMessageContent::UnresolvedAppDataCommit(commit) => {
                let mut updater = self.public.app_data_dictionary_updater();
                for proposal in commit.app_data_update_proposals() {
                    let AppDataUpdateOperation::Update(data) = proposal.operation() else {
                        return Err(Invalid("a component cannot be removed"));
                    };
                    let value = match proposal.component_id() {
                        PARTICIPANT_LIST => {
                            let list = ParticipantListUpdate::decode(data.as_slice())
                                .map_err(|_| Invalid("the participant list update cannot be decoded"))?;
                            participants = participants
                                .apply(&list)
                                .map_err(|_| Invalid("the participant list cannot be updated so"))?;
                            if update.list.replace(list).is_some() {
                                return Err(Invalid("a commit updates the participant list once"));
                            }
                            participants.encode()
                        }
                        ROOM_METADATA => {
                            self.check_metadata(data.as_slice())?;
                            if std::mem::replace(&mut update.metadata, true) {
                                return Err(Invalid("a commit updates the metadata once"));
                            }
                            data.as_slice().to_vec()
                        }
                        ROLES_LIST => {
                            let kind = RolesList::decode(data.as_slice()).ok().and_then(|list| list.kind());
                            let kind = kind.ok_or(Invalid("the roles are not those of our rooms"))?;
                            if kind == self.kind {
                                return Err(Invalid("the roles are the same as before"));
                            }
                            if update.kind.replace(kind).is_some() {
                                return Err(Invalid("a commit updates the roles once"));
                            }
                            data.as_slice().to_vec()
                        }
                        INVITATIONS => {
                            let change = InvitationsUpdate::decode(data.as_slice())
                                .map_err(|_| Invalid("the invitations update cannot be decoded"))?;
                            invitations = invitations
                                .apply(&change)
                                .map_err(|_| Invalid("the invitations cannot be updated so"))?;
                            if update.invitations.replace(change).is_some() {
                                return Err(Invalid("a commit updates the invitations once"));
                            }
                            invitations.encode()
                        }
                        _ => return Err(Invalid("the component cannot be changed")),
                    };
                    updater.set(ComponentData::from_parts(proposal.component_id(), value.into()));
                }
                let changes = updater.changes();
                let staged = self.public.stage_app_data_commit(crypto, *commit, changes);
                Box::new(staged.map_err(|_| Invalid("the commit is not valid in this epoch"))?)
            }
            _ => return Err(Invalid("not a commit")),
        };
        let kind = update.kind.unwrap_or(self.kind);
        let facts = self.gather(crypto, &sender, &commit, update)?;
        let committer_index = match sender {
            Sender::Member(index) => index.u32(),
            _ => self
                .public
                .ext_commit_sender_index(&commit)
                .map_err(|_| Invalid("the joining device has no place in the tree"))?
                .u32(),
        };
        let signer = match commit.update_path_leaf_node() {
            Some(leaf) => leaf.signature_key(),
            None => self.leaf(committer_index)?.signature_key(),
        };
        let signature_key = signer.as_slice().to_vec();
        Ok(Staged { commit, participants, invitations, kind, facts, signature_key, committer_index })
    }

    /// Checks the GroupInfo that came with a staged commit, as far as it can be before the commit is merged.
    pub(super) fn check_group_info(&self, staged: &Staged, info: &GroupInfo) -> Result<(), Invalid> {
        let parsed = VerifiableGroupInfo::tls_deserialize_exact_bytes(info.as_bytes())
            .map_err(|_| Invalid("the group info cannot be decoded"))?;
        if parsed.group_context() != staged.context() {
            return Err(Invalid("the group info is not of the epoch that the commit makes"));
        }
        check_extensions(parsed.extensions())?;
        let end = InfoEnd::of(info).ok_or(Invalid("the group info cannot be decoded"))?;
        let signed = super::label::verifies(&staged.signature_key, "GroupInfoTBS", end.signed, end.signature);
        if !signed || end.signer != staged.committer_index {
            return Err(Invalid("the group info is not signed by the committer"));
        }
        Ok(())
    }

    /// Whoever commits next must be able to seal to every key that a staged commit brings in. Not asked of commits that
    /// were taken before: a room is what its history made of it.
    pub(super) fn check_keys(
        &self,
        crypto: &RustCrypto,
        message: &MlsMessage,
        staged: &Staged,
    ) -> Result<(), Invalid> {
        let added = staged.commit.add_proposals();
        let added = added.map(|add| leaf_key(add.add_proposal().key_package().leaf_node()));
        let suite = self.public.ciphersuite();
        if all_usable(crypto, suite, message.path_keys()) && all_usable(crypto, suite, added) {
            Ok(())
        } else {
            Err(Invalid("nothing can be sealed to a key that the commit brings"))
        }
    }

    /// Merges a staged commit. Returns the snapshot's parts if they are wanted.
    ///
    /// The group must not be used any more after an error.
    pub(super) fn merge(&mut self, staged: Staged, snapshot: bool) -> Result<Option<[Vec<u8>; 4]>, Invalid> {
        let failed = Invalid("the commit cannot be merged");
        let parts = if snapshot {
            let keep = Keep::default();
            self.public.merge_commit(&keep, *staged.commit).map_err(|_| failed)?;
            Some(keep.into_parts())
        } else {
            self.public.merge_commit(&Forget, *staged.commit).map_err(|_| failed)?;
            None
        };
        self.participants = staged.participants;
        self.invitations = staged.invitations;
        self.kind = staged.kind;
        self.leaves = leaves_of(&self.public)?;
        Ok(parts)
    }

    /// True if a GroupInfo holds the confirmation tag of the epoch that the group is in.
    pub(super) fn confirms(&self, info: &GroupInfo) -> bool {
        let tag = self.public.confirmation_tag().tls_serialize_detached();
        InfoEnd::of(info).is_some_and(|end| tag.is_ok_and(|tag| end.before_signer.ends_with(&tag)))
    }

    /// Checks a standalone proposal against the group. Changes nothing.
    pub(super) fn stage_proposal(
        &self,
        crypto: &RustCrypto,
        message: &MlsMessage,
    ) -> Result<StagedProposal, Invalid> {
        let processed = self
            .public
            .process_message(crypto, protocol_message(message)?)
            .map_err(|_| Invalid("the proposal is not valid in this epoch"))?;
        let Sender::Member(index) = *processed.sender() else {
            return Err(Invalid("only a member proposes"));
        };
        let ProcessedMessageContent::ProposalMessage(queued) = processed.into_content() else {
            return Err(Invalid("not a proposal"));
        };
        let leaves = matches!(queued.proposal(), Proposal::SelfRemove);
        Ok(StagedProposal { queued, sender: self.device(index.u32())?, leaves })
    }

    /// Keeps a proposal for the commit that takes it.
    pub(super) fn propose(&mut self, staged: StagedProposal) -> Result<(), Invalid> {
        self.public.add_proposal(&Forget, *staged.queued).map_err(|_| Invalid("the proposal cannot be kept"))
    }

    fn from_public(public: PublicGroup) -> Result<Self, Invalid> {
        let dictionary = public.group_context().extensions().app_data_dictionary();
        let list = dictionary.and_then(|dictionary| dictionary.dictionary().get(&PARTICIPANT_LIST));
        let participants = list
            .and_then(|list| ParticipantList::decode(list).ok())
            .ok_or(Invalid("the group context has no participant list"))?;
        let invitations = match dictionary.and_then(|dictionary| dictionary.dictionary().get(&INVITATIONS)) {
            Some(invitations) => {
                Invitations::decode(invitations).map_err(|_| Invalid("the invitations cannot be decoded"))?
            }
            None => Invitations::default(),
        };
        let roles = dictionary.and_then(|dictionary| dictionary.dictionary().get(&ROLES_LIST));
        let kind = roles
            .and_then(|roles| RolesList::decode(roles).ok()?.kind())
            .ok_or(Invalid("the roles are not those of our rooms"))?;
        let leaves = leaves_of(&public)?;
        Ok(Self { public, leaves, participants, invitations, kind })
    }

    /// Collects what the proposals of a commit do, and to whom.
    fn gather(
        &self,
        crypto: &RustCrypto,
        sender: &Sender,
        commit: &StagedCommit,
        update: Update,
    ) -> Result<Facts, Invalid> {
        let renewed = commit.update_path_leaf_node().map(new_leaf).transpose()?;
        let (committer, external) = match (sender, &renewed) {
            (Sender::Member(index), _) => (self.device(index.u32())?, false),
            (Sender::NewMemberCommit, Some(joiner)) => (joiner.leaf.device.clone(), true),
            (Sender::NewMemberCommit, None) => return Err(Invalid("an external commit has no leaf")),
            _ => return Err(Invalid("only a member commits")),
        };
        let (mut new, mut removed, mut left) = (Vec::new(), Vec::new(), Vec::new());
        for queued in commit.queued_proposals() {
            match queued.proposal() {
                Proposal::Add(add) => {
                    let package = add.key_package();
                    let reference =
                        package.hash_ref(crypto).map_err(|_| Invalid("a key package has no reference"))?;
                    let package = Package {
                        reference: reference.as_slice().to_vec(),
                        not_after: package.life_time().not_after(),
                    };
                    new.push(HubLeaf { package: Some(package), ..new_leaf(add.key_package().leaf_node())? });
                }
                Proposal::Remove(remove) => removed.push(self.device(remove.removed().u32())?),
                Proposal::SelfRemove => {
                    let Sender::Member(index) = queued.sender() else {
                        return Err(Invalid("only a member leaves"));
                    };
                    left.push(self.device(index.u32())?);
                }
                Proposal::AppDataUpdate(_) => {}
                Proposal::ExternalInit(_) if external => {}
                _ => return Err(Invalid("a proposal of a kind that our rooms do not take")),
            }
        }
        let added = new.iter().map(|new| new.leaf.clone()).collect();
        let commit = CommitFacts {
            committer,
            external,
            renewed: renewed.as_ref().map(|new| new.leaf.clone()),
            added,
            removed,
            left,
            list_update: update.list,
            metadata_changed: update.metadata,
            kind: self.kind,
            roles_changed: update.kind.is_some(),
            invitations_update: update.invitations,
            invitations: self.invitations.clone(),
            before: self.leaves.values().cloned().collect(),
        };
        new.extend(renewed);
        Ok(Facts { commit, new })
    }

    fn check_metadata(&self, data: &[u8]) -> Result<(), Invalid> {
        let metadata =
            RoomMetadata::decode(data).map_err(|_| Invalid("the room metadata cannot be decoded"))?;
        let own = self.public.group_id().as_slice() == metadata.room_uri.to_string().as_bytes();
        if own { Ok(()) } else { Err(Invalid("the room metadata is of another room")) }
    }

    fn device(&self, index: u32) -> Result<DeviceUri, Invalid> {
        let leaf = self.leaves.get(&index).ok_or(Invalid("no device has this place in the tree"))?;
        Ok(leaf.device.clone())
    }

    fn leaf(&self, index: u32) -> Result<&LeafNode, Invalid> {
        let leaf = self.public.leaf(LeafNodeIndex::new(index));
        leaf.ok_or(Invalid("no device has this place in the tree"))
    }
}

/// A group info of ours says how to join from outside, and nothing else: the tree comes from the hub.
fn check_extensions(
    extensions: &Extensions<openmls::messages::group_info::GroupInfo>,
) -> Result<(), Invalid> {
    if extensions.external_pub().is_some() && extensions.iter().count() == 1 {
        Ok(())
    } else {
        Err(Invalid("a group info has an external public key, and no other extension"))
    }
}
