//! One messaging service: edge, accounts, key packages, rooms, mailboxes, media, backups, PIN vault, federation, public
//! log.
//!
//! A shell opens it with [`Service::open`] from a [`Config`] and runs it until it is told to stop. Everything that a
//! room of this house offers to another stands in its `mod.rs`; who may call whom is a table in `ARCHITECTURE.md`.

pub mod accounts;
pub mod backup;
pub mod behaviour;
pub mod catalogue;
pub mod clock;
pub mod config;
pub mod console;
pub mod directory;
pub mod discovery;
pub mod edge;
pub mod federation;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod handed_in;
mod json_row;
mod json_text;
pub mod keys;
pub mod log;
pub mod mailbox;
pub mod media;
pub mod minors;
pub mod passes;
pub mod pin;
pub mod policy_lists;
pub mod rate;
pub mod rendezvous;
pub mod rooms;
pub mod safety;
pub mod secrets;
pub mod service;
pub mod staff;
pub mod trail;
mod usable;

pub use config::Config;
pub use service::{Addresses, FiguresError, OpenError, Parts, RunError, Service};

// Devices for the tests of every room.
#[cfg(test)]
pub(crate) use rooms::tests as devices;
