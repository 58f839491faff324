//! Honest delivery: what a service drops, repeats, holds back or shows otherwise to somebody is noticed and told
//! (`docs/spec/delivery.md`, `docs/adr/0011-messages-say-what-the-hub-confirmed.md`).
//!
//! Every durable message carries its place among those of its device, what of these the hub had confirmed by then, and
//! what the device had heard of others. A receiver compares. Only what an honest service cannot have caused is told. What is missing can
//! be asked for: its sender gives it again, inside the room.

mod again;
mod asking;
mod finding;
mod hear;
mod heard;
mod order;
mod rows;
mod sending;
mod sent;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
#[cfg(test)]
mod tests;

pub use asking::AskedFor;
pub use finding::Finding;
pub use hear::NotHere;
pub(crate) use hear::{Fate, Placed};
pub use rows::{HEARD, SENDING};
pub use sent::SENT;
