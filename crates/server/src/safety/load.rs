//! What one person of the team looks at in a day. Looking at the worst all day breaks people: there is an end to it, whoever asks
//! for more.

use serde::{Deserialize, Serialize};
use trefoil_proto::Timestamp;

/// How much somebody may open.
#[derive(Clone, Copy, Debug)]
pub struct Wellbeing {
    /// Cases a day.
    pub a_day: u32,
    /// Of them, about the exploitation of children, violence or self-harm.
    pub grave_a_day: u32,
    /// Milliseconds after one of those before the next.
    pub pause: u64,
}

/// What somebody opened on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Load {
    pub opened: u32,
    pub grave: u32,
    pub last_grave: Option<Timestamp>,
}

impl Load {
    /// Counts one more, or says from when on there may be.
    pub(super) fn open(
        &mut self,
        is_grave: bool,
        limits: Wellbeing,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        let tomorrow = Timestamp((now.day() + 1) * Timestamp::DAY);
        if self.opened >= limits.a_day {
            return Err(tomorrow);
        }
        if is_grave {
            if self.grave >= limits.grave_a_day {
                return Err(tomorrow);
            }
            let rested = self.last_grave.map(|last| last.plus_millis(limits.pause));
            if let Some(rested) = rested.filter(|rested| *rested > now) {
                return Err(rested);
            }
            self.grave += 1;
            self.last_grave = Some(now);
        }
        self.opened += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn there_is_an_end_to_what_one_person_sees() {
        let limits = Wellbeing { a_day: 3, grave_a_day: 2, pause: 1000 };
        let (mut load, now) = (Load::default(), Timestamp(10 * Timestamp::DAY));
        load.open(true, limits, now).unwrap();
        // A pause after what was grave, not after the rest.
        assert_eq!(load.open(true, limits, now), Err(Timestamp(now.0 + 1000)));
        load.open(false, limits, now).unwrap();
        load.open(true, limits, Timestamp(now.0 + 1000)).unwrap();
        // The day is over.
        assert_eq!(load.open(false, limits, Timestamp(now.0 + 5000)), Err(Timestamp(11 * Timestamp::DAY)));
        let mut load = Load { opened: 2, grave: 2, last_grave: None };
        assert_eq!(load.open(true, limits, now), Err(Timestamp(11 * Timestamp::DAY)));
        load.open(false, limits, now).unwrap();
    }
}
