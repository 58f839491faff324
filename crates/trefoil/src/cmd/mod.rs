//! The commands, one file each, and what they have in common: the home folder, the passphrase, a connected device.

pub mod account;
mod accounts;
pub mod admin;
mod admin_staff;
mod alarms;
pub mod app;
pub mod audit;
pub mod bench;
pub mod boundaries;
pub mod community;
pub mod completions;
mod decisions;
pub mod export;
pub mod find;
mod found_evidence;
mod found_reports;
pub mod guardian;
pub mod inventory;
mod invitations;
mod linking;
pub mod log;
mod log_release;
pub mod man;
mod marks;
pub mod moderate;
mod pass;
mod picture;
mod pin;
mod proven;
mod reading;
pub mod receive;
pub mod recovery;
mod release_guardian;
mod remove_from_room;
pub mod report;
pub mod rooms;
pub mod safety;
mod save;
pub mod scan;
pub mod search;
pub mod send;
mod send_again;
pub mod serve;
pub mod services;
pub mod settings;
pub mod up;
pub mod update;
mod vanishing;
pub mod verify;

use crate::{
    agent::Agent,
    cli::{self, Ask, Cli, Global},
    exit::{self, Exit, NotFoundError, UsageError},
    home::{Home, Passphrase},
    person,
    print::Printer,
    show,
};
use anyhow::Context as _;
use clap::FromArgMatches as _;
use std::{
    fs,
    io::{self, IsTerminal as _, Read as _},
    path::Path,
    process::ExitCode,
};
use trefoil_client::RoomView;
use trefoil_proto::RoomUri;

/// Most bytes that are read from standard input or a code file.
const INPUT: u64 = 16 * 1024 * 1024;

/// Reads the command line, does what it asks, and gives the exit code.
pub fn run() -> ExitCode {
    let asked = cli::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let Cli { global, command } = match asked {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version end here as well; a closed terminal changes nothing about the code.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8));
        }
    };
    log(&global, &command);
    let verbose = global.verbose > 0;
    let shared = Shared { out: Printer::new(global.json), global };
    match perform(&shared, command) {
        Ok(()) => Exit::Done.into(),
        Err(error) => exit::report(&error, verbose).into(),
    }
}

/// What every command gets.
#[derive(Debug)]
pub struct Shared {
    /// The options that hold everywhere.
    pub global: Global,
    /// Where data goes.
    pub out: Printer,
}

impl Shared {
    /// The person's folder.
    ///
    /// # Errors
    /// None is known.
    pub fn home(&self) -> anyhow::Result<Home> {
        Ok(Home::locate(self.global.home.as_deref())?)
    }

    /// The passphrase, where one was given: from the file, else from `TREFOIL_PASSPHRASE`.
    ///
    /// # Errors
    /// [`UsageError`] if the file cannot be read, or the passphrase is empty.
    pub fn passphrase(&self) -> anyhow::Result<Option<Passphrase>> {
        let raw = match &self.global.passphrase_file {
            Some(path) => Some(fs::read_to_string(path).map_err(unreadable("the passphrase file", path))?),
            None => std::env::var("TREFOIL_PASSPHRASE").ok(),
        };
        let passphrase = raw.map(Passphrase::new);
        if passphrase.as_ref().is_some_and(Passphrase::is_empty) {
            return Err(UsageError("the passphrase is empty: leave it away to use none".to_owned()).into());
        }
        Ok(passphrase)
    }

    /// The account in the person's folder; not online yet.
    ///
    /// # Errors
    /// There is none, or its store is locked.
    pub fn agent(&self) -> anyhow::Result<Agent> {
        let mut agent = self.quiet_agent()?;
        agent.tell(show::by_the_way);
        Ok(agent)
    }

    /// The same, for a command that prints by itself what happens.
    ///
    /// # Errors
    /// As [`Shared::agent`].
    pub fn quiet_agent(&self) -> anyhow::Result<Agent> {
        Ok(person::open(&self.home()?, self.passphrase()?.as_ref())?.0)
    }

    /// Another account of this person, by its home folder, under the same passphrase.
    ///
    /// # Errors
    /// As [`Shared::agent`].
    pub fn agent_of(&self, home: &Path) -> anyhow::Result<Agent> {
        Ok(person::open(&Home::locate(Some(home))?, self.passphrase()?.as_ref())?.0)
    }
}

/// A room by URI, by its whole name, or by the beginning of its id.
///
/// # Errors
/// No room fits, or several do.
pub fn find_room(agent: &mut Agent, named: &str) -> anyhow::Result<RoomView> {
    let rooms = agent.client.rooms()?;
    if let Ok(uri) = named.parse::<RoomUri>() {
        return rooms.into_iter().find(|room| room.uri == uri).ok_or_else(|| {
            NotFoundError(format!("{uri} is no room of this device: see `trefoil rooms`")).into()
        });
    }
    let mut fitting: Vec<RoomView> = rooms
        .into_iter()
        .filter(|room| room.name == named || (named.len() >= 4 && room.uri.id.as_str().starts_with(named)))
        .collect();
    match (fitting.pop(), fitting.is_empty()) {
        (Some(room), true) => Ok(room),
        (None, _) => Err(NotFoundError(format!(
            "no room is called {named:?}: see `trefoil rooms`, or run `trefoil receive`"
        ))
        .into()),
        (Some(_), false) => {
            Err(UsageError(format!("several rooms are called {named:?}: give the URI, see `trefoil rooms`"))
                .into())
        }
    }
}

