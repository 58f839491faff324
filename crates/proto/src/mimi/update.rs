//! `update`: commits and proposals go to the hub (section 5.3).

use crate::{
    Timestamp,
    mls::{GroupInfo, MlsMessage, RatchetTree},
};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// How a `GroupInfo` is given.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum GroupInfoOption {
    /// Whole, without the ratchet tree.
    #[tls_codec(discriminant = 1)]
    Full(GroupInfo),
}

/// How a ratchet tree is given (draft-mahy-mls-ratchet-tree-options).
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum RatchetTreeOption {
    /// The whole tree.
    #[tls_codec(discriminant = 1)]
    Full(RatchetTree),
    /// Known to the distribution service, which tracks the handshakes.
    #[tls_codec(discriminant = 3)]
    DistributionService,
}

/// A change of a room. The draft selects on the content type inside the message; so do we: see [`crate::mls`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpdateRequest {
    /// A commit, with what new members need.
    Commit {
        /// `PublicMessage` with a commit.
        commit: MlsMessage,
        /// `MLSMessage` with a Welcome, when the commit adds anyone.
        welcome: Option<MlsMessage>,
        /// For the epoch that the commit makes.
        group_info: GroupInfoOption,
        /// The hub tracks the tree itself and expects [`RatchetTreeOption::DistributionService`].
        ratchet_tree: RatchetTreeOption,
    },
    /// Proposals to be committed by anyone allowed to.
    Proposals {
        /// `PublicMessage` with a proposal.
        first: MlsMessage,
        /// More of them.
        more: Vec<MlsMessage>,
    },
}

/// The hub's answer to an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateRoomResponse {
    /// What became of it.
    pub outcome: UpdateOutcome,
    /// UTF-8, for a developer.
    pub error_description: Vec<u8>,
}

/// What became of an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UpdateOutcome {
    /// Ordered and durable.
    Success {
        /// When the hub accepted it.
        accepted_timestamp: Timestamp,
    },
    /// Another commit came first.
    WrongEpoch {
        /// The room's epoch.
        current_epoch: u64,
    },
    /// Policy or authorisation forbids it.
    NotAllowed,
    /// Not valid in this room.
    InvalidProposal {
        /// References of the proposals at fault, if known.
        invalid_proposals: Vec<Vec<u8>>,
    },
}
