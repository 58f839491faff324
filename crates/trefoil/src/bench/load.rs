//! The load: senders that submit prepared frames, receivers that read, match and acknowledge. One thread, because the
//! machine is shared with what is measured.

use super::{
    BenchError,
    lanes::Lane,
    report,
    socket::{Hearing, Sending, Target},
    tally::{Tally, Verdict},
    wire::{self, Said},
};
use bytes::Bytes;
use futures_util::future::try_join_all;
use hdrhistogram::Histogram;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    thread,
    time::{Duration, Instant},
};
use tokio::{
    sync::{mpsc, watch},
    task::LocalSet,
    time::{sleep, timeout},
};

/// Longest time that a delivery may take after the last acknowledgement.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the service may work on after the last delivery (the trims of the last acknowledgements).
const AFTERWARDS: Duration = Duration::from_millis(300);
/// Bytes that a connection of the load reads at a time.
const BUFFER: usize = 64 * 1024;
/// Frames that a receiver takes before it writes its acknowledgements.
const AT_ONCE: usize = 32;

/// How fast to submit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// As fast as the service answers, with so many unanswered submissions a sender, for no longer than this.
    Closed {
        /// Unanswered submissions of one sender at most.
        window: usize,
        /// When to stop, if not all is sent before.
        limit: Option<Duration>,
    },
    /// On a fixed schedule, so many a second by all senders together.
    Open {
        /// Messages a second.
        rate: u64,
    },
}

/// Who is connected while messages are submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Receivers read along.
    Along,
    /// Receivers come only when everything is answered.
    After,
}

/// What a load came to.
#[derive(Debug)]
pub(super) struct Outcome {
    /// What arrived.
    pub verdict: Verdict,
    /// From the beginning to the last answer.
    pub answering: Duration,
    /// From the beginning to the last delivery; with [`Presence::After`] from the moment the receivers connect.
    pub delivering: Duration,
    /// From due to answered, in nanoseconds.
    pub answered: Histogram<u64>,
    /// From due to received, in nanoseconds.
    pub delivered: Histogram<u64>,
}

/// Called when everybody is connected and nothing was submitted yet, when everything is answered (with
/// [`Presence::After`] only), and when everything is delivered.
pub(super) type Watcher<'a> = &'a (dyn Fn(Stage) -> Result<(), BenchError> + Sync);

/// Where a load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing was submitted yet.
    Before,
    /// Everything is answered, receivers are about to come.
    Filled,
    /// Everything is delivered.
    Done,
}

/// Runs a load to its end.
pub(super) fn run(
    target: &Target,
    lanes: &[Lane],
    pace: Pace,
    presence: Presence,
    watcher: Watcher<'_>,
) -> Result<Outcome, BenchError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(BenchError::Thread)?;
    LocalSet::new().block_on(&runtime, whole(target, lanes, pace, presence, watcher))
}

/// What senders and receivers share.
struct Shared {
    begun: Cell<Instant>,
    last_answer: Cell<Duration>,
    last_delivery: Cell<Duration>,
    answered: RefCell<Histogram<u64>>,
    delivered: RefCell<Histogram<u64>>,
}

impl Shared {
    fn new() -> Self {
        Self {
            begun: Cell::new(Instant::now()),
            last_answer: Cell::default(),
            last_delivery: Cell::default(),
            answered: RefCell::new(report::histogram()),
            delivered: RefCell::new(report::histogram()),
        }
    }
}

