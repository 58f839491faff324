//! `groupInfo`: what a device needs to join a room by external commit (section 5.6).

use super::{Protocol, update::RatchetTreeOption};
use crate::{
    Timestamp,
    mls::{Credential, GroupInfo, MlsMessage},
};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Asks the hub for a room's group info. Signed by the device that wants to join.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct GroupInfoRequest {
    /// What is signed.
    pub tbs: GroupInfoRequestTbs,
    /// `SignWithLabel(requesting_signature_key, "GroupInfoRequestTBS", tbs)`.
    #[tls_codec(with = "crate::wire::opaque")]
    pub signature: Vec<u8>,
}

/// The signed part of the request.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct GroupInfoRequestTbs {
    /// Always MLS 1.0.
    pub protocol: Protocol,
    /// A suite that both know; also that of the HPKE key.
    pub cipher_suite: u16,
    /// The asking device's signature key.
    #[tls_codec(with = "crate::wire::opaque")]
    pub requesting_signature_key: Vec<u8>,
    /// Its credential, as it will stand in its leaf.
    pub requesting_credential: Credential,
    /// The account's word for the device ([`crate::credential::DeviceAuthorisation`], encoded).
    #[tls_codec(with = "crate::wire::opaque")]
    pub device_authorisation: Vec<u8>,
    /// HPKE key that the answer is sealed to.
    #[tls_codec(with = "crate::wire::opaque")]
    pub group_info_public_key: Vec<u8>,
    /// What permits joining: an [`InvitationUse`](crate::room::InvitationUse), or empty for people on the list.
    #[tls_codec(with = "crate::wire::opaque")]
    pub joining_code: Vec<u8>,
}

/// The hub's answer.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum GroupInfoResponse {
    /// Sealed to the asking device.
    #[tls_codec(discriminant = 1)]
    Success {
        /// The suite of the HPKE seal.
        cipher_suite: u16,
        /// HPKE encapsulated key.
        #[tls_codec(with = "crate::wire::opaque")]
        kem_output: Vec<u8>,
        /// `EncryptWithLabel(key, "GroupInfo and ratchet_tree encryption", room_id, GroupInfoRatchetTreeTbe)`.
        #[tls_codec(with = "crate::wire::opaque")]
        ciphertext: Vec<u8>,
        /// By the hub's franking key: `SignWithLabel("GroupInfoResponseTBS", room, suite, kem_output, ciphertext)`.
        #[tls_codec(with = "crate::wire::opaque")]
        signature: Vec<u8>,
    },
    /// Not for this device; also the answer when the room's existence must not be revealed.
    #[tls_codec(discriminant = 2)]
    NotAuthorized,
    /// No such room.
    #[tls_codec(discriminant = 3)]
    NoSuchRoom,
}

/// What is signed by the hub.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct GroupInfoResponseTbs {
    /// The room.
    pub room_id: crate::RoomUri,
    /// As in the response.
    pub cipher_suite: u16,
    /// As in the response.
    #[tls_codec(with = "crate::wire::opaque")]
    pub kem_output: Vec<u8>,
    /// As in the response.
    #[tls_codec(with = "crate::wire::opaque")]
    pub ciphertext: Vec<u8>,
}

/// What is sealed.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct GroupInfoRatchetTreeTbe {
    /// Without embedded tree.
    pub group_info: GroupInfo,
    /// The tree.
    pub ratchet_tree: RatchetTreeOption,
    /// Proposals accepted in this epoch.
    pub pending_proposals: Vec<PendingProposal>,
}

/// A proposal the hub accepted and no commit has taken up yet.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct PendingProposal {
    /// The proposal.
    pub proposal: MlsMessage,
    /// When the hub accepted it.
    pub hub_accepted_time: Timestamp,
}
