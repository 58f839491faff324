//! `trefoil up`: three services on this machine, ready to chat; with `--demo`, three people who do.

use super::Shared;
use crate::{
    print::{self, Printer},
    up::{Plan, Trefoil, demo, onward, plan},
};
use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};
use tokio::signal::unix::{SignalKind, signal};

/// Three services on this machine, ready to chat.
#[derive(Debug, Args)]
pub struct Up {
    /// Folder of the services, their certificates, and the people of the demonstration
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// Let three people talk across the services, and show what each sees and what the services hold
    #[arg(long)]
    demo: bool,
    /// First port of three for clients; other services connect ten above. 0 takes any free ports
    #[arg(long, value_name = "PORT", default_value_t = plan::PORT_BASE)]
    port_base: u16,
    /// Do not pass the services' logs on
    #[arg(long)]
    quiet: bool,
}

#[derive(Serialize)]
struct Ready {
    kind: &'static str,
    services: Vec<ReadyService>,
    ca: PathBuf,
    #[serde(skip)]
    commands: Vec<String>,
    #[serde(skip)]
    page: String,
}

#[derive(Serialize)]
struct ReadyService {
    profile: &'static str,
    domain: String,
    url: String,
    pid: Option<u32>,
    config: PathBuf,
}

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nThree services are up:")?;
        for service in &self.services {
            writeln!(
                f,
                "  {:13} {}  (process {})",
                service.domain,
                service.url,
                service.pid.unwrap_or_default()
            )?;
        }
        write!(f, "\nIn another terminal, two people and a message:")?;
        self.commands.iter().try_for_each(|command| write!(f, "\n  {command}"))?;
        write!(f, "\n\nOr in a browser:\n  {}", self.page)
    }
}

/// Does it, until it is told to stop.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn run(shared: &Shared, ask: Up) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be received")?;
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
    let plan = Plan::make(&ask.data, ask.port_base)?;
    // What is printed to be pasted holds in every folder.
    let data = fs::canonicalize(&ask.data).context("the data folder cannot be found")?;
    let mut up = tokio::select! {
        up = Trefoil::start(plan, ask.quiet) => up?,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    let outcome = tokio::select! {
        outcome = Box::pin(work(shared.out, ask.demo, &data, &mut up)) => outcome,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    print::remark("The services are being ended.");
    up.stop().await;
    outcome
}

async fn work(out: Printer, play: bool, data: &Path, up: &mut Trefoil) -> anyhow::Result<()> {
    if play {
        demo::run(out, up, data).await?;
    }
    let two = [&up.running[0].planned, &up.running[1].planned];
    let commands = onward::two_people(data, two, &up.ca)?;
    let page = onward::page(data, &up.list);
    let services = up
        .running
        .iter()
        .map(|running| ReadyService {
            profile: running.planned.profile,
            domain: running.planned.domain.clone(),
            url: running.planned.url.clone(),
            pid: running.pid(),
            config: running.planned.config.clone(),
        })
        .collect();
    out.record(&Ready { kind: "ready", services, ca: up.ca.clone(), commands, page })?;
    out.say("\nThe services stay up until Ctrl-C.")?;
    Err(up.broken().await.into())
}
