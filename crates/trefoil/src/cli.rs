//! The command line: what can be asked, in three groups. One file in `cmd/` does each.

use crate::cmd::{
    account, admin, app, audit, bench, boundaries, community, completions, export, find, guardian, inventory,
    log, man, moderate, receive, recovery, report, rooms, safety, scan, search, send, serve, services,
    settings, up, update, verify,
};
use clap::{Args, Command, CommandFactory as _, Parser, Subcommand};
use std::path::PathBuf;

/// End-to-end encrypted messages between people on separately run services.
#[derive(Debug, Parser)]
#[command(name = "trefoil", version, disable_help_subcommand = true, subcommand_required = true)]
#[command(arg_required_else_help = true, max_term_width = 110)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Ask,
}

/// What holds for every command.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Folder of one person on this device
    #[arg(long, global = true, value_name = "DIR", env = "TREFOIL_HOME", help_heading = "Everywhere")]
    pub home: Option<PathBuf>,
    /// Print data as JSON, one object a line
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,
    /// Read the passphrase of the store from a file (or set TREFOIL_PASSPHRASE)
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TREFOIL_PASSPHRASE_FILE",
        help_heading = "Everywhere"
    )]
    pub passphrase_file: Option<PathBuf>,
    /// Say more: why something failed, and what is going on (twice: even more)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Everywhere")]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Ask {
    /// Make an account, look at it, link another device
    Account(account::Account),
    /// Send a text, a file, a reaction, an edit
    Send(Box<send::Send>),
    /// Fetch what arrived and print it
    Receive(receive::Receive),
    /// Keep everything now, sealed, in the service's storage, and print how the backup stands
    Backup(recovery::Backup),
    /// Write everything into a folder, readable by people and programs
    Export(export::Export),
    /// List, open, read, name and leave rooms; add and remove people
    Rooms(rooms::Rooms),
    /// Make communities, put groups into them, look at them, join their groups
    Community(community::Community),
    /// Search what was said, on this device
    Search(search::Search),
    /// Find a person by handle or phone number, exactly
    Find(find::Find),
    /// Report somebody to the service of a room, with messages that you choose
    Report(report::Report),
    /// Block people, keep strangers away, hide words: on this device, and nobody is told
    Boundaries(boundaries::Boundaries),
    /// Link a guardian to a minor's account; as a guardian, open it to others or close it
    Guardian(guardian::Guardian),
    /// Read the QR codes in a picture: an invitation, a card, a safety number
    Scan(scan::Scan),
    /// Look at a service before an account is made there
    Services(services::Services),
    /// Print or choose what holds on this device: receipts, typing, the look of the page
    Settings(settings::Settings),
    /// Compare safety numbers with a person and decide about a changed key; check a release
    Verify(verify::Verify),
    /// Open the page on this machine: every conversation of every account, in a browser
    App(app::App),
    /// Three services on this machine, ready to chat
    Up(up::Up),
    /// One service, from a configuration file
    Serve(serve::Serve),
    /// Review reports, decide, answer appeals, for the safety team of a service
    Moderate(moderate::Moderate),
    /// Print what a service publishes of its safety
    Safety(safety::Safety),
    /// Print what a service holds, what it could see while it runs, and what cannot be had from it
    Inventory(inventory::Inventory),
    /// Read what a service recorded, and enter releases into its log, while it runs
    Admin(admin::Admin),
    /// Verify every epoch of a service's key directory, from the first on
    Audit(audit::Audit),
    /// List, prove and verify what is in a service's public log
    Log(log::Log),
    /// Replace this program by another release, if the log proves it
    Update(update::Update),
    /// Measure what this build does on this machine
    Bench(bench::Bench),
    /// Print the completions of a shell
    Completions(completions::Completions),
    /// Print or write the manual pages
    Man(man::Man),
}

/// The groups of `trefoil --help`, in order.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "Chat",
        &[
            "account",
            "services",
            "send",
            "receive",
            "rooms",
            "community",
            "search",
            "find",
            "report",
            "boundaries",
            "guardian",
            "scan",
            "backup",
            "export",
            "settings",
            "app",
        ],
    ),
    ("Run", &["up", "serve", "moderate", "safety", "inventory", "admin", "bench"]),
    ("Check and set up", &["verify", "audit", "log", "update", "completions", "man"]),
];

/// The whole command line, with help in groups.
pub fn command() -> Command {
    let command = Cli::command();
    let mut listing = String::new();
    for (title, names) in GROUPS {
        listing.push_str(title);
        listing.push_str(":\n");
        for name in *names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            listing.push_str(&format!("  {name:<12} {about}\n"));
        }
        listing.push('\n');
    }
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{listing}{{options}}\n\n\
         `trefoil COMMAND --help` says more. Exit codes: docs/commandline.md\n"
    );
    command.help_template(template)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_command_stands_in_one_group_of_the_help() {
        let grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let command = command();
        let known: BTreeSet<&str> = command.get_subcommands().map(Command::get_name).collect();
        assert_eq!(grouped.len(), known.len());
        assert_eq!(grouped.into_iter().collect::<BTreeSet<_>>(), known);
    }
}
