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
    let minute = time.0 / 60_000 % 1440;
    let (year, month, date) = time.date();
    format!("{year:04}-{month:02}-{date:02} {:02}:{:02}", minute / 60, minute % 60)
}

/// Today's date in UTC: year, month, day of the month.
pub fn today() -> (u64, u64, u64) {
    now().date()
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
