//! Every byte that Trefoil puts on a wire: identifiers, MIMI structures, message content, limits, error codes.
//!
//! Pure: no clock, no randomness, no files, no async. What one side encodes here, every other side decodes here.

pub mod attachment;
pub mod backup;
pub mod content;
pub mod credential;
pub mod decisions;
pub mod defence;
pub mod discovery;
pub mod edge;
pub mod error;
pub mod frame;
pub mod franking;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod limits;
pub mod mimi;
pub mod minors;
pub mod mls;
pub mod naming;
pub mod passes;
pub mod paths;
pub mod pin;
pub mod policy_list;
pub mod recovery;
pub mod rendezvous;
pub mod room;
pub mod time;
pub mod uri;
pub mod wire;
mod wire_types;

pub use error::{ErrorBody, ErrorCode, ProtoError};
pub use time::{Month, Timestamp};
pub use uri::{DeviceId, DeviceUri, Domain, RoomId, RoomUri, UserId, UserUri};
pub use wire::Wire;

#[cfg(test)]
mod tests;
