//! `trefoil rooms timer`, `open`, `close`: messages that disappear by a room's rule, are seen once, or go when it is closed.

use super::{
    Shared, find_room,
    rooms::catch_up,
    save::Saving,
    send::{Sent, finish, parse},
};
use crate::{
    agent::Agent,
    exit::{NotFoundError, UsageError},
    person::PATIENCE,
    show,
    timer::parse_timer,
};
use clap::Args;
use std::path::PathBuf;
use trefoil_client::conversation::compose;

/// The timer of a room.
#[derive(Debug, Args)]
pub struct Timer {
    /// The room: its URI, its whole name, or the beginning of its id
    room: String,
    /// How long after each reader has read it (30s, 10m, 8h, 7d, 4w), or `off`
    #[arg(value_name = "TIME")]
    time: String,
    /// Messages also go when the room is closed after they were read
    #[arg(long)]
    vanishing: bool,
}

/// A message that is seen once.
#[derive(Debug, Args)]
pub struct Open {
    /// The room: its URI, its whole name, or the beginning of its id
    room: String,
    /// The message
    message: String,
    /// Its files go into this folder; they cannot be fetched later
    #[arg(long, value_name = "DIR")]
    save: PathBuf,
    /// Do not tell the sender that it was read
    #[arg(long)]
    no_read_receipts: bool,
}

/// Sets the timer of a room.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn timer(shared: &Shared, mut agent: Agent, ask: &Timer) -> anyhow::Result<()> {
    let room = find_room(&mut agent, &ask.room)?.uri;
    let seconds = if ask.time == "off" { 0 } else { parse_timer(&ask.time)? };
    let draft = compose::room_timer(seconds, ask.vanishing).map_err(|_| {
        UsageError(
            "the time to disappear is from one second to a year; without one nothing vanishes".to_owned(),
        )
    })?;
    let message = agent.act_for(|client, now| client.send(&room, draft, now))?;
    agent.go_online()?;
    finish(agent, &[(room.clone(), message)]).await?;
    Ok(shared.out.record(&Sent::of(&room, &message))?)
}

/// Opens a message that is seen once.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn open(shared: &Shared, mut agent: Agent, ask: &Open) -> anyhow::Result<()> {
    let mut saving = Saving::into(&ask.save)?;
    let room = find_room(&mut agent, &ask.room)?.uri;
    let id = parse(&ask.message)?;
    catch_up(&mut agent).await?;
    let receipts = shared.receipts(ask.no_read_receipts)?;
    let body = agent.act_for(|client, now| client.open_once(&room, id, receipts, now))?;
    let mut shown = show::opened(&agent, &room, &id, body)?
        .ok_or_else(|| NotFoundError(format!("{} has disappeared", ask.message)))?;
    saving.save(&agent, &mut shown).await;
    shared.out.record(&shown)?;
    agent.settle(PATIENCE, |_, _| {}).await?;
    agent.close().await;
    saving.outcome()
}

/// Closes a room: what vanishes and was read is gone.
///
/// # Errors
/// Whatever failed, as a sentence.
pub fn close(mut agent: Agent, room: &str) -> anyhow::Result<()> {
    let room = find_room(&mut agent, room)?.uri;
    Ok(agent.act(|client, now| client.close_room(&room, now)).map(drop)?)
}
