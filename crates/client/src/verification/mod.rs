//! Who a person is: the account key that was seen of them, whether it was compared in person, and what happens when it
//! is another one day.
//!
//! Two people compare a [`SafetyNumber`], or one scans the other's [`SafetyCode`] (`docs/spec/safety-number.md`). From
//! then on the contact is verified. A verified contact who shows another account key stops everything that would leave
//! this device for a room with them, until the person decides: verify anew, or accept the new key unseen. Whoever was
//! never verified gets a line in every room shared with them.
//!
//! Every account key that this device sees goes through [`crate::core::Core::account_key_seen`].

mod block;
mod code;
mod contacts;
mod decide;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod number;
mod rows;
mod seen;

#[cfg(test)]
mod tests;

pub use code::{BadCode, Comparison, PREFIX as CODE, SafetyCode};
pub use contacts::{Standing, standing};
pub use decide::{Proof, Safety};
pub use number::{BadNumber, Identity, SafetyNumber};
pub use rows::{PINS, VERIFIED};

pub(crate) use block::Blocked;
pub(crate) use contacts::Contacts;
pub(crate) use rows::pin;
pub(crate) use seen::SeenKeys;
