//! `trefoil receive`: what arrived, once or as it comes.

use super::Shared;
use crate::{agent::Agent, clock, person::PATIENCE, print, show, transfer};
use anyhow::Context as _;
use clap::Args;
use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};
use tokio::signal::unix::{SignalKind, signal};
use trefoil_client::{Event, attachment::Descriptor, conversation::ReadReceipts};

/// Fetch what arrived and print it.
#[derive(Debug, Args)]
pub struct Receive {
    /// Stay, and print what arrives until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// Save attachments into this folder
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Do not tell the senders that their messages were read
    #[arg(long)]
    no_read_receipts: bool,
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn run(shared: &Shared, ask: Receive) -> anyhow::Result<()> {
    let mut agent = shared.agent()?;
    if let Some(folder) = &ask.save {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    agent.go_online()?;
    if ask.follow {
        let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be received")?;
        let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
        let outcome = tokio::select! {
            outcome = follow(shared, &ask, &mut agent) => outcome,
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
        };
        agent.close().await;
        return outcome;
    }
    let mut events = Vec::new();
    let settled = agent.settle(PATIENCE, |_, event| events.push(event)).await;
    print(shared, &ask, &mut agent, events).await?;
    settled?;
    // The senders hear now that their messages were read, not with the next run.
    agent.settle(PATIENCE, |_, _| {}).await?;
    agent.close().await;
    Ok(())
}

async fn follow(shared: &Shared, ask: &Receive, agent: &mut Agent) -> anyhow::Result<()> {
    loop {
        let events = agent.turn(Duration::from_secs(60)).await?;
        print(shared, ask, agent, events).await?;
    }
}

async fn print(shared: &Shared, ask: &Receive, agent: &mut Agent, events: Vec<Event>) -> anyhow::Result<()> {
    let mut read = BTreeMap::new();
    for event in events {
        let Some(mut shown) = show::event(agent, &event)? else { continue };
        if let Some(folder) = &ask.save {
            for (attachment, file) in shown.attachments_mut() {
                attachment.saved = Some(save(agent, folder, &file).await?.display().to_string());
            }
        }
        shared.out.record(&shown)?;
        if let Some((room, position)) = show::printed_of_others(agent, &event)? {
            let last = read.entry(room).or_insert(position);
            *last = position.max(*last);
        }
    }
    let receipts = if ask.no_read_receipts { ReadReceipts::Withhold } else { ReadReceipts::Send };
    for (room, through) in read {
        let outcome = agent.client.mark_read(&room, through, receipts, clock::now())?.commit()?;
        agent.carry_out(outcome);
    }
    Ok(())
}

async fn save(agent: &Agent, folder: &std::path::Path, file: &Descriptor) -> anyhow::Result<PathBuf> {
    let target = transfer::free_place(folder, &file.label.filename);
    let bar = print::progress(file.layout.size(), &target.display().to_string());
    transfer::download(agent, file, &target, |there, _| bar.set_position(there)).await?;
    bar.finish_and_clear();
    Ok(target)
}
