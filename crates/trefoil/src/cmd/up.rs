//! `trefoil up`: three services on this machine, ready to chat; with `--demo`, three people who do.

use super::Shared;
use crate::{
    print::{self, Printer},
    up::{Plan, Trefoil, demo, plan},
};
use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use std::{fmt, path::PathBuf};
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
    data: PathBuf,
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
        let program = program();
        let ca = quoted(&self.ca.display().to_string());
        let home = |name: &str| quoted(&self.data.join("people").join(name).display().to_string());
        writeln!(f, "\nIn another terminal, two people and a message:")?;
        for (name, service) in [("ada", &self.services[0]), ("grace", &self.services[1])] {
            writeln!(
                f,
                "  {program} --home {} account create {name} --name {name} --service {} --ca {ca}",
                home(name),
                service.url
            )?;
        }
        writeln!(
            f,
            "  {program} --home {} rooms create Tea --with \"$({program} --home {} account card)\"",
            home("ada"),
            home("grace")
        )?;
        writeln!(f, "  {program} --home {} send Tea 'Hello, across services'", home("ada"))?;
        write!(f, "  {program} --home {} receive", home("grace"))
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
    let mut up = tokio::select! {
        up = Trefoil::start(plan, ask.quiet) => up?,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    let outcome = tokio::select! {
        outcome = Box::pin(work(shared.out, &ask, &mut up)) => outcome,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    print::remark("The services are being ended.");
    up.stop().await;
    outcome
}

async fn work(out: Printer, ask: &Up, up: &mut Trefoil) -> anyhow::Result<()> {
    if ask.demo {
        demo::run(out, up, &ask.data).await?;
    }
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
    out.record(&Ready { kind: "ready", services, ca: up.ca.clone(), data: ask.data.clone() })?;
    out.say("\nThe services stay up until Ctrl-C.")?;
    Err(up.broken().await.into())
}

/// This program as the person called it.
pub fn program() -> String {
    quoted(&std::env::args().next().unwrap_or_else(|| "trefoil".to_owned()))
}

/// Text as one word of a POSIX shell.
pub fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-:=+@%,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("data/people/ada"), "data/people/ada");
        assert_eq!(quoted("my data"), "'my data'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
