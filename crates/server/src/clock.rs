//! The one place of this crate that reads the time; everything else is told it.

use std::sync::atomic::{AtomicU64, Ordering};
use trefoil_proto::Timestamp;

/// Tells the time to the edge and to background work.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the UNIX epoch.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Timestamp(since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// A day for a machine, in UTC: `2023-08-08`.
pub fn date(at: Timestamp) -> String {
    let (year, month, day) = at.date();
    format!("{year:04}-{month:02}-{day:02}")
}

/// A time for a machine, in UTC, to the second: `2023-08-08T17:30:00Z`.
pub fn date_time(at: Timestamp) -> String {
    let seconds = at.0 / 1000 % 86_400;
    format!("{}T{:02}:{:02}:{:02}Z", date(at), seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A clock that stands still until it is moved: for simulations and tests.
#[derive(Debug, Default)]
pub struct ManualClock {
    now: AtomicU64,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self { now: AtomicU64::new(now.0) }
    }

    /// Moves the clock on.
    pub fn advance(&self, millis: u64) {
        self.now.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_machines_read_them() {
        assert_eq!(date_time(Timestamp(0)), "1970-01-01T00:00:00Z");
        assert_eq!(date(Timestamp(951_782_400_000)), "2000-02-29");
        assert_eq!(date_time(Timestamp(1_765_387_859_999)), "2025-12-10T17:30:59Z");
    }
}
