//! `trefoil rooms invite`, `invitations`, `uninvite`: links by which people come into a room by themselves.

use super::{Shared, find_room, rooms::catch_up};
use crate::{
    agent::Agent,
    clock,
    exit::{NotFoundError, UsageError},
    person::PATIENCE,
    show,
};
use data_encoding::HEXLOWER;
use serde::Serialize;
use std::fmt;
use trefoil_client::RoomView;
use trefoil_proto::room::Invitation;

const DAY: u64 = 24 * 60 * 60 * 1000;
/// Longest life of an invitation, in days.
const LONGEST: u64 = 90;
/// Most people by one invitation.
const MOST: u32 = 1000;

/// A link that was made.
#[derive(Serialize)]
struct Made {
    kind: &'static str,
    room: String,
    link: String,
    people: u32,
    until: u64,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.link)
    }
}

/// One that is open.
#[derive(Serialize)]
struct Open {
    kind: &'static str,
    room: String,
    /// Names it, and lets nobody in.
    invitation: String,
    by: String,
    people: u32,
    until: u64,
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = clock::readable(trefoil_proto::Timestamp(self.until));
        write!(f, "{}  for {} more, until {until}, made by {}", self.invitation, self.people, self.by)
    }
}

/// Makes an invitation and prints its link, once members can come in by it.
pub(super) async fn make(
    shared: &Shared,
    mut agent: Agent,
    room: &str,
    people: u32,
    days: u64,
) -> anyhow::Result<()> {
    if !(1..=MOST).contains(&people) || !(1..=LONGEST).contains(&days) {
        let why = format!("an invitation is for 1 to {MOST} people, and for 1 to {LONGEST} days");
        return Err(UsageError(why).into());
    }
    let uri = find_room(&mut agent, room)?.uri;
    catch_up(&mut agent).await?;
    let not_after = clock::now().plus_millis(days * DAY);
    let link = agent.act_for(|client, now| client.invite(&uri, people, not_after, now))?;
    settle(&mut agent).await?;
    agent.close().await;
    let made = Made { kind: "invitation-made", room: uri.to_string(), link, people, until: not_after.0 };
    shared.out.record(&made)?;
    shared.out.say(
        "Whoever has this link can join. Give it only to those who should, by a way that others do not read.",
    )?;
    Ok(())
}

/// Prints the open ones.
pub(super) fn list(shared: &Shared, mut agent: Agent, room: &str) -> anyhow::Result<()> {
    let room = find_room(&mut agent, room)?;
    if room.invitations.is_empty() {
        shared.out.say("No invitation into this room is open.")?;
    }
    print(shared, &room)
}

/// Takes some back, by the beginning of what `invitations` prints, or all.
pub(super) async fn take_back(
    shared: &Shared,
    mut agent: Agent,
    room: &str,
    names: &[String],
    all: bool,
) -> anyhow::Result<()> {
    let uri = find_room(&mut agent, room)?.uri;
    catch_up(&mut agent).await?;
    let open = agent.client.room(&uri)?.map(|room| room.invitations).unwrap_or_default();
    let keys = match all {
        true => open.iter().map(|invitation| invitation.key).collect(),
        false => names.iter().map(|name| find(&open, name)).collect::<Result<Vec<_>, _>>()?,
    };
    if !keys.is_empty() {
        agent.act(|client, now| client.take_back_invitations(&uri, keys, now))?;
        settle(&mut agent).await?;
    }
    let room = agent.client.room(&uri)?;
    agent.close().await;
    room.map_or(Ok(()), |room| print(shared, &room))
}

fn print(shared: &Shared, room: &RoomView) -> anyhow::Result<()> {
    for invitation in &room.invitations {
        shared.out.record(&Open {
            kind: "invitation",
            room: room.uri.to_string(),
            invitation: HEXLOWER.encode(&invitation.key),
            by: invitation.by.to_string(),
            people: invitation.left,
            until: invitation.not_after.0,
        })?;
    }
    Ok(())
}

fn find(open: &[Invitation], name: &str) -> Result<[u8; 32], NotFoundError> {
    let named = |invitation: &&Invitation| HEXLOWER.encode(&invitation.key).starts_with(&name.to_lowercase());
    let mut found = open.iter().filter(named);
    match (found.next(), found.next()) {
        (Some(one), None) if !name.is_empty() => Ok(one.key),
        (Some(_), Some(_)) => {
            Err(NotFoundError(format!("more than one open invitation begins with {name:?}")))
        }
        _ => Err(NotFoundError(format!(
            "no open invitation begins with {name:?}: `trefoil rooms invitations` lists them"
        ))),
    }
}

/// Waits until the change is through; a refusal becomes the error.
async fn settle(agent: &mut Agent) -> anyhow::Result<()> {
    let mut refused = None;
    agent.settle(PATIENCE, |_, event| refused = refused.take().or_else(|| show::refusal(&event))).await?;
    refused.map_or(Ok(()), |error| Err(error.into()))
}
