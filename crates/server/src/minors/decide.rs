//! Pure decisions about accounts of minors.

use super::{
    MinorsError, Shown,
    rows::{GuardianRow, LinkRow, MinorRow},
};
use trefoil_proto::{
    Timestamp, UserUri,
    minors::{Act, Guarded, GuardianWord, LONGEST_CONSENT, Marking, Opening, Openness},
};

/// Nobody is a minor for longer, in months.
const LONGEST: u16 = 30 * 12;

/// The row of an account that says so at its beginning.
pub(super) fn marked(marking: &Marking, entry: Vec<u8>, now: Timestamp) -> Result<MinorRow, MinorsError> {
    let possible = |ends: &trefoil_proto::Month| *ends >= now.month() && ends.since(now.month()) <= LONGEST;
    if !marking.ends.as_ref().is_none_or(possible) {
        return Err(MinorsError::Ends);
    }
    Ok(MinorRow {
        ends: marking.ends,
        reach: marking.reach,
        entry,
        entered: None,
        link: None,
        guardian: None,
        open: None,
    })
}

impl MinorRow {
    /// Whether the marking still holds: on which day of its last month the birthday is, nobody said.
    pub(super) fn holds(&self, now: Timestamp) -> bool {
        self.ends.is_none_or(|ends| now.month() <= ends)
    }

    /// What is open at this time.
    pub(super) fn opening(&self, now: Timestamp) -> Option<Opening> {
        self.open.filter(|open| open.until > now)
    }

    /// How far it is open at this time.
    pub(super) fn openness(&self, now: Timestamp) -> Openness {
        if !self.holds(now) {
            return Openness::Found;
        }
        self.opening(now).map_or(Openness::Connections, |open| open.how)
    }

    /// Whether the account is reached with what was shown; a proof is still to be spent.
    pub(super) fn admits(&self, target: &UserUri, shown: Shown<'_>, now: Timestamp) -> bool {
        match shown {
            Shown::Own => true,
            Shown::Nothing => self.openness(now) >= Openness::Address,
            Shown::Proof(proof) => {
                self.holds(now) && is_of_these_days(proof.day, now) && proof.is_of(target, &self.reach)
            }
        }
    }

    pub(super) fn guarded(&self, now: Timestamp) -> Guarded {
        Guarded { ends: self.ends, open: self.opening(now) }
    }

    /// What becomes of the account by a word whose signature was verified.
    pub(super) fn after(&self, word: &GuardianWord, now: Timestamp) -> Result<Self, MinorsError> {
        let speaker = word.tbs.device.user_uri();
        let mut row = self.clone();
        if let Act::Accept(_) = word.tbs.act {
            let good = |link: &LinkRow| link.until > now && word.takes_up(&link.key);
            let free = self.guardian.is_none() && speaker != word.tbs.minor;
            if !free || !self.link.as_ref().is_some_and(good) {
                return Err(MinorsError::Link);
            }
            row.link = None;
            row.guardian = Some(GuardianRow { user: speaker, heard: word.tbs.at });
            return Ok(row);
        }
        let guardian = row.guardian.as_mut().filter(|guardian| guardian.user == speaker);
        let guardian = guardian.ok_or(MinorsError::NotTheGuardian)?;
        if word.tbs.act == Act::Look {
            return Ok(row);
        }
        if word.tbs.at <= guardian.heard {
            return Err(MinorsError::Replayed);
        }
        guardian.heard = word.tbs.at;
        match &word.tbs.act {
            Act::Open(open) => {
                if open.until <= now || open.until.millis_since(now) > LONGEST_CONSENT {
                    return Err(MinorsError::Until);
                }
                row.open = Some(*open).filter(|open| open.how > Openness::Connections);
            }
            Act::Close => row.open = None,
            Act::Release => (row.open, row.guardian) = (None, None),
            Act::Accept(_) | Act::Look => {}
        }
        Ok(row)
    }
}

/// The day before, the day itself and the next: clocks differ.
fn is_of_these_days(day: u32, now: Timestamp) -> bool {
    day.abs_diff(self::day(now)) <= 1
}

/// Days since the UNIX epoch.
pub(super) fn day(now: Timestamp) -> u32 {
    now.short_day()
}
