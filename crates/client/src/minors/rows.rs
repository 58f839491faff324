//! Stored rows about minors.

use crate::rows::Row;
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{Timestamp, minors::Reach};
use trefoil_store::Table;

/// Keys of minors whom this person reaches, by user URI. Secrets.
pub const REACHES: Table = Table::new("client.reaches");
/// Minors whose guardian this person is, by user URI.
pub const GUARDED: Table = Table::new("client.guarded");
/// Of a minor: to whom they turned, by user URI. Their connections.
pub const CONNECTIONS: Table = Table::new("client.connections");

/// The own reach key, of the row `reach` of the account.
#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct OwnReachRow {
    pub(crate) reach: Reach,
    /// The service checks with it.
    pub(crate) told: Option<()>,
}

/// The key of a minor.
#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct ReachRow {
    pub(crate) reach: Reach,
}

/// Since when somebody is what their table says.
#[derive(TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct SinceRow {
    pub(crate) since: Timestamp,
}

impl Row for OwnReachRow {
    const WHAT: &'static str = "own reach key";
}

impl Row for ReachRow {
    const WHAT: &'static str = "reach key";
}

impl Row for SinceRow {
    const WHAT: &'static str = "person, since when";
}
