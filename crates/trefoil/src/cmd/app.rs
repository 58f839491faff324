//! `trefoil app`: the page, served on loopback from inside this program, in the person's browser.

use super::Shared;
use crate::{
    app::{self, NoLink, Running, Start},
    home::{Home, Serving, write_private},
    print,
};
use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use std::{
    fmt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use tokio::signal::unix::{SignalKind, signal};

/// How long a page that is being opened or closed elsewhere is waited for, and how long between two looks.
const WAIT: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(100);

/// Open the page on this machine: every conversation of every account, in a browser. If it is open already: another link.
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
    /// Another process serves it; this one gave the link and ended.
    already: bool,
}

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Trefoil is open at {}", self.link)?;
        writeln!(f, "That link works once and on this machine only; run this again for another.")?;
        write!(f, "Scripts find their token in {} (docs/local-api.md). ", self.token_file.display())?;
        f.write_str(if self.already { "It was open already, and stays." } else { "Ctrl-C ends it." })
    }
}

/// Does it, until it is told to stop; at once if another process serves the page of this person already.
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
    let Some(serving) = claim(shared, &ask, &home).await? else { return Ok(()) };
    let start = Start {
        home: home.folder(),
        serving,
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
        already: false,
    })?;
    open(&ask, &home, &link)?;
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

/// Takes the person's page for this process. `None` if another one serves it: that one was asked for a link, and the link
/// was opened.
async fn claim(shared: &Shared, ask: &App, home: &Home) -> anyhow::Result<Option<Serving>> {
    let end = Instant::now() + WAIT;
    loop {
        if let Some(serving) = Serving::claim(home.folder())? {
            return Ok(Some(serving));
        }
        let link = match app::another_link(home.folder()).await {
            Ok(made) => made.link,
            // It opens its accounts, or is about to end.
            Err(NoLink::NotFound | NoLink::Silent(_)) if Instant::now() < end => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        shared.out.record(&Ready {
            kind: "app",
            address: link.split("/#").next().unwrap_or_default().to_owned(),
            token_file: home.folder().join("app-token"),
            link: link.clone(),
            already: true,
        })?;
        if ask.port != 0 || ask.services.is_some() {
            print::remark("it was open already: --port and --services hold when it is opened anew");
        }
        open(ask, home, &link)?;
        return Ok(None);
    }
}

fn open(ask: &App, home: &Home, link: &str) -> anyhow::Result<()> {
    if ask.no_browser {
        return Ok(());
    }
    let door = home.folder().join("open.html");
    write_private(&door, doorway(link).as_bytes())?;
    if !open_browser(&door) {
        print::remark("no browser could be opened: open the link yourself");
    }
    Ok(())
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
