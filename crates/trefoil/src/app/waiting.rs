//! Messages that wait for their files: one queue a room, so that they go in the order in which they were taken, and what keeps
//! each from going. The messages themselves are in the accounts' stores; this is known to the process alone.

use super::error::{Answer, Problem};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use trefoil_client::attachment::ParcelId;
use trefoil_proto::RoomUri;

/// Messages of an account whose files are sent at once.
const AT_ONCE: usize = 4;

/// An account and a room of it.
pub type Place = (String, RoomUri);

/// What a queue is told.
pub enum Order {
    /// There is another message.
    Look,
    /// Try one again, now.
    Again(ParcelId, Again),
    /// The writer gives one up.
    GiveUp(ParcelId, oneshot::Sender<Answer<()>>),
}

/// What may be other than at the try before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Nothing.
    AsItWas,
    /// Its pictures go with where and when they were taken.
    Whole,
}

impl Order {
    /// Whether the message is not to go as it was going.
    pub fn breaks_off(&self, id: ParcelId) -> bool {
        matches!(self, Self::GiveUp(other, _) | Self::Again(other, _) if *other == id)
    }
}

/// Why a message has not gone yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What was refused.
    pub problem: Problem,
    /// It is not tried again by itself: its writer decides.
    pub held: bool,
}

/// The queues that work.
#[derive(Default)]
pub struct Waiting {
    queues: Mutex<HashMap<Place, mpsc::UnboundedSender<Order>>>,
    troubles: Mutex<HashMap<(String, ParcelId), Trouble>>,
    turns: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Waiting {
    /// Tells the queue of a room something; if none works, one is begun with what it is to hear.
    pub fn order(&self, place: &Place, order: Order, begin: impl FnOnce(mpsc::UnboundedReceiver<Order>)) {
        let mut queues = held(&self.queues);
        let order = match queues.get(place) {
            Some(queue) => match queue.send(order) {
                Ok(()) => return,
                // It ended without a word: its task failed.
                Err(mpsc::error::SendError(order)) => order,
            },
            None => order,
        };
        let (say, hear) = mpsc::unbounded_channel();
        // The receiver is there.
        let _ = say.send(order);
        queues.insert(place.clone(), say);
        begin(hear);
    }

    /// Ends a queue in which nothing waits, unless it was told something meanwhile.
    pub fn end(&self, place: &Place, orders: &mpsc::UnboundedReceiver<Order>) -> bool {
        let mut queues = held(&self.queues);
        let ends = orders.is_empty();
        if ends {
            queues.remove(place);
        }
        ends
    }

    /// Waits until files of an account may be sent.
    pub async fn turn(&self, account: &str) -> OwnedSemaphorePermit {
        let turns = Arc::clone(
            held(&self.turns).entry(account.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))),
        );
        turns.acquire_owned().await.expect("nobody closes it")
    }

    /// What keeps a message of an account.
    pub fn trouble(&self, account: &str, id: ParcelId) -> Option<Trouble> {
        held(&self.troubles).get(&(account.to_owned(), id)).cloned()
    }

    /// Whether its writer has to decide.
    pub fn is_held(&self, account: &str, id: ParcelId) -> bool {
        self.trouble(account, id).is_some_and(|trouble| trouble.held)
    }

    /// Sets what keeps it, or that nothing does any more.
    pub fn set_trouble(&self, account: &str, id: ParcelId, trouble: Option<Trouble>) {
        let (mut troubles, key) = (held(&self.troubles), (account.to_owned(), id));
        match trouble {
            Some(trouble) => drop(troubles.insert(key, trouble)),
            None => drop(troubles.remove(&key)),
        }
    }
}

/// Whoever panicked meanwhile left it whole.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
