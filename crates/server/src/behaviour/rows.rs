//! Stored counts. First byte: version of the codec.

use super::{
    BehaviourError, Counts,
    decide::{ANSWER_DAYS, REPORT_DAYS, WAIT_DAYS},
};
use crate::catalogue::TableNote;
use tls_codec::{DeserializeBytes as _, Serialize as _, TlsDeserializeBytes, TlsSerialize, TlsSize};
use trefoil_proto::UserId;
use trefoil_store::Table;

/// Counts by user id.
pub(super) const ACCOUNTS: Table = Table::new("behaviour.accounts");

const VERSION: u8 = 1;

/// What the table of counts holds.
pub const TABLES: &[TableNote] = &[TableNote {
    table: ACCOUNTS,
    holds: "by user id, for each day: how many people the account turned to for the first time (three days), how many passes it got (today only), how many answered \
            or did not (a week), how many reports there were about it (four weeks). Numbers, no names",
    kept: "each number for its window; the row until all are zero",
    discloses: "which accounts turned to new people today, and to how many; how well that was received; which were reported, \
                and how often. Not who the others are",
}];

/// The days of an account on which something was counted, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, TlsSize, TlsSerialize, TlsDeserializeBytes)]
pub(super) struct AccountRow {
    days: Vec<DayRow>,
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
    }

    pub(super) fn is_empty(&self) -> bool {
        self.days.is_empty()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        self.tls_serialize(&mut bytes).expect("rows are far below the encoding's limits");
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, BehaviourError> {
        let row = match bytes.split_first() {
            Some((&VERSION, rest)) => Self::tls_deserialize_exact_bytes(rest).ok(),
            _ => None,
        };
        row.filter(|row| row.days.is_sorted_by(|one, next| one.day < next.day))
            .ok_or(BehaviourError::DamagedRow)
    }
}
