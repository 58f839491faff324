//! What this device says of its own messages in a room: numbers them, and knows which of them the hub answered for.
//! Pure; the rules are in `docs/spec/delivery.md`.

use super::{
    heard::Listening,
    order::{Counters, Order, SEEN, Seen, Transcript, UNSENT},
};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::content::MessageId;

/// Counters that were given up, until everybody can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct Unsent {
    counters: Counters,
    /// The first message that says so; zero before there is one.
    told_by: u64,
}

/// A room as this device sends and listens there.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct Sending {
    /// The counter of the last message that was queued; zero before the first.
    pub(crate) last: u64,
    transcript: Transcript,
    /// The hub answered for every counter up to this one.
    settled: u64,
    /// And for these above it.
    answered: Vec<Counters>,
    /// The epoch in which the last message was queued, and the counter of the first one of it.
    epoch: u64,
    first: u64,
    unsent: Vec<Unsent>,
    pub(crate) listening: Listening,
    /// The epoch in which a device came in last: what was sent before it is not given again.
    pub(crate) newcomer: u64,
    /// Others as they were heard since the last message.
    seen: Vec<Seen>,
}

impl Default for Sending {
    fn default() -> Self {
        Self {
            last: 0,
            transcript: Transcript::START,
            settled: 0,
            answered: Vec::new(),
            epoch: 0,
            first: 1,
            unsent: Vec::new(),
            listening: Listening::default(),
            newcomer: 0,
            seen: Vec::new(),
        }
    }
}

impl Sending {
    /// The place of the next message, queued in this epoch. It counts only after [`Self::queued`].
    pub(crate) fn next(&mut self, epoch: u64) -> Order {
        let counter = self.last + 1;
        if epoch != self.epoch || self.last == 0 {
            (self.epoch, self.first) = (epoch, counter);
        }
        let now = self.unsent.len().min(UNSENT);
        let (told, later) = self.unsent.split_at_mut(now);
        for unsent in told.iter_mut().filter(|unsent| unsent.told_by == 0) {
            unsent.told_by = counter;
        }
        // Whoever is not told that a counter was given up must not take it for settled.
        let settled = later.first().map_or(self.settled, |unsent| self.settled.min(unsent.counters.from - 1));
        Order {
            counter,
            settled,
            previous: self.transcript,
            epoch,
            first: self.first,
            unsent: told.iter().map(|unsent| unsent.counters).collect(),
            seen: std::mem::take(&mut self.seen),
        }
    }

    /// The message of that place has this id.
    pub(crate) fn queued(&mut self, order: &Order, id: MessageId) {
        self.last = order.counter;
        self.transcript = order.previous.then(id);
    }

    /// The hub took a message.
    pub(crate) fn accepted(&mut self, counter: u64) {
        self.answer(counter);
        // What was queued since says the same; what will be says that the one which told is settled.
        let settled = self.settled;
        self.unsent.retain(|unsent| unsent.told_by == 0 || unsent.told_by > settled);
    }

    /// A message will never be sent.
    pub(crate) fn given_up(&mut self, counter: u64) {
        for unsent in self.unsent.iter_mut().filter(|unsent| unsent.told_by == counter) {
            unsent.told_by = 0;
        }
        let at = self.unsent.partition_point(|unsent| unsent.counters.to < counter);
        match at.checked_sub(1).map(|before| &mut self.unsent[before]) {
            Some(before) if before.told_by == 0 && before.counters.to + 1 == counter => {
                before.counters.to = counter;
            }
            _ => {
                let counters = Counters { from: counter, to: counter };
                self.unsent.insert(at, Unsent { counters, told_by: 0 });
            }
        }
        self.answer(counter);
    }

    /// Another device was heard.
    pub(crate) fn heard(&mut self, seen: Seen) {
        self.seen.retain(|other| other.device != seen.device);
        if self.seen.len() == SEEN {
            self.seen.remove(0);
        }
        self.seen.push(seen);
    }

    /// This device hears the room from now on, and what was queued in this epoch or later. It may have missed some.
    pub(crate) fn listen(&mut self, since: u64) {
        self.listening = Listening { times: self.listening.times + 1, since };
    }

    fn answer(&mut self, counter: u64) {
        if counter <= self.settled || self.answered.iter().any(|range| range.holds(counter)) {
            return;
        }
        let at = self.answered.partition_point(|range| range.to < counter);
        self.answered.insert(at, Counters { from: counter, to: counter });
        let joined = |ranges: &mut Vec<Counters>, at: usize| {
            if at + 1 < ranges.len() && ranges[at].to + 1 == ranges[at + 1].from {
                ranges[at].to = ranges.remove(at + 1).to;
            }
        };
        joined(&mut self.answered, at);
        if at > 0 {
            joined(&mut self.answered, at - 1);
        }
        if self.answered[0].from == self.settled + 1 {
            self.settled = self.answered.remove(0).to;
        }
    }
}
