//! May this commit be made, by this sender, handed in by this service? Pure.
//!
//! What hub and members judge alike is [`room::judge`]. Added here is what only a hub can know or has to care for:
//! whoever hands a commit in is its sender's own service, every new leaf carries its account's word, and nothing in it
//! is larger or lives shorter than members can bear. Whether a new device is one that its service knows is asked in
//! [`super::known`].

use super::Origin;
use std::collections::BTreeSet;
use trefoil_proto::{
    DeviceUri, RoomUri, Timestamp, UserUri, limits,
    room::{self, CommitFacts, InvitationsUpdate, Leaf, ParticipantList},
};

/// A leaf as a hub sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HubLeaf {
    pub(super) leaf: Leaf,
    pub(super) signature_key: Vec<u8>,
    /// The account's signature over device and key verifies.
    pub(super) authorised: bool,
    /// Its encoding, in bytes.
    pub(super) size: usize,
    /// By which key package it comes in, if it is added.
    pub(super) package: Option<Package>,
}

/// The key package of a device that is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) reference: Vec<u8>,
    /// In seconds since the UNIX epoch.
    pub(super) not_after: u64,
}

/// What a commit does, and what is new in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) commit: CommitFacts,
    /// In the order of [`CommitFacts::new_leaves`].
    pub(super) new: Vec<HubLeaf>,
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
    /// A new leaf is larger than [`limits::LEAF`].
    #[error("a device's leaf is too large")]
    LargeLeaf,
    /// A key package has less than [`limits::KEY_PACKAGE_LEFT`] to live.
    #[error("a key package is about to expire: claim another")]
    ShortLived,
    /// A new leaf of this service's people is no device that they registered.
    #[error("a device is not registered at its service with these keys")]
    NotRegistered,
    /// Whoever adds a device did not claim its key package through this hub.
    #[error("you have not claimed a key package through this hub of late: claim another")]
    NotClaimed,
    /// The operator wants the committer out of the room.
    #[error("this service takes nothing from this person in this room")]
    Refused,
    /// The operator wants somebody out of the room who is added.
    #[error("this service asked for the removal of somebody who is added")]
    AddsRefused,
    /// The invitation by which somebody comes in has run out.
    #[error("the invitation has run out")]
    InvitationOver,
    /// The rules that hub and members share forbid it.
    #[error("{0}")]
    Rules(#[from] room::Denied),
}

/// Decides about a commit, but for whether new devices are known. Nothing is taken from those who are `refused`.
pub(super) fn judge(
    uri: &RoomUri,
    list: &ParticipantList,
    refused: &BTreeSet<UserUri>,
    facts: &Facts,
    origin: &Origin,
    now: Timestamp,
) -> Result<(), Denied> {
    if !origin.vouches_for(&facts.commit.committer) {
        return Err(Denied::WrongOrigin);
    }
    if refused.contains(&facts.commit.committer.user_uri()) {
        return Err(Denied::Refused);
    }
    if facts.brings_in(refused) {
        return Err(Denied::AddsRefused);
    }
    if !facts.new.iter().all(|new| new.authorised) {
        return Err(Denied::Unauthorised);
    }
    if facts.new.iter().any(|new| new.size > limits::LEAF) {
        return Err(Denied::LargeLeaf);
    }
    room::judge(uri, list, &facts.commit)?;
    if let Some(InvitationsUpdate::Use(used)) = &facts.commit.invitations_update
        && facts.commit.invitations.of(&used.key).is_none_or(|invitation| invitation.not_after <= now)
    {
        return Err(Denied::InvitationOver);
    }
    let least = now.0 / 1000 + limits::KEY_PACKAGE_LEFT;
    if facts.packages().any(|package| package.not_after < least) {
        return Err(Denied::ShortLived);
    }
    Ok(())
}

impl Facts {
    /// The key packages by which devices are added.
    pub(super) fn packages(&self) -> impl Iterator<Item = &Package> {
        self.new.iter().filter_map(|new| new.package.as_ref())
    }

    /// Whether somebody of these people, or a device of theirs, comes in.
    fn brings_in(&self, people: &BTreeSet<UserUri>) -> bool {
        let listed = self.commit.list_update.iter().flat_map(|update| &update.added);
        listed.map(|pair| &pair.user).any(|user| people.contains(user))
            || self.added().any(|device| people.contains(&device.user_uri()))
    }

    /// The devices that are added.
    pub(super) fn added(&self) -> impl Iterator<Item = &DeviceUri> {
        self.commit.added.iter().map(|leaf| &leaf.device)
    }
}
