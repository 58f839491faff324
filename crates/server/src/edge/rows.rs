//! Stored rows of the edge: tokens and used challenges. First byte: version of the codec.

use super::tokens::TokenError;
use crate::catalogue::TableNote;
use tls_codec::{DeserializeBytes, Serialize, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{DeviceUri, Timestamp};
use trefoil_store::Table;

/// Tokens by their SHA-256.
pub(super) const TOKENS: Table = Table::new("edge.tokens");
/// A device's tokens.
pub(super) const DEVICES: Table = Table::new("edge.device_tokens");
/// Devices that were removed.
pub(super) const REMOVED: Table = Table::new("edge.removed");
/// Used challenges by their nonce.
pub(super) const CHALLENGES: Table = Table::new("edge.challenges");

const VERSION: u8 = 1;

/// What the tables of the edge hold.
pub const TABLES: &[TableNote] = &[
    TableNote {
        table: TOKENS,
        holds: "by SHA-256 of a token: the device and when it ends",
        kept: "until the device's fifth token after it, or the device is removed",
        discloses: "which devices authenticated and when lately; no token can be made from it",
    },
    TableNote {
        table: DEVICES,
        holds: "by device: SHA-256 and end of its last four tokens",
        kept: "until the device is removed",
        discloses: "as the table before",
    },
    TableNote {
        table: REMOVED,
        holds: "by device: that it was removed",
        kept: "for ever, so that no device comes back under the name of one that was removed",
        discloses: "how many devices each opaque id had before",
    },
    TableNote {
        table: CHALLENGES,
        holds: "random numbers of challenges that were used, with their end",
        kept: "a minute, and until the next sweep",
        discloses: "how many devices authenticated in the last minutes",
    },
];

/// Whose a token is.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct TokenRow {
    pub device: DeviceUri,
    pub expires: Timestamp,
}

/// One of a device's tokens.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct DeviceToken {
    pub hash: [u8; 32],
    pub expires: Timestamp,
}

/// A device's tokens, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct DeviceRow {
    pub tokens: Vec<DeviceToken>,
}

/// A used challenge.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct ChallengeRow {
    pub expires: Timestamp,
}

macro_rules! row_codec {
    ($($row:ident)*) => {
        $(impl $row {
            pub(super) fn encode(&self) -> Vec<u8> {
                let mut bytes = vec![VERSION];
                self.tls_serialize(&mut bytes).expect("rows are far below the encoding's limits");
                bytes
            }

            pub(super) fn decode(bytes: &[u8]) -> Result<Self, TokenError> {
                match bytes.split_first() {
                    Some((&VERSION, rest)) => {
                        Self::tls_deserialize_exact_bytes(rest).map_err(|_| TokenError::DamagedRow)
                    }
                    _ => Err(TokenError::DamagedRow),
                }
            }
        })*
    };
}
row_codec!(TokenRow DeviceRow ChallengeRow);

pub(super) fn encode_removed() -> Vec<u8> {
    vec![VERSION]
}

pub(super) fn device_key(device: &DeviceUri) -> Vec<u8> {
    format!("{}/{}", device.user, device.device).into_bytes()
}
