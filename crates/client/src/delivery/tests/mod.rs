//! Tests of honest delivery.
#![allow(clippy::unwrap_used)]

mod rules;
mod stored;
mod streams;

use super::{
    Finding,
    heard::{Heard, Listening},
    order::{Counters, Order, Transcript},
    sending::Sending,
};
use trefoil_proto::content::MessageId;

/// Everything since epoch 1 is heard.
const HERE: Listening = Listening { times: 1, since: 1 };

/// A message as it was made.
#[derive(Clone, Debug)]
struct Made {
    order: Order,
    id: MessageId,
}

impl Made {
    fn transcript(&self) -> Transcript {
        self.order.previous.then(self.id)
    }
}

fn id(counter: u64) -> MessageId {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&counter.to_be_bytes());
    MessageId(bytes)
}

/// Queues a message; nothing is known of what becomes of it.
fn queue(sending: &mut Sending, epoch: u64) -> Made {
    let order = sending.next(epoch);
    let id = id(order.counter);
    sending.queued(&order, id);
    Made { order, id }
}

/// Queues messages in epoch 1, each answered before the next.
fn settled(count: u64) -> Vec<Made> {
    let mut sending = Sending::default();
    (0..count)
        .map(|_| {
            let made = queue(&mut sending, 1);
            sending.accepted(made.order.counter);
            made
        })
        .collect()
}

fn nobody_yet() -> Heard {
    Heard::new("mimi://a.test/d/ann/d1".parse().unwrap())
}

fn take(heard: &mut Heard, made: &Made) -> Vec<Finding> {
    heard.take(&made.order, made.id, HERE, false)
}
