//! Going through a trail, page by page, and holding it against heads that were said of it. Pure: an auditor does it on a machine of
//! their own.

use super::AuditEntry;
use std::collections::BTreeMap;

/// Why a trail is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrue {
    /// An entry does not follow from the one before.
    #[error(
        "entry {0} of the trail does not follow from the one before: it was changed, or something is missing"
    )]
    Broken(u64),
    /// A head was said that this trail never had.
    #[error("the trail had another entry {0} when its head was said in the public log: it was written anew")]
    Other(u64),
    /// A head was said that the trail does not reach.
    #[error(
        "the trail had an entry {0} when its head was said in the public log, and has none: its end was cut off"
    )]
    CutOff(u64),
}

/// Whether a head that was said is one of the trail's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It is.
    Yes,
    /// It is of entries before those that were gone through.
    Before,
}

/// How far somebody went through a trail.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    hashes: BTreeMap<u64, String>,
}

impl Walk {
    /// Goes through the next entries.
    ///
    /// # Errors
    /// [`Untrue::Broken`] names the first entry that does not follow. A trail may begin later than with 1: what is older than two
    /// years is gone.
    pub fn go(&mut self, entries: &[AuditEntry]) -> Result<(), Untrue> {
        for entry in entries {
            match self.hashes.last_key_value() {
                Some((number, hash)) if entry.number != number + 1 || entry.before != *hash => {
                    return Err(Untrue::Broken(entry.number));
                }
                Some(_) => {}
                // What the first one says of the one before it can be held against a head as well.
                None => drop(self.hashes.insert(entry.number.saturating_sub(1), entry.before.clone())),
            }
            self.hashes.insert(entry.number, entry.hash());
        }
        Ok(())
    }

    /// Entries that were gone through.
    pub fn entries(&self) -> usize {
        self.hashes.len().saturating_sub(1)
    }

    /// The number of the first of them.
    pub fn first(&self) -> Option<u64> {
        self.hashes.keys().nth(1).copied()
    }

    /// Holds the whole of it against a head that was said: a number, and a hash in hexadecimal.
    ///
    /// # Errors
    /// [`Untrue::Other`], [`Untrue::CutOff`].
    pub fn holds(&self, number: u64, hash: &str) -> Result<Held, Untrue> {
        match (self.hashes.get(&number), self.hashes.last_key_value()) {
            (Some(own), _) if own == hash => Ok(Held::Yes),
            (Some(_), _) => Err(Untrue::Other(number)),
            (None, Some((last, _))) if number < *last => Ok(Held::Before),
            (None, _) => Err(Untrue::CutOff(number)),
        }
    }
}
