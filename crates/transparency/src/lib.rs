//! Proofs that anyone can check: which devices a person has, that a log only grows, and that someone was shown a lie.
//!
//! Pure: no sockets, no clock, no files, no randomness of its own. Time and secrets are passed in.

pub mod device_set;
pub mod directory;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod gossip;
pub mod log;
#[cfg(test)]
mod mutations;
