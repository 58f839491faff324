//! SQLite, bundled: the store of a service that needs no set-up, and the encrypted store of a person's device.
//!
//! A service's file has one writer thread, which takes every batch that waits, commits them together with one sync,
//! and only then answers. Readers have connections of their own and see every answered commit.

mod apart;
mod collect;
mod local;
mod reader;
mod rows;
mod schema;
mod service;
mod statements;
mod upkeep;
mod view;
mod writer;

pub use local::{LocalKey, SqliteLocal};
pub use service::{SqliteOptions, SqliteStore};
pub use view::SqliteView;
