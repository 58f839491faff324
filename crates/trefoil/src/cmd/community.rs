//! `trefoil community`: rooms that list groups, which whoever is in them can join.

use super::{
    Shared, find_room,
    rooms::{catch_up, finish, parse, parse_name},
};
use crate::{
    agent::Agent,
    exit::{NotFoundError, UsageError},
    person::PATIENCE,
    print, show,
};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::fmt;
use trefoil_client::{GroupView, RoomState};
use trefoil_proto::RoomUri;

/// Make communities, put groups into them, look at them, join their groups.
#[derive(Debug, Args)]
pub struct Community {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a community: a room in which only admins write, and which lists groups
    Create {
        /// Its name
        name: String,
        /// Add a person from the start (URI); may be given several times
        #[arg(long = "with", value_name = "PERSON")]
        people: Vec<String>,
    },
    /// Put a group into the community's list: whoever is in the community can join it
    Add {
        #[command(flatten)]
        both: Both,
        /// What the group is about
        #[arg(long, default_value = "")]
        description: String,
    },
    /// Take a group out of the list; who joined it stays in it
    Remove(Both),
    /// Print the community's groups
    Show {
        /// The community: its URI, its whole name, or the beginning of its id
        community: String,
    },
    /// Join a group of the community
    Join(Both),
}

#[derive(Debug, Args)]
struct Both {
    /// The community: its URI, its whole name, or the beginning of its id
    community: String,
    /// The group: its URI, its whole name, or the beginning of its id
    group: String,
}

/// One group. Its link is in none of what is printed.
#[derive(Serialize)]
struct Shown {
    kind: &'static str,
    community: String,
    room: String,
    name: String,
    description: String,
    /// This person is in it.
    joined: bool,
    request: bool,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = if self.joined { "  (joined)" } else { "" };
        write!(f, "{}{joined}\n  {}", print::harmless(&self.name), self.room)?;
        if !self.description.is_empty() {
            write!(f, "\n  {}", print::harmless(&self.description))?;
        }
        Ok(())
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn run(shared: &Shared, ask: Community) -> anyhow::Result<()> {
    let mut agent = shared.agent()?;
    match ask.what {
        What::Create { name, people } => {
            let (name, people) = (parse_name(&name)?, parse(&people)?);
            catch_up(&mut agent).await?;
            let uri = agent.act_for(|client, now| client.create_community(name, &people, now))?;
            finish(shared, agent, &uri).await
        }
        What::Add { both, description } => {
            let community = find_room(&mut agent, &both.community)?.uri;
            let group = find_room(&mut agent, &both.group)?.uri;
            catch_up(&mut agent).await?;
            agent.act(|client, now| client.add_group(&community, &group, &description, now))?;
            settle(&mut agent).await?;
            list(shared, agent, &community).await
        }
        What::Remove(both) => {
            let community = find_room(&mut agent, &both.community)?.uri;
            catch_up(&mut agent).await?;
            let group = find_group(&groups(&mut agent, &community)?, &both.group)?;
            agent.act(|client, now| client.remove_group(&community, &group, now))?;
            settle(&mut agent).await?;
            list(shared, agent, &community).await
        }
        What::Show { community } => {
            let community = find_room(&mut agent, &community)?.uri;
            catch_up(&mut agent).await?;
            list(shared, agent, &community).await
        }
        What::Join(both) => {
            let community = find_room(&mut agent, &both.community)?.uri;
            catch_up(&mut agent).await?;
            let group = find_group(&groups(&mut agent, &community)?, &both.group)?;
            let uri = agent.act_for(|client, now| client.join_group(&community, &group, now))?;
            finish(shared, agent, &uri).await
        }
    }
}

async fn settle(agent: &mut Agent) -> anyhow::Result<()> {
    let mut refused = None;
    agent.settle(PATIENCE, |_, event| refused = show::refusal(&event).or(refused.take())).await?;
    refused.map_or(Ok(()), |error| Err(error.into()))
}

async fn list(shared: &Shared, mut agent: Agent, community: &RoomUri) -> anyhow::Result<()> {
    let groups = groups(&mut agent, community)?;
    agent.close().await;
    if groups.is_empty() {
        shared.out.say("It has no groups.")?;
    }
    for group in groups {
        shared.out.record(&Shown {
            kind: "group",
            community: community.to_string(),
            room: group.room.to_string(),
            name: group.name,
            description: group.description,
            joined: group.state.is_some_and(|state| state != RoomState::Left),
            request: group.request,
        })?;
    }
    Ok(())
}

fn groups(agent: &mut Agent, community: &RoomUri) -> anyhow::Result<Vec<GroupView>> {
    let groups = agent.client.groups(community)?;
    Ok(groups.ok_or_else(|| NotFoundError(format!("{community} is no community: it lists no groups")))?)
}

fn find_group(groups: &[GroupView], named: &str) -> anyhow::Result<RoomUri> {
    let fits = |group: &&GroupView| {
        group.room.to_string() == named
            || group.name == named
            || (named.len() >= 4 && group.room.id.as_str().starts_with(named))
    };
    let mut fitting = groups.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one.room.clone()),
        (None, _) => Err(NotFoundError(format!("no group of the community is called {named:?}")).into()),
        _ => Err(UsageError(format!("several groups are called {named:?}: give the URI")).into()),
    }
}
