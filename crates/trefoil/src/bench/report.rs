//! What the benchmarks print: for people, or as one JSON object.

use super::machine::{Conditions, millis};
use super::tally::Verdict;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::{fmt, time::Duration};

/// Percentiles of a time, in milliseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Times {
    p50_ms: f64,
    p90_ms: f64,
    p99_ms: f64,
    p999_ms: f64,
    max_ms: f64,
}

/// For times from a nanosecond to ten minutes, with three digits.
pub(super) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 600_000_000_000, 3).expect("the bounds are in order")
}

impl Times {
    /// Of a histogram in nanoseconds.
    pub(super) fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| millis(Duration::from_nanos(histogram.value_at_quantile(quantile)));
        Self {
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: millis(Duration::from_nanos(histogram.max())),
        }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms, max {:.2} ms",
            self.p50_ms, self.p90_ms, self.p99_ms, self.p999_ms, self.max_ms
        )
    }
}

/// Whether everything that was acknowledged came exactly once.
#[derive(Clone, Debug, Serialize)]
pub struct Arrived {
    /// Messages that the service acknowledged.
    pub acknowledged: usize,
    /// Deliveries in all.
    pub deliveries: usize,
    lost: usize,
    repeated: usize,
    reordered: usize,
    unknown: usize,
    refused: usize,
    /// All of that, and nothing else.
    pub exactly_once: bool,
}

impl From<Verdict> for Arrived {
    fn from(verdict: Verdict) -> Self {
        Self {
            acknowledged: verdict.acknowledged,
            deliveries: verdict.deliveries,
            lost: verdict.lost,
            repeated: verdict.repeated,
            reordered: verdict.reordered,
            unknown: verdict.unknown,
            refused: verdict.refused,
            exactly_once: verdict.holds(),
        }
    }
}

impl fmt::Display for Arrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} acknowledged, {} deliveries: {}; {} lost, {} repeated, {} out of order, {} unknown, {} refused",
            self.acknowledged,
            self.deliveries,
            if self.exactly_once {
                "each exactly once and in order"
            } else {
                "NOT exactly once and in order"
            },
            self.lost,
            self.repeated,
            self.reordered,
            self.unknown,
            self.refused
        )
    }
}

/// A run of messages.
#[derive(Clone, Debug, Serialize)]
pub struct Delivery {
    pub(super) kind: &'static str,
    pub(super) rooms: usize,
    pub(super) receivers: usize,
    pub(super) payload: usize,
    /// Mean size of a submission, in bytes.
    pub(super) frame: usize,
    pub(super) rate: Option<u64>,
    pub(super) window: Option<usize>,
    pub(super) answered_per_second: f64,
    pub(super) delivered_per_second: f64,
    pub(super) deliveries_per_second: f64,
    pub(super) sent_to_answered: Times,
    /// Absent when receivers were away while messages were sent.
    pub(super) sent_to_received: Option<Times>,
    /// User and system time of the service, by messages accepted.
    pub(super) server_ms_per_message: f64,
    pub(super) load_ms_per_message: f64,
    /// By wall clock: 1 is one processor.
    pub(super) server_processors: f64,
    pub(super) load_processors: f64,
    pub(super) written_bytes_per_message: f64,
    pub(super) server_resident_mib: f64,
    pub(super) arrived: Arrived,
    pub(super) conditions: Conditions,
}

impl Delivery {
    /// Whether everything that was acknowledged came exactly once.
    pub const fn arrived(&self) -> &Arrived {
        &self.arrived
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.rate, self.window) {
            (Some(rate), _) => writeln!(f, "{}: {rate} messages a second on a fixed schedule", self.kind)?,
            (_, window) => writeln!(f, "{}: {} unanswered a sender", self.kind, window.unwrap_or_default())?,
        }
        writeln!(
            f,
            "  {} rooms, {} receivers, {} bytes encrypted to {}",
            self.rooms, self.receivers, self.payload, self.frame
        )?;
        writeln!(
            f,
            "  messages a second: {:.0} acknowledged, {:.0} delivered; deliveries a second: {:.0}",
            self.answered_per_second, self.delivered_per_second, self.deliveries_per_second
        )?;
        if let Some(times) = &self.sent_to_received {
            writeln!(f, "  sent to received: {times}")?;
        }
        writeln!(f, "  sent to acknowledged: {}", self.sent_to_answered)?;
        writeln!(
            f,
            "  processor time a message: service {:.4} ms, load {:.4} ms ({:.2} and {:.2} processors)",
            self.server_ms_per_message,
            self.load_ms_per_message,
            self.server_processors,
            self.load_processors
        )?;
        writeln!(
            f,
            "  service: {:.1} MiB resident, {:.0} bytes written a message",
            self.server_resident_mib, self.written_bytes_per_message
        )?;
        writeln!(f, "  {}", self.arrived)?;
        write!(f, "  {}", self.conditions)
    }
}

/// Memory of idle connections.
#[derive(Clone, Debug, Serialize)]
pub struct Idle {
    pub(super) kind: &'static str,
    pub(super) connections: usize,
    pub(super) tls: bool,
    pub(super) before_kib: f64,
    pub(super) after_kib: f64,
    /// Growth of resident memory by connections.
    pub(super) kib_per_connection: f64,
    /// The part of it that is not backed by files.
    pub(super) anonymous_kib_per_connection: f64,
    pub(super) conditions: Conditions,
}

impl fmt::Display for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "idle: {} authenticated connections {}",
            self.connections,
            if self.tls { "with TLS" } else { "without TLS" }
        )?;
        writeln!(
            f,
            "  {:.2} KiB a connection ({:.2} anonymous): resident {:.0} KiB before, {:.0} KiB with all",
            self.kib_per_connection, self.anonymous_kib_per_connection, self.before_kib, self.after_kib
        )?;
        write!(f, "  {}", self.conditions)
    }
}

/// Start of a service.
#[derive(Clone, Debug, Serialize)]
pub struct Start {
    pub(super) kind: &'static str,
    pub(super) runs: usize,
    pub(super) accounts: usize,
    pub(super) store_mib: f64,
    pub(super) healthy_ms_median: f64,
    pub(super) healthy_ms_max: f64,
    pub(super) resident_mib: f64,
    pub(super) conditions: Conditions,
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "start: {:.1} ms from exec to the first answer over TLS (median of {}, worst {:.1} ms)",
            self.healthy_ms_median, self.runs, self.healthy_ms_max
        )?;
        writeln!(
            f,
            "  {:.1} MiB resident when idle; store of {} accounts, {:.1} MiB",
            self.resident_mib, self.accounts, self.store_mib
        )?;
        write!(f, "  {}", self.conditions)
    }
}

/// The store alone.
#[derive(Clone, Debug, Serialize)]
pub struct Store {
    pub(super) kind: &'static str,
    pub(super) writers: usize,
    pub(super) payload: usize,
    pub(super) appends: u64,
    pub(super) appends_per_second: f64,
    pub(super) commit: Times,
    pub(super) processor_ms_per_append: f64,
    pub(super) conditions: Conditions,
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "store alone: {:.0} appends a second ({} writers, {} bytes, {} appends), each durable",
            self.appends_per_second, self.writers, self.payload, self.appends
        )?;
        writeln!(
            f,
            "  commit: {}; processor time an append: {:.4} ms",
            self.commit, self.processor_ms_per_append
        )?;
        write!(f, "  {}", self.conditions)
    }
}
