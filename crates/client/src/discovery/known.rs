//! The key of a service, as this device keeps it from the first answer on. First byte of a row: version of the codec.

use super::DiscoveryError;
use trefoil_proto::pin::Element;
use trefoil_store::Table;

/// Keys for finding people by number, by domain.
pub const KEYS: Table = Table::new("client.discovery_keys");

const VERSION: u8 = 1;

/// The public key under which a service answers everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownKey(pub(super) Element);

impl KnownKey {
    /// As it is stored in [`KEYS`].
    pub fn encode(&self) -> Vec<u8> {
        [&[VERSION][..], &self.0.0].concat()
    }

    /// From a row of [`KEYS`].
    ///
    /// # Errors
    /// [`DiscoveryError::DamagedRow`].
    pub fn decode(row: &[u8]) -> Result<Self, DiscoveryError> {
        match row.split_first() {
            Some((&VERSION, key)) => {
                key.try_into().map(|key| Self(Element(key))).map_err(|_| DiscoveryError::DamagedRow)
            }
            _ => Err(DiscoveryError::DamagedRow),
        }
    }
}