async fn whole(
    target: &Target,
    lanes: &[Lane],
    pace: Pace,
    presence: Presence,
    watcher: Watcher<'_>,
) -> Result<Outcome, BenchError> {
    let shared = Rc::new(Shared::new());
    let tallies: Vec<_> =
        lanes.iter().map(|lane| Rc::new(Tally::new(lane.marks.clone(), lane.receivers.len()))).collect();
    let mut senders = Vec::new();
    for lane in lanes {
        let (sending, mut hearing) = target.open(&lane.sender, BUFFER).await?;
        senders.push((clear(sending, &mut hearing).await?, hearing));
    }
    let (tell, done) = watch::channel(false);
    let mut receiving = match presence {
        Presence::Along => {
            let open = receivers(target, lanes, &tallies, &shared, &done, true).await?;
            Some(tokio::task::spawn_local(try_join_all(open)))
        }
        Presence::After => None,
    };

    watcher(Stage::Before)?;
    shared.begun.set(Instant::now());
    let (pacer, due) = pacer(pace, lanes, shared.begun.get())?;
    let submitting = senders.into_iter().zip(lanes).zip(&tallies).zip(due).map(
        |((((sending, hearing), lane), tally), due)| {
            let (tally, shared, frames) = (Rc::clone(tally), Rc::clone(&shared), lane.frames.clone());
            tokio::task::spawn_local(async move {
                match (due, pace) {
                    (Some(due), _) => scheduled(sending, hearing, frames, due, &tally, &shared).await,
                    (_, Pace::Closed { window, limit }) => {
                        windowed(sending, hearing, frames, window, limit, &tally, &shared).await
                    }
                    (None, Pace::Open { .. }) => Ok(()),
                }
            })
        },
    );
    for submitted in submitting.collect::<Vec<_>>() {
        submitted.await.map_err(|error| BenchError::Thread(error.into()))??;
    }
    if let Some(pacer) = pacer {
        pacer.join().map_err(|_| BenchError::Thread(std::io::ErrorKind::Other.into()))?;
    }
    // Nobody waits for it any more once every receiver has ended.
    let _ = tell.send(true);
    if presence == Presence::After {
        watcher(Stage::Filled)?;
        shared.begun.set(Instant::now());
        let open = receivers(target, lanes, &tallies, &shared, &done, false).await?;
        receiving = Some(tokio::task::spawn_local(try_join_all(open)));
    }
    if let Some(receiving) = receiving {
        // What has not come by then counts as lost.
        if let Ok(ended) = timeout(PATIENCE, receiving).await {
            ended.map_err(|error| BenchError::Thread(error.into()))??;
        }
    }
    sleep(AFTERWARDS).await;
    watcher(Stage::Done)?;

    let verdict = tallies.iter().map(|tally| tally.verdict()).fold(Verdict::default(), Verdict::and);
    let (answered, delivered) = (shared.answered.borrow().clone(), shared.delivered.borrow().clone());
    let (answering, delivering) = (shared.last_answer.get(), shared.last_delivery.get());
    Ok(Outcome { verdict, answering, delivering, answered, delivered })
}

/// Submits with a bounded number of unanswered frames.
async fn windowed(
    mut sending: Sending,
    mut hearing: Hearing,
    frames: Vec<Bytes>,
    window: usize,
    limit: Option<Duration>,
    tally: &Tally,
    shared: &Shared,
) -> Result<(), BenchError> {
    let begun = shared.begun.get();
    let mut frames = (0u32..).zip(frames).peekable();
    let mut unanswered = 0;
    loop {
        if limit.is_some_and(|limit| begun.elapsed() >= limit) {
            frames = (0u32..).zip(Vec::new()).peekable();
        }
        // Several at a time, so that a write carries several; the window is kept at least half full.
        if unanswered <= window / 2 {
            while unanswered < window
                && let Some((index, frame)) = frames.next()
            {
                tally.due(index, begun.elapsed());
                sending.feed(frame).await?;
                unanswered += 1;
            }
            sending.flush().await?;
        }
        if unanswered == 0 && frames.peek().is_none() {
            return Ok(());
        }
        unanswered -= answers(&mut sending, hearing.next().await?, tally, shared).await?;
        while let Some(frame) = hearing.ready() {
            unanswered -= answers(&mut sending, frame?, tally, shared).await?;
        }
    }
}

/// Submits when it is due, however many answers are missing.
async fn scheduled(
    mut sending: Sending,
    mut hearing: Hearing,
    frames: Vec<Bytes>,
    mut due: mpsc::UnboundedReceiver<Duration>,
    tally: &Tally,
    shared: &Shared,
) -> Result<(), BenchError> {
    let mut frames = (0u32..).zip(frames);
    let mut unanswered = 0;
    let mut ended = false;
    while !ended || unanswered > 0 {
        tokio::select! {
            next = due.recv(), if !ended => {
                let mut next = next;
                ended = next.is_none();
                while let Some(at) = next {
                    if let Some((index, frame)) = frames.next() {
                        tally.due(index, at);
                        sending.feed(frame).await?;
                        unanswered += 1;
                    }
                    next = due.try_recv().ok();
                }
                sending.flush().await?;
            }
            frame = hearing.next() => unanswered -= answers(&mut sending, frame?, tally, shared).await?,
        }
    }
    Ok(())
}

/// Takes in what a sender hears; gives the number of submissions that it answers.
async fn answers(
    sending: &mut Sending,
    frame: Bytes,
    tally: &Tally,
    shared: &Shared,
) -> Result<usize, BenchError> {
    match wire::said(&frame)? {
        Said::Accepted(index) => {
            if let Some(time) = tally.answered(index, shared.begun.get()) {
                shared.answered.borrow_mut().saturating_record(nanos(time));
            }
            shared.last_answer.set(shared.begun.get().elapsed());
            Ok(1)
        }
        Said::NotAccepted(_) => {
            tally.refused();
            Ok(1)
        }
        Said::Refused(_, code) => Err(wire::refusal(code)),
        Said::Deliver(entries) => {
            acknowledge_last(sending, entries).await?;
            sending.flush().await?;
            Ok(0)
        }
        Said::CaughtUp | Said::Other => Ok(0),
    }
}

