//! What was heard of one device in a room, and what another message of it, or another's word, says about what is
//! missing. Pure; the rules are in `docs/spec/delivery.md`.

use super::{
    Finding,
    order::{Counters, DeviceTag, Order, Transcript},
};
use crate::outbox::WINDOW;
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::{DeviceUri, UserUri, content::MessageId};

/// Gaps that are kept of one device; beyond, the oldest is forgotten. What was told of it stays told.
const GAPS: usize = 64;
/// Messages whose transcript is kept, to compare with what others saw.
const RECENT: usize = 8;

/// Since when this device hears a room without a break.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct Listening {
    /// How often it began to.
    pub(crate) times: u64,
    /// What was queued in this epoch or a later one is heard, if it was sent.
    pub(crate) since: u64,
}

/// Why counters are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub(crate) enum Kind {
    /// They may still be on their way: the hub had not answered for them.
    Open = 1,
    /// They were in the hub's order before what is here. The person was told.
    Told = 2,
    /// They may have been sent while this device could not hear them.
    Excused = 3,
}

/// Counters that did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct Gap {
    pub(crate) counters: Counters,
    pub(crate) kind: Kind,
    /// The transcript before them, as far as it is known.
    before: Option<Transcript>,
    /// And after them.
    after: Option<Transcript>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct Mark {
    counter: u64,
    transcript: Transcript,
}

/// One device as it was heard.
#[derive(Clone, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(crate) struct Heard {
    pub(crate) device: DeviceUri,
    /// [`Listening::times`] when it was heard last.
    times: u64,
    /// What is below was never to come here.
    base: u64,
    /// The highest counter that came.
    pub(crate) last: u64,
    transcript: Option<Transcript>,
    /// Up to this one, what is missing may have been sent while nobody listened here.
    excused: u64,
    /// The highest counter that somebody else says they have, if it is above `last`.
    pub(crate) claimed: u64,
    pub(crate) gaps: Vec<Gap>,
    recent: Vec<Mark>,
}

impl Heard {
    /// Of a device of which nothing came yet.
    pub(crate) fn new(device: DeviceUri) -> Self {
        Self {
            device,
            times: 0,
            base: 0,
            last: 0,
            transcript: None,
            excused: 0,
            claimed: 0,
            gaps: Vec::new(),
            recent: Vec::new(),
        }
    }

    /// The device's transcript after the last message that came.
    pub(crate) fn transcript(&self) -> Option<Transcript> {
        self.transcript
    }

    /// Takes up a message of the device. `asked`: it came because this device asked for it.
    pub(crate) fn take(
        &mut self,
        order: &Order,
        id: MessageId,
        listening: Listening,
        asked: bool,
    ) -> Vec<Finding> {
        let mut found = Vec::new();
        if !asked {
            self.listen(order, listening);
        }
        let (counter, here) = (order.counter, order.previous.then(id));
        if counter > self.last {
            self.advance(order, here, asked, &mut found);
        } else if counter < self.base {
            self.reach_back(order, here);
        } else if let Some(at) = self.gaps.iter().position(|gap| gap.counters.holds(counter)) {
            self.fill(at, order, here, asked, &mut found);
        } else {
            let known = self.recent.iter().find(|mark| mark.counter == counter);
            if known.is_some_and(|known| known.transcript != here) {
                found.push(Finding::Conflict { counter });
            } else if !asked {
                found.push(Finding::Repeated { counter });
            }
        }
        for unsent in &order.unsent {
            self.never_sent(*unsent);
        }
        self.settle(order.settled, &mut found);
        if self.gaps.len() > GAPS {
            self.gaps.drain(..self.gaps.len() - GAPS);
        }
        found
    }

    /// Somebody else has the message of this counter, and says with which transcript.
    pub(crate) fn claim(
        &mut self,
        (counter, transcript): (u64, Transcript),
        by: &UserUri,
        listening: Listening,
    ) -> Option<Finding> {
        if self.last == 0 || self.times != listening.times || counter <= self.excused {
            return None;
        }
        if counter > self.last {
            let news = counter > self.claimed;
            self.claimed = self.claimed.max(counter);
            return news.then(|| Finding::Unseen { through: counter, by: by.clone() });
        }
        let known = self.recent.iter().find(|mark| mark.counter == counter)?;
        (known.transcript != transcript).then(|| Finding::Split { counter, by: by.clone() })
    }

    /// What is missing and can be asked for.
    pub(crate) fn missing(&self) -> Vec<Counters> {
        let told = self.gaps.iter().filter(|gap| gap.kind != Kind::Open).map(|gap| gap.counters);
        let ahead = Counters { from: self.last + 1, to: self.claimed };
        told.chain((self.claimed > self.last).then_some(ahead)).collect()
    }

    /// How many of what is missing may have been sent while this device could not hear them.
    pub(crate) fn excused(&self) -> u64 {
        let excused = self.gaps.iter().filter(|gap| gap.kind == Kind::Excused);
        excused.map(|gap| gap.counters.to - gap.counters.from + 1).sum()
    }

    /// The device says of counters that were asked for that it cannot give them. Returns those that were missing.
    pub(crate) fn give_up(&mut self, counters: Counters) -> Vec<Counters> {
        let both =
            |range: Counters| Counters { from: range.from.max(counters.from), to: range.to.min(counters.to) };
        let missing = self.missing().into_iter().map(both).filter(|range| range.from <= range.to).collect();
        self.never_sent(counters);
        if counters.holds(self.claimed) {
            self.claimed = 0;
        }
        missing
    }

