//! Time on the wire.

use crate::ProtoError;
use serde::{Deserialize, Serialize};
use std::fmt;
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Milliseconds since the UNIX epoch. Always passed in; nothing in the protocol reads a clock.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    TlsSize,
    TlsSerialize,
    TlsDeserializeBytes,
    Serialize,
    Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// A day, in milliseconds.
    pub const DAY: u64 = 24 * 60 * 60 * 1000;

    /// This time plus a number of milliseconds, stopping at the largest value.
    pub const fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this time; zero if `earlier` is later.
    pub const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Days since the UNIX epoch, in UTC.
    pub const fn day(self) -> u64 {
        self.0 / Self::DAY
    }

    /// The same in 32 bits, stopping at the largest: for rows and messages that say days so.
    pub const fn short_day(self) -> u32 {
        if self.day() > u32::MAX as u64 { u32::MAX } else { self.day() as u32 }
    }

    /// The Gregorian date in UTC: year, month, day of the month. After Howard Hinnant, "chrono-compatible low-level date
    /// algorithms", `civil_from_days`.
    pub const fn date(self) -> (u64, u64, u64) {
        let shifted = self.day() + 719_468;
        let era = shifted / 146_097;
        let of_era = shifted % 146_097;
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        (year_of_era + era * 400 + (month <= 2) as u64, month, day)
    }

    /// The month in UTC. Stops at the last one that can be said, in the year 7431.
    pub const fn month(self) -> Month {
        let (year, month, _) = self.date();
        let months = (year - 1970) * 12 + month - 1;
        Month(if months > u16::MAX as u64 { u16::MAX } else { months as u16 })
    }
}

/// A calendar month in UTC, as months since January 1970: as much as anybody is told of when an account began.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, TlsSize, TlsSerialize, TlsDeserializeBytes,
)]
pub struct Month(pub u16);

impl Month {
    /// Months from `earlier` to this one; 0 if `earlier` is later.
    pub const fn since(self, earlier: Self) -> u16 {
        self.0.saturating_sub(earlier.0)
    }

    /// When it begins. After Howard Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`.
    pub const fn start(self) -> Timestamp {
        let (month, year) = (self.0 as u64 % 12 + 1, 1970 + self.0 as u64 / 12 - (self.0 % 12 < 2) as u64);
        let shifted_month = if month > 2 { month - 3 } else { month + 9 };
        let (era, of_era) = (year / 400, year % 400);
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * shifted_month + 2) / 5;
        Timestamp((days - 719_468) * Timestamp::DAY)
    }
}

/// As ISO 8601 has it: `2026-11`. From 1970 on.
impl std::str::FromStr for Month {
    type Err = ProtoError;

    fn from_str(text: &str) -> Result<Self, ProtoError> {
        const REFUSED: ProtoError = ProtoError::Malformed("month");
        let (year, month) = text.split_once('-').ok_or(REFUSED)?;
        let digits =
            |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(REFUSED);
        }
        let year: u16 = year.parse().map_err(|_| REFUSED)?;
        let month: u16 = month.parse().map_err(|_| REFUSED)?;
        let years = year.checked_sub(1970).filter(|years| *years < 5000).ok_or(REFUSED)?;
        if (1..=12).contains(&month) { Ok(Self(years * 12 + month - 1)) } else { Err(REFUSED) }
    }
}

/// As ISO 8601 has it: `2026-11`.
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", 1970 + self.0 / 12, self.0 % 12 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_that_of_the_calendar() {
        // The last second of February of a leap year, the next one, and the first of all.
        assert_eq!(Timestamp(1_709_251_199_999).month().to_string(), "2024-02");
        assert_eq!(Timestamp(1_709_251_200_000).month().to_string(), "2024-03");
        assert_eq!(Timestamp(0).month(), Month(0));
        assert_eq!(Timestamp(u64::MAX).month(), Month(u16::MAX));
        assert_eq!("2024-03".parse(), Ok(Timestamp(1_709_251_200_000).month()));
        for bad in ["", "2024", "2024-3", "2024-13", "2024-00", "1969-12", "+024-03", "2024-03-01"] {
            assert!(bad.parse::<Month>().is_err(), "{bad}");
        }
        for month in (0..u16::MAX).map(Month) {
            let start = month.start();
            assert_eq!((start.date().2, start.month(), start.0 % 86_400_000), (1, month, 0), "{month}");
        }
        assert_eq!((Timestamp(Timestamp::DAY - 1).day(), Timestamp(Timestamp::DAY).day()), (0, 1));
        assert_eq!(
            (Timestamp(Timestamp::DAY * 7).short_day(), Timestamp(u64::MAX).short_day()),
            (7, u32::MAX)
        );
        assert_eq!(Month(14).since(Month(12)), 2);
        assert_eq!(Month(12).since(Month(14)), 0);
    }
}
