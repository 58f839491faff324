//! Messages through the service: how many a second, how fast, at what cost, and whether each came exactly once.

use super::{
    BenchError, Conditions, Place, Server,
    lanes::{self, Lane, Shape},
    load::{self, Outcome, Pace, Presence, Stage},
    machine::{Usage, millis},
    report,
    server::Prepared,
    socket::Target,
};
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Who sends to whom.
    pub shape: Shape,
    /// Bytes of text in a message.
    pub payload: usize,
    /// Messages in all.
    pub messages: usize,
    /// No longer than this.
    pub limit: Option<Duration>,
    /// On a fixed schedule, so many a second; else as fast as the service answers.
    pub rate: Option<u64>,
    /// Unanswered submissions of one sender.
    pub window: usize,
}

/// Measures, and says so in the report if something was not delivered exactly once.
///
/// # Errors
/// [`BenchError`].
pub async fn run(place: &Place, ask: Ask) -> Result<report::Delivery, BenchError> {
    let pace = match ask.rate {
        Some(rate) => Pace::Open { rate },
        None => Pace::Closed { window: ask.window.max(1), limit: ask.limit },
    };
    let kind = if matches!(ask.shape, Shape::Room { .. }) { "fan-out" } else { "delivery" };
    measure(place, ask, pace, Presence::Along, kind).await
}

/// As [`run`], with receivers that come only when every message waits for them.
pub(super) async fn after(place: &Place, ask: Ask) -> Result<report::Delivery, BenchError> {
    let pace = Pace::Closed { window: ask.window.max(1), limit: None };
    measure(place, ask, pace, Presence::After, "catch-up").await
}

async fn measure(
    place: &Place,
    ask: Ask,
    pace: Pace,
    presence: Presence,
    kind: &'static str,
) -> Result<report::Delivery, BenchError> {
    let prepared = Prepared::make(place)?;
    let server = Server::start(&prepared, false).await?;
    let lanes = lanes::prepare(&server, ask.shape, ask.messages, ask.payload).await?;
    let conditions = Conditions::look(place.folder())?;
    let target = Target::of(&server);
    let pid = server.pid;
    let loaded = tokio::task::spawn_blocking(move || load(&target, lanes, pace, presence, pid)).await;
    let ran = loaded.map_err(|error| BenchError::Thread(error.into()))??;
    server.stop().await;
    Ok(summary(ask, kind, presence, &ran, conditions))
}

/// What the kernel said at a stage.
#[derive(Clone, Copy)]
struct Reading {
    at: Instant,
    server: Usage,
    own: Usage,
}

struct Ran {
    outcome: Outcome,
    begin: Reading,
    end: Reading,
    rooms: usize,
    receivers: usize,
    frame: usize,
}

fn load(
    target: &Target,
    lanes: Vec<Lane>,
    pace: Pace,
    presence: Presence,
    pid: u32,
) -> Result<Ran, BenchError> {
    let readings = Mutex::new(Vec::new());
    let read = |_: Stage| {
        let reading =
            Reading { at: Instant::now(), server: Usage::of(pid)?, own: Usage::of(std::process::id())? };
        readings.lock().unwrap_or_else(PoisonError::into_inner).push(reading);
        Ok(())
    };
    let outcome = load::run(target, &lanes, pace, presence, &read)?;
    let readings = readings.into_inner().unwrap_or_else(PoisonError::into_inner);
    let [.., begin, end] = readings[..] else {
        return Err(BenchError::Garbled("a run without a beginning or an end"));
    };
    let frames = lanes.iter().map(|lane| lane.frames.len()).sum::<usize>();
    Ok(Ran {
        outcome,
        begin,
        end,
        rooms: lanes.len(),
        receivers: lanes.iter().map(|lane| lane.receivers.len()).sum(),
        frame: lanes.iter().flat_map(|lane| &lane.frames).map(|frame| frame.len()).sum::<usize>()
            / frames.max(1),
    })
}

fn summary(
    ask: Ask,
    kind: &'static str,
    presence: Presence,
    ran: &Ran,
    conditions: Conditions,
) -> report::Delivery {
    let Ran { outcome, begin, end, .. } = ran;
    let messages = outcome.verdict.acknowledged.max(1) as f64;
    let wall = end.at.duration_since(begin.at).as_secs_f64();
    let server = end.server.processor.saturating_sub(begin.server.processor);
    let own = end.own.processor.saturating_sub(begin.own.processor);
    let a_second = |count: f64, time: Duration| count / time.as_secs_f64().max(1e-9);
    report::Delivery {
        kind,
        rooms: ran.rooms,
        receivers: ran.receivers,
        payload: ask.payload,
        frame: ran.frame,
        rate: ask.rate,
        window: ask.rate.is_none().then_some(ask.window),
        answered_per_second: a_second(messages, outcome.answering),
        delivered_per_second: a_second(messages, outcome.delivering),
        deliveries_per_second: a_second(outcome.verdict.deliveries as f64, outcome.delivering),
        sent_to_answered: report::Times::of(&outcome.answered),
        sent_to_received: (presence == Presence::Along).then(|| report::Times::of(&outcome.delivered)),
        server_ms_per_message: millis(server) / messages,
        load_ms_per_message: millis(own) / messages,
        server_processors: server.as_secs_f64() / wall,
        load_processors: own.as_secs_f64() / wall,
        written_bytes_per_message: end.server.written.saturating_sub(begin.server.written) as f64 / messages,
        server_resident_mib: end.server.resident as f64 / (1024.0 * 1024.0),
        arrived: outcome.verdict.into(),
        conditions,
    }
}
