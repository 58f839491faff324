//! `trefoil admin log-release`: the hash of a release into the public log of a service, whether it runs or not.

use super::{Shared, admin::Which};
use crate::{
    exit::UsageError,
    public_log::{TARGET, hash},
};
use anyhow::Context as _;
use clap::Args;
use data_encoding::HEXLOWER;
use serde::Serialize;
use std::{
    fmt,
    path::PathBuf,
    time::{Duration, Instant},
};
use trefoil_server::{Service, log::hand_in};
use trefoil_transparency::log::{Release, ReleaseLabel};

/// Between two looks whether the service took it.
const LOOK: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub(super) struct LogRelease {
    /// The binary that is released; it is not run
    #[arg(value_name = "BINARY")]
    binary: PathBuf,
    /// Its version, for example 0.1.0
    #[arg(long = "as", value_name = "VERSION")]
    version: String,
    /// What it is built for
    #[arg(long, value_name = "TARGET", default_value = TARGET)]
    target: String,
    /// How long to wait for the service to enter it, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    wait: u64,
    #[command(flatten)]
    which: Which,
}

#[derive(Serialize)]
struct Logged {
    kind: &'static str,
    version: String,
    target: String,
    sha256: String,
    /// Absent while the service has not entered it.
    index: Option<u64>,
}

impl fmt::Display for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, target, sha256, index, .. } = self;
        write!(f, "release {version} for {target}, SHA-256 {sha256}: ")?;
        match index {
            Some(index) => write!(f, "entry {index} of the log"),
            None => write!(f, "handed in; the service enters it as soon as it runs"),
        }
    }
}

/// Does it. Durable when this returns; the same release is entered once, however often it is handed in.
pub(super) async fn run(shared: &Shared, ask: LogRelease) -> anyhow::Result<()> {
    let label = |what: &str, text: &str| -> Result<ReleaseLabel, UsageError> {
        text.parse().map_err(|_| {
            UsageError(format!("a {what} has 1 to 64 of a to z, digits and . _ - +, not {text:?}"))
        })
    };
    let (version, target) = (label("version", &ask.version)?, label("target", &ask.target)?);
    let data = ask.which.data()?;
    let release = Release { version, target, sha256: hash(&ask.binary)? };
    let unusable = || {
        let folder = data.display();
        UsageError(format!("{folder} holds no store of a service that can be read: name its data folder"))
    };
    let mut index = Service::logged(&data, &release).with_context(unusable)?;
    if index.is_none() {
        hand_in(&data, release.clone())
            .context("the release cannot be handed in: may you write to the data folder?")?;
        let until = Instant::now() + Duration::from_secs(ask.wait);
        while index.is_none() && Instant::now() < until {
            tokio::time::sleep(LOOK).await;
            index = Service::logged(&data, &release).with_context(unusable)?;
        }
    }
    Ok(shared.out.record(&Logged {
        kind: "release",
        version: release.version.to_string(),
        target: release.target.to_string(),
        sha256: HEXLOWER.encode(&release.sha256),
        index,
    })?)
}
