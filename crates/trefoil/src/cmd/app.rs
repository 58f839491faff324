//! `trefoil app`: the page, served on loopback from inside this program, in the person's browser.

use super::Shared;
use crate::{
    app::{self, Running, Start},
    home::write_private,
    print,
};
use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use std::{
    fmt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tokio::signal::unix::{SignalKind, signal};

/// Open the page on this machine: every conversation of every account, in a browser.
#[derive(Debug, Args)]
pub struct App {
    /// Port on this machine; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    /// Suggest the services of this list when an account is made (`trefoil up` writes one)
    #[arg(long, value_name = "FILE", env = "TREFOIL_SERVICES")]
    services: Option<PathBuf>,
    /// Print the link, and open no browser
    #[arg(long)]
    no_browser: bool,
    /// Print the description of the local API (OpenAPI), and do nothing else
    #[arg(long)]
    describe: bool,
}

#[derive(Serialize)]
struct Ready {
    kind: &'static str,
    link: String,
    address: String,
    token_file: PathBuf,
}

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Trefoil is open at {}", self.link)?;
        writeln!(f, "That link works once and on this machine only; run this again for another.")?;
        write!(
            f,
            "Scripts find their token in {} (docs/local-api.md). Ctrl-C ends it.",
            self.token_file.display()
        )
    }
}

/// Does it, until it is told to stop.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn run(shared: &Shared, ask: App) -> anyhow::Result<()> {
    if ask.describe {
        return shared.out.say(app::document().trim_end()).map_err(Into::into);
    }
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be received")?;
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
    let home = shared.home()?;
    let start = Start {
        home: home.folder(),
        passphrase: shared.passphrase()?,
        services: ask.services.as_deref(),
        port: ask.port,
    };
    let running = Running::start(start).await?;
    let link = running.link();
    shared.out.record(&Ready {
        kind: "app",
        address: format!("http://{}", running.address()),
        token_file: running.token_file().to_owned(),
        link: link.clone(),
    })?;
    if !ask.no_browser {
        let door = home.folder().join("open.html");
        write_private(&door, doorway(&link).as_bytes())?;
        if !open_browser(&door) {
            print::remark("no browser could be opened: open the link yourself");
        }
    }
    running
        .serve(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
        .await
        .context("the local server failed")
}

/// A page that leads to the link. Others on this machine can read what a program was started with, but not this file.
fn doorway(link: &str) -> String {
    format!(
        "<!doctype html><meta charset=utf-8><title>Trefoil</title><meta http-equiv=refresh content=\"0;url={link}\">"
    )
}

fn open_browser(door: &Path) -> bool {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let quiet = || Stdio::null();
    Command::new(opener).arg(door).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn().is_ok()
}
