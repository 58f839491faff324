//! What became of the messages of one room: when each was due, whether it was answered, how often each receiver got
//! it. One thread owns it.

use super::wire::Mark;
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    time::{Duration, Instant},
};

/// The messages of one room.
pub(super) struct Tally {
    marks: Vec<Mark>,
    by_mark: HashMap<Mark, u32>,
    /// When it was to be sent, in nanoseconds after the beginning of the run.
    due: Vec<Cell<u64>>,
    accepted: Vec<Cell<bool>>,
    /// By receiver, how often each message came.
    came: Vec<RefCell<Vec<u8>>>,
    /// By receiver, the message that is expected next.
    next: Vec<Cell<u32>>,
    /// Deliveries of a message that the receiver did not have yet.
    fresh: Vec<Cell<usize>>,
    reordered: Cell<usize>,
    unknown: Cell<usize>,
    refused: Cell<usize>,
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Messages that were acknowledged.
    pub acknowledged: usize,
    /// Messages that were refused.
    pub refused: usize,
    /// Deliveries in all.
    pub deliveries: usize,
    /// Acknowledged messages that a receiver never got.
    pub lost: usize,
    /// Messages that a receiver got more than once.
    pub repeated: usize,
    /// Messages that came before one that was accepted earlier.
    pub reordered: usize,
    /// Application messages that nobody of this run submitted.
    pub unknown: usize,
}

impl Tally {
    /// For the messages with these marks, in the order in which they are submitted.
    pub(super) fn new(marks: Vec<Mark>, receivers: usize) -> Self {
        let count = marks.len();
        Self {
            by_mark: marks.iter().copied().zip(0..).collect(),
            due: vec![Cell::new(0); count],
            accepted: vec![Cell::new(false); count],
            came: (0..receivers).map(|_| RefCell::new(vec![0; count])).collect(),
            next: vec![Cell::new(0); receivers],
            fresh: vec![Cell::new(0); receivers],
            reordered: Cell::new(0),
            unknown: Cell::new(0),
            refused: Cell::new(0),
            marks,
        }
    }

    /// Notes when a message was to be sent.
    pub(super) fn due(&self, index: u32, after: Duration) {
        self.due[index as usize].set(u64::try_from(after.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Notes an acknowledgement; gives the time since the message was due. `None` if the answer is to nothing that
    /// was asked, or the second one.
    pub(super) fn answered(&self, index: u32, begun: Instant) -> Option<Duration> {
        let accepted = self.accepted.get(index as usize)?;
        (!accepted.replace(true)).then(|| self.since_due(index, begun))
    }

    /// Notes a refusal.
    pub(super) fn refused(&self) {
        self.refused.set(self.refused.get() + 1);
    }

    /// Notes a delivery; gives the time since the message was due if this receiver did not have it yet.
    pub(super) fn delivered(&self, receiver: usize, mark: Mark, begun: Instant) -> Option<Duration> {
        let expected = self.next[receiver].get();
        let index = if self.marks.get(expected as usize) == Some(&mark) {
            expected
        } else {
            let Some(&index) = self.by_mark.get(&mark) else {
                self.unknown.set(self.unknown.get() + 1);
                return None;
            };
            index
        };
        let came = &mut self.came[receiver].borrow_mut()[index as usize];
        *came = came.saturating_add(1);
        if *came > 1 {
            return None;
        }
        // With one sender a room, the hub's order is the order of submission.
        if index < expected {
            self.reordered.set(self.reordered.get() + 1);
        } else {
            self.next[receiver].set(index + 1);
        }
        self.fresh[receiver].set(self.fresh[receiver].get() + 1);
        Some(self.since_due(index, begun))
    }

    /// Different messages that a receiver has.
    pub(super) fn fresh(&self, receiver: usize) -> usize {
        self.fresh[receiver].get()
    }

    /// Messages that were acknowledged so far.
    pub(super) fn acknowledged(&self) -> usize {
        self.accepted.iter().filter(|accepted| accepted.get()).count()
    }

    /// What it came to.
    pub(super) fn verdict(&self) -> Verdict {
        let mut verdict = Verdict {
            acknowledged: self.acknowledged(),
            refused: self.refused.get(),
            reordered: self.reordered.get(),
            unknown: self.unknown.get(),
            ..Verdict::default()
        };
        for came in &self.came {
            for (came, accepted) in came.borrow().iter().zip(&self.accepted) {
                verdict.deliveries += usize::from(*came);
                verdict.lost += usize::from(*came == 0 && accepted.get());
                verdict.repeated += usize::from(*came > 1);
            }
        }
        verdict
    }

    fn since_due(&self, index: u32, begun: Instant) -> Duration {
        begun.elapsed().saturating_sub(Duration::from_nanos(self.due[index as usize].get()))
    }
}

impl Verdict {
    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            acknowledged: self.acknowledged + other.acknowledged,
            refused: self.refused + other.refused,
            deliveries: self.deliveries + other.deliveries,
            lost: self.lost + other.lost,
            repeated: self.repeated + other.repeated,
            reordered: self.reordered + other.reordered,
            unknown: self.unknown + other.unknown,
        }
    }

    /// Whether everything that was acknowledged came exactly once, in order, and nothing else came.
    pub(super) fn holds(&self) -> bool {
        self.acknowledged > 0 && self.lost + self.repeated + self.reordered + self.unknown + self.refused == 0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::bench::wire::mark;

    fn marks(count: u8) -> Vec<Mark> {
        let message = |n: u8| [&[0, 1, 0, 2, 0][..], &[0; 9], &[0, 0, 8], &[n; 8]].concat();
        (0..count).map(|n| mark(&message(n)).unwrap().unwrap()).collect()
    }

    fn run(deliveries: &[u8]) -> Verdict {
        let marks = marks(4);
        let strange = marks[3];
        let tally = Tally::new(marks[..3].to_vec(), 1);
        let begun = Instant::now();
        for index in 0..3 {
            assert!(tally.answered(index, begun).is_some());
        }
        for &index in deliveries {
            let mark = marks.get(usize::from(index)).copied().unwrap_or(strange);
            tally.delivered(0, mark, begun);
        }
        tally.verdict()
    }

    #[test]
    fn what_came_once_and_in_order_holds() {
        let verdict = run(&[0, 1, 2]);
        assert!(verdict.holds());
        assert_eq!((verdict.acknowledged, verdict.deliveries), (3, 3));
    }

    #[test]
    fn everything_else_does_not() {
        assert_eq!(run(&[0, 2]).lost, 1);
        assert_eq!(run(&[0, 1, 1, 2]).repeated, 1);
        assert_eq!(run(&[0, 2, 1]).reordered, 1);
        assert_eq!(run(&[0, 1, 2, 3]).unknown, 1);
        for deliveries in [&[0, 2][..], &[0, 1, 1, 2], &[0, 2, 1], &[0, 1, 2, 3], &[]] {
            assert!(!run(deliveries).holds(), "{deliveries:?}");
        }
    }

    #[test]
    fn an_answer_counts_once() {
        let tally = Tally::new(marks(1), 1);
        assert!(tally.answered(0, Instant::now()).is_some());
        assert!(tally.answered(0, Instant::now()).is_none());
        assert!(tally.answered(1, Instant::now()).is_none());
    }
}
