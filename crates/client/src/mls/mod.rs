//! MLS as this client uses it: openmls over the step's storage, and the checks that openmls leaves to its user.

pub(crate) mod context;
pub mod credential;
pub(crate) mod membership;
pub mod provider;
pub mod storage;
pub mod suite;
pub(crate) mod wire;
