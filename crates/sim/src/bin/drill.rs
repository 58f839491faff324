//! `trefoil-drill`: plays every attack against real services and devices, and prints who noticed.

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;
use trefoil_sim::{
    attacks,
    spam::{self, Setting},
    table::{Row, Sum},
};

/// Plays every attack of the drill against three real services and real devices on this machine, and prints a table:
/// what the adversary did, who noticed, what they were shown, whether the promise held. Ends with 1 if one did not.
#[derive(Parser)]
#[command(name = "trefoil-drill", version)]
struct Arguments {
    /// Only these attacks, by name (see --list).
    attacks: Vec<String>,
    /// Only names the attacks.
    #[arg(long)]
    list: bool,
    /// One JSON object a line and attack, instead of the table.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    run: Option<Run>,
}

#[derive(Subcommand)]
enum Run {
    /// Counts how many people new accounts reach who turn to thousands, with the rules on behaviour on and off
    /// (docs/spec/behaviour.md).
    Spam {
        /// New accounts.
        #[arg(long, default_value_t = Setting::default().accounts)]
        accounts: usize,
        /// People that they turn to, the same number each.
        #[arg(long, default_value_t = Setting::default().people)]
        people: usize,
        /// Days.
        #[arg(long, default_value_t = Setting::default().days)]
        days: u32,
        /// One JSON object a line and run.
        #[arg(long)]
        json: bool,
    },
}

#[tokio::main]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env("TREFOIL_LOG").unwrap_or_else(|_| EnvFilter::new("off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    if let Some(Run::Spam { accounts, people, days, json }) = arguments.run {
        let setting = Setting { accounts, people, days, ..Setting::default() };
        for rules in [false, true] {
            match spam::run(setting, rules).await {
                Ok(outcome) if json => {
                    println!("{}", serde_json::to_string(&outcome).expect("numbers and names always encode"));
                }
                Ok(outcome) => println!("{outcome}"),
                Err(error) => {
                    eprintln!("the run could not be played: {error:#}");
                    return ExitCode::FAILURE;
                }
            }
        }
        return ExitCode::SUCCESS;
    }
    if arguments.list {
        for attack in attacks::ALL {
            println!("{:<4} {:<26} {}", attack.promise, attack.name, attack.does);
        }
        return ExitCode::SUCCESS;
    }
    let unknown =
        arguments.attacks.iter().find(|name| !attacks::ALL.iter().any(|attack| attack.name == **name));
    if let Some(name) = unknown {
        eprintln!("{name} is no attack of the drill: see trefoil-drill --list");
        return ExitCode::from(2);
    }
    let chosen = |name: &str| arguments.attacks.is_empty() || arguments.attacks.iter().any(|one| one == name);
    let mut outcomes = Vec::new();
    for attack in attacks::ALL.iter().filter(|attack| chosen(attack.name)) {
        let outcome = attack.run().await;
        if arguments.json {
            println!("{}", serde_json::to_string(&outcome).expect("a row of text always encodes"));
        } else {
            println!("{}", Row(&outcome));
        }
        outcomes.push(outcome);
    }
    if !arguments.json {
        println!("{}", Sum(&outcomes));
    }
    if outcomes.iter().all(|outcome| outcome.is_held()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
