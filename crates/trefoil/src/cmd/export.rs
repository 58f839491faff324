//! `trefoil export`: everything into a folder, readable.

use super::Shared;
use crate::{export, person::PATIENCE, print};
use clap::Args;
use serde::Serialize;
use std::{fmt, path::PathBuf};

/// Write everything into a folder, readable by people and programs.
#[derive(Debug, Args)]
pub struct Export {
    /// A folder that is new or empty
    folder: PathBuf,
}

#[derive(Serialize)]
struct Exported {
    kind: &'static str,
    folder: String,
    lines: u64,
    files: u64,
    missing: u64,
}

impl fmt::Display for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lines and {} attachments are in {}", self.lines, self.files, self.folder)?;
        match self.missing {
            0 => Ok(()),
            missing => write!(f, "; {missing} attachments could not be fetched"),
        }
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn run(shared: &Shared, ask: &Export) -> anyhow::Result<()> {
    let mut agent = shared.agent()?;
    export::prepare(&ask.folder)?;
    agent.go_online()?;
    let online = match agent.settle(PATIENCE, |_, _| {}).await {
        Ok(()) => true,
        Err(error) => {
            print::remark(format_args!("trefoil: what is not here yet is left out: {error}"));
            false
        }
    };
    let bar = print::progress(0, "export");
    let done = export::export(&mut agent, &ask.folder, online, |progress| {
        bar.set_length(progress.of);
        bar.set_position(progress.lines);
    })
    .await?;
    bar.finish_and_clear();
    agent.close().await;
    print::remark("nothing in that folder is encrypted: whoever can read it can read your conversations");
    shared.out.record(&Exported {
        kind: "export",
        folder: ask.folder.display().to_string(),
        lines: done.lines,
        files: done.files,
        missing: done.missing,
    })?;
    Ok(())
}
