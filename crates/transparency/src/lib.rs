//! Proofs that anyone can check: which devices a person has, and that a log only grows.
//!
//! Pure: no sockets, no clock, no files, no randomness of its own. Time and secrets are passed in.

pub mod device_set;
pub mod log;
#[cfg(test)]
mod mutations;
