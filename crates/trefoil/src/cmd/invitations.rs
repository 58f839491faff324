//! `trefoil rooms invite`, `invitations`, `uninvite`: links by which people come into a room by themselves.

use super::{Shared, find_room, rooms::catch_up};
use crate::{agent::Agent, clock, exit::NotFoundError, person::PATIENCE, show};
use data_encoding::HEXLOWER;
use serde::Serialize;
use std::fmt;
use trefoil_client::InvitationTerms;
use trefoil_proto::{RoomUri, room::Invitation};

/// The kind of a record of one that was taken back.
const TAKEN_BACK: &str = "invitation-taken-back";

/// A link that was made.
#[derive(Serialize)]
struct Made {
    kind: &'static str,
    room: String,
    /// As `rooms invitations` names it; null while the room has not taken it.
    invitation: Option<String>,
    link: String,
    people: u32,
    until: u64,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.link)
    }
}

/// One that is open, or was taken back.
#[derive(Serialize)]
struct Named {
    kind: &'static str,
    room: String,
    /// Names it, and lets nobody in.
    invitation: String,
    by: String,
    people: u32,
    until: u64,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = clock::readable(trefoil_proto::Timestamp(self.until));
        let back = if self.kind == TAKEN_BACK { "taken back: " } else { "" };
        write!(f, "{back}{}  for {} more, until {until}, made by {}", self.invitation, self.people, self.by)
    }
}

/// Makes an invitation and prints its link, once members can come in by it.
pub(super) async fn make(
    shared: &Shared,
    mut agent: Agent,
    room: &str,
    people: u32,
    days: u32,
) -> anyhow::Result<()> {
    let terms = InvitationTerms::new(people, days)?;
    let uri = find_room(&mut agent, room)?.uri;
    catch_up(&mut agent).await?;
    let not_after = terms.until(clock::now());
    let before = open(&mut agent, &uri)?;
    let link = agent.act_for(|client, now| client.invite(&uri, terms.people(), not_after, now))?;
    settle(&mut agent).await?;
    let mut now = open(&mut agent, &uri)?.into_iter();
    let new = now.find(|one| before.iter().all(|other| other.key != one.key));
    let invitation = new.map(|new| HEXLOWER.encode(&new.key));
    agent.close().await;
    let name = invitation.as_ref().map(|name| name.chars().take(8).collect::<String>());
    let kind = "invitation-made";
    shared.out.record(&Made { kind, room: uri.to_string(), invitation, link, people, until: not_after.0 })?;
    shared.out.say(
        "Whoever has this link can join. Give it only to those who should, by a way that others do not read.",
    )?;
    if let Some(name) = name {
        shared.out.say(format_args!("To take it back: `trefoil rooms uninvite {room} {name}`."))?;
    }
    Ok(())
}

/// Prints the open ones.
pub(super) async fn list(shared: &Shared, mut agent: Agent, room: &str) -> anyhow::Result<()> {
    let uri = find_room(&mut agent, room)?.uri;
    catch_up(&mut agent).await?;
    let open = open(&mut agent, &uri)?;
    agent.close().await;
    if open.is_empty() {
        shared.out.say("No invitation into this room is open.")?;
    }
    print(shared, "invitation", &uri, &open)
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
    let open = open(&mut agent, &uri)?;
    let taken: Vec<Invitation> = match all {
        true => open,
        false => names.iter().map(|name| find(&open, name)).collect::<Result<_, _>>()?,
    };
    if !taken.is_empty() {
        let keys = taken.iter().map(|invitation| invitation.key).collect();
        agent.act(|client, now| client.take_back_invitations(&uri, keys, now))?;
        settle(&mut agent).await?;
    }
    agent.close().await;
    print(shared, TAKEN_BACK, &uri, &taken)
}

fn open(agent: &mut Agent, room: &RoomUri) -> anyhow::Result<Vec<Invitation>> {
    Ok(agent.client.room(room)?.map(|room| room.invitations).unwrap_or_default())
}

fn print(
    shared: &Shared,
    kind: &'static str,
    room: &RoomUri,
    invitations: &[Invitation],
) -> anyhow::Result<()> {
    for invitation in invitations {
        shared.out.record(&Named {
            kind,
            room: room.to_string(),
            invitation: HEXLOWER.encode(&invitation.key),
            by: invitation.by.to_string(),
            people: invitation.left,
            until: invitation.not_after.0,
        })?;
    }
    Ok(())
}

fn find(open: &[Invitation], name: &str) -> Result<Invitation, NotFoundError> {
    if name.starts_with(trefoil_client::INVITATION_LINK) {
        let why =
            "that is the link, which lets people in: give the name that `trefoil rooms invitations` prints";
        return Err(NotFoundError(why.to_owned()));
    }
    let named = |invitation: &&Invitation| HEXLOWER.encode(&invitation.key).starts_with(&name.to_lowercase());
    let mut found = open.iter().filter(named);
    match (found.next(), found.next()) {
        (Some(one), None) if !name.is_empty() => Ok(one.clone()),
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
