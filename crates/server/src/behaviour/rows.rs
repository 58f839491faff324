//! Stored counts. First byte: version of the codec.

use super::{
    BehaviourError, Counts,
    decide::{ANSWER_DAYS, GIVING_DAYS, REPORT_DAYS, WAIT_DAYS},
};
use crate::catalogue::TableNote;
use tls_codec::{DeserializeBytes as _, Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::UserId;
use trefoil_store::Table;

/// Counts by user id.
pub(super) const ACCOUNTS: Table = Table::new("behaviour.accounts");

/// Of a row without passes that were given; what was written before there were any is read on.
const VERSION: u8 = 1;
/// Of a row with some.
const GIVING_VERSION: u8 = 2;

/// What the table of counts holds.
pub const TABLES: &[TableNote] = &[TableNote {
    table: ACCOUNTS,
    holds: "by user id, for each day: how many people the account turned to for the first time (three days), how many passes it got (today only), how many answered \
            or did not (a week), how many reports there were about it, and how many registration passes it gave (four weeks). \
            Numbers, no names",
    kept: "each number for its window; the row until all are zero",
    discloses: "which accounts turned to new people today, and to how many; how well that was received; which were reported, \
                and how often; which gave registration passes, and how many. Not who the others are",
}];

/// The days of an account on which something was counted, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct AccountRow {
    days: Vec<DayRow>,
    given: Vec<GivenRow>,
}

/// The passes for registrations that were given on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
struct GivenRow {
    day: u32,
    count: u32,
}

/// What was counted on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct DayRow {
    pub day: u32,
    pub begun: u32,
    pub passes: u32,
    pub answered: u32,
    pub unanswered: u32,
    pub reports: u32,
}

/// The key of an account's row.
pub(super) fn key(user: &UserId) -> Vec<u8> {
    user.as_str().as_bytes().to_vec()
}

impl AccountRow {
    /// The counts of a day, to be added to.
    pub(super) fn on(&mut self, day: u32) -> &mut DayRow {
        let place = match self.days.binary_search_by_key(&day, |row| row.day) {
            Ok(place) => place,
            Err(place) => {
                self.days.insert(place, DayRow { day, ..DayRow::default() });
                place
            }
        };
        &mut self.days[place]
    }

    /// Counts passes that were given on a day.
    pub(super) fn gives(&mut self, day: u32, count: u32) {
        match self.given.binary_search_by_key(&day, |row| row.day) {
            Ok(place) => self.given[place].count = self.given[place].count.saturating_add(count),
            Err(place) => self.given.insert(place, GivenRow { day, count }),
        }
    }

    /// Takes back what was counted on a day, as far as it was.
    pub(super) fn gave_none(&mut self, day: u32, count: u32) {
        for row in self.given.iter_mut().filter(|row| row.day == day) {
            row.count = row.count.saturating_sub(count);
        }
    }

    /// What counts today.
    pub(super) fn counts(&self, today: u32) -> Counts {
        let mut counts = Counts::default();
        for row in &self.days {
            if row.day == today {
                counts.passes = row.passes;
            }
            if row.day.saturating_add(WAIT_DAYS) > today {
                counts.begun = counts.begun.saturating_add(row.begun);
                counts.answered_lately = counts.answered_lately.saturating_add(row.answered);
            }
            if row.day.saturating_add(ANSWER_DAYS) > today {
                counts.answered = counts.answered.saturating_add(row.answered);
                counts.unanswered = counts.unanswered.saturating_add(row.unanswered);
            }
            if row.day.saturating_add(REPORT_DAYS) > today {
                counts.reports = counts.reports.saturating_add(row.reports);
            }
        }
        for row in self.given.iter().filter(|row| row.day.saturating_add(GIVING_DAYS) > today) {
            counts.given = counts.given.saturating_add(row.count);
        }
        counts
    }

    /// Leaves out what is older than its window.
    pub(super) fn forget(&mut self, today: u32) {
        for row in &mut self.days {
            if row.day < today {
                row.passes = 0;
            }
            if row.day.saturating_add(WAIT_DAYS) <= today {
                row.begun = 0;
            }
            if row.day.saturating_add(ANSWER_DAYS) <= today {
                (row.answered, row.unanswered) = (0, 0);
            }
            if row.day.saturating_add(REPORT_DAYS) <= today {
                row.reports = 0;
            }
        }
        self.days.retain(|row| *row != DayRow { day: row.day, ..DayRow::default() });
        self.given.retain(|row| row.count > 0 && row.day.saturating_add(GIVING_DAYS) > today);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.days.is_empty() && self.given.is_empty()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![if self.given.is_empty() { VERSION } else { GIVING_VERSION }];
        self.days.tls_serialize(&mut bytes).expect("rows are far below the encoding's limits");
        if !self.given.is_empty() {
            self.given.tls_serialize(&mut bytes).expect("rows are far below the encoding's limits");
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, BehaviourError> {
        let row = match bytes.split_first() {
            Some((&VERSION, rest)) => {
                let days = Vec::tls_deserialize_exact_bytes(rest).ok();
                days.map(|days| Self { days, given: Vec::new() })
            }
            Some((&GIVING_VERSION, rest)) => {
                Self::tls_deserialize_exact_bytes(rest).ok().filter(|row| !row.given.is_empty())
            }
            _ => None,
        };
        let sorted = |row: &Self| {
            row.days.is_sorted_by(|one, next| one.day < next.day)
                && row.given.is_sorted_by(|one, next| one.day < next.day)
        };
        row.filter(sorted).ok_or(BehaviourError::DamagedRow)
    }
}
