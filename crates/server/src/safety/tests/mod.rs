//! What a report must prove, and what may be done with a case.

mod cases;
mod counted;
mod proofs;

pub(super) use proofs::samples;
