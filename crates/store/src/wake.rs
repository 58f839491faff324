//! The wake-up bus: it only says "look", truth is in the store.

mod local;

pub use local::LocalWakes;

use crate::QueueKey;
use bytes::Bytes;
use futures_util::future::BoxFuture;

/// What a watcher hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Something may have been appended to the queue. Several appends may give one signal.
    Look,
    /// A body that is not stored anywhere and may be lost (typing notices).
    Passing(Bytes),
}

/// A subscription to one queue's signals; dropping it ends it.
pub trait Watch: Send {
    /// The next signal. A `Look` that came since the last call is never lost; passing bodies may be.
    fn next(&mut self) -> BoxFuture<'_, Signal>;
}

/// Signals between the part that appends and the connections that read.
pub trait Wakes: Send + Sync + 'static {
    /// Says to whoever watches the queue: look. Cheap when nobody does.
    fn look(&self, queue: &QueueKey);

    /// Hands a passing body to whoever watches the queue now.
    fn pass(&self, queue: &QueueKey, body: Bytes);

    /// Watches a queue. Only one watcher a queue is needed; a second one is served as well.
    fn watch(&self, queue: &QueueKey) -> Box<dyn Watch>;
}
