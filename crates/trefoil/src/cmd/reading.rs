//! `trefoil rooms show`, `history`, `read`: parts of a room's timeline, the versions of a message, and up to where a room was
//! read.

use super::{
    Shared, find_room,
    rooms::{Room, catch_up},
    save::Saving,
    send::parse,
};
use crate::{
    agent::Agent,
    clock,
    exit::{NotFoundError, UsageError},
    person::PATIENCE,
    print::harmless,
    show,
};
use clap::Args;
use serde::Serialize;
use std::{fmt, path::PathBuf};
use trefoil_client::{
    ClientError,
    boundaries::Suspicion,
    conversation::{self, Cursor, Position, ReadReceipts},
    overlay::Overlay,
};
use trefoil_proto::{RoomUri, Timestamp};

/// Which lines of a room.
#[derive(Debug, Args)]
pub struct Show {
    /// The room: its URI, its whole name, or the beginning of its id
    room: String,
    /// How many messages at most, counted from the newest unless others are asked for
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// Those that end before this position, as --json and the end of another listing give it
    #[arg(long, value_name = "POSITION")]
    before: Option<String>,
    /// Those that begin after this position
    #[arg(long, value_name = "POSITION", conflicts_with = "before")]
    after: Option<String>,
    /// Those on both sides of this message
    #[arg(long, value_name = "MESSAGE", conflicts_with_all = ["before", "after"])]
    around: Option<String>,
    /// Print also what people said whom you blocked, and what has a word that you hid
    #[arg(long)]
    unfold: bool,
    /// Save their attachments into this folder; what is there already is not fetched again
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
}

/// The versions of a message.
#[derive(Debug, Args)]
pub struct History {
    /// The room: its URI, its whole name, or the beginning of its id
    room: String,
    /// The message
    message: String,
}

/// Up to where a room was read.
#[derive(Debug, Args)]
pub struct Read {
    /// The room: its URI, its whole name, or the beginning of its id
    room: String,
    /// Up to this position, and no further
    #[arg(long, value_name = "POSITION")]
    through: Option<String>,
    /// Do not tell the senders
    #[arg(long)]
    no_read_receipts: bool,
}

/// Where a listing goes on.
#[derive(Serialize)]
struct More {
    kind: &'static str,
    /// There are older lines before this position.
    before: Option<String>,
    /// There are newer ones after this one.
    after: Option<String>,
}

impl fmt::Display for More {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let older = self.before.as_ref().map(|at| format!("There are older ones: add --before {at}"));
        let newer = self.after.as_ref().map(|at| format!("There are newer ones: add --after {at}"));
        f.write_str(&[older, newer].into_iter().flatten().collect::<Vec<_>>().join("\n"))
    }
}

#[derive(Serialize)]
struct Version {
    kind: &'static str,
    room: String,
    /// The id of its first version.
    message: String,
    /// When the hub accepted it, in milliseconds since the UNIX epoch.
    accepted: Option<u64>,
    text: String,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.accepted {
            Some(time) => f.write_str(&clock::readable(Timestamp(time)))?,
            None => f.write_str("not yet accepted")?,
        }
        for line in self.text.lines() {
            write!(f, "\n    {}", harmless(line))?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Done {
    kind: &'static str,
    room: String,
    /// Up to where.
    through: Option<String>,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.through.is_some() { "read" } else { "there is nothing to read" })
    }
}

/// What to know of somebody who has just come to the person.
#[derive(Serialize)]
struct FirstContact {
    kind: &'static str,
    room: String,
    user: String,
    /// The month in which their account began.
    since: Option<String>,
    /// It began in this month or the last one.
    is_new: bool,
    /// Other rooms that both are in.
    shared_rooms: usize,
    /// Somebody else whose name looks the same.
    namesake: Option<String>,
    /// What they may be up to: `code`, `money`.
    hint: Option<&'static str>,
}

impl fmt::Display for FirstContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shared_rooms {
            0 => write!(f, "  new to you: you share no other room with {}", self.user)?,
            rooms => write!(f, "  new here: you share {rooms} other rooms with {}", self.user)?,
        }
        match &self.since {
            Some(month) if self.is_new => {
                write!(f, "\n  a new account, and so a new name or number: it began in {month}")?;
            }
            Some(month) => write!(f, "\n  their account began in {month}")?,
            None => {}
        }
        if let Some(other) = &self.namesake {
            write!(f, "\n  their name looks like that of {other}, who is somebody else")?;
        }
        match self.hint {
            Some("code") => write!(
                f,
                "\n  ⚠ they ask for a code: nobody who means well needs one that was sent to you \
                 (`trefoil rooms mark --hint-seen`)"
            ),
            Some(_) => write!(
                f,
                "\n  ⚠ they speak of money, as swindlers do: ask somebody you know by another way first \
                 (`trefoil rooms mark --hint-seen`)"
            ),
            None => Ok(()),
        }
    }
}

