//! `keyMaterial`: key packages for every device of one person (section 5.2).

use super::Protocol;
use crate::{DeviceUri, RoomUri, UserUri, mls::KeyPackage};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// What a member must support (RFC 9420, section 11.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct RequiredCapabilities {
    /// Extension types.
    pub extension_types: Vec<u16>,
    /// Proposal types.
    pub proposal_types: Vec<u16>,
    /// Credential types.
    pub credential_types: Vec<u16>,
}

/// Asks for one key package of each device. Signed by the asking device.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct KeyMaterialRequest {
    /// What is signed.
    pub tbs: KeyMaterialRequestTbs,
    /// `SignWithLabel(requester_signature_key, "KeyMaterialRequestTBS", tbs)`.
    #[tls_codec(with = "crate::wire::opaque")]
    pub signature: Vec<u8>,
}

/// The signed part of the request.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct KeyMaterialRequestTbs {
    /// Always MLS 1.0.
    pub protocol: Protocol,
    /// Who asks.
    pub requesting_user: UserUri,
    /// Whose key packages.
    pub target_user: UserUri,
    /// The room they are for.
    pub room_id: RoomUri,
    /// In order of preference.
    pub acceptable_ciphersuites: Vec<u16>,
    /// What the room demands.
    pub required_capabilities: RequiredCapabilities,
    /// The asking device's signature key.
    #[tls_codec(with = "crate::wire::opaque")]
    pub requester_signature_key: Vec<u8>,
    /// Its credential, as in its leaf.
    pub requester_credential: crate::mls::Credential,
}

/// What became of the request as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum KeyMaterialUserCode {
    /// Every device.
    Success = 0,
    /// At least one device.
    PartialSuccess = 1,
    /// No common protocol.
    IncompatibleProtocol = 2,
    /// No device has anything that fits.
    NoCompatibleMaterial = 3,
    /// No such person; also the answer when that must not be revealed.
    UserUnknown = 4,
    /// The target has not consented.
    NoConsent = 5,
    /// Not for this room.
    NoConsentForThisRoom = 6,
    /// The person has left the service.
    UserDeleted = 7,
}

/// One device's part of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientKeyMaterial {
    /// Code and what belongs to it. On the wire, as in the draft: the code, the URI, what belongs to the code.
    pub status: ClientKeyMaterialStatus,
    /// The device.
    pub client_uri: DeviceUri,
}

/// One device's code, with its key package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientKeyMaterialStatus {
    /// A key package for one use, or the last resort.
    Success(KeyPackage),
    /// None left.
    KeyMaterialExhausted,
    /// None fits.
    NothingCompatible,
}

/// The target service's answer.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct KeyMaterialResponse {
    /// Always MLS 1.0.
    pub protocol: Protocol,
    /// As a whole.
    pub user_status: KeyMaterialUserCode,
    /// Whose.
    pub user_uri: UserUri,
    /// One for each device, on success.
    pub clients: Vec<ClientKeyMaterial>,
    /// `KeyProof` of the person's newest device set, as the key directory answers it to whoever knows no earlier set
    /// (`docs/spec/directory.md`); empty if there is none at hand, and then it is asked for.
    #[tls_codec(with = "crate::wire::opaque")]
    pub proof: Vec<u8>,
}
