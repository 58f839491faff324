//! `trefoil update`: another release in the place of this one, if the log proves it. Nothing is fetched, and nothing runs
//! that is not proven.

use super::{Shared, proven};
use crate::{
    clock,
    exit::UsageError,
    public_log::{Installed, Older, install},
};
use anyhow::Context as _;
use clap::Args;
use data_encoding::HEXLOWER;
use serde::Serialize;
use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
};

/// Replace this program by another release, if the log proves it.
#[derive(Debug, Args)]
pub struct Update {
    /// The new binary; it is not run
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The proof that came with it
    #[arg(long, value_name = "FILE")]
    proof: PathBuf,
    /// Whom to believe: the log's key and its witnesses; without it, the file beside the program whose name ends in .policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// What to replace; without it, this program
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Go back to a release that is older than the one in place, or take a proof that is older than the one kept
    #[arg(long)]
    older: bool,
}

#[derive(Serialize)]
struct Updated {
    kind: &'static str,
    path: String,
    version: String,
    sha256: String,
    index: u64,
    size: u64,
    /// The version before, if a proof of it was kept.
    before: Option<String>,
}

impl fmt::Display for Updated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, version, index, size, before, .. } = self;
        write!(f, "{path} is release {version} now, entry {index} of {size} of the log")?;
        match before {
            Some(before) => write!(f, "; it was {before}"),
            None => {
                write!(
                    f,
                    "; of what was there no proof was kept, so whether this is newer could not be compared"
                )
            }
        }
    }
}

impl From<Installed> for Updated {
    fn from(Installed { now, before, path }: Installed) -> Self {
        Self {
            kind: "updated",
            path: path.display().to_string(),
            version: now.release.version.to_string(),
            sha256: HEXLOWER.encode(&now.release.sha256),
            index: now.index,
            size: now.head.size,
            before: before.map(|before| before.release.version.to_string()),
        }
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence; exit code 9 if it is not proven, or older.
pub fn run(shared: &Shared, ask: &Update) -> anyhow::Result<()> {
    let to = place(ask.to.as_deref())?;
    let policy = match &ask.policy {
        Some(path) => proven::policy(path)?,
        None => {
            let mut name = to.clone().into_os_string();
            name.push(".policy");
            let path = PathBuf::from(name);
            if !path.exists() {
                return Err(UsageError(format!(
                    "there is no policy {}: name one with --policy FILE (`trefoil log policy` prints one)",
                    path.display()
                ))
                .into());
            }
            proven::policy(&path)?
        }
    };
    let proof = proven::proof(&ask.proof)?;
    let older = if ask.older { Older::Taken } else { Older::Refused };
    let installed = install(&ask.from, &to, &proof, &policy, older, clock::now())?;
    Ok(shared.out.record(&Updated::from(installed))?)
}

/// The file itself, where a link leads to it.
fn place(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let Some(path) = named else {
        return env::current_exe()
            .context("where this program is cannot be found out: name it with --to FILE");
    };
    if path.is_dir() {
        return Err(UsageError(format!("{} is a folder: name the binary in it", path.display())).into());
    }
    // Nothing may be there yet.
    Ok(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()))
}
