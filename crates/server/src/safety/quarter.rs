//! Figures are published of whole quarters of the calendar, in UTC, once they ended, and of nothing else: of times that overlap, one
//! could be taken from another, and what is left would be few enough to point at somebody.

use super::CASE_KEPT;
use std::{fmt, str::FromStr};
use trefoil_proto::{Month, Timestamp};

/// A quarter of the calendar: quarters since the first of 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quarter(u16);

/// Why nothing is published of a quarter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuarterError {
    /// It is none.
    #[error("a quarter is written as 2026-Q3")]
    Malformed,
    /// It has not ended.
    #[error("{0} has not ended: figures are published of quarters that have, so that they never change")]
    Running(Quarter),
    /// Cases of it were forgotten.
    #[error("cases are kept for two years after their last change: those of {0} are not all there any more")]
    Forgotten(Quarter),
}

impl Quarter {
    /// The last one that has ended.
    pub const fn last_ended(now: Timestamp) -> Self {
        Self((now.month().0 / 3).saturating_sub(1))
    }

    /// From when until when.
    pub const fn span(self) -> (Timestamp, Timestamp) {
        (Month(self.0 * 3).start(), Month((self.0 + 1) * 3).start())
    }

    /// The same, if its figures can be published: they are the same whenever that is done.
    ///
    /// # Errors
    /// [`QuarterError::Running`], [`QuarterError::Forgotten`].
    pub fn published(self, now: Timestamp) -> Result<(Timestamp, Timestamp), QuarterError> {
        let (from, until) = self.span();
        if until > now {
            return Err(QuarterError::Running(self));
        }
        if from.0.saturating_add(CASE_KEPT) <= now.0 {
            return Err(QuarterError::Forgotten(self));
        }
        Ok((from, until))
    }
}

impl FromStr for Quarter {
    type Err = QuarterError;

    fn from_str(text: &str) -> Result<Self, QuarterError> {
        let (year, number) = text.split_once("-Q").ok_or(QuarterError::Malformed)?;
        let month = match number {
            "1" => "01",
            "2" => "04",
            "3" => "07",
            "4" => "10",
            _ => return Err(QuarterError::Malformed),
        };
        let month: Month = format!("{year}-{month}").parse().map_err(|_| QuarterError::Malformed)?;
        Ok(Self(month.0 / 3))
    }
}

impl fmt::Display for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-Q{}", 1970 + self.0 / 4, self.0 % 4 + 1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_quarter_is_published_when_it_ended_and_while_its_cases_are_kept() {
        let quarter: Quarter = "2024-Q1".parse().unwrap();
        let (from, until) = quarter.span();
        assert_eq!((from.date(), until.date()), ((2024, 1, 1), (2024, 4, 1)));
        assert_eq!(quarter.to_string(), "2024-Q1");
        let before = Timestamp(until.0 - 1);
        assert_eq!(quarter.published(before), Err(QuarterError::Running(quarter)));
        assert_eq!(quarter.published(until), Ok((from, until)));
        assert_eq!(Quarter::last_ended(until), quarter);
        assert_eq!(Quarter::last_ended(before).to_string(), "2023-Q4");
        let later = from.plus_millis(CASE_KEPT);
        assert!(quarter.published(Timestamp(later.0 - 1)).is_ok());
        assert_eq!(quarter.published(later), Err(QuarterError::Forgotten(quarter)));
        for bad in ["", "2024", "2024-Q0", "2024-Q5", "2024-1", "24-Q1", "1969-Q4", "2024-Q11"] {
            assert_eq!(bad.parse::<Quarter>(), Err(QuarterError::Malformed), "{bad}");
        }
    }
}