    /// The first message ever, or the first after a break: what was sent before it may never have been to come here.
    fn listen(&mut self, order: &Order, listening: Listening) {
        if self.last != 0 && self.times == listening.times {
            return;
        }
        // What was queued in an epoch that is heard here was sent in one. Of what was queued before, as many may be
        // out of order as a sender keeps unanswered.
        let queued_here = order.epoch >= listening.since;
        let reach =
            if queued_here { order.first - 1 } else { order.counter.saturating_add(u64::from(WINDOW)) };
        self.excused = self.excused.max(reach);
        self.times = listening.times;
        if self.last == 0 {
            self.base = if queued_here { order.first } else { order.counter };
            self.last = self.base - 1;
        }
    }

    fn advance(&mut self, order: &Order, here: Transcript, asked: bool, found: &mut Vec<Finding>) {
        let counter = order.counter;
        if counter == self.last + 1 {
            if self.transcript.is_some_and(|known| known != order.previous) {
                found.push(Finding::Conflict { counter });
            }
        } else {
            let told = self.claimed.clamp(self.last, counter - 1);
            let (before, after) = (self.transcript, Some(order.previous));
            // That others have them was told.
            let known = Gap {
                counters: Counters { from: self.last + 1, to: told },
                kind: Kind::Told,
                before,
                after: after.filter(|_| told == counter - 1),
            };
            let open = Gap {
                counters: Counters { from: told + 1, to: counter - 1 },
                kind: Kind::Open,
                before: before.filter(|_| told == self.last),
                after,
            };
            self.gaps.extend([known, open].into_iter().filter(|gap| gap.counters.from <= gap.counters.to));
        }
        if asked {
            found.push(Finding::Restored { counter });
        } else if counter <= self.claimed {
            found.push(Finding::Late { counter });
        }
        if counter >= self.claimed {
            self.claimed = 0;
        }
        self.last = counter;
        self.transcript = Some(here);
        self.remember(counter, here);
    }

    /// A message from before the first that came: that one had overtaken it.
    fn reach_back(&mut self, order: &Order, here: Transcript) {
        let between = Counters { from: order.counter + 1, to: self.base - 1 };
        if between.from <= between.to {
            let gap = Gap { counters: between, kind: Kind::Excused, before: Some(here), after: None };
            self.gaps.insert(0, gap);
        }
        self.base = order.counter;
        self.remember(order.counter, here);
    }

    fn fill(&mut self, at: usize, order: &Order, here: Transcript, asked: bool, found: &mut Vec<Finding>) {
        let counter = order.counter;
        let Gap { counters, kind, before, after } = self.gaps.remove(at);
        let fits = |known: Option<Transcript>, is: Transcript| known.is_none_or(|known| known == is);
        let follows = counter > counters.from || fits(before, order.previous);
        let leads = counter < counters.to || fits(after, here);
        if !follows || !leads {
            found.push(Finding::Conflict { counter });
        }
        let left = Counters { from: counters.from, to: counter - 1 };
        let right = Counters { from: counter + 1, to: counters.to };
        let pieces = [
            Gap { counters: left, kind, before, after: Some(order.previous) },
            Gap { counters: right, kind, before: Some(here), after },
        ];
        let left_over = pieces.into_iter().filter(|gap| gap.counters.from <= gap.counters.to);
        self.gaps.splice(at..at, left_over);
        self.remember(counter, here);
        if asked {
            found.push(Finding::Restored { counter });
        } else if kind == Kind::Told {
            found.push(Finding::Late { counter });
        }
    }

    /// Takes counters that no message has out of the gaps.
    fn never_sent(&mut self, none: Counters) {
        let cut = |gap: Gap| {
            let Counters { from, to } = gap.counters;
            if none.to < from || to < none.from {
                return [Some(gap), None];
            }
            let left = (from < none.from).then(|| Gap {
                counters: Counters { from, to: none.from - 1 },
                after: None,
                ..gap
            });
            let right = (none.to < to).then(|| Gap {
                counters: Counters { from: none.to + 1, to },
                before: None,
                ..gap
            });
            [left, right]
        };
        self.gaps = std::mem::take(&mut self.gaps).into_iter().flat_map(cut).flatten().collect();
    }

    /// Counters up to `settled` were in the hub's order before the message that says so.
    fn settle(&mut self, settled: u64, found: &mut Vec<Finding>) {
        let excused = self.excused;
        let judge = |gap: Gap| {
            let Counters { from, to } = gap.counters;
            if gap.kind != Kind::Open {
                return vec![gap];
            }
            let piece = |from: u64, to: u64, kind: Kind| {
                let before = gap.before.filter(|_| from == gap.counters.from);
                let after = gap.after.filter(|_| to == gap.counters.to);
                (from <= to).then_some(Gap { counters: Counters { from, to }, kind, before, after })
            };
            // In this order: excused, settled, open.
            let (first, second) = (excused.clamp(from - 1, to), settled.max(excused).clamp(from - 1, to));
            let told = piece(first + 1, second, Kind::Told);
            found.extend(told.map(|gap| Finding::Missing { from: gap.counters.from, to: gap.counters.to }));
            [piece(from, first, Kind::Excused), told, piece(second + 1, to, Kind::Open)]
                .into_iter()
                .flatten()
                .collect()
        };
        self.gaps = std::mem::take(&mut self.gaps).into_iter().flat_map(judge).collect();
    }

    fn remember(&mut self, counter: u64, transcript: Transcript) {
        if self.recent.len() == RECENT {
            self.recent.remove(0);
        }
        self.recent.push(Mark { counter, transcript });
    }

    /// The row's place after the room.
    pub(crate) fn tag(&self) -> DeviceTag {
        DeviceTag::of(&self.device)
    }
}
