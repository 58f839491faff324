//! What the room answers.

use trefoil_proto::{
    Domain, UserId, UserUri,
    edge::NewDevice,
    mimi::identifier::{IdentifierQueryCode, IdentifierResponse},
};

/// What became of a request that may be sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It took effect now.
    New,
    /// It had taken effect before.
    Repeated,
}

/// A person of this service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Days since the UNIX epoch.
    pub created_day: u32,
    /// In the order they came.
    pub devices: Vec<NewDevice>,
}

/// The answer to a query, of one shape whatever the code.
pub(super) fn answer(code: IdentifierQueryCode, found: Option<(&Domain, UserId)>) -> IdentifierResponse {
    let uris = found.map(|(domain, id)| UserUri { domain: domain.clone(), id }).into_iter().collect();
    IdentifierResponse { code, uris, found_profiles: Vec::new(), extensions: Default::default() }
}
