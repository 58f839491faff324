//! `trefoil completions`: the completions of a shell, made from the command line itself.

use crate::cli;
use clap::Args;
use clap_complete::Shell;
use std::io;

/// The completions of a shell.
#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints them.
///
/// # Errors
/// Standard output is closed.
pub fn run(ask: &Completions) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(ask.shell, &mut cli::command(), "trefoil", &mut script);
    io::Write::write_all(&mut io::stdout().lock(), &script)?;
    Ok(())
}
