//! Narrow storage: tables of keys and values, queues of entries, blobs, and a bus that only says "look".
//!
//! Nothing here knows what a message is. A [`Batch`] is all or nothing; when a commit returns, it is durable.
//! One conformance suite ([`conformance`]) holds every backend to the same meaning.

pub mod batch;
pub mod blob;
pub mod conformance;
pub mod error;
pub mod memory;
mod place;
pub mod sqlite;
pub mod traits;
pub mod wake;

pub use batch::{Assert, Batch, Position, QueueKey, Receipt, Table, Write};
pub use blob::{Blobs, FolderBlobs};
pub use error::StoreError;
pub use memory::{MemoryBlobs, MemoryStore};
pub use sqlite::{LocalKey, SqliteLocal, SqliteOptions, SqliteStore, SqliteView};
pub use traits::{Entry, KeyRange, LocalStore, Pair, ReadLimit, Store};
pub use wake::{LocalWakes, Signal, Wakes, Watch};
