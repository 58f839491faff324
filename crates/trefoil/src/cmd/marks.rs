//! `trefoil rooms mark`, `accept`: what a person sets for a room on this device, and taking up one into which a stranger
//! brought them.

use super::{Shared, find_room, rooms::catch_up};
use crate::{agent::Agent, clock, exit::UsageError, person::PATIENCE, print::harmless, timer::parse_timer};
use clap::Args;
use serde::Serialize;
use std::fmt;
use trefoil_client::{
    ClientError,
    conversation::{self, FOR_EVER, Mark, Marks},
    overlay::Overlay,
};
use trefoil_proto::RoomUri;

/// What to set; nothing that is left away changes.
#[derive(Debug, Args)]
pub struct Set {
    /// The room: its URI, its whole name, or the beginning of its id
    room: String,
    /// Let it stand above the others
    #[arg(long, conflicts_with = "unpin")]
    pin: bool,
    /// Let it stand among the others again
    #[arg(long)]
    unpin: bool,
    /// Put it away
    #[arg(long, conflicts_with = "unarchive")]
    archive: bool,
    /// Bring it back
    #[arg(long)]
    unarchive: bool,
    /// Let nothing of it make a noise for so long (30m, 8h, 7d), or `forever`
    #[arg(long, value_name = "TIME", conflicts_with = "unmute")]
    mute: Option<String>,
    /// Let it make a noise again
    #[arg(long)]
    unmute: bool,
    /// Keep this text for later; an empty one keeps nothing
    #[arg(long, value_name = "TEXT")]
    draft: Option<String>,
    /// Do not warn any more of what a stranger there may be up to
    #[arg(long)]
    hint_seen: bool,
}

/// The marks of a room as they are printed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Marked {
    /// It stands above the others.
    pub pinned: bool,
    /// It is put away.
    pub archived: bool,
    /// Nothing of it makes a noise until then, in milliseconds since the UNIX epoch.
    pub muted_until: Option<u64>,
    /// What was written and not sent.
    pub draft: Option<String>,
    /// The stranger who brought this person in, while they have not taken the room up.
    pub request_by: Option<String>,
}

#[derive(Serialize)]
struct Record {
    kind: &'static str,
    room: String,
    #[serde(flatten)]
    marked: Marked,
}

impl Marked {
    /// Of a room.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn of(agent: &Agent, room: &RoomUri) -> Result<Self, ClientError> {
        let store = Overlay::new(agent.client.store().clone());
        let Marks { pinned, archived, muted_until, draft, request, hint_seen: _ } =
            conversation::marks(&store, room)?;
        Ok(Self {
            pinned,
            archived,
            muted_until: muted_until.map(|until| until.0),
            draft: Some(draft).filter(|draft| !draft.is_empty()),
            request_by: request.map(|by| by.to_string()),
        })
    }
}

impl fmt::Display for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(by) = &self.request_by {
            write!(
                f,
                "\n  a request of {by}: they do not hear that you read before you write here, or `trefoil rooms accept`"
            )?;
        }
        if self.pinned {
            write!(f, "\n  pinned")?;
        }
        if self.archived {
            write!(f, "\n  archived")?;
        }
        match self.muted_until {
            Some(until) if until == FOR_EVER.0 => write!(f, "\n  muted")?,
            Some(until) if until > clock::now().0 => {
                write!(f, "\n  muted until {} UTC", clock::readable(trefoil_proto::Timestamp(until)))?;
            }
            _ => {}
        }
        if let Some(draft) = &self.draft {
            let begun: String = draft.chars().take(60).collect();
            write!(f, "\n  draft: {}", harmless(&begun.replace('\n', " ")))?;
        }
        Ok(())
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.room, self.marked)
    }
}

/// Sets marks. Nothing is sent.
///
/// # Errors
/// Whatever failed, as a sentence.
pub fn set(shared: &Shared, mut agent: Agent, ask: &Set) -> anyhow::Result<()> {
    let room = find_room(&mut agent, &ask.room)?.uri;
    let mut marks = Vec::new();
    for (yes, no, mark) in [
        (ask.pin, ask.unpin, Mark::Pinned as fn(bool) -> Mark),
        (ask.archive, ask.unarchive, Mark::Archived as fn(bool) -> Mark),
    ] {
        if yes || no {
            marks.push(mark(yes));
        }
    }
    match ask.mute.as_deref() {
        Some("forever") => marks.push(Mark::MutedUntil(Some(FOR_EVER))),
        Some(time) => {
            let seconds = u64::from(parse_timer(time)?);
            marks.push(Mark::MutedUntil(Some(clock::now().plus_millis(seconds * 1000))));
        }
        None if ask.unmute => marks.push(Mark::MutedUntil(None)),
        None => {}
    }
    marks.extend(ask.draft.clone().map(Mark::Draft));
    marks.extend(ask.hint_seen.then_some(Mark::HintSeen));
    if marks.is_empty() {
        return Err(UsageError("say what to set: see `trefoil rooms mark --help`".to_owned()).into());
    }
    agent.act(|client, now| client.mark_room(&room, &marks, now))?;
    print(shared, &agent, &room)
}

/// Takes up a room.
///
/// # Errors
/// Whatever failed, as a sentence.
pub async fn accept(shared: &Shared, mut agent: Agent, room: &str) -> anyhow::Result<()> {
    let room = find_room(&mut agent, room)?.uri;
    catch_up(&mut agent).await?;
    agent.act(|client, now| client.mark_room(&room, &[Mark::Accepted], now))?;
    agent.settle(PATIENCE, |_, _| {}).await?;
    print(shared, &agent, &room)?;
    agent.close().await;
    Ok(())
}

fn print(shared: &Shared, agent: &Agent, room: &RoomUri) -> anyhow::Result<()> {
    let record = Record { kind: "marks", room: room.to_string(), marked: Marked::of(agent, room)? };
    Ok(shared.out.record(&record)?)
}
