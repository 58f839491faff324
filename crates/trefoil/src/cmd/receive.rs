//! `trefoil receive`: what arrived, once or as it comes.

use super::{Shared, account, save::Saving};
use crate::{agent::Agent, backup, link, person::PATIENCE, print, show};
use anyhow::Context as _;
use clap::Args;
use std::{collections::BTreeMap, path::PathBuf, time::Duration};
use tokio::signal::unix::{SignalKind, signal};
use trefoil_client::{
    Event,
    conversation::{self, ConversationEvent as Talk},
    overlay::Overlay,
};

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
    let mut agent = shared.quiet_agent()?;
    let mut saving = ask.save.as_deref().map(Saving::into).transpose()?;
    agent.client.identity().ok_or_else(account::unfinished)?;
    agent.go_online()?;
    if ask.follow {
        let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be received")?;
        let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
        let outcome = tokio::select! {
            outcome = follow(shared, &ask, &mut agent, &mut saving) => outcome,
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
        };
        agent.close().await;
        return outcome;
    }
    let mut events = unread(&mut agent)?;
    let settled = agent.settle(PATIENCE, |_, event| events.push(event)).await;
    print(shared, &ask, &mut agent, &mut saving, events).await?;
    settled?;
    // The senders hear now that their messages were read, not with the next run.
    let mut events = Vec::new();
    let settled = agent.settle(PATIENCE, |_, event| events.push(event)).await;
    print(shared, &ask, &mut agent, &mut saving, events).await?;
    settled?;
    link::fetch_history_by_the_way(&mut agent).await;
    backup::back_up_by_the_way(&mut agent).await;
    agent.close().await;
    saving.as_mut().map_or(Ok(()), Saving::outcome)
}

async fn follow(
    shared: &Shared,
    ask: &Receive,
    agent: &mut Agent,
    saving: &mut Option<Saving>,
) -> anyhow::Result<()> {
    let waiting = unread(agent)?;
    print(shared, ask, agent, saving, waiting).await?;
    loop {
        let events = agent.turn(Duration::from_secs(60)).await?;
        print(shared, ask, agent, saving, events).await?;
        if agent.is_settled() {
            link::fetch_history_by_the_way(agent).await;
            backup::back_up_by_the_way(agent).await;
        }
        if let Some(Err(error)) = saving.as_mut().map(Saving::outcome) {
            print::remark(format_args!("trefoil: {error}"));
        }
    }
}

/// What other commands took in by the way, as if it came now.
fn unread(agent: &mut Agent) -> anyhow::Result<Vec<Event>> {
    let store = Overlay::new(agent.client.store().clone());
    let mut events = Vec::new();
    for room in agent.client.rooms()? {
        for id in conversation::unread(&store, &room.uri)? {
            let room = room.uri.clone();
            events.push(Event::Conversation(Talk::Added { room, id, mine: false, mentions_me: false }));
        }
    }
    Ok(events)
}

async fn print(
    shared: &Shared,
    ask: &Receive,
    agent: &mut Agent,
    saving: &mut Option<Saving>,
    events: Vec<Event>,
) -> anyhow::Result<()> {
    let mut read = BTreeMap::new();
    let mut heading = None;
    for event in events {
        let Some(mut shown) = show::event(agent, &event)? else { continue };
        if let Some(saving) = saving {
            saving.save(agent, &mut shown).await;
        }
        if let Some(room) = shown.room().filter(|room| heading.as_deref() != Some(*room)).map(str::to_owned) {
            shared.out.say(format_args!("{}:", show::room_title(agent, &room)?))?;
            heading = Some(room);
        }
        shared.out.record(&shown)?;
        if let Some((room, position)) = show::printed_of_others(agent, &event)? {
            let last = read.entry(room).or_insert(position);
            *last = position.max(*last);
        }
    }
    let receipts = shared.receipts(ask.no_read_receipts)?;
    for (room, through) in read {
        agent.act(|client, now| client.mark_read(&room, through, receipts, now))?;
    }
    Ok(())
}