impl FirstContact {
    fn of(agent: &mut Agent, room: &RoomUri) -> Result<Option<Self>, ClientError> {
        let first = agent.client.first_contact(room)?;
        Ok(first.map(|first| Self {
            kind: "first-contact",
            room: room.to_string(),
            user: first.person.to_string(),
            since: first.since.map(|month| month.to_string()),
            is_new: first.is_new(clock::now()),
            shared_rooms: first.shared_rooms,
            namesake: first.namesake.map(|(user, _)| user.to_string()),
            hint: first.suspicion.map(|suspicion| match suspicion {
                Suspicion::Code => "code",
                Suspicion::Money => "money",
            }),
        }))
    }
}

/// Prints a room and lines of it.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn show(shared: &Shared, mut agent: Agent, ask: &Show) -> anyhow::Result<()> {
    let (before, after) = (position(ask.before.as_deref())?, position(ask.after.as_deref())?);
    let around = ask.around.as_deref().map(parse).transpose()?;
    let room = find_room(&mut agent, &ask.room)?;
    let mut saving = ask.save.as_deref().map(Saving::into).transpose()?;
    if saving.is_some() {
        catch_up(&mut agent).await?;
    }
    let store = Overlay::new(agent.client.store().clone());
    let page = match around {
        Some(id) => conversation::timeline_around(&store, &room.uri, id, ask.limit)?.ok_or_else(|| {
            NotFoundError("that message is not on this device, or not in this room".to_owned())
        })?,
        None => {
            let older = before.map_or(Cursor::Newest, Cursor::Before);
            let cursor = after.map_or(older, Cursor::After);
            conversation::timeline_page(&store, &room.uri, cursor, ask.limit)?
        }
    };
    drop(store);
    let ends = page.items.first().zip(page.items.last());
    let ends = ends.map(|(first, last)| (first.position().to_string(), last.position().to_string()));
    shared.out.record(&Room::of(&agent, &room)?)?;
    if let Some(first) = FirstContact::of(&mut agent, &room.uri)? {
        shared.out.record(&first)?;
    }
    for mut line in show::lines(&agent, &room.uri, page.items)? {
        if ask.unfold {
            line.unfold();
        }
        if let Some(saving) = &mut saving {
            saving.save(&agent, &mut line).await;
        }
        shared.out.record(&line)?;
    }
    if let Some((first, last)) = ends.filter(|_| page.more_before || page.more_after) {
        shared.out.record(&More {
            kind: "more",
            before: page.more_before.then_some(first),
            after: page.more_after.then_some(last),
        })?;
    }
    saving.as_mut().map_or(Ok(()), Saving::outcome)
}

/// Prints every version of a message, oldest first.
///
/// # Errors
/// Whatever failed, as a sentence.
pub fn history(shared: &Shared, mut agent: Agent, ask: &History) -> anyhow::Result<()> {
    let id = parse(&ask.message)?;
    let room = find_room(&mut agent, &ask.room)?.uri;
    let store = Overlay::new(agent.client.store().clone());
    let message = conversation::message(&store, &room, id)?.ok_or_else(|| {
        NotFoundError(format!("{} is not on this device, or not in this room", ask.message))
    })?;
    for version in conversation::history(&store, &room, id)? {
        shared.out.record(&Version {
            kind: "version",
            room: room.to_string(),
            message: message.id.to_string(),
            accepted: version.accepted.map(|time| time.0),
            text: version.body.text.as_deref().map(conversation::plain).unwrap_or_default(),
        })?;
    }
    Ok(())
}

/// Marks a room as read. The senders hear of it, unless the person chose otherwise.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn read(shared: &Shared, mut agent: Agent, ask: &Read) -> anyhow::Result<()> {
    let through = position(ask.through.as_deref())?;
    let receipts = shared.receipts(ask.no_read_receipts)?;
    let room = find_room(&mut agent, &ask.room)?.uri;
    catch_up(&mut agent).await?;
    let store = Overlay::new(agent.client.store().clone());
    let newest = conversation::timeline(&store, &room, Cursor::Newest, 1)?.pop();
    drop(store);
    let through = through.or(newest.map(|line| line.position()));
    if let Some(through) = through {
        agent.act(|client, now| client.mark_read(&room, through, receipts, now))?;
        agent.settle(PATIENCE, |_, _| {}).await?;
    }
    agent.close().await;
    let through = through.map(|through| through.to_string());
    Ok(shared.out.record(&Done { kind: "read", room: room.to_string(), through })?)
}

impl Shared {
    /// Whether the senders hear of what is read: as the person chose for this device, unless it is not to be said now.
    ///
    /// # Errors
    /// What was chosen cannot be read.
    pub(super) fn receipts(&self, withhold: bool) -> anyhow::Result<ReadReceipts> {
        if withhold {
            return Ok(ReadReceipts::Withhold);
        }
        Ok(crate::settings::Settings::read(self.home()?.person())?.receipts())
    }
}

fn position(named: Option<&str>) -> Result<Option<Position>, UsageError> {
    let parse = |named: &str| {
        named.parse().map_err(|_| {
            UsageError(format!("{named} is no position: `trefoil --json rooms show ROOM` prints them"))
        })
    };
    named.map(parse).transpose()
}
