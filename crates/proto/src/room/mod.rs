//! What a room's group context says about the people in it: participant list, roles, metadata
//! (draft-ietf-mimi-protocol-06 section 4, draft-ietf-mimi-room-policy-04), and the one decision that hub and
//! members make alike: may this person do that.

mod authorise;
mod invitations;
mod judge;
mod list;
mod metadata;
mod roles;
#[cfg(test)]
mod tests;

pub use authorise::{MembershipChange, Refusal, authorise};
pub use invitations::{
    INVITATIONS, Invitation, InvitationUse, InvitationUseTbs, Invitations, InvitationsUpdate,
};
pub use judge::{CommitFacts, Denied, Leaf, judge, may_leave};
pub use metadata::{RichDescription, RoomMetadata, Text};
pub use roles::{Capability, RoleChangeTargets, RoleDefinition, RolesList, RoomKind};

use crate::UserUri;
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Component: who participates, in which role.
pub const PARTICIPANT_LIST: u16 = 0x0022;
/// Component: name and picture.
pub const ROOM_METADATA: u16 = 0x0023;
/// Component: what each role may do.
pub const ROLES_LIST: u16 = 0x0025;

/// A role's index in the room's list of roles.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, TlsSize, TlsSerialize, TlsDeserializeBytes,
)]
pub struct Role(pub u32);

impl Role {
    /// Not in the room.
    pub const NONE: Self = Self(0);
    /// Kept out.
    pub const BANNED: Self = Self(1);
    /// Reads, and writes unless only admins do ([`RoomKind`]).
    pub const MEMBER: Self = Self(2);
    /// Adds, removes, names the room, gives roles.
    pub const ADMIN: Self = Self(3);
}

/// One person with a role.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct UserRolePair {
    /// The person.
    pub user: UserUri,
    /// The role.
    pub role: Role,
}

/// The component's data: everyone, in a fixed order. An update replaces entries by index, see
/// [`ParticipantListUpdate`]. Decoding refuses what [`ParticipantList::check`] refuses.
#[derive(Clone, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize)]
pub struct ParticipantList {
    /// No user twice.
    pub participants: Vec<UserRolePair>,
}

/// A change of the participant list, carried by an AppDataUpdate proposal. [`ParticipantList::apply`] applies it.
#[derive(Clone, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ParticipantListUpdate {
    /// New roles, by index in the old list.
    pub changed: Vec<IndexRolePair>,
    /// Indices in the old list of those who leave it.
    pub removed: Vec<u32>,
    /// Those who come in, appended in this order.
    pub added: Vec<UserRolePair>,
}

/// A participant by index, with a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct IndexRolePair {
    /// Index in the old list.
    pub index: u32,
    /// The new role.
    pub role: Role,
}
