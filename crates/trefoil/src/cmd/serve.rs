//! `trefoil serve`: one service, from a configuration file.

use super::Shared;
use crate::exit::UsageError;
use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use std::{
    error::Error as _,
    fmt,
    io::{self, Read as _},
    path::{Path, PathBuf},
};
use tokio::signal::unix::{SignalKind, signal};
use trefoil_server::{Config, Service, console::PageFile};

/// Path and bytes of each file of `web/dist-desk`.
const CONSOLE_PAGE: &[PageFile] = include!(concat!(env!("OUT_DIR"), "/console_page.rs"));

/// One service, from a configuration file.
#[derive(Debug, Args)]
pub struct Serve {
    /// Configuration (TOML; every key is in docs/configuration.md)
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// End when standard input ends: for a program that starts this one
    #[arg(long)]
    until_input_ends: bool,
}

#[derive(Serialize)]
struct Listening {
    kind: &'static str,
    domain: String,
    client: String,
    federation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    console: Option<String>,
}

impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} listens on {} for its people, on {} for other services",
            self.domain, self.client, self.federation
        )?;
        match &self.console {
            Some(console) => write!(f, ", on {console} for its safety team"),
            None => Ok(()),
        }
    }
}

/// Does it, until it is told to stop.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn run(shared: &Shared, ask: Serve) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be received")?;
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
    let config = read(&ask.config)?;
    let domain = config.domain.to_string();
    let service = Service::open(config).with_context(|| format!("the service {domain} cannot be opened"))?;
    let service = service.with_console_page(CONSOLE_PAGE);
    let addresses = service.addresses();
    shared.out.record(&Listening {
        kind: "listening",
        domain,
        client: addresses.client.to_string(),
        federation: addresses.federation.to_string(),
        console: addresses.console.map(|address| address.to_string()),
    })?;
    let leash = async {
        if ask.until_input_ends {
            input_ends().await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    let stop = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = leash => {}
        }
    };
    Box::pin(service.run(stop)).await.context("the service ended by itself")
}

/// Reads a configuration, with what the environment overrides.
pub(super) fn read(path: &Path) -> anyhow::Result<Config> {
    Config::load(path, std::env::vars()).map_err(|error| {
        let why = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        let sentence = format!("the configuration {} cannot be used: {error}{why}", path.display());
        anyhow::Error::from(error).context(UsageError(sentence))
    })
}

/// Resolves when standard input ends, or can no longer be read. A thread of its own waits for that: one of the
/// runtime's would hold up the end of the program.
async fn input_ends() {
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut ignored = [0; 256];
        while matches!(io::stdin().lock().read(&mut ignored), Ok(read) if read > 0) {}
        // Nobody listens any more if the service is ending already.
        let _ = tell.send(());
    });
    // The thread always tells before it ends.
    let _ = told.await;
}
