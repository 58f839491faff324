//! What the key directories say: which devices people have, checked before anything is encrypted to them, and what this
//! device tells others of the directories it sees. Proofs are checked in `transparency`; here is what follows from them.

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod own_set;
mod rows;

pub(crate) use own_set::{entry, first_set};
