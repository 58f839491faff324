//! `requestConsent` and `updateConsent`: may this person fetch that person's key packages (section 5.7).
//! Sent from service to service, never through a hub.

use super::AppDataDictionary;
use crate::{RoomUri, UserUri, mls::KeyPackage};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// What is asked or told, and to what extent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentEntry {
    /// What is asked or told.
    pub operation: ConsentOperation,
    /// For whom and where.
    pub scope: ConsentScope,
    /// Extension point; the profile defines none.
    pub extensions: AppDataDictionary,
}

/// Whom a consent is between, and for which room.
#[derive(Clone, Debug, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub struct ConsentScope {
    /// Who wants to reach the target.
    pub requester: UserUri,
    /// Whose consent it is.
    pub target: UserUri,
    /// Only for this room; for any room if absent.
    pub room: Option<RoomUri>,
}

/// What a [`ConsentEntry`] does. `Cancel` and `Request` go to `requestConsent`, the others to `updateConsent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsentOperation {
    /// Takes back a request of the same scope.
    Cancel,
    /// Asks.
    Request,
    /// Says yes.
    Grant {
        /// Key packages of the target's devices, to save a round trip; may be empty.
        key_packages: Vec<KeyPackage>,
    },
    /// Says no, or no longer.
    Revoke,
}
