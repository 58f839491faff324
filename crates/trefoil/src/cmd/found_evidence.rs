//! `trefoil admin evidence`: what a service saw of others that contradict what they signed, as files for anybody to check.

use super::{Shared, admin::Which};
use crate::{exit::UsageError, home::write_private};
use anyhow::Context as _;
use clap::Args;
use data_encoding::HEXLOWER;
use serde::Serialize;
use std::{fmt, fs, path::PathBuf};
use trefoil_server::Service;
use trefoil_transparency::gossip::Accused;

#[derive(Debug, Args)]
pub(super) struct FoundEvidence {
    /// Folder that the files are written to; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    which: Which,
}

#[derive(Serialize)]
struct Found {
    kind: &'static str,
    accused: String,
    key: String,
    at: u64,
    file: String,
    #[serde(skip)]
    what: &'static str,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accused, at, file, what, .. } = self;
        write!(f, "{accused} signed two different roots of its {what} {at}: {file}")
    }
}

/// Does it.
pub(super) fn run(shared: &Shared, ask: FoundEvidence) -> anyhow::Result<()> {
    let data = ask.which.data()?;
    let evidence = Service::evidence(&data).with_context(|| {
        UsageError(format!(
            "{} holds no store of a service that can be read: name its data folder",
            data.display()
        ))
    })?;
    if evidence.is_empty() {
        return Ok(shared.out.say("This service has seen nobody contradict themselves.")?);
    }
    let unwritable = || UsageError(format!("{} cannot be written to", ask.out.display()));
    fs::create_dir_all(&ask.out).with_context(unwritable)?;
    for one in evidence {
        let split = one.verify().context("evidence that this service keeps does not hold any more")?;
        let (accused, what) = match split.accused {
            Accused::Directory(domain) => (domain.to_string(), "key directory at epoch"),
            Accused::Log(name) => (name, "log at size"),
        };
        // The name of a log has slashes.
        let path = ask.out.join(format!("evidence-{}-{}", accused.replace('/', "-"), split.at));
        write_private(&path, &one.to_file()).with_context(unwritable)?;
        shared.out.record(&Found {
            kind: "evidence",
            accused,
            key: HEXLOWER.encode(&split.key),
            at: split.at,
            file: path.display().to_string(),
            what,
        })?;
    }
    Ok(())
}
