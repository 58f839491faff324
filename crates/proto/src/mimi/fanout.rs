//! `notify`: the hub hands events of a room to the services of its members (section 5.5).

use super::{Frank, Protocol, removal::RemovalRequest, update::RatchetTreeOption};
use crate::{DeviceId, Timestamp, UserId, mls::MlsMessage};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// One event of a room. What follows the message depends on what the message is (`crate::mls::MessageKind`). In the
/// place of one there may be something of the hub's own, under a wire format that RFC 9420 leaves to private use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FanoutMessage {
    /// Always MLS 1.0 (missing in the draft).
    pub protocol: Protocol,
    /// When the hub accepted it.
    pub timestamp: Timestamp,
    /// Message with what belongs to its kind.
    pub event: RoomEvent,
}

/// An event by its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// `PrivateMessage` with application content, and the hub's stamp.
    Application {
        /// The message.
        message: MlsMessage,
        /// The stamp.
        frank: Option<Frank>,
    },
    /// A Welcome, for the devices it names.
    Welcome {
        /// The Welcome.
        message: MlsMessage,
        /// The tree of the epoch it leads to.
        ratchet_tree: RatchetTreeOption,
    },
    /// A proposal, to be committed by anyone allowed to.
    Proposal {
        /// The proposal.
        message: MlsMessage,
        /// More of them.
        more: Vec<MlsMessage>,
    },
    /// A commit.
    Commit {
        /// The commit.
        message: MlsMessage,
        /// The hub's proposals for the new epoch.
        external_proposals: Vec<MlsMessage>,
    },
    /// The hub asks for a removal (profile addition).
    Removal(RemovalRequest),
}

/// One of the target service's devices (profile addition: followers keep no roster, fan-out names its recipients).
#[derive(Clone, Debug, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct Recipient {
    /// The person, at the target's domain.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
}

/// The body of `POST notify/{roomId}`. Byte-exact repetition is answered 201 and changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct NotifyRequest {
    /// Durable, or for connected devices only.
    pub delivery: super::submit::Delivery,
    /// The devices it is for.
    pub recipients: Vec<Recipient>,
    /// The events, in order.
    pub messages: Vec<FanoutMessage>,
}