/// Connects the receivers; each future ends when everything that was acknowledged has come and `done` is true.
async fn receivers(
    target: &Target,
    lanes: &[Lane],
    tallies: &[Rc<Tally>],
    shared: &Rc<Shared>,
    done: &watch::Receiver<bool>,
    clear_first: bool,
) -> Result<Vec<impl Future<Output = Result<(), BenchError>> + use<>>, BenchError> {
    let mut open = Vec::new();
    for (lane, tally) in lanes.iter().zip(tallies) {
        for (receiver, token) in lane.receivers.iter().enumerate() {
            let (mut sending, mut hearing) = target.open(token, BUFFER).await?;
            if clear_first {
                sending = clear(sending, &mut hearing).await?;
            }
            let (tally, shared, done) = (Rc::clone(tally), Rc::clone(shared), done.clone());
            open.push(async move { receive(sending, hearing, receiver, &tally, &shared, done).await });
        }
    }
    Ok(open)
}

async fn receive(
    mut sending: Sending,
    mut hearing: Hearing,
    receiver: usize,
    tally: &Tally,
    shared: &Shared,
    mut done: watch::Receiver<bool>,
) -> Result<(), BenchError> {
    loop {
        let ending = *done.borrow();
        if ending && tally.fresh(receiver) >= tally.acknowledged() {
            return Ok(());
        }
        let mut frame = tokio::select! {
            frame = hearing.next() => frame?,
            changed = done.changed(), if !ending => match changed {
                Ok(()) => continue,
                Err(_) => return Ok(()),
            },
        };
        for _ in 0..AT_ONCE {
            if let Said::Deliver(entries) = wire::said(&frame)? {
                let mut last = None;
                for entry in entries {
                    let (position, mark) = entry?;
                    last = Some(position);
                    if let Some(time) =
                        mark.and_then(|mark| tally.delivered(receiver, mark, shared.begun.get()))
                    {
                        shared.delivered.borrow_mut().saturating_record(nanos(time));
                    }
                }
                if let Some(last) = last {
                    shared.last_delivery.set(shared.begun.get().elapsed());
                    sending.acknowledge(last).await?;
                }
            }
            match hearing.ready() {
                Some(next) => frame = next?,
                None => break,
            }
        }
        sending.flush().await?;
    }
}

/// Reads and acknowledges what waits in a mailbox from before.
async fn clear(mut sending: Sending, hearing: &mut Hearing) -> Result<Sending, BenchError> {
    loop {
        let frame = timeout(PATIENCE, hearing.next()).await;
        match wire::said(&frame.map_err(|_| BenchError::Garbled("no word of having caught up"))??)? {
            Said::Deliver(entries) => {
                acknowledge_last(&mut sending, entries).await?;
                sending.flush().await?;
            }
            Said::CaughtUp => return Ok(sending),
            _ => {}
        }
    }
}

async fn acknowledge_last(sending: &mut Sending, entries: wire::Entries<'_>) -> Result<(), BenchError> {
    let mut last = None;
    for entry in entries {
        last = Some(entry?.0);
    }
    match last {
        Some(last) => sending.acknowledge(last).await,
        None => Ok(()),
    }
}

type Due = Option<mpsc::UnboundedReceiver<Duration>>;

/// A thread that says when each message is due: the runtime's own clock is too coarse for that.
fn pacer(
    pace: Pace,
    lanes: &[Lane],
    begun: Instant,
) -> Result<(Option<thread::JoinHandle<()>>, Vec<Due>), BenchError> {
    let Pace::Open { rate } = pace else { return Ok((None, lanes.iter().map(|_| None).collect())) };
    let (tell, due): (Vec<_>, Vec<_>) =
        lanes.iter().map(|_| mpsc::unbounded_channel()).map(|(t, d)| (t, Some(d))).unzip();
    let total = lanes.iter().map(|lane| lane.frames.len() as u64).sum::<u64>();
    let pace = move || {
        for index in 0..total {
            let at = Duration::from_nanos(index * 1_000_000_000 / rate.max(1));
            thread::sleep(at.saturating_sub(begun.elapsed()));
            // A sender that has failed ends the run by itself.
            let _ = tell[usize::try_from(index).unwrap_or_default() % tell.len()].send(at);
        }
    };
    let pacer = thread::Builder::new().name("pacer".to_owned()).spawn(pace).map_err(BenchError::Thread)?;
    Ok((Some(pacer), due))
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
