//! The one place of the client's side that reads a clock.

use std::time::{SystemTime, UNIX_EPOCH};
use trefoil_proto::Timestamp;

/// The time now, in milliseconds since the UNIX epoch; zero on a machine whose clock stands before it.
pub fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the shell is where time comes in")]
    let now = SystemTime::now();
    let millis = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    Timestamp(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// A time for people: date and time of day in UTC, to the minute (RFC 3339 without seconds).
pub fn readable(time: Timestamp) -> String {
    let minutes = time.0 / 60_000;
    let (day, minute) = (minutes / 1440, minutes % 1440);
    let (year, month, date) = civil(day);
    format!("{year:04}-{month:02}-{date:02} {:02}:{:02}", minute / 60, minute % 60)
}

/// Today's date in UTC: year, month, day of the month.
pub fn today() -> (u64, u64, u64) {
    civil(now().0 / 86_400_000)
}

/// Gregorian date of a day counted from 1970-01-01. After Howard Hinnant, "chrono-compatible low-level date
/// algorithms", `civil_from_days`.
fn civil(day: u64) -> (u64, u64, u64) {
    let shifted = day + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times_are_written_as_people_write_them() {
        assert_eq!(readable(Timestamp(0)), "1970-01-01 00:00");
        assert_eq!(readable(Timestamp(951_782_400_000)), "2000-02-29 00:00");
        assert_eq!(readable(Timestamp(1_765_387_800_000)), "2025-12-10 17:30");
    }
}
