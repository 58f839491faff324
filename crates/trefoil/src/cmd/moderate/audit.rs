//! The trail of what the team did: printed, and held against itself and against the heads that stand in the public log.

use super::{Shared, Told, looks::each, words};
use crate::{
    clock,
    cmd::{proven, unreadable},
    desk::Desk,
    exit::UnprovenError,
    public_log::RemoteLog,
    transport::Service,
};
use clap::Args;
use data_encoding::HEXLOWER;
use serde::Serialize;
use std::{fmt::Write as _, fs, path::PathBuf};
use trefoil_server::trail::{Anchor, AuditEntry, Held, Untrue, Walk};
use trefoil_transparency::log::LogEntry;

#[derive(Debug, Args)]
pub(super) struct Audit {
    /// Begin after this number
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    after: u64,
    /// Address of the service: its public log is read, and the trail held against every head in it. Without it, against those that
    /// the console names
    #[arg(long, value_name = "URL", requires = "policy")]
    log: Option<String>,
    /// Whom to believe about the log: its key and its witnesses (`trefoil log policy` prints one)
    #[arg(long, value_name = "FILE", requires = "log")]
    policy: Option<PathBuf>,
    /// Trust the certificate authorities in this PEM file for the log, instead of the public web's
    #[arg(long, value_name = "FILE", requires = "log")]
    ca: Option<PathBuf>,
}

/// What came of it.
#[derive(Serialize)]
struct Checked {
    /// Entries that were gone through.
    entries: usize,
    /// The first of them.
    first: Option<u64>,
    /// Heads that the trail has.
    heads: usize,
    /// Heads of entries before the first.
    before: usize,
    /// Whether they were read in the public log, against the policy.
    log: bool,
}

pub(super) async fn run(shared: &Shared, desk: &Desk, ask: Audit) -> anyhow::Result<()> {
    let (mut after, mut walk) = (ask.after, Walk::default());
    loop {
        let page: Vec<AuditEntry> = desk.get(&format!("api/audit?after={after}")).await?;
        let Some(newest) = page.last() else { break };
        after = newest.number;
        walk.go(&page).map_err(unproven)?;
        let answers = page.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
        each(shared, "act", answers, words::act)?;
    }
    let anchors: Vec<Anchor> = desk.get("api/audit/anchors").await?;
    let mut heads: Vec<_> = anchors.into_iter().map(|anchor| (anchor.number, anchor.hash)).collect();
    if let (Some(url), Some(policy)) = (&ask.log, &ask.policy) {
        let ca = ask.ca.as_deref();
        let authorities = ca.map(|path| fs::read(path).map_err(unreadable("the file", path))).transpose()?;
        let service = Service::new(url, authorities.as_deref())?;
        let log = RemoteLog::open(service, &proven::policy(policy)?, clock::now()).await?;
        heads.extend(said(log).await?);
    }
    heads.sort();
    heads.dedup();
    let (mut held, mut before) = (0, 0);
    for (number, hash) in heads.into_iter().filter(|(number, _)| *number > ask.after) {
        match walk.holds(number, &hash).map_err(unproven)? {
            Held::Yes => held += 1,
            Held::Before => before += 1,
        }
    }
    let checked =
        Checked { entries: walk.entries(), first: walk.first(), heads: held, before, log: ask.log.is_some() };
    let words = in_words(&checked, ask.after);
    Ok(shared.out.record(&Told { kind: "trail", answer: serde_json::to_value(checked)?, words })?)
}

/// Every head in the log. Each entry is proven, those that are no heads as well: one of them could be a head that the service hides.
async fn said(mut log: RemoteLog) -> anyhow::Result<Vec<(u64, String)>> {
    let (mut heads, mut at) = (Vec::new(), 0);
    while at < log.size() {
        let (first, entries) = log.told(at).await?;
        at = first + entries.len() as u64;
        for (index, entry) in (first..).zip(entries) {
            if let LogEntry::Trail(head) = log.prove(index, entry).await?.entry {
                heads.push((head.number, HEXLOWER.encode(&head.hash)));
            }
        }
    }
    Ok(heads)
}

fn unproven(untrue: Untrue) -> UnprovenError {
    UnprovenError(untrue.to_string())
}

fn in_words(checked: &Checked, after: u64) -> String {
    let Checked { entries, first, heads, before, log } = checked;
    let whence = if *log { "in the public log" } else { "that the console names" };
    let mut out = format!("{entries} entries follow from each other, and have the {heads} heads {whence}");
    if *before > 0 {
        let _ = write!(out, "; {before} older heads are of entries that are gone");
    }
    if let Some(first) = first.filter(|first| *first > after + 1) {
        let _ = write!(
            out,
            "\nthe trail begins with entry {first}: those before are gone, as those older than two years are"
        );
    }
    if !log {
        out.push_str("\nwith --log and --policy they are read in the log itself, which others witness");
    }
    out
}
