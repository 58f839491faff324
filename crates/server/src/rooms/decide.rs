//! May this commit be made, by this sender, handed in by this service? Pure.
//!
//! The policy of the room is `trefoil_proto::room::authorise`, the same for hub and members. Added here is what keeps
//! ghosts out of the tree: every new leaf is authorised by its account, no device stands twice, a person's devices all
//! have one account key, and whoever hands a commit in is its sender's own service.

use super::Origin;
use std::collections::{BTreeMap, BTreeSet};
use trefoil_proto::{
    DeviceUri, UserUri,
    credential::AccountKey,
    room::{MembershipChange, ParticipantList, ParticipantListUpdate, Refusal, authorise},
};

/// One device in the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) device: DeviceUri,
    pub(super) account_key: AccountKey,
    /// The account's signature over device and key verifies.
    pub(super) authorised: bool,
}

/// What a commit does, and to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CommitFacts {
    /// The device that signed it; for an external commit the joining one.
    pub(super) committer: Option<DeviceUri>,
    pub(super) external: bool,
    /// The committer's new leaf, if it has one.
    pub(super) renewed: Option<Leaf>,
    /// By Add proposals.
    pub(super) added: Vec<Leaf>,
    /// The added key packages' references.
    pub(super) welcomed: Vec<Vec<u8>>,
    /// By Remove proposals of others.
    pub(super) removed: Vec<DeviceUri>,
    /// By proposals that these devices signed themselves.
    pub(super) left: Vec<DeviceUri>,
    pub(super) list_update: Option<ParticipantListUpdate>,
    pub(super) metadata_changed: bool,
    /// The leaves of before that are not removed.
    pub(super) staying: Vec<Leaf>,
}

/// Why a commit is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Denied {
    /// It was handed in by someone who may not speak for its sender.
    #[error("not handed in by its sender's own service")]
    WrongOrigin,
    /// A new leaf is not authorised by the account it names.
    #[error("a device is not authorised by its account")]
    Unauthorised,
    /// A new leaf has another account key than the person's devices in the room.
    #[error("a device has another account key than the person's other devices")]
    OtherAccountKey,
    /// A device would stand in the group twice.
    #[error("a device would stand in the group twice")]
    Twice,
    /// The committer's new leaf is someone else's.
    #[error("the committer's leaf changes its owner")]
    OtherCommitter,
    /// An external commit removes a device other than the joining one.
    #[error("an external commit may only replace its own device")]
    ReplacesAnother,
    /// The room's policy forbids it.
    #[error("{0}")]
    Policy(#[from] Refusal),
}

/// Decides about a commit.
pub(super) fn judge(before: &ParticipantList, facts: &CommitFacts, origin: &Origin) -> Result<(), Denied> {
    let committer = facts.committer.as_ref().ok_or(Denied::Policy(Refusal::NotAParticipant))?;
    if !origin.vouches_for(committer) {
        return Err(Denied::WrongOrigin);
    }
    let new = || facts.added.iter().chain(&facts.renewed);
    if !new().all(|leaf| leaf.authorised) {
        return Err(Denied::Unauthorised);
    }
    if facts.renewed.as_ref().is_some_and(|leaf| leaf.device != *committer) {
        return Err(Denied::OtherCommitter);
    }
    if facts.external && !facts.removed.iter().chain(&facts.left).all(|device| device == committer) {
        return Err(Denied::ReplacesAnother);
    }
    authorise(before, Some(&committer.user_uri()), &membership_change(facts))?;
    no_device_twice(facts, committer)?;
    one_account_key(facts)
}

fn membership_change(facts: &CommitFacts) -> MembershipChange {
    let owners = |devices: &[DeviceUri]| devices.iter().map(DeviceUri::user_uri).collect::<BTreeSet<_>>();
    let of = |leaves: &[Leaf]| leaves.iter().map(|leaf| leaf.device.user_uri()).collect::<BTreeSet<_>>();
    let mut devices_added = of(&facts.added);
    if facts.external {
        devices_added.extend(facts.committer.as_ref().map(DeviceUri::user_uri));
    }
    let mut device_owners_after = of(&facts.staying);
    device_owners_after.extend(devices_added.iter().cloned());
    MembershipChange {
        update: facts.list_update.clone(),
        devices_added,
        devices_removed: owners(&facts.removed),
        self_removals: owners(&facts.left),
        external_join: facts.external,
        metadata_changed: facts.metadata_changed,
        device_owners_after,
    }
}

fn no_device_twice(facts: &CommitFacts, committer: &DeviceUri) -> Result<(), Denied> {
    let joiner = facts.external.then_some(committer);
    let staying = facts.staying.iter().map(|leaf| &leaf.device);
    let added = facts.added.iter().map(|leaf| &leaf.device);
    let mut met = BTreeSet::new();
    if staying.chain(added).chain(joiner).all(|device| met.insert(device)) {
        Ok(())
    } else {
        Err(Denied::Twice)
    }
}

fn one_account_key(facts: &CommitFacts) -> Result<(), Denied> {
    let mut keys: BTreeMap<UserUri, AccountKey> = BTreeMap::new();
    for leaf in facts.staying.iter().chain(&facts.added).chain(&facts.renewed) {
        let key = keys.entry(leaf.device.user_uri()).or_insert(leaf.account_key);
        if *key != leaf.account_key {
            return Err(Denied::OtherAccountKey);
        }
    }
    Ok(())
}