/// Text from a file, or from standard input if that is no terminal.
///
/// # Errors
/// [`UsageError`] if neither is there; it is too long, or not UTF-8.
pub fn read_text(file: Option<&Path>, what: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    match file {
        Some(path) => {
            let open = fs::File::open(path).map_err(unreadable("the file", path))?;
            open.take(INPUT).read_to_string(&mut text).map_err(unreadable("the file", path))?;
        }
        None if io::stdin().is_terminal() => {
            return Err(UsageError(format!(
                "{what} is missing: give it as the command's --help says, or on standard input"
            ))
            .into());
        }
        None => {
            io::stdin()
                .lock()
                .take(INPUT)
                .read_to_string(&mut text)
                .context("standard input is no text (UTF-8)")?;
        }
    }
    Ok(text)
}

/// Says of a file that the command line names that it cannot be read, and why.
pub fn unreadable(what: &str, path: &Path) -> impl FnOnce(io::Error) -> anyhow::Error {
    let named = format!("{what} {} cannot be read", path.display());
    move |error| {
        let sentence = format!("{named}: {error}");
        anyhow::Error::from(error).context(UsageError(sentence))
    }
}

fn perform(shared: &Shared, command: Ask) -> anyhow::Result<()> {
    match command {
        Ask::Completions(ask) => return completions::run(&ask),
        Ask::Inventory(ask) => return inventory::run(shared, &ask),
        Ask::Man(ask) => return man::run(&ask),
        _ => {}
    }
    // Only fails if another provider was installed before, and this is the first thing that could.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("this machine gives no threads")?;
    runtime.block_on(async {
        match command {
            Ask::Account(ask) => Box::pin(account::run(shared, ask)).await,
            Ask::Send(ask) => Box::pin(send::run(shared, *ask)).await,
            Ask::Receive(ask) => Box::pin(receive::run(shared, ask)).await,
            Ask::Export(ask) => Box::pin(export::run(shared, &ask)).await,
            Ask::Backup(ask) => Box::pin(recovery::backup(shared, &ask)).await,
            Ask::Rooms(ask) => Box::pin(rooms::run(shared, ask)).await,
            Ask::Community(ask) => Box::pin(community::run(shared, ask)).await,
            Ask::Search(ask) => search::run(shared, &ask),
            Ask::Report(ask) => Box::pin(report::run(shared, ask)).await,
            Ask::Find(ask) => Box::pin(find::run(shared, ask)).await,
            Ask::Boundaries(ask) => boundaries::run(shared, ask),
            Ask::Guardian(ask) => Box::pin(guardian::run(shared, ask)).await,
            Ask::Scan(ask) => scan::run(shared, &ask),
            Ask::Services(ask) => services::run(shared, ask).await,
            Ask::Settings(ask) => settings::run(shared, ask),
            Ask::Verify(ask) => verify::run(shared, ask).await,
            Ask::App(ask) => Box::pin(app::run(shared, ask)).await,
            Ask::Up(ask) => Box::pin(up::run(shared, ask)).await,
            Ask::Serve(ask) => Box::pin(serve::run(shared, ask)).await,
            Ask::Moderate(ask) => moderate::run(shared, ask).await,
            Ask::Safety(ask) => safety::run(shared, ask),
            Ask::Admin(ask) => admin::run(shared, ask).await,
            Ask::Audit(ask) => Box::pin(audit::run(shared, ask)).await,
            Ask::Log(ask) => Box::pin(log::run(shared, ask)).await,
            Ask::Update(ask) => update::run(shared, &ask),
            Ask::Bench(ask) => Box::pin(bench::run(shared, ask)).await,
            Ask::Completions(_) | Ask::Inventory(_) | Ask::Man(_) => Ok(()),
        }
    })
}

/// Logs go to standard error. `TREFOIL_LOG` takes the directives of `tracing_subscriber::EnvFilter`.
fn log(global: &Global, command: &Ask) {
    let level = match (command, global.verbose) {
        (Ask::Serve(_), 0) => "info,akd=warn,akd_core=warn",
        (_, 0) => "error",
        (_, 1) => "warn,trefoil=info,trefoil_client=info,trefoil_server=info",
        (_, _) => "info,trefoil=debug,trefoil_client=debug,trefoil_server=debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("TREFOIL_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    // Only fails if a log was set up before, and this is the first thing that could.
    let _ = if global.json && matches!(command, Ask::Serve(_)) {
        log.json().try_init()
    } else {
        log.with_ansi(io::stderr().is_terminal()).try_init()
    };
}
