//! `trefoil rooms`: list, open, read, name and leave rooms; add and remove people.

use super::{
    Shared, find_room, invitations,
    marks::{self, Marked},
    picture, reading, vanishing,
};
use crate::{
    agent::Agent,
    exit::{NotFoundError, UsageError},
    person::{self, PATIENCE},
    print, show,
};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use std::fmt;
use trefoil_client::{
    ClientError, RoomState, RoomView, Suite,
    boundaries::{self, Away},
    conversation,
    delivery::AskedFor,
    overlay::Overlay,
};
use trefoil_proto::{
    RoomUri, UserUri,
    room::{Role, RoomKind},
};

/// List, open, read, name and leave rooms; add and remove people.
#[derive(Debug, Args)]
pub struct Rooms {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the rooms (also without a subcommand)
    List,
    /// Open a room at this person's service
    Create {
        /// Its name
        name: String,
        /// Add a person from the start (URI); may be given several times
        #[arg(long = "with", value_name = "PERSON")]
        people: Vec<String>,
        /// Encrypt without quantum-safe keys, for somebody whose program has none. Where everybody's can, nobody comes in
        #[arg(long)]
        classical: bool,
        /// Only admins write in it
        #[arg(long)]
        announcement: bool,
    },
    /// Add people
    Add(People),
    /// Remove people
    Remove(People),
    /// Leave a room; what was received stays readable
    Leave(Named),
    /// Print a room's people and its messages, oldest first
    #[command(visible_alias = "timeline")]
    Show(reading::Show),
    /// Print every version of a message, oldest first
    History(reading::History),
    /// Mark a room as read, up to its newest line
    Read(reading::Read),
    /// Make somebody an admin, or an admin a member again
    Admin {
        #[command(flatten)]
        named: Named,
        /// Who, by URI
        person: String,
        /// Take the role away
        #[arg(long)]
        take_away: bool,
    },
    /// Say who writes in a room
    Writers {
        #[command(flatten)]
        named: Named,
        /// Admins alone, or everybody
        writers: Writers,
    },
    /// Give a room a picture, take it away, or save it or that of somebody there
    Picture {
        #[command(flatten)]
        named: Named,
        /// Save the picture that this person (URI) has in the room
        #[arg(long, value_name = "PERSON", requires = "save")]
        of: Option<String>,
        #[command(flatten)]
        which: picture::Which,
    },
    /// Give a room another name
    Rename {
        #[command(flatten)]
        named: Named,
        /// The new name
        name: String,
    },
    /// Take up a room into which a stranger brought this person; to decline is to leave it
    Accept(Named),
    /// Pin, archive or mute a room on this device, or keep a draft for it
    Mark(marks::Set),
    /// Let messages of a room disappear that name no time themselves
    Timer(vanishing::Timer),
    /// Open a message that is seen once, and print it
    Open(vanishing::Open),
    /// Close a room: messages that vanish are gone if they were read
    Close(Named),
    /// Ask the senders of messages that did not come here to send them again
    AskAgain(Named),
    /// Make an invitation and print its link: whoever has it can join
    Invite {
        #[command(flatten)]
        named: Named,
        /// How many people can join by it
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        people: u32,
        /// For how many days it is good
        #[arg(long, value_name = "DAYS", default_value_t = 7)]
        days: u32,
    },
    /// List the invitations that are open
    Invitations(Named),
    /// Take invitations back
    Uninvite {
        #[command(flatten)]
        named: Named,
        /// Which, as `rooms invitations` prints them, or the beginning of that
        #[arg(value_name = "INVITATION", required_unless_present = "all", conflicts_with = "all")]
        invitations: Vec<String>,
        /// All of them
        #[arg(long)]
        all: bool,
    },
    /// Join a room by the link of an invitation, or one of this person's again with this device, after it lost its place
    Join {
        /// The link, or the room's URI
        room: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Writers {
    Admins,
    Everybody,
}

#[derive(Debug, Args)]
struct Named {
    /// The room: its URI, its whole name, or the beginning of its id
    room: String,
}

#[derive(Debug, Args)]
struct People {
    #[command(flatten)]
    named: Named,
    /// Who, by URI
    #[arg(required = true, value_name = "PERSON")]
    people: Vec<String>,
}

/// A room as it is printed.
#[derive(Serialize)]
pub(super) struct Room {
    kind: &'static str,
    room: String,
    name: String,
    state: &'static str,
    /// Only admins write in it.
    announcement: bool,
    epoch: u64,
    post_quantum: bool,
    /// Because of whom nothing is sent here.
    blocked_by: Vec<String>,
    people: Vec<Person>,
    /// Why it does not stand among the conversations: `requests`, `blocked`, `strict`.
    away: Option<&'static str>,
    /// Whose messages did not all come here.
    missing: Vec<Missing>,
    #[serde(flatten)]
    marked: Marked,
}

#[derive(Serialize)]
struct Missing {
    /// The device that sent them.
    device: String,
    messages: u64,
    /// What may have been sent while this device could not hear it.
    while_away: u64,
}

#[derive(Serialize)]
struct Person {
    user: String,
    /// The name that the person gave in this room.
    name: Option<String>,
    role: &'static str,
    devices: usize,
    /// What is known of their account key: `unverified`, `verified`, `changed`.
    standing: &'static str,
}

/// What was asked for again.
#[derive(Serialize)]
struct Asked {
    kind: &'static str,
    room: String,
    messages: u64,
    /// More than one request may ask for.
    later: u64,
    /// Devices that are not in the room any more and have some of what is missing.
    gone: Vec<String>,
}

impl Asked {
    fn of(room: &RoomUri, asked: &AskedFor) -> Self {
        Self {
            kind: "asked-again",
            room: room.to_string(),
            messages: asked.messages,
            later: asked.later,
            gone: asked.gone.iter().map(ToString::to_string).collect(),
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.messages {
            0 if self.gone.is_empty() => write!(f, "Nothing is missing there.")?,
            0 => write!(f, "Nobody who is there can send what is missing.")?,
            1 => write!(f, "Asked for a message: it comes once its sender is online.")?,
            more => write!(f, "Asked for {more} messages: they come once their senders are online.")?,
        }
        if self.later > 0 {
            write!(f, "\n{} more are missing: ask again when these are here.", self.later)?;
        }
        for device in &self.gone {
            write!(f, "\n{device} is not in the room any more: what is missing of it cannot be had.")?;
        }
        Ok(())
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() { "(no name)" } else { &self.name };
        let quantum = if self.post_quantum { ", post-quantum" } else { "" };
        writeln!(f, "{}", print::harmless(name))?;
        write!(f, "  {}  ({}, epoch {}{quantum})", self.room, self.state, self.epoch)?;
        if self.announcement {
            write!(f, "\n  only admins write here")?;
        }
        match self.away {
            Some("blocked") => write!(f, "\n  out of the way: you blocked somebody (`trefoil boundaries`)")?,
            Some("strict") => {
                write!(f, "\n  out of the way: you receive contacts only (`trefoil boundaries`)")?
            }
            Some(_) if self.marked.request_by.is_none() => {
                write!(f, "\n  waits with the requests: you restricted them")?
            }
            _ => {}
        }
        if !self.blocked_by.is_empty() {
            write!(f, "\n  nothing is sent here before you decide about {}", self.blocked_by.join(", "))?;
        }
        for person in &self.people {
            let name = person.name.as_deref().map(|name| format!("{}  ", print::harmless(name)));
            let name = name.unwrap_or_default();
            let mark = show::mark(person.standing);
            write!(f, "\n  {name}{}{mark}  {}, devices: {}", person.user, person.role, person.devices)?;
        }
        for Missing { device, messages, while_away } in &self.missing {
            if *messages > 0 {
                write!(f, "\n  missing here: {messages} of what {device} sent")?;
            }
            if *while_away > 0 {
                write!(f, "\n  sent while this device was not listening: up to {while_away} by {device}")?;
            }
        }
        self.marked.fmt(f)
    }
}

impl Room {
    pub(super) fn of(agent: &Agent, room: &RoomView) -> Result<Self, ClientError> {
        let store = Overlay::new(agent.client.store().clone());
        let mut names = Vec::new();
        for participant in &room.participants {
            names.push(conversation::profile(&store, &room.uri, &participant.user)?);
        }
        let me = agent.client.identity().map(|me| me.user);
        let others = room.participants.iter().map(|one| &one.user).filter(|user| Some(*user) != me.as_ref());
        let request = conversation::marks(&store, &room.uri)?.request;
        let away = boundaries::away(&store, &others.collect::<Vec<_>>(), request.as_ref())?;
        let people = room.participants.iter().zip(names).map(|(participant, name)| Person {
            user: participant.user.to_string(),
            name,
            role: match participant.role {
                Role::ADMIN => "admin",
                Role::MEMBER => "member",
                Role::BANNED => "banned",
                _ => "none",
            },
            devices: participant.devices.len(),
            standing: show::standing(participant.standing),
        });
        Ok(Self {
            kind: "room",
            room: room.uri.to_string(),
            name: room.name.clone(),
            state: match room.state {
                RoomState::Creating => "being opened",
                RoomState::Joining => "being joined",
                RoomState::Open => "open",
                RoomState::Leaving => "being left",
                RoomState::Left => "left",
            },
            announcement: room.kind == RoomKind::Announcement,
            epoch: room.epoch,
            post_quantum: room.suite == Some(Suite::Hybrid),
            blocked_by: room.blocked_by.iter().map(ToString::to_string).collect(),
            people: people.collect(),
            away: away.map(|away| match away {
                Away::Requests => "requests",
                Away::Blocked => "blocked",
                Away::Strict => "strict",
            }),
            missing: agent
                .client
                .missing(&room.uri)?
                .into_iter()
                .map(|of| Missing {
                    device: of.device.to_string(),
                    messages: of.missing,
                    while_away: of.excused,
                })
                .collect(),
            marked: Marked::of(agent, &room.uri)?,
        })
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn run(shared: &Shared, ask: Rooms) -> anyhow::Result<()> {
    let mut agent = shared.agent()?;
    match ask.what.unwrap_or(What::List) {
        What::List => {
            for room in agent.client.rooms()? {
                shared.out.record(&Room::of(&agent, &room)?)?;
            }
            Ok(())
        }
        What::Show(ask) => reading::show(shared, agent, &ask).await,
        What::History(ask) => reading::history(shared, agent, &ask),
        What::Read(ask) => reading::read(shared, agent, &ask).await,
        What::Create { name, people, classical, announcement } => {
            let suite = if classical { Suite::Classical } else { Suite::Hybrid };
            let (name, people) = (parse_name(&name)?, parse(&people)?);
            catch_up(&mut agent).await?;
            let uri = agent.act_for(|client, now| match announcement {
                true => client.create_announcement_room(name, &people, suite, now),
                false => client.create_room_with(name, &people, suite, now),
            })?;
            finish(shared, agent, &uri).await
        }
        What::Add(ask) => change(shared, agent, ask, Change::Add).await,
        What::Remove(ask) => change(shared, agent, ask, Change::Remove).await,
        What::Leave(named) => {
            let uri = find_room(&mut agent, &named.room)?.uri;
            catch_up(&mut agent).await?;
            agent.act(|client, now| client.leave(&uri, now))?;
            finish(shared, agent, &uri).await
        }
        What::Admin { named, person, take_away } => {
            let user = person::parse_person(&person)?;
            let uri = find_room(&mut agent, &named.room)?.uri;
            catch_up(&mut agent).await?;
            agent.act(|client, now| match take_away {
                true => client.take_admin(&uri, &user, now),
                false => client.make_admin(&uri, &user, now),
            })?;
            finish(shared, agent, &uri).await
        }
        What::Picture { named, of, which } => {
            picture::of_room(shared, agent, &named.room, &which, of.as_deref()).await
        }
        What::Writers { named, writers } => {
            let kind = match writers {
                Writers::Admins => RoomKind::Announcement,
                Writers::Everybody => RoomKind::Discussion,
            };
            let uri = find_room(&mut agent, &named.room)?.uri;
            catch_up(&mut agent).await?;
            agent.act(|client, now| client.set_room_kind(&uri, kind, now))?;
            finish(shared, agent, &uri).await
        }
        What::Rename { named, name } => {
            let name = parse_name(&name)?;
            let uri = find_room(&mut agent, &named.room)?.uri;
            catch_up(&mut agent).await?;
            agent.act(|client, now| client.rename_room(&uri, name, now))?;
            finish(shared, agent, &uri).await
        }
        What::Accept(named) => marks::accept(shared, agent, &named.room).await,
        What::Mark(ask) => marks::set(shared, agent, &ask),
        What::Timer(ask) => vanishing::timer(shared, agent, &ask).await,
        What::Open(ask) => vanishing::open(shared, agent, &ask).await,
        What::Close(named) => vanishing::close(agent, &named.room),
        What::AskAgain(named) => {
            let uri = find_room(&mut agent, &named.room)?.uri;
            catch_up(&mut agent).await?;
            let asked = agent.act_for(|client, now| client.ask_again(&uri, now))?;
            agent.settle(PATIENCE, |_, _| {}).await?;
            agent.close().await;
            Ok(shared.out.record(&Asked::of(&uri, &asked))?)
        }
        What::Invite { named, people, days } => {
            invitations::make(shared, agent, &named.room, people, days).await
        }
        What::Invitations(named) => invitations::list(shared, agent, &named.room).await,
        What::Uninvite { named, invitations, all } => {
            invitations::take_back(shared, agent, &named.room, &invitations, all).await
        }
        What::Join { room: link } if link.trim_start().starts_with("trefoil-invite-") => {
            catch_up(&mut agent).await?;
            let uri = agent.act_for(|client, now| client.accept_invitation(&link, now))?;
            finish(shared, agent, &uri).await
        }
        What::Join { room } => {
            let uri: RoomUri = room.parse().map_err(|_| {
                UsageError(format!(
                    "{room:?} is neither the link of an invitation, which begins with trefoil-invite-, nor a room's URI: one \
                     looks like mimi://example.org/r/8sUDXnLAQvqWmCJtF2aYTw, and `trefoil rooms` on another device of \
                     yours prints those you are in"
                ))
            })?;
            catch_up(&mut agent).await?;
            agent.act(|client, now| client.join(&uri, now))?;
            finish(shared, agent, &uri).await
        }
    }
}

enum Change {
    Add,
    Remove,
}

async fn change(shared: &Shared, mut agent: Agent, ask: People, change: Change) -> anyhow::Result<()> {
    let people = parse(&ask.people)?;
    let uri = find_room(&mut agent, &ask.named.room)?.uri;
    catch_up(&mut agent).await?;
    if let Some(room) = agent.client.room(&uri)? {
        let is_in = |user: &UserUri| room.participants.iter().any(|person| person.user == *user);
        for user in &people {
            match change {
                Change::Remove if !is_in(user) => {
                    return Err(NotFoundError(format!("{user} is not in the room")).into());
                }
                Change::Add if is_in(user) => {
                    shared.out.say(format_args!("{user} is in the room already"))?
                }
                Change::Add | Change::Remove => {}
            }
        }
    }
    agent.act(|client, now| match change {
        Change::Add => client.add_people(&uri, &people, now),
        Change::Remove => client.remove_people(&uri, &people, now),
    })?;
    finish(shared, agent, &uri).await
}

/// A change of a room is made on top of everything that happened there: what waits is taken in first.
pub(super) async fn catch_up(agent: &mut Agent) -> anyhow::Result<()> {
    agent.go_online()?;
    agent.settle(PATIENCE, |_, _| {}).await?;
    Ok(())
}

/// Waits until the change is through, and prints the room as it is then; a refusal becomes the error.
pub(super) async fn finish(shared: &Shared, mut agent: Agent, uri: &RoomUri) -> anyhow::Result<()> {
    let mut refused = None;
    agent
        .settle(PATIENCE, |_, event| {
            if let Some(error) = show::refusal(&event) {
                refused = Some(error);
            }
        })
        .await?;
    let room = agent.client.room(uri)?.map(|room| Room::of(&agent, &room)).transpose()?;
    agent.close().await;
    // What the room is now is told in any case: a part of what was asked for may have been done.
    if let Some(room) = room {
        shared.out.record(&room)?;
    }
    refused.map_or(Ok(()), |error| Err(error.into()))
}

/// A room's name as it was typed, unless it says nothing.
pub(super) fn parse_name(raw: &str) -> Result<&str, UsageError> {
    if raw.trim().is_empty() {
        return Err(UsageError(
            "a room's name cannot be empty: give one that its people will know it by".to_owned(),
        ));
    }
    Ok(raw)
}

pub(super) fn parse(people: &[String]) -> Result<Vec<UserUri>, UsageError> {
    people.iter().map(|raw| person::parse_person(raw)).collect()
}
