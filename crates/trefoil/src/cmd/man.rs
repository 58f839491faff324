//! `trefoil man`: manual pages, made from the command line itself.

use crate::cli;
use anyhow::Context as _;
use clap::Args;
use std::{fs, io, path::PathBuf};

/// Manual pages.
#[derive(Debug, Args)]
pub struct Man {
    /// Write one page a command into this folder, instead of printing the first
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints or writes them.
///
/// # Errors
/// The folder cannot be written to, or standard output is closed.
pub fn run(ask: &Man) -> anyhow::Result<()> {
    let mut command = cli::command();
    command.build();
    match &ask.dir {
        None => clap_mangen::Man::new(command).render(&mut io::stdout().lock())?,
        Some(folder) => {
            let failed = || format!("the manual pages cannot be written to {}", folder.display());
            fs::create_dir_all(folder).with_context(failed)?;
            clap_mangen::generate_to(command, folder).with_context(failed)?;
        }
    }
    Ok(())
}
