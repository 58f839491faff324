//! `trefoil send --forward`, `--retry`, `--discard`: what was said elsewhere goes on, what failed goes out again or away.

use super::{
    Shared, find_room,
    send::{Sent, finish, parse},
};
use crate::{agent::Agent, exit::NotFoundError, show};
use serde::Serialize;
use std::fmt;
use trefoil_proto::{RoomUri, content::MessageId};

#[derive(Serialize)]
struct Discarded {
    kind: &'static str,
    room: String,
    message: String,
}

impl fmt::Display for Discarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "discarded {}", self.message)
    }
}

/// Forwards a message to other rooms: of the room `from`, which `other`, another account of this person, is in if there is
/// one.
///
/// # Errors
/// Whatever failed, as a sentence; then nothing was sent anywhere, or what waits is kept.
pub async fn forward(
    shared: &Shared,
    mut agent: Agent,
    other: Option<Agent>,
    (from, message): (&str, &str),
    to: &[RoomUri],
) -> anyhow::Result<()> {
    let mut other = other;
    let has_it = other.as_mut().unwrap_or(&mut agent);
    let from = find_room(has_it, from)?.uri;
    let id = here(has_it, &from, message)?;
    let draft = has_it.client.forwardable(&from, id, to.len())?;
    let drafts: Vec<_> = to.iter().map(|room| (room.clone(), draft.clone())).collect();
    let passed = agent.act_for(|client, now| client.send_all(drafts, now))?;
    let sent: Vec<_> = to.iter().cloned().zip(passed).collect();
    agent.go_online()?;
    finish(agent, &sent).await?;
    for (room, message) in sent {
        shared.out.record(&Sent::of(&room, &message))?;
    }
    Ok(())
}

/// Sends a message once more that failed.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn retry(shared: &Shared, mut agent: Agent, room: RoomUri, message: &str) -> anyhow::Result<()> {
    let id = parse(message)?;
    let again = agent.act_for(|client, now| client.retry(&room, id, now))?;
    agent.go_online()?;
    finish(agent, &[(room.clone(), again)]).await?;
    Ok(shared.out.record(&Sent::of(&room, &again))?)
}

/// Forgets a message that failed.
///
/// # Errors
/// Whatever failed, as a sentence.
pub fn discard(shared: &Shared, mut agent: Agent, room: &RoomUri, message: &str) -> anyhow::Result<()> {
    let id = parse(message)?;
    agent.act(|client, now| client.discard(room, id, now))?;
    let (room, message) = (room.to_string(), id.to_string());
    Ok(shared.out.record(&Discarded { kind: "discarded", room, message })?)
}

/// A message that has to be on this device.
fn here(agent: &Agent, room: &RoomUri, named: &str) -> anyhow::Result<MessageId> {
    let id = parse(named)?;
    if show::message(agent, room, &id)?.is_none() {
        return Err(NotFoundError(format!("{named} is not on this device, or not in that room")).into());
    }
    Ok(id)
}
