//! What the room answers.

use trefoil_proto::{
    DeviceUri, UserUri,
    mimi::{
        KeyMaterialResponse, Protocol,
        key_material::{ClientKeyMaterial, ClientKeyMaterialStatus, KeyMaterialUserCode},
    },
};

/// What a claim got.
#[derive(Debug)]
pub struct Claim {
    /// The answer to who asked.
    pub response: KeyMaterialResponse,
    /// Devices that should publish more.
    pub low: Vec<Low>,
}

/// What a claim may be answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supply {
    /// Packages for one use first.
    All,
    /// The last resort only: packages for one use are claimed too often at this time.
    LastResort,
}

/// A device with few one-use packages left of the suite that was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Low {
    /// Which.
    pub device: DeviceUri,
    /// How many.
    pub left: u32,
}

impl Claim {
    pub(super) fn unknown(user_uri: UserUri) -> Self {
        let user_status = KeyMaterialUserCode::UserUnknown;
        Self {
            response: KeyMaterialResponse {
                protocol: Protocol::Mls10,
                user_status,
                user_uri,
                clients: Vec::new(),
                proof: Vec::new(),
            },
            low: Vec::new(),
        }
    }

    pub(super) fn of(user_uri: UserUri, clients: Vec<ClientKeyMaterial>, low: Vec<Low>) -> Self {
        let got = |client: &&ClientKeyMaterial| matches!(client.status, ClientKeyMaterialStatus::Success(_));
        let user_status = match clients.iter().filter(got).count() {
            0 => KeyMaterialUserCode::NoCompatibleMaterial,
            count if count == clients.len() => KeyMaterialUserCode::Success,
            _ => KeyMaterialUserCode::PartialSuccess,
        };
        let response = KeyMaterialResponse {
            protocol: Protocol::Mls10,
            user_status,
            user_uri,
            clients,
            proof: Vec::new(),
        };
        Self { response, low }
    }
}
