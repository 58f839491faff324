//! `trefoil bench`: what this build does on this machine.

use super::Shared;
use crate::{
    bench::{Arrived, BenchError, Place, Shape, catchup, delivery, idle, start, store},
    print,
};
use clap::{Args, Subcommand};
use std::{path::PathBuf, time::Duration};

/// Measure what this build does on this machine
#[derive(Debug, Args)]
pub struct Bench {
    /// What to measure.
    #[command(subcommand)]
    ask: Ask,
    /// Folder in which the measured service keeps its store while it is measured: choose the disk by it
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Ask {
    /// Messages through a service: throughput, latency, processor time, and whether each came exactly once
    Delivery(Delivery),
    /// Memory of idle connections
    Idle(Idle),
    /// Devices that were offline read their mailboxes
    Catchup(Catchup),
    /// What the store alone appends
    Store(Store),
    /// From starting a service to its first answer, and its memory when idle
    Start(Start),
}

#[derive(Debug, Args)]
struct Delivery {
    /// Pairs of one sender and one receiver, each in a room of its own
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = at_least_one::<usize>)]
    senders: usize,
    /// One room with one sender and so many receivers, instead of pairs
    #[arg(long, value_name = "N", conflicts_with = "senders", value_parser = at_least_one::<usize>)]
    fanout: Option<usize>,
    /// Bytes of text in a message
    #[arg(long, value_name = "BYTES", default_value_t = 512, value_parser = at_least_one::<usize>)]
    payload: usize,
    /// Messages in all [default: 100000; with --rate as many as fit the time; with --fanout 4000]
    #[arg(long, value_name = "N", value_parser = at_least_one::<usize>)]
    messages: Option<usize>,
    /// Stop after so many seconds [default: with --rate 20]
    #[arg(long, value_name = "N", value_parser = at_least_one::<u64>)]
    seconds: Option<u64>,
    /// Send so many a second on a fixed schedule, all senders together, and count latency from when each was due;
    /// without it: as fast as the service acknowledges
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "500", value_parser = at_least_one::<u64>)]
    rate: Option<u64>,
    /// Unacknowledged messages of one sender at most, without --rate
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = at_least_one::<usize>)]
    window: usize,
}

#[derive(Debug, Args)]
struct Idle {
    /// How many
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = at_least_one::<usize>)]
    connections: usize,
    /// Without TLS
    #[arg(long)]
    plain: bool,
    /// Seconds before memory is read
    #[arg(long, value_name = "N", default_value_t = 3)]
    settle: u64,
}

#[derive(Debug, Args)]
struct Catchup {
    /// Messages that wait, all devices together
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = at_least_one::<usize>)]
    messages: usize,
    /// Devices that come back at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = at_least_one::<usize>)]
    devices: usize,
    /// Bytes of text in a message
    #[arg(long, value_name = "BYTES", default_value_t = 512, value_parser = at_least_one::<usize>)]
    payload: usize,
    /// Unacknowledged messages of one sender while the mailboxes are filled
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = at_least_one::<usize>)]
    window: usize,
}

#[derive(Debug, Args)]
struct Store {
    /// Tasks that each wait for one append before the next
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = at_least_one::<usize>)]
    writers: usize,
    /// Bytes of each body
    #[arg(long, value_name = "BYTES", default_value_t = 512, value_parser = at_least_one::<usize>)]
    payload: usize,
    /// How long
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = at_least_one::<u64>)]
    seconds: u64,
}

#[derive(Debug, Args)]
struct Start {
    /// How often
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = at_least_one::<usize>)]
    runs: usize,
    /// Accounts in the store
    #[arg(long, value_name = "N", default_value_t = 1000)]
    accounts: usize,
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence; also if a message that was acknowledged did not arrive exactly once.
pub async fn run(shared: &Shared, bench: Bench) -> anyhow::Result<()> {
    if cfg!(debug_assertions) {
        print::remark("This is a build without optimisation: its figures say nothing.");
    }
    let place = Place::make(bench.data.as_deref())?;
    let out = shared.out;
    match bench.ask {
        Ask::Delivery(ask) => {
            let report = Box::pin(delivery::run(&place, ask.into())).await?;
            out.record(&report)?;
            judged(report.arrived())?;
        }
        Ask::Catchup(Catchup { messages, devices, payload, window }) => {
            let ask = catchup::Ask { messages, devices, payload, window };
            let report = Box::pin(catchup::run(&place, ask)).await?;
            out.record(&report)?;
            judged(report.arrived())?;
        }
        Ask::Idle(Idle { connections, plain, settle }) => {
            let ask = idle::Ask { connections, plain, settle: Duration::from_secs(settle) };
            out.record(&Box::pin(idle::run(&place, ask)).await?)?;
        }
        Ask::Store(Store { writers, payload, seconds }) => {
            let ask = store::Ask { writers, payload, time: Duration::from_secs(seconds) };
            out.record(&store::run(&place, ask).await?)?;
        }
        Ask::Start(Start { runs, accounts }) => {
            let ask = start::Ask { runs, accounts, settle: Duration::from_secs(1) };
            out.record(&Box::pin(start::run(&place, ask)).await?)?;
        }
    }
    Ok(())
}

impl From<Delivery> for delivery::Ask {
    fn from(ask: Delivery) -> Self {
        let Delivery { senders, fanout, payload, messages, seconds, rate, window } = ask;
        let seconds = seconds.or(rate.map(|_| 20));
        let fitting =
            rate.zip(seconds).map(|(rate, seconds)| usize::try_from(rate * seconds).unwrap_or(usize::MAX));
        let usual = if fanout.is_some() { 4000 } else { 100_000 };
        Self {
            shape: match fanout {
                Some(receivers) => Shape::Room { receivers: receivers.max(1) },
                None => Shape::Pairs { count: senders.max(1) },
            },
            payload,
            messages: messages.or(fitting).unwrap_or(usual),
            limit: seconds.map(Duration::from_secs),
            rate,
            window,
        }
    }
}

fn judged(arrived: &Arrived) -> Result<(), BenchError> {
    if arrived.exactly_once {
        Ok(())
    } else {
        Err(BenchError::Broken(format!("delivery is broken: {arrived}")))
    }
}

/// A number; nothing can be measured with none.
fn at_least_one<T: std::str::FromStr + PartialEq + Default>(raw: &str) -> Result<T, String> {
    raw.parse()
        .ok()
        .filter(|number| *number != T::default())
        .ok_or_else(|| "give a whole number from 1".to_owned())
}
