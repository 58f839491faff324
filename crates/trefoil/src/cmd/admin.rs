//! `trefoil admin`: what an operator reads of a service and hands in to it, from beside it while it runs.

use super::{
    Shared, admin_staff,
    found_evidence::{self, FoundEvidence},
    found_reports,
    log_release::{self, LogRelease},
    release_guardian::{self, ReleaseGuardian},
    remove_from_room::{self, RemoveFromRoom},
    serve,
};
use crate::{clock, exit::UsageError};
use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::{fmt, path::PathBuf};
use trefoil_server::{
    Service,
    federation::{Incident, Refusal, Strange},
};

/// Read what a service recorded, enter releases into its log, act against abuse in its rooms, while it runs.
#[derive(Debug, Args)]
pub struct Admin {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print what other services did that they must not, and what they refused for good, oldest first
    Incidents(Which),
    /// Write what it saw of other services that contradict what they signed, as files that anybody can check
    Evidence(FoundEvidence),
    /// Enter the hash of a release into the public log: once, however often it is asked for
    LogRelease(LogRelease),
    /// Invite somebody to the safety team, or take somebody off it
    Staff(admin_staff::Staff),
    /// Stamp messages by a fresh key from the next start on; what earlier keys stamped stays proven
    RotateStamps(Which),
    /// Print which reports were taken, without who reported and what was shown, oldest first
    Reports(Which),
    /// Take nothing from a person in a room any more, and ask its members to remove them
    RemoveFromRoom(RemoveFromRoom),
    /// Take the guardian off a minor's account, because they are gone or do harm
    ReleaseGuardian(ReleaseGuardian),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    /// Configuration of the service
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data folder of the service
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Something that another service sent and that was refused.
#[derive(Serialize)]
struct Lie {
    kind: &'static str,
    at: u64,
    from: Option<String>,
    reason: &'static str,
    #[serde(skip)]
    words: String,
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl From<Incident> for Lie {
    fn from(Incident { at, from, reason }: Incident) -> Self {
        let from = from.map(|domain| domain.to_string());
        let who = from.as_deref().unwrap_or("somebody unknown");
        let words = format!("{}  refused from {who}: {reason}", clock::readable(at));
        Self { kind: "incident", at: at.0, from, reason: reason.name(), words }
    }
}

/// Something that another service did not take, for good.
#[derive(Serialize)]
struct Turned {
    kind: &'static str,
    number: u64,
    at: u64,
    by: String,
    room: String,
    status: u16,
    code: String,
    #[serde(skip)]
    words: String,
}

impl fmt::Display for Turned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl Turned {
    fn new(by: String, Refusal { number, at, status, code, room, .. }: Refusal) -> Self {
        let words =
            format!("{}  refused by {by}: {code:?} (status {status}), about {room}", clock::readable(at));
        let (room, code) = (room.to_string(), format!("{code:?}"));
        Self { kind: "refused", number, at: at.0, by, room, status, code, words }
    }
}

/// What waits for another service and was written by another version of this one.
#[derive(Serialize)]
struct PutBy {
    kind: &'static str,
    at: u64,
    to: String,
    bytes: usize,
    #[serde(skip)]
    words: String,
}

impl fmt::Display for PutBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl PutBy {
    fn new(to: String, Strange { at, entry }: &Strange) -> Self {
        let bytes = entry.len();
        let words = format!(
            "{}  not sent to {to}: {bytes} bytes written by another version of this service, which sends them when it \
             starts",
            clock::readable(*at)
        );
        Self { kind: "put-by", at: at.0, to, bytes, words }
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn run(shared: &Shared, ask: Admin) -> anyhow::Result<()> {
    match ask.what {
        What::Incidents(which) => incidents(shared, which),
        What::Staff(ask) => admin_staff::run(shared, ask),
        What::RotateStamps(which) => admin_staff::rotate(shared, which),
        What::Reports(which) => found_reports::reports(shared, which),
        What::Evidence(ask) => found_evidence::run(shared, ask),
        What::LogRelease(ask) => log_release::run(shared, ask).await,
        What::RemoveFromRoom(ask) => remove_from_room::run(shared, ask).await,
        What::ReleaseGuardian(ask) => release_guardian::run(shared, ask),
    }
}

fn incidents(shared: &Shared, which: Which) -> anyhow::Result<()> {
    let data = which.data()?;
    let unusable = || {
        let folder = data.display();
        UsageError(format!("{folder} holds no store of a service that can be read: name its data folder"))
    };
    let records = Service::records(&data).with_context(unusable)?;
    let incidents = records.incidents().context("the records of the service cannot be read")?;
    let mut refused = Vec::new();
    records
        .refused(|by, refusal| refused.push(Turned::new(by.to_string(), refusal)))
        .context("the records of the service cannot be read")?;
    let mut put_by = Vec::new();
    records
        .strange(|to, strange| put_by.push(PutBy::new(to.to_string(), &strange)))
        .context("the records of the service cannot be read")?;
    if incidents.is_empty() && refused.is_empty() && put_by.is_empty() {
        shared.out.say("Nothing is recorded.")?;
    }
    for incident in incidents {
        shared.out.record(&Lie::from(incident))?;
    }
    for refusal in refused {
        shared.out.record(&refusal)?;
    }
    for entry in put_by {
        shared.out.record(&entry)?;
    }
    Ok(())
}

impl Which {
    pub(super) fn data(self) -> anyhow::Result<PathBuf> {
        match (self.data, self.config) {
            (Some(data), _) => Ok(data),
            (None, Some(config)) => Ok(serve::read(&config)?.data),
            (None, None) => {
                Err(UsageError("name a service with --config FILE or --data DIR".to_owned()).into())
            }
        }
    }
}
